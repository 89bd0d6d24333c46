#include "engine/io/lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"

namespace moonstill::io {
namespace {

std::string text_of(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Where line `count` (from 0) begins.
std::size_t start_of_line(const std::filesystem::path& path, std::int64_t count) {
  const std::string text = text_of(path);
  std::size_t start = 0;
  for (std::int64_t line = 0; line < count; ++line) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) {
      fail(ErrorKind::io, "cannot go on with '{}': expected at least {} lines, got {}", path.string(), count,
           line);
    }
    start = end + 1;
  }
  return start;
}

std::string first_line(const std::filesystem::path& path) {
  const std::string text = text_of(path);
  return text.substr(0, text.find('\n'));
}

}  // namespace

LineFile::LineFile(const std::filesystem::path& path, std::int64_t keep) : path_(path) {
  make_folders_for(path);
  const std::size_t kept = keep > 0 ? start_of_line(path, keep) : 0;
  file_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!file_) fail_with_errno("write", path, errno);
  struct stat status {};
  const bool regular = ::fstat(file_.number(), &status) == 0 && S_ISREG(status.st_mode);
  if (regular && ::ftruncate(file_.number(), static_cast<off_t>(kept)) != 0)
    fail_with_errno("write", path, errno);
}

void LineFile::append(std::string_view line) {
  std::string text(line);
  text += '\n';
  write_all(file_, std::as_bytes(std::span(text)), path_);
}

std::string csv_line(std::span<const std::string> fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line;
}

std::string number_text(double value) { return fmt::format("{}", value); }

CsvFile::CsvFile(const std::filesystem::path& path, std::vector<std::string> columns, std::int64_t keep_rows)
    : columns_(std::move(columns)) {
  const std::string header = csv_line(columns_);
  if (keep_rows == 0) {
    lines_.emplace(path).append(header);
    return;
  }
  if (const std::string found = first_line(path); found != header) {
    fail(ErrorKind::io, "cannot go on with '{}': expected the columns {}, got {}", path.string(), header,
         found);
  }
  lines_.emplace(path, keep_rows + 1);
}

void CsvFile::append(std::span<const std::string> fields) {
  if (fields.size() != columns_.size()) {
    fail(ErrorKind::argument, "csv: expected {} fields, got {}", columns_.size(), fields.size());
  }
  const auto has_line_end = [](const std::string& field) { return field.find('\n') != std::string::npos; };
  if (std::ranges::any_of(fields, has_line_end)) {
    fail(ErrorKind::argument, "csv: a field cannot hold a line end, got {}", csv_line(fields));
  }
  lines_->append(csv_line(fields));
}

}  // namespace moonstill::io
