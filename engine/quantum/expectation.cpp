#include "engine/quantum/expectation.hpp"

#include <algorithm>
#include <array>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/core/error.hpp"
#include "engine/quantum/executions.hpp"
#include "engine/quantum/samples.hpp"
#include "engine/quantum/sweep.hpp"

namespace moonstill::quantum {
namespace {

using Flags = std::vector<bool>;

std::size_t angle_inputs(const Circuit& circuit) {
  return circuit.inputs().size() - (circuit.amplitude_input() >= 0 ? 1 : 0);
}

// The "point" is what F depends on but for c: the angle inputs, the amplitudes where the circuit has any, the
// Hermitians. All three primitives take these first.
std::size_t point_size(const Measurement& m) {
  return angle_inputs(m.circuit) + (m.circuit.amplitude_input() >= 0 ? 1 : 0) +
         m.readout.hermitian_inputs().size();
}

// Calls visit(element of the sweep point, position among the primitive's inputs) for each part of the point.
template <class Angles, class Amplitudes, class Hermitians, class Visit>
void each_part(const Measurement& m, Angles& angles, Amplitudes&& amplitudes, Hermitians& hermitians,
               Visit&& visit) {
  angles.resize(m.circuit.inputs().size());
  hermitians.resize(m.readout.hermitian_inputs().size());
  std::size_t position = 0;
  for (std::size_t i = 0; i < angles.size(); ++i) {
    if (static_cast<int>(i) != m.circuit.amplitude_input()) visit(angles[i], position++);
  }
  if (m.circuit.amplitude_input() >= 0) visit(amplitudes, position++);
  for (std::size_t i = 0; i < hermitians.size(); ++i) visit(hermitians[i], position++);
}

SweepPoint make_point(const Measurement& m, std::span<const Tensor> parts) {
  SweepPoint point;
  each_part(m, point.angles, point.amplitudes, point.hermitians,
            [&](Tensor& t, std::size_t p) { t = parts[p]; });
  return point;
}

SweepRequest make_request(const Measurement& m, const Flags& wanted) {
  SweepRequest request;
  request.choice = m.choice;
  const auto flag = [&](auto&& to, std::size_t p) { to = wanted[p]; };
  each_part(m, request.angles, request.amplitudes, request.hermitians, flag);
  return request;
}

// The wanted parts of a result, in the order of the point.
std::vector<Tensor> wanted_parts(const Measurement& m, SweepPoint&& gradients, const Flags& wanted) {
  std::vector<Tensor> out;
  each_part(m, gradients.angles, gradients.amplitudes, gradients.hermitians, [&](Tensor& t, std::size_t p) {
    if (wanted[p]) out.push_back(std::move(t));
  });
  return out;
}

// What is evaluated, and whether amplitudes come as they are, for the sweep to embed, or as unit rows.
struct Subject {
  std::shared_ptr<const Measurement> measurement;
  bool embed = false;

