// Named arrays as numpy's .npz: a zip archive of .npy members.
#pragma once

#include <filesystem>

#include "engine/io/tensor_map.hpp"
#include "engine/io/zip.hpp"

namespace moonstill::io {

/// Throws Error{io} naming the path. Atomic; the same arrays give the same bytes.
void save_npz(const std::filesystem::path& path, const TensorMap& arrays,
              Compression compression = Compression::deflate);

/// Throws Error{io} naming the path, the member and what is wrong.
[[nodiscard]] TensorMap load_npz(const std::filesystem::path& path);

}  // namespace moonstill::io
