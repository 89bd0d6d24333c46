// A primitive: one row that says how an operation is evaluated and differentiated. Its derivative is written
// in operations, so that it can be differentiated again.
#pragma once

#include <any>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/autograd/value.hpp"

namespace moonstill {

/// What a primitive needs besides its inputs: a struct of its own, or nothing.
using Attributes = std::any;

struct Primitive;

/// One application of a primitive, as its derivative rule sees it.
struct Call {
  const Primitive& primitive;
  const Attributes& attributes;
  std::span<const Value> inputs;
  std::span<const Value> outputs;
  std::span<const bool> needs;  // which inputs a cotangent is wanted for

  template <class T>
  [[nodiscard]] const T& attribute() const {
    return std::any_cast<const T&>(attributes);
  }
};

/// A point at which the gradient check tries a primitive.
struct Sample {
  Attributes attributes;
  std::vector<Tensor> inputs;             // f64
  std::vector<bool> differentiable = {};  // which inputs to differentiate; empty means all
};

struct Primitive {
  std::string_view name;
  std::string_view documentation;
  std::vector<Tensor> (*evaluate)(const Attributes&, std::span<const Tensor> inputs);
  /// Cotangents of the inputs from those of the outputs (absent = zero), absent where not needed or zero. A
  /// nullptr makes all outputs constants.
  std::vector<Value> (*vjp)(const Call&, std::span<const Value> cotangents);
  /// How often the result can be differentiated; -1 is without end.
  int max_order = -1;
  std::vector<Sample> (*samples)() = nullptr;
};

/// Applies a primitive at its inputs' deepest level. Names the primitive in every Error.
std::vector<Value> apply(const Primitive& primitive, Attributes attributes, std::span<const Value> inputs);

/// The same for primitives of one output.
Value apply_one(const Primitive& primitive, Attributes attributes, std::span<const Value> inputs);

/// Every primitive of this folder, for the gradient check and the reference pages.
std::span<const Primitive* const> primitives();

}  // namespace moonstill
