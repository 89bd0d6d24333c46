// Reading where nothing can be edited: pipes, files, and terminals that only print line after line.
#pragma once

#include <optional>
#include <string>

#include "bindings/editor/editor.hpp"

namespace moonstill::editor {

/// Lines of standard input until they are finished; a prompt only for a terminal.
[[nodiscard]] std::optional<std::string> read_plainly(const Prompt& prompt, const Questions& questions);

}  // namespace moonstill::editor
