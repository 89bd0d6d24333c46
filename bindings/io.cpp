// ms.io: tensors, images, tables and texts in files that other programs read.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "bindings/host/modules.hpp"
#include "bindings/json.hpp"
#include "bindings/support/tree.hpp"
#include "bindings/tensor.hpp"
#include "engine/core/error.hpp"
#include "engine/core/hash.hpp"
#include "engine/io/file.hpp"
#include "engine/io/image.hpp"
#include "engine/io/lines.hpp"
#include "engine/io/npy.hpp"
#include "engine/io/npz.hpp"
#include "engine/io/safetensors.hpp"

namespace moonstill::lua {

template <>
struct ObjectTraits<io::CsvFile> {
  static constexpr const char* name = "ms.CsvFile";
  static constexpr const char* documentation = "A table on disk that grows row by row. Made by ms.io.csv.";
};
template <>
struct ObjectTraits<io::LineFile> {
  static constexpr const char* name = "ms.JsonLines";
  static constexpr const char* documentation =
      "A .jsonl file that grows value by value. Made by ms.io.jsonl.";
};

namespace {

namespace fs = std::filesystem;

const Param path_param{"path", "string", "Where; missing folders on the way are made."};
const Param existing_path_param{"path", "string", "Where."};
constexpr std::size_t widest_indent = 16;
const Param keep_option{"keep", "integer", "How many rows of an older file stay, for a run that goes on.",
                        "0"};

fs::path path_of(const Args& a) { return {a.string("path")}; }

// Whole, zero bytes included.
std::string string_at_top(lua_State* L) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  return {text, size};
}

std::vector<std::string> strings_of(const Args& a, Args::Key key) {
  lua_State* L = a.state();
  const int table = a.slot(key);
  std::vector<std::string> texts;
  for (lua_Integer i = 1; i <= static_cast<lua_Integer>(lua_rawlen(L, table)); ++i) {
    lua_rawgeti(L, table, i);
    texts.emplace_back(string_at_top(L));
    lua_pop(L, 1);
  }
  return texts;
}

// A number, string or boolean at the top of the stack, for a cell or for metadata.
std::string text_at_top(const Args& a, Args::Key key, const std::string& name) {
  lua_State* L = a.state();
  switch (lua_type(L, -1)) {
    case LUA_TNIL:
      return "";
    case LUA_TBOOLEAN:
      return lua_toboolean(L, -1) != 0 ? "true" : "false";
    case LUA_TNUMBER:
      return lua_isinteger(L, -1) != 0 ? std::to_string(lua_tointeger(L, -1))
                                       : io::number_text(lua_tonumber(L, -1));
    case LUA_TSTRING:
      return string_at_top(L);
    default:
      break;
  }
  if (const Value* value = find_object<Value>(L, -1); value != nullptr && value->shape().count() == 1) {
    return io::number_text(value->tensor().at(0));
  }
  a.fail(key, "'{}': expected a string, number or boolean, got {}", name, describe(L, -1));
}

io::TensorMap tensors_of(const Args& a) {
  std::vector<Tensor> leaves;
  const Tree tree = Tree::read(a.state(), a.slot("tensors"), [&](lua_State* L, int index) {
    const Value* value = find_object<Value>(L, index);
    if (value != nullptr) leaves.push_back(value->tensor());
    if (value == nullptr && !lua_istable(L, index)) {
      a.fail("tensors", "expected tensors, or tables of them, got {}", describe(L, index));
    }
    return value != nullptr;
  });
  const std::vector<std::string> names = tree.paths();
  if (leaves.size() == 1 && names[0].empty())
    a.fail("tensors",
           "expected a table of tensors by name, got a tensor: only .npy files hold one without a name");
  io::TensorMap tensors;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!tensors.emplace(names[i], leaves[i]).second)
      a.fail("tensors", "two tensors are named '{}'", names[i]);
  }
  return tensors;
}

