// Where values and gradients of a sample go: what environments and slopes say, summed over samples or one for
// each.
#pragma once

#include <span>
#include <vector>

#include "engine/quantum/state_phases.hpp"
#include "engine/quantum/sweep_context.hpp"

namespace moonstill::quantum {

template <class T>
using StateContext = SweepContext<T, StatePlan>;

template <class T>
class StateResults {
 public:
  StateResults(const StateContext<T>& context, std::pmr::memory_resource* memory)
      : c_(context),
        plan_(context.plan),
        tangents_(context.request.tangents),
        values_(static_cast<std::size_t>(context.plan.outputs()), memory) {}

  void start_chunk(double* partial) { partial_ = partial; }
  void start_sample(std::int64_t sample) { sample_ = sample; }

  /// The readout of the sample, [outputs].
  [[nodiscard]] std::pmr::vector<double>& values() { return values_; }
  void write_values();

  /// Whether the gradient of an observable is wanted.
  [[nodiscard]] bool hermitian_gradient(std::size_t h) const;
  [[nodiscard]] double weight(const Source<T>& source, int output) const;

  /// From the environment of the state with itself, and its tangent.
  void add_hermitian(std::size_t h, const double* e, const double* edot);
  /// From the environment of an operation, and its tangent.
  void add_angles(std::size_t o, const OperationNumbers<T>& n, const double* e, const double* edot);
  /// From the slopes of merged diagonals, which are changed.
  void add_phases(std::size_t o, std::span<T> slopes);
  /// From the adjoint state before all operations, or its tangent.
  void add_amplitudes(const T* from);

 private:
  const StateContext<T>& c_;
  const StatePlan& plan_;
  bool tangents_;
  std::int64_t sample_ = 0;
  double* partial_ = nullptr;
  std::pmr::vector<double> values_;
};

extern template class StateResults<float>;
extern template class StateResults<double>;

}  // namespace moonstill::quantum
