#include "bindings/editor/screen.hpp"

#include "bindings/editor/completion.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_terminal.hpp"

namespace moonstill::editor {
namespace {

using Rows = std::vector<std::string>;

// A screen on a terminal in memory.
struct Pair {
  Pair(std::size_t rows, std::size_t width) : terminal(rows, width), columns(width) {
    terminal.write(screen.begin(width));
  }

  void show(std::string_view text, std::size_t cursor, std::size_t height = 24) {
    terminal.write(screen.show(visible(lay_out({"> ", ". ", text, cursor, nullptr}, columns), height)));
  }

  test::FakeTerminal terminal;
  std::size_t columns;
  Screen screen;
};

TEST_CASE("lines wrap at the width, wide characters whole") {
  Pair pair(6, 6);
  pair.show("abcdefg日本", 13);
  CHECK(pair.terminal.rows() == Rows{"> abcd", "efg日", "本"});
  CHECK(pair.terminal.cursor_row() == 2);
  CHECK(pair.terminal.cursor_column() == 2);
  pair.show("abcd", 4);
  CHECK(pair.terminal.rows() == Rows{"> abcd"});
  CHECK(pair.terminal.cursor_row() == 1);
  CHECK(pair.terminal.cursor_column() == 0);
  pair.show("a\nb\tc\n\x01", 2);
  CHECK(pair.terminal.rows() == Rows{"> a", ". b", "c", ". ^A"});
  CHECK(pair.terminal.cursor_row() == 1);
  CHECK(pair.terminal.cursor_column() == 2);
}

TEST_CASE("a screen of two columns") {
  Pair pair(4, 2);
  pair.show("日x本", 7, 4);
  CHECK(pair.terminal.rows() == Rows{"日", "x", "本"});
  CHECK(pair.terminal.cursor_row() == 3);
}

TEST_CASE("only what changed is written again, and rows that go are emptied") {
  Pair pair(8, 20);
  pair.show("one\ntwo\nthree", 0);
  const std::string change = pair.screen.show(lay_out({"> ", ". ", "one\ntwx\nthree", 6, nullptr}, 20));
  CHECK(change.find("twx") != std::string::npos);
  CHECK(change.find("one") == std::string::npos);
  CHECK(change.find("three") == std::string::npos);
  pair.terminal.write(change);
  CHECK(pair.terminal.rows() == Rows{"> one", ". twx", ". three"});
  pair.show("x", 1);
  CHECK(pair.terminal.rows() == Rows{"> x"});
}

TEST_CASE("an input higher than the screen shows the rows around the cursor; at the end it is whole") {
  Pair pair(4, 10);
  const std::string text = "1\n2\n3\n4\n5\n6\n7";
  pair.show(text, 0, 4);
  CHECK(pair.terminal.rows() == Rows{"> 1", ". 2", ". 3", ". 4"});
  pair.show(text, text.size(), 4);
  CHECK(pair.terminal.rows() == Rows{". 4", ". 5", ". 6", ". 7"});
  pair.show(text, 6, 4);
  CHECK(pair.terminal.cursor_column() == 2);
  pair.terminal.write(pair.screen.finish(lay_out({"> ", ". ", text, text.size(), nullptr}, 10)));
  CHECK(pair.terminal.text() == "> 1\n. 2\n. 3\n. 4\n. 5\n. 6\n. 7\n");
}

TEST_CASE("an unfinished line stays above the prompt") {
  test::FakeTerminal terminal(4, 10);
  Screen screen;
  terminal.write("abc" + screen.begin(10) + screen.show(lay_out({"> ", ". ", "x", 1, nullptr}, 10)));
  CHECK(terminal.rows() == Rows{"abc⏎", "> x"});
  terminal.write("\r\n" + screen.begin(10) + screen.show(lay_out({"> ", ". ", "y", 1, nullptr}, 10)));
  CHECK(terminal.rows() == Rows{"abc⏎", "> x", "> y"});
}

TEST_CASE("clearing, leaving") {
  Pair pair(6, 10);
  pair.terminal.write("above\r\n");
  pair.show("a\nb", 0);
  pair.terminal.write(pair.screen.leave());
  CHECK(pair.terminal.cursor_row() == 3);
  pair.show("a\nb", 3);
  pair.terminal.write(pair.screen.clear());
  CHECK(pair.terminal.rows() == Rows{"> a", ". b"});
  CHECK(pair.terminal.cursor_row() == 1);
}

TEST_CASE("colours do not count as columns, and end with their rows") {
  const std::vector<Style> styles = styles_of("'a'x", 0);
  const Frame frame = lay_out({"> ", ". ", "'a'x", 4, &styles}, 4);
  REQUIRE(frame.rows.size() == 2);
  CHECK(frame.rows[0].columns == 4);
  CHECK(frame.rows[0].text.ends_with("\x1b[0m"));
  CHECK(frame.rows[1].text == "\x1b[0;32m'\x1b[0mx");
}

Rows listed(const Completion& completion, std::size_t selected, std::size_t width, std::size_t height) {
  Rows out;
  for (const Row& row : completion_rows(completion, selected, width, height, false)) {
    CHECK(row.columns <= width);
    out.push_back(row.text);
  }
  CHECK(out.size() <= height);
  return out;
}

constexpr std::size_t none = static_cast<std::size_t>(-1);

TEST_CASE("few candidates are described, as the width allows") {
  const Completion completion{{{"sin", "sin(x)", "Computes the sine."}, {"size", "size: number", ""}}, 2, ""};
  CHECK(listed(completion, none, 60, 10) == Rows{"sin(x)        Computes the sine.", "size: number"});
  CHECK(listed(completion, none, 12, 10) == Rows{"sin(x)", "size: number"});
  CHECK(listed(completion, 0, 12, 10) == Rows{"\x1b[0;7msin\x1b[0m(x)", "size: number", "Computes th…"});
  CHECK(listed({{}, 0, "f(x)  Does it."}, none, 8, 10) == Rows{"f(x)  D…"});
}

TEST_CASE("many candidates stand in columns, the selected one is described below") {
  Completion completion;
  for (char c = 'a'; c < 'a' + 12; ++c)
    completion.candidates.push_back({{'n', c}, std::string{'n', c} + "()", "Is."});
  CHECK(listed(completion, none, 14, 10) == Rows{"na  nd  ng  nj", "nb  ne  nh  nk", "nc  nf  ni  nl"});
  CHECK(listed(completion, 3, 14, 10) ==
        Rows{"na  \x1b[0;7mnd\x1b[0m  ng  nj", "nb  ne  nh  nk", "nc  nf  ni  nl", "nd()  Is."});
  CHECK(listed(completion, none, 14, 4) == Rows{"na  nc  ne  ng", "nb  nd  nf  nh", "... and 4 more"});
  CHECK(listed(completion, 9, 14, 4) == Rows{"ni  nk", "\x1b[0;7mnj\x1b[0m  nl", "nj()  Is."});
  CHECK(listed(completion, none, 1, 2).size() == 2);
}

TEST_CASE("names with control characters cannot write to the terminal") {
  CHECK(listed({{{"a\x1b[2J", "", ""}}, 0, ""}, none, 20, 4) == Rows{"a^[[2J"});
}

}  // namespace
}  // namespace moonstill::editor
