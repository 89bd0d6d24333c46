#include "engine/io/zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/pieces.hpp"
#include "engine/io/tensor_map.hpp"

// The records below are those of PKWARE's APPNOTE, sections 4.3.7 (local header), 4.3.12 (central directory
// header), 4.3.16 (end of central directory) and 4.5.3 (the extra field with 64-bit sizes, which numpy
// writes).
namespace moonstill::io {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t central_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::size_t local_bytes = 30;
constexpr std::size_t central_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::uint16_t version_needed = 20;
constexpr std::uint16_t stored = 0;
constexpr std::uint16_t deflated = 8;
constexpr std::uint16_t date_1980_01_01 = (1 << 5) | 1;
constexpr std::uint16_t encrypted_flag = 1;
constexpr std::uint16_t zip64_extra = 1;
constexpr std::uint32_t in_zip64_extra = 0xffffffff;

// Deflate shrinks at most about 1,032 times (zlib's technical details): a member that claims more is a trap.
constexpr std::uint64_t best_ratio = 1032;

// Packed or unpacked between looks at Ctrl-C.
constexpr std::size_t packed_piece = std::size_t{1} << 20;

std::uint32_t checksum(std::span<const std::byte> bytes) {
  uLong sum = 0;
  in_pieces(bytes.size(), packed_piece, [&](std::size_t begin, std::size_t end) {
    sum = crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()) + begin, end - begin);
  });
  return static_cast<std::uint32_t>(sum);
}

