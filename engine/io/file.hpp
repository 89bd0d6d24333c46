// Whole files: read at once, written so that a reader (or a power cut) meets the old content or the new,
// never a mixture.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/descriptor.hpp"

namespace moonstill::io {

/// Throws Error{io}: "cannot <action> '<path>': <the system's reason for the error number>".
[[noreturn]] void fail_with_errno(std::string_view action, const std::filesystem::path& path,
                                  int error_number);

/// The content of a file. Throws Error{io} naming the path and the system's reason.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path);

/// A file that appears, whole, at commit(): written beside its target under another name, synced and renamed.
/// Without commit() nothing is left and an older file stays as it was. Missing folders on the way are made.
/// Devices and pipes are written directly. All members throw Error{io} naming the path and the system's
/// reason.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty where the file is written directly, and after commit()
  Descriptor file_{-1};
};

/// One AtomicFile with this content.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace moonstill::io
