#include "bindings/editor/buffer.hpp"

#include "bindings/editor/utf8.hpp"
#include "tests/support/catch.hpp"

namespace moonstill::editor {
namespace {

// The text with a '|' at the cursor.
std::string shown(const Buffer& buffer) {
  const std::string& text = buffer.text();
  return text.substr(0, buffer.cursor()) + '|' + text.substr(buffer.cursor());
}

Buffer holding(std::string text) {
  const std::size_t cursor = text.find('|');
  Buffer buffer;
  buffer.set(text.erase(cursor, 1), cursor);
  buffer.end_key();
  return buffer;
}

template <class... Steps>
std::string after(std::string text, Steps... steps) {
  Buffer buffer = holding(std::move(text));
  const auto press = [&](auto step) {
    step(buffer);
    buffer.end_key();
  };
  (press(steps), ...);
  return shown(buffer);
}

const auto up = [](Buffer& b) { b.up(); };
const auto down = [](Buffer& b) { b.down(); };
const auto left = [](Buffer& b) { b.left(); };
const auto right = [](Buffer& b) { b.right(); };
const auto kill = [](Buffer& b) { b.kill_to_line_end(); };
const auto yank = [](Buffer& b) { b.yank(); };
const auto undo = [](Buffer& b) { b.undo(); };
const auto type = [](std::string_view text) { return [text](Buffer& b) { b.insert(text); }; };

TEST_CASE("the cursor steps over characters, and words") {
  CHECK(after("日|本", left) == "|日本");
  CHECK(after("|e\xcc\x81x", right) == "e\xcc\x81|x");  // with a combining accent
  CHECK(after("e\xcc\x81|x", left) == "|e\xcc\x81x");
  CHECK(after("|", left) == "|");
  CHECK(after("a\xff|", left) == "a|\xff");
  CHECK(after("foo.b_1|", [](Buffer& b) { b.word_left(); }) == "foo.|b_1");
  CHECK(after("|(foo) + x", [](Buffer& b) { b.word_right(); }) == "(foo|) + x");
}

TEST_CASE("up and down keep their column, in columns of the screen") {
  CHECK(after("abcd\nx\nabc|d", up, up) == "abc|d\nx\nabcd");
  CHECK(after("日本\nabc|", up) == "日|本\nabc");
  CHECK(after("a|b\nabcd", down) == "ab\na|bcd");
  CHECK(after("|", up, down) == "|");
}

TEST_CASE("killing and yanking") {
  CHECK(after("ab|cd\nef", kill) == "ab|\nef");
  CHECK(after("ab|cd\nef", kill, kill) == "ab|ef");
  CHECK(after("ab|cd\nef", kill, kill, yank) == "abcd\n|ef");
  CHECK(after(
            "a b|", [](Buffer& b) { b.kill_word_back(); }, [](Buffer& b) { b.kill_word_back(); }, yank) ==
        "a b|");
  CHECK(after("f(x.y)|", [](Buffer& b) { b.kill_back_to_space(); }) == "|");
  CHECK(after("x\nab|c", [](Buffer& b) { b.kill_to_line_start(); }) == "x\n|c");
  CHECK(after("|foo bar", [](Buffer& b) { b.kill_word(); }) == "| bar");
  CHECK(after("|", yank, kill) == "|");
}

TEST_CASE("erasing takes a character with what combines with it") {
  CHECK(after("e\xcc\x81|", [](Buffer& b) { b.erase_back(); }) == "|");
  CHECK(after("|日本", [](Buffer& b) { b.erase(); }) == "|本");
  CHECK(after(
            "|", [](Buffer& b) { b.erase_back(); }, [](Buffer& b) { b.erase(); }) == "|");
}

TEST_CASE("transposing") {
  const auto transpose = [](Buffer& b) { b.transpose(); };
  CHECK(after("ab|c", transpose) == "acb|");
  CHECK(after("abc|", transpose) == "acb|");
  CHECK(after("日本|", transpose) == "本日|");
  CHECK(after("a|", transpose) == "a|");
  CHECK(after("|ab", transpose) == "|ab");
}

TEST_CASE("undo takes back a word typed, and then what was before") {
  CHECK(after("|", type("a"), type("b"), undo) == "|");
  CHECK(after("|", type("a"), type(" "), type("b"), type("c"), undo) == "a |");
  CHECK(after("x|", type("a"), kill, undo, undo) == "|");
  CHECK(after("a|b", kill, undo) == "a|b");
}

TEST_CASE("columns and what fits into them") {
  CHECK(columns_of("aé日") == 4);
  CHECK(shortened("abcdef", 6) == "abcdef");
  CHECK(shortened("abcdefg", 6) == "abcde…");
  CHECK(shortened("日本語", 4) == "日…");
  CHECK(shortened("ab", 0).empty());
  CHECK(printable("a\nb\x1b") == "a^Jb^[");
}

}  // namespace
}  // namespace moonstill::editor
