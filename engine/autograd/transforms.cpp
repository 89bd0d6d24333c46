#include "engine/autograd/transforms.hpp"

#include "engine/autograd/level.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"

namespace moonstill {
namespace {

// A level with what ran on it. The tape dies with this, whoever still holds a box: checkpointed calls keep
// boxes of their own level, so nothing else would break that circle.
struct Run {
  explicit Run(std::shared_ptr<Level> fresh) : level(std::move(fresh)) {}
  ~Run() {
    if (level) level->truncate(0);
  }
  Run(Run&&) = default;
  Run& operator=(Run&&) = delete;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  std::shared_ptr<Level> level;
  Values outputs;  // tracked at the level
};

Run run(const Function& f, std::span<const Value> inputs) {
  Run result(RunningLevel::create());
  const RunningLevel running(result.level);
  Values tracked;
  tracked.reserve(inputs.size());
  for (const Value& input : inputs) {
    if (!is_floating(input.dtype())) {
      fail(ErrorKind::argument, "cannot differentiate with respect to a tensor of {}: expected f32 or f64",
           dtype_name(input.dtype()));
    }
    tracked.push_back(result.level->input(input));
  }
  result.outputs = f(tracked);
  return result;
}

// The same values as the level's surroundings see them.
Values untracked(const Level& level, std::span<const Value> values) {
  Values out;
  out.reserve(values.size());
  for (const Value& value : values) {
    const Box* box = value.any_box();
    while (box != nullptr && box->level.get() != &level && !box->level->running()) box = box->inner.any_box();
    out.push_back(box != nullptr && box->level.get() == &level ? box->inner : value);
  }
  return out;
}

}  // namespace

struct Pullback::State {
  State(Run r, std::size_t count) : run(std::move(r)), input_count(count) {}
  Run run;
  std::size_t input_count;
};

struct PullbackAccess {
  static Pullback make(Run run, std::size_t input_count) {
    Pullback pullback;
    pullback.state_ = std::make_shared<Pullback::State>(std::move(run), input_count);
    return pullback;
  }
};

Values Pullback::operator()(std::span<const Value> cotangents) const {
  const Values& outputs = state_->run.outputs;
  if (cotangents.size() != outputs.size()) {
    fail(ErrorKind::argument, "pullback: expected {} cotangents, got {}", outputs.size(), cotangents.size());
  }
  Values seeds(cotangents.begin(), cotangents.end());
  for (std::size_t k = 0; k < seeds.size(); ++k) {
    if (!seeds[k]) continue;
    const Shape& expected = outputs[k].shape();
    if (seeds[k].shape() != expected) {
      fail(ErrorKind::shape, "pullback: cotangent {}: expected shape {}, got {}", k + 1, expected.text(),
           seeds[k].shape().text());
    }
    // Rules rely on cotangents of their outputs' type.
    if (is_floating(outputs[k].dtype()) && seeds[k].dtype() != outputs[k].dtype())
      seeds[k] = ops::cast(seeds[k], outputs[k].dtype());
  }
  return state_->run.level->backward(outputs, seeds, state_->input_count, false);
}

VjpResult vjp(const Function& f, std::span<const Value> inputs) {
  Run r = run(f, inputs);
  VjpResult result{untracked(*r.level, r.outputs), {}};
  result.pullback = PullbackAccess::make(std::move(r), inputs.size());
  return result;
}

GradResult value_and_grad(const Function& f, std::span<const Value> inputs) {
  const Run r = run(f, inputs);
  if (r.outputs.empty() || !r.outputs.front())
    fail(ErrorKind::argument, "ms.grad: the function returned nothing; expected one number");
  const Value& loss = r.outputs.front();
  if (loss.shape().count() != 1) {
    fail(ErrorKind::shape,
         "ms.grad: the function must return one number, got a tensor of shape {} (take its sum or mean)",
         loss.shape().text());
  }
  if (!is_floating(loss.dtype()))
    fail(ErrorKind::argument, "ms.grad: the function must return f32 or f64, got {}",
         dtype_name(loss.dtype()));
  Values outputs = untracked(*r.level, r.outputs);
  const Value one = Tensor::full(loss.shape(), 1.0, loss.dtype());
  GradResult result;
  result.gradient = r.level->backward({&loss, 1}, {&one, 1}, inputs.size(), true);
  result.value = std::move(outputs.front());
  result.rest.assign(std::make_move_iterator(outputs.begin() + 1), std::make_move_iterator(outputs.end()));
  return result;
}

JvpResult jvp(const Function& f, std::span<const Value> inputs, std::span<const Value> tangents) {
  const VjpResult forward = vjp(f, inputs);
  // The pullback is linear in its cotangents, so their value does not matter.
  Values anywhere;
  for (const Value& output : forward.outputs)
    anywhere.emplace_back(Tensor::zeros(output.shape(), output.dtype()));
  const Function transpose = [&](std::span<const Value> cotangents) { return forward.pullback(cotangents); };
  return {forward.outputs, vjp(transpose, anywhere).pullback(tangents)};
}

Values hvp(const Function& f, std::span<const Value> inputs, std::span<const Value> directions) {
  const Function gradient = [&](std::span<const Value> x) { return value_and_grad(f, x).gradient; };
  return vjp(gradient, inputs).pullback(directions);
}

}  // namespace moonstill
