// What Tab offers: the candidates, and how they are shown below the input.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/editor/layout.hpp"

namespace moonstill::editor {

struct Candidate {
  std::string word;       // what the last `length` bytes before the cursor may become
  std::string signature;  // the word and how it is called, or what it is; may be empty
  std::string summary;    // one line of help
};

struct Completion {
  std::vector<Candidate> candidates;
  std::size_t length = 0;
  std::string hint;  // about the place of the cursor, such as the signature of the call around it
};

[[nodiscard]] std::string common_prefix(const std::vector<Candidate>& candidates);

/// Candidates as a grid, first column first.
struct Grid {
  std::size_t rows = 1, columns = 1;
  std::size_t shown = 0;  // candidates that have room
};
[[nodiscard]] Grid grid_of(const std::vector<Candidate>& candidates, std::size_t width, std::size_t height);

/// Rows for the terminal: few candidates each with signature and help; many in columns, and below them the
/// signature and help of the one that is selected. `selected` past the end is none.
[[nodiscard]] std::vector<Row> completion_rows(const Completion& completion, std::size_t selected,
                                               std::size_t width, std::size_t height, bool color);

}  // namespace moonstill::editor
