// Numbers that carry derivatives: evaluating a gate's formula with them gives the matrix, its first
// derivatives and their change along a direction (hyper-dual numbers with several first directions).
#pragma once

#include <array>

#include "engine/tensor/vector_math.hpp"

namespace moonstill::quantum {

/// Most angles that one gate, or one fused run of gates, may have.
inline constexpr int max_gate_angles = 3;

/// v, its derivatives g_m with respect to up to three angles, its derivative d along a direction, and gd_m,
/// that of g_m.
struct Jet {
  double v = 0;
  std::array<double, max_gate_angles> g{};
  double d = 0;
  std::array<double, max_gate_angles> gd{};

  Jet(double value = 0) : v(value) {}  // NOLINT: a number is a jet without derivatives

  /// The function with value f, first derivative f1 and second f2 at v, applied to this.
  [[nodiscard]] Jet chain(double f, double f1, double f2) const {
    Jet r(f);
    r.d = f1 * d;
    for (int m = 0; m < max_gate_angles; ++m) {
      r.g[m] = f1 * g[m];
      r.gd[m] = f1 * gd[m] + f2 * g[m] * d;
    }
    return r;
  }
};

inline Jet operator+(const Jet& a, const Jet& b) {
  Jet r(a.v + b.v);
  r.d = a.d + b.d;
  for (int m = 0; m < max_gate_angles; ++m) {
    r.g[m] = a.g[m] + b.g[m];
    r.gd[m] = a.gd[m] + b.gd[m];
  }
  return r;
}

inline Jet operator*(const Jet& a, double factor) { return a.chain(a.v * factor, factor, 0); }
inline Jet operator*(double factor, const Jet& a) { return a * factor; }
inline Jet operator-(const Jet& a) { return a * -1.0; }
inline Jet operator-(const Jet& a, const Jet& b) { return a + -b; }

inline Jet operator*(const Jet& a, const Jet& b) {
  Jet r(a.v * b.v);
  r.d = a.d * b.v + a.v * b.d;
  for (int m = 0; m < max_gate_angles; ++m) {
    r.g[m] = a.g[m] * b.v + a.v * b.g[m];
    r.gd[m] = a.gd[m] * b.v + a.g[m] * b.d + a.d * b.g[m] + a.v * b.gd[m];
  }
  return r;
}

/// The sine and the cosine of an angle.
template <class R>
struct SineCosine {
  R sine;
  R cosine;
};

inline SineCosine<double> sine_cosine(double angle) {
  SineCosine<double> r{};
  vector_math::sine_and_cosine(angle, r.sine, r.cosine);
  return r;
}

inline SineCosine<Jet> sine_cosine(const Jet& angle) {
  const auto [s, c] = sine_cosine(angle.v);
  return {angle.chain(s, c, -s), angle.chain(c, -s, -c)};
}

}  // namespace moonstill::quantum
