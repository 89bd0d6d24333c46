// Transforms of Lua functions: grad, value_and_grad, vjp, jvp, hvp, checkpoint, and the gradient check.
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <string>

#include "bindings/host/modules.hpp"
#include "bindings/support/call_profile.hpp"
#include "bindings/support/callback.hpp"
#include "bindings/support/tree.hpp"
#include "bindings/tensor.hpp"
#include "engine/autograd/gradcheck.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/core/error.hpp"
#include "engine/quantum/expectation.hpp"

namespace moonstill::lua {
namespace {

// A table of tensors taken apart, and its leaves.
struct Leaves {
  Tree tree;
  Values values;
};

Leaves read_leaves(lua_State* L, int index) {
  Leaves out;
  out.tree = Tree::read(L, index, [&](lua_State* at, int i) {
    const Value* value = find_object<Value>(at, i);
    if (value != nullptr) out.values.push_back(*value);
    return value != nullptr;
  });
  return out;
}

// An argument may also be a number that stands alone, differentiated in f64; numbers inside tables are
// settings.
Leaves read_argument(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER) return read_leaves(L, index);
  return {Tree::read(L, index, [](lua_State*, int) { return true; }),
          {Tensor::scalar(lua_tonumber(L, index), DType::f64)}};
}

void push_leaves(lua_State* L, const Tree& tree, std::span<const Value> values, Tree::Constants constants) {
  tree.push(
      L, [&](std::size_t i) { push(L, values[i]); }, constants);
}

// The arguments of one call of a transformed function: some are differentiated, the others passed on.
class Arguments {
 public:
  // `wrt` counts from 0; `name` is the transform's, for errors.
  Arguments(lua_State* L, std::string_view name, int first, int count, const std::vector<std::size_t>& wrt)
      : name_(name), wrt_(wrt) {
    for (int i = 0; i < count; ++i) all_.emplace_back(L, first + i);
    for (const std::size_t place : wrt) {
      if (place >= all_.size())
        fail(ErrorKind::argument, "{}: argument {} is to be differentiated, got {} argument{}", name,
             place + 1, count, count == 1 ? "" : "s");
      Leaves leaves = read_argument(L, first + static_cast<int>(place));
      if (leaves.values.empty()) {
        fail(ErrorKind::argument, "{}: argument {}: expected a tensor or a table of tensors, got {}", name,
             place + 1, describe(L, first + static_cast<int>(place)));
      }
      trees_.push_back(std::move(leaves.tree));
      values_.insert(values_.end(), leaves.values.begin(), leaves.values.end());
    }
  }

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const Values& values() const { return values_; }

  // Pushes all arguments, the differentiated ones around other leaves.
  int push_all(lua_State* L, std::span<const Value> leaves) const {
    luaL_checkstack(L, static_cast<int>(all_.size()) + 8, nullptr);
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const std::size_t which = position(i);
      if (which == trees_.size())
        all_[i].push(L);
      else
        push_leaves(L, trees_[which], part(leaves, which), Tree::Constants::keep);
    }
    return static_cast<int>(all_.size());
  }

  // Pushes one value: the gradient in the shape of the argument, or a list of them when `as_list`.
  void push_gradients(lua_State* L, std::span<const Value> leaves, bool as_list) const {
    if (!as_list) return push_leaves(L, trees_.front(), leaves, Tree::Constants::drop);
    lua_createtable(L, static_cast<int>(trees_.size()), 0);
    for (std::size_t which = 0; which < trees_.size(); ++which) {
      push_leaves(L, trees_[which], part(leaves, which), Tree::Constants::drop);
      lua_rawseti(L, -2, static_cast<lua_Integer>(which) + 1);
    }
  }

 private:
  [[nodiscard]] std::size_t position(std::size_t argument) const {
    std::size_t which = 0;
    while (which < wrt_.size() && wrt_[which] != argument) ++which;
    return which;
  }

  [[nodiscard]] std::span<const Value> part(std::span<const Value> leaves, std::size_t which) const {
    std::size_t begin = 0;
    for (std::size_t k = 0; k < which; ++k) begin += trees_[k].leaf_count();
    return leaves.subspan(begin, trees_[which].leaf_count());
  }

