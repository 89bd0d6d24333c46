// One array as numpy's .npy: a magic number, a header in Python's notation, the elements (numpy.lib.format).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/io/tensor_map.hpp"

namespace moonstill::io {

/// Version 1.0, little-endian, C order: <f4, <f8, <i4 or |u1.
[[nodiscard]] std::vector<std::byte> encode_npy(const Tensor& tensor);

/// Reads <f4, <f8, <i4, |u1, and <i8 (as i32) and |b1 (as u8); Fortran order is put into C order. Throws
/// Error{io} naming `name` (the file) and what is wrong.
[[nodiscard]] Tensor decode_npy(std::span<const std::byte> bytes, const std::string& name);

/// Throw Error{io} naming the path. Saving is atomic.
void save_npy(const std::filesystem::path& path, const Tensor& tensor);
[[nodiscard]] Tensor load_npy(const std::filesystem::path& path);

}  // namespace moonstill::io
