// What the input looks like: a style for each byte of the text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill::editor {

enum class Style : unsigned char {
  plain,
  prompt,
  keyword,
  number,
  string,
  comment,
  bracket,    // the one at the cursor and its partner
  unmatched,  // a bracket without partner
  found,      // what a search looks for
  faint,
  selected,
};

/// The escape sequence that begins a style after any other.
[[nodiscard]] std::string_view escape_of(Style style);

/// A text in a style, as it stands alone in a row.
[[nodiscard]] std::string painted(std::string_view text, Style style, bool color);

/// Colours of a Lua text, with the bracket at the cursor.
[[nodiscard]] std::vector<Style> styles_of(std::string_view text, std::size_t cursor);

}  // namespace moonstill::editor
