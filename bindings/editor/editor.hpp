// The line editor: reads whole inputs of one or more lines from a terminal, with colours, completion and
// history. It knows nothing of the Lua state: what it must know it asks. Where the terminal is none, or too
// simple, it reads plain lines.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/editor/completion.hpp"

namespace moonstill::editor {

struct Prompt {
  std::string first;      // before the first line, such as "> "
  std::string continued;  // before the others, of the same width
  bool color = false;
};

struct Questions {
  /// Whether a text is ready to be run, wrong or right; if not, Enter goes on to another line.
  std::function<bool(const std::string& text)> is_finished;
  /// What may stand at the end of a text, which is what is before the cursor.
  std::function<Completion(const std::string& before)> complete;
};

class Editor {
 public:
  /// An empty path keeps no history file.
  explicit Editor(std::string history_path);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  /// One input, without the end of its last line. Nothing at the end of all input and, where there is no
  /// terminal to edit on, after Ctrl-C: interrupt_requested() tells. Throws what the questions throw.
  [[nodiscard]] std::optional<std::string> read(const Prompt& prompt, const Questions& questions);

  /// Whether the last input was one of several that came at once, pasted.
  [[nodiscard]] bool one_of_many() const;

  /// Forgets what was pasted and is still to be run.
  void drop_pasted();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moonstill::editor
