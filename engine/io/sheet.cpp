#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/io/image.hpp"

namespace moonstill::io {
namespace {

constexpr std::uint8_t paper = 32;  // a dark gray between the images, so that black ones keep their edge

std::pair<double, double> finite_extremes(std::span<const double> values) {
  double low = INFINITY;
  double high = -INFINITY;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return {low, high};
}

std::uint8_t level(double value, std::pair<double, double> range) {
  const double width = range.second - range.first;
  if (std::isnan(value) || !(width > 0.0)) return 0;
  return static_cast<std::uint8_t>(std::lround(255.0 * std::clamp((value - range.first) / width, 0.0, 1.0)));
}

Shape with_channels(const Tensor& images) {
  const Shape& shape = images.shape();
  if (shape.rank() == 3) return shape.inserted(1, 1);
  if (shape.rank() != 4 || (shape[1] != 1 && shape[1] != 3)) {
    fail(ErrorKind::shape, "image_sheet: expected images [N, 1 or 3, H, W] or [N, H, W], got {}",
         shape.text());
  }
  return shape;
}

void check(const Shape& shape, const SheetOptions& options) {
  if (shape.count() == 0)
    fail(ErrorKind::shape, "image_sheet: expected at least one pixel, got {}", shape.text());
  const auto at_least = [](const char* name, std::int64_t got, std::int64_t least) {
    if (got < least)
      fail(ErrorKind::argument, "image_sheet: {}: expected at least {}, got {}", name, least, got);
  };
  at_least("columns", options.columns, 1);
  at_least("padding", options.padding, 0);
  at_least("magnification", options.magnification, 1);
}

// Puts one sample, [C, H, W], with its upper left corner at (left, top).
void place(Image& sheet, std::span<const double> sample, const Shape& shape, std::pair<double, double> range,
           std::int64_t left, std::int64_t top, std::int64_t magnification) {
  const std::int64_t height = shape[2];
  const std::int64_t width = shape[3];
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    for (std::int64_t y = 0; y < height * magnification; ++y) {
      for (std::int64_t x = 0; x < width * magnification; ++x) {
        const std::int64_t from = (c * height + y / magnification) * width + x / magnification;
        const std::int64_t to = ((top + y) * sheet.width + left + x) * sheet.channels + c;
        sheet.pixels[static_cast<std::size_t>(to)] = level(sample[static_cast<std::size_t>(from)], range);
      }
    }
  }
}

}  // namespace

Image image_sheet(const Tensor& images, const SheetOptions& options) {
  const Shape shape = with_channels(images);
  check(shape, options);
  const Tensor plain = images.row_major().cast(DType::f64);
  const std::int64_t features = shape.count() / shape[0];
  const std::int64_t columns = std::min(options.columns, shape[0]);
  const std::int64_t rows = (shape[0] + columns - 1) / columns;
  const std::int64_t step_x = shape[3] * options.magnification + options.padding;
  const std::int64_t step_y = shape[2] * options.magnification + options.padding;

  Image sheet{columns * step_x + options.padding, rows * step_y + options.padding, shape[1], {}};
  sheet.pixels.assign(static_cast<std::size_t>(sheet.width * sheet.height * sheet.channels), paper);
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    const auto sample = plain.data<double>().subspan(static_cast<std::size_t>(i * features),
                                                     static_cast<std::size_t>(features));
    place(sheet, sample, shape, options.range ? *options.range : finite_extremes(sample),
          options.padding + i % columns * step_x, options.padding + i / columns * step_y,
          options.magnification);
  }
  return sheet;
}

}  // namespace moonstill::io
