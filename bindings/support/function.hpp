// Described functions: one row says what a function of the `ms` tree is called, takes, gives and does. From
// it come the argument checks, calls with named arguments, help, completion and the types for editors.
//
// How to write a binding, in bindings/<folder>.cpp:
//
//   void open_losses(Module& ms) {
//     ms.add({.name = "ms.nn.cross_entropy",  // lands in ms.nn; "ms.Tensor:sum" is a method
//             .documentation = "Computes the cross entropy of logits and labels.\n\nDetails follow.",
//             .parameters = {{"logits", "ms.Tensor", "[batch, classes]."},
//                            {"labels", "ms.Tensor|integer[]", "Classes, counted from 1."}},
//             .options = {{"reduce", "\"mean\"|\"sum\"", "Over the batch.", "\"mean\""}},
//             .returns = "ms.Tensor: a scalar",
//             .example = "print(ms.nn.cross_entropy(ms.zeros { 2, 3 }, { 1, 2 }))",
//             .body = [](lua_State* L, Args& a) {
//               auto& logits = a.object<Value>("logits");
//               const bool mean = a.choice("reduce") == 0;
//               return push(L, nn::cross_entropy(logits, ...));
//             }});
//   }
//
// and list open_losses in bindings/host/modules.cpp. Scripts may then write any of
//
//   ms.nn.cross_entropy(z, y)
//   ms.nn.cross_entropy(z, y, { reduce = "sum" })
//   ms.nn.cross_entropy { logits = z, labels = y }
//
// and every wrong call is refused before the body runs, at the script's line, by name. Rules:
//
// - A name ending in '?' may be left out; the body asks a.given("name"). With a default (Lua text, the fourth
//   field) it may be left out too, and the body reads the default. All others are required.
// - A last parameter named "..." takes any number of values: a.extra_count(), a.extra_slot(i).
// - A method's own object is a.self<T>(). Metamethods are rows as well, all operands being parameters:
//   "ms.Tensor:__add".
// - The body throws moonstill::Error (or any std::exception) and never calls lua_error or luaL_check*. It
//   has no catch (...), which would swallow Lua's own errors.
// - Objects: object.hpp. Lua functions as arguments: callback.hpp. Nested tables of tensors: tree.hpp.
#pragma once

#include <functional>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/support/type.hpp"

namespace moonstill::lua {

class Args;

struct Param {
  std::string_view name;  // "keep?" may be left out
  std::string_view type;  // LuaCATS, see type.hpp
  std::string_view doc;
  std::string_view fallback = {};  // the default, as Lua text
};

struct FunctionRow {
  std::string name;
  std::string documentation;  // a first sentence, then (after an empty line) details
  std::vector<Param> parameters = {};
  std::vector<Param> options = {};  // keys of a closed table after the parameters
  std::string returns = {};         // "ms.Tensor: what it holds"
  std::string example = {};         // Lua that runs with `ms` at hand
  std::string source = {};          // "bindings/tensor.cpp:12", filled in by Module::add
  std::function<int(lua_State*, Args&)> body;
};

/// A row, its types parsed, as the registry keeps it.
class DescribedFunction {
 public:
  explicit DescribedFunction(FunctionRow row);

  struct Slot {
    std::string name;
    Type type;
    bool required;
    bool has_default;
  };

  [[nodiscard]] const FunctionRow& row() const { return row_; }
  /// Parameters, then options. A "..." is not among them.
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] std::size_t parameter_count() const { return parameter_count_; }
  [[nodiscard]] bool has_options() const { return slots_.size() > parameter_count_; }
  [[nodiscard]] const Type* extra() const { return extra_.empty() ? nullptr : &extra_.front(); }

  /// "ms.Tensor" of "ms.Tensor:sum", else "".
  [[nodiscard]] std::string_view class_name() const { return class_name_; }
  /// Whether the value is an object of that class.
  [[nodiscard]] bool is_own_object(lua_State* L, int index) const {
    return class_type_.front().accepts(L, index);
  }
  /// "sum"
  [[nodiscard]] std::string_view short_name() const { return short_name_; }
  [[nodiscard]] bool is_metamethod() const { return !class_name_.empty() && short_name_.starts_with("__"); }
  [[nodiscard]] bool is_method() const { return !class_name_.empty() && !is_metamethod(); }
  /// The name for messages: a metamethod is called by its operator.
  [[nodiscard]] const std::string& display_name() const { return display_name_; }

  /// Pushes the function as a Lua closure.
  void push(lua_State* L) const;

 private:
  FunctionRow row_;
  std::vector<Slot> slots_;
  std::vector<Type> extra_;
  std::size_t parameter_count_ = 0;
  std::string_view class_name_, short_name_;
  std::vector<Type> class_type_;
  std::string display_name_;
};

/// The described function that the value at `index` is, or nullptr.
[[nodiscard]] const DescribedFunction* described(lua_State* L, int index);

}  // namespace moonstill::lua