  [[nodiscard]] SweepRequest request(const Flags& wanted) const {
    SweepRequest out = make_request(*measurement, wanted);
    out.embed = embed;
    return out;
  }
};

// `states`: what the value's evaluation leaves for that of its gradient, which has the same inputs
// (sweep.hpp).
struct ValueAttributes {
  Subject subject;
  DType dtype;
  std::shared_ptr<Tensor> states{};
};

struct GradientAttributes {
  Subject subject;
  Flags wanted;  // parts of the point; the outputs
  std::shared_ptr<Tensor> states{};
};

struct HessianAttributes {
  Subject subject;
  Flags directed;  // parts of the point, and c: the directions given
  Flags wanted;    // likewise: the rows, the outputs
};

// Derivatives along the parts of the point and c that are directed; of a first derivative that is c alone.
void count_derivatives(const Measurement& m, const SweepPoint& point, const SweepRequest& wanted,
                       const Flags& directed) {
  ExecutionCounter* counter = ExecutionCounter::current();
  if (counter == nullptr) return;
  SweepRequest along = make_request(m, directed);
  along.values = directed.back();
  const std::int64_t samples = check_point(m.circuit, m.readout, point).samples;
  counter->add(derivative_executions(m.circuit, m.readout, samples, wanted, along));
}

bool any(const Flags& flags) {
  return std::ranges::any_of(flags, [](bool b) { return b; });
}

// Spreads the outputs that were asked for over all positions.
std::vector<Value> spread(std::vector<Value> outputs, const Flags& wanted, std::size_t size) {
  std::vector<Value> out(size);
  std::size_t next = 0;
  for (std::size_t p = 0; p < wanted.size(); ++p) {
    if (wanted[p]) out[p] = std::move(outputs[next++]);
  }
  return out;
}

std::vector<Value> apply_gradient(const Subject& subject, Flags wanted, std::span<const Value> point,
                                  const Value& weights, std::shared_ptr<Tensor> states = {});
std::vector<Value> apply_hessian(const Subject& subject, Flags directed, Flags wanted,
                                 std::span<const Value> point_and_weights, std::span<const Value> directions);

std::vector<Tensor> evaluate_value(const Attributes& attributes, std::span<const Tensor> inputs) {
  const auto& a = std::any_cast<const ValueAttributes&>(attributes);
  SweepRequest request;
  request.values = true;
  request.dtype = a.dtype;
  const Measurement& m = *a.subject.measurement;
  request.choice = m.choice;
  request.embed = a.subject.embed;
  request.states = a.states;
  const SweepPoint point = make_point(m, inputs);
  SweepResult result = sweep(m.circuit, m.readout, point, {}, request);
  if (ExecutionCounter* counter = ExecutionCounter::current()) {
    counter->add(value_executions(m.readout, check_point(m.circuit, m.readout, point).samples));
  }
  return {std::move(result.values)};
}

std::vector<Value> vjp_value(const Call& call, std::span<const Value> cotangents) {
  const auto& a = call.attribute<ValueAttributes>();
  const Flags wanted(call.needs.begin(), call.needs.end());
  if (!cotangents[0] || !any(wanted)) return std::vector<Value>(call.inputs.size());
  return spread(apply_gradient(a.subject, wanted, call.inputs, cotangents[0], a.states), wanted,
                call.inputs.size());
}

std::vector<Tensor> evaluate_gradient(const Attributes& attributes, std::span<const Tensor> inputs) {
  const auto& a = std::any_cast<const GradientAttributes&>(attributes);
  const Measurement& m = *a.subject.measurement;
  SweepPoint point = make_point(m, inputs);
  point.weights = inputs[point_size(m)];
  SweepRequest request = a.subject.request(a.wanted);
  request.states = a.states;
  SweepResult result = sweep(m.circuit, m.readout, point, {}, request);
  if (ExecutionCounter::current() != nullptr) {
    Flags weights_only(point_size(m) + 1, false);
    weights_only.back() = true;
    count_derivatives(m, point, request, weights_only);
  }
  return wanted_parts(m, std::move(result.gradients), a.wanted);
}

std::vector<Value> vjp_gradient(const Call& call, std::span<const Value> cotangents) {
  const auto& a = call.attribute<GradientAttributes>();
  const std::size_t size = point_size(*a.subject.measurement);
  const Flags wanted(call.needs.begin(), call.needs.end());
  Flags directed(size + 1, false);
  std::vector<Value> directions;
  std::size_t next = 0;
  for (std::size_t p = 0; p < size; ++p) {
    if (!a.wanted[p]) continue;
    if (const Value& direction = cotangents[next++]; direction) {
      directed[p] = true;
      directions.push_back(direction);
    }
  }
  if (directions.empty() || !any(wanted)) return std::vector<Value>(call.inputs.size());
  return spread(apply_hessian(a.subject, directed, wanted, call.inputs, directions), wanted, size + 1);
}

std::vector<Tensor> evaluate_hessian(const Attributes& attributes, std::span<const Tensor> inputs) {
  const auto& a = std::any_cast<const HessianAttributes&>(attributes);
  const Measurement& m = *a.subject.measurement;
  const std::size_t size = point_size(m);
  SweepPoint point = make_point(m, inputs);
  point.weights = inputs[size];
  std::vector<Tensor> parts(size + 1);
  std::size_t next = size + 1;
  for (std::size_t p = 0; p <= size; ++p) {
    if (a.directed[p]) parts[p] = inputs[next++];
  }
  SweepPoint direction = make_point(m, parts);
  direction.weights = parts[size];
  SweepRequest request = a.subject.request(a.wanted);
  request.tangents = true;
  request.values = a.wanted[size];
  SweepResult result = sweep(m.circuit, m.readout, point, direction, request);
  count_derivatives(m, point, request, a.directed);
  std::vector<Tensor> out = wanted_parts(m, std::move(result.gradients), a.wanted);
  if (request.values) out.push_back(std::move(result.values));
  return out;
}

// The Hessian is symmetric: along a cotangent v of its rows, the derivative with respect to the direction is
// the Hessian applied to v. With respect to the point it is a third derivative, unless v has the row of c
// alone: then <v_c, fdot> = <v_c, J u>, whose derivative in the point is the Hessian at c = v_c applied to u.
std::vector<Value> vjp_hessian(const Call& call, std::span<const Value> cotangents) {
  const auto& a = call.attribute<HessianAttributes>();
  const std::size_t size = point_size(*a.subject.measurement);
  const std::span<const Value> at = call.inputs.first(size + 1);
  const std::span<const Value> given = call.inputs.subspan(size + 1);
  Flags rows(size + 1, false);
  std::vector<Value> v;
  std::size_t next = 0;
  for (std::size_t p = 0; p <= size; ++p) {
    if (!a.wanted[p]) continue;
    if (const Value& cotangent = cotangents[next++]; cotangent) {
      rows[p] = true;
      v.push_back(cotangent);
    }
  }
  std::vector<Value> out(call.inputs.size());
  if (v.empty()) return out;
  const bool values_only = v.size() == 1 && rows[size];

  Flags needed_directions(size + 1, false);
  next = size + 1;
  for (std::size_t p = 0; p <= size; ++p) {
    if (a.directed[p]) needed_directions[p] = call.needs[next++];
  }
  std::vector<Value> along(size + 1);
  if (values_only) {
    needed_directions.resize(size);
    if (any(needed_directions)) {
      along = spread(apply_gradient(a.subject, needed_directions, at.first(size), v[0]), needed_directions,
                     size + 1);
    }
  } else if (any(needed_directions)) {
    along = spread(apply_hessian(a.subject, rows, needed_directions, at, v), needed_directions, size + 1);
  }
  next = size + 1;
  for (std::size_t p = 0; p <= size; ++p) {
    if (a.directed[p]) out[next++] = along[p];
  }

  Flags needed_point(call.needs.begin(), call.needs.begin() + static_cast<std::ptrdiff_t>(size) + 1);
  if (!any(needed_point)) return out;
  if (!values_only) fail(ErrorKind::unsupported, "circuit: derivatives of order 3 are not offered");
  needed_point[size] = false;
  if (!any(needed_point)) return out;
  Flags directed = a.directed;
  directed[size] = false;
  std::vector<Value> point_and_weights(at.begin(), at.end());
  point_and_weights[size] = v[0];
  const std::size_t count = given.size() - (a.directed[size] ? 1 : 0);
  std::vector<Value> rest =
      spread(apply_hessian(a.subject, directed, needed_point, point_and_weights, given.first(count)),
             needed_point, size + 1);
  std::ranges::move(rest, out.begin());
  return out;
}

std::vector<Sample> value_samples() {
  std::vector<Sample> out;
  for (auto& [measurement, embed, point, weights, direction] : samples()) {
    out.push_back({ValueAttributes{{measurement, embed}, DType::f64}, point});
  }
  return out;
}

std::vector<Sample> gradient_samples() {
  std::vector<Sample> out;
  for (auto& [measurement, embed, point, weights, direction] : samples()) {
    const Subject subject{measurement, embed};
    std::vector<Tensor> inputs = point;
    inputs.push_back(weights);
    out.push_back({GradientAttributes{subject, Flags(point.size(), true)}, std::move(inputs)});
  }
  return out;
}

// The Hessian is linear in the direction; its row of c has a derivative in the point as well.
std::vector<Sample> hessian_samples() {
  std::vector<Sample> out;
  for (auto& [measurement, embed, point, weights, direction] : samples()) {
    const Subject subject{measurement, embed};
    const std::size_t size = point.size();
    std::vector<Tensor> inputs = point;
    inputs.push_back(weights);
    inputs.insert(inputs.end(), direction.begin(), direction.end());
    std::vector<bool> directions_only(inputs.size(), true);
    std::fill_n(directions_only.begin(), size + 1, false);
    out.push_back(
        {HessianAttributes{subject, Flags(size + 1, true), Flags(size + 1, true)}, inputs, directions_only});
    Flags values(size + 1, false);
    values[size] = true;
    out.push_back({HessianAttributes{subject, Flags(size + 1, true), values}, inputs});
  }
  return out;
}

constexpr Primitive value_row{
    "expectation", "Expectation values of a circuit's final state.", evaluate_value, vjp_value, 2,
    value_samples};
constexpr Primitive gradient_row{
    "expectation_gradient", "Gradient of weighted expectation values.", evaluate_gradient, vjp_gradient, 1,
    gradient_samples};
constexpr Primitive hessian_row{"expectation_hessian",
                                "Hessian of weighted expectation values applied to a direction.",
                                evaluate_hessian,
                                vjp_hessian,
                                1,
                                hessian_samples};

std::vector<Tensor> evaluate_state(const Attributes& attributes, std::span<const Tensor> inputs) {
  const auto& a = std::any_cast<const ValueAttributes&>(attributes);
  return {final_states(a.subject.measurement->circuit, make_point(*a.subject.measurement, inputs), a.dtype)};
}

std::vector<Value> vjp_state(const Call&, std::span<const Value>) {
  fail(ErrorKind::unsupported,
       "state: derivatives are not offered; read expectation values or probabilities instead");
}

constexpr Primitive state_row{"state", "Statevectors after a circuit; without derivatives.", evaluate_state,
                              vjp_state, 0};

constexpr std::array<const Primitive*, 3> rows{&value_row, &gradient_row, &hessian_row};

std::vector<Value> apply_gradient(const Subject& subject, Flags wanted, std::span<const Value> point,
                                  const Value& weights, std::shared_ptr<Tensor> states) {
  std::vector<Value> inputs(point.begin(), point.end());
  inputs.push_back(weights);
  return apply(gradient_row, GradientAttributes{subject, std::move(wanted), std::move(states)}, inputs);
}

std::vector<Value> apply_hessian(const Subject& subject, Flags directed, Flags wanted,
                                 std::span<const Value> point_and_weights,
                                 std::span<const Value> directions) {
  std::vector<Value> inputs(point_and_weights.begin(), point_and_weights.end());
  inputs.insert(inputs.end(), directions.begin(), directions.end());
  return apply(hessian_row, HessianAttributes{subject, std::move(directed), std::move(wanted)}, inputs);
}

// Amplitudes of shape S or [N] + S as rows [2^n] or [N, 2^n].
Value amplitude_rows(const Circuit& circuit, const Value& x) {
  const auto& [name, shape] = circuit.inputs()[static_cast<std::size_t>(circuit.amplitude_input())];
  const std::int64_t size = circuit.amplitude_count();
  const bool samples = per_sample(x.shape(), shape, name);
  if (!is_floating(x.dtype())) {
    fail(ErrorKind::argument, "circuit: '{}' holds amplitudes: expected f32 or f64, got {}", name,
         dtype_name(x.dtype()));
  }
  return ops::reshape(x, samples ? Shape{x.size(0), size} : Shape{size});
}

// The point in the primitives' order, all of one type; amplitudes are not normalised.
std::vector<Value> point_of(const Circuit& circuit, std::span<const Value> inputs,
                            std::span<const Value> hermitians) {
  if (inputs.size() != circuit.inputs().size()) {
    fail(ErrorKind::argument, "circuit: expected {} inputs, got {}", circuit.inputs().size(), inputs.size());
  }
  std::vector<Value> point;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) fail(ErrorKind::argument, "circuit: input '{}' is missing", circuit.inputs()[i].name);
    if (static_cast<int>(i) != circuit.amplitude_input()) point.push_back(inputs[i]);
  }
  if (circuit.amplitude_input() >= 0) {
    point.push_back(amplitude_rows(circuit, inputs[static_cast<std::size_t>(circuit.amplitude_input())]));
  }
  point.insert(point.end(), hermitians.begin(), hermitians.end());
  const bool f64 = std::ranges::any_of(point, [](const Value& v) { return v.dtype() != DType::f32; });
  for (Value& v : point) {
    if (f64 && v.dtype() != DType::f64) v = ops::cast(v, DType::f64);
  }
  return point;
}

