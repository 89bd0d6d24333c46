// What a rotation RY, or an observable, of one qubit does to states of a few samples side by side, whose rows
// lie one after the other: as many at a time as fill a vector.
#pragma once

#include <array>
#include <bit>
#include <cstddef>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/lane_sums.hpp"
#include "engine/quantum/qubit_rows.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

/// Cosines and sines are those of half angles, rates the half angles' change along the direction, slopes as
/// in RotationStep.
template <class T>
class QubitKernel {
  static constexpr auto W = static_cast<std::size_t>(vector_lanes<T>);
  using Vector = Lanes<T, vector_lanes<T>>;
  using Index = Lanes<WholeNumber<T>, vector_lanes<T>>;
  // Of a pair of vectors that exchange rows, or of one by itself.
  template <std::size_t N>
  struct Group {
    Vector re[N];
    Vector im[N];
  };

 public:
  struct Turn {
    T cosine, sine, rate;
  };
  using Parts = std::array<Vector, local_parts>;  // LocalPart, in all lanes of a sample

  /// Of 2^row_bits rows of 2^sample_bits samples: at least a vector.
  QubitKernel(const QubitRows& qubit, int row_bits, int sample_bits)
      : samples_(1 << sample_bits), vectors_((std::size_t{1} << (row_bits + sample_bits)) / W) {
    const Bits flip = qubit.flip << sample_bits;
    const Bits mask = qubit.high.mask << sample_bits;
    flip_ = flip / W;
    mask_ = mask / W;
    offset_ = qubit.high.offset ? 1 : 0;
    permuted_ = (flip & (W - 1)) != 0;
    const Index lanes = lane_numbers<T, vector_lanes<T>>();
    exchange_ = lanes ^ static_cast<int>(flip & (W - 1));
    Index parity = lanes & static_cast<int>(mask & (W - 1));
    for (std::size_t half = W / 2; half > 0; half /= 2) parity ^= parity >> static_cast<int>(half);
    const Vector one = Vector{} + T{1};
    signs_[0] = (parity & 1) != 0 ? -one : one;
    signs_[1] = -signs_[0];
  }

  void apply(Planes<T> s, Turn turn) const {
    const Signed sine = scaled(-turn.sine);
    each([=](const QubitKernel& k, const auto& at, auto permuted) __attribute__((always_inline)) {
      const auto x = load(s, at);
      store(s, at, k.turned<permuted>(x, at, turn.cosine, sine));
    });
  }

  /// sdot <- R sdot + Rdot s;  s <- R s.
  void forward_tangent(Planes<T> s, Planes<T> sdot, Turn turn) const {
    const Signed sine = scaled(-turn.sine);
    const Signed rate = scaled(-turn.rate);
    each([=](const QubitKernel& k, const auto& at, auto permuted) __attribute__((always_inline)) {
      const auto x = k.turned<permuted>(load(s, at), at, turn.cosine, sine);
      store(s, at, x);
      auto xdot = k.turned<permuted>(load(sdot, at), at, turn.cosine, sine);
      k.add_partners<permuted>(x, at, rate, xdot);
      store(sdot, at, xdot);
    });
  }

  /// s <- R^T s;  a <- R^T a. Gives the slope's lanes.
  Vector backward(Planes<T> s, Planes<T> a, Turn turn) const {
    const Signed sine = scaled(turn.sine);
    Vector slope{};
    each([ =, &slope ](const QubitKernel& k, const auto& at, auto permuted) __attribute__((always_inline)) {
      const auto x = load(s, at);
      const auto y = load(a, at);
      k.add_slope<permuted>(y, x, at, slope);
      store(s, at, k.turned<permuted>(x, at, turn.cosine, sine));
      store(a, at, k.turned<permuted>(y, at, turn.cosine, sine));
    });
    return slope;
  }

  /// The same with tangents of everything. Gives the lanes of the slope's change.
  Vector backward_tangent(Planes<T> s, Planes<T> sdot, Planes<T> a, Planes<T> adot, Turn turn) const {
    const Signed sine = scaled(turn.sine);
    const Signed rate = scaled(turn.rate);
    Vector slope{};
    each([ =, &slope ](const QubitKernel& k, const auto& at, auto permuted) __attribute__((always_inline)) {
      const auto x = load(s, at);
      const auto xdot = load(sdot, at);
      const auto y = load(a, at);
      const auto ydot = load(adot, at);
      k.add_slope<permuted>(ydot, x, at, slope);
      k.add_slope<permuted>(y, xdot, at, slope);
      const auto s_before = k.turned<permuted>(x, at, turn.cosine, sine);
      auto sdot_before = k.turned<permuted>(xdot, at, turn.cosine, sine);
      k.add_partners<permuted>(s_before, at, rate, sdot_before);
      store(s, at, s_before);
      store(sdot, at, sdot_before);
      const auto a_before = k.turned<permuted>(y, at, turn.cosine, sine);
      auto adot_before = k.turned<permuted>(ydot, at, turn.cosine, sine);
      k.add_partners<permuted>(a_before, at, rate, adot_before);
      store(a, at, a_before);
      store(adot, at, adot_before);
    });
    return slope;
  }

