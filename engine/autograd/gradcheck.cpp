#include "engine/autograd/gradcheck.hpp"

#include <algorithm>
#include <cmath>

#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "engine/core/random.hpp"

namespace moonstill {
namespace {

Values random_like(std::span<const Value> values, Generator& random) {
  Values out;
  for (const Value& value : values) {
    if (value.dtype() != DType::f64)
      fail(ErrorKind::argument, "gradcheck: expected f64 values, got {}", dtype_name(value.dtype()));
    Tensor t = Tensor::empty(value.shape(), DType::f64);
    random.fill_normal(t.write<double>());
    out.emplace_back(std::move(t));
  }
  return out;
}

double dot(std::span<const Value> a, std::span<const Value> b) {
  double total = 0;
  for (std::size_t k = 0; k < a.size(); ++k) total += ops::sum(ops::mul(a[k], b[k])).tensor().at(0);
  return total;
}

Values moved(std::span<const Value> x, std::span<const Value> direction, double step) {
  Values out;
  for (std::size_t k = 0; k < x.size(); ++k) out.push_back(ops::add(x[k], ops::scale(direction[k], step)));
  return out;
}

// <v, f'(x) u> by central differences, Richardson-extrapolated to fourth order in the step.
double difference(const Function& f, std::span<const Value> x, std::span<const Value> u,
                  std::span<const Value> v, double step) {
  const auto slope = [&](double h) {
    return (dot(v, f(moved(x, u, h))) - dot(v, f(moved(x, u, -h)))) / (2 * h);
  };
  return (4 * slope(step / 2) - slope(step)) / 3;
}

// The vjp of f as a function of f's inputs and the cotangents.
Function vjp_of(const Function& f, std::size_t input_count) {
  return [f, input_count](std::span<const Value> at) {
    return vjp(f, at.first(input_count)).pullback(at.subspan(input_count));
  };
}

}  // namespace

double gradcheck(const Function& f, std::span<const Value> inputs, const GradcheckOptions& options) {
  Generator random(options.seed);
  const VjpResult at = vjp(f, inputs);
  double worst = 0;
  for (int i = 0; i < options.directions; ++i) {
    const Values u = random_like(inputs, random);
    const Values v = random_like(at.outputs, random);
    const double analytic = dot(at.pullback(v), u);
    const double numeric = difference(f, inputs, u, v, options.step);
    const double error =
        std::abs(analytic - numeric) / std::max({1.0, std::abs(analytic), std::abs(numeric)});
    if (!(error <= options.tolerance)) {
      fail(ErrorKind::numeric,
           "gradcheck: at order {} to go, the derivative is {:.12g}, central differences give {:.12g}",
           options.order, analytic, numeric);
    }
    worst = std::max(worst, error);
  }
  if (options.order <= 1) return worst;
  GradcheckOptions rest = options;
  --rest.order;
  ++rest.seed;
  Values extended(inputs.begin(), inputs.end());
  const Values cotangents = random_like(at.outputs, random);
  extended.insert(extended.end(), cotangents.begin(), cotangents.end());
  return std::max(worst, gradcheck(vjp_of(f, inputs.size()), extended, rest));
}

double gradcheck(const Primitive& primitive, GradcheckOptions options) {
  if (primitive.max_order >= 0) options.order = std::min(options.order, primitive.max_order);
  double worst = 0;
  for (const Sample& sample : primitive.samples()) {
    std::vector<std::size_t> free;
    Values point;
    for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
      if (!sample.differentiable.empty() && !sample.differentiable[i]) continue;
      free.push_back(i);
      point.emplace_back(sample.inputs[i]);
    }
    const Function f = [&](std::span<const Value> x) {
      Values inputs(sample.inputs.begin(), sample.inputs.end());
      for (std::size_t k = 0; k < free.size(); ++k) inputs[free[k]] = x[k];
      Values outputs = apply(primitive, sample.attributes, inputs);
      std::erase_if(outputs, [](const Value& output) { return !is_floating(output.dtype()); });
      return outputs;
    };
    try {
      worst = std::max(worst, gradcheck(f, point, options));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::numeric) throw;
      fail(ErrorKind::numeric, "{}: {}", primitive.name, error.what());
    }
  }
  return worst;
}

}  // namespace moonstill
