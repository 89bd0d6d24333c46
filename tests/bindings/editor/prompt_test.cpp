// The prompt through a real terminal: typed at, and looked at, as a user does.
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/terminal_program.hpp"

namespace moonstill::test {
namespace {

const std::string up = "\x1b[A", down = "\x1b[B", left = "\x1b[D", tab = "\t";

std::string pasted(const std::string& text) { return "\x1b[200~" + text + "\x1b[201~"; }

using Environment = TerminalProgram::Environment;

Environment environment(const TemporaryFolder& folder, const Environment& more) {
  Environment all{{"TERM", "xterm"}, {"NO_COLOR", ""}, {"XDG_STATE_HOME", (folder / "state").string()}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// The program at its first prompt, its history in the folder.
struct Prompt {
  explicit Prompt(const TemporaryFolder& folder, std::size_t rows = 24, std::size_t columns = 80,
                  const Environment& more = {})
      : program(MOONSTILL_PROGRAM, rows, columns, environment(folder, more)) {
    REQUIRE(program.ends_with(">\n"));
  }

  // Types keys and waits until the screen ends so.
  void type(const std::string& keys, const std::string& end) {
    program.type(keys);
    const bool seen = program.ends_with(end);
    INFO("expected at the end\n" << end << "\ngot\n" << program.screen().text());
    CHECK(seen);
  }

  void leave() {
    program.type("\x03\x04");
    CHECK(program.exit_code() == 0);
  }

  TerminalProgram program;
};

TEST_CASE("an input of several lines is indented, run, recalled whole and edited") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  prompt.type("for i = 1, 2 do\r", "\n> for i = 1, 2 do\n·\n");
  CHECK(prompt.program.screen().cursor_column() == 4);
  prompt.type("print(i, 'é')\rend", "\n> for i = 1, 2 do\n·   print(i, 'é')\n· end\n");
  prompt.type("\r", "\n· end\n1       é\n2       é\n>\n");
  prompt.type(up, "\n> for i = 1, 2 do\n·   print(i, 'é')\n· end\n");
  prompt.type(up + up + "\x05\x17\x17" + "8 do", "\n> for i = 1, 8 do\n·   print(i, 'é')\n· end\n");
  prompt.type("\x1b\r", "\n> for i = 1, 8 do\n·\n·   print(i, 'é')\n· end\n");
  prompt.type("if i > 7 then break end\r", "\n7       é\n>\n");
  prompt.type("x = \r", "\n> x =\n·\n");
  prompt.leave();
}

TEST_CASE("a pasted script keeps its locals, a typed line does not") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  prompt.type(pasted("local ms = require 'moonstill'\nlocal a\nlocal function f(x)\n  local y = x\n  return "
                     "a or y\nend\n\nprint(f(4))\nlocal b = 5"),
              "\n> print(f(4))\n4\n> local b = 5\n");
  prompt.type("\r", "\n>\n");
  prompt.type("a, b, f(6)\r",
              "\nnil     5       6                                                        _1.._3\n>\n");
  prompt.type("local c = 7\r", "\n(a local ends with its line; leave out 'local' to keep the value)\n>\n");
  prompt.type("c\r", "\nrepl:1: undeclared global 'c'\n>\n");
  prompt.leave();
}

TEST_CASE("many lines that come at once without a paste's brackets are read in no time, and undone at once") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  std::string text = "function long(x)\r";
  for (int i = 0; i < 3000; ++i) text += "  if x then x = x + 1 end  -- one more\r";
  prompt.type(text + "  return x\rend\r", "\n· end\n>\n");
  prompt.type("long(1)\r",
              "\n3001                                                                         _1\n>\n");
  prompt.type(std::string(600, 'a'), "aaaa\n");
  prompt.type("\x1f", "\n>\n");
  prompt.leave();
}

TEST_CASE("a table's images are drawn below it") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  prompt.type(":set images text\r", "\n>\n");
  prompt.type("{ images = ms.tensor { { { { 0, 1 } } } } }\r",
              "\n{ images = [Tensor 1x1x1x2 f32] }                                            _1\n @\n>\n");
  prompt.type(
      "setmetatable({ parameters = { images = { ms.tensor { { { { 0, 1 } } } } } } }, { __tostring = "
      "function() return 'still' end })\r",
      "\nstill                                                                        _2\n @\n>\n");
  prompt.type("{ images = ms.ones { 1, 1, 1, 2 } };\r", "\n> { images = ms.ones { 1, 1, 1, 2 } };\n>\n");
  prompt.leave();
}

