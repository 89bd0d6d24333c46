// The text being edited, of one or more lines, with its cursor: motions, killing and yanking, undo. Knows
// nothing of the screen or of Lua.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill::editor {

class Buffer {
 public:
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t cursor() const { return cursor_; }
  [[nodiscard]] bool on_first_line() const { return line_start() == 0; }
  [[nodiscard]] bool on_last_line() const { return line_end() == text_.size(); }

  /// Where the cursor's line begins and ends.
  [[nodiscard]] std::size_t line_start() const;
  [[nodiscard]] std::size_t line_end() const;

  /// Another text, as one change that undo takes back.
  void set(std::string text, std::size_t cursor);
  /// Empties it and forgets what could be undone. What was killed stays.
  void clear();

  void insert(std::string_view text);
  /// Puts `text` in the place of a part; the cursor keeps its place in what stays.
  void replace(std::size_t begin, std::size_t end, std::string_view text);

  void move_to(std::size_t place) { cursor_ = place; }
  void left();
  void right();
  void word_left() { cursor_ = word_start(); }
  void word_right() { cursor_ = word_end(); }
  void up();
  void down();

  void erase_back();
  void erase();
  void kill_to_line_end();
  void kill_to_line_start() { kill(line_start(), cursor_); }
  void kill_word_back() { kill(word_start(), cursor_); }
  void kill_word() { kill(cursor_, word_end()); }
  void kill_back_to_space();
  void yank() { insert(killed_); }
  /// Exchanges the characters around the cursor, at the end of a line the two before it.
  void transpose();
  void undo();

  /// To be told after every key: only changes of one kind, one after another, are undone as one, and only
  /// kills one after another are yanked together.
  void end_key();

 private:
  enum class Change { none, insertion, erasure, kill, other };
  struct State {
    std::string text;
    std::size_t cursor;
  };

  [[nodiscard]] std::size_t word_start() const;
  [[nodiscard]] std::size_t word_end() const;
  [[nodiscard]] std::size_t column() const;
  void move_to_column(std::size_t start, std::size_t column);
  void begin_change(Change change);
  void kill(std::size_t begin, std::size_t end);

  std::string text_;
  std::size_t cursor_ = 0;
  std::string killed_;
  std::vector<State> undo_;
  Change change_ = Change::none;       // by this key
  Change last_change_ = Change::none;  // by the key before
  std::size_t goal_ = 0;               // the column that up and down keep to
  bool vertical_ = false, last_vertical_ = false;
};

}  // namespace moonstill::editor
