#include "engine/io/bytes.hpp"

#include <cstring>

#include "engine/core/pieces.hpp"

namespace moonstill::io {

void copy_bytes(std::span<const std::byte> from, std::span<std::byte> to) {
  in_pieces(from.size(), piece_bytes, [&](std::size_t begin, std::size_t end) {
    std::memcpy(to.data() + begin, from.data() + begin, end - begin);
  });
}

void append_bytes(std::vector<std::byte>& to, std::span<const std::byte> from) {
  in_pieces(from.size(), piece_bytes, [&](std::size_t begin, std::size_t end) {
    to.insert(to.end(), from.data() + begin, from.data() + end);
  });
}

}  // namespace moonstill::io
