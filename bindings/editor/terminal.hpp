// The terminal itself: raw mode, size, reading with a time limit, the signals that matter while a line is
// edited.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace moonstill::editor {

/// Whether standard input and output are a terminal that understands ANSI sequences.
[[nodiscard]] bool is_capable_terminal();

struct Size {
  std::size_t columns = 80, rows = 24;
};
[[nodiscard]] Size terminal_size();

/// Writes to standard output, all or, when the terminal is gone, what is possible.
void write_terminal(std::string_view bytes);

/// Raw mode with bracketed paste for its lifetime.
class RawMode {
 public:
  RawMode();
  ~RawMode() { leave(); }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

  void enter();
  void leave();

 private:
  termios before_{};
};

enum class Event { input, timeout, end, resized, interrupted, continued, terminated };

/// While it lives, signals arrive as events: SIGINT, SIGWINCH, SIGCONT, SIGTERM, SIGHUP. One at a time. Those
/// to stop that nobody took are raised again at its end.
class Events {
 public:
  Events();
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  /// Waits, without a limit if none is given, and appends what was typed to `bytes`.
  [[nodiscard]] Event wait(std::string& bytes, std::optional<int> milliseconds);

  /// Whether more was typed than wait() has given.
  [[nodiscard]] static bool more_typed();

  /// Forgets the signals that have come.
  void forget() const;

  /// The signal behind the last Event::terminated.
  [[nodiscard]] int signal() const { return signal_; }

 private:
  [[nodiscard]] std::optional<Event> take_signal();

  int signal_ = 0;
};

/// Stops the process as Ctrl-Z does, until it is continued.
void suspend_process();

}  // namespace moonstill::editor
