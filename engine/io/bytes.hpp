// Copies of many bytes, which Ctrl-C must reach.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "engine/core/pieces.hpp"

namespace moonstill::io {

/// Copied, read or written between looks at Ctrl-C.
inline constexpr std::size_t piece_bytes = std::size_t{4} << 20;

/// Copies all of `from` to the beginning of `to`.
inline void copy_bytes(std::span<const std::byte> from, std::span<std::byte> to) {
  in_pieces(from.size(), piece_bytes, [&](std::size_t begin, std::size_t end) {
    std::memcpy(to.data() + begin, from.data() + begin, end - begin);
  });
}

/// Adds bytes at the end. What comes all in all is best reserved before.
inline void append_bytes(std::vector<std::byte>& to, std::span<const std::byte> from) {
  in_pieces(from.size(), piece_bytes, [&](std::size_t begin, std::size_t end) {
    to.insert(to.end(), from.data() + begin, from.data() + end);
  });
}

}  // namespace moonstill::io
