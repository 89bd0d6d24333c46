#include "engine/quantum/sweep.hpp"

#include <algorithm>

#include "engine/quantum/plan_cache.hpp"
#include "engine/quantum/split.hpp"
#include "engine/quantum/sweeper.hpp"

namespace moonstill::quantum {
namespace {

// Calls body(sweeper) with the sweeper of the route: in tiles, or state by state.
template <class T, class Body>
auto with_sweeper(const Circuit& circuit, const Readout& readout, const Batch& batch, bool tiles,
                  const SweepPoint& point, const SweepPoint& direction, const SweepRequest& request,
                  Body&& body) {
  if (tiles) {
    return body(Sweeper<T, Plan>(circuit, readout, batch,
                                 circuit.plans().tile_plan(circuit, readout, shared_inputs(circuit, point)),
                                 point, direction, request));
  }
  const int n = circuit.qubits();
  const int states = (request.tangents ? 2 : 1) * (request.gradients() ? 2 : 1);
  const int block_bits = block_bits_of(n, batch, states, sizeof(T), request.choice);
  const bool merged = merges_diagonals(n, batch);
  const std::vector<bool> shared = merged ? shared_inputs(circuit, point) : std::vector<bool>();
  return body(
      Sweeper<T, StatePlan>(circuit, readout, batch,
                            circuit.plans().state_plan(circuit, readout, vector_bits<T>, block_bits, shared),
                            point, direction, request));
}

template <class T>
SweepResult sweep_batch(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
                        const SweepPoint& direction, const SweepRequest& request) {
  const Batch batch = check_point(circuit, readout, point);
  const std::int64_t tiled = samples_in_tiles(circuit.qubits(), batch, sizeof(T), request.choice);
  if (tiled == 0 || tiled == batch.samples) {
    return with_sweeper<T>(circuit, readout, batch, tiled > 0, point, direction, request,
                           [&](auto&& sweeper) { return sweeper.run(point, direction); });
  }
  const auto part = [&](std::int64_t begin, std::int64_t count, const SweepRequest& wanted) {
    const Batch samples{count, true};
    const SweepPoint at = samples_of(circuit, point, begin, count);
    const SweepPoint along = samples_of(circuit, direction, begin, count);
    return with_sweeper<T>(circuit, readout, samples, begin == 0, at, along, wanted,
                           [&](auto&& sweeper) { return sweeper.run(at, along); });
  };
  SweepRequest without_states = request;
  without_states.states = nullptr;
  SweepResult first = part(0, tiled, request);
  return joined(circuit, point, std::move(first), part(tiled, batch.samples - tiled, without_states));
}

}  // namespace

bool SweepRequest::gradients() const {
  const auto any = [](const std::vector<bool>& flags) {
    return std::ranges::any_of(flags, [](bool b) { return b; });
  };
  return amplitudes || any(angles) || any(hermitians);
}

SweepResult sweep(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
                  const SweepPoint& direction, const SweepRequest& request) {
  return dispatch_floating(dtype_of_point(point, request.dtype), "expectation", [&](auto element) {
    return sweep_batch<decltype(element)>(circuit, readout, point, direction, request);
  });
}

Tensor final_states(const Circuit& circuit, const SweepPoint& point, DType dtype, RouteChoice choice) {
  const Readout identity{PauliSum{{PauliWord{}}}};
  SweepRequest request;
  request.choice = choice;
  return dispatch_floating(dtype_of_point(point, dtype), "state", [&](auto element) {
    using T = decltype(element);
    const Batch batch = check_point(circuit, identity, point);
    const bool tiles = samples_in_tiles(circuit.qubits(), batch, sizeof(T), choice) > 0;
    return with_sweeper<T>(circuit, identity, batch, tiles, point, {}, request,
                           [](auto&& sweeper) { return sweeper.states(); });
  });
}

}  // namespace moonstill::quantum
