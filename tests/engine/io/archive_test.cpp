#include "engine/io/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/io/sha256.hpp"
#include "tests/support/catch.hpp"

using namespace moonstill::io;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

struct Planned {
  std::string name, content, link;
  unsigned type = AE_IFREG;
};

// An archive as a stranger might make it.
std::string made(const std::vector<Planned>& entries, bool zip = false) {
  std::string out(1 << 20, '\0');
  std::size_t used = 0;
  ::archive* a = archive_write_new();
  if (zip)
    archive_write_set_format_zip(a);
  else
    archive_write_set_format_pax(a);
  archive_write_set_bytes_in_last_block(a, 1);
  REQUIRE(archive_write_open_memory(a, out.data(), out.size(), &used) == ARCHIVE_OK);
  for (const Planned& planned : entries) {
    ::archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, planned.name.c_str());
    archive_entry_set_filetype(entry, planned.type);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(planned.content.size()));
    if (planned.type == AE_IFLNK)
      archive_entry_set_symlink(entry, planned.link.c_str());
    else if (!planned.link.empty())
      archive_entry_set_hardlink(entry, planned.link.c_str());
    REQUIRE(archive_write_header(a, entry) == ARCHIVE_OK);
    archive_write_data(a, planned.content.data(), planned.content.size());
    archive_entry_free(entry);
  }
  archive_write_free(a);
  out.resize(used);
  return out;
}

std::string refusal(const std::string& bytes) {
  try {
    static_cast<void>(unpack_archive(bytes_of(bytes), "x"));
  } catch (const moonstill::Error& error) {
    CHECK(error.kind() == moonstill::ErrorKind::io);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("SHA-256 of known texts") {
  CHECK(sha256(bytes_of("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256(bytes_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("an archive gives back its files, and its bytes depend on nothing else") {
  const ArchiveFiles files{
      {"m-1/init.lua", "return {}\n"}, {"m-1/sub/empty.lua", ""}, {"m-1/b", {"\0\xff\n", 3}}};
  const std::string bytes = pack_archive(files);
  CHECK(unpack_archive(bytes_of(bytes), "x") == files);
  CHECK(pack_archive(files) == bytes);
  // gzip's time of writing stands in bytes 4 to 7.
  CHECK(bytes.substr(4, 4) == std::string(4, '\0'));
  CHECK_THROWS_AS(pack_archive({{"../x", ""}}), moonstill::Error);
}

TEST_CASE("archives of others: tar and zip, with folders and ./ in front") {
  const ArchiveFiles expected{{"a/x.lua", "return 1"}, {"b", ""}};
  for (const bool zip : {false, true}) {
    const std::string bytes = made(
        {{"./", "", "", AE_IFDIR}, {"./a/", "", "", AE_IFDIR}, {"./a/x.lua", "return 1", ""}, {"b", "", ""}},
        zip);
    CHECK(unpack_archive(bytes_of(bytes), "x") == expected);
  }
}

TEST_CASE("archives that would write outside their folder are refused") {
  for (const bool zip : {false, true}) {
    for (const char* name : {"../x", "a/../../x", "/etc/x", "a//x", "a/..", "..", "a\\..\\x", "a\nb"}) {
      INFO(name << (zip ? " in zip" : " in tar"));
      CHECK_THAT(refusal(made({{"good", "", ""}, {name, "evil", ""}}, zip)),
                 Catch::Matchers::StartsWith("the archive 'x' is refused: "));
    }
  }
  CHECK(refusal(made({{"a\x1b[2Jb", "", ""}})) ==
        "the archive 'x' is refused: 'a?[2Jb': the name has a control character");
  CHECK(refusal(made({{"../d/", "", "", AE_IFDIR}})) ==
        "the archive 'x' is refused: '../d': the name leads out of the folder");
}

TEST_CASE("links, devices, doubles and what is no archive are refused") {
  const std::string device = "the archive 'x' is refused: 'l' is a link or a device";
  CHECK(refusal(made({{"l", "", "/etc/passwd", AE_IFLNK}})) == device);
  CHECK(refusal(made({{"l", "", "/etc/passwd", AE_IFLNK}}, true)) == device);
  CHECK(refusal(made({{"f", "", ""}, {"l", "", "f"}})) == device);
  CHECK(refusal(made({{"l", "", "", AE_IFIFO}})) == device);
  CHECK(refusal(made({{"f", "1", ""}, {"./f", "2", ""}})) ==
        "the archive 'x' is refused: 'f' stands in it twice");
  CHECK_THAT(refusal("no archive at all"), Catch::Matchers::StartsWith("cannot read the archive 'x': "));
  std::string noise(100'000, '\0');
  std::uint32_t seed = 1;
  for (char& c : noise) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  const std::string whole = pack_archive({{"f", noise}});
  CHECK_THAT(refusal(whole.substr(0, whole.size() / 2)),
             Catch::Matchers::StartsWith("cannot read the archive 'x': "));
}

TEST_CASE("an archive that grows beyond the limit is refused") {
  const std::string bomb = pack_archive({{"zeros", std::string((std::size_t{64} << 20) + 1, '\0')}});
  CHECK(refusal(bomb) == "the archive 'x' is refused: it holds more than 64 MiB");
}
