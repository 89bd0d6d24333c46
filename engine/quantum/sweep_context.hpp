// What all samples of a call have in common, for the routes that carry a plan out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "engine/quantum/numbers.hpp"
#include "engine/quantum/sweep.hpp"

namespace moonstill::quantum {

/// Where a result goes: summed over samples into partial sums, or one for each sample.
template <class T>
struct Destination {
  bool wanted = false;
  std::int64_t partial = -1;  // offset in the tile's partial sums; -1: per sample
  T* samples = nullptr;       // as a tensor has them: [tiles][count][samples of the tile], or rows
  Shape shape{};              // of one sample

  [[nodiscard]] std::int64_t count() const { return shape.count(); }
};

/// Where an operand comes from.
template <class T>
struct Source {
  const T* values = nullptr;  // nullptr: zero
  std::int64_t count = 0;     // numbers of one sample
  bool shared = true;         // else [tiles][count][samples of the tile]
  bool row_major = false;     // or [samples][count]: amplitudes that are to be embedded
  // [count][sample lanes] for a last tile with fewer samples, of operands other than amplitudes.
  const T* widened = nullptr;
  std::int64_t widened_tile = -1;

  [[nodiscard]] const T* tile(std::int64_t tile, int lanes) const {
    if (tile == widened_tile) return widened;
    return values == nullptr || shared ? values : values + tile * count * lanes;
  }
};

/// `AnyPlan`: Plan or StatePlan.
template <class T, class AnyPlan>
struct SweepContext {
  const AnyPlan& plan;
  const SweepRequest& request;
  std::pmr::memory_resource* memory = std::pmr::get_default_resource();  // of the vectors
  std::int64_t samples = 1;
  std::pmr::vector<Source<T>> angles{memory}, angle_directions{memory};
  Source<T> amplitudes{}, amplitude_direction{}, weights{}, weight_direction{};
  // Of each lowered one: [d * d][2], or empty for zero.
  std::pmr::vector<std::pmr::vector<double>> hermitians{memory}, hermitian_directions{memory};
  std::pmr::vector<OperationNumbers<T>> shared_numbers{memory};  // of each operation, unless it varies
  // Of each operation: varies by sample, changes along the direction, has gradients that are wanted.
  std::pmr::vector<std::uint8_t> varies{memory}, directed{memory}, wanted{memory};
  Destination<T> values{};
  // SweepRequest::states, to be filled or to be read: [tiles][re, im of each row, norm][tile_lanes].
  T* kept_states = nullptr;
  const T* found_states = nullptr;
  std::pmr::vector<Destination<T>> angle_gradients{memory};
  Destination<T> amplitude_gradient{};
  std::pmr::vector<Destination<T>> hermitian_gradients{memory};
  // Of each operation: where its rows' slopes are summed.
  std::pmr::vector<std::int64_t> phase_slopes{memory};

  /// Samples of a tile: in a narrow last one fewer than a sweep's states have lanes.
  [[nodiscard]] int samples_of(std::int64_t tile) const {
    const std::int64_t lanes = AnyPlan::sample_lanes();
    return static_cast<int>(std::min(lanes, samples - tile * lanes));
  }

  /// Numbers of a tile of kept states.
  [[nodiscard]] std::int64_t kept_numbers() const { return (2 * plan.amplitudes() + 1) * tile_lanes; }

  /// Whether samples differ in their amplitudes and in nothing else that states depend on.
  [[nodiscard]] bool only_amplitudes_vary() const {
    return amplitudes.values != nullptr && !amplitudes.shared &&
           std::ranges::none_of(varies, [](std::uint8_t mark) { return mark != 0; });
  }

  /// Where the angles of a tile's samples lie: one source for each input.
  void find_angles(std::int64_t tile, std::pmr::vector<AngleSource<T>>& sources) const {
    const int lanes = AnyPlan::sample_lanes();
    sources.clear();
    sources.reserve(angles.size());
    for (std::size_t i = 0; i < angles.size(); ++i) {
      sources.push_back(
          {angles[i].tile(tile, lanes), angle_directions[i].tile(tile, lanes), angles[i].shared ? 1 : lanes});
    }
  }
};

}  // namespace moonstill::quantum
