// Copies of many bytes, which Ctrl-C must reach.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace moonstill::io {

/// Copied, read or written between looks at Ctrl-C.
inline constexpr std::size_t piece_bytes = std::size_t{4} << 20;

/// Copies all of `from` to the beginning of `to`.
void copy_bytes(std::span<const std::byte> from, std::span<std::byte> to);

/// Adds bytes at the end. What comes all in all is best reserved before.
void append_bytes(std::vector<std::byte>& to, std::span<const std::byte> from);

}  // namespace moonstill::io
