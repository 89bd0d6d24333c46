// Named tensors, as the files of this folder hold them, and their elements as little-endian bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "engine/io/bytes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::io {

static_assert(std::endian::native == std::endian::little,
              "files hold little-endian numbers, copied as they are");

using TensorMap = std::map<std::string, Tensor, std::less<>>;

/// The elements of a row-major tensor.
[[nodiscard]] inline std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return dispatch_any(tensor.dtype(),
                      [&](auto element) { return std::as_bytes(tensor.data<decltype(element)>()); });
}

/// A row-major tensor with these elements. bytes.size() must be that of the shape.
[[nodiscard]] inline Tensor tensor_from_bytes(std::span<const std::byte> bytes, const Shape& shape,
                                              DType dtype) {
  Tensor tensor = Tensor::empty(shape, dtype);
  dispatch_any(dtype, [&](auto element) {
    const auto to = std::as_writable_bytes(tensor.write<decltype(element)>());
    assert(to.size() == bytes.size());
    copy_bytes(bytes, to);
  });
  return tensor;
}

/// A number of a file. bytes.size() must be at least sizeof(T) beyond the offset.
template <class T>
[[nodiscard]] T number_at(std::span<const std::byte> bytes, std::size_t offset) {
  assert(offset + sizeof(T) <= bytes.size());
  T number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

}  // namespace moonstill::io
