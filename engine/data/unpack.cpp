#include "engine/data/unpack.hpp"

#include <zlib.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::data {
namespace {

// No published set of images is larger; what unpacks to more is a trap.
constexpr std::size_t most_bytes = std::size_t{8} << 30;
constexpr std::size_t step_bytes = std::size_t{1} << 22;

struct CloseFile {
  void operator()(gzFile file) const { gzclose(file); }
};
using File = std::unique_ptr<gzFile_s, CloseFile>;

std::string reason_of(gzFile file) {
  int code = Z_OK;
  const char* text = gzerror(file, &code);
  if (code == Z_ERRNO) return std::generic_category().message(errno);
  if (code == Z_BUF_ERROR) return "truncated: the compressed data end too early";
  return text;
}

}  // namespace

std::vector<std::uint8_t> read_unpacked(const std::filesystem::path& path) {
  errno = 0;
  const File file(gzopen(path.c_str(), "rb"));
  if (!file) {
    fail(ErrorKind::io, "cannot read '{}': {}", path.string(),
         std::generic_category().message(errno ? errno : ENOMEM));
  }
  std::vector<std::uint8_t> content;
  while (true) {
    const std::size_t filled = content.size();
    if (filled > 0) poll_interrupt();
    content.resize(filled + step_bytes);
    const int got = gzread(file.get(), content.data() + filled, static_cast<unsigned>(step_bytes));
    if (got < 0) fail(ErrorKind::io, "cannot read '{}': {}", path.string(), reason_of(file.get()));
    content.resize(filled + static_cast<std::size_t>(got));
    if (content.size() > most_bytes)
      fail(ErrorKind::io, "'{}' unpacks to more than {} bytes", path.string(), most_bytes);
    if (static_cast<std::size_t>(got) == step_bytes) continue;
    int code = Z_OK;
    gzerror(file.get(), &code);
    if (code != Z_OK) fail(ErrorKind::io, "cannot read '{}': {}", path.string(), reason_of(file.get()));
    return content;
  }
}

}  // namespace moonstill::data
