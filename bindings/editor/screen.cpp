#include "bindings/editor/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace moonstill::editor {
namespace {

std::string move(std::size_t count, char direction) {
  return count == 0 ? std::string() : fmt::format("\x1b[{}{}", count, direction);
}

}  // namespace

std::string Screen::to_top() const { return fmt::format("\r{}", move(shown_.cursor_row, 'A')); }

// Behind an unfinished line, the mark and a row of spaces end in the next row; at a row's beginning, in the
// same.
std::string Screen::begin(std::size_t width) {
  shown_ = {};
  const std::size_t spaces = width > 1 ? width - 1 : 0;
  return "⏎" + std::string(spaces, ' ') + "\r\x1b[J";
}

std::string Screen::show(Frame frame) {
  std::string out = to_top();
  const std::size_t shown = shown_.rows.size();
  for (std::size_t i = 0; i < frame.rows.size(); ++i) {
    if (i > 0) out += "\r\n";
    // The row is emptied first: behind a full row the cursor stands on its last character.
    if (i >= shown || shown_.rows[i] != frame.rows[i]) out += "\x1b[K" + frame.rows[i].text;
  }
  if (shown > frame.rows.size()) out += "\r\n\x1b[J\x1b[A";
  out += fmt::format("\r{}{}", move(frame.rows.size() - 1 - frame.cursor_row, 'A'),
                     move(frame.cursor_column, 'C'));
  shown_ = std::move(frame);
  return out;
}

std::string Screen::finish(const Frame& frame) {
  std::string out = to_top() + "\x1b[J";
  for (const Row& row : frame.rows) out += row.text + (row.wrapped ? "" : "\r\n");
  shown_ = {};
  return out;
}

std::string Screen::clear() {
  Frame frame = std::exchange(shown_, {});
  return fmt::format("\x1b[H\x1b[2J{}", show(std::move(frame)));
}

std::string Screen::resize(std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::size_t above = shown_.cursor_column / width;
  for (std::size_t i = 0; i < shown_.cursor_row; ++i) {
    above += std::max<std::size_t>(1, (shown_.rows[i].columns + width - 1) / width);
  }
  shown_ = {};
  return fmt::format("\r{}\x1b[J", move(above, 'A'));
}

std::string Screen::leave() {
  const std::size_t below = shown_.rows.empty() ? 0 : shown_.rows.size() - 1 - shown_.cursor_row;
  shown_ = {};
  return fmt::format("{}\r\n", move(below, 'B'));
}

}  // namespace moonstill::editor
