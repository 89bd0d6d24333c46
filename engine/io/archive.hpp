// Archives of small text files, such as shared modules: written as .tar.gz, read as .tar, .tar.gz or .zip, by
// libarchive and in memory. What is on the disk is left to the caller.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace moonstill::io {

/// Contents by name, in the order of their bytes; a name has its folders in it: "bell-0.1.0/init.lua".
using ArchiveFiles = std::map<std::string, std::string>;

/// A .tar.gz whose bytes depend on names and contents alone: sorted, without times, owners and permissions.
/// Throws Error{io} for a name that would leave the folder.
[[nodiscard]] std::string pack_archive(const ArchiveFiles& files);

/// All files. Throws Error{io} naming `name` (the archive) and what is wrong with it: names that are
/// absolute, have "..", or stand twice; links and devices; more than 10,000 files or 64 MiB.
[[nodiscard]] ArchiveFiles unpack_archive(std::span<const std::byte> bytes, const std::string& name);

}  // namespace moonstill::io
