#include "bindings/editor/history_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>
#include <utility>

#include "engine/io/descriptor.hpp"
#include "engine/io/file.hpp"

namespace moonstill::editor {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view libedit_header = "_HiStOrY_V2_";

// Opens and locks the file that the path names, which another prompt may just have replaced.
io::Descriptor open_locked(const fs::path& path) {
  while (true) {
    io::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) io::fail_with_errno("write", path, errno);
    while (::flock(file.number(), LOCK_EX) != 0) {
      if (errno != EINTR) io::fail_with_errno("lock", path, errno);
    }
    struct stat opened {
    }, named{};
    ::fstat(file.number(), &opened);
    if (::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev) {
      return file;
    }
  }
}

int octal(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

// One entry as libedit writes it: \ooo is a byte, \^c a control character, \M-c and \M^c the same with the
// high bit.
std::string from_libedit(std::string_view line) {
  std::string entry;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string_view rest = line.substr(i);
    if (rest[0] != '\\' || rest.size() < 2) {
      entry += rest[0];
    } else if (rest.size() > 3 && octal(rest[1]) >= 0 && octal(rest[2]) >= 0 && octal(rest[3]) >= 0) {
      entry += static_cast<char>(octal(rest[1]) * 64 + octal(rest[2]) * 8 + octal(rest[3]));
      i += 3;
    } else if (rest.size() > 3 && rest[1] == 'M' && (rest[2] == '-' || rest[2] == '^')) {
      entry += static_cast<char>((rest[2] == '^' ? rest[3] & 0x1f : rest[3]) | 0x80);
      i += 3;
    } else if (rest.size() > 2 && rest[1] == '^') {
      entry += rest[2] == '?' ? '\x7f' : static_cast<char>(rest[2] & 0x1f);
      i += 2;
    } else {
      entry += rest[1];
      i += 1;
    }
  }
  return entry;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void rewrite(const fs::path& path, const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& entry : entries) text += to_line(entry) + '\n';
  io::write_file(path, text);
  ::chmod(path.c_str(), 0600);
}

}  // namespace

std::string to_line(std::string_view entry) {
  std::string line;
  for (const char c : entry) {
    if (c == '\n')
      line += "\\n";
    else if (c == '\\')
      line += "\\\\";
    else
      line += c;
  }
  return line;
}

std::string from_line(std::string_view line) {
  std::string entry;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool escaped = line[i] == '\\' && i + 1 < line.size();
    if (escaped) ++i;
    entry += escaped && line[i] == 'n' ? '\n' : line[i];
  }
  return entry;
}

std::vector<std::string> last_distinct(std::vector<std::string> entries, std::size_t most) {
  std::unordered_set<std::string_view> seen;
  std::vector<std::string> kept;
  for (std::size_t i = entries.size(); i > 0 && kept.size() < most; --i) {
    if (seen.insert(entries[i - 1]).second) kept.push_back(entries[i - 1]);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

std::vector<std::string> load_history(const fs::path& path, std::size_t most) {
  if (!fs::exists(path)) return {};
  const io::Descriptor lock = open_locked(path);
  const auto bytes = io::read_file(path);
  const auto lines = lines_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const bool libedit = !lines.empty() && lines.front() == libedit_header;
  std::vector<std::string> entries;
  for (const std::string_view line : lines) {
    if (libedit && line == libedit_header) continue;
    entries.push_back(libedit ? from_libedit(line) : from_line(line));
  }
  entries = last_distinct(std::move(entries), most);
  if (libedit || lines.size() > 2 * most) rewrite(path, entries);
  return entries;
}

void append_history(const fs::path& path, std::string_view entry) {
  io::make_folders_for(path);
  const io::Descriptor file = open_locked(path);
  const std::string line = to_line(entry) + '\n';
  io::write_all(file, std::as_bytes(std::span(line)), path);
}

}  // namespace moonstill::editor
