// The prompt through a real terminal: typed at, and looked at, as a user does.
#include <chrono>
#include <csignal>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/terminal_program.hpp"

namespace moonstill::test {
namespace {

// The program with a history of its own, at its first prompt.
struct Prompt {
  explicit Prompt(std::size_t rows = 24, std::size_t columns = 80, const std::string& term = "xterm",
                  const TerminalProgram::Environment& more = {})
      : program(MOONSTILL_PROGRAM, rows, columns, environment(term, more)) {
    REQUIRE(program.ends_with("\n>\n"));
  }

  TerminalProgram::Environment environment(const std::string& term,
                                           const TerminalProgram::Environment& more) const {
    TerminalProgram::Environment all{
        {"TERM", term}, {"NO_COLOR", ""}, {"XDG_STATE_HOME", (folder / "state").string()}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // Types keys and waits for how the screen ends.
  void type(const std::string& keys, const std::string& end) {
    program.type(keys);
    const bool seen = program.ends_with(end);
    INFO("typed " << keys << "\nexpected at the end\n" << end << "\ngot\n" << program.screen().text());
    CHECK(seen);
  }

  void leave() {
    program.type("\x03\x04");
    CHECK(program.exit_code() == 0);
  }

  TemporaryFolder folder;
  TerminalProgram program;
};

TEST_CASE("an input of several lines is indented, run, recalled and edited") {
  Prompt prompt;
  prompt.type("for i = 1, 2 do\r", "\n> for i = 1, 2 do\n·\n");
  CHECK(prompt.program.screen().cursor_column() == 4);
  prompt.type("print(i, 'é')\rend", "\n> for i = 1, 2 do\n·   print(i, 'é')\n· end\n");
  prompt.type("\r", "\n· end\n1       é\n2       é\n>\n");
  prompt.leave();
}

}  // namespace
}  // namespace moonstill::test
