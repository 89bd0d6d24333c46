// Lines from the terminal, with history and completion (libedit).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moonstill::lua {

struct Completion {
  std::vector<std::string> words;  // what the last `length` characters may become
  std::size_t length = 0;
};

class LineEditor {
 public:
  using Completer = std::function<Completion(const std::string& before_cursor)>;

  /// An empty path keeps no history file.
  explicit LineEditor(std::string history_path);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// One line without its end, or nothing at the end of input or after Ctrl-C (interrupt_requested() tells
  /// which).
  std::optional<std::string> read(const std::string& prompt, const Completer& completer);

  /// Adds an entry unless the last one is equal, and saves.
  void remember(const std::string& entry);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moonstill::lua