  /// sum conj(s_i) s_j
  [[nodiscard]] Parts read(Planes<T> s) const {
    Sums sums{};
    each([ =, &sums ](const QubitKernel& k, const auto& at, auto permuted) __attribute__((always_inline)) {
      const auto x = load(s, at);
      k.add_populations(x, x, at, 1, sums);
      // Of two vectors, the one has what the other would add.
      k.add_coherence<permuted>(x, x, at, 0, sums);
    });
    return parts(sums, flip_ == 0 ? T{1} / 2 : T{1});
  }

  /// Its change: sum conj(s_i) sdot_j + conj(sdot_i) s_j.
  [[nodiscard]] Parts read_tangent(Planes<T> s, Planes<T> sdot) const {
    Sums sums{};
    each([ =, &sums ](const QubitKernel& k, const auto& at, auto permuted) __attribute__((always_inline)) {
      const auto x = load(s, at);
      const auto y = load(sdot, at);
      k.add_populations(x, y, at, 2, sums);
      for (std::size_t u = 0; u < at.size(); ++u) k.add_coherence<permuted>(x, y, at, u, sums);
    });
    return parts(sums, 1);
  }

  /// a += M s, or a = M s.
  void seed(const Parts& matrix, Planes<T> s, Planes<T> a, bool sets) const {
    const auto low = signs_[0] > 0;
    const Signed diagonal{low ? matrix[0] : matrix[1], low ? matrix[1] : matrix[0]};
    const Signed im{matrix[3] * signs_[0], matrix[3] * signs_[1]};
    const Vector re = matrix[2];
    each([=](const QubitKernel& k, const auto& at, auto permuted) __attribute__((always_inline)) {
      const auto x = load(s, at);
      auto y = load(a, at);
      for (std::size_t u = 0; u < at.size(); ++u) {
        const std::size_t side = k.side(at[u]);
        const Vector other_re = k.partner<permuted>(x.re[at.size() - 1 - u]);
        const Vector other_im = k.partner<permuted>(x.im[at.size() - 1 - u]);
        y.re[u] = (sets ? Vector{} : y.re[u]) + diagonal[side] * x.re[u];
        y.im[u] = (sets ? Vector{} : y.im[u]) + diagonal[side] * x.im[u];
        y.re[u] += re * other_re;
        y.im[u] += re * other_im;
        y.re[u] -= im[side] * other_im;
        y.im[u] += im[side] * other_re;
      }
      store(a, at, y);
    });
  }

 private:
  // Over the rows of each sample.
  [[nodiscard]] Vector sum(const Vector& v) const { return sum_lanes<T, vector_lanes<T>>(v, samples_); }

  // A factor that changes its sign with the qubit, by the vector's side.
  using Signed = std::array<Vector, 2>;
  [[nodiscard]] Signed scaled(T factor) const { return {factor * signs_[0], factor * signs_[1]}; }

  // 1 where the qubit is 1 in a vector's first row.
  [[nodiscard]] std::size_t side(std::size_t vector) const {
    return (static_cast<std::size_t>(std::popcount(static_cast<Bits>(vector) & mask_)) ^ offset_) & 1;
  }

  // Calls body(this kernel, numbers of the vectors, whether lanes are exchanged) for each vector that
  // exchanges rows with itself, or each two that do so with one another. The kernel is a copy, which no store
  // can change.
  template <class Body>
  [[gnu::always_inline]] void each(Body&& body) const {
    const QubitKernel k = *this;
    const auto two = [&](auto permuted) __attribute__((always_inline)) {
      const std::size_t step = std::bit_floor(k.flip_);
      for (std::size_t first = 0; first < k.vectors_; first += 2 * step) {
        for (std::size_t v = first; v < first + step; ++v) body(k, std::array{v, v ^ k.flip_}, permuted);
      }
    };
    if (k.flip_ == 0) {
      for (std::size_t v = 0; v < k.vectors_; ++v) body(k, std::array{v}, std::true_type{});
    } else if (k.permuted_) {
      two(std::true_type{});
    } else {
      two(std::false_type{});
    }
  }

