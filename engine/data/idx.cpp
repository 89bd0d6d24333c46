// IDX (yann.lecun.com/exdb/mnist): two zero bytes, element type, rank, big-endian sizes, elements.
#include <algorithm>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/data/load.hpp"
#include "engine/data/unpack.hpp"

namespace moonstill::data {
namespace {

constexpr std::uint8_t unsigned_bytes = 0x08;

std::uint32_t big_endian(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
         std::uint32_t{at[3]};
}

}  // namespace

Tensor load_idx(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> content = read_unpacked(path);
  const std::string name = path.string();
  if (content.size() < 4) fail(ErrorKind::io, "'{}' is truncated: {} bytes", name, content.size());
  const std::uint32_t magic = big_endian(content.data());
  const std::size_t rank = magic & 0xff;
  if (magic >> 8 != unsigned_bytes || rank < 1 || rank > Shape::max_rank) {
    fail(ErrorKind::io,
         "'{}': wrong magic number: expected 0x00000801 (labels) or 0x00000803 (images), got {:#010x}", name,
         magic);
  }
  const std::size_t head = 4 + 4 * rank;
  if (content.size() < head) fail(ErrorKind::io, "'{}' is truncated: {} bytes", name, content.size());
  std::vector<std::int64_t> sizes;
  for (std::size_t axis = 0; axis < rank; ++axis) sizes.push_back(big_endian(content.data() + 4 + 4 * axis));
  const Shape shape(sizes);
  const std::size_t got = content.size() - head;
  if (static_cast<std::size_t>(shape.count()) != got) {
    fail(ErrorKind::io, "'{}' {}: sizes {} need {} bytes, got {}", name,
         static_cast<std::size_t>(shape.count()) > got ? "is truncated" : "has bytes left over", shape.text(),
         shape.count(), got);
  }
  Tensor tensor = Tensor::empty(shape, DType::u8);
  std::copy(content.begin() + static_cast<std::ptrdiff_t>(head), content.end(),
            tensor.write<std::uint8_t>().begin());
  return tensor;
}

}  // namespace moonstill::data
