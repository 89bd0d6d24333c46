// UTF-8 text as a terminal shows it: characters, the columns that they take, steps of the cursor.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moonstill::editor {

/// Bytes of the first character; 1 for a byte that begins none; 0 where the rest of it is missing.
[[nodiscard]] std::size_t character_size(std::string_view text);

/// What the terminal gets for one character, and the columns that it takes: "^A" for a control character, the
/// replacement character for a byte that is no UTF-8.
struct Glyph {
  std::string text;
  int width = 0;
};
[[nodiscard]] Glyph glyph_of(std::string_view character);

/// Where the cursor stands one step to the right or left; it steps over what combines with a character.
[[nodiscard]] std::size_t step_right(std::string_view text, std::size_t at);
[[nodiscard]] std::size_t step_left(std::string_view text, std::size_t at);

/// A text as one row shows it, without control characters.
[[nodiscard]] std::string printable(std::string_view text);

/// Columns of a text without control characters.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// The beginning of a text that fits into so many columns, with an ellipsis where something is left out.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t columns);

}  // namespace moonstill::editor