TEST_CASE("what the commands print breaks at words where the terminal ends") {
  const TemporaryFolder folder;
  Prompt prompt(folder, 40, 60);
  prompt.type(":set threads 1\r:set\r",
              "images    auto        How ms.show draws: auto (as the\n"
              "                      terminal can), kitty, sixel, blocks or\n"
              "                      text.\n>\n");
  prompt.leave();
}

TEST_CASE("emacs keys, undo, and Ctrl-C, which clears") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  prompt.type(
      "print(1, 2)\x01\x1b"
      "f\x1b[1;5C\x0b",
      "> print(1\n");
  prompt.type("\x19\x1f", "> print(1\n");
  prompt.type("\x19\x1b[D\x14", "> print(1, )2\n");
  prompt.type(
      "\x15"
      "unfinished(\x03",
      "> unfinished(^C\n>\n");
  prompt.type("io.write 'alive';\r", "alive⏎\n>\n");
  prompt.type("\x0cx", "> x\n");
  CHECK(prompt.program.screen().rows().size() == 1);
  prompt.leave();
}

TEST_CASE("history is searched, and kept") {
  const TemporaryFolder folder;
  {
    Prompt prompt(folder);
    prompt.type("print 'first'\r", "\nfirst\n>\n");
    prompt.type("print 'second'\r", "\nsecond\n>\n");
    prompt.type(
        "\x12"
        "FIRS",
        "\nnot found: FIRS\n");
    prompt.type(
        "\x7f\x7f\x7f\x7f"
        "firs",
        "> print 'first'\nsearch: firs\n");
    prompt.type("\r", "> print 'first'\nfirst\n>\n");
    prompt.leave();
  }
  Prompt prompt(folder);
  prompt.type("print 's" + up, "> print 'second'\n");
  prompt.type(up, "> print 'second'\n");
  prompt.type(down, "> print 's\n");
  prompt.type("\x15" + up + up, "> print 'second'\n");
  prompt.leave();
}

TEST_CASE("Tab completes, lists, and walks through the list") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  prompt.type(
      "ms.qubi" + tab,
      "> ms.qubits\nqubits(qubits, { dtype = \"f64\" })  Makes qubits, all of them 0, for gates that …\n");
  prompt.type("(2):r" + tab,
              "rz(qubit, theta, { controls = {} })               Rotation about Z: exp(-i thet…\n");
  CHECK(prompt.program.screen().rows().size() == 7);
  prompt.type(tab + tab + "\r", "> ms.qubits(2):rot\n");
  prompt.type(
      "\x15"
      "string.re" +
          tab,
      "> string.re\nrep: function\nreverse: function\n");
  prompt.type("v" + tab, "> string.reverse\nreverse: function\n");
  prompt.type("\x15nowhere.x" + tab + "y", "> nowhere.xy\n");
  prompt.leave();
}

