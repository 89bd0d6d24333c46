#include "bindings/editor/keys.hpp"

#include <algorithm>

#include "bindings/editor/utf8.hpp"

namespace moonstill::editor {
namespace {

struct Binding {
  std::string_view bytes;
  Command command;
};

// Ctrl-letter is the letter's low five bits; Alt-x is ESC x. Cursor keys come as xterm, the Linux console and
// rxvt send them; 1;5 is Ctrl, 1;3 Alt.
constexpr Binding bindings[] = {
    {"\r", Command::enter},
    {"\n", Command::enter},
    {"\x1b\r", Command::newline},
    {"\x1b\n", Command::newline},
    {"\x1b[13;2u", Command::newline},
    {"\x1b[13;3u", Command::newline},
    {"\x1b[27;2;13~", Command::newline},
    {"\x1b[27;3;13~", Command::newline},
    {"\t", Command::complete},
    {"\x1b[Z", Command::complete_back},
    {"\x02", Command::left},
    {"\x1b[D", Command::left},
    {"\x1bOD", Command::left},
    {"\x06", Command::right},
    {"\x1b[C", Command::right},
    {"\x1bOC", Command::right},
    {"\x1b[A", Command::up},
    {"\x1bOA", Command::up},
    {"\x1b[B", Command::down},
    {"\x1bOB", Command::down},
    {"\x1b"
     "b",
     Command::word_left},
    {"\x1b[1;5D", Command::word_left},
    {"\x1b[1;3D", Command::word_left},
    {"\x1b[5D", Command::word_left},
    {"\x1bOd", Command::word_left},
    {"\x1b\x1b[D", Command::word_left},
    {"\x1b"
     "f",
     Command::word_right},
    {"\x1b[1;5C", Command::word_right},
    {"\x1b[1;3C", Command::word_right},
    {"\x1b[5C", Command::word_right},
    {"\x1bOc", Command::word_right},
    {"\x1b\x1b[C", Command::word_right},
    {"\x01", Command::line_start},
    {"\x1b[H", Command::line_start},
    {"\x1bOH", Command::line_start},
    {"\x1b[1~", Command::line_start},
    {"\x1b[7~", Command::line_start},
    {"\x05", Command::line_end},
    {"\x1b[F", Command::line_end},
    {"\x1bOF", Command::line_end},
    {"\x1b[4~", Command::line_end},
    {"\x1b[8~", Command::line_end},
    {"\x1b<", Command::text_start},
    {"\x1b[1;5H", Command::text_start},
    {"\x1b>", Command::text_end},
    {"\x1b[1;5F", Command::text_end},
    {"\x7f", Command::erase_back},
    {"\b", Command::erase_back},
    {"\x1b[3~", Command::erase},
    {"\x04", Command::erase_or_leave},
    {"\x0b", Command::kill_to_end},
    {"\x15", Command::kill_to_start},
    {"\x17", Command::kill_back_to_space},
    {"\x1b\x7f", Command::kill_word_back},
    {"\x1b\b", Command::kill_word_back},
    {"\x1b"
     "d",
     Command::kill_word},
    {"\x1b[3;5~", Command::kill_word},
    {"\x1b[3;3~", Command::kill_word},
    {"\x19", Command::yank},
    {"\x14", Command::transpose},
    {"\x1f", Command::undo},
    {"\x18\x15", Command::undo},
    {"\x10", Command::previous_entry},
    {"\x0e", Command::next_entry},
    {"\x1b[1;3A", Command::previous_entry},
    {"\x1b[1;5A", Command::previous_entry},
    {"\x1b[1;3B", Command::next_entry},
    {"\x1b[1;5B", Command::next_entry},
    {"\x12", Command::search_back},
    {"\x13", Command::search_forward},
    {"\x0c", Command::clear_screen},
    {"\x03", Command::interrupt},
    {"\x1a", Command::suspend},
    {"\x07", Command::cancel},
};

constexpr char escape = '\x1b';
constexpr std::string_view paste_start = "\x1b[200~", paste_end = "\x1b[201~";

Decoded decode_paste(std::string_view bytes, bool last) {
  const std::string_view body = bytes.substr(paste_start.size());
  const std::size_t end = body.find(paste_end);
  if (end != std::string_view::npos) {
    return {{Command::paste, std::string(body.substr(0, end))}, paste_start.size() + end + paste_end.size()};
  }
  if (!last) return {};
  return {{Command::paste, std::string(body)}, bytes.size()};
}

// The end of what a terminal answers late, ESC _ text ESC \\ or the like; 0 when it is not there yet.
std::size_t answer_size(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find("\x1b\\", 2), bytes.find('\a', 2));
  if (end == std::string_view::npos) return 0;
  return end + (bytes[end] == '\a' ? 1 : 2);
}

// How long a control sequence is that no binding knows: ESC [ parameters final, ESC O letter, ESC character.
// 0 when its end is not there yet.
std::size_t sequence_size(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  if (bytes[1] == escape) return 1;
  if (std::string_view("_]P^").find(bytes[1]) != std::string_view::npos) return answer_size(bytes);
  if (bytes[1] == 'O') return bytes.size() < 3 ? 0 : 3;
  if (bytes[1] != '[') return 1 + std::max<std::size_t>(1, character_size(bytes.substr(1)));
  const auto* const final =
      std::find_if(bytes.begin() + 2, bytes.end(), [](char c) { return (c >= '@' && c <= '~') || c < ' '; });
  if (final == bytes.end()) return 0;
  return static_cast<std::size_t>(final - bytes.begin()) + 1;
}

Decoded decode_sequence(std::string_view bytes, bool last) {
  if (bytes.size() == 1) return last ? Decoded{{Command::cancel, {}}, 1} : Decoded{};
  const std::size_t size = sequence_size(bytes);
  if (size > 0) return {{}, size};
  return last ? Decoded{{}, bytes.size()} : Decoded{};
}

}  // namespace

Decoded decode(std::string_view bytes, bool last) {
  if (bytes.empty()) return {};
  if (bytes.starts_with(paste_start)) return decode_paste(bytes, last);
  bool begun = paste_start.starts_with(bytes) && bytes.size() > 1;
  for (const Binding& binding : bindings) {
    if (bytes.starts_with(binding.bytes)) return {{binding.command, {}}, binding.bytes.size()};
    begun = begun || binding.bytes.starts_with(bytes);
  }
  if (begun && !last) return {};
  if (bytes.front() == escape) return decode_sequence(bytes, last);
  if (static_cast<unsigned char>(bytes.front()) < ' ') return {{}, 1};
  const std::size_t size = character_size(bytes);
  if (size == 0) return last ? Decoded{{}, 1} : Decoded{};
  return {{Command::insert, std::string(bytes.substr(0, size))}, size};
}

}  // namespace moonstill::editor
