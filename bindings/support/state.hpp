// What the binding layer keeps beside a Lua state, and small helpers on the state itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moonstill::lua {

class CallProfile;
class DescribedFunction;

/// Shared by all threads (coroutines) of one Lua state, which it must outlive.
struct Runtime {
  Runtime();
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  lua_State* main = nullptr;
  /// The Lua thread that runs now, kept by coroutine.resume and wrap. The signal handler reads it.
  std::atomic<lua_State*> running{nullptr};

  /// When the interruption that is on its way was first raised.
  std::optional<std::chrono::steady_clock::time_point> interrupt_raised;
  void note_interrupt() {
    if (!interrupt_raised) interrupt_raised = std::chrono::steady_clock::now();
  }

  /// Every described function, for help and completion.
  std::vector<std::unique_ptr<DescribedFunction>> functions;

  /// Bytes behind the handles that Lua holds, and the level that forces a full collection.
  std::size_t held_bytes = 0;
  std::size_t collect_at = 0;

  /// Times every call of a described function, when a profile is asked for.
  CallProfile* profile = nullptr;

  /// How wide what is printed may be, where it was set; 0 leaves it to the terminal.
  int columns = 0;

  /// The innermost backtrace of the error on its way, when one is asked for.
  bool wants_backtrace = false;
  std::string backtrace_error;
  std::string backtrace;
};

inline Runtime& runtime(lua_State* L) { return **static_cast<Runtime**>(lua_getextraspace(L)); }

/// A Lua value that C++ keeps alive. Copies share it.
class Reference {
 public:
  Reference() = default;
  Reference(lua_State* L, int index);
  void push(lua_State* L) const;
  [[nodiscard]] explicit operator bool() const { return anchor_ != nullptr; }

 private:
  struct Anchor;
  std::shared_ptr<const Anchor> anchor_;
};

/// Puts the stack back to where it was.
class StackMark {
 public:
  explicit StackMark(lua_State* L) : state_(L), top_(lua_gettop(L)) {}
  ~StackMark() { lua_settop(state_, top_); }
  StackMark(const StackMark&) = delete;
  StackMark& operator=(const StackMark&) = delete;
  [[nodiscard]] int top() const { return top_; }

 private:
  lua_State* state_;
  int top_;
};

/// Sets how soon Lua's collector begins its next cycle, for a state whose garbage has finalizers.
void tune_collector(lua_State* L);

/// Tells the collector that handles now hold more (or, with `release`, fewer) bytes. Forces a full collection
/// only when the bytes held have doubled since the last one, from 64 MiB on, or have taken half of the memory
/// that the limit then left, so that a plain loop runs at flat memory.
void account(lua_State* L, std::size_t bytes);
/// Collects all garbage and sets the level of the next forced collection by the memory limit of that moment.
void collect(lua_State* L);
void release(lua_State* L, std::size_t bytes) noexcept;

}  // namespace moonstill::lua