  std::string_view name_;
  std::vector<std::size_t> wrt_;
  std::vector<Reference> all_;
  std::vector<Tree> trees_;
  Values values_;
};

// Calls the Lua function and takes its results apart. `results` keeps what the last call gave.
struct Results {
  std::vector<Tree> trees;
  std::vector<Reference> rest;  // with first_only: results after the first
};

template <class AnyFunction>
Values call_function(const AnyFunction& f, const Arguments& arguments, std::span<const Value> leaves,
                     bool first_only, Results& results) {
  lua_State* L = f.begin();
  const int base = lua_gettop(L) - 1;
  Callback::call(L, arguments.push_all(L, leaves), LUA_MULTRET);
  const int top = lua_gettop(L);
  results = {};
  Values out;
  for (int i = base + 1; i <= top; ++i) {
    if (first_only && i > base + 1) {
      results.rest.emplace_back(L, i);
      continue;
    }
    Leaves leaves_out = read_leaves(L, i);
    if (leaves_out.values.empty())
      fail(ErrorKind::argument, "{}: the function's result {}: expected a tensor, got {}", arguments.name(),
           i - base, describe(L, i));
    out.insert(out.end(), leaves_out.values.begin(), leaves_out.values.end());
    results.trees.push_back(std::move(leaves_out.tree));
  }
  lua_settop(L, base);
  return out;
}

int push_results(lua_State* L, const Results& results, std::span<const Value> values) {
  luaL_checkstack(L, static_cast<int>(results.trees.size()) + 8, nullptr);
  for (const Tree& tree : results.trees) {
    push_leaves(L, tree, values.first(tree.leaf_count()), Tree::Constants::keep);
    values = values.subspan(tree.leaf_count());
  }
  return static_cast<int>(results.trees.size());
}

// The function that a transform is of, for as long as the transformed function runs, whose second upvalue it
// is: there Lua's collector sees what holds what.
struct TransformedFunction {
  lua_State* L;
  [[nodiscard]] lua_State* begin() const {
    luaL_checkstack(L, LUA_MINSTACK, "too many nested calls");
    lua_pushvalue(L, lua_upvalueindex(2));
    return L;
  }
};

// What a transformed function remembers as its first upvalue.
struct Transform {
  std::string_view name;
  std::vector<std::size_t> wrt;
  bool wrt_list = false;

  [[nodiscard]] Arguments arguments(lua_State* L, int first = 1) const {
    return {L, name, first, lua_gettop(L) - first + 1, wrt};
  }
};

// The pullback of one call, as a Lua function keeps it.
struct LuaPullback {
  Pullback pullback;
  Arguments arguments;
  std::vector<Tree> outputs;
  bool as_list;
};
using PullbackHandle = std::shared_ptr<const LuaPullback>;

}  // namespace

template <>
struct ObjectTraits<Transform> {
  static constexpr const char* name = "ms.Transform";
  static constexpr const char* documentation = "What a transformed function remembers.";
};
template <>
struct ObjectTraits<PullbackHandle> {
  static constexpr const char* name = "ms.Pullback";
  static constexpr const char* documentation = "What a pullback remembers.";
};

