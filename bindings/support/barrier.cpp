#include "bindings/support/barrier.hpp"

#include <fmt/core.h>

#include <cctype>
#include <string_view>

#include "bindings/support/function.hpp"

namespace moonstill::lua {
namespace {

// Chunks of the standard library are named "=[moonstill]/...".
constexpr std::string_view own_chunk = "=[moonstill]";

// "matmul" of "matmul: inner sizes differ"; the operation's name, as the engine gives it.
std::string_view leading_name(std::string_view message) {
  std::size_t end = 0;
  while (end < message.size()) {
    const auto c = static_cast<unsigned char>(message[end]);
    if (std::isalnum(c) == 0 && c != '_' && c != '.') break;
    ++end;
  }
  return message.substr(end).starts_with(": ") ? message.substr(0, end) : std::string_view();
}

// Puts the function's full name in front, in place of the engine's own name for it.
std::string named(const DescribedFunction* function, std::string_view message) {
  if (function == nullptr) return std::string(message);
  const std::string_view leading = leading_name(message);
  if (!leading.empty()) {
    if (leading == function->row().name || function->is_metamethod()) return std::string(message);
    if (leading == function->short_name()) message.remove_prefix(leading.size() + 2);
  }
  return fmt::format("{}: {}", function->display_name(), message);
}

void push_text(lua_State* L, std::string_view text) {
  lua_settop(L, 0);
  lua_pushlstring(L, text.data(), text.size());
}

}  // namespace

bool is_own_chunk(std::string_view source) { return source.starts_with(own_chunk); }

std::string blame(lua_State* L) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame) != 0; ++level) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline < 0 || is_own_chunk(frame.source)) continue;
    const char* place = *frame.source == '@' ? frame.source + 1 : frame.short_src;
    return fmt::format("{}:{}: ", place, frame.currentline);
  }
  return {};
}

namespace detail {

void push_error(lua_State* L, const DescribedFunction* function, const Error& error) {
  if (error.kind() != ErrorKind::interrupted) return push_failure(L, function, error.what());
  runtime(L).note_interrupt();
  push_text(L, error.what());
}

void push_failure(lua_State* L, const DescribedFunction* function, const char* message) {
  push_text(L, blame(L) + named(function, message));
}

}  // namespace detail
}  // namespace moonstill::lua
