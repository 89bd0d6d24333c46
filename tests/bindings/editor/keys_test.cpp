#include "bindings/editor/keys.hpp"

#include <vector>

#include "tests/support/catch.hpp"

namespace moonstill::editor {
namespace {

// All keys of these bytes, the last ones final.
std::vector<Command> commands(std::string_view bytes) {
  std::vector<Command> out;
  while (!bytes.empty()) {
    Decoded decoded = decode(bytes, false);
    if (decoded.used == 0) decoded = decode(bytes, true);
    REQUIRE(decoded.used > 0);
    out.push_back(decoded.key.command);
    bytes.remove_prefix(decoded.used);
  }
  return out;
}

using Commands = std::vector<Command>;

TEST_CASE("keys are what emacs and the usual terminals send") {
  CHECK(commands("a\r\t\x7f") ==
        Commands{Command::insert, Command::enter, Command::complete, Command::erase_back});
  CHECK(commands("\x1b[A\x1bOB\x1b[1;5C\x1b[1;3D") ==
        Commands{Command::up, Command::down, Command::word_right, Command::word_left});
  CHECK(commands("\x1b[H\x1bOF\x1b[3~\x1b[Z") ==
        Commands{Command::line_start, Command::line_end, Command::erase, Command::complete_back});
  CHECK(commands("\x1b\r\x1b[13;2u") == Commands{Command::newline, Command::newline});
  CHECK(commands("\x18\x15\x1f") == Commands{Command::undo, Command::undo});
}

TEST_CASE("what no key sends does nothing, whole sequence by whole sequence") {
  CHECK(commands("\x1b[38;5;1~x") == Commands{Command::none, Command::insert});
  CHECK(commands("\x1b[?1;2cx") == Commands{Command::none, Command::insert});
  CHECK(commands("\x1b_Gi=31;OK\x1b\\x") == Commands{Command::none, Command::insert});
  CHECK(commands("\x1b]11;rgb:0/0/0\ax") == Commands{Command::none, Command::insert});
  CHECK(commands("\x1bOQ") == Commands{Command::none});
  CHECK(commands("\x1bé") == Commands{Command::none});
  CHECK(commands(std::string_view("\0", 1)) == Commands{Command::none});
}

TEST_CASE("a sequence or character that is not whole waits for more") {
  for (const std::string_view part :
       {"\x1b", "\x1b[", "\x1b[1;", "\x1bO", "\xe6\x97", "\x1b[200~abc", "\x18"}) {
    INFO(part);
    CHECK(decode(part, false).used == 0);
    CHECK(decode(part, true).used > 0);
  }
  CHECK(decode("\x1b", true).key.command == Command::cancel);
}

TEST_CASE("a paste is one key, with whatever it holds") {
  const Decoded paste = decode("\x1b[200~a\r\tb\x1b[A\x03\x1b[201~c", false);
  CHECK(paste.key.command == Command::paste);
  CHECK(paste.key.text == "a\r\tb\x1b[A\x03");
  CHECK(paste.used == 20);
  CHECK(decode("\x1b[200~half", true).key.text == "half");
}

TEST_CASE("characters come whole; bytes that are none come one by one") {
  CHECK(decode("日本", false).key.text == "日");
  CHECK(decode("\xff\x41", false).key.text == "\xff");
  CHECK(decode("\xe6\x41", false).used == 1);
}

}  // namespace
}  // namespace moonstill::editor
