#include "engine/autograd/primitive.hpp"

#include <array>

#include "engine/autograd/level.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/core/profile.hpp"

namespace moonstill {
namespace {

Level* deepest_level(std::span<const Value> inputs) {
  Level* deepest = nullptr;
  for (const Value& input : inputs) {
    const Box* box = input.box();
    if (box != nullptr && (deepest == nullptr || box->level->depth() > deepest->depth()))
      deepest = box->level.get();
  }
  return deepest;
}

Values evaluate(const Primitive& primitive, const Attributes& attributes, std::span<const Value> inputs) {
  poll_interrupt();
  const ProfileSpan span(primitive.name);
  // Most have one or two inputs, which need no memory of their own.
  std::array<Tensor, 2> few;
  std::vector<Tensor> many;
  if (inputs.size() > few.size()) many.resize(inputs.size());
  const std::span<Tensor> tensors = many.empty() ? std::span(few).first(inputs.size()) : std::span(many);
  for (std::size_t i = 0; i < inputs.size(); ++i) tensors[i] = inputs[i].tensor();
  std::vector<Tensor> outputs = primitive.evaluate(attributes, tensors);
  return {std::make_move_iterator(outputs.begin()), std::make_move_iterator(outputs.end())};
}

// A cycle holds no reference to its level: the level owns its nodes, boxes own the level, nodes hold values
// one down.
Values apply_at(Level& level, const Primitive& primitive, Attributes attributes,
                std::span<const Value> inputs) {
  Node node;
  node.primitive = &primitive;
  node.inputs.reserve(inputs.size());
  node.sources.reserve(inputs.size());
  for (const Value& input : inputs) {
    const Box* box = input.box();
    if (box != nullptr && box->level.get() == &level) {
      node.sources.emplace_back(level.source(*box));
      node.inputs.push_back(box->inner);
    } else {
      node.sources.emplace_back();
      node.inputs.push_back(input);
    }
  }
  node.outputs = apply(primitive, attributes, node.inputs);
  if (primitive.vjp == nullptr) return node.outputs;
  node.attributes = std::move(attributes);
  return level.record(std::move(node));
}

}  // namespace

Values apply(const Primitive& primitive, Attributes attributes, std::span<const Value> inputs) {
  if (Level* level = deepest_level(inputs)) return apply_at(*level, primitive, std::move(attributes), inputs);
  return evaluate(primitive, attributes, inputs);
}

Value apply_one(const Primitive& primitive, Attributes attributes, std::span<const Value> inputs) {
  return std::move(apply(primitive, std::move(attributes), inputs).front());
}

}  // namespace moonstill