std::map<std::string, std::string> metadata_of(const Args& a) {
  std::map<std::string, std::string> metadata;
  if (!a.given("metadata")) return metadata;
  lua_State* L = a.state();
  lua_pushnil(L);
  while (lua_next(L, a.slot("metadata")) != 0) {
    if (lua_type(L, -2) != LUA_TSTRING)
      a.fail("metadata", "expected strings as keys, got {}", describe(L, -2));
    lua_pushvalue(L, -2);
    const std::string key = string_at_top(L);
    lua_pop(L, 1);
    metadata[key] = text_at_top(a, "metadata", key);
    lua_pop(L, 1);
  }
  return metadata;
}

int push_tensors(lua_State* L, const io::TensorMap& tensors) {
  lua_createtable(L, 0, static_cast<int>(tensors.size()));
  for (const auto& [name, tensor] : tensors) {
    push(L, name);
    push(L, Value(tensor));
    lua_rawset(L, -3);
  }
  return 1;
}

[[noreturn]] void fail_extension(const Args& a) {
  a.fail("path", "expected a name that ends in .safetensors, .npz or .npy, got '{}'", a.string("path"));
}

void save(const Args& a) {
  const fs::path path = path_of(a);
  const std::string extension = path.extension();
  if (extension != ".safetensors" && a.given("metadata")) {
    a.fail("metadata", "only .safetensors files hold metadata, and the path is '{}'", path.string());
  }
  if (extension == ".safetensors") {
    io::save_safetensors(path, {tensors_of(a), metadata_of(a)});
  } else if (extension == ".npz") {
    io::save_npz(path, tensors_of(a),
                 a.boolean("compress") ? io::Compression::deflate : io::Compression::none);
  } else if (extension == ".npy") {
    io::save_npy(path, a.object<Value>("tensors").tensor());
  } else {
    fail_extension(a);
  }
}

int load(lua_State* L, const Args& a) {
  const fs::path path = path_of(a);
  const std::string extension = path.extension();
  if (extension == ".npz") return push_tensors(L, io::load_npz(path));
  if (extension == ".npy") return push(L, Value(io::load_npy(path)));
  if (extension != ".safetensors") fail_extension(a);
  const io::SafeTensors content = io::load_safetensors(path);
  push_tensors(L, content.tensors);
  lua_createtable(L, 0, static_cast<int>(content.metadata.size()));
  for (const auto& [key, text] : content.metadata) {
    push(L, key);
    push(L, text);
    lua_rawset(L, -3);
  }
  return 2;
}

void add_tensor_files(Module& ms) {
  ms.add({.name = "ms.io.save",
          .documentation = "Writes tensors to a .safetensors, .npz or .npy file.\n\nThe file appears whole "
                           "or not at all. Tensors in "
                           "nested tables are named by their place, as in \"conv[1].weight\". Equal tensors "
                           "give equal bytes.",
          .parameters = {path_param, {"tensors", "table|ms.Tensor", "Tensors by name; one tensor for .npy."}},
          .options = {{"metadata?", "table", "Texts and numbers kept beside them, as texts (.safetensors)."},
                      {"compress", "boolean", "Deflate the arrays of an .npz file.", "true"}},
          .example = "local path = os.tmpname() .. \".safetensors\"\n"
                     "ms.io.save(path, { w = ms.ones(3) }, { metadata = { made = \"by hand\" } })\n"
                     "os.remove(path)",
          .body = [](lua_State*, Args& a) {
            save(a);
            return 0;
          }});
  ms.add({.name = "ms.io.load",
          .documentation =
              "Reads a .safetensors, .npz or .npy file.\n\nA .safetensors file gives its metadata as a "
              "second result, texts by name.",
          .parameters = {existing_path_param},
          .returns = "table<string, ms.Tensor>|ms.Tensor: tensors by name; one tensor for .npy",
          .example = "local path = os.tmpname() .. \".npz\"\n"
                     "ms.io.save(path, { w = ms.ones(3) })\n"
                     "print(ms.io.load(path).w)\n"
                     "os.remove(path)",
          .body = [](lua_State* L, Args& a) { return load(L, a); }});
}

