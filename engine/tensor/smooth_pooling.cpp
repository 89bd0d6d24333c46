#include "engine/tensor/smooth_pooling.hpp"

#include <array>

#include "engine/tensor/each_window.hpp"
#include "engine/tensor/vector_math.hpp"

namespace moonstill {
namespace {

// Where a window's own numbers begin, and its place p among them.
std::int64_t own(const Windows& w, std::int64_t result) {
  return result * static_cast<std::int64_t>(w.offsets.size());
}

Shape own_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width * static_cast<std::int64_t>(w.offsets.size())};
}

// Sixteen numbers, each by itself.
template <class T, class Function>
[[gnu::always_inline]] inline Samples<T> map(const Samples<T>& x, Function function) {
  std::array<T, tile_lanes> numbers;
  x.store(numbers.data());
  for (T& number : numbers) number = function(number);
  return Samples<T>::load(numbers.data());
}

// What is pooled, and its derivative by x.
template <class T>
struct Pooled {
  Samples<T> value, gate;
};

template <class T>
[[gnu::always_inline]] inline Pooled<T> pooled(const T* from, T sharpness, bool relu) {
  const auto x = Samples<T>::load(from);
  if (!relu) return {x, map(x, [](T) { return T{1}; })};
  return {map(x, [=](T v) { return vector_math::softplus_of(sharpness * v) / sharpness; }),
          map(x, [=](T v) { return vector_math::sigmoid_of(sharpness * v); })};
}

// Where the numbers of one window go, place after place.
template <class T>
struct OwnNumbers {
  T* slopes;
  T* weights;
  T* curvatures;
};

// One window: its mean, and what its derivatives are made of. On the way the pooled values stand with the
// slopes, their derivatives with the curvatures.
template <class T>
Samples<T> mean_of(const T* first, std::span<const std::int64_t> offsets, const SmoothPooling& pooling,
                   const OwnNumbers<T>& to) {
  constexpr int parts = Samples<T>::parts;
  const auto sharpness = static_cast<T>(pooling.sharpness);
  const auto places = static_cast<std::int64_t>(offsets.size()) * tile_lanes;
  Samples<T> top;
  for (std::int64_t p = 0; p < places; p += tile_lanes) {
    const auto [value, gate] =
        pooled(first + offsets[static_cast<std::size_t>(p / tile_lanes)], sharpness, pooling.relu);
    value.store(to.slopes + p);
    gate.store(to.curvatures + p);
    for (int i = 0; i < parts; ++i) {
      top.part[i] = p > 0 && !(value.part[i] > top.part[i]) ? top.part[i] : value.part[i];
    }
  }
  auto total = Samples<T>::zero();
  auto mean = Samples<T>::zero();
  for (std::int64_t p = 0; p < places; p += tile_lanes) {
    const auto value = Samples<T>::load(to.slopes + p);
    Samples<T> weight;
    for (int i = 0; i < parts; ++i) weight.part[i] = sharpness * (value.part[i] - top.part[i]);
    weight = map(weight, [](T v) { return vector_math::exp_of(v); });
    total.add(weight);
    for (int i = 0; i < parts; ++i) mean.part[i] += weight.part[i] * value.part[i];
    weight.store(to.weights + p);
  }
  for (int i = 0; i < parts; ++i) mean.part[i] /= total.part[i];
  for (std::int64_t p = 0; p < places; p += tile_lanes) {
    const auto value = Samples<T>::load(to.slopes + p);
    auto weight = Samples<T>::load(to.weights + p);
    auto gate = Samples<T>::load(to.curvatures + p);
    Samples<T> slope;
    for (int i = 0; i < parts; ++i) {
      weight.part[i] *= gate.part[i] / total.part[i];
      slope.part[i] = weight.part[i] + sharpness * weight.part[i] * (value.part[i] - mean.part[i]);
      gate.part[i] = slope.part[i] + gate.part[i] * weight.part[i];
    }
    slope.store(to.slopes + p);
    weight.store(to.weights + p);
    gate.store(to.curvatures + p);
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
                {pooling, tensor(own_shape(x.shape(), w)), tensor(own_shape(x.shape(), w)),
                 tensor(own_shape(x.shape(), w))}};
  dispatch_floating(x.dtype(), "smooth_max", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.values.write<T>().data();
    T* slopes = out.windows.slopes.write<T>().data();
    T* weights = out.windows.weights.write<T>().data();
    T* curvatures = out.windows.curvatures.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      const std::int64_t begin = own(w, result);
      mean_of<T>(from + first, w.offsets, pooling, {slopes + begin, weights + begin, curvatures + begin})
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
    const T* all_curvatures = s.curvatures.data<T>().data();
    return spread_windows<T>(w, y.dtype(), t.shape(), [&](std::int64_t first, std::int64_t result) {
      const T* slopes = all_slopes + own(w, result);
      const T* weights = all_weights + own(w, result);
      const T* curvatures = all_curvatures + own(w, result);
      const auto slope_change = dot(slopes, from + first, w.offsets);
      const auto weight_change = dot(weights, from + first, w.offsets);
      auto factor = Samples<T>::load(factor_from + result);
      for (auto& part : factor.part) part *= static_cast<T>(s.pooling.sharpness);
      return [=, &w](std::int64_t p) {
        const auto slope = Samples<T>::load(slopes + p * tile_lanes);
        const auto weight = Samples<T>::load(weights + p * tile_lanes);
        const auto curvature = Samples<T>::load(curvatures + p * tile_lanes);
        auto bent = Samples<T>::load(from + first + w.offsets[static_cast<std::size_t>(p)]);
        for (int i = 0; i < Samples<T>::parts; ++i) {
          bent.part[i] =
              factor.part[i] * (bent.part[i] * curvature.part[i] - weight.part[i] * slope_change.part[i] -
                                slope.part[i] * weight_change.part[i]);
        }
        return bent;
      };
    });
  });
}

}  // namespace moonstill
