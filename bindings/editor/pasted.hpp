// Pasted text on its way to the prompt.
#pragma once

#include <string>
#include <string_view>

#include "bindings/editor/editor.hpp"

namespace moonstill::editor {

/// With newlines as the only ends of lines. Of a transcript, whose first line begins with the prompt, only
/// what was typed is kept, without its prompts.
[[nodiscard]] std::string cleaned_paste(std::string_view text, const Prompt& prompt);

/// Whether a line can only go on from the one before it: ":h(1)", ".. x", "+ 1", "and y", ")".
[[nodiscard]] bool goes_on(std::string_view line);

}  // namespace moonstill::editor
