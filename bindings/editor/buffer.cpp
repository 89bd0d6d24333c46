#include "bindings/editor/buffer.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "bindings/editor/utf8.hpp"

namespace moonstill::editor {
namespace {

constexpr std::size_t most_undo = 1000;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

}  // namespace

std::size_t Buffer::line_start() const {
  return cursor_ == 0 ? 0 : text_.rfind('\n', cursor_ - 1) + 1;  // npos + 1 is 0
}

std::size_t Buffer::line_end() const { return std::min(text_.find('\n', cursor_), text_.size()); }

void Buffer::begin_change(Change change) {
  const bool goes_on = change == last_change_ && change != Change::other && !undo_.empty();
  if (!goes_on && change_ == Change::none) {
    undo_.push_back({text_, cursor_});
    if (undo_.size() > most_undo) undo_.erase(undo_.begin());
  }
  change_ = change;
}

void Buffer::end_key() {
  last_change_ = std::exchange(change_, Change::none);
  last_vertical_ = std::exchange(vertical_, false);
}

void Buffer::set(std::string text, std::size_t cursor) {
  begin_change(Change::other);
  text_ = std::move(text);
  cursor_ = cursor;
}

void Buffer::clear() {
  text_.clear();
  cursor_ = 0;
  undo_.clear();
  change_ = last_change_ = Change::none;
}

void Buffer::insert(std::string_view text) {
  // Undo goes back word by word.
  const bool one = !text.empty() && step_right(text, 0) == text.size() && !is_space(text.front());
  begin_change(one ? Change::insertion : Change::other);
  text_.insert(cursor_, text);
  cursor_ += text.size();
}

void Buffer::replace(std::size_t begin, std::size_t end, std::string_view text) {
  begin_change(Change::other);
  text_.replace(begin, end - begin, text);
  if (cursor_ >= end)
    cursor_ += text.size() - (end - begin);
  else if (cursor_ > begin)
    cursor_ = begin + text.size();
}

void Buffer::left() { cursor_ = step_left(text_, cursor_); }

void Buffer::right() { cursor_ = step_right(text_, cursor_); }

std::size_t Buffer::word_start() const {
  std::size_t at = cursor_;
  while (at > 0 && !is_word(text_[at - 1])) --at;
  while (at > 0 && is_word(text_[at - 1])) --at;
  return at;
}

std::size_t Buffer::word_end() const {
  std::size_t at = cursor_;
  while (at < text_.size() && !is_word(text_[at])) ++at;
  while (at < text_.size() && is_word(text_[at])) ++at;
  return at;
}

std::size_t Buffer::column() const {
  return columns_of(std::string_view(text_).substr(line_start(), cursor_ - line_start()));
}

void Buffer::move_to_column(std::size_t start, std::size_t column) {
  cursor_ = start;
  const std::size_t end = line_end();
  while (cursor_ < end) {
    const std::size_t next = step_right(text_, cursor_);
    if (columns_of(std::string_view(text_).substr(start, next - start)) > column) break;
    cursor_ = next;
  }
}

void Buffer::up() {
  if (!last_vertical_) goal_ = column();
  vertical_ = true;
  if (on_first_line()) return;
  cursor_ = line_start() - 1;
  move_to_column(line_start(), goal_);
}

void Buffer::down() {
  if (!last_vertical_) goal_ = column();
  vertical_ = true;
  if (!on_last_line()) move_to_column(line_end() + 1, goal_);
}

void Buffer::erase_back() {
  const std::size_t start = step_left(text_, cursor_);
  if (start == cursor_) return;
  begin_change(Change::erasure);
  text_.erase(start, cursor_ - start);
  cursor_ = start;
}

void Buffer::erase() {
  const std::size_t end = step_right(text_, cursor_);
  if (end == cursor_) return;
  begin_change(Change::erasure);
  text_.erase(cursor_, end - cursor_);
}

void Buffer::kill(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  const bool backward = end == cursor_;
  const std::string part = text_.substr(begin, end - begin);
  if (last_change_ != Change::kill)
    killed_ = part;
  else
    killed_ = backward ? part + killed_ : killed_ + part;
  begin_change(Change::kill);
  text_.erase(begin, end - begin);
  cursor_ = begin;
}

void Buffer::kill_to_line_end() {
  const bool at_end = cursor_ == line_end() && cursor_ < text_.size();
  kill(cursor_, at_end ? cursor_ + 1 : line_end());
}

void Buffer::kill_back_to_space() {
  std::size_t at = cursor_;
  while (at > 0 && is_space(text_[at - 1])) --at;
  while (at > 0 && !is_space(text_[at - 1])) --at;
  kill(at, cursor_);
}

void Buffer::transpose() {
  const std::size_t middle = cursor_ == line_end() ? step_left(text_, cursor_) : cursor_;
  if (middle <= line_start() || middle >= line_end()) return;
  const std::size_t begin = step_left(text_, middle), end = step_right(text_, middle);
  begin_change(Change::other);
  const std::string first = text_.substr(begin, middle - begin);
  text_.erase(begin, first.size());
  text_.insert(end - first.size(), first);
  cursor_ = end;
}

void Buffer::undo() {
  if (undo_.empty()) return;
  text_ = std::move(undo_.back().text);
  cursor_ = undo_.back().cursor;
  undo_.pop_back();
}

}  // namespace moonstill::editor
