// The binding layer without the program: the barrier, objects, callbacks, trees.
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/support/callback.hpp"
#include "bindings/support/module.hpp"
#include "bindings/support/tree.hpp"
#include "bindings/support/words.hpp"
#include "tests/support/catch.hpp"

namespace {

// Counts how many are alive.
struct Probe {
  explicit Probe(int* count) : alive(count) { ++*alive; }
  Probe(const Probe& other) : alive(other.alive) { ++*alive; }
  ~Probe() { --*alive; }
  Probe& operator=(const Probe&) = delete;
  int* alive;
};

}  // namespace

template <>
struct moonstill::lua::ObjectTraits<Probe> {
  static constexpr const char* name = "ms.Probe";
  static constexpr const char* documentation = "Counts.";
  static std::size_t bytes(const Probe&) { return 1000; }
};

namespace moonstill::lua {
namespace {

struct State {
  State() : L(luaL_newstate()), ms((prepare(), L)) { luaL_openlibs(L); }
  ~State() { lua_close(L); }

  void prepare() {
    *static_cast<Runtime**>(lua_getextraspace(L)) = &shared;
    shared.main = L;
    shared.running = L;
  }

  // The first result of a chunk, or its error, as text.
  std::string run(const std::string& code) {
    ms.push();
    lua_setglobal(L, "ms");
    if (luaL_loadbufferx(L, code.data(), code.size(), "@user.lua", "t") == LUA_OK) lua_pcall(L, 0, 1, 0);
    const std::string text = luaL_tolstring(L, -1, nullptr);
    lua_settop(L, 0);
    return text;
  }

