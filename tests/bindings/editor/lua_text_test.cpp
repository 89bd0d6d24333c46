#include "bindings/editor/lua_text.hpp"

#include <string>

#include "bindings/editor/paint.hpp"
#include "bindings/editor/pasted.hpp"
#include "tests/support/catch.hpp"

namespace moonstill::editor {
namespace {

// One letter for each byte: k(eyword), n(umber), s(tring), c(omment), b(racket with its partner),
// u(nmatched).
std::string letters(std::string_view text, std::size_t cursor = BracketPair::none) {
  std::string out;
  for (const Style style : styles_of(text, cursor)) {
    out += style == Style::keyword     ? 'k'
           : style == Style::number    ? 'n'
           : style == Style::string    ? 's'
           : style == Style::comment   ? 'c'
           : style == Style::bracket   ? 'b'
           : style == Style::unmatched ? 'u'
                                       : '.';
  }
  return out;
}

TEST_CASE("tokens are coloured, finished or not") {
  CHECK(letters("if x1 then -- y") == "kk....kkkk.cccc");
  CHECK(letters("x=0x1p-4..'a\\'b'") == "..nnnnnnnnssssss");
  CHECK(letters("3e+2+.5 - 1") == "nnnn.nn...n");
  CHECK(letters("[==[ ]] ]==]x") == "ssssssssssss.");
  CHECK(letters("--[[ a\nb ]]end") == "ccccccccccckkk");
  CHECK(letters("\"open\nend") == "sssss.kkk");
  CHECK(letters("[[open\nend") == "ssssssssss");
  CHECK(letters("'\\").size() == 2);
  CHECK(letters("endless") == ".......");
  CHECK(letters("?ms.for") == ".......");
  CHECK(letters(":time for").find('k') == std::string::npos);
}

TEST_CASE("the bracket at the cursor and its partner are shown, none in strings") {
  CHECK(letters("f(g[1])", 7) == ".b..n.b");
  CHECK(letters("f(g[1])", 6) == "...bnb.");
  CHECK(letters("f(g)", 1) == ".b.b");
  CHECK(letters("f(')')", 6) == ".bsssb");
  CHECK(letters("f]", 2) == ".u");
  CHECK(letters("f(]", 3) == "..u");
  CHECK(letters("f(", 2) == "..");
}

// The indentation of the last line.
std::size_t indented(std::string_view text) { return indentation(text, text.rfind('\n') + 1); }

TEST_CASE("lines are indented by the blocks and brackets around them") {
  CHECK(indented("for i = 1, 2 do\n") == 2);
  CHECK(indented("for i = 1, 2 do\n  if x then\n") == 4);
  CHECK(indented("if x then\n  y()\nelse\n") == 2);
  CHECK(indented("if x then\n  y()\nelseif z then\n") == 2);
  CHECK(indented("if x then\nelse") == 0);
  CHECK(indented("if x then\n  y()\nend") == 0);
  CHECK(indented("if x then\n  y()\nend\n") == 0);
  CHECK(indented("repeat\nuntil") == 0);
  CHECK(indented("f({\n") == 2);
  CHECK(indented("f({\n  a,\n})") == 0);
  CHECK(indented("x = {\n  f(function()\n") == 4);
  CHECK(indented("x = {\n  f(function()\n  end") == 2);
  CHECK(indented("local t = { 'do', -- do\n") == 2);
  CHECK(indented("x = [[\n  for\n") == 0);
  CHECK(indented("end\nfor i = 1, 2 do\n") == 2);
  CHECK(begins_with_end("  end)"));
  CHECK_FALSE(begins_with_end("  ending"));
  CHECK_FALSE(begins_with_end("  "));
}

TEST_CASE("open blocks are counted line by line") {
  OpenBlocks blocks("f = {\n");
  CHECK(blocks.depth() == 1);
  for (const char* line : {"function()\n", "x = [[ end\n", "end } ]]\n"}) blocks.add(line);
  CHECK(blocks.depth() == 2);
  blocks.add("end }\n");
  CHECK(blocks.depth() == 0);
  blocks.add("if x then y() elseif z then w() else v() end )\n");
  CHECK(blocks.depth() == -1);
}

TEST_CASE("a long text with an open block is not asked about") {
  OpenBlocks blocks("f(function()\n");
  CHECK(blocks.may_end());
  for (int i = 0; i < 100; ++i) blocks.add("x = 1\n");
  CHECK_FALSE(blocks.may_end());
  blocks.add("end)\n");
  CHECK(blocks.may_end());
}

TEST_CASE("pasted transcripts lose their prompts, and their results") {
  const Prompt prompt{"> ", "· ", false};
  CHECK(cleaned_paste("a\r\nb\rc\n", prompt) == "a\nb\nc\n");
  CHECK(cleaned_paste("> x = 1\n> for i = 1, 2 do\n· print(i)\n· end\n1\n2\n> y", prompt) ==
        "x = 1\nfor i = 1, 2 do\nprint(i)\nend\ny\n");
  CHECK(cleaned_paste("x\n> y", prompt) == "x\n> y");
}

TEST_CASE("lines that can only go on from the one before") {
  for (const char* line : {"  :h(1)", ".x", "..  y", "+ 1", ")", "and z", "== 2"}) CHECK(goes_on(line));
  for (const char* line : {"x", "", "  ", "::label::", "(f)()", "-- comment", "android()"})
    CHECK_FALSE(goes_on(line));
}

}  // namespace
}  // namespace moonstill::editor
