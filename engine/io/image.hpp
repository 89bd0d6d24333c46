// Images of bytes: PNG and JPEG files, and sheets that show many samples side by side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace moonstill::io {

/// Rows from the top, pixels from the left, channels innermost: 1 (gray) or 3 (red, green, blue).
struct Image {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t channels = 1;
  std::vector<std::uint8_t> pixels;
};

/// Throws Error{io} naming the path and the reason. Writing is atomic, with no clock in the bytes.
void write_png(const std::filesystem::path& path, const Image& image);

/// Any PNG, as gray where it is gray and as colours otherwise; transparency is laid on black.
[[nodiscard]] Image read_png(const std::filesystem::path& path);

/// Any JPEG of 1 or 3 channels.
[[nodiscard]] Image read_jpeg(const std::filesystem::path& path);

/// PNG or JPEG, by its first bytes.
[[nodiscard]] Image read_image(const std::filesystem::path& path);

struct SheetOptions {
  std::int64_t columns = 10;
  std::int64_t padding = 2;        // pixels around each image, after magnification
  std::int64_t magnification = 1;  // pixels a pixel becomes, in each direction
  /// The values shown as black and as white. Each image is spread over its own extremes where none are given.
  std::optional<std::pair<double, double>> range;
};

/// Images [N, C, H, W] or [N, H, W] with 1 or 3 channels, any element type, row by row. Not a number is shown
/// black. Throws Error{shape} or Error{argument}.
[[nodiscard]] Image image_sheet(const Tensor& images, const SheetOptions& options = {});

}  // namespace moonstill::io
