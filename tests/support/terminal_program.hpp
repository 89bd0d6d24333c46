// A program run on a terminal of its own, typed at and read like a user would.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/fake_terminal.hpp"

namespace moonstill::test {

class TerminalProgram {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  TerminalProgram(const std::string& program, std::size_t rows, std::size_t columns,
                  const Environment& environment);
  /// Kills it if it still runs.
  ~TerminalProgram();
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;

  void type(std::string_view keys);

  /// Reads until the text on the screen, and what has scrolled away, ends with (or holds) this. False after
  /// 20 seconds.
  [[nodiscard]] bool ends_with(std::string_view text);
  [[nodiscard]] bool shows(std::string_view text);

  /// Reads until the program ends, and gives its exit code; -1 after 20 seconds.
  [[nodiscard]] int exit_code();

  void resize(std::size_t rows, std::size_t columns);
  void signal(int number) const;

  [[nodiscard]] const FakeTerminal& screen() const { return screen_; }
  /// Every byte that came.
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  // False when the program's end of the terminal is closed.
  bool read_available();
  template <class Done>
  bool read_until(Done done);

  FakeTerminal screen_;
  std::string output_;
  pid_t process_ = -1;
  int terminal_ = -1;
};

}  // namespace moonstill::test
