#include "bindings/host/file_service.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/support/barrier.hpp"
#include "bindings/support/object.hpp"
#include "engine/io/archive.hpp"
#include "engine/io/file.hpp"
#include "engine/io/lock.hpp"
#include "engine/io/sha256.hpp"

namespace moonstill::lua {

template <>
struct ObjectTraits<io::FileLock> {
  static constexpr const char* name = "ms.FileLock";
};

namespace {

namespace fs = std::filesystem;

std::string_view text(lua_State* L, int index) {
  std::size_t size = 0;
  const char* data = luaL_checklstring(L, index, &size);
  return {data, size};
}

void push(lua_State* L, std::string_view value) { lua_pushlstring(L, value.data(), value.size()); }

void check(const std::error_code& error, std::string_view action, const fs::path& path) {
  if (error) io::fail_with_errno(action, path, error.value());
}

// sha256(text) -> 64 hexadecimal digits
int host_sha256(lua_State* L) {
  push(L, io::sha256(std::as_bytes(std::span(text(L, 1)))));
  return 1;
}

// pack({ [name] = content, ... }) -> the bytes of a .tar.gz
int host_pack(lua_State* L) {
  io::ArchiveFiles files;
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) files.emplace(text(L, -2), text(L, -1));
  push(L, io::pack_archive(files));
  return 1;
}

// unpack(bytes, name) -> { [name] = content, ... }
int host_unpack(lua_State* L) {
  const auto files = io::unpack_archive(std::as_bytes(std::span(text(L, 1))), std::string(text(L, 2)));
  lua_createtable(L, 0, static_cast<int>(files.size()));
  for (const auto& [name, content] : files) {
    push(L, name);
    push(L, content);
    lua_rawset(L, -3);
  }
  return 1;
}

std::string_view kind_of(const fs::file_status& status) {
  switch (status.type()) {
    case fs::file_type::regular:
      return "file";
    case fs::file_type::directory:
      return "folder";
    case fs::file_type::symlink:
      return "link";
    case fs::file_type::not_found:
      return "";
    default:
      return "other";
  }
}

// kind(path) -> "file", "folder", "link" or "other"; nil where there is nothing
int host_kind(lua_State* L) {
  std::error_code ignored;
  const std::string_view kind = kind_of(fs::symlink_status(fs::path(text(L, 1)), ignored));
  if (kind.empty()) return 0;
  push(L, kind);
  return 1;
}

// list(folder) -> { { name =, kind = }, ... } sorted by name; nil where it is no folder that can be read
int host_list(lua_State* L) {
  std::error_code error;
  std::vector<std::pair<std::string, std::string_view>> entries;
  for (fs::directory_iterator it(fs::path(text(L, 1)), error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    entries.emplace_back(it->path().filename().string(), kind_of(it->symlink_status(ignored)));
  }
  if (error) return 0;
  std::sort(entries.begin(), entries.end());
  lua_createtable(L, static_cast<int>(entries.size()), 0);
  lua_Integer i = 0;
  for (const auto& [name, kind] : entries) {
    lua_createtable(L, 0, 2);
    push(L, name);
    lua_setfield(L, -2, "name");
    push(L, kind);
    lua_setfield(L, -2, "kind");
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

// size(file) -> bytes, 0 where it cannot be told
int host_size(lua_State* L) {
  std::error_code error;
  const auto size = fs::file_size(fs::path(text(L, 1)), error);
  lua_pushinteger(L, error ? 0 : static_cast<lua_Integer>(size));
  return 1;
}

// make_folder(path): with those on the way
int host_make_folder(lua_State* L) {
  const fs::path path(text(L, 1));
  std::error_code error;
  fs::create_directories(path, error);
  check(error, "make the folder", path);
  return 0;
}

// rename(from, to)
int host_rename(lua_State* L) {
  const fs::path from(text(L, 1));
  std::error_code error;
  fs::rename(from, fs::path(text(L, 2)), error);
  check(error, "rename", from);
  return 0;
}

// exchange(a, b) -> whether they have changed places, at once; false where the file system cannot do that
int host_exchange(lua_State* L) {
  const fs::path a(text(L, 1));
  const fs::path b(text(L, 2));
  lua_pushboolean(L, ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0);
  return 1;
}

// remove_all(path): a file, or a folder with everything in it
int host_remove_all(lua_State* L) {
  const fs::path path(text(L, 1));
  std::error_code error;
  fs::remove_all(path, error);
  check(error, "remove", path);
  return 0;
}

// lock(file, text) -> a lock, held until it is closed; nil where it is held already
int host_lock(lua_State* L) {
  auto held = io::FileLock::take(fs::path(text(L, 1)), text(L, 2));
  if (!held) return 0;
  push_object<io::FileLock>(L, std::move(*held));
  return 1;
}

// absolute(path) -> from the root on, without "." and ".."
int host_absolute(lua_State* L) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(fs::path(text(L, 1)), error), error);
  if (error) path = fs::path(text(L, 1));
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  push(L, path.string());
  return 1;
}

enum class Owner { nobody, us, another };

// Whose a file is; root's count as ours. Another user must not decide what is loaded, by a file in a folder
// like /tmp.
Owner owner_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return Owner::nobody;
  return status.st_uid == ::geteuid() || status.st_uid == 0 ? Owner::us : Owner::another;
}

// find_above(folder, file) -> the folder, or the nearest above it, that has this file, of ours or root's, or
// nil; and the nearest such file of another user that was passed over, or nil
int host_find_above(lua_State* L) {
  std::error_code error;
  fs::path folder = fs::weakly_canonical(fs::absolute(fs::path(text(L, 1)), error), error);
  const fs::path name(text(L, 2));
  lua_settop(L, 2);
  lua_pushnil(L);
  lua_pushnil(L);
  while (!folder.empty()) {
    const Owner owner = owner_of(folder / name);
    if (owner == Owner::us) {
      push(L, folder.string());
      lua_replace(L, 3);
      break;
    }
    if (owner == Owner::another && lua_isnil(L, 4)) {
      push(L, (folder / name).string());
      lua_replace(L, 4);
    }
    if (!folder.has_relative_path()) break;
    folder = folder.parent_path();
  }
  return 2;
}

constexpr luaL_Reg functions[] = {{"sha256", guard<host_sha256>},
                                  {"pack", guard<host_pack>},
                                  {"unpack", guard<host_unpack>},
                                  {"kind", guard<host_kind>},
                                  {"list", guard<host_list>},
                                  {"size", guard<host_size>},
                                  {"make_folder", guard<host_make_folder>},
                                  {"rename", guard<host_rename>},
                                  {"exchange", guard<host_exchange>},
                                  {"remove_all", guard<host_remove_all>},
                                  {"lock", guard<host_lock>},
                                  {"absolute", guard<host_absolute>},
                                  {"find_above", guard<host_find_above>},
                                  {nullptr, nullptr}};

}  // namespace

void add_file_functions(lua_State* L) {
  add_metatable<io::FileLock>(L);
  luaL_setfuncs(L, functions, 0);
}

}  // namespace moonstill::lua
