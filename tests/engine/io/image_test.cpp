#include "engine/io/image.hpp"

#include <cmath>
#include <numeric>
#include <string>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace moonstill;
using moonstill::test::TemporaryFolder;

TEST_CASE("PNG images of one and three channels are read as they were written") {
  const TemporaryFolder folder;
  for (const std::int64_t channels : {1, 3}) {
    io::Image image{5, 4, channels, std::vector<std::uint8_t>(static_cast<std::size_t>(20 * channels))};
    std::iota(image.pixels.begin(), image.pixels.end(), std::uint8_t{190});
    io::write_png(folder / "image.png", image);
    const io::Image loaded = io::read_png(folder / "image.png");
    CHECK(loaded.width == 5);
    CHECK(loaded.height == 4);
    CHECK(loaded.channels == channels);
    CHECK(loaded.pixels == image.pixels);
    const auto bytes = io::read_file(folder / "image.png");
    io::write_png(folder / "image.png", image);
    CHECK(io::read_file(folder / "image.png") == bytes);
  }
}

TEST_CASE("what is not a PNG image is refused, truncated or not") {
  const TemporaryFolder folder;
  const auto path = folder / "image.png";
  io::write_file(path, "not an image at all");
  CHECK_THROWS_WITH(io::read_png(path), test::ContainsSubstring("is not a PNG image that can be read"));
  io::write_png(path, {2, 2, 1, {1, 2, 3, 4}});
  auto bytes = io::read_file(path);
  for (std::size_t length = 1; length + 12 < bytes.size(); length += 3) {  // the last 12 bytes only say "end"
    io::write_file(path, std::span(bytes).first(length));
    CHECK_THROWS_AS(io::read_png(path), Error);
  }
  CHECK_THROWS_WITH(io::write_png(path, {0, 2, 1, {}}), test::ContainsSubstring("got 0 x 2 x 1"));
}

TEST_CASE("JPEG images, by their first bytes; damaged ones are refused") {
  const std::filesystem::path golden = std::filesystem::path(__FILE__).parent_path() / "../../golden";
  const io::Image colour = io::read_image(golden / "colour.jpg");
  CHECK(colour.width == 8);
  CHECK(colour.height == 6);
  CHECK(colour.channels == 3);
  CHECK(std::abs(colour.pixels[0] - 200) < 4);
  CHECK(std::abs(colour.pixels[23] - 220) < 4);
  const io::Image grey = io::read_jpeg(golden / "grey.jpg");
  CHECK(grey.channels == 1);
  CHECK(std::abs(grey.pixels[7] - 210) < 4);

  const TemporaryFolder folder;
  const auto path = folder / "image.jpg";
  io::write_file(path, "no image");
  CHECK_THROWS_WITH(io::read_jpeg(path), test::ContainsSubstring("is not a JPEG image that can be read"));
  CHECK_THROWS_WITH(io::read_image(path), test::ContainsSubstring("is not a PNG image that can be read"));
  const auto bytes = io::read_file(golden / "colour.jpg");
  for (std::size_t length = 2; length + 2 < bytes.size(); length += 7) {
    io::write_file(path, std::span(bytes).first(length));
    CHECK_THROWS_AS(io::read_image(path), Error);
  }
}

TEST_CASE("a sheet puts images in rows, magnified, each over its own extremes or over one range") {
  const std::vector<double> values{0, 1, 2, 3, -1, 1, 1, 1, 5, 5, 5, 5};
  const Tensor images = Tensor::from(values, {3, 1, 2, 2}, DType::f32);
  const io::Image own =
      io::image_sheet(images, {.columns = 2, .padding = 1, .magnification = 1, .range = {}});
  CHECK(own.width == 7);
  CHECK(own.height == 7);
  const auto at = [](const io::Image& image, std::int64_t x, std::int64_t y) {
    return static_cast<int>(image.pixels[static_cast<std::size_t>(y * image.width + x)]);
  };
  CHECK(at(own, 1, 1) == 0);
  CHECK(at(own, 2, 1) == 85);
  CHECK(at(own, 2, 2) == 255);
  CHECK(at(own, 4, 1) == 0);
  CHECK(at(own, 5, 1) == 255);
  CHECK(at(own, 1, 4) == 0);
  CHECK(at(own, 0, 0) == at(own, 3, 3));

  const io::Image fixed =
      io::image_sheet(images, {.columns = 3, .padding = 0, .magnification = 2, .range = {{0.0, 5.0}}});
  CHECK(fixed.width == 12);
  CHECK(fixed.height == 4);
  CHECK(at(fixed, 2, 0) == 51);
  CHECK(at(fixed, 3, 1) == 51);
  CHECK(at(fixed, 4, 0) == 0);
  CHECK(at(fixed, 11, 3) == 255);
}

TEST_CASE("a sheet accepts colours, tiles, missing channels and NaN") {
  const Tensor colours = Tensor::from(std::vector<double>{0, 1, 2}, {1, 3, 1, 1}, DType::f64);
  const io::Image sheet =
      io::image_sheet(colours, {.columns = 4, .padding = 0, .magnification = 1, .range = {{0.0, 2.0}}});
  CHECK(sheet.pixels == std::vector<std::uint8_t>{0, 128, 255});
  const Tensor plain = Tensor::from(std::vector<double>{0, NAN, 2, 4}, {1, 2, 2}, DType::f32);
  const io::Image one =
      io::image_sheet(plain.as_tiled(), {.columns = 1, .padding = 0, .magnification = 1, .range = {}});
  CHECK(one.pixels == std::vector<std::uint8_t>{0, 0, 128, 255});
}

TEST_CASE("a sheet checks its arguments") {
  CHECK_THROWS_WITH(io::image_sheet(Tensor::zeros({2, 2, 4, 4}, DType::f32)),
                    "image_sheet: expected images [N, 1 or 3, H, W] or [N, H, W], got [2, 2, 4, 4]");
  CHECK_THROWS_WITH(io::image_sheet(Tensor::zeros({0, 1, 4, 4}, DType::f32)),
                    "image_sheet: expected at least one pixel, got [0, 1, 4, 4]");
  CHECK_THROWS_WITH(io::image_sheet(Tensor::zeros({1, 4, 4}, DType::f32),
                                    {.columns = 0, .padding = 0, .magnification = 1, .range = {}}),
                    "image_sheet: columns: expected at least 1, got 0");
}
