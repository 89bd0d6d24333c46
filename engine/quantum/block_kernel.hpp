// The tasks of state_kernels.hpp for matrices of one and two qubits, vector by vector.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "engine/quantum/state_kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

/// The sums of the lanes of N vectors, N a power of two up to W: neighbours are added, two vectors at a time
/// becoming one.
template <class T, int W, int N>
struct LaneSums {
  using Vector = Lanes<T, W>;
  using Index = Lanes<WholeNumber<T>, W>;

  /// Leaves the sum of v[i] in lane i. `segment`: how many lanes each sum is spread over.
  template <int segment = W>
  [[gnu::always_inline]] static Vector of(const Vector* v) {
    if constexpr (N > 1) {
      Vector half[N / 2];
      for (int i = 0; i < N / 2; ++i) half[i] = pair(v[2 * i], v[2 * i + 1]);
      return LaneSums<T, W, N / 2>::template of<segment / 2>(half);
    } else if constexpr (segment > 1) {
      const Vector folded = pair(v[0], v[0]);
      return of<segment / 2>(&folded);
    } else {
      return v[0];
    }
  }

 private:
  [[gnu::always_inline]] static Vector pair(const Vector& a, const Vector& b) {
    const Index even = lane_numbers<T, W>() * 2;
    return __builtin_shuffle(a, b, even) + __builtin_shuffle(a, b, even + 1);
  }
};

/// `flips`: how many qubits the matrix flips, it has 2^flips terms. `rank`: log2 of the vectors that it
/// mixes.
template <class T, int flips, int rank, bool permuted>
class BlockKernel {
  static constexpr int W = vector_lanes<T>;
  static constexpr int terms = 1 << flips;
  static constexpr int members = 1 << rank;
  using Vector = Lanes<T, W>;
  using Index = Lanes<WholeNumber<T>, W>;

  struct Group {
    Vector re[members];
    Vector im[members];
  };
  // Of terms of each member: coefficients, or sums of an environment.
  struct Terms {
    Vector re[members][terms];
    Vector im[members][terms];
  };

 public:
  BlockKernel(const BlockSite& site, const BlockStep<T>& step) : site_(site), step_(step) {
    Index lanes;
    for (int lane = 0; lane < W; ++lane) lanes[lane] = lane;
    for (int j = 0; j < terms; ++j)
      exchange_[j] = lanes ^ static_cast<int>(site.term_lanes[static_cast<std::size_t>(j)]);
  }

  // The vectors of one variant, whose first ones start at number `start`.
  void run(BlockTask task, Bits variant, Bits start) {
    variant_ = variant;
    start_ = start;
    switch (task) {
      case BlockTask::apply:
        return step_.real ? apply<true>() : apply<false>();
      case BlockTask::apply_tangent:
        return step_.real ? apply_tangent<true>() : apply_tangent<false>();
      case BlockTask::backward:
        return step_.real ? backward<true>() : backward<false>();
      case BlockTask::backward_tangent:
        return step_.real ? backward_tangent<true>() : backward_tangent<false>();
      case BlockTask::overlap:
        return flips <= 1 && step_.a == step_.s ? overlap<flips <= 1>() : overlap<false>();
      case BlockTask::overlap_tangent:
        return overlap_tangent();
      case BlockTask::accumulate:
        return accumulate();
    }
  }

 private:
  // The member that term j of member u reads.
  [[gnu::always_inline]] int source(int u, int j) const {
    if constexpr (rank == 0) return 0;
    if constexpr (rank == flips) return u ^ j;
    return u ^ static_cast<int>(site_.term_member[static_cast<std::size_t>(j)]);
  }

