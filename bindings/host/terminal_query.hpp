// What a terminal answers when asked what it can.
#pragma once

#include <optional>
#include <string>

namespace moonstill::lua {

/// Writes the query, which must end in a request for the terminal's attributes (ESC [ c), and gives what came
/// back, up to the report or until so many seconds have passed. Nothing where standard input or output is no
/// terminal, or where keys wait to be read.
[[nodiscard]] std::optional<std::string> ask_terminal(const std::string& query, double seconds);

}  // namespace moonstill::lua
