#include "engine/quantum/state_eager.hpp"

#include "engine/quantum/state_sweep.hpp"

namespace moonstill::quantum {
namespace {

// The context of a plan without inputs.
template <class T>
StateContext<T> constant_context(const StatePlan& plan, const SweepRequest& request) {
  StateContext<T> context{plan, request};
  for (const StateOperation& operation : plan.operations()) {
    context.varies.push_back(false);
    evaluate_constant(operation.constant, context.shared_numbers.emplace_back());
  }
  for (const StateHermitian& item : plan.hermitians()) {
    context.hermitian_directions.emplace_back();
    auto& m = context.hermitians.emplace_back();
    for (const auto& entry : item.matrix.entries) m.insert(m.end(), {entry.real(), entry.imag()});
  }
  return context;
}

}  // namespace

template <class T>
void apply_plan(const StatePlan& plan, T* state) {
  const SweepRequest request;
  const StateContext<T> context = constant_context<T>(plan, request);
  StateSweep<T>(context, {}).apply(state);
}

template <class T>
std::vector<double> read_plan(const StatePlan& plan, T* state) {
  SweepRequest request;
  request.values = true;
  const StateContext<T> context = constant_context<T>(plan, request);
  return StateSweep<T>(context, {}).read(state);
}

template void apply_plan<float>(const StatePlan&, float*);
template void apply_plan<double>(const StatePlan&, double*);
template std::vector<double> read_plan<float>(const StatePlan&, float*);
template std::vector<double> read_plan<double>(const StatePlan&, double*);

}  // namespace moonstill::quantum
