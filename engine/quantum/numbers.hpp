// The numbers of a plan's matrices at given angles: values, tangents along a direction, derivatives in each
// angle.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "engine/quantum/lowering.hpp"

namespace moonstill::quantum {

/// Where an angle input's numbers lie for the samples of one tile (or for all samples, when shared).
template <class T>
struct AngleSource {
  const T* values = nullptr;
  const T* direction = nullptr;  // nullptr: zero
  int lanes = 1;                 // 1: the same for all samples

  [[nodiscard]] double value(std::int64_t slot, int lane) const {
    return values[slot * lanes + (lanes == 1 ? 0 : lane)];
  }
  [[nodiscard]] double along(std::int64_t slot, int lane) const {
    return direction == nullptr ? 0.0
                                : static_cast<double>(direction[slot * lanes + (lanes == 1 ? 0 : lane)]);
  }
};

/// One operation's matrices: entries [d * d][re, im][lanes], derivatives [angle][d * d][re, im][lanes].
template <class T>
struct OperationNumbers {
  explicit OperationNumbers(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : matrix(memory), tangent(memory), derivatives(memory), derivative_tangents(memory) {}

  int lanes = 1;
  std::pmr::vector<T> matrix;
  std::pmr::vector<T> tangent;
  std::pmr::vector<double> derivatives;
  std::pmr::vector<double> derivative_tangents;
};

enum class Orders { value, derivatives };

/// Fills `out` for an operation with parameters. `lanes` is 1 when all of its inputs are shared.
template <class T>
void evaluate(const LoweredOperation& operation, std::span<const AngleSource<T>> sources, int lanes,
              Orders orders, OperationNumbers<T>& out);

/// Fills `out` for an operation without.
template <class T>
void evaluate_constant(const ComplexMatrix& matrix, OperationNumbers<T>& out);

}  // namespace moonstill::quantum
