// FNV-1a (Fowler, Noll and Vo), 64 bits: tells values apart. It keeps nothing secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace moonstill {

/// A hash that grows with what is added. Equal bytes in equal order give equal values.
class Hash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) value_ = (value_ ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3;
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace moonstill
