#include "tests/support/fake_terminal.hpp"

#include <algorithm>
#include <cstdlib>

#include "bindings/editor/utf8.hpp"

namespace moonstill::test {
namespace {

std::string joined(const std::vector<std::string>& cells) {
  std::string row;
  for (const std::string& cell : cells) row += cell;
  row.erase(row.find_last_not_of(' ') + 1);
  return row;
}

}  // namespace

FakeTerminal::FakeTerminal(std::size_t rows, std::size_t columns)
    : columns_(columns), screen_(rows, Cells(columns, " ")) {}

std::vector<std::string> FakeTerminal::rows() const {
  std::vector<std::string> out;
  for (const Cells& cells : screen_) out.push_back(joined(cells));
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

std::string FakeTerminal::text() const {
  std::string out;
  for (const std::string& row : scrolled_) out += row + '\n';
  for (const std::string& row : rows()) out += row + '\n';
  return out;
}

void FakeTerminal::write(std::string_view bytes) {
  unfinished_ += bytes;
  std::string_view rest = unfinished_;
  while (!rest.empty()) {
    const std::size_t taken = take(rest);
    if (taken == 0) break;
    rest.remove_prefix(taken);
  }
  unfinished_ = std::string(rest);
}

std::size_t FakeTerminal::take(std::string_view bytes) {
  const char first = bytes.front();
  if (first == '\x1b') return take_sequence(bytes);
  if (static_cast<unsigned char>(first) < ' ') {
    full_ = false;
    if (first == '\r') column_ = 0;
    if (first == '\n') line_feed();
    if (first == '\t') column_ = std::min(columns_ - 1, column_ / 8 * 8 + 8);
    return 1;
  }
  const std::size_t size = editor::character_size(bytes);
  if (size > 0) put(bytes.substr(0, size));
  return size;
}

std::size_t FakeTerminal::take_sequence(std::string_view bytes) {
  const std::size_t end = bytes.find_first_of("ABCDHJKhlmn", 2);
  if (end == std::string_view::npos) return 0;
  const std::string parameters(bytes.substr(2, end - 2));
  const std::size_t count = std::max<std::size_t>(1, std::strtoul(parameters.c_str(), nullptr, 10));
  const char final = bytes[end];
  if (final != 'm' && final != 'h' && final != 'l') full_ = false;
  if (final == 'A') row_ -= std::min(row_, count);
  if (final == 'B') row_ = std::min(screen_.size() - 1, row_ + count);
  if (final == 'C') column_ = std::min(columns_ - 1, column_ + count);
  if (final == 'H') row_ = column_ = 0;
  if (final == 'K') erase(row_, column_);
  if (final == 'J') {
    erase(row_, parameters == "2" ? 0 : column_);
    for (std::size_t row = parameters == "2" ? 0 : row_ + 1; row < screen_.size(); ++row) erase(row, 0);
  }
  return end + 1;
}

void FakeTerminal::put(std::string_view character) {
  const auto width = static_cast<std::size_t>(editor::glyph_of(character).width);
  if (width == 0) {
    screen_[row_][column_ - (full_ ? 0 : std::min<std::size_t>(column_, 1))] += character;
    return;
  }
  if (full_ || column_ + width > columns_) {
    column_ = 0;
    full_ = false;
    line_feed();
  }
  screen_[row_][column_] = character;
  if (width == 2) screen_[row_][column_ + 1].clear();
  column_ += width;
  if (column_ < columns_) return;
  column_ = columns_ - 1;
  full_ = true;
}

void FakeTerminal::line_feed() {
  if (row_ + 1 < screen_.size()) {
    ++row_;
    return;
  }
  scrolled_.push_back(joined(screen_.front()));
  screen_.erase(screen_.begin());
  screen_.emplace_back(columns_, " ");
}

void FakeTerminal::erase(std::size_t row, std::size_t from) {
  std::fill(screen_[row].begin() + static_cast<std::ptrdiff_t>(from), screen_[row].end(),
            std::string(1, ' '));
}

}  // namespace moonstill::test