TEST_CASE("a thousand pasted lines run in order, and soon") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  std::string chunks, results;
  for (int i = 0; i < 250; ++i) chunks += "if true then\r\tn = " + std::to_string(i) + "\r  print(n)\rend\r";
  const auto begin = std::chrono::steady_clock::now();
  prompt.program.type(pasted(chunks));
  REQUIRE(prompt.program.shows("\n249\n>"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  std::size_t from = 0;
  for (int i = 0; i < 250 && from != std::string::npos; ++i) {
    from = prompt.program.screen().text().find("\n· end\n" + std::to_string(i) + "\n", from);
  }
  CHECK(from != std::string::npos);
  prompt.leave();
}

TEST_CASE(
    "what is pasted without a last newline stays to be edited; chains go on; transcripts lose their "
    "prompts") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  prompt.type(pasted("t = ('a')\n  :rep(3)\nprint(t)\nprint 'left"), "\naaa\n> print 'left\n");
  prompt.type("'\r", "\nleft\n>\n");
  prompt.type(pasted("> print 'typed'\nresult\n> for i = 1, 2 do\n· print(i)\n· end\n1\n2\n"),
              "> for i = 1, 2 do\n· print(i)\n· end\n1\n2\n>\n");
  prompt.type("\x0c(" + left + pasted("a\nb"), "> a\n· b(\n");
  prompt.leave();
}

TEST_CASE("Ctrl-C stops what runs, and what is pasted behind it, however soon it comes") {
  const TemporaryFolder folder;
  Prompt prompt(folder, 200);
  std::string shown = prompt.program.screen().text();
  for (const int microseconds : {0, 0, 0, 0, 20, 50, 100, 200, 500, 1000, 3000, 20000}) {
    prompt.program.type(pasted("x = 1\nwhile true do end\nprint 'not run'\n"));
    shown.insert(shown.rfind('\n'), " x = 1\n> while true do end");
    REQUIRE(prompt.program.ends_with(shown));
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
    prompt.program.signal(SIGINT);
    REQUIRE(prompt.program.ends_with("interrupted\n>\n"));
    shown = prompt.program.screen().text();
  }
  prompt.type("print(x)\r", "> print(x)\n1\n>\n");
  prompt.leave();
}

TEST_CASE("forty columns, a new width, wide characters") {
  const TemporaryFolder folder;
  Prompt prompt(folder, 24, 40);
  prompt.type("\x0cx = '日本語日本語日本語日本語日本語' .. 'é'",
              "> x = '日本語日本語日本語日本語日本語' .\n. 'é'\n");
  prompt.type("\x01\x0b", ">\n");
  prompt.program.resize(24, 20);
  prompt.type(
      "\x0c"
      "print 'abcdefghijklmnopqrstuvwxyz'",
      "> print 'abcdefghijk\nlmnopqrstuvwxyz'\n");
  prompt.leave();
}

TEST_CASE("colours where they are wanted") {
  const TemporaryFolder folder;
  Prompt colored(folder);
  colored.type("return 'x'", "> return 'x'\n");
  CHECK(colored.program.output().find("\x1b[0;32m'x'") != std::string::npos);
  Prompt without(folder, 24, 80, {{"NO_COLOR", "1"}});
  without.type("print 'x'\r", "> print 'x'\nx\n>\n");
  CHECK(without.program.output().find("\x1b[0;3") == std::string::npos);
}

TEST_CASE("a terminal that only prints gets plain lines") {
  const TemporaryFolder folder;
  Prompt prompt(folder, 24, 80, {{"TERM", "dumb"}});
  prompt.type("for i = 1, 2 do print(i)\n", "do print(i)\n·\n");
  prompt.type("end\n", "\n· end\n1\n2\n>\n");
  CHECK(prompt.program.output().find('\x1b') == std::string::npos);
  prompt.program.type("\x04");
  CHECK(prompt.program.exit_code() == 0);
}

TEST_CASE("told to end, it leaves the terminal as it was") {
  const TemporaryFolder folder;
  Prompt prompt(folder);
  prompt.type("unfinished", "> unfinished\n");
  prompt.program.signal(SIGTERM);
  CHECK(prompt.program.exit_code() == 128 + SIGTERM);
  CHECK(prompt.program.output().ends_with("\x1b[?2004l"));
}

}  // namespace
}  // namespace moonstill::test