namespace {

using Body = int (*)(lua_State*, const Transform&);

// What a transformed function keeps as its upvalue. The collector may close it before the function, at the
// end of the program.
template <class T>
T remembered(lua_State* L) {
  const T* object = find_object<T>(L, lua_upvalueindex(1));
  if (object == nullptr) fail(ErrorKind::state, "the transformed function was closed");
  return *object;
}

int call_grad(lua_State* L, const Transform& t) {
  const Arguments arguments = t.arguments(L);
  Results results;
  const Function f = [&](std::span<const Value> x) {
    return call_function(TransformedFunction{L}, arguments, x, true, results);
  };
  arguments.push_gradients(L, value_and_grad(f, arguments.values()).gradient, t.wrt_list);
  return 1;
}

int call_value_and_grad(lua_State* L, const Transform& t) {
  const Arguments arguments = t.arguments(L);
  Results results;
  const Function f = [&](std::span<const Value> x) {
    return call_function(TransformedFunction{L}, arguments, x, true, results);
  };
  const GradResult result = value_and_grad(f, arguments.values());
  push(L, result.value);
  arguments.push_gradients(L, result.gradient, t.wrt_list);
  luaL_checkstack(L, static_cast<int>(results.rest.size()) + 8, nullptr);
  for (const Reference& more : results.rest) more.push(L);
  return 2 + static_cast<int>(results.rest.size());
}

int call_pullback(lua_State* L) {
  const PullbackHandle p = remembered<PullbackHandle>(L);
  const CallSpan span(L, "pullback");
  if (lua_gettop(L) != static_cast<int>(p->outputs.size())) {
    fail(ErrorKind::argument, "pullback: expected {} cotangents, got {}", p->outputs.size(), lua_gettop(L));
  }
  Values cotangents;
  for (std::size_t i = 0; i < p->outputs.size(); ++i) {
    const Leaves leaves = read_argument(L, static_cast<int>(i) + 1);
    if (leaves.tree.paths() != p->outputs[i].paths())
      fail(ErrorKind::argument, "pullback: cotangent {} is not built like its output", i + 1);
    cotangents.insert(cotangents.end(), leaves.values.begin(), leaves.values.end());
  }
  p->arguments.push_gradients(L, p->pullback(cotangents), p->as_list);
  return 1;
}

int call_vjp(lua_State* L, const Transform& t) {
  Arguments arguments = t.arguments(L);
  Results results;
  const Function f = [&](std::span<const Value> x) {
    return call_function(TransformedFunction{L}, arguments, x, false, results);
  };
  VjpResult result = vjp(f, arguments.values());
  const int count = push_results(L, results, result.outputs);
  push(L, PullbackHandle(std::make_shared<LuaPullback>(std::move(result.pullback), std::move(arguments),
                                                       results.trees, t.wrt_list)));
  lua_pushcclosure(L, guard<call_pullback>, 1);
  return count + 1;
}

// The direction, given after the first argument and built like it.
Values take_direction(lua_State* L, const char* name) {
  const Leaves x = read_argument(L, 1);
  const Leaves direction = read_argument(L, 2);
  if (direction.tree.paths() != x.tree.paths()) {
    fail(ErrorKind::argument, "{}: the direction (argument 2) is not built like the point (argument 1)",
         name);
  }
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    if (direction.values[i].shape() != x.values[i].shape()) {
      fail(ErrorKind::shape, "{}: the direction has shape {}, the point {}", name,
           direction.values[i].shape().text(), x.values[i].shape().text());
    }
  }
  lua_remove(L, 2);
  return direction.values;
}

int call_jvp(lua_State* L, const Transform& t) {
  const Values direction = take_direction(L, "ms.jvp");
  const Arguments arguments = t.arguments(L);
  Results results;
  const Function f = [&](std::span<const Value> x) {
    return call_function(TransformedFunction{L}, arguments, x, false, results);
  };
  const JvpResult result = jvp(f, arguments.values(), direction);
  return push_results(L, results, result.outputs) + push_results(L, results, result.tangents);
}

int call_hvp(lua_State* L, const Transform& t) {
  const Values direction = take_direction(L, "ms.hvp");
  const Arguments arguments = t.arguments(L);
  Results results;
  const Function f = [&](std::span<const Value> x) {
    return call_function(TransformedFunction{L}, arguments, x, true, results);
  };
  arguments.push_gradients(L, hvp(f, arguments.values(), direction), false);
  return 1;
}

// "f (script.lua:12)": the function and the line where it begins.
std::string function_name(lua_State* L, const Callback& f) {
  f.push(L);
  lua_Debug info;
  lua_getinfo(L, ">S", &info);
  if (info.linedefined < 0) return "f";
  const char* place = *info.source == '@' ? info.source + 1 : info.short_src;
  return fmt::format("f ({}:{})", place, info.linedefined);
}