// Divides the amplitudes of a point by their norms.
void normalise(const Circuit& circuit, std::vector<Value>& point) {
  if (circuit.amplitude_input() < 0) return;
  Value& amplitudes = point[circuit.inputs().size() - 1];
  amplitudes = ops::unit(amplitudes);
}

// Whether sweeps embed the amplitudes of a point.
bool embeds(const Measurement& m, const std::vector<Value>& point) {
  if (m.circuit.amplitude_input() < 0) return false;
  std::vector<Tensor> parts;
  parts.reserve(point.size());
  for (const Value& v : point) parts.push_back(v.tensor());
  return embeds(m.circuit, m.readout, make_point(m, parts), m.choice);
}

}  // namespace

Value expectation(std::shared_ptr<const Measurement> measurement, std::span<const Value> inputs,
                  std::span<const Value> hermitians, DType dtype) {
  const std::size_t expected = measurement->readout.hermitian_inputs().size();
  if (hermitians.size() != expected) {
    fail(ErrorKind::argument, "circuit: expected {} Hermitian inputs, got {}", expected, hermitians.size());
  }
  std::vector<Value> point = point_of(measurement->circuit, inputs, hermitians);
  const bool embed = embeds(*measurement, point);
  if (!embed) normalise(measurement->circuit, point);
  const auto states = running_transforms() > 0 ? std::make_shared<Tensor>() : nullptr;
  return apply_one(value_row, ValueAttributes{{std::move(measurement), embed}, dtype, states}, point);
}

