// The route that contracts a circuit to one unitary: where all samples share the angles, the circuit is
// carried out on the 2^n basis states only, and the samples' states are a matrix product with what comes out.
// Backward likewise: the samples' adjoint states are gathered into one for each basis state.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "engine/core/threads.hpp"
#include "engine/quantum/tile_sweep.hpp"
#include "engine/tensor/elementwise.hpp"
#include "engine/tensor/linalg.hpp"
#include "engine/tensor/tiling.hpp"

namespace moonstill::quantum {

/// U, or sums like it: row-major [2 * 2^n, 2^n], the real parts' rows above the imaginary parts'; a column
/// for each basis state. States and adjoint states: tiled [N, 2 * 2^n], likewise.
template <class T>
class Contraction {
 public:
  /// `x` and `xdot` (absent: zero): amplitudes [N, 2^n] and their direction.
  Contraction(const TileContext<T>& context, Tensor x, Tensor xdot)
      : c_(context),
        x_(std::move(x)),
        xdot_(std::move(xdot)),
        size_(context.plan.amplitudes()),
        column_tiles_((size_ + tile_lanes - 1) / tile_lanes),
        column_request_(context.request),
        columns_{context.plan, column_request_} {
    column_request_.values = column_request_.amplitudes = false;
    column_request_.hermitians.clear();
    columns_.samples = size_;
    columns_.angles = c_.angles;
    columns_.angle_directions = c_.angle_directions;
    columns_.shared_numbers = c_.shared_numbers;
    columns_.varies = c_.varies;
    columns_.directed = c_.directed;
    columns_.wanted = c_.wanted;
    columns_.angle_gradients = c_.angle_gradients;
    columns_.phase_slopes = c_.phase_slopes;
    identity_ = identity();
    columns_.amplitudes = {identity_.template data<T>().data(), size_, false};
  }

  /// Partial sums that it needs for so many parts of the batch: those, and one for each tile of columns.
  [[nodiscard]] std::size_t partials(std::size_t chunks) const {
    return chunks + static_cast<std::size_t>(column_tiles_);
  }

  /// Values, and gradients into `partials` and the context's destinations; `chunk` tiles of samples have one
  /// partial sum of `count` numbers.
  void run(std::int64_t chunk, std::size_t chunks, double* partials, std::size_t count) {
    contract();
    multiply();
    observe(chunk, chunks, partials, count);
    if (!c_.request.gradients()) return;
    if (c_.amplitude_gradient.wanted) put_amplitude_gradient();
    if (!column_request_.gradients()) return;
    gather();
    retreat(partials + chunks * count, count);
  }

 private:
  [[nodiscard]] bool tangents() const { return c_.request.tangents; }

  [[nodiscard]] Tensor identity() const {
    Tensor out = Tensor::zeros({size_, size_}, dtype_of<T>(), Layout::tiled);
    T* to = out.template write<T>().data();
    for (std::int64_t j = 0; j < size_; ++j) {
      const std::int64_t tile = j / tile_lanes;
      to[out.tile_begin(tile) + j * out.lanes_in(tile) + j % tile_lanes] = 1;
    }
    return out;
  }

  [[nodiscard]] Tensor empty_columns() const { return Tensor::empty({2 * size_, size_}, dtype_of<T>()); }

  // U and its change, from the circuit on basis states.
  void contract() {
    u_ = empty_columns();
    if (tangents()) udot_ = empty_columns();
    T* u = u_.template write<T>().data();
    T* udot = tangents() ? udot_.template write<T>().data() : nullptr;
    parallel_for(static_cast<std::size_t>(column_tiles_), 1, [&](std::size_t begin, std::size_t end) {
      TileSweep<T> sweep(columns_);
      for (auto tile = static_cast<std::int64_t>(begin); tile < static_cast<std::int64_t>(end); ++tile) {
        const TileStates<T> states = sweep.run_forward(tile);
        unload(states.s, tile, u);
        if (tangents()) unload(states.sdot, tile, udot);
      }
    });
  }

  [[nodiscard]] std::int64_t columns_in(std::int64_t tile) const { return lanes_of(size_, tile); }

  // A tile of columns and planes of their states.
  void unload(const Planes<T>& from, std::int64_t tile, T* to) const {
    for (std::int64_t r = 0; r < size_; ++r) {
      T* row = to + r * size_ + tile * tile_lanes;
      std::copy_n(from.re + r * tile_lanes, columns_in(tile), row);
      std::copy_n(from.im + r * tile_lanes, columns_in(tile), row + size_ * size_);
    }
  }

  void load(const Tensor& columns, std::int64_t tile, const Planes<T>& to) const {
    const T* from = columns.template data<T>().data() + tile * tile_lanes;
    for (std::int64_t r = 0; r < size_; ++r) {
      for (const auto& [plane, part] : {std::pair{to.re, from}, {to.im, from + size_ * size_}}) {
        std::fill_n(plane + r * tile_lanes, tile_lanes, T{0});
        std::copy_n(part + r * size_, columns_in(tile), plane + r * tile_lanes);
      }
    }
  }