int call_checkpoint(lua_State* L, const Transform& t) {
  // Tensors among the arguments keep their boxes, so that the engine sees them as captured.
  const auto arguments = std::make_shared<const Arguments>(t.arguments(L));
  const auto results = std::make_shared<Results>();
  const Callback f(L, lua_upvalueindex(2));
  const Function run = [f, arguments, results](std::span<const Value>) {
    return call_function(f, *arguments, {}, false, *results);
  };
  return push_results(L, *results, checkpoint(run, function_name(L, f))({}));
}

template <Body body>
int call_transform(lua_State* L) {
  const Transform t = remembered<Transform>(L);
  const CallSpan span(L, t.name);
  return body(L, t);
}

template <Body body>
int make_transform(lua_State* L, Args& a) {
  Transform t{a.function().display_name(), {0}};
  if constexpr (body == call_grad || body == call_value_and_grad || body == call_vjp) {
    t.wrt.clear();
    for (const std::int64_t place : a.integers("wrt")) {
      if (place < 1) a.fail("wrt", "arguments count from 1, got {}", place);
      if (std::ranges::find(t.wrt, static_cast<std::size_t>(place - 1)) != t.wrt.end()) {
        a.fail("wrt", "argument {} is listed twice", place);
      }
      t.wrt.push_back(static_cast<std::size_t>(place - 1));
    }
    t.wrt_list = lua_istable(L, a.slot("wrt"));
  }
  if constexpr (body == call_checkpoint) t.wrt.clear();
  push(L, std::move(t));
  lua_pushvalue(L, a.slot("f"));
  lua_pushcclosure(L, guard<call_transform<body>>, 2);
  return 1;
}

const Param function_param{"f", "function", "Takes tensors, or tables of tensors, and gives tensors."};
const Param wrt_option{"wrt", "integer|integer[]",
                       "Which arguments to differentiate; with a list, gradients come as a list.", "1"};

int gradcheck_body(lua_State* L, Args& a) {
  const Callback f(L, a.slot("f"));
  GradcheckOptions options;
  options.order = static_cast<int>(a.size("order", 1));
  options.step = a.number("step");
  options.tolerance = a.number("tolerance");
  options.seed = static_cast<std::uint64_t>(a.integer("seed"));
  const Arguments arguments(L, a.function().display_name(), a.slot("x"), 1, {0});
  Results results;
  const Function run = [&](std::span<const Value> x) {
    return call_function(f, arguments, x, false, results);
  };
  return push(L, gradcheck(run, arguments.values(), options));
}

// { primitive =, error = } or { primitive =, problem = }
void push_check(lua_State* L, const Primitive& primitive, const GradcheckOptions& options) {
  lua_createtable(L, 0, 2);
  push(L, primitive.name);
  lua_setfield(L, -2, "primitive");
  try {
    push(L, gradcheck(primitive, options));
    lua_setfield(L, -2, "error");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    push(L, error.what());
    lua_setfield(L, -2, "problem");
  }
}

int gradcheck_all_body(lua_State* L, Args& a) {
  GradcheckOptions options;
  options.order = static_cast<int>(a.size("order", 1));
  lua_newtable(L);
  lua_Integer count = 0;
  for (const auto rows : {primitives(), quantum::primitives()}) {
    for (const Primitive* primitive : rows) {
      push_check(L, *primitive, options);
      lua_rawseti(L, -2, ++count);
    }
  }
  return 1;
}

}  // namespace

