#include "engine/io/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"

namespace moonstill::io {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t alignment = 64;

// In the order of DType.
constexpr std::array<std::string_view, 4> descriptions{"<f4", "<f8", "<i4", "|u1"};
constexpr std::string_view i64_description = "<i8";
constexpr std::string_view bool_description = "|b1";

struct Header {
  std::string description;
  bool fortran_order = false;
  Shape shape;
};

// Reads the Python dictionary literal of a header: the three keys, in any order.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header parse() {
    Header header;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr")
        header.description = quoted();
      else if (key == "fortran_order")
        header.fortran_order = boolean();
      else if (key == "shape")
        header.shape = shape();
      else
        wrong(fmt::format("unknown key '{}'", key));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    return header;
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    fail(ErrorKind::io, "'{}' is not a .npy array that can be read: header: {}", name_, what);
  }

  void skip_blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }

  bool accept(char c) {
    skip_blanks();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) wrong(fmt::format("expected '{}', got '{}'", c, text_.substr(0, 20)));
  }

  std::string_view quoted() {
    expect('\'');
    const std::size_t end = text_.find('\'');
    if (end == std::string_view::npos) wrong("a string without an end");
    const std::string_view inside = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return inside;
  }

  bool boolean() {
    skip_blanks();
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return word == "True";
    }
    wrong("fortran_order is neither True nor False");
  }

  Shape shape() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc{}) wrong("the shape is not a list of whole numbers");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      sizes.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    try {
      return Shape(sizes);
    } catch (const Error& error) {
      wrong(error.what());
    }
  }

  std::string_view text_;
  const std::string& name_;
};

std::string shape_text(const Shape& shape) {
  std::string text = "(";
  for (const std::int64_t size : shape.sizes()) text += fmt::format("{}, ", size);
  if (shape.rank() > 1) text.resize(text.size() - 2);
  if (shape.rank() == 1) text.pop_back();
  return text + ")";
}

// The first axis varies fastest in `from`.
Tensor from_fortran_order(const Tensor& from, const Shape& shape) {
  Tensor out = Tensor::empty(shape, from.dtype());
  dispatch_any(from.dtype(), [&](auto element) {
    using T = decltype(element);
    std::array<std::int64_t, Shape::max_rank> index{};
    for (const T value : from.data<T>()) {
      std::int64_t place = 0;
      for (std::size_t axis = 0; axis < shape.rank(); ++axis) place = place * shape[axis] + index[axis];
      out.write<T>()[static_cast<std::size_t>(place)] = value;
      for (std::size_t axis = 0; axis < shape.rank() && ++index[axis] == shape[axis]; ++axis) index[axis] = 0;
    }
  });
  return out;
}

Tensor narrowed_i64(std::span<const std::byte> bytes, const Shape& shape, const std::string& name) {
  Tensor out = Tensor::empty(shape, DType::i32);
  const auto to = out.write<std::int32_t>();
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.count()); ++i) {
    const auto value = number_at<std::int64_t>(bytes, 8 * i);
    if (value != static_cast<std::int32_t>(value)) {
      fail(ErrorKind::io, "'{}': the 64-bit number {} does not fit into 32 bits", name, value);
    }
    to[i] = static_cast<std::int32_t>(value);
  }
  return out;
}

// Bytes of the magic number, version, length and dictionary; the dictionary itself goes to `header`.
std::size_t read_header(std::span<const std::byte> bytes, const std::string& name, Header& header) {
  const auto wrong = [&](const char* what) {
    fail(ErrorKind::io, "'{}' is not a .npy array: {}", name, what);
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(magic)) wrong("its first bytes are not \\x93NUMPY");
  if (bytes.size() < 12) wrong("truncated in the header");
  const auto version = static_cast<int>(bytes[6]);
  if (version < 1 || version > 3) wrong("its version is neither 1, 2 nor 3");
  const std::size_t start = version == 1 ? 10 : 12;
  const std::size_t length =
      version == 1 ? number_at<std::uint16_t>(bytes, 8) : number_at<std::uint32_t>(bytes, 8);
  if (length > bytes.size() - start) wrong("truncated in the header");
  header = HeaderParser(text.substr(start, length), name).parse();
  return start + length;
}

std::string header_text(const Tensor& tensor) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}",
                  descriptions[static_cast<std::size_t>(tensor.dtype())], shape_text(tensor.shape()));
  const std::size_t fixed = magic.size() + 4;
  header.resize((fixed + header.size() + alignment) / alignment * alignment - fixed, ' ');
  header.back() = '\n';

  std::string text(magic);
  text += '\x01';
  text += '\x00';
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  return text + header;
}

}  // namespace

std::vector<std::byte> encode_npy(const Tensor& tensor) {
  const Tensor plain = tensor.row_major();
  const std::string header = header_text(tensor);
  std::vector<std::byte> bytes;
  bytes.reserve(header.size() + plain.bytes());
  append_bytes(bytes, std::as_bytes(std::span(header)));
  append_bytes(bytes, bytes_of(plain));
  return bytes;
}

Tensor decode_npy(std::span<const std::byte> bytes, const std::string& name) {
  Header header;
  bytes = bytes.subspan(read_header(bytes, name, header));

  const bool wide = header.description == i64_description;
  const auto at = std::ranges::find(descriptions, header.description);
  if (at == descriptions.end() && !wide && header.description != bool_description) {
    fail(ErrorKind::io, "'{}': elements of type '{}'; <f4, <f8, <i4, <i8, |u1 and |b1 can be read", name,
         header.description);
  }
  const DType dtype = wide                       ? DType::i32
                      : at == descriptions.end() ? DType::u8
                                                 : static_cast<DType>(at - descriptions.begin());

  const std::uint64_t expected =
      static_cast<std::uint64_t>(header.shape.count()) * (wide ? 8 : dtype_size(dtype));
  if (bytes.size() != expected) {
    fail(ErrorKind::io, "'{}': shape {} of {} needs {} bytes, got {}", name, header.shape.text(),
         header.description, expected, bytes.size());
  }
  const Tensor tensor =
      wide ? narrowed_i64(bytes, header.shape, name) : tensor_from_bytes(bytes, header.shape, dtype);
  return header.fortran_order && header.shape.rank() > 1 ? from_fortran_order(tensor, header.shape) : tensor;
}

void save_npy(const std::filesystem::path& path, const Tensor& tensor) {
  const Tensor plain = tensor.row_major();
  AtomicFile file(path);
  file.write(header_text(tensor));
  file.write(bytes_of(plain));
  file.commit();
}

Tensor load_npy(const std::filesystem::path& path) { return decode_npy(read_file(path), path.string()); }

}  // namespace moonstill::io
