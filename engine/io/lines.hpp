// Files that grow line by line while a run goes on, and go on where a stopped run left them: .csv and .jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/descriptor.hpp"

namespace moonstill::io {

/// A text file to which whole lines are appended, each handed to the system at once. Throws Error{io} naming
/// the path.
class LineFile {
 public:
  /// Keeps the first `keep` lines of an older file and drops what follows them (a line without its end among
  /// it). Throws Error{io} where the file has fewer.
  explicit LineFile(const std::filesystem::path& path, std::int64_t keep = 0);

  /// The line must not hold line ends of its own.
  void append(std::string_view line);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Descriptor file_{-1};
};

/// Fields joined by commas as RFC 4180 asks: those with commas, quotes or line ends are quoted.
[[nodiscard]] std::string csv_line(std::span<const std::string> fields);

/// The shortest text that reads back as the same number; "nan", "inf" and "-inf" otherwise.
[[nodiscard]] std::string number_text(double value);

/// A table with named columns.
class CsvFile {
 public:
  /// Writes the header, or, with keep_rows, keeps that many rows of an older file and drops those after them.
  /// Throws Error{io} where that file has fewer rows or another header.
  CsvFile(const std::filesystem::path& path, std::vector<std::string> columns, std::int64_t keep_rows = 0);

  /// Throws Error{argument} unless there is one field for each column, none with a line end.
  void append(std::span<const std::string> fields);

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] const std::filesystem::path& path() const { return lines_->path(); }

 private:
  std::vector<std::string> columns_;
  std::optional<LineFile> lines_;
};

}  // namespace moonstill::io
