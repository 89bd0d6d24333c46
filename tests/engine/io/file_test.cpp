#include "engine/io/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fs = std::filesystem;
using moonstill::test::TemporaryFolder;
using namespace moonstill::io;

namespace {

std::string content(const fs::path& path) {
  const auto bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const moonstill::Error& error) {
    CHECK(error.kind() == moonstill::ErrorKind::io);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a written file is read back, in folders made on the way") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a/b/c.txt";
  write_file(path, "moon\n");
  CHECK(content(path) == "moon\n");
  write_file(path, "");
  CHECK(content(path).empty());
  CHECK(files_in(path.parent_path()) == 1);
}

TEST_CASE("an atomic file that is not committed leaves the old one and nothing else") {
  const TemporaryFolder folder;
  const fs::path path = folder / "kept.txt";
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("half of the n");
    CHECK(content(path) == "old");
  }
  CHECK(content(path) == "old");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a link stays a link, and what it names is replaced") {
  const TemporaryFolder folder;
  write_file(folder / "target", "old");
  fs::create_symlink("target", folder / "link");
  write_file(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(content(folder / "target") == "new");
}

TEST_CASE("what stands behind /dev/fd is appended to, as a shell would") {
  const TemporaryFolder folder;
  write_file(folder / "log", "one\n");
  const Descriptor log(::open((folder / "log").c_str(), O_WRONLY | O_APPEND));
  write_file(fmt::format("/dev/fd/{}", log.number()), "two\n");
  CHECK(content(folder / "log") == "one\ntwo\n");
}

TEST_CASE("a full disk, a folder and a file in the way are errors with path and reason") {
  const TemporaryFolder folder;
  CHECK(message_of([] { write_file("/dev/full", "text"); }) ==
        "cannot write '/dev/full': No space left on device");
  const std::string here = folder.path().string();
  CHECK(message_of([&] { write_file(folder.path(), "text"); }) ==
        fmt::format("cannot write '{}': Is a directory", here));
  CHECK(message_of([&] { (void)read_file(folder.path()); }) ==
        fmt::format("cannot read '{}': Is a directory", here));
  CHECK(message_of([&] { (void)read_file(folder / "none"); }) ==
        fmt::format("cannot read '{}/none': No such file or directory", here));
  write_file(folder / "file", "text");
  CHECK(message_of([&] { write_file(folder / "file/below", "text"); }) ==
        fmt::format("cannot write '{}/file/below': Not a directory", here));
}
