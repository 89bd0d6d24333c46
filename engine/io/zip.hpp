// Zip archives in memory, as .npz files need them: members stored or deflated, no clock in their bytes.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace moonstill::io {

enum class Compression { none, deflate };

using ZipMembers = std::map<std::string, std::vector<std::byte>>;

/// An archive with its members in the order of their names, all dated 1980-01-01. Throws Error{unsupported}
/// beyond the format's 4 GiB and 65,535 members.
[[nodiscard]] std::vector<std::byte> encode_zip(const ZipMembers& members, Compression compression);

/// All members. Throws Error{io} naming `name` (the file) and what is wrong: lengths, checksums, methods.
[[nodiscard]] ZipMembers decode_zip(std::span<const std::byte> bytes, const std::string& name);

}  // namespace moonstill::io