  Runtime shared;
  lua_State* L;
  Module ms;
};

FunctionRow row(std::string name, std::function<int(lua_State*, Args&)> body,
                std::vector<Param> parameters = {}) {
  return {.name = std::move(name),
          .documentation = "Tests.",
          .parameters = std::move(parameters),
          .body = std::move(body)};
}

TEST_CASE("exceptions become errors at the script's line, and destructors run") {
  State s;
  int alive = 0;
  s.ms.add(row("ms.product", [&](lua_State*, Args&) -> int {
    const Probe probe(&alive);
    fail(ErrorKind::shape, "product: inner sizes differ: {} and {}", 2, 3);
  }));
  s.ms.add(row("ms.plain", [](lua_State*, Args&) -> int { throw std::runtime_error("went wrong"); }));
  s.ms.add(row("ms.hungry", [](lua_State*, Args&) -> int { throw std::bad_alloc(); }));
  s.ms.add(row("ms.lua_error", [&](lua_State* L, Args&) -> int {
    const Probe probe(&alive);
    return luaL_error(L, "from Lua");
  }));
  CHECK(s.run("\nms.product()") == "user.lua:2: ms.product: inner sizes differ: 2 and 3");
  CHECK(s.run("ms.plain()") == "user.lua:1: ms.plain: went wrong");
  CHECK(s.run("ms.hungry()") == "user.lua:1: ms.hungry: not enough memory");
  CHECK(s.run("ms.lua_error()") == "user.lua:1: from Lua");
  CHECK(alive == 0);
}

TEST_CASE("arguments come by position, by name, with options and defaults") {
  State s;
  FunctionRow f = row("ms.f",
                      [](lua_State* L, Args& a) {
                        std::string text = a.given("b") ? std::to_string(a.integer("b")) : "none";
                        for (const double x : a.numbers("c")) text += fmt::format(" {}", x);
                        return push(L, fmt::format("{} {} {}", a.integer(0), text, a.choice("mode")));
                      },
                      {{"a", "integer", ""}, {"b?", "integer", ""}});
  f.options = {{"c", "number[]|number", "", "{1, 2}"}, {"mode", "\"x\"|\"y\"", "", "\"y\""}};
  s.ms.add(f);
  CHECK(s.run("return ms.f(1)") == "1 none 1 2 1");
  CHECK(s.run("return ms.f(1, 2)") == "1 2 1 2 1");
  CHECK(s.run("return ms.f(1, { mode = 'x' })") == "1 none 1 2 0");
  CHECK(s.run("return ms.f(1, nil, { c = 5 })") == "1 none 5 1");
  CHECK(s.run("return ms.f(1, 2, { c = {} })") == "1 2 1");
  CHECK(s.run("return ms.f { a = 3, b = 4, mode = 'x' }") == "3 4 1 2 0");
  CHECK(s.run("ms.f(1, 2, 3)") == "user.lua:1: ms.f: argument 3: expected table of options, got number 3");
  CHECK(s.run("ms.f(1, 2, {}, 4)") == "user.lua:1: ms.f: expected at most 3 arguments, got 4");
  CHECK(s.run("ms.f(1, 2, { mode = 'z' })") ==
        "user.lua:1: ms.f: argument 'mode': expected \"x\" or \"y\", got string \"z\"");
  CHECK(s.run("ms.f { b = 1 }") == "user.lua:1: ms.f: argument 1 'a': expected integer, got nothing");
  CHECK(s.run("ms.f(1, 'b')") == "user.lua:1: ms.f: argument 2 'b': expected integer, got string \"b\"");
}

TEST_CASE("indices count from 1 and say so") {
  State s;
  s.ms.add(row("ms.axis", [](lua_State* L, Args& a) { return push(L, a.axis("axis", 3)); },
               {{"axis", "integer", ""}}));
  CHECK(s.run("return ms.axis(1)") == "0");
  CHECK(s.run("return ms.axis(-1)") == "2");
  CHECK(s.run("ms.axis(4)") == "user.lua:1: ms.axis: argument 1 'axis': 4 is outside 1..3");
  CHECK(s.run("ms.axis(0)") == "user.lua:1: ms.axis: argument 1 'axis': 0 is outside 1..3");
}

TEST_CASE("a row is described once, and its defaults are Lua") {
  State s;
  const auto body = [](lua_State*, Args&) { return 0; };
  s.ms.add(row("ms.once", body));
  CHECK_THROWS_AS(s.ms.add(row("ms.once", body)), std::logic_error);
  CHECK_THROWS_AS(s.ms.add(row("ms.Nobody:method", body)), std::logic_error);
  CHECK_THROWS_AS(s.ms.add(row("ms.wrong", body, {{"a", "integer", "", "(("}})), std::logic_error);
}

TEST_CASE("objects are closed once, and their bytes are counted") {
  int alive = 0;
  {
    State s;
    s.ms.add_class<Probe>();
    s.ms.add(row("ms.probe", [&](lua_State* L, Args&) { return push(L, Probe(&alive)); }));
    s.ms.add(row("ms.Probe:alive", [](lua_State* L, Args& a) { return push(L, *a.self<Probe>().alive); }));
    CHECK(s.run("kept = ms.probe() local other = ms.probe() return kept:alive()") == "2");
    CHECK(s.shared.held_bytes == 2000);
    CHECK(s.run("kept:close() kept:close() kept:alive()") ==
          "user.lua:1: ms.Probe:alive: the probe was closed");
    CHECK(s.run("collectgarbage() kept = nil collectgarbage() return 0") == "0");
    CHECK(s.shared.held_bytes == 0);
    CHECK(alive == 0);
    s.run("again = ms.probe()");
  }
  CHECK(alive == 0);
}

TEST_CASE("bytes that have doubled force a collection") {
  State s;
  s.shared.collect_at = 10'000;
  int alive = 0;
  s.ms.add_class<Probe>();
  s.ms.add(row("ms.probe", [&](lua_State* L, Args&) { return push(L, Probe(&alive)); }));
  s.run("collectgarbage 'stop' for _ = 1, 10 do ms.probe() end");
  CHECK(alive == 1);
}

TEST_CASE("callbacks carry the error value unchanged") {
  State s;
  s.ms.add(row("ms.call",
               [](lua_State*, Args& a) {
                 const Callback f(a.state(), a.slot("f"));
                 lua_State* running = f.begin();
                 Callback::call(running, 0, 1);
                 return 1;
               },
               {{"f", "function", ""}}));
  CHECK(s.run("return ms.call(function() return 'fine' end)") == "fine");
  CHECK(s.run("local t = {} local _, e = pcall(ms.call, function() error(t) end) return e == t") == "true");
  CHECK(s.run("local _, e = pcall(ms.call, function() error() end) return e") == "nil");
  CHECK(s.run("ms.call(function() ms.call(3) end)") ==
        "user.lua:1: ms.call: argument 1 'f': expected function, got number 3");
}

TEST_CASE("trees keep the shape of tables") {
  State s;
  s.run("tree = { 10, { 20 }, b = 30, a = { z = 40, y = 'name' }, [-1] = 50 }");
  lua_State* L = s.L;
  lua_getglobal(L, "tree");
  std::vector<double> leaves;
  const Tree tree = Tree::read(L, -1, [&](lua_State* state, int index) {
    if (lua_type(state, index) != LUA_TNUMBER) return false;
    leaves.push_back(lua_tonumber(state, index));
    return true;
  });
  CHECK(leaves == std::vector<double>{50, 10, 20, 40, 30});
  CHECK(tree.paths() == std::vector<std::string>{"[-1]", "[1]", "[2][1]", "a.z", "b"});
  for (const auto constants : {Tree::Constants::keep, Tree::Constants::drop}) {
    tree.push(
        L, [&](std::size_t i) { lua_pushnumber(L, leaves[i] + 1); }, constants);
    lua_setglobal(L, "copy");
    CHECK(s.run("return copy[1] + copy[2][1] + copy.a.z + copy.b + copy[-1]") == "155.0");
    CHECK(s.run("return copy.a.y") == (constants == Tree::Constants::keep ? "name" : "nil"));
  }
  s.run("tree = {} tree.again = tree");
  lua_getglobal(L, "tree");
  CHECK_THROWS_WITH(Tree::read(L, -1, [](lua_State*, int) { return false; }),
                    "tables are nested deeper than 64 levels (a cycle?)");
}

TEST_CASE("the nearest word") {
  const std::vector<std::string_view> words{"depth", "qubits", "io"};
  CHECK(nearest("dept", words) == "depth");
  CHECK(nearest("Detph", words) == "depth");
  CHECK(nearest("qubit", words) == "qubits");
  CHECK(nearest("foo", words).empty());
  CHECK(nearest("", words).empty());
}

}  // namespace
}  // namespace moonstill::lua