  // s = U x and its change.
  void multiply() {
    s_ = matmul(x_, u_, false, true);
    if (!tangents()) return;
    sdot_ = matmul(x_, udot_, false, true);
    if (xdot_) sdot_ = binary(Binary::add, sdot_, matmul(xdot_, u_, false, true));
  }

  // Of s, sdot, a and adot; those that a request does not need are null.
  using Numbers = std::array<T*, 4>;
  [[nodiscard]] static constexpr bool is_adjoint(std::size_t i) { return i >= 2; }

  [[nodiscard]] TileStates<T> whole_tile(const Numbers& states, std::int64_t tile) const {
    const auto planes = [&](T* numbers) {
      if (numbers == nullptr) return Planes<T>{};
      T* at = numbers + tile * 2 * size_ * tile_lanes;
      return Planes<T>{at, at + size_ * tile_lanes};
    };
    return {planes(states[0]), planes(states[1]), planes(states[2]), planes(states[3])};
  }

  // Reads the states and seeds their adjoints.
  void observe(std::int64_t chunk, std::size_t chunks, double* partials, std::size_t count) {
    const bool gradients = c_.request.gradients();
    const auto numbers = [](Tensor& t) { return t ? t.template write<T>().data() : nullptr; };
    if (gradients) a_ = Tensor::empty(s_.shape(), s_.dtype(), Layout::tiled);
    if (gradients && tangents()) adot_ = Tensor::empty(s_.shape(), s_.dtype(), Layout::tiled);
    const Numbers states{numbers(s_), numbers(sdot_), numbers(a_), numbers(adot_)};
    const std::int64_t tiles = s_.tiles();
    parallel_for(chunks, 1, [&](std::size_t begin, std::size_t end) {
      TileSweep<T> sweep(c_);
      for (std::size_t c = begin; c < end; ++c) {
        const auto first = static_cast<std::int64_t>(c) * chunk;
        for (std::int64_t tile = first; tile < std::min(tiles, first + chunk); ++tile) {
          if (s_.lanes_in(tile) == tile_lanes)
            sweep.observe(whole_tile(states, tile), tile, partials + c * count);
          else
            observe_narrow(sweep, states, tile, partials + c * count);
        }
      }
    });
  }

  // Of a narrow tile a sweep reads whole ones made of its states, and seeds whole ones.
  void observe_narrow(TileSweep<T>& sweep, const Numbers& states, std::int64_t tile, double* partial) const {
    const std::int64_t lanes = s_.lanes_in(tile);
    const std::int64_t begin = s_.tile_begin(tile);
    std::array<Tensor, std::tuple_size_v<Numbers>> wide;
    Numbers wide_states{};
    for (std::size_t i = 0; i < wide.size(); ++i) {
      if (states[i] == nullptr) continue;
      wide[i] = Tensor::empty({tile_lanes, 2 * size_}, dtype_of<T>(), Layout::tiled);
      wide_states[i] = wide[i].template write<T>().data();
      if (!is_adjoint(i)) widen(states[i] + begin, wide_states[i], 2 * size_, lanes);
    }
    sweep.observe(whole_tile(wide_states, 0), tile, partial);
    for (std::size_t i = 0; i < wide.size(); ++i) {
      if (is_adjoint(i) && wide[i]) narrow(wide_states[i], states[i] + begin, 2 * size_, lanes);
    }
  }

  // 2 Re U^H a, or its change, of each sample.
  void put_amplitude_gradient() {
    Tensor sum = tangents()
                     ? binary(Binary::add, matmul(adot_, u_, false, false), matmul(a_, udot_, false, false))
                     : matmul(a_, u_, false, false);
    std::ranges::transform(sum.template data<T>(), c_.amplitude_gradient.samples,
                           [](T slope) { return 2 * slope; });
  }

  // One adjoint state for each basis state: sum_b a_b x_b, and its change.
  void gather() {
    g_ = matmul(a_, x_, true, false);
    if (!tangents()) return;
    gdot_ = matmul(adot_, x_, true, false);
    if (xdot_) gdot_ = binary(Binary::add, gdot_, matmul(a_, xdot_, true, false));
  }

  // Back through the circuit, with the basis states as samples.
  void retreat(double* partials, std::size_t count) {
    parallel_for(static_cast<std::size_t>(column_tiles_), 1, [&](std::size_t begin, std::size_t end) {
      TileSweep<T> sweep(columns_);
      for (std::size_t t = begin; t < end; ++t) {
        const auto tile = static_cast<std::int64_t>(t);
        const TileStates<T> states = sweep.states();
        load(u_, tile, states.s);
        load(g_, tile, states.a);
        if (tangents()) {
          load(udot_, tile, states.sdot);
          load(gdot_, tile, states.adot);
        }
        sweep.retreat(tile, partials + t * count);
      }
    });
  }

  const TileContext<T>& c_;
  Tensor x_, xdot_;
  std::int64_t size_;
  std::int64_t column_tiles_;
  SweepRequest column_request_;
  TileContext<T> columns_;
  Tensor identity_;
  Tensor u_, udot_, g_, gdot_;  // columns
  Tensor s_, sdot_, a_, adot_;  // samples
};

}  // namespace moonstill::quantum
