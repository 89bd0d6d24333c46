// What operations take and give: a tensor, or a box that a running transform has put around one.
#pragma once

#include <memory>

#include "engine/tensor/tensor.hpp"

namespace moonstill {

class Level;
struct Box;

/// A tensor, possibly tracked by running transforms (levels). A box says at which level it is tracked and
/// holds the value one level down. Once its level has ended a box counts as the constant inside it.
class Value {
 public:
  Value() = default;  // absent: a zero cotangent, an input that was not given
  Value(Tensor tensor) : tensor_(std::move(tensor)) {}  // NOLINT: a tensor is a value
  explicit Value(std::shared_ptr<const Box> box);

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(tensor_); }

  /// The number inside all boxes.
  [[nodiscard]] const Tensor& tensor() const { return tensor_; }
  [[nodiscard]] const Shape& shape() const { return tensor_.shape(); }
  [[nodiscard]] std::int64_t size(std::size_t axis) const { return tensor_.size(axis); }
  [[nodiscard]] std::size_t rank() const { return tensor_.rank(); }
  [[nodiscard]] DType dtype() const { return tensor_.dtype(); }

  /// The box of the deepest level that still runs, or nullptr for a constant.
  [[nodiscard]] const Box* box() const;
  /// The outermost box, whether its level still runs or not.
  [[nodiscard]] const Box* any_box() const { return box_.get(); }

  /// Gives the tensor away for reuse (leaves this absent).
  [[nodiscard]] Tensor release() &&;

 private:
  Tensor tensor_;
  std::shared_ptr<const Box> box_;
};

struct Box {
  Box(std::shared_ptr<Level> at, std::size_t node_index, std::uint64_t node_serial, std::size_t output_index,
      Value one_down)
      : level(std::move(at)),
        node(node_index),
        serial(node_serial),
        output(output_index),
        inner(std::move(one_down)) {}

  std::shared_ptr<Level> level;
  std::size_t node;      // which entry of the level's tape
  std::uint64_t serial;  // that entry's own number
  std::size_t output;    // which of its outputs
  Value inner;           // the value one level down
};

}  // namespace moonstill