io::SheetOptions sheet_options(const Args& a) {
  io::SheetOptions options{.columns = a.integer("columns"),
                           .padding = a.integer("padding"),
                           .magnification = a.integer("magnify"),
                           .range = std::nullopt};
  if (a.given("range")) {
    const std::vector<double> range = a.numbers("range");
    if (range.size() != 2 || !(range[0] < range[1]))
      a.fail("range", "expected {{black, white}}, black < white");
    options.range = {range[0], range[1]};
  }
  return options;
}

// Channels innermost -> channels first.
Tensor tensor_of(const io::Image& image) {
  Tensor out = Tensor::empty({image.channels, image.height, image.width}, DType::u8);
  auto to = out.write<std::uint8_t>().begin();
  for (std::int64_t c = 0; c < image.channels; ++c) {
    for (auto i = static_cast<std::size_t>(c); i < image.pixels.size();
         i += static_cast<std::size_t>(image.channels)) {
      *to++ = image.pixels[i];
    }
  }
  return out;
}

void add_images(Module& ms) {
  ms.add({.name = "ms.io.write_png",
          .documentation = "Writes images side by side as one PNG file.",
          .parameters = {path_param,
                         {"images", "ms.Tensor", "[N, channels, H, W] with 1 or 3 channels, or [N, H, W]."}},
          .options = {{"columns", "integer", "Images in a row.", "10"},
                      {"padding", "integer", "Pixels around each image.", "2"},
                      {"magnify", "integer", "How many pixels a pixel becomes, in each direction.", "1"},
                      {"range?", "number[]",
                       "The values shown black and white; each image's own extremes if left out."}},
          .example = "local path = os.tmpname()\n"
                     "ms.io.write_png(path, ms.random(1):rand { 2, 8, 8 }, { magnify = 4 })\n"
                     "os.remove(path)",
          .body = [](lua_State*, Args& a) {
            io::write_png(path_of(a), io::image_sheet(a.object<Value>("images").tensor(), sheet_options(a)));
            return 0;
          }});
  ms.add({.name = "ms.io.read_png",
          .documentation = "Reads a PNG file.",
          .parameters = {existing_path_param},
          .returns = "ms.Tensor: u8 [1 or 3, H, W]",
          .example = "local path = os.tmpname()\n"
                     "ms.io.write_png(path, ms.zeros { 1, 8, 8 }, { padding = 0 })\n"
                     "print(table.concat(ms.io.read_png(path):shape(), \" x \"))\n"
                     "os.remove(path)",
          .body = [](lua_State* L, Args& a) { return push(L, Value(tensor_of(io::read_png(path_of(a))))); }});
  ms.add(
      {.name = "ms.io.read_image",
       .documentation = "Reads a PNG or JPEG file.",
       .parameters = {existing_path_param},
       .returns = "ms.Tensor: u8 [1 or 3, H, W]",
       .example = "local path = os.tmpname()\nms.io.write_png(path, ms.zeros{1, 1, 4, 4})\n"
                  "print(ms.io.read_image(path):shape())\nos.remove(path)",
       .body = [](lua_State* L, Args& a) { return push(L, Value(tensor_of(io::read_image(path_of(a))))); }});
}

void check_columns(const Args& a, const std::vector<std::string>& columns) {
  lua_State* L = a.state();
  lua_pushnil(L);
  while (lua_next(L, a.slot("row")) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING && std::ranges::find(columns, lua_tostring(L, -1)) != columns.end())
      continue;
    a.fail("row", "expected the columns {}, got {}", io::csv_line(columns), describe(L, -1));
  }
}

