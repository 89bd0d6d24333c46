// Reads every #include and require of the sources, and fails on one that points the wrong way (see the map of
// the folders in README.md: stdlib -> bindings -> engine, and the arrows inside the engine).
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.hpp"

namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string_view>;

struct Layer {
  std::string_view folder;
  Names may_use;  // besides itself
};

const Names all_engine{"engine/core", "engine/tensor", "engine/autograd", "engine/quantum",
                       "engine/nn",   "engine/optim",  "engine/data",     "engine/io"};

Names with(Names names, const Names& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

// C++ folders. A file belongs to the longest that its path begins with.
const std::vector<Layer> cpp_layers{
    {"engine/core", {}},
    {"engine/tensor", {"engine/core"}},
    {"engine/autograd", {"engine/core", "engine/tensor"}},
    {"engine/quantum", {"engine/core", "engine/tensor", "engine/autograd"}},
    {"engine/nn", {"engine/core", "engine/tensor", "engine/autograd"}},
    {"engine/optim", {"engine/core", "engine/tensor", "engine/autograd"}},
    {"engine/data", {"engine/core", "engine/tensor"}},
    {"engine/io", {"engine/core", "engine/tensor"}},
    {"bindings", with({"bindings/support", "bindings/host"}, all_engine)},
    {"bindings/support", {"engine/core"}},
    {"bindings/editor", {"engine/core", "engine/io"}},
    {"bindings/host", with({"bindings", "bindings/editor", "bindings/support"}, all_engine)},
};

// Headers that belong to some folders only.
const std::vector<Layer> guarded_headers{
    {"lua.h", {"bindings", "bindings/support", "bindings/host"}},
    {"lua.hpp", {"bindings", "bindings/support", "bindings/host"}},
    {"lauxlib.h", {"bindings", "bindings/support", "bindings/host"}},
    {"lualib.h", {"bindings", "bindings/support", "bindings/host"}},
    {"cstdio", {"bindings", "bindings/editor", "bindings/support", "bindings/host", "engine/io"}},
    {"iostream", {}},
    {"CLI/CLI.hpp", {"bindings/host"}},
    {"termios.h", {"bindings/editor", "bindings/host"}},
    {"nlohmann/json.hpp", {"bindings", "bindings/host", "engine/io"}},
    {"zlib.h", {"engine/data", "engine/io"}},
    {"png.h", {"engine/io"}},
    {"jpeglib.h", {"engine/io"}},
    {"archive.h", {"engine/io"}},
    {"openssl/evp.h", {"engine/io"}},
    {"Eigen/Core", {"engine/tensor"}},
    {"Eigen/Eigenvalues", {"engine/tensor"}},
    {"Eigen/QR", {"engine/nn"}},
    {"Random123/philox.h", {"engine/core"}},
};

// Folders of stdlib, and the first words of the modules that their files may require.
const std::vector<Layer> lua_layers{
    {"stdlib/moonstill", {"moonstill"}},
    {"stdlib/qnn", {"moonstill", "qnn"}},
    {"stdlib/qasm", {"moonstill", "qasm"}},
    {"stdlib/train", {"moonstill", "plot", "train"}},
    {"stdlib/plot", {"moonstill", "plot"}},
    {"stdlib/experiment", {"moonstill", "plot", "qnn", "train", "distill", "experiment"}},
    {"stdlib/distill", {"moonstill", "plot", "qnn", "train", "distill"}},
};

bool holds(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

const Layer* layer_of(const std::vector<Layer>& layers, std::string_view folder) {
  const Layer* found = nullptr;
  for (const Layer& layer : layers) {
    const bool inside = folder == layer.folder || folder.starts_with(std::string(layer.folder) + "/");
    if (inside && (found == nullptr || layer.folder.size() > found->folder.size())) found = &layer;
  }
  return found;
}

// What stands between two of these characters, from `start` on.
std::string_view between(std::string_view line, std::size_t start, char open, char close) {
  const std::size_t begin = line.find(open, start);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = line.find(close, begin + 1);
  return end == std::string_view::npos ? std::string_view{} : line.substr(begin + 1, end - begin - 1);
}

// Why a line of a C++ file is wrong, if it is.
std::optional<std::string> wrong_include(const Layer& from, std::string_view line) {
  if (!line.starts_with("#include")) return std::nullopt;
  if (const std::string_view header = between(line, 0, '<', '>'); !header.empty()) {
    const auto guarded = std::ranges::find(guarded_headers, header, &Layer::folder);
    if (guarded == guarded_headers.end() || holds(guarded->may_use, from.folder)) return std::nullopt;
    return fmt::format("{} includes <{}>", from.folder, header);
  }
  const std::string_view header = between(line, 0, '"', '"');
  const Layer* to = layer_of(cpp_layers, header.substr(0, header.rfind('/')));
  if (to != nullptr && (to->folder == from.folder || holds(from.may_use, to->folder))) return std::nullopt;
  return fmt::format("{} includes \"{}\"", from.folder, header);
}

// The same for Lua; comments count for nothing.
std::optional<std::string> wrong_require(const Layer& from, std::string_view line) {
  line = line.substr(0, line.find("--"));
  constexpr std::string_view word = "require";
  const std::size_t at = line.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t quote = line.find_first_not_of("( ", at + word.size());
  if (quote == std::string_view::npos || (line[quote] != '"' && line[quote] != '\'')) return std::nullopt;
  const std::string_view module = between(line, quote, line[quote], line[quote]);
  if (holds(from.may_use, module.substr(0, module.find('.')))) return std::nullopt;
  return fmt::format("{} requires '{}'", from.folder, module);
}

using Judge = std::optional<std::string> (*)(const Layer&, std::string_view);

void check_file(const fs::path& root, const fs::path& path, const std::vector<Layer>& layers, Judge judge) {
  const std::string name = fs::relative(path, root).generic_string();
  INFO(name);
  const Layer* layer = layer_of(layers, name.substr(0, name.rfind('/')));
  REQUIRE(layer != nullptr);
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (const auto wrong = judge(*layer, line)) FAIL_CHECK(*wrong);
  }
}

int check_folder(const fs::path& root, const std::string& folder, const std::vector<Layer>& layers,
                 Judge judge, const std::vector<std::string>& extensions) {
  int files = 0;
  if (!fs::exists(root / folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (std::ranges::find(extensions, entry.path().extension().string()) == extensions.end()) continue;
    if (entry.path().filename() == "topics.lua") continue;  // texts, with scripts' own requires in them
    check_file(root, entry.path(), layers, judge);
    ++files;
  }
  return files;
}

}  // namespace

TEST_CASE("every #include points along the arrows") {
  const fs::path root = MOONSTILL_SOURCE_DIR;
  CHECK(check_folder(root, "engine", cpp_layers, wrong_include, {".cpp", ".hpp"}) > 50);
  CHECK(check_folder(root, "bindings", cpp_layers, wrong_include, {".cpp", ".hpp"}) > 20);
}

TEST_CASE("every require points along the arrows") {
  CHECK(check_folder(MOONSTILL_SOURCE_DIR, "stdlib", lua_layers, wrong_require, {".lua"}) > 10);
}

TEST_CASE("wrong arrows are seen") {
  const auto include = [](std::string_view folder, std::string_view line) {
    return wrong_include(*layer_of(cpp_layers, folder), line).value_or("");
  };
  CHECK(include("engine/nn", "#include \"engine/quantum/gates.hpp\"") ==
        "engine/nn includes \"engine/quantum/gates.hpp\"");
  CHECK(include("engine/core", "#include \"engine/tensor/shape.hpp\"") ==
        "engine/core includes \"engine/tensor/shape.hpp\"");
  CHECK(include("engine/io", "#include \"bindings/json.hpp\"") == "engine/io includes \"bindings/json.hpp\"");
  CHECK(include("engine/tensor", "#include <lua.hpp>") == "engine/tensor includes <lua.hpp>");
  CHECK(include("bindings/support", "#include \"tests/support/catch.hpp\"") != "");
  CHECK(include("engine/nn", "#include \"engine/autograd/ops.hpp\"") == "");
  CHECK(include("bindings/host", "#include <lua.hpp>") == "");

  const auto require = [](std::string_view folder, std::string_view line) {
    return wrong_require(*layer_of(lua_layers, folder), line).value_or("");
  };
  CHECK(require("stdlib/moonstill/nn", "local lenet = require \"qnn.lenet\"") ==
        "stdlib/moonstill requires 'qnn.lenet'");
  CHECK(require("stdlib/qnn", "local train = require('train')") == "stdlib/qnn requires 'train'");
  CHECK(require("stdlib/qnn", "--- local train = require \"train\"") == "");
  CHECK(require("stdlib/distill", "local ms, qnn = require \"moonstill\", 1") == "");
}