Value expectation(const Circuit& circuit, const Readout& readout, std::span<const Value> inputs,
                  std::span<const Value> hermitians, DType dtype) {
  return expectation(std::make_shared<const Measurement>(Measurement{circuit, readout}), inputs, hermitians,
                     dtype);
}

Value hermitian_part(const Value& a) {
  const std::size_t rank = a.rank();
  if (rank < 3 || a.size(rank - 1) != 2 || a.size(rank - 2) != a.size(rank - 3)) {
    fail(ErrorKind::shape, "hermitian_part: expected shape [..., d, d, 2], got {}", a.shape().text());
  }
  std::vector<std::size_t> order(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) order[axis] = axis;
  std::swap(order[rank - 2], order[rank - 3]);
  const Value conjugate = Tensor::from(std::array{1.0, -1.0}, {2}, a.dtype());
  return ops::scale(ops::add(a, ops::mul(ops::permute(a, order), conjugate)), 0.5);
}

Value state(const Circuit& circuit, std::span<const Value> inputs, DType dtype) {
  std::vector<Value> point = point_of(circuit, inputs, {});
  normalise(circuit, point);
  const auto measurement = std::make_shared<const Measurement>(Measurement{circuit, {}});
  return apply_one(state_row, ValueAttributes{{measurement}, dtype}, point);
}

std::span<const Primitive* const> primitives() { return rows; }

}  // namespace moonstill::quantum
