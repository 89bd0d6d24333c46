#include "bindings/host/service.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bindings/editor/editor.hpp"
#include "bindings/host/embedded.hpp"
#include "bindings/host/file_service.hpp"
#include "bindings/host/interrupts.hpp"
#include "bindings/host/prompt_service.hpp"
#include "bindings/support/module.hpp"
#include "bindings/support/words.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/quantum/executions.hpp"

namespace moonstill::lua {

template <>
struct ObjectTraits<std::shared_ptr<editor::Editor>> {
  static constexpr const char* name = "ms.Editor";
};

template <>
struct ObjectTraits<std::shared_ptr<quantum::ExecutionCounter>> {
  static constexpr const char* name = "ms.ExecutionCounter";
};

namespace {

namespace fs = std::filesystem;
using Editor = std::shared_ptr<editor::Editor>;
using Counter = std::shared_ptr<quantum::ExecutionCounter>;

std::string_view text(lua_State* L, int index) {
  std::size_t size = 0;
  const char* data = luaL_checklstring(L, index, &size);
  return {data, size};
}

int push_string(lua_State* L, const std::string& value) {
  lua_pushlstring(L, value.data(), value.size());
  return 1;
}

// blame() -> "file:line: "
int host_blame(lua_State* L) { return push_string(L, blame(L)); }

// describe(value) -> "string "half""
int host_describe(lua_State* L) { return push_string(L, describe(L, 1)); }

// mismatch(type, value) -> nil, or why the value is refused
int host_mismatch(lua_State* L) {
  const Type type(text(L, 1));
  lua_settop(L, 2);
  if (type.accepts(L, 2)) return 0;
  return push_string(L, type.mismatch(L, 2));
}

std::vector<std::string> strings(lua_State* L, int index) {
  std::vector<std::string> out;
  for (lua_Integer i = 1; lua_rawgeti(L, index, i) == LUA_TSTRING; ++i) {
    out.emplace_back(lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return out;
}

// unknown(name, names) -> "unknown argument 'dept' (did you mean 'depth'?)"
int host_unknown(lua_State* L) {
  const auto names = strings(L, 2);
  const std::vector<std::string_view> views(names.begin(), names.end());
  return push_string(L, unknown_name(text(L, 1), views));
}

// suggestion(word, words) -> " (did you mean 'depth'?)" or ""
int host_suggestion(lua_State* L) {
  const auto names = strings(L, 2);
  const std::vector<std::string_view> views(names.begin(), names.end());
  return push_string(L, suggestion(text(L, 1), views));
}

int host_functions(lua_State* L) {
  push_functions(L);
  return 1;
}

int host_classes(lua_State* L) {
  push_classes(L);
  return 1;
}

// sources() -> { { module =, file =, text = }, ... }
int host_sources(lua_State* L) {
  lua_newtable(L);
  lua_Integer i = 0;
  for (const EmbeddedSource& source : embedded_sources()) {
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, source.module.data(), source.module.size());
    lua_setfield(L, -2, "module");
    lua_pushlstring(L, source.file.data(), source.file.size());
    lua_setfield(L, -2, "file");
    lua_pushlstring(L, source.text.data(), source.text.size());
    lua_setfield(L, -2, "text");
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

// interrupt(): what Ctrl-C does, for an interruption that call() ended
int host_interrupt(lua_State* L) {
  request_interrupt();
  watch_interrupts(L);
  return 0;
}

// is_terminal("stdin" | "stdout" | "stderr")
int host_is_terminal(lua_State* L) {
  const std::string_view name = text(L, 1);
  const int descriptor = name == "stdin" ? STDIN_FILENO : name == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
  lua_pushboolean(L, isatty(descriptor));
  return 1;
}

// terminal_width("stdout" | "stderr") -> columns, or nil where there is no terminal that says
int host_terminal_width(lua_State* L) {
  winsize size{};
  if (ioctl(text(L, 1) == "stdout" ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size) != 0 ||
      size.ws_col == 0)
    return 0;
  lua_pushinteger(L, size.ws_col);
  return 1;
}

// terminal_height("stdout" | "stderr") -> lines, or nil where there is no terminal that says
int host_terminal_height(lua_State* L) {
  winsize size{};
  if (ioctl(text(L, 1) == "stdout" ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size) != 0 ||
      size.ws_row == 0)
    return 0;
  lua_pushinteger(L, size.ws_row);
  return 1;
}

// open_editor(history_path) -> editor
int host_open_editor(lua_State* L) {
  push_object<Editor>(L, std::make_shared<editor::Editor>(std::string(text(L, 1))));
  return 1;
}

Editor editor_at(lua_State* L, int index) {
  if (const Editor* editor = find_object<Editor>(L, index)) return *editor;
  fail(ErrorKind::argument, "{}", object_problem(L, index, ObjectTraits<Editor>::name));
}

// A field of the table at the index, as text; "" where there is none.
std::string text_field(lua_State* L, int index, const char* name) {
  const StackMark mark(L);
  lua_getfield(L, index, name);
  std::size_t size = 0;
  const char* data = lua_tolstring(L, -1, &size);
  return data == nullptr ? std::string() : std::string(data, size);
}

// Calls the function in a field of the options, which are at index 2. False where it fails: the input goes
// on.
bool ask(lua_State* L, const char* question, const std::string& text, int results) {
  lua_getfield(L, 2, question);
  lua_pushlstring(L, text.data(), text.size());
  return lua_pcall(L, 1, results, 0) == LUA_OK;
}

bool ask_finished(lua_State* L, const std::string& input) {
  const StackMark mark(L);
  return !ask(L, "is_finished", input, 1) || lua_toboolean(L, -1) != 0;
}

editor::Completion ask_completion(lua_State* L, const std::string& before) {
  const StackMark mark(L);
  if (!ask(L, "complete", before, 1) || !lua_istable(L, -1)) return {};
  const int found = lua_gettop(L);
  editor::Completion completion;
  completion.hint = text_field(L, found, "hint");
  lua_getfield(L, found, "length");
  completion.length = std::min(static_cast<std::size_t>(lua_tointeger(L, -1)), before.size());
  for (lua_Integer i = 1; lua_rawgeti(L, found, i) == LUA_TTABLE; ++i) {
    const int one = lua_gettop(L);
    completion.candidates.push_back(
        {text_field(L, one, "word"), text_field(L, one, "signature"), text_field(L, one, "summary")});
    lua_pop(L, 1);
  }
  return completion;
}

// read(editor, { prompt =, continued =, color =, is_finished = f(text), complete = f(before) })
// -> input, whether others were pasted with it | nil, interrupted. An interruption that comes behind an input
// is that input's.
int host_read(lua_State* L) {
  const Editor editor = editor_at(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_getfield(L, 2, "color");
  const editor::Prompt prompt{text_field(L, 2, "prompt"), text_field(L, 2, "continued"),
                              lua_toboolean(L, -1) != 0};
  std::fflush(stdout);
  const auto input =
      editor->read(prompt, {[L](const std::string& text) { return ask_finished(L, text); },
                            [L](const std::string& before) { return ask_completion(L, before); }});
  if (input) {
    push_string(L, *input);
    lua_pushboolean(L, editor->one_of_many() ? 1 : 0);
    return 2;
  }
  lua_pushnil(L);
  lua_pushboolean(L, interrupt_requested() ? 1 : 0);
  forget_interrupt(L);
  return 2;
}

// drop_pasted(editor): forgets what was pasted and has not been read yet
int host_drop_pasted(lua_State* L) {
  editor_at(L, 1)->drop_pasted();
  return 0;
}

// files(path, ending) -> the file itself, or the files below the folder, sorted; nil when there is none of
// that name
int host_files(lua_State* L) {
  const fs::path root(text(L, 1));
  const std::string_view ending = text(L, 2);
  std::vector<std::string> files;
  if (fs::is_directory(root)) {
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      std::string name = entry.path().string();
      if (entry.is_regular_file() && name.ends_with(ending)) files.push_back(std::move(name));
    }
    std::sort(files.begin(), files.end());
  } else if (fs::exists(root)) {
    files.push_back(root.string());
  } else {
    return 0;
  }
  return push(L, files);
}

// folder(path) -> the names in a folder, sorted, those of folders with a slash; nil when there is no such
// folder
int host_folder(lua_State* L) {
  std::vector<std::string> names;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(text(L, 1), problem)) {
    std::error_code ignored;
    names.push_back(entry.path().filename().string() + (entry.is_directory(ignored) ? "/" : ""));
  }
  if (problem) return 0;
  std::sort(names.begin(), names.end());
  return push(L, names);
}

// count_executions() -> a counter of what hardware would have had to execute, one at a time
int host_count_executions(lua_State* L) {
  push_object<Counter>(L, std::make_shared<quantum::ExecutionCounter>());
  return 1;
}

// take_executions(counter) -> { values =, angles =, ... } since the last time
int host_take_executions(lua_State* L) {
  const Counter* counter = find_object<Counter>(L, 1);
  if (counter == nullptr) fail(ErrorKind::argument, "{}", object_problem(L, 1, ObjectTraits<Counter>::name));
  const quantum::Executions taken = (*counter)->take();
  lua_createtable(L, 0, 5);
  for (const auto& [name, count] :
       {std::pair{"values", taken.values}, std::pair{"angles", taken.angles},
        std::pair{"inputs", taken.inputs}, std::pair{"hermitians", taken.hermitians},
        std::pair{"second_order", taken.second_order}}) {
    lua_pushnumber(L, count);
    lua_setfield(L, -2, name);
  }
  return 1;
}

constexpr luaL_Reg functions[] = {{"blame", guard<host_blame>},
                                  {"describe", guard<host_describe>},
                                  {"mismatch", guard<host_mismatch>},
                                  {"unknown", guard<host_unknown>},
                                  {"suggestion", guard<host_suggestion>},
                                  {"functions", guard<host_functions>},
                                  {"classes", guard<host_classes>},
                                  {"sources", guard<host_sources>},
                                  {"interrupt", guard<host_interrupt>},
                                  {"is_terminal", guard<host_is_terminal>},
                                  {"terminal_width", guard<host_terminal_width>},
                                  {"terminal_height", guard<host_terminal_height>},
                                  {"open_editor", guard<host_open_editor>},
                                  {"read", guard<host_read>},
                                  {"drop_pasted", guard<host_drop_pasted>},
                                  {"files", guard<host_files>},
                                  {"folder", guard<host_folder>},
                                  {"count_executions", guard<host_count_executions>},
                                  {"take_executions", guard<host_take_executions>},
                                  {"stop_counting", close_object<Counter>},
                                  {nullptr, nullptr}};

}  // namespace

int open_service(lua_State* L) {
  add_metatable<Editor>(L);
  add_metatable<Counter>(L);
  luaL_newlib(L, functions);
  add_file_functions(L);
  add_prompt_functions(L);
  lua_pushliteral(L, MOONSTILL_VERSION);
  lua_setfield(L, -2, "version");
  std::error_code unknown;
  push_string(L, fs::read_symlink("/proc/self/exe", unknown).string());
  lua_setfield(L, -2, "program");
  return 1;
}

}  // namespace moonstill::lua