  template <std::size_t N>
  [[gnu::always_inline]] static Group<N> load(Planes<T> x, const std::array<std::size_t, N>& at) {
    Group<N> g;
    for (std::size_t u = 0; u < N; ++u) {
      g.re[u] = load_lanes<T, vector_lanes<T>>(x.re + at[u] * W);
      g.im[u] = load_lanes<T, vector_lanes<T>>(x.im + at[u] * W);
    }
    return g;
  }

  template <std::size_t N>
  [[gnu::always_inline]] static void store(Planes<T> x, const std::array<std::size_t, N>& at,
                                           const Group<N>& g) {
    for (std::size_t u = 0; u < N; ++u) {
      store_lanes<T, vector_lanes<T>>(x.re + at[u] * W, g.re[u]);
      store_lanes<T, vector_lanes<T>>(x.im + at[u] * W, g.im[u]);
    }
  }

  template <bool permuted>
  [[gnu::always_inline]] Vector partner(const Vector& v) const {
    if constexpr (!permuted) return v;
    return permuted_lanes<T, vector_lanes<T>>(v, exchange_);
  }

  // y += factor x, of the rows that differ in the qubit.
  template <bool permuted, std::size_t N>
  [[gnu::always_inline]] void add_partners(const Group<N>& x, const std::array<std::size_t, N>& at,
                                           const Signed& factor, Group<N>& y) const {
    for (std::size_t u = 0; u < N; ++u) {
      const Vector& f = factor[side(at[u])];
      y.re[u] += f * partner<permuted>(x.re[N - 1 - u]);
      y.im[u] += f * partner<permuted>(x.im[N - 1 - u]);
    }
  }

  template <bool permuted, std::size_t N>
  [[gnu::always_inline]] Group<N> turned(const Group<N>& x, const std::array<std::size_t, N>& at, T cosine,
                                         const Signed& sine) const {
    Group<N> y;
    for (std::size_t u = 0; u < N; ++u) {
      y.re[u] = cosine * x.re[u];
      y.im[u] = cosine * x.im[u];
    }
    add_partners<permuted>(x, at, sine, y);
    return y;
  }

  struct Sums {
    Vector even, odd;  // populations, by the vectors' sides
    Vector re, im;
  };

  template <std::size_t N>
  [[gnu::always_inline]] void add_populations(const Group<N>& x, const Group<N>& y,
                                              const std::array<std::size_t, N>& at, T factor,
                                              Sums& sums) const {
    for (std::size_t u = 0; u < N; ++u) {
      const Vector product = x.re[u] * y.re[u] + x.im[u] * y.im[u];
      const T share[2] = {factor, 0};
      sums.even += share[side(at[u])] * product;
      sums.odd += share[1 - side(at[u])] * product;
    }
  }

  // conj(x) y of the u-th vector's rows and those that differ in the qubit.
  template <bool permuted, std::size_t N>
  [[gnu::always_inline]] void add_coherence(const Group<N>& x, const Group<N>& y,
                                            const std::array<std::size_t, N>& at, std::size_t u,
                                            Sums& sums) const {
    const Vector re = partner<permuted>(y.re[N - 1 - u]);
    const Vector im = partner<permuted>(y.im[N - 1 - u]);
    sums.re += x.re[u] * re;
    sums.re += x.im[u] * im;
    sums.im += signs_[side(at[u])] * (x.re[u] * im - x.im[u] * re);
  }

  [[nodiscard]] Parts parts(const Sums& sums, T factor) const {
    const auto low = signs_[0] > 0;
    return {sum(low ? sums.even : sums.odd), sum(low ? sums.odd : sums.even), factor * sum(sums.re),
            factor * sum(sums.im)};
  }

  // Re <a, J s>.
  template <bool permuted, std::size_t N>
  [[gnu::always_inline]] void add_slope(const Group<N>& a, const Group<N>& s,
                                        const std::array<std::size_t, N>& at, Vector& slope) const {
    for (std::size_t u = 0; u < N; ++u) {
      const Vector product =
          a.re[u] * partner<permuted>(s.re[N - 1 - u]) + a.im[u] * partner<permuted>(s.im[N - 1 - u]);
      slope -= signs_[side(at[u])] * product;
    }
  }

  int samples_;
  std::size_t vectors_;
  std::size_t flip_;  // numbers of vectors that exchange rows differ by this
  Bits mask_;
  std::size_t offset_;
  bool permuted_;
  Index exchange_;   // the lane that each exchanges with
  Vector signs_[2];  // 1 where the qubit is 0, else -1: by the vector's side
};

}  // namespace moonstill::quantum
