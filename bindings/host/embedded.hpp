// The standard library's sources, which the build puts into the program.
#pragma once

#include <span>
#include <string_view>

namespace moonstill::lua {

struct EmbeddedSource {
  std::string_view module;  // "moonstill.check"
  std::string_view file;    // "moonstill/check.lua"
  std::string_view text;
};

[[nodiscard]] std::span<const EmbeddedSource> embedded_sources();

}  // namespace moonstill::lua
