#include "engine/data/gather.hpp"

#include <algorithm>
#include <array>

#include "engine/core/threads.hpp"
#include "engine/data/image_set.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tiling.hpp"

namespace moonstill::data {
namespace {

constexpr int lanes = static_cast<int>(tile_lanes);
using Pointers = std::span<const std::uint8_t* const>;

// Pixels converted together: a square block, transposed in registers.
constexpr std::int64_t block = lanes;

// Pixels [begin, end) of so many samples -> [end - begin][samples], as scale * pixel + offset.
template <class T>
void gather_plane(const Pointers& samples, std::int64_t width, std::int64_t begin, std::int64_t end, T scale,
                  T offset, T* to) {
  const std::int64_t last = width - 1;
  std::int64_t f = begin;
  for (; f + block <= end; f += block, to += block * width) {
    Square<std::uint8_t> rows;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto sample = std::min(lane, static_cast<std::size_t>(last));
      rows[lane] = load_lanes<std::uint8_t, lanes>(samples[sample] + f);
    }
    transpose<std::uint8_t>(rows);
    std::array<T, block * block> wide;
    T* const pixels = width == lanes ? to : wide.data();
    for (std::size_t i = 0; i < lanes; ++i) {
      store_lanes<T, lanes>(pixels + i * lanes,
                            __builtin_convertvector(rows[i], Lanes<T, lanes>) * scale + offset);
    }
    if (width < lanes) narrow(wide.data(), to, block, width);
  }
  for (; f < end; ++f) {
    for (std::int64_t lane = 0; lane < width; ++lane)
      *to++ = static_cast<T>(samples[static_cast<std::size_t>(lane)][f]) * scale + offset;
  }
}

template <class T>
void gather_tile(const Pointers& samples, std::int64_t width, const Shape& shape,
                 const Normalization& normalization, T* to) {
  const std::int64_t plane = shape[1] * shape[2];
  for (std::int64_t c = 0; c < shape[0]; ++c) {
    const double mean = normalization.mean[static_cast<std::size_t>(c)];
    const double deviation = normalization.deviation[static_cast<std::size_t>(c)];
    gather_plane(samples, width, c * plane, (c + 1) * plane, static_cast<T>(1.0 / (255.0 * deviation)),
                 static_cast<T>(-mean / deviation), to + c * plane * width);
  }
}

}  // namespace

Tensor gather_images(std::span<const std::uint8_t* const> samples, const Shape& shape,
                     const Normalization& normalization, DType dtype) {
  Tensor out =
      Tensor::empty(shape.inserted(0, static_cast<std::int64_t>(samples.size())), dtype, Layout::tiled);
  constexpr std::size_t tiles_worth_a_thread = 4;
  dispatch_floating(dtype, "images", [&](auto element) {
    using T = decltype(element);
    T* to = out.write<T>().data();
    parallel_for(static_cast<std::size_t>(out.tiles()), tiles_worth_a_thread,
                 [&](std::size_t begin, std::size_t end) {
                   for (auto t = static_cast<std::int64_t>(begin); t < static_cast<std::int64_t>(end); ++t)
                     gather_tile(samples.subspan(static_cast<std::size_t>(t * lanes)), out.lanes_in(t), shape,
                                 normalization, to + out.tile_begin(t));
                 });
  });
  return out;
}

}  // namespace moonstill::data
