// exp, tanh and the logistic function in f32 without branches or calls, so that loops over them become vector
// code. Ranges are reduced and polynomials fitted as in Cephes (Moshier 1992); errors stay within 3 units of
// the last place.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace moonstill::vector_math {

/// 2^k for k in [-126, 127].
inline float power_of_two(std::int32_t k) {
  return std::bit_cast<float>((static_cast<std::uint32_t>(k) + 127U) << 23);
}

/// e^x. f64 is the standard library's.
inline float exp_of(float x) {
  // Beyond these the result is 0 or infinity; a NaN passes.
  x = x > 89.0F ? 89.0F : x;
  x = x < -104.0F ? -104.0F : x;
  // Adding 1.5 * 2^23 rounds to a whole number, which is then in the low bits.
  constexpr float shift = 12582912.0F;
  const float shifted = x * 1.44269504088896341F + shift;
  const float n = shifted - shift;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  // In two steps, for results below the normal range and n = 128.
  const auto k = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(shift);
  const std::int32_t half = k >> 1;
  return p * power_of_two(half) * power_of_two(k - half);
}

inline double exp_of(double x) { return std::exp(x); }

inline float tanh_of(float x) {
  const float magnitude = std::abs(x);
  const float z = x * x;
  float p = -5.70498872745e-3F;
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  const float small = p * z * x + x;
  const float large = 1.0F - 2.0F / (exp_of(2.0F * magnitude) + 1.0F);
  return magnitude < 0.625F ? small : std::copysign(large, x);
}
inline double tanh_of(double x) { return std::tanh(x); }

/// 1 / (1 + e^-x), without overflow.
template <class T>
T sigmoid_of(T x) {
  const T small = exp_of(-std::abs(x));  // at most 1
  return (x >= 0 ? T{1} : small) / (T{1} + small);
}

}  // namespace moonstill::vector_math
