#include "engine/io/npz.hpp"

#include <string_view>

#include "engine/io/file.hpp"
#include "engine/io/npy.hpp"

namespace moonstill::io {
namespace {
constexpr std::string_view member_suffix = ".npy";
}

void save_npz(const std::filesystem::path& path, const TensorMap& arrays, Compression compression) {
  ZipMembers members;
  for (const auto& [name, tensor] : arrays)
    members.emplace(name + std::string(member_suffix), encode_npy(tensor));
  write_file(path, encode_zip(members, compression));
}

TensorMap load_npz(const std::filesystem::path& path) {
  TensorMap arrays;
  for (const auto& [member, content] : decode_zip(read_file(path), path.string())) {
    std::string name = member;
    if (name.ends_with(member_suffix)) name.resize(name.size() - member_suffix.size());
    arrays.emplace(name, decode_npy(content, path.string() + ": " + name));
  }
  return arrays;
}

}  // namespace moonstill::io
