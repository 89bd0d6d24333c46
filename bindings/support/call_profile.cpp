#include "bindings/support/call_profile.hpp"

#include <fmt/core.h>

#include <string>

#include "bindings/support/barrier.hpp"

namespace moonstill::lua {
namespace {

std::string text_of(const std::pair<std::string, int>& line) {
  if (line.first.empty()) return {};
  const bool marked = line.first.front() == '@' || line.first.front() == '=';
  return fmt::format("{}:{}", line.first.substr(marked ? 1 : 0), line.second);
}

}  // namespace

void CallProfile::enter(lua_State* L, std::string_view name) { profile_.enter(name, place_of(lines_of(L))); }

// What runs for no line of the user's, such as the start of the program, is left out.
void CallProfile::sample(lua_State* L) {
  const Lines lines = lines_of(L);
  profile_.sample(lines.second.first.empty() ? 0 : place_of(lines));
}

CallProfile::Lines CallProfile::lines_of(lua_State* L) {
  Line line{};
  Line script_line{};
  lua_Debug frame;
  for (int level = 0; script_line.first.empty() && lua_getstack(L, level, &frame) != 0; ++level) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline < 0) continue;
    if (line.first.empty()) line = {frame.source, frame.currentline};
    if (!is_own_chunk(frame.source)) script_line = {frame.source, frame.currentline};
  }
  return {line, script_line};
}

std::size_t CallProfile::place_of(const Lines& lines) {
  const auto [at, added] = places_.try_emplace(lines, 0);
  if (added) at->second = profile_.add_place({text_of(lines.first), text_of(lines.second)});
  return at->second;
}

}  // namespace moonstill::lua