// zlib's state between two spans, freed by `end`.
template <int (*end)(z_stream*)>
class Stream {
 public:
  Stream(std::span<const std::byte> from, std::span<std::byte> to) {
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(from.data()));
    stream_.avail_in = static_cast<uInt>(from.size());
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = static_cast<uInt>(to.size());
  }
  ~Stream() { end(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
};

// Raw deflate: negative window bits, no zlib header.
std::vector<std::byte> deflate_bytes(std::span<const std::byte> bytes) {
  std::vector<std::byte> out(compressBound(bytes.size()));
  Stream<deflateEnd> stream({}, out);
  if (deflateInit2(stream.get(), 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    fail(ErrorKind::memory, "zlib could not start to compress {} bytes", bytes.size());
  }
  stream->next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  in_pieces(bytes.size(), packed_piece, [&](std::size_t begin, std::size_t end) {
    stream->avail_in = static_cast<uInt>(end - begin);
    ::deflate(stream.get(), end == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
  });
  if (bytes.empty()) ::deflate(stream.get(), Z_FINISH);
  out.resize(stream->total_out);
  return out;
}

// False unless the bytes inflate to exactly out.size() bytes.
bool inflate_bytes(std::span<const std::byte> bytes, std::span<std::byte> out) {
  Stream<inflateEnd> stream(bytes, out);
  if (inflateInit2(stream.get(), -MAX_WBITS) != Z_OK) return false;
  int result = Z_OK;
  in_pieces(out.size(), packed_piece, [&](std::size_t begin, std::size_t end) {
    stream->avail_out = static_cast<uInt>(end - begin);
    if (result == Z_OK || result == Z_BUF_ERROR) result = ::inflate(stream.get(), Z_NO_FLUSH);
  });
  if (result != Z_STREAM_END) result = ::inflate(stream.get(), Z_FINISH);
  return result == Z_STREAM_END && stream->total_out == out.size();
}

class Writer {
 public:
  template <class T>
  void number(T value) {
    append(std::as_bytes(std::span(&value, 1)));
  }
  void append(std::span<const std::byte> part) { append_bytes(bytes_, part); }
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }

  void reserve(std::size_t size) { bytes_.reserve(size); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

struct Member {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = stored;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;    // bytes in the archive
  std::uint64_t unpacked = 0;  // bytes of the content
  std::uint64_t offset = 0;    // of the local header
};

// The fields that the two kinds of header share, from "version needed" to "length of the extra field".
void write_common(Writer& out, const Member& member) {
  out.number(version_needed);
  out.number(member.flags);
  out.number(member.method);
  out.number(std::uint16_t{0});  // midnight
  out.number(date_1980_01_01);
  out.number(member.crc);
  out.number(static_cast<std::uint32_t>(member.packed));
  out.number(static_cast<std::uint32_t>(member.unpacked));
  out.number(static_cast<std::uint16_t>(member.name.size()));
  out.number(std::uint16_t{0});
}

void write_central(Writer& out, const Member& member) {
  out.number(central_signature);
  out.number(version_needed);
  write_common(out, member);
  out.number(std::uint16_t{0});  // no comment
  out.number(std::uint16_t{0});  // first disk
  out.number(std::uint16_t{0});  // internal attributes
  out.number(std::uint32_t{0});  // external attributes
  out.number(static_cast<std::uint32_t>(member.offset));
  out.append(member.name);
}

void write_end(Writer& out, std::size_t count, std::size_t directory, std::size_t directory_bytes) {
  out.number(end_signature);
  out.number(std::uint16_t{0});  // this disk
  out.number(std::uint16_t{0});  // the directory's disk
  out.number(static_cast<std::uint16_t>(count));
  out.number(static_cast<std::uint16_t>(count));
  out.number(static_cast<std::uint32_t>(directory_bytes));
  out.number(static_cast<std::uint32_t>(directory));
  out.number(std::uint16_t{0});  // no comment
}

// Reads one archive; its members only add the file's name to what they throw.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  ZipMembers read() const {
    const std::size_t end = find_end();
    const auto count = number_at<std::uint16_t>(bytes_, end + 10);
    std::size_t at = number_at<std::uint32_t>(bytes_, end + 16);
    ZipMembers members;
    for (int i = 0; i < count; ++i) {
      const Member member = read_central(at);
      members.insert_or_assign(member.name, content_of(member));
    }
    return members;
  }

 private:
  template <class... Args>
  [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorKind::io, "'{}' is not a zip archive that can be read: {}", name_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  void need(std::uint64_t offset, std::uint64_t length, std::string_view what) const {
    if (offset > bytes_.size() || length > bytes_.size() - offset) {
      wrong("{} needs {} bytes at byte {}, the file has {}", what, length, offset, bytes_.size());
    }
  }

  // The last record; a comment of up to 65,535 bytes may follow it.
  std::size_t find_end() const {
    if (bytes_.size() < end_bytes) wrong("{} bytes are too few", bytes_.size());
    const std::size_t last = bytes_.size() - end_bytes;
    const std::size_t first = last - std::min<std::size_t>(last, std::numeric_limits<std::uint16_t>::max());
    for (std::size_t at = last + 1; at-- > first;) {
      if (number_at<std::uint32_t>(bytes_, at) == end_signature) return at;
    }
    wrong("it has no directory at its end (truncated?)");
  }

  // Reads the member whose directory header is at `at`, and moves `at` to the next one.
  Member read_central(std::size_t& at) const {
    need(at, central_bytes, "the directory");
    if (number_at<std::uint32_t>(bytes_, at) != central_signature) wrong("no directory entry at byte {}", at);
    Member member;
    member.flags = number_at<std::uint16_t>(bytes_, at + 8);
    member.method = number_at<std::uint16_t>(bytes_, at + 10);
    member.crc = number_at<std::uint32_t>(bytes_, at + 16);
    member.packed = number_at<std::uint32_t>(bytes_, at + 20);
    member.unpacked = number_at<std::uint32_t>(bytes_, at + 24);
    member.offset = number_at<std::uint32_t>(bytes_, at + 42);
    const auto name_bytes = number_at<std::uint16_t>(bytes_, at + 28);
    const auto extra_bytes = number_at<std::uint16_t>(bytes_, at + 30);
    const auto comment_bytes = number_at<std::uint16_t>(bytes_, at + 32);
    at += central_bytes;
    need(at, std::uint64_t{name_bytes} + extra_bytes + comment_bytes, "the directory");
    member.name.assign(reinterpret_cast<const char*>(bytes_.data()) + at, name_bytes);
    read_zip64(member, bytes_.subspan(at + name_bytes, extra_bytes));
    at += std::size_t{name_bytes} + extra_bytes + comment_bytes;
    return member;
  }

  // 64-bit values stand in the extra field, in this order, for those that are all ones.
  void read_zip64(Member& member, std::span<const std::byte> extra) const {
    while (extra.size() >= 4) {
      const auto id = number_at<std::uint16_t>(extra, 0);
      const std::size_t length = number_at<std::uint16_t>(extra, 2);
      if (length > extra.size() - 4) wrong("member '{}' has a broken extra field", member.name);
      std::span<const std::byte> values = extra.subspan(4, length);
      extra = extra.subspan(4 + length);
      if (id != zip64_extra) continue;
      for (std::uint64_t* value : {&member.unpacked, &member.packed, &member.offset}) {
        if (*value != in_zip64_extra) continue;
        if (values.size() < 8) wrong("member '{}' has a broken extra field", member.name);
        *value = number_at<std::uint64_t>(values, 0);
        values = values.subspan(8);
      }
    }
  }

  std::vector<std::byte> content_of(const Member& member) const {
    if (member.flags & encrypted_flag) wrong("member '{}' is encrypted", member.name);
    need(member.offset, local_bytes, "a member");
    const std::size_t head = member.offset;
    if (number_at<std::uint32_t>(bytes_, head) != local_signature)
      wrong("member '{}' has no header", member.name);
    const std::uint64_t start = head + local_bytes + number_at<std::uint16_t>(bytes_, head + 26) +
                                number_at<std::uint16_t>(bytes_, head + 28);
    need(start, member.packed, fmt::format("member '{}'", member.name));
    const auto packed = bytes_.subspan(start, member.packed);

    std::vector<std::byte> content = unpacked(member, packed);
    if (checksum(content) != member.crc) wrong("member '{}' is damaged: its checksum differs", member.name);
    return content;
  }

  std::vector<std::byte> unpacked(const Member& member, std::span<const std::byte> packed) const {
    if (member.method == stored && member.unpacked == packed.size()) return {packed.begin(), packed.end()};
    if (member.method == stored) {
      wrong("member '{}' is stored in {} bytes, {} expected", member.name, packed.size(), member.unpacked);
    }
    if (member.method != deflated) wrong("member '{}' is packed by method {}", member.name, member.method);
    if (member.unpacked > best_ratio * (member.packed + 1) || member.unpacked > in_zip64_extra) {
      wrong("member '{}' cannot unpack from {} to {} bytes", member.name, member.packed, member.unpacked);
    }
    std::vector<std::byte> content(member.unpacked);
    if (!inflate_bytes(packed, content))
      wrong("member '{}' does not unpack to {} bytes", member.name, content.size());
    return content;
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
};

}  // namespace

std::vector<std::byte> encode_zip(const ZipMembers& members, Compression compression) {
  constexpr std::size_t largest = 0xff000000;  // leaves room for what deflate may add
  if (members.size() > std::numeric_limits<std::uint16_t>::max()) {
    fail(ErrorKind::unsupported, "a zip archive holds at most 65535 members, got {}", members.size());
  }
  std::size_t unpacked = 0;
  for (const auto& [name, content] : members) unpacked += content.size();
  Writer out;
  out.reserve(std::min(unpacked, largest));
  std::vector<Member> directory;
  for (const auto& [name, content] : members) {
    if (content.size() + out.size() >= largest) {
      fail(ErrorKind::unsupported, "a zip archive of ours holds less than 4 GiB, and '{}' goes beyond", name);
    }
    const bool packing = compression == Compression::deflate;
    const std::vector<std::byte> packed = packing ? deflate_bytes(content) : std::vector<std::byte>{};
    const std::span<const std::byte> body = packing ? packed : content;
    directory.push_back({.name = name,
                         .method = packing ? deflated : stored,
                         .crc = checksum(content),
                         .packed = body.size(),
                         .unpacked = content.size(),
                         .offset = out.size()});
    out.number(local_signature);
    write_common(out, directory.back());
    out.append(name);
    out.append(body);
  }
  const std::size_t start = out.size();
  for (const Member& member : directory) write_central(out, member);
  write_end(out, directory.size(), start, out.size() - start);
  return out.take();
}

ZipMembers decode_zip(std::span<const std::byte> bytes, const std::string& name) {
  return Reader(bytes, name).read();
}

}  // namespace moonstill::io
