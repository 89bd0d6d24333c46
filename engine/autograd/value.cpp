#include "engine/autograd/value.hpp"

#include <utility>

#include "engine/autograd/level.hpp"

namespace moonstill {

Value::Value(std::shared_ptr<const Box> box) : tensor_(box->inner.tensor()), box_(std::move(box)) {}

const Box* Value::box() const {
  const Box* box = box_.get();
  while (box != nullptr && !box->level->running()) box = box->inner.box_.get();
  return box;
}

Tensor Value::release() && {
  box_.reset();
  return std::exchange(tensor_, {});
}

}  // namespace moonstill
