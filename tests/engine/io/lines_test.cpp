#include "engine/io/lines.hpp"

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace moonstill;
using moonstill::test::TemporaryFolder;
using Fields = std::vector<std::string>;

namespace {

std::string content(const std::filesystem::path& path) {
  const auto bytes = io::read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("fields of a CSV line are quoted where they must be") {
  CHECK(io::csv_line(Fields{"plain", "a,b", "say \"ah\"", "", " x "}) ==
        "plain,\"a,b\",\"say \"\"ah\"\"\",, x ");
}

TEST_CASE("numbers are written so that they read back the same") {
  CHECK(io::number_text(0.1) == "0.1");
  CHECK(io::number_text(3.0) == "3");
  CHECK(io::number_text(1.0 / 3.0) == "0.3333333333333333");
  CHECK(io::number_text(-INFINITY) == "-inf");
  CHECK(io::number_text(std::nan("")) == "nan");
}

TEST_CASE("rows are in the file as soon as they are appended, and a resumed table drops what came after") {
  const TemporaryFolder folder;
  const auto path = folder / "runs/metrics.csv";
  {
    io::CsvFile table(path, {"step", "loss"});
    table.append(Fields{"1", "0.5"});
    CHECK(content(path) == "step,loss\n1,0.5\n");
    table.append(Fields{"2", "0.25"});
    table.append(Fields{"3", "0.125"});
  }
  {
    io::CsvFile table(path, {"step", "loss"}, 2);
    CHECK(content(path) == "step,loss\n1,0.5\n2,0.25\n");
    table.append(Fields{"3", "0.1"});
  }
  CHECK(content(path) == "step,loss\n1,0.5\n2,0.25\n3,0.1\n");
  io::CsvFile again(path, {"step"});
  CHECK(content(path) == "step\n");
}

TEST_CASE("a line without its end, left by a killed run, is dropped on resuming") {
  const TemporaryFolder folder;
  const auto path = folder / "log.jsonl";
  io::write_file(path, "{\"a\":1}\n{\"a\":");
  CHECK_THROWS_WITH(io::LineFile(path, 2),
                    fmt::format("cannot go on with '{}': expected at least 2 lines, got 1", path.string()));
  io::LineFile lines(path, 1);
  lines.append("{\"a\":3}");
  CHECK(content(path) == "{\"a\":1}\n{\"a\":3}\n");
}

TEST_CASE("a table checks its fields and the header of the file it goes on with") {
  const TemporaryFolder folder;
  const auto path = folder / "t.csv";
  io::CsvFile table(path, {"a", "b"});
  CHECK_THROWS_WITH(table.append(Fields{"1"}), "csv: expected 2 fields, got 1");
  CHECK_THROWS_AS(table.append(Fields{"1", "two\nlines"}), Error);
  table.append(Fields{"1", "2"});
  CHECK_THROWS_WITH(io::CsvFile(path, {"a", "c"}, 1),
                    fmt::format("cannot go on with '{}': expected the columns a,c, got a,b", path.string()));
  CHECK_THROWS_WITH(
      io::CsvFile(folder / "none.csv", {"a"}, 1),
      fmt::format("cannot read '{}': No such file or directory", (folder / "none.csv").string()));
}
