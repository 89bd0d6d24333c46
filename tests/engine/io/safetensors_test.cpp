#include "engine/io/safetensors.hpp"

#include <cstdint>
#include <string>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace moonstill;
using moonstill::test::TemporaryFolder;

namespace {

// A file from its parts: a length (that of the header unless given), the header, zeros as elements.
std::vector<std::byte> file_of(const std::string& header, std::size_t elements, std::int64_t length = -1) {
  const std::uint64_t written = length < 0 ? header.size() : static_cast<std::uint64_t>(length);
  std::vector<std::byte> bytes(8 + header.size() + elements);
  std::memcpy(bytes.data(), &written, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::string reason(const std::vector<std::byte>& bytes) {
  try {
    (void)io::decode_safetensors(bytes, "f");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::io);
    const std::string text = error.what();
    const std::string prefix = "'f' is not a safetensors file: ";
    CHECK(text.starts_with(prefix));
    return text.substr(prefix.size());
  }
  return "no error";
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return fmt::format(R"("{}":{{"dtype":{},"shape":{},"data_offsets":{}}})", name, dtype, shape, offsets);
}

std::string object(const std::string& members) { return fmt::format("{{{}}}", members); }

}  // namespace

TEST_CASE("safetensors keep every type, shape, metadata, and byte") {
  const TemporaryFolder folder;
  io::SafeTensors saved;
  const std::vector<double> values{0, 1, 2, 3, 4, 5};
  saved.tensors["bytes"] = Tensor::from(values, {6}, DType::u8);
  saved.tensors["weights"] = Tensor::from(values, {2, 3}, DType::f64);
  saved.tensors["x"] = Tensor::from(values, {3, 2}, DType::f32).as_tiled();
  saved.tensors["indices"] = Tensor::from(values, {1, 6}, DType::i32);
  saved.tensors["scalar"] = Tensor::scalar(0.1, DType::f64);
  saved.tensors["none"] = Tensor::zeros({0, 4}, DType::f32);
  saved.metadata = {{"seed", "1"}, {"über", "\"quoted\"\n"}};
  io::save_safetensors(folder / "w.safetensors", saved);
  const io::SafeTensors loaded = io::load_safetensors(folder / "w.safetensors");

  CHECK(loaded.metadata == saved.metadata);
  REQUIRE(loaded.tensors.size() == saved.tensors.size());
  for (const auto& [name, tensor] : saved.tensors) {
    INFO(name);
    const Tensor& other = loaded.tensors.at(name);
    CHECK(other.dtype() == tensor.dtype());
    REQUIRE(other.shape() == tensor.shape());
    for (std::int64_t i = 0; i < tensor.count(); ++i) CHECK(other.at(i) == tensor.at(i));
  }
  CHECK(io::encode_safetensors(saved) == io::read_file(folder / "w.safetensors"));
}

TEST_CASE("the bytes of a safetensors file are those of the format") {
  io::SafeTensors content;
  content.tensors["a"] = Tensor::from(std::vector<double>{7.0}, {1}, DType::u8);
  content.tensors["b"] = Tensor::from(std::vector<double>{1.0}, {1}, DType::f32);
  const auto bytes = io::encode_safetensors(content);
  const std::string header =
      "{\"a\":{\"data_offsets\":[4,5],\"dtype\":\"U8\",\"shape\":[1]},"
      "\"b\":{\"data_offsets\":[0,4],\"dtype\":\"F32\",\"shape\":[1]}}";
  const std::size_t padded = (header.size() + 7) / 8 * 8;
  std::string expected = std::string(1, static_cast<char>(padded)) + std::string(7, '\0') + header;
  expected.append(padded - header.size(), ' ');
  expected += std::string("\x00\x00\x80\x3f\x07", 5);
  CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == expected);
}

TEST_CASE("a hostile safetensors file is refused with what is wrong") {
  const std::string good = entry("a", "\"U8\"", "[4]", "[0,4]");
  CHECK(reason(file_of(object(good), 4)) == "no error");
  CHECK(reason({}) == "it has 0 bytes, fewer than the 8 of the header's length");
  CHECK(reason(file_of("{}", 0, 1LL << 40)) == "the header should have 1099511627776 bytes, but 2 follow");
  CHECK(reason(file_of("{\"a\":", 0)) == "the header is not a JSON object");
  CHECK(reason(file_of("[1]", 0)) == "the header is not a JSON object");
  CHECK(reason(file_of(std::string(100'000, '['), 0)) == "the header is not a JSON object");
  CHECK(reason(file_of("{\"a\":{}}", 0)) == "tensor 'a' lacks dtype, shape or data_offsets");
  CHECK(reason(file_of(object(good), 3)) ==
        "tensor 'a': data_offsets are not two offsets, in order, within 3 bytes");
  CHECK(reason(file_of(object(good), 5)) == "1 bytes follow the last tensor");
  CHECK(reason(file_of(object(entry("a", "\"U8\"", "[0]", "[4,0]")), 4)) ==
        "tensor 'a': data_offsets are not two offsets, in order, within 4 bytes");
  CHECK(reason(file_of(object(good + "," + entry("b", "\"U8\"", "[2]", "[2,4]")), 4)) ==
        "tensor 'b' begins at byte 2, the one before ends at 4");
  CHECK(reason(file_of(object(entry("a", "\"F32\"", "[2]", "[0,4]")), 4)) ==
        "tensor 'a': f32 of shape [2] needs 8 bytes, got 4");
  CHECK(reason(file_of(object(entry("a", "\"BF16\"", "[2]", "[0,4]")), 4)) ==
        "tensor 'a' is BF16; F32, F64, I32 and U8 can be read");
  CHECK(reason(file_of(object(entry("a", "\"U8\"", "[4294967296,4294967296]", "[0,4]")), 4)) ==
        "tensor 'a': a shape with too many elements");
  CHECK(reason(file_of(object(entry("a", "\"U8\"", "[18446744073709551615]", "[0,4]")), 4)) ==
        "tensor 'a': a size cannot be negative, got -1");
  CHECK(reason(file_of(object(entry("a", "\"U8\"", "[-4]", "[0,4]")), 4)) ==
        "tensor 'a': shape is not a list of whole numbers");
  CHECK(reason(file_of("{\"__metadata__\":{\"k\":1}}", 0)) == "__metadata__: 'k' is not a string");
}

TEST_CASE("every truncation of a safetensors file is refused") {
  io::SafeTensors content;
  content.tensors["w"] = Tensor::zeros({3}, DType::f64);
  const auto bytes = io::encode_safetensors(content);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK_THROWS_AS(io::decode_safetensors(std::span(bytes).first(length), "f"), Error);
  }
}
