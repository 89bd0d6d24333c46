#include "engine/io/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"

namespace moonstill::io {
namespace {

using nlohmann::json;

constexpr std::string_view metadata_key = "__metadata__";
constexpr std::size_t length_bytes = 8;
constexpr std::size_t longest_header = 100'000'000;  // the format's own bound

// In the order of DType.
constexpr std::array<std::string_view, 4> dtype_texts{"F32", "F64", "I32", "U8"};

struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  std::uint64_t begin;
  std::uint64_t end;
};

// Reads one header; its members only add the file's name to what they throw.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  SafeTensors read() {
    const json header = parse_header();
    SafeTensors content;
    std::vector<Entry> entries;
    for (const auto& [key, value] : header.items()) {
      if (key == metadata_key) {
        content.metadata = metadata_of(value);
      } else {
        entries.push_back(entry_of(key, value));
      }
    }
    check_cover(entries);
    for (const Entry& entry : entries) {
      const auto part = elements_.subspan(entry.begin, entry.end - entry.begin);
      content.tensors.emplace(entry.name, tensor_from_bytes(part, entry.shape, entry.dtype));
    }
    return content;
  }

 private:
  template <class... Args>
  [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorKind::io, "'{}' is not a safetensors file: {}", name_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  json parse_header() {
    if (bytes_.size() < length_bytes)
      wrong("it has {} bytes, fewer than the 8 of the header's length", bytes_.size());
    const auto length = number_at<std::uint64_t>(bytes_, 0);
    const std::size_t rest = bytes_.size() - length_bytes;
    if (length > rest) wrong("the header should have {} bytes, but {} follow", length, rest);
    if (length > longest_header) wrong("a header of {} bytes is longer than {}", length, longest_header);
    const auto* text = reinterpret_cast<const char*>(bytes_.data()) + length_bytes;
    json header = json::parse(text, text + length, nullptr, false);
    if (!header.is_object()) wrong("the header is not a JSON object");
    elements_ = bytes_.subspan(length_bytes + length);
    return header;
  }

  std::map<std::string, std::string> metadata_of(const json& value) const {
    if (!value.is_object()) wrong("{} is not an object", metadata_key);
    std::map<std::string, std::string> metadata;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) wrong("{}: '{}' is not a string", metadata_key, key);
      metadata.emplace(key, text.get<std::string>());
    }
    return metadata;
  }

  Entry entry_of(const std::string& name, const json& value) const {
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets")) {
      wrong("tensor '{}' lacks dtype, shape or data_offsets", name);
    }
    const DType dtype = dtype_of_text(name, value["dtype"]);
    const Shape shape = shape_of(name, value["shape"]);
    const std::vector<std::uint64_t> offsets = whole_numbers(name, "data_offsets", value["data_offsets"]);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > elements_.size()) {
      wrong("tensor '{}': data_offsets are not two offsets, in order, within {} bytes", name,
            elements_.size());
    }
    const std::uint64_t expected = static_cast<std::uint64_t>(shape.count()) * dtype_size(dtype);
    if (offsets[1] - offsets[0] != expected) {
      wrong("tensor '{}': {} of shape {} needs {} bytes, got {}", name, dtype_name(dtype), shape.text(),
            expected, offsets[1] - offsets[0]);
    }
    return {name, dtype, shape, offsets[0], offsets[1]};
  }

  DType dtype_of_text(const std::string& name, const json& value) const {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    const auto at = std::ranges::find(dtype_texts, text);
    if (at == dtype_texts.end()) wrong("tensor '{}' is {}; F32, F64, I32 and U8 can be read", name, text);
    return static_cast<DType>(at - dtype_texts.begin());
  }

  std::vector<std::uint64_t> whole_numbers(const std::string& name, std::string_view key,
                                           const json& value) const {
    if (!value.is_array()) wrong("tensor '{}': {} is not a list", name, key);
    std::vector<std::uint64_t> numbers;
    for (const json& number : value) {
      if (!number.is_number_unsigned()) wrong("tensor '{}': {} is not a list of whole numbers", name, key);
      numbers.push_back(number.get<std::uint64_t>());
    }
    return numbers;
  }

  Shape shape_of(const std::string& name, const json& value) const {
    const std::vector<std::uint64_t> numbers = whole_numbers(name, "shape", value);
    const std::vector<std::int64_t> sizes(numbers.begin(), numbers.end());
    try {
      return Shape(sizes);
    } catch (const Error& error) {
      wrong("tensor '{}': {}", name, error.what());
    }
  }

  // Each byte belongs to one tensor.
  void check_cover(std::vector<Entry>& entries) const {
    std::ranges::sort(entries, {}, [](const Entry& e) { return std::tie(e.begin, e.end, e.name); });
    std::uint64_t end = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != end) {
        wrong("tensor '{}' begins at byte {}, the one before ends at {}", entry.name, entry.begin, end);
      }
      end = entry.end;
    }
    if (end != elements_.size()) wrong("{} bytes follow the last tensor", elements_.size() - end);
  }

  std::span<const std::byte> bytes_;
  std::span<const std::byte> elements_;
  const std::string& name_;
};

using Ordered = std::vector<std::pair<std::string, Tensor>>;

Ordered by_alignment(const TensorMap& tensors) {
  Ordered ordered;
  for (const auto& [name, tensor] : tensors) ordered.emplace_back(name, tensor.row_major());
  std::ranges::stable_sort(ordered, std::ranges::greater{},
                           [](const auto& entry) { return dtype_size(entry.second.dtype()); });
  return ordered;
}

std::string header_text(const Ordered& tensors, const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::uint64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name == metadata_key) fail(ErrorKind::argument, "safetensors: a tensor cannot be named '{}'", name);
    const std::uint64_t end = begin + tensor.bytes();
    const auto sizes = tensor.shape().sizes();
    header[name] = {{"dtype", dtype_texts[static_cast<std::size_t>(tensor.dtype())]},
                    {"shape", std::vector(sizes.begin(), sizes.end())},
                    {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + length_bytes - 1) / length_bytes * length_bytes, ' ');
  return text;
}

}  // namespace

std::vector<std::byte> encode_safetensors(const SafeTensors& content) {
  const Ordered tensors = by_alignment(content.tensors);
  const std::string header = header_text(tensors, content.metadata);
  const auto length = static_cast<std::uint64_t>(header.size());
  std::size_t total = length_bytes + header.size();
  for (const auto& [name, tensor] : tensors) total += tensor.bytes();

  std::vector<std::byte> bytes;
  bytes.reserve(total);
  append_bytes(bytes, std::as_bytes(std::span(&length, 1)));
  append_bytes(bytes, std::as_bytes(std::span(header)));
  for (const auto& [name, tensor] : tensors) append_bytes(bytes, bytes_of(tensor));
  return bytes;
}

SafeTensors decode_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  return Reader(bytes, name).read();
}

void save_safetensors(const std::filesystem::path& path, const SafeTensors& content) {
  write_file(path, encode_safetensors(content));
}

SafeTensors load_safetensors(const std::filesystem::path& path) {
  return decode_safetensors(read_file(path), path.string());
}

}  // namespace moonstill::io
