#include <png.h>

#include <limits>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"
#include "engine/io/image.hpp"

namespace moonstill::io {
namespace {

// libpng's simplified interface: no setjmp, and the reason as a text.
class PngImage {
 public:
  PngImage() { image_.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image_); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;

  png_image* get() { return &image_; }
  png_image* operator->() { return &image_; }

 private:
  png_image image_{};
};

png_uint_32 format_of(std::int64_t channels) { return channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY; }

}  // namespace

void write_png(const std::filesystem::path& path, const Image& image) {
  if (image.width < 1 || image.height < 1 || (image.channels != 1 && image.channels != 3)) {
    fail(ErrorKind::argument, "write_png: expected at least one pixel of 1 or 3 channels, got {} x {} x {}",
         image.width, image.height, image.channels);
  }
  PngImage png;
  png->width = static_cast<png_uint_32>(image.width);
  png->height = static_cast<png_uint_32>(image.height);
  png->format = format_of(image.channels);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(*png.get());
  std::vector<std::byte> bytes(size);
  if (!png_image_write_to_memory(png.get(), bytes.data(), &size, 0, image.pixels.data(), 0, nullptr)) {
    fail(ErrorKind::io, "cannot write '{}': {}", path.string(), png->message);
  }
  bytes.resize(size);
  write_file(path, bytes);
}

Image read_png(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  PngImage png;
  if (!png_image_begin_read_from_memory(png.get(), bytes.data(), bytes.size())) {
    fail(ErrorKind::io, "'{}' is not a PNG image that can be read: {}", path.string(), png->message);
  }
  Image image{png->width, png->height, (png->format & PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1, {}};
  constexpr std::int64_t most_pixels = 1 << 28;
  if (image.width * image.height > most_pixels) {
    fail(ErrorKind::io, "'{}': {} x {} pixels are more than {}", path.string(), image.width, image.height,
         most_pixels);
  }
  png->format = format_of(image.channels);
  image.pixels.resize(PNG_IMAGE_SIZE(*png.get()));
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(png.get(), &black, image.pixels.data(), 0, nullptr)) {
    fail(ErrorKind::io, "'{}' is not a PNG image that can be read: {}", path.string(), png->message);
  }
  return image;
}

}  // namespace moonstill::io
