#include "engine/tensor/smooth_pooling.hpp"

#include <array>

#include "engine/tensor/each_window.hpp"
#include "engine/tensor/vector_math.hpp"

namespace moonstill {
namespace {

// Where a window's own numbers begin.
std::int64_t own(const Windows& w, std::int64_t result) { return result * w.places(); }

Shape own_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width * w.places()};
}

// Sixteen of them at once, of which the compiler makes vectors.
template <class T, int Size>
[[gnu::always_inline]] inline void exponentials(Samples<T, Size>& x) {
  std::array<T, tile_lanes> numbers{};
  x.store(numbers.data());
  for (T& number : numbers) number = vector_math::exp_of(number);
  x = Samples<T, Size>::load(numbers.data());
}

// One window: its weights and slopes, and the mean.
template <class T, class Count>
Samples<T, Count::size> mean_of(const Window<T, Count>& window, T sharpness, T* weights, T* slopes) {
  using Numbers = Samples<T, Count::size>;
  constexpr int parts = Numbers::parts;
  Places<T, Count::size> unused;
  const Numbers top = largest_of(window, unused);
  auto total = Numbers::zero();
  auto mean = Numbers::zero();
  for (std::size_t p = 0; p < window.offsets.size(); ++p) {
    const auto x = window.element(p);
    Numbers weight;
    for (int i = 0; i < parts; ++i) weight.part[i] = sharpness * (x.part[i] - top.part[i]);
    exponentials(weight);
    total.add(weight);
    for (int i = 0; i < parts; ++i) mean.part[i] += weight.part[i] * x.part[i];
    weight.store(weights + static_cast<std::int64_t>(p) * window.lanes, window.lanes);
  }
  Numbers share;
  for (int i = 0; i < parts; ++i) share.part[i] = T{1} / total.part[i];
  for (int i = 0; i < parts; ++i) mean.part[i] *= share.part[i];
  for (std::size_t p = 0; p < window.offsets.size(); ++p) {
    const auto x = window.element(p);
    const std::int64_t place = static_cast<std::int64_t>(p) * window.lanes;
    auto weight = Numbers::load(weights + place, window.lanes);
    Numbers slope;
    for (int i = 0; i < parts; ++i) {
      weight.part[i] *= share.part[i];
      slope.part[i] = weight.part[i] + sharpness * weight.part[i] * (x.part[i] - mean.part[i]);
    }
    weight.store(weights + place, window.lanes);
    slope.store(slopes + place, window.lanes);
  }
  return mean;
}

// Sum over a window of its own numbers times the elements.
template <class T, class Count>
[[gnu::always_inline]] inline Samples<T, Count::size> dot(const T* numbers, const Window<T, Count>& window) {
  using Numbers = Samples<T, Count::size>;
  auto sum = Numbers::zero();
  for (std::size_t p = 0; p < window.offsets.size(); ++p) {
    const auto number = Numbers::load(numbers + static_cast<std::int64_t>(p) * window.lanes, window.lanes);
    const auto element = window.element(p);
    for (int i = 0; i < Numbers::parts; ++i) sum.part[i] += number.part[i] * element.part[i];
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
    for_each_window(w, [&](const auto& at) {
      const std::int64_t begin = own(w, at.result);
      mean_of(at.of(from), static_cast<T>(pooling.sharpness), weights + begin, slopes + begin)
          .store(to + at.result, at.lanes);
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
    for_each_window(w, [&](const auto& at) {
      dot(slopes + own(w, at.result), at.of(from)).store(to + at.result, at.lanes);
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
    return spread_windows<T>(w, y.dtype(), input_shape, [&](const auto& at) {
      return [at, numbers = slopes + own(w, at.result), factor = at.load(from + at.result)](std::int64_t p) {
        auto product = at.load(numbers + p * at.lanes);
        for (int i = 0; i < product.parts; ++i) product.part[i] *= factor.part[i];
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
    return spread_windows<T>(w, y.dtype(), t.shape(), [&](const auto& at) {
      const T* slopes = all_slopes + own(w, at.result);
      const T* weights = all_weights + own(w, at.result);
      const auto window = at.of(from);
      const auto slope_change = dot(slopes, window);
      const auto weight_change = dot(weights, window);
      auto factor = at.load(factor_from + at.result);
      for (auto& part : factor.part) part *= static_cast<T>(s.pooling.sharpness);
      return [=](std::int64_t p) {
        const auto slope = at.load(slopes + p * at.lanes);
        const auto weight = at.load(weights + p * at.lanes);
        auto bent = window.element(static_cast<std::size_t>(p));
        for (int i = 0; i < bent.parts; ++i) {
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
