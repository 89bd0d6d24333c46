#include "bindings/editor/history.hpp"

#include <fstream>
#include <sstream>
#include <thread>

#include "bindings/editor/history_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moonstill::editor {
namespace {

using Entries = std::vector<std::string>;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("entries are kept in a file, each once, of several lines too") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "state" / "history";
  {
    History history(path);
    for (const char* entry : {"a", "for i = 1, 2 do\n  print '\\n'\nend", "b", "a", "a", "  \n"})
      history.add(entry);
    CHECK(history.entries() == Entries{"for i = 1, 2 do\n  print '\\n'\nend", "b", "a"});
  }
  CHECK(History(path).entries() == Entries{"for i = 1, 2 do\n  print '\\n'\nend", "b", "a"});
  CHECK(content(path) == "a\nfor i = 1, 2 do\\n  print '\\\\n'\\nend\nb\na\n");
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::others_read) ==
        std::filesystem::perms::none);
}

TEST_CASE("any bytes come back") {
  const std::string entry = "x = 'a\\' \\\\n \x1b \xff'\n\n\ty";
  CHECK(from_line(to_line(entry)) == entry);
  CHECK(to_line(entry).find('\n') == std::string::npos);
}

TEST_CASE("libedit's file is read, and rewritten") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "history";
  std::ofstream(path) << "_HiStOrY_V2_\nx\\040=\\0401\nfor\\012end\n\\M-C\\M-)\\134n\\^A\n";
  const Entries entries{"x = 1", "for\nend", "é\\n\x01"};
  CHECK(History(path).entries() == entries);
  CHECK(content(path).starts_with("x = 1\n"));
  CHECK(History(path).entries() == entries);
}

TEST_CASE("prompts that write at once lose nothing") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "history";
  constexpr int count = 50;
  const auto write = [&](const std::string& name) {
    History history(path);
    for (int i = 0; i < count; ++i) history.add(name + std::to_string(i));
  };
  { std::jthread first(write, "a"), second(write, "b"); }
  CHECK(History(path).entries().size() == 2 * count);
}

TEST_CASE("a file that has grown is shortened") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "history";
  for (int i = 0; i < 7; ++i) append_history(path, "entry " + std::to_string(i));
  CHECK(load_history(path, 3) == Entries{"entry 4", "entry 5", "entry 6"});
  CHECK(content(path) == "entry 4\nentry 5\nentry 6\n");
}

TEST_CASE("a history that cannot be kept is only not kept") {
  const test::TemporaryFolder folder;
  History history(folder.path());
  history.add("x");
  CHECK(history.entries() == Entries{"x"});
  History none("");
  none.add("x");
  CHECK(none.entries() == Entries{"x"});
}

TEST_CASE("walking and searching") {
  History history("");
  for (const char* entry : {"print(1)", "x = 2", "print(Two)", "y"}) history.add(entry);
  CHECK(history.older(4, "") == 3);
  CHECK(history.older(4, "print") == 2);
  CHECK(history.older(2, "print") == 0);
  CHECK(history.older(0, "print") == History::nowhere);
  CHECK(history.newer(0, "print") == 2);
  CHECK(history.newer(3, "") == History::nowhere);
  CHECK(history.older_with(4, "two") == 2);
  CHECK(history.older_with(4, "TWO") == History::nowhere);
  CHECK(history.newer_with(0, "t(") == 2);
  CHECK(find_part("print(Two)", "two") == 6);
  CHECK(find_part("s = 'Héllo'", "hé") == 5);
  CHECK(find_part("a", "b") == std::string_view::npos);
}

}  // namespace
}  // namespace moonstill::editor
