#include "engine/quantum/sweep.hpp"

#include <algorithm>

#include "engine/quantum/plan_cache.hpp"
#include "engine/quantum/sweeper.hpp"

namespace moonstill::quantum {
namespace {

// Whether a few samples that the state route would take go in packs instead, as they would behind full tiles.
bool fills_packs(const Circuit& circuit, const Readout& readout, const SweepPoint& point, const Batch& batch,
                 const RouteChoice& choice) {
  if (!packs_alone(circuit.qubits(), batch, choice) || !point.amplitudes) return false;
  const std::vector<bool> shared = shared_inputs(circuit, point);
  for (std::size_t i = 0; i < shared.size(); ++i) {
    if (shared[i] == (static_cast<int>(i) == circuit.amplitude_input())) return false;
  }
  return circuit.plans().tile_plan(circuit, readout, shared)->takes_packs();
}

Route choose_route(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
                   const Batch& batch, std::size_t number_size, const RouteChoice& choice) {
  const Route route = route_of(circuit.qubits(), batch, number_size, choice);
  const bool packs = route == Route::state && fills_packs(circuit, readout, point, batch, choice);
  return packs ? Route::tiles : route;
}

// Calls body(sweeper) with the sweeper of the route that is taken.
template <class T, class Body>
auto with_sweeper(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
                  const SweepPoint& direction, const SweepRequest& request, Body&& body) {
  const Batch batch = check_point(circuit, readout, point);
  const int n = circuit.qubits();
  if (choose_route(circuit, readout, point, batch, sizeof(T), request.choice) != Route::state) {
    return body(Sweeper<T, Plan>(circuit, readout, batch,
                                 circuit.plans().tile_plan(circuit, readout, shared_inputs(circuit, point)),
                                 point, direction, request));
  }
  const int states = (request.tangents ? 2 : 1) * (request.gradients() ? 2 : 1);
  const int block_bits = block_bits_of(n, batch, states, sizeof(T), request.choice);
  const bool merged = merges_diagonals(n, batch);
  const std::vector<bool> shared = merged ? shared_inputs(circuit, point) : std::vector<bool>();
  return body(
      Sweeper<T, StatePlan>(circuit, readout, batch,
                            circuit.plans().state_plan(circuit, readout, vector_bits<T>, block_bits, shared),
                            point, direction, request));
}

}  // namespace

bool SweepRequest::gradients() const {
  const auto any = [](const std::vector<bool>& flags) {
    return std::ranges::any_of(flags, [](bool b) { return b; });
  };
  return amplitudes || any(angles) || any(hermitians);
}

bool embeds(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
            const RouteChoice& choice) {
  if (!point.amplitudes || point.amplitudes.rank() == amplitude_shape(circuit).rank()) return false;
  const Batch batch = check_point(circuit, readout, point);
  const int n = circuit.qubits();
  const std::size_t number_size = dtype_size(dtype_of_point(point, DType::f32));
  if (choose_route(circuit, readout, point, batch, number_size, choice) != Route::tiles) return false;
  // What is contracted multiplies all amplitudes at once: at batches larger than a state, of shared angles.
  if (choice.route || batch.samples <= circuit.amplitude_count()) return true;
  const std::vector<bool> shared = shared_inputs(circuit, point);
  for (std::size_t i = 0; i < shared.size(); ++i) {
    if (!shared[i] && static_cast<int>(i) != circuit.amplitude_input()) return true;
  }
  return !contraction_pays(n, batch, circuit.plans().tile_plan(circuit, readout, shared)->cost());
}

SweepResult sweep(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
                  const SweepPoint& direction, const SweepRequest& request) {
  return dispatch_floating(dtype_of_point(point, request.dtype), "expectation", [&](auto element) {
    return with_sweeper<decltype(element)>(circuit, readout, point, direction, request,
                                           [&](auto&& sweeper) { return sweeper.run(point, direction); });
  });
}

Tensor final_states(const Circuit& circuit, const SweepPoint& point, DType dtype, RouteChoice choice) {
  const Readout identity{PauliSum{{PauliWord{}}}};
  SweepRequest request;
  request.choice = choice;
  return dispatch_floating(dtype_of_point(point, dtype), "state", [&](auto element) {
    return with_sweeper<decltype(element)>(circuit, identity, point, {}, request,
                                           [](auto&& sweeper) { return sweeper.states(); });
  });
}

}  // namespace moonstill::quantum
