// Transforms take functions and give derivatives; they nest without end.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/autograd/value.hpp"

namespace moonstill {

using Values = std::vector<Value>;
/// A function of values. What it captures may be tracked by outer transforms.
using Function = std::function<Values(std::span<const Value>)>;

/// Carries cotangents of a function's outputs back to its inputs. May be called again and at any later time,
/// until it is destroyed; inputs that the outputs do not depend on give zeros.
class Pullback {
 public:
  Values operator()(std::span<const Value> cotangents) const;

 private:
  friend struct PullbackAccess;
  struct State;
  std::shared_ptr<State> state_;
};

struct VjpResult {
  Values outputs;
  Pullback pullback;
};

/// f's outputs at `inputs`, and their pullback.
VjpResult vjp(const Function& f, std::span<const Value> inputs);

struct GradResult {
  Value value;      // f's first output, a scalar
  Values rest;      // its other outputs, not differentiated
  Values gradient;  // one for each input, in its shape
};

/// Value and gradient of f's first output, which must hold one element. Throws Error{shape} otherwise.
GradResult value_and_grad(const Function& f, std::span<const Value> inputs);

struct JvpResult {
  Values outputs;
  Values tangents;
};

/// Directional derivative of f at `inputs` along `tangents` (absent = zero), by transposing the vjp, which is
/// linear.
JvpResult jvp(const Function& f, std::span<const Value> inputs, std::span<const Value> tangents);

/// Hessian-vector product of the scalar f: the derivative of its gradient along `directions`.
Values hvp(const Function& f, std::span<const Value> inputs, std::span<const Value> directions);

/// f, with everything between its inputs and outputs forgotten and computed again when derivatives need it.
/// Random numbers repeat; Error{state} when the second run's outputs differ in any bit ("f is not pure";
/// `name` is what the message calls f).
Function checkpoint(Function f, std::string name = "f");

/// How many transforms run on this thread now.
[[nodiscard]] std::size_t running_transforms();

/// Whether this thread is running a checkpointed function again.
[[nodiscard]] bool replaying();

}  // namespace moonstill
