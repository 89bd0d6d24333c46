#include "engine/tensor/smooth_pooling.hpp"

#include <array>

#include "engine/tensor/each_window.hpp"
#include "engine/tensor/vector_math.hpp"

namespace moonstill {
namespace {

// Where a window's own numbers begin.
std::int64_t own(const Windows& w, std::int64_t result) {
  return result * static_cast<std::int64_t>(w.offsets.size());
}

Shape own_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width * static_cast<std::int64_t>(w.offsets.size())};
}

template <class T>
Samples<T> largest_in(const T* first, std::span<const std::int64_t> offsets) {
  Places<T> unused;
  return largest_of<T>(first, offsets, unused);
}

template <class T>
[[gnu::always_inline]] inline void exponentials(Samples<T>& x) {
  std::array<T, tile_lanes> numbers;
  x.store(numbers.data());
  for (T& number : numbers) number = vector_math::exp_of(number);
  x = Samples<T>::load(numbers.data());
}

// One window: its weights and slopes, and the mean.
template <class T>
Samples<T> mean_of(const T* first, std::span<const std::int64_t> offsets, T sharpness, T* weights,
                   T* slopes) {
  constexpr int parts = Samples<T>::parts;
  const Samples<T> top = largest_in(first, offsets);
  auto total = Samples<T>::zero();
  auto mean = Samples<T>::zero();
  for (std::size_t p = 0; p < offsets.size(); ++p) {
    const auto x = Samples<T>::load(first + offsets[p]);
    Samples<T> weight;
    for (int i = 0; i < parts; ++i) weight.part[i] = sharpness * (x.part[i] - top.part[i]);
    exponentials(weight);
    total.add(weight);
    for (int i = 0; i < parts; ++i) mean.part[i] += weight.part[i] * x.part[i];
    weight.store(weights + static_cast<std::int64_t>(p) * tile_lanes);
  }
  Samples<T> share;
  for (int i = 0; i < parts; ++i) share.part[i] = T{1} / total.part[i];
  for (int i = 0; i < parts; ++i) mean.part[i] *= share.part[i];
  for (std::size_t p = 0; p < offsets.size(); ++p) {
    const auto x = Samples<T>::load(first + offsets[p]);
    const std::int64_t place = static_cast<std::int64_t>(p) * tile_lanes;
    auto weight = Samples<T>::load(weights + place);
    Samples<T> slope;
    for (int i = 0; i < parts; ++i) {
      weight.part[i] *= share.part[i];
      slope.part[i] = weight.part[i] + sharpness * weight.part[i] * (x.part[i] - mean.part[i]);
    }
    weight.store(weights + place);
    slope.store(slopes + place);
  }
  return mean;
}

// Sum over a window of its own numbers times the elements.
template <class T>
[[gnu::always_inline]] inline Samples<T> dot(const T* numbers, const T* first,
                                             std::span<const std::int64_t> offsets) {
  auto sum = Samples<T>::zero();
  for (std::size_t p = 0; p < offsets.size(); ++p) {
    const auto number = Samples<T>::load(numbers + static_cast<std::int64_t>(p) * tile_lanes);
    const auto element = Samples<T>::load(first + offsets[p]);
    for (int i = 0; i < Samples<T>::parts; ++i) sum.part[i] += number.part[i] * element.part[i];
  }
  return sum;
}

}  // namespace

SmoothMax smooth_max(const Tensor& x, SmoothPooling pooling) {
  const Tensor tiles = x.as_tiled();
  const Windows w = windows_of(x.shape(), pooling.geometry);
  const auto tensor = [&](const Shape& shape) { return Tensor::empty(shape, x.dtype(), Layout::tiled); };
  SmoothMax out{tensor(output_shape(x.shape(), w)),
                {pooling, tensor(own_shape(x.shape(), w)), tensor(own_shape(x.shape(), w))}};
  dispatch_floating(x.dtype(), "smooth_max", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.values.write<T>().data();
    T* weights = out.windows.weights.write<T>().data();
    T* slopes = out.windows.slopes.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      const std::int64_t begin = own(w, result);
      mean_of<T>(from + first, w.offsets, static_cast<T>(pooling.sharpness), weights + begin, slopes + begin)
          .store(to + result);
    });
  });
  return out;
}

Tensor smooth_max_change(const Tensor& t, const SmoothWindows& s) {
  const Tensor tiles = t.as_tiled();
  const Windows w = windows_of(t.shape(), s.pooling.geometry);
  Tensor out = Tensor::empty(output_shape(t.shape(), w), t.dtype(), Layout::tiled);
  dispatch_floating(t.dtype(), "smooth_max_change", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    const T* slopes = s.slopes.data<T>().data();
    T* to = out.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      dot(slopes + own(w, result), from + first, w.offsets).store(to + result);
    });
  });
  return out;
}

Tensor smooth_max_spread(const Tensor& y, const SmoothWindows& s, const Shape& input_shape) {
  const Tensor tiles = y.as_tiled();
  const Windows w = windows_of(input_shape, s.pooling.geometry);
  return dispatch_floating(y.dtype(), "smooth_max_spread", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    const T* slopes = s.slopes.data<T>().data();
    return spread_windows<T>(w, y.dtype(), input_shape, [&](std::int64_t, std::int64_t result) {
      return [numbers = slopes + own(w, result), factor = Samples<T>::load(from + result)](std::int64_t p) {
        auto product = Samples<T>::load(numbers + p * tile_lanes);
        for (int i = 0; i < Samples<T>::parts; ++i) product.part[i] *= factor.part[i];
        return product;
      };
    });
  });
}

Tensor smooth_max_bend(const Tensor& y, const Tensor& t, const SmoothWindows& s) {
  const Tensor factors = y.as_tiled();
  const Tensor tiles = t.as_tiled();
  const Windows w = windows_of(t.shape(), s.pooling.geometry);
  return dispatch_floating(y.dtype(), "smooth_max_bend", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    const T* factor_from = factors.data<T>().data();
    const T* all_slopes = s.slopes.data<T>().data();
    const T* all_weights = s.weights.data<T>().data();
    return spread_windows<T>(w, y.dtype(), t.shape(), [&](std::int64_t first, std::int64_t result) {
      const T* slopes = all_slopes + own(w, result);
      const T* weights = all_weights + own(w, result);
      const auto slope_change = dot(slopes, from + first, w.offsets);
      const auto weight_change = dot(weights, from + first, w.offsets);
      auto factor = Samples<T>::load(factor_from + result);
      for (auto& part : factor.part) part *= static_cast<T>(s.pooling.sharpness);
      return [=, &w](std::int64_t p) {
        const auto slope = Samples<T>::load(slopes + p * tile_lanes);
        const auto weight = Samples<T>::load(weights + p * tile_lanes);
        auto bent = Samples<T>::load(from + first + w.offsets[static_cast<std::size_t>(p)]);
        for (int i = 0; i < Samples<T>::parts; ++i) {
          bent.part[i] = factor.part[i] *
                         (bent.part[i] * (slope.part[i] + weight.part[i]) -
                          weight.part[i] * slope_change.part[i] - slope.part[i] * weight_change.part[i]);
        }
        return bent;
      };
    });
  });
}

}  // namespace moonstill