void open_autograd(Module& ms) {
  ms.add_class<Transform>();
  ms.add_class<PullbackHandle>();
  ms.add({.name = "ms.grad",
          .documentation = "Gives the function that computes the gradient of f, whose first result must be "
                           "one number.\n\nGradients have the shape of the "
                           "argument: a tensor for a tensor, a table for a table of tensors. Nests: the "
                           "gradient of a gradient is exact.",
          .parameters = {function_param},
          .options = {wrt_option},
          .returns = "function: f's arguments -> gradient",
          .example = "print(ms.grad(function(x) return (x ^ 3):sum() end)(ms.tensor{1, 2}))",
          .body = make_transform<call_grad>});
  ms.add({.name = "ms.value_and_grad",
          .documentation = "Gives the function that computes f's first result, its gradient, and f's other "
                           "results as they are.",
          .parameters = {function_param},
          .options = {wrt_option},
          .returns = "function: f's arguments -> value, gradient, ...",
          .example = "print(ms.value_and_grad(function(x) return (x * x):sum() end)(ms.tensor{1, 2}))",
          .body = make_transform<call_value_and_grad>});
  ms.add({.name = "ms.vjp",
          .documentation = "Gives the function that computes f's results and their pullback.\n\nThe pullback "
                           "takes a cotangent for each result and gives the "
                           "cotangent of the argument (vector-Jacobian product). It may be called again.",
          .parameters = {function_param},
          .options = {wrt_option},
          .returns = "function: f's arguments -> results..., pullback",
          .example = "local y, pullback = ms.vjp(ms.sin)(ms.tensor{0, 1})\nprint(pullback(ms.tensor{1, 1}))",
          .body = make_transform<call_vjp>});
  ms.add({.name = "ms.jvp",
          .documentation = "Gives the function (x, dx, ...) -> f(x, ...), and its derivative along dx "
                           "(Jacobian-vector product).",
          .parameters = {function_param},
          .returns = "function: x, dx, ... -> results..., tangents...",
          .example = "print(ms.jvp(ms.sin)(ms.tensor{0, 1}, ms.tensor{1, 1}))",
          .body = make_transform<call_jvp>});
  ms.add({.name = "ms.hvp",
          .documentation =
              "Gives the function (x, v, ...) -> H v, where H is the Hessian of f's first result at x.",
          .parameters = {function_param},
          .returns = "function: x, v, ... -> Hessian-vector product, built like x",
          .example = "print(ms.hvp(function(x) return (x ^ 3):sum() end)(ms.tensor{1, 2}, ms.tensor{1, 0}))",
          .body = make_transform<call_hvp>});
  ms.add({.name = "ms.checkpoint",
          .documentation = "Gives f with its inner values forgotten, and computed again when derivatives "
                           "need them: less memory for more time.\n\nf must be "
                           "pure: run again it must give the same bits, else derivatives raise an error. "
                           "Random numbers repeat.",
          .parameters = {function_param},
          .returns = "function: like f",
          .example = "local step = ms.checkpoint(function(w) return w - 0.1 * w * w end)\n"
                     "print(ms.grad(function(w) return step(step(w)):sum() end)(ms.tensor{1, 2}))",
          .body = make_transform<call_checkpoint>});
  ms.add(
      {.name = "ms.test.gradcheck",
       .documentation = "Checks f's derivatives against central differences, and their derivatives in "
                        "turn.\n\nRaises an error with both numbers where they "
                        "differ.",
       .parameters = {function_param, {"x", "ms.Tensor|table", "Where to check: f64."}},
       .options = {{"order", "integer", "How many times to differentiate.", "2"},
                   {"step", "number", "Of the central differences.", "1e-4"},
                   {"tolerance", "number", "Largest relative error.", "1e-6"},
                   {"seed", "integer", "Of the random directions.", "1"}},
       .returns = "number: the largest relative error",
       .example =
           "print(ms.test.gradcheck(ms.tanh, ms.tensor({0.3, 0.7}, {dtype = \"f64\"}), {order = 3}) < 1e-6)",
       .body = gradcheck_body});
  ms.add({.name = "ms.test.gradcheck_all",
          .documentation = "Checks the derivatives of every primitive at its own samples.\n\nPrimitives that "
                           "offer fewer orders are checked up to their highest.",
          .options = {{"order", "integer", "How many times to differentiate.", "3"}},
          .returns = "table[]: { primitive, error } of each, the largest relative error; where it is too "
                     "large, { primitive, problem }",
          .example = "print(ms.test.gradcheck_all({order = 1})[1].error < 1e-6)",
          .body = gradcheck_all_body});
}

}  // namespace moonstill::lua
