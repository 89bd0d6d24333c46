// Safetensors files (github.com/huggingface/safetensors, "Format"): a length, a JSON header, the elements.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/io/tensor_map.hpp"

namespace moonstill::io {

struct SafeTensors {
  TensorMap tensors;                            // f32, f64, i32 or u8; row-major when read
  std::map<std::string, std::string> metadata;  // texts kept beside them
};

/// The bytes of a file, the same for the same content: larger element types first (so that all are aligned),
/// then by name. Throws Error{argument} for the name "__metadata__", which the format keeps for itself.
[[nodiscard]] std::vector<std::byte> encode_safetensors(const SafeTensors& content);

/// Throws Error{io} naming `name` (the file) and what is wrong: every length is checked against the bytes
/// there are.
[[nodiscard]] SafeTensors decode_safetensors(std::span<const std::byte> bytes, const std::string& name);

/// Throw Error{io} naming the path. Saving is atomic.
void save_safetensors(const std::filesystem::path& path, const SafeTensors& content);
[[nodiscard]] SafeTensors load_safetensors(const std::filesystem::path& path);

}  // namespace moonstill::io
