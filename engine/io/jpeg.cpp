// libjpeg reports errors by a jump: nothing with a destructor is made in the function that it leaves.
#include <array>
#include <csetjmp>
#include <cstdio>
#include <fstream>

#include <jpeglib.h>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"
#include "engine/io/image.hpp"

namespace moonstill::io {
namespace {

constexpr JDIMENSION most_side = 1 << 14;

struct Decoder {
  jpeg_error_mgr errors{};  // first: libjpeg's pointer to it is one to the decoder
  jpeg_decompress_struct info{};
  std::jmp_buf on_error{};
  std::array<char, JMSG_LENGTH_MAX> message{};

  Decoder() = default;
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

[[noreturn]] void give_up(j_common_ptr info) {
  auto* decoder = reinterpret_cast<Decoder*>(info->err);
  info->err->format_message(info, decoder->message.data());
  std::longjmp(decoder->on_error, 1);
}

// Warnings are of damaged data, which libjpeg would fill up with grey.
void on_message(j_common_ptr info, int level) {
  if (level < 0) give_up(info);
}

bool decode(Decoder& decoder, const std::vector<std::byte>& bytes, Image& image) {
  jpeg_decompress_struct& info = decoder.info;
  info.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = give_up;
  decoder.errors.emit_message = on_message;
  if (setjmp(decoder.on_error) != 0) return false;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&info, TRUE);
  if (info.image_width > most_side || info.image_height > most_side) return false;
  info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&info);
  image.width = info.output_width;
  image.height = info.output_height;
  image.channels = info.output_components;
  const std::size_t row = static_cast<std::size_t>(info.output_width) * info.output_components;
  image.pixels.resize(row * info.output_height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW to = image.pixels.data() + row * info.output_scanline;
    jpeg_read_scanlines(&info, &to, 1);
  }
  jpeg_finish_decompress(&info);
  return true;
}

}  // namespace

Image read_jpeg(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  Decoder decoder;
  Image image;
  if (decode(decoder, bytes, image)) return image;
  if (decoder.message[0] == '\0') {
    fail(ErrorKind::io, "'{}': {} x {} pixels are more than {} x {}", path.string(), decoder.info.image_width,
         decoder.info.image_height, most_side, most_side);
  }
  fail(ErrorKind::io, "'{}' is not a JPEG image that can be read: {}", path.string(), decoder.message.data());
}

Image read_image(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const bool jpeg = file.get() == 0xff && file.get() == 0xd8;
  return jpeg ? read_jpeg(path) : read_png(path);
}

}  // namespace moonstill::io