  template <class Body>
  [[gnu::always_inline]] void each_group(Body&& body) const {
    std::array<std::size_t, members> offsets;
    for (int u = 0; u < members; ++u) offsets[u] = site_.members[static_cast<std::size_t>(u)];
    const Bits* inner = site_.kernel.inner.data();
    const std::size_t count = site_.kernel.inner.size();
    for (const Bits outer : site_.kernel.outer) {
      const std::size_t first = start_ ^ outer;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t number = first ^ inner[i];
        std::array<std::size_t, members> at;
        for (int u = 0; u < members; ++u) at[u] = (number ^ offsets[u]) * (2 * W);
        body(at);
      }
    }
  }

  using Places = std::array<std::size_t, members>;

  // Keeps a vector in its register: read again from memory at each use, it would take the loads' bandwidth.
  [[gnu::always_inline]] static Vector held(const T* from) {
    Vector v = load_lanes<T, W>(from);
#ifdef __AVX__
    asm("" : "+v"(v));
#endif
    return v;
  }

  [[gnu::always_inline]] static Group load(const T* state, const Places& at) {
    Group x;
    for (int u = 0; u < members; ++u) {
      x.re[u] = held(state + at[u]);
      x.im[u] = held(state + at[u] + W);
    }
    return x;
  }

  [[gnu::always_inline]] static void store(T* state, const Places& at, const Group& x) {
    for (int u = 0; u < members; ++u) {
      store_lanes<T, W>(state + at[u], x.re[u]);
      store_lanes<T, W>(state + at[u] + W, x.im[u]);
    }
  }

  // What the terms of each member multiply. Where a control is 0, the first one is `outside`: 1 for a matrix,
  // 0 for its tangent or what is added.
  [[gnu::noinline]] Terms load_terms(const T* matrix, T outside) const {
    const Site& site = *site_.site;
    const int d = flips == 0 ? site.dimension() : 1 << flips;  // a diagonal matrix flips nothing
    Terms m;
    for (int u = 0; u < members; ++u) {
      const Bits variant = variant_ ^ site_.shifts[static_cast<std::size_t>(u)];
      const Index code = codes() ^ static_cast<int>(variant);
      const Index row = code & (d - 1);
      const auto active = (code | (d - 1)) == Index{} + (site.variants() - 1);
      for (int j = 0; j < terms; ++j) {
        const Index column = row ^ j;
        const Index at = 2 * (step_.adjoint ? column * d + row : row * d + column);
        const Vector re = look_up(matrix, 2 * d * d, at);
        const Vector im = look_up(matrix, 2 * d * d, at + 1);
        m.re[u][j] = active ? re : Vector{} + (j == 0 ? outside : T{0});
        m.im[u][j] = active ? (step_.adjoint ? -im : im) : Vector{};
      }
    }
    return m;
  }

  // numbers[at[lane]] for each lane, of `count` numbers, a multiple of 8.
  [[gnu::always_inline]] static Vector look_up(const T* numbers, int count, const Index& at) {
    constexpr int step = std::min(W, 8);
    Vector found{};
    for (int first = 0; first < count; first += step) {
      Vector part{};
      std::memcpy(&part, numbers + first, step * sizeof(T));
      found = at < Index{} + first ? found : __builtin_shuffle(part, at - first);
    }
    return found;
  }

  // Vector v as term j reads it.
  [[gnu::always_inline]] Vector exchanged(const Vector& v, int j) const {
    if constexpr (permuted) {
      if (j != 0) return __builtin_shuffle(v, exchange_[j]);
    }
    return v;
  }

  // y += M x, or y = M x. One product a statement, so that each becomes a fused multiply-add.
  template <bool real, bool start>
  [[gnu::always_inline]] void multiply(const Terms& m, const Group& x, Group& y) const {
    for (int u = 0; u < members; ++u) {
      for (int j = 0; j < terms; ++j) {
        const Vector re = exchanged(x.re[source(u, j)], j);
        const Vector im = exchanged(x.im[source(u, j)], j);
        if (start && j == 0) {
          y.re[u] = m.re[u][j] * re;
          y.im[u] = m.re[u][j] * im;
        } else {
          y.re[u] += m.re[u][j] * re;
          y.im[u] += m.re[u][j] * im;
        }
        if constexpr (!real) {
          y.re[u] -= m.im[u][j] * im;
          y.im[u] += m.im[u][j] * re;
        }
      }
    }
  }

  // e += conj(a) s, term by term.
  [[gnu::always_inline]] void add_overlap(const Group& a, const Group& s, Terms& e) const {
    for (int u = 0; u < members; ++u) {
      for (int j = 0; j < terms; ++j) {
        const Vector re = exchanged(s.re[source(u, j)], j);
        const Vector im = exchanged(s.im[source(u, j)], j);
        e.re[u][j] += a.re[u] * re;
        e.im[u][j] += a.re[u] * im;
        e.re[u][j] += a.im[u] * im;
        e.im[u][j] -= a.im[u] * re;
      }
    }
  }

  // As much of it as meets an anti-Hermitian matrix, which is real where `real`.
  template <bool real>
  [[gnu::always_inline]] void add_slope_overlap(const Group& a, const Group& s, Terms& e) const {
    for (int u = 0; u < members; ++u) {
      for (int j = 0; j < terms; ++j) {
        const Vector re = exchanged(s.re[source(u, j)], j);
        const Vector im = exchanged(s.im[source(u, j)], j);
        if (j != 0) {
          e.re[u][j] += a.re[u] * re;
          e.re[u][j] += a.im[u] * im;
        }
        if constexpr (!real) {
          e.im[u][j] += a.re[u] * im;
          e.im[u][j] -= a.im[u] * re;
        }
      }
    }
  }

  // The same for a = s, half of which is known from the other half.
  [[gnu::always_inline]] void add_own_overlap(const Group& s, Terms& e) const {
    for (int u = 0; u < members; ++u) {
      e.re[u][0] += s.re[u] * s.re[u];
      e.re[u][0] += s.im[u] * s.im[u];
      for (int j = 1; j < terms; ++j) {
        if (source(u, j) < u) continue;
        const Vector re = exchanged(s.re[source(u, j)], j);
        const Vector im = exchanged(s.im[source(u, j)], j);
        e.re[u][j] += s.re[u] * re;
        e.im[u][j] += s.re[u] * im;
        e.re[u][j] += s.im[u] * im;
        e.im[u][j] -= s.im[u] * re;
      }
    }
  }

  template <bool real>
  void apply() const {
    const Terms m = load_terms(step_.matrix, T{1});
    T* const s = step_.s;
    each_group([&](const Places& at) __attribute__((always_inline)) {
      Group y;
      multiply<real, true>(m, load(s, at), y);
      store(s, at, y);
    });
  }

  template <bool real>
  void apply_tangent() const {
    const Terms m = load_terms(step_.matrix, T{1});
    const Terms mdot = load_terms(step_.tangent, T{0});
    T* const s = step_.s;
    T* const sdot = step_.sdot;
    each_group([&](const Places& at) __attribute__((always_inline)) {
      const Group x = load(s, at);
      Group y;
      multiply<real, true>(m, load(sdot, at), y);
      multiply<real, false>(mdot, x, y);
      store(sdot, at, y);
      multiply<real, true>(m, x, y);
      store(s, at, y);
    });
  }

  template <bool real>
  void backward() const {
    const Terms m = load_terms(step_.matrix, T{1});
    Terms e{};
    T* const s = step_.s;
    T* const a = step_.a;
    each_group([&](const Places& at) __attribute__((always_inline)) {
      const Group x = load(s, at);
      const Group z = load(a, at);
      add_slope_overlap<real>(z, x, e);
      Group y;
      multiply<real, true>(m, x, y);
      store(s, at, y);
      multiply<real, true>(m, z, y);
      store(a, at, y);
    });
    flush(e, step_.environment);
  }

  template <bool real>
  void backward_tangent() const {
    const Terms m = load_terms(step_.matrix, T{1});
    const Terms mdot = load_terms(step_.tangent, T{0});
    Terms e{};
    Terms edot{};
    T* const s = step_.s;
    T* const sdot = step_.sdot;
    T* const a = step_.a;
    T* const adot = step_.adot;
    each_group([&](const Places& at) __attribute__((always_inline)) {
      const Group x = load(s, at);
      const Group xdot = load(sdot, at);
      const Group z = load(a, at);
      const Group zdot = load(adot, at);
      add_slope_overlap<real>(z, x, e);
      add_slope_overlap<real>(zdot, x, edot);
      add_slope_overlap<real>(z, xdot, edot);
      Group y;
      multiply<real, true>(m, xdot, y);
      multiply<real, false>(mdot, x, y);
      store(sdot, at, y);
      multiply<real, true>(m, x, y);
      store(s, at, y);
      multiply<real, true>(m, zdot, y);
      multiply<real, false>(mdot, z, y);
      store(adot, at, y);
      multiply<real, true>(m, z, y);
      store(a, at, y);
    });
    flush(e, step_.environment);
    flush(edot, step_.environment_tangent);
  }

  template <bool own>
  void overlap() const {
    Terms e{};
    const T* const s = step_.s;
    const T* const a = step_.a;
    each_group([&](const Places& at) __attribute__((always_inline)) {
      if constexpr (own)
        add_own_overlap(load(s, at), e);
      else
        add_overlap(load(a, at), load(s, at), e);
    });
    if constexpr (own) complete(e);
    flush(e, step_.environment);
  }

  void overlap_tangent() const {
    Terms e{};
    Terms edot{};
    const T* const s = step_.s;
    const T* const sdot = step_.sdot;
    const T* const a = step_.a;
    const T* const adot = step_.adot;
    each_group([&](const Places& at) __attribute__((always_inline)) {
      const Group x = load(s, at);
      const Group y = load(a, at);
      add_overlap(y, x, e);
      add_overlap(load(adot, at), x, edot);
      add_overlap(y, load(sdot, at), edot);
    });
    flush(e, step_.environment);
    flush(edot, step_.environment_tangent);
  }

  void accumulate() const {
    const Terms m = load_terms(step_.matrix, T{0});
    const T* const s = step_.s;
    T* const a = step_.a;
    each_group([&](const Places& at) __attribute__((always_inline)) {
      Group y = load(a, at);
      multiply<false, false>(m, load(s, at), y);
      store(a, at, y);
    });
  }

  // What add_own_overlap left out: conj(s[p]) s[q] is the conjugate of conj(s[q]) s[p].
  [[gnu::always_inline]] void complete(Terms& e) const {
    for (int u = 0; u < members; ++u) {
      for (int j = 1; j < terms; ++j) {
        const int other = source(u, j);
        if (other >= u) continue;
        e.re[u][j] = exchanged(e.re[other][j], j);
        e.im[u][j] = -exchanged(e.im[other][j], j);
      }
    }
  }

  // Sums of lanes into the entries that they belong to. By value: the sums themselves then stay in registers.
  [[gnu::noinline]] void flush(const Terms e, double* to) const {
    const Site& site = *site_.site;
    const auto d = static_cast<Bits>(site.dimension());
    if (site.lanes_alike()) {
      const Sums sums = sums_of(e);
      for (Bits u = 0; u < members; ++u) add(sums, u, site.row(variant_ ^ site_.shifts[u], 0), d, to);
      return;
    }
    for (Bits i = 0; i < d; ++i) {
      Terms chosen;
      for (Bits u = 0; u < members; ++u) {
        const auto here = codes() == Index{} + site.code_of(variant_ ^ site_.shifts[u], i);
        for (int j = 0; j < terms; ++j) {
          chosen.re[u][j] = here ? e.re[u][j] : Vector{};
          chosen.im[u][j] = here ? e.im[u][j] : Vector{};
        }
      }
      const Sums sums = sums_of(chosen);
      for (Bits u = 0; u < members; ++u) add(sums, u, i, d, to);
    }
  }

  // Of all vectors of some terms, in their order.
  static constexpr int term_vectors = 2 * members * terms;
  using Sums = std::array<T, std::max(term_vectors, W)>;

  [[gnu::always_inline]] static Sums sums_of(const Terms& e) {
    constexpr int batch = std::min(term_vectors, W);
    Vector all[term_vectors];
    std::memcpy(all, &e, sizeof all);
    Sums out;
    for (int first = 0; first < term_vectors; first += batch) {
      const Vector sums = LaneSums<T, W, batch>::of(all + first);
      std::memcpy(out.data() + first, &sums, static_cast<std::size_t>(batch) * sizeof(T));
    }
    return out;
  }

  // Those of member u, whose row is i.
  [[gnu::always_inline]] static void add(const Sums& sums, Bits u, Bits i, Bits d, double* to) {
    for (Bits j = 0; j < terms; ++j) {
      double* entry = to + (i * d + (i ^ j)) * 2;
      entry[0] += static_cast<double>(sums[u * terms + j]);
      entry[1] += static_cast<double>(sums[(members + u) * terms + j]);
    }
  }

  [[nodiscard]] Index codes() const {
    const std::int32_t* from = site_.site->lane_codes().data();
    if constexpr (sizeof(T) == 4)
      return load_lanes<std::int32_t, W>(from);
    else
      return __builtin_convertvector((load_lanes<std::int32_t, W>(from)), Index);
  }

  const BlockSite& site_;
  const BlockStep<T> step_;
  Index exchange_[terms];
  Bits variant_ = 0;
  Bits start_ = 0;
};

}  // namespace moonstill::quantum
