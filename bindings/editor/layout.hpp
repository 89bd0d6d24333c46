// The input as rows of the terminal: prompts before the lines, long lines wrapped to the width, wide
// characters never split, with the place of the cursor.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/editor/paint.hpp"

namespace moonstill::editor {

struct Row {
  std::string text;         // with its escape sequences
  std::size_t columns = 0;  // that it takes
  bool wrapped = false;     // the line goes on in the next row

  bool operator==(const Row&) const = default;
};

struct Frame {
  std::vector<Row> rows;
  std::size_t cursor_row = 0, cursor_column = 0;
};

struct Input {
  std::string_view prompt;     // before the first line
  std::string_view continued;  // before the others
  std::string_view text;
  std::size_t cursor = 0;
  const std::vector<Style>* styles = nullptr;  // one for each byte of the text; nullptr for no colours
};

[[nodiscard]] Frame lay_out(const Input& input, std::size_t width);

/// The rows of a frame that a screen of this height shows: those around the cursor.
[[nodiscard]] Frame visible(Frame frame, std::size_t height);

}  // namespace moonstill::editor
