#include "bindings/core.hpp"

#include <fmt/core.h>

#include <utility>

#include "bindings/support/library.hpp"
#include "engine/core/memory.hpp"
#include "engine/core/threads.hpp"

namespace moonstill::lua {
namespace {

constexpr std::size_t most_permuted = 100'000'000;

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

void add_draws(Module& ms) {
  ms.add({.name = "ms.Generator:uniform",
          .documentation = "Draws a number, evenly from [low, high).",
          .options = {{"low", "number", "The smallest.", "0"}, {"high", "number", "The bound.", "1"}},
          .returns = "number",
          .example = "print(ms.random(1):uniform { low = -1 })",
          .body = [](lua_State* L, Args& a) {
            const double low = a.number("low");
            return push(L, low + (a.number("high") - low) * a.self<Generator>().uniform());
          }});
  ms.add({.name = "ms.Generator:integer",
          .documentation = "Draws a whole number from 1 to `high`, each equally likely.",
          .parameters = {{"high", "integer", "The largest, 1 or more."}},
          .returns = "integer",
          .example = "print(ms.random(1):integer(6))",
          .body = [](lua_State* L, Args& a) {
            return push_index(L, a.self<Generator>().below(a.size("high", 1)));
          }});
  ms.add({.name = "ms.Generator:permutation",
          .documentation = "Gives the numbers from 1 to `count` in random order.",
          .parameters = {{"count", "integer", "How many."}},
          .returns = "integer[]",
          .example = "print(table.concat(ms.random(1):permutation(5), ' '))",
          .body = [](lua_State* L, Args& a) {
            const std::size_t count = a.size("count");
            if (count > most_permuted) a.fail("count", "expected at most {}, got {}", most_permuted, count);
            auto order = a.self<Generator>().permutation(static_cast<std::int64_t>(count));
            for (std::int64_t& index : order) ++index;
            return push(L, order);
          }});
}

}  // namespace

void open_random(Module& ms) {
  ms.add_class<Generator>();
  ms.add({.name = "ms.random",
          .documentation =
              "Makes a generator of random numbers.\n\nEqual seeds give equal numbers, at any number of "
              "threads.",
          .parameters = {{"seed", "integer", "Any whole number."}},
          .returns = "ms.Generator",
          .example = "local rng = ms.random(1)\nprint(rng:uniform())",
          .body = [](lua_State* L, Args& a) {
            return push(L, Generator(static_cast<std::uint64_t>(a.integer("seed"))));
          }});
  add_draws(ms);
  ms.add({.name = "ms.Generator:split",
          .documentation =
              "Makes an independent generator that depends on this one's seed and the name only.\n\nHow "
              "many numbers were drawn before makes no difference.",
          .parameters = {{"name", "string|integer", "Any name or number."}},
          .returns = "ms.Generator",
          .example = "local rng = ms.random(1):split('weights')\nprint(rng:uniform())",
          .body = [](lua_State* L, Args& a) {
            const Generator rng = a.self<Generator>();
            if (lua_type(L, a.slot("name")) == LUA_TSTRING) return push(L, rng.split(a.string("name")));
            return push(L, rng.split(static_cast<std::uint64_t>(a.integer("name"))));
          }});
  ms.add({.name = "ms.Generator:position",
          .documentation = "Gives how far the generator has come, for a checkpoint.",
          .returns = "integer",
          .example = "print(ms.random(1):position())",
          .body = [](lua_State* L, Args& a) { return push(L, a.self<Generator>().position()); }});
  ms.add({.name = "ms.Generator:set_position",
          .documentation = "Goes to a position that position() gave: the same numbers follow.",
          .parameters = {{"position", "integer", "As from position()."}},
          .example = "local rng = ms.random(1)\nrng:set_position(0)",
          .body = [](lua_State*, Args& a) {
            a.self<Generator>().set_position(a.size("position"));
            return 0;
          }});
  ms.add({.name = "ms.Generator:__tostring",
          .documentation = "",
          .parameters = {{"rng", "ms.Generator", ""}},
          .body = [](lua_State* L, Args& a) {
            const auto& rng = a.object<Generator>("rng");
            return push(L, fmt::format("[Generator {:016x} at {}]", rng.key(), rng.position()));
          }});
}

void open_core(Module& ms) {
  ms.add_class<Timer>();
  ms.add({.name = "ms.timer",
          .documentation =
              "Starts a clock.\n\nWith a label and `local _ <close>`, it prints the time taken at the end "
              "of the scope.",
          .parameters = {{"label?", "string", "What is timed."}},
          .returns = "ms.Timer",
          .example = "local clock = ms.timer()\nprint(clock:seconds() >= 0)",
          .body = [](lua_State* L, Args& a) {
            return push(L, Timer{std::chrono::steady_clock::now(),
                                 a.given("label") ? std::string(a.string("label")) : ""});
          }});
  ms.add({.name = "ms.Timer:seconds",
          .documentation = "Gives the seconds since the timer was made.",
          .returns = "number",
          .example = "print(ms.timer():seconds() < 60)",
          .body = [](lua_State* L, Args& a) {
            return push(L, seconds_between(a.self<Timer>().start, std::chrono::steady_clock::now()));
          }});
  ms.add({.name = "ms.Timer:__tostring",
          .documentation = "",
          .parameters = {{"timer", "ms.Timer", ""}, {"unused?", "any", ""}},
          .body = [](lua_State* L, Args& a) {
            const auto& timer = a.object<Timer>("timer");
            const double seconds = seconds_between(timer.start, std::chrono::steady_clock::now());
            return push(
                L, fmt::format("[Timer {}{}{:.3f} s]", timer.label, timer.label.empty() ? "" : " ", seconds));
          }});
  ms.add({.name = "ms.Timer:__close",
          .documentation = "",
          .parameters = {{"timer", "ms.Timer", ""}},
          .body = [](lua_State* L, Args& a) {
            const Timer timer = a.object<Timer>("timer");
            close_object<Timer>(L);
            if (timer.label.empty()) return 0;
            const double seconds = seconds_between(timer.start, std::chrono::steady_clock::now());
            push_library_globals(L);
            lua_getfield(L, -1, "print");
            push(L, fmt::format("{}: {:.3f} s", timer.label, seconds));
            lua_call(L, 1, 0);
            return 0;
          }});
  ms.add({.name = "ms.memory",
          .documentation = "Tells how many bytes tensors hold: now, at most since the start or "
                           "ms.reset_memory_peak(), kept for reuse, and allowed.",
          .returns = "table: live, peak, cached and limit, in bytes",
          .example = "print(ms.memory().live)",
          .body = [](lua_State* L, Args&) {
            const MemoryStats stats = memory_stats();
            lua_createtable(L, 0, 4);
            for (const auto& [name, bytes] :
                 {std::pair{"live", stats.live_bytes}, std::pair{"peak", stats.peak_bytes},
                  std::pair{"cached", stats.cached_bytes}, std::pair{"limit", stats.limit_bytes}}) {
              push(L, bytes);
              lua_setfield(L, -2, name);
            }
            return 1;
          }});
  ms.add({.name = "ms.reset_memory_peak",
          .documentation = "Makes the peak that ms.memory() tells what tensors hold now.",
          .example = "ms.reset_memory_peak()\nprint(ms.memory().peak)",
          .body = [](lua_State*, Args&) {
            reset_memory_peak();
            return 0;
          }});
  ms.add({.name = "ms.set_memory_limit",
          .documentation = "Sets how many bytes tensors may hold; more is an error.",
          .parameters = {{"bytes", "integer", "The limit."}},
          .example = "ms.set_memory_limit(ms.memory().limit)",
          .body = [](lua_State* L, Args& a) {
            set_memory_limit(a.size("bytes", 1));
            collect(L);
            return 0;
          }});
  ms.add({.name = "ms.threads",
          .documentation = "Gives the number of threads that compute.\n\nIt changes no result.",
          .returns = "integer",
          .example = "print(ms.threads())",
          .body = [](lua_State* L, Args&) { return push(L, thread_count()); }});
  ms.add({.name = "ms.set_threads",
          .documentation = "Sets the number of threads that compute.",
          .parameters = {{"count", "integer", "From 1 to ms.most_threads, which is 1024."}},
          .example = "ms.set_threads(ms.threads())",
          .body = [](lua_State*, Args& a) {
            const std::size_t count = a.size("count", 1);
            if (count > most_threads) a.fail("count", "expected at most {}, got {}", most_threads, count);
            set_thread_count(static_cast<unsigned>(count));
            return 0;
          }});
  push(ms.state(), MOONSTILL_VERSION);
  ms.set("ms.version");
  push(ms.state(), most_threads);
  ms.set("ms.most_threads");
}

}  // namespace moonstill::lua