void append_row(const Args& a) {
  lua_State* L = a.state();
  auto& file = a.self<io::CsvFile>();
  check_columns(a, file.columns());
  std::vector<std::string> fields;
  for (const std::string& column : file.columns()) {
    lua_getfield(L, a.slot("row"), column.c_str());
    fields.push_back(text_at_top(a, "row", column));
    lua_pop(L, 1);
  }
  file.append(fields);
}

void add_csv(Module& ms) {
  ms.add_class<io::CsvFile>();
  ms.add(
      {.name = "ms.io.csv",
       .documentation =
           "Opens a .csv file that rows are appended to.\n\nEach row is on disk as soon as it is appended. "
           "A run that goes on keeps the rows that its checkpoint knows.",
       .parameters = {path_param, {"columns", "string[]", "Names."}},
       .options = {keep_option},
       .returns = "ms.CsvFile",
       .example = "local path = os.tmpname()\n"
                  "ms.io.csv(path, { \"step\", \"loss\" }):append { step = 1, loss = 0.5 }\n"
                  "print(ms.io.read_text(path))\n"
                  "os.remove(path)",
       .body = [](lua_State* L, Args& a) {
         return push(
             L, io::CsvFile(path_of(a), strings_of(a, "columns"), static_cast<std::int64_t>(a.size("keep"))));
       }});
  ms.add({.name = "ms.CsvFile:__tostring",
          .documentation = "",
          .parameters = {{"file", "ms.CsvFile", ""}, {"unused?", "any", ""}},
          .body = [](lua_State* L, Args& a) {
            return push(L, fmt::format("[CsvFile '{}']", a.object<io::CsvFile>("file").path().string()));
          }});
  ms.add({.name = "ms.CsvFile:append",
          .documentation = "Appends a row.",
          .parameters = {{"row", "table", "Values by column; those left out stay empty."}},
          .example = "local path = os.tmpname()\n"
                     "local file <close> = ms.io.csv(path, { \"step\", \"loss\" })\n"
                     "for step = 1, 3 do file:append { step = step, loss = 1 / step } end\n"
                     "os.remove(path)",
          .body = [](lua_State*, Args& a) {
            append_row(a);
            return 0;
          }});
}

void add_json(Module& ms) {
  ms.add_class<io::LineFile>();
  ms.add({.name = "ms.io.jsonl",
          .documentation = "Opens a .jsonl file (one JSON value a line) that values are appended to.",
          .parameters = {path_param},
          .options = {keep_option},
          .returns = "ms.JsonLines",
          .example = "local path = os.tmpname()\n"
                     "ms.io.jsonl(path):append { step = 1, loss = 0.5 }\n"
                     "print(ms.io.read_text(path))\n"
                     "os.remove(path)",
          .body = [](lua_State* L, Args& a) {
            return push(L, io::LineFile(path_of(a), static_cast<std::int64_t>(a.size("keep"))));
          }});
  ms.add({.name = "ms.JsonLines:__tostring",
          .documentation = "",
          .parameters = {{"file", "ms.JsonLines", ""}, {"unused?", "any", ""}},
          .body = [](lua_State* L, Args& a) {
            return push(L, fmt::format("[JsonLines '{}']", a.object<io::LineFile>("file").path().string()));
          }});
  ms.add({.name = "ms.JsonLines:append",
          .documentation = "Appends a value.",
          .parameters = {{"value", "any", "See ms.io.json."}},
          .example = "local path = os.tmpname()\n"
                     "local file <close> = ms.io.jsonl(path)\n"
                     "for step = 1, 3 do file:append { step = step, loss = 1 / step } end\n"
                     "os.remove(path)",
          .body = [](lua_State* L, Args& a) {
            a.self<io::LineFile>().append(json_from_lua(L, a.slot("value")));
            return 0;
          }});
  ms.add({.name = "ms.io.json",
          .documentation =
              "Writes a value as JSON text.\n\nTables with keys 1 .. n become lists, those with strings "
              "objects, sorted by key; tensors become nested lists; NaN and infinities become null.",
          .parameters = {{"value", "any", "nil, boolean, number, string, tensor, or tables of them."}},
          .options = {{"indent", "integer", "Spaces for each level; 0 for one line.", "0"}},
          .returns = "string",
          .example = "print(ms.io.json { loss = 0.5, seeds = { 1, 2 } })",
          .body = [](lua_State* L, Args& a) {
            const std::size_t indent = a.size("indent");
            if (indent > widest_indent)
              a.fail("indent", "expected at most {} spaces, got {}", widest_indent, indent);
            return push(L, json_from_lua(L, a.slot("value"), static_cast<int>(indent)));
          }});
  ms.add({.name = "ms.io.parse_json",
          .documentation = "Reads JSON text; null becomes nil.",
          .parameters = {{"text", "string", "One JSON value."}},
          .returns = "any",
          .example = "print(ms.io.parse_json('{ \"loss\": 0.5 }').loss)",
          .body = [](lua_State* L, Args& a) { return push_json(L, a.string("text")); }});
}

