#include "engine/io/sha256.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <array>

#include "engine/core/error.hpp"

namespace moonstill::io {

std::string sha256(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    fail(ErrorKind::state, "libcrypto offers no SHA-256 here");
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest.at(i));
  return text;
}

}  // namespace moonstill::io
