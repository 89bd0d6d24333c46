// exp, tanh, the logistic function and its integral in f32, sine and cosine in f64, without branches or
// calls, so that loops over them become vector code. Ranges are reduced and polynomials fitted as in Cephes
// (Moshier 1992) and fdlibm (Sun 1993); errors stay within 3 units of the last place.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

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

/// log(1 + x) for x in [0, 1], as 2 artanh(x / (2 + x)) by its series. f64 is the standard library's.
inline float log1p_of(float x) {
  const float s = x / (2.0F + x);  // at most 1/3
  const float z = s * s;
  float p = 1.0F / 13.0F;
  p = p * z + 1.0F / 11.0F;
  p = p * z + 1.0F / 9.0F;
  p = p * z + 1.0F / 7.0F;
  p = p * z + 1.0F / 5.0F;
  p = p * z + 1.0F / 3.0F;
  return 2.0F * (s + s * z * p);
}
inline double log1p_of(double x) { return std::log1p(x); }

/// log(1 + e^x), without overflow.
template <class T>
T softplus_of(T x) {
  return (x < 0 ? T{0} : x) + log1p_of(exp_of(-std::abs(x)));
}

/// x times the normal distribution up to x, with nothing cancelled where that is next to nothing.
template <class T>
T gelu_of(T x) {
  return T{0.5} * x * std::erfc(-x * static_cast<T>(0.70710678118654752440));
}

/// For |x| up to largest_turn, beyond which quarter turns no longer come off exactly.
inline constexpr double largest_turn = 1 << 20;
inline void sine_and_cosine_of(double x, double& sine, double& cosine) {
  // Adding 1.5 * 2^52 rounds to a whole number of quarter turns, which is then in the low bits.
  constexpr double shift = 6755399441055744.0;
  const double shifted = x * 0.63661977236758134308 + shift;
  const auto quarters = std::bit_cast<std::int64_t>(shifted);
  const double n = shifted - shift;
  const double r =
      x - n * 1.57079632673412561417 - n * 6.07710050630396597660e-11 - n * 2.02226624879595063154e-21;
  const double z = r * r;
  double p = 1.58969099521155010221e-10;
  p = p * z - 2.50507602534068634195e-08;
  p = p * z + 2.75573137070700676789e-06;
  p = p * z - 1.98412698298579493134e-04;
  p = p * z + 8.33333333332248946124e-03;
  p = p * z - 1.66666666666666324348e-01;
  const double odd = p * z * r + r;
  double q = -1.13596475577881948265e-11;
  q = q * z + 2.08757232129817482790e-09;
  q = q * z - 2.75573143513906633035e-07;
  q = q * z + 2.48015872894767294178e-05;
  q = q * z - 1.38888888888741095749e-03;
  q = q * z + 4.16666666666666019037e-02;
  const double even = q * z * z - 0.5 * z + 1.0;
  const bool exchanged = (quarters & 1) != 0;
  const double s = exchanged ? even : odd;
  const double c = exchanged ? odd : even;
  sine = (quarters & 2) != 0 ? -s : s;
  cosine = ((quarters + 1) & 2) != 0 ? -c : c;
}

/// Of any angle.
inline void sine_and_cosine(double x, double& sine, double& cosine) {
  if (std::abs(x) <= largest_turn) return sine_and_cosine_of(x, sine, cosine);
  sine = std::sin(x);
  cosine = std::cos(x);
}

/// Of all angles, however large.
inline void sines_and_cosines(std::span<const double> angles, double* sines, double* cosines) {
  std::int64_t large = 0;
  for (const double x : angles) large += std::abs(x) <= largest_turn ? 0 : 1;
  if (large == 0) {
    for (std::size_t i = 0; i < angles.size(); ++i) sine_and_cosine_of(angles[i], sines[i], cosines[i]);
    return;
  }
  for (std::size_t i = 0; i < angles.size(); ++i) sine_and_cosine(angles[i], sines[i], cosines[i]);
}

}  // namespace moonstill::vector_math
