// Keeps a frame on the terminal up to date with plain ANSI sequences: only rows that changed are written
// again. Composes bytes; who writes them is the caller.
#pragma once

#include <cstddef>
#include <string>

#include "bindings/editor/layout.hpp"

namespace moonstill::editor {

class Screen {
 public:
  /// At the beginning of an empty row, wherever the cursor was left: a line without its end stays above.
  [[nodiscard]] std::string begin(std::size_t width);

  /// From what is shown to this frame, which must not be higher than the terminal.
  [[nodiscard]] std::string show(Frame frame);

  /// The last form of the input, of any height, and the cursor below it. Wrapped rows are joined, so that the
  /// terminal keeps each line as one.
  [[nodiscard]] std::string finish(const Frame& frame);

  /// The empty screen with the same frame at its top.
  [[nodiscard]] std::string clear();

  /// After a change of the terminal's width, which wraps again what is there.
  [[nodiscard]] std::string resize(std::size_t width);

  /// Leaves the frame where it is, cursor below it, to begin() anew: before the program is suspended.
  [[nodiscard]] std::string leave();

 private:
  [[nodiscard]] std::string to_top() const;

  Frame shown_;
};

}  // namespace moonstill::editor
