// Files read whole, unpacked where they are .gz.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace moonstill::data {

/// The content; gzip is recognised by its first bytes. Throws Error{io} naming the path and the reason.
[[nodiscard]] std::vector<std::uint8_t> read_unpacked(const std::filesystem::path& path);

}  // namespace moonstill::data
