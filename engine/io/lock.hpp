// A file that one process at a time holds.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "engine/io/descriptor.hpp"

namespace moonstill::io {

/// Held until it is destroyed, which removes the file, or until its process ends, however it ends: then the
/// file stays and counts for nothing.
class FileLock {
 public:
  /// Takes the lock and writes the text into its file, for others to read; nothing where it is held. Missing
  /// folders on the way are made. A file system that knows no locks grants all of them. Throws Error{io}
  /// naming the path.
  [[nodiscard]] static std::optional<FileLock> take(const std::filesystem::path& path, std::string_view text);

  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(std::filesystem::path path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace moonstill::io
