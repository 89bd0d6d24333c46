#include "engine/io/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <tuple>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/io/bytes.hpp"
#include "engine/io/descriptor.hpp"

namespace moonstill::io {
namespace fs = std::filesystem;
namespace {

// Where the bytes must go: a link stays a link, and what it names is replaced.
fs::path target_of(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_symlink(path, ignored)) return path;
  const fs::path target = fs::canonical(path, ignored);
  return target.empty() ? path : target;
}

// Devices and pipes; and /dev/stdout, whatever the shell has put there.
bool written_directly(const fs::path& path) {
  struct stat status {};
  if (path.native().starts_with("/dev/")) return true;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Opens a file that did not exist, named after the target, in the target's folder.
std::pair<fs::path, Descriptor> open_beside(const fs::path& path) {
  for (int attempt = 0;; ++attempt) {
    const std::string name = fmt::format(".{}.{}-{}.tmp", path.filename().string(), ::getpid(), attempt);
    fs::path temporary = folder_of(path) / name;
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file) return {std::move(temporary), std::move(file)};
    if (errno != EEXIST) fail_with_errno("write", path, errno);
  }
}

// Brings what was written to the disk, piece by piece: Ctrl-C waits for one of them, where it would for all
// of fsync.
void sync_file(const Descriptor& file, const fs::path& path) {
  constexpr unsigned whole = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  const off_t end = ::lseek(file.number(), 0, SEEK_CUR);
  constexpr auto piece = static_cast<off_t>(piece_bytes);
  for (off_t begin = 0; begin + piece < end; begin += piece) {
    if (::sync_file_range(file.number(), begin, piece, whole) != 0 && errno != ENOSYS)
      fail_with_errno("write", path, errno);
    poll_interrupt();
  }
  if (::fsync(file.number()) != 0) fail_with_errno("write", path, errno);
}

// The rename itself must survive a power cut. Some file systems refuse to sync a folder: that is no failure.
void sync_folder(const fs::path& folder) {
  const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file) ::fsync(file.number());
}

}  // namespace

void fail_with_errno(std::string_view action, const fs::path& path, int error_number) {
  fail(ErrorKind::io, "cannot {} '{}': {}", action, path.string(),
       std::generic_category().message(error_number));
}

std::vector<std::byte> read_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) fail_with_errno("read", path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) fail_with_errno("read", path, errno);
  if (S_ISDIR(status.st_mode)) fail_with_errno("read", path, EISDIR);

  // The size is a hint only: pipes have none, and a file may grow.
  const std::size_t expected = static_cast<std::size_t>(status.st_size) + 1;
  std::vector<std::byte> bytes;
  bytes.reserve(expected);
  std::size_t filled = 0;
  while (true) {
    if (filled > 0) poll_interrupt();
    const std::size_t piece = filled < expected ? std::min(piece_bytes, expected - filled) : piece_bytes;
    bytes.resize(filled + piece);
    const ssize_t got = ::read(file.number(), bytes.data() + filled, piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno("read", path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void make_folders_for(const fs::path& path) {
  std::error_code error;
  fs::create_directories(folder_of(path), error);
  if (error && !fs::is_directory(folder_of(path))) fail_with_errno("write", path, error.value());
}

void write_all(const Descriptor& file, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), std::min(bytes.size(), piece_bytes));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_with_errno("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    if (!bytes.empty()) poll_interrupt();
  }
}

AtomicFile::AtomicFile(const fs::path& path) : path_(path) {
  if (written_directly(path_)) {
    file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file_) fail_with_errno("write", path_, errno);
    return;
  }
  path_ = target_of(path);
  if (fs::is_directory(path_)) fail_with_errno("write", path_, EISDIR);
  make_folders_for(path_);
  std::tie(temporary_, file_) = open_beside(path_);
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) { write_all(file_, bytes, path_); }

void AtomicFile::commit() {
  const bool renaming = !temporary_.empty();
  if (renaming) sync_file(file_, path_);
  if (!file_.close()) fail_with_errno("write", path_, errno);
  if (!renaming) return;
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_with_errno("write", path_, errno);
  temporary_.clear();
  sync_folder(folder_of(path_));
}

void write_file(const fs::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file(const fs::path& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text)));
}

}  // namespace moonstill::io
