#include "engine/io/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <string_view>

#include "engine/core/error.hpp"

namespace moonstill::io {
namespace {

constexpr std::size_t most_files = 10'000;
constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr mode_t plain_file = 0644;

struct EndWriting {
  void operator()(::archive* a) const { archive_write_free(a); }
};
struct EndReading {
  void operator()(::archive* a) const { archive_read_free(a); }
};
struct EndEntry {
  void operator()(::archive_entry* e) const { archive_entry_free(e); }
};
using Writer = std::unique_ptr<::archive, EndWriting>;
using Reader = std::unique_ptr<::archive, EndReading>;
using Entry = std::unique_ptr<::archive_entry, EndEntry>;

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

std::string_view reason(::archive* a) {
  const char* text = archive_error_string(a);
  return text != nullptr ? text : "the reason is unknown";
}

// A stranger's name must not reach the terminal as commands.
std::string printable(std::string name) {
  std::ranges::replace_if(name, is_control, '?');
  return name;
}

// Why a file of this name must not be written below a folder, or nothing.
std::string_view problem_with(std::string_view name) {
  if (name.empty()) return "a file has no name";
  if (name.front() == '/') return "the name is absolute";
  if (name.find('\\') != name.npos) return "the name has a backslash";
  if (std::ranges::any_of(name, is_control)) return "the name has a control character";
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part == "..") return "the name leads out of the folder";
    if (part.empty() || part == ".") return "the name has an empty part";
    begin = end + 1;
  }
  return {};
}

void check_written(::archive* a, la_ssize_t status) {
  if (status < ARCHIVE_OK) fail(ErrorKind::io, "cannot write an archive: {}", reason(a));
}

la_ssize_t append(::archive*, void* text, const void* data, std::size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

class Unpacking {
 public:
  Unpacking(std::span<const std::byte> bytes, const std::string& name) : name_(name) {
    if (!reader_) throw std::bad_alloc();
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_format_tar(reader_.get());
    archive_read_support_format_zip(reader_.get());
    check(archive_read_open_memory(reader_.get(), bytes.data(), bytes.size()));
  }

  ArchiveFiles read() {
    ArchiveFiles files;
    ::archive_entry* entry = nullptr;
    while (next(entry)) {
      const std::string name = name_of(entry);
      if (archive_entry_filetype(entry) == AE_IFDIR) {
        if (!name.empty()) check_name(name);
        continue;
      }
      check_name(name);
      if (files.size() == most_files) refuse("it holds more than {} files", most_files);
      if (!files.try_emplace(name, content()).second) refuse("'{}' stands in it twice", name);
    }
    return files;
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorKind::io, "the archive '{}' is refused: {}", name_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  void check(la_ssize_t status) const {
    if (status < ARCHIVE_OK)
      fail(ErrorKind::io, "cannot read the archive '{}': {}", name_, reason(reader_.get()));
  }

  bool next(::archive_entry*& entry) const {
    const int status = archive_read_next_header(reader_.get(), &entry);
    if (status == ARCHIVE_EOF) return false;
    check(status);
    return true;
  }

  // Without "./" in front, which tar writes for what lies in the current folder, and a folder's "/" at the
  // end.
  std::string name_of(::archive_entry* entry) const {
    const char* text = archive_entry_pathname(entry);
    if (text == nullptr) refuse("a name in it is no text");
    std::string_view name(text);
    const auto type = archive_entry_filetype(entry);
    const bool link = archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr;
    if (link || (type != AE_IFREG && type != AE_IFDIR))
      refuse("'{}' is a link or a device", printable(std::string(name)));
    while (name.starts_with("./")) name.remove_prefix(2);
    if (type == AE_IFDIR && name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
    return std::string(name);
  }

  void check_name(const std::string& name) const {
    if (const auto problem = problem_with(name); !problem.empty())
      refuse("'{}': {}", printable(name), problem);
  }

  std::string content() {
    std::string text;
    std::array<char, 1 << 16> block{};
    while (const la_ssize_t got = archive_read_data(reader_.get(), block.data(), block.size())) {
      check(got);
      total_ += static_cast<std::size_t>(got);
      if (total_ > most_bytes) refuse("it holds more than {} MiB", most_bytes >> 20);
      text.append(block.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  std::string name_;
  Reader reader_{archive_read_new()};
  std::size_t total_ = 0;
};

}  // namespace

std::string pack_archive(const ArchiveFiles& files) {
  std::string bytes;
  const Writer writer(archive_write_new());
  const Entry entry(archive_entry_new());
  if (!writer || !entry) throw std::bad_alloc();
  ::archive* a = writer.get();
  check_written(a, archive_write_set_format_ustar(a));
  check_written(a, archive_write_add_filter_gzip(a));
  check_written(a, archive_write_set_filter_option(a, "gzip", "timestamp", nullptr));
  check_written(a, archive_write_set_bytes_in_last_block(a, 1));  // no zeros behind the end, as for tapes
  check_written(a, archive_write_open2(a, &bytes, nullptr, append, nullptr, nullptr));
  for (const auto& [name, content] : files) {
    if (const auto problem = problem_with(name); !problem.empty())
      fail(ErrorKind::io, "cannot write an archive: '{}': {}", name, problem);
    archive_entry_clear(entry.get());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), plain_file);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    check_written(a, archive_write_header(a, entry.get()));
    check_written(a, archive_write_data(a, content.data(), content.size()));
  }
  check_written(a, archive_write_close(a));
  return bytes;
}

ArchiveFiles unpack_archive(std::span<const std::byte> bytes, const std::string& name) {
  return Unpacking(bytes, name).read();
}

}  // namespace moonstill::io
