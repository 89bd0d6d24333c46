// SHA-256 (FIPS 180-4), by libcrypto: tells changed files from unchanged ones.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace moonstill::io {

/// The 64 hexadecimal digits, in small letters, that `sha256sum` prints.
[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);

}  // namespace moonstill::io
