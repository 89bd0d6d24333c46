// From the terminal's bytes to editing commands: emacs keys, escape sequences of the usual terminals,
// bracketed paste.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moonstill::editor {

enum class Command {
  insert,  // Key::text, one character
  paste,   // Key::text, as the terminal brackets it
  enter,
  newline,
  complete,
  complete_back,
  left,
  right,
  up,
  down,
  word_left,
  word_right,
  line_start,
  line_end,
  text_start,
  text_end,
  erase_back,
  erase,
  erase_or_leave,
  kill_to_end,
  kill_to_start,
  kill_word_back,
  kill_word,
  kill_back_to_space,
  yank,
  transpose,
  undo,
  previous_entry,
  next_entry,
  search_back,
  search_forward,
  clear_screen,
  interrupt,
  suspend,
  cancel,
  none,  // bytes that mean nothing here
};

struct Key {
  Command command = Command::none;
  std::string text;
};

struct Decoded {
  Key key;
  std::size_t used = 0;  // bytes taken; 0 when more must come first
};

/// The first key of these bytes. `last` says that no more bytes will come soon: a lone ESC is then the Escape
/// key, and a sequence or paste without its end is taken as it stands.
/// Example: decode("\x1b[1;5C", false) is {word_right, 6 bytes}.
[[nodiscard]] Decoded decode(std::string_view bytes, bool last);

}  // namespace moonstill::editor
