#include "engine/io/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>

#include "engine/io/file.hpp"

namespace moonstill::io {
namespace fs = std::filesystem;
namespace {

// A holder may have removed the file between our opening and locking it: then the lock is of no file.
bool is_at(const Descriptor& file, const fs::path& path) {
  struct stat ours {};
  struct stat there {};
  return ::fstat(file.number(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

}  // namespace

std::optional<FileLock> FileLock::take(const fs::path& path, std::string_view text) {
  make_folders_for(path);
  while (true) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!file) fail_with_errno("lock", path, errno);
    if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return std::nullopt;
    if (!is_at(file, path)) continue;
    if (::ftruncate(file.number(), 0) != 0) fail_with_errno("lock", path, errno);
    write_all(file, std::as_bytes(std::span(text)), path);
    return FileLock(path, std::move(file));
  }
}

FileLock::~FileLock() {
  if (file_) ::unlink(path_.c_str());
}

}  // namespace moonstill::io
