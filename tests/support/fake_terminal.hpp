// A terminal in memory: what the screen would show after plain ANSI output, as tests read it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill::test {

class FakeTerminal {
 public:
  FakeTerminal(std::size_t rows, std::size_t columns);

  void write(std::string_view bytes);

  /// The rows without trailing spaces, down to the last that is not empty.
  [[nodiscard]] std::vector<std::string> rows() const;
  /// What has left the screen at its top, and the rows, one line each.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::size_t cursor_row() const { return row_; }
  [[nodiscard]] std::size_t cursor_column() const { return column_; }

 private:
  using Cells = std::vector<std::string>;  // "" is the right half of a wide character

  [[nodiscard]] std::size_t take(std::string_view bytes);
  [[nodiscard]] std::size_t take_sequence(std::string_view bytes);
  void put(std::string_view character);
  void line_feed();
  void erase(std::size_t row, std::size_t from);

  std::size_t columns_;
  std::vector<Cells> screen_;
  std::vector<std::string> scrolled_;
  std::string unfinished_;
  std::size_t row_ = 0, column_ = 0;
  bool full_ = false;  // the last column is written and the cursor still on it
};

}  // namespace moonstill::test