// Of a text's bytes; of a tensor's shape, type and elements, whatever their order in memory.
std::uint64_t fingerprint(const Args& a) {
  Hash hash;
  const Value* value = find_object<Value>(a.state(), a.slot("value"));
  if (value == nullptr) {
    hash.add(a.string("value"));
    return hash.value();
  }
  const Tensor tensor = constant_of(*value, "ms.io.fingerprint").row_major();
  hash.add(fmt::format("{} {}", dtype_name(tensor.dtype()), tensor.shape().text()));
  dispatch_any(tensor.dtype(),
               [&](auto element) { hash.add(std::as_bytes(tensor.data<decltype(element)>())); });
  return hash.value();
}

void add_texts(Module& ms) {
  ms.add({.name = "ms.io.fingerprint",
          .documentation =
              "Gives 16 hexadecimal digits that tell other bytes apart: a hash (FNV-1a), no secret.",
          .parameters = {{"value", "string|ms.Tensor", "A text, or a tensor with its shape and type."}},
          .returns = "string",
          .example = "print(ms.io.fingerprint(\"moon\"), ms.io.fingerprint(ms.ones(2)))",
          .body = [](lua_State* L, Args& a) { return push(L, fmt::format("{:016x}", fingerprint(a))); }});
  ms.add({.name = "ms.io.write_text",
          .documentation = "Writes a text file, which appears whole or not at all.",
          .parameters = {path_param, {"text", "string", "Its content."}},
          .example = "local path = os.tmpname()\n"
                     "ms.io.write_text(path, \"moon\\n\")\n"
                     "os.remove(path)",
          .body = [](lua_State*, Args& a) {
            io::write_file(path_of(a), a.string("text"));
            return 0;
          }});
  ms.add({.name = "ms.io.read_text",
          .documentation = "Reads a whole file.",
          .parameters = {existing_path_param},
          .returns = "string",
          .example = "local path = os.tmpname()\n"
                     "ms.io.write_text(path, \"moon\\n\")\n"
                     "print(ms.io.read_text(path))\n"
                     "os.remove(path)",
          .body = [](lua_State* L, Args& a) {
            const std::vector<std::byte> bytes = io::read_file(path_of(a));
            return push(L, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
          }});
  ms.add({.name = "ms.io.exists",
          .documentation = "Says whether there is a file or folder of that name.",
          .parameters = {existing_path_param},
          .returns = "boolean",
          .example = "print(ms.io.exists \"/nonexistent\")",
          .body = [](lua_State* L, Args& a) {
            std::error_code ignored;
            return push(L, fs::exists(path_of(a), ignored));
          }});
}

}  // namespace

void open_io(Module& ms) {
  add_tensor_files(ms);
  add_images(ms);
  add_csv(ms);
  add_json(ms);
  add_texts(ms);
}

}  // namespace moonstill::lua
