#include "engine/autograd/level.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/tensor/elementwise.hpp"

namespace moonstill {
namespace {

// Which transforms run belongs to the thread, as the call stack does.
std::vector<std::shared_ptr<Level>>& running_levels() {
  thread_local std::vector<std::shared_ptr<Level>> levels;
  return levels;
}

std::uint64_t next_serial() {
  thread_local std::uint64_t serial = 0;
  return ++serial;
}

void accumulate(Value& slot, Value cotangent) {
  if (!cotangent) return;
  if (!slot) {
    slot = std::move(cotangent);
  } else if (slot.box() == nullptr && cotangent.box() == nullptr && slot.dtype() == cotangent.dtype()) {
    slot = add_scaled(std::move(slot).release(), cotangent.tensor(), 1.0);
  } else {
    slot = ops::add(slot, cotangent);
  }
}

}  // namespace

Values Level::record(Node node) {
  node.serial = next_serial();
  const std::size_t index = tape_.size();
  Values boxes;
  boxes.reserve(node.outputs.size());
  for (std::size_t k = 0; k < node.outputs.size(); ++k) {
    boxes.emplace_back(
        std::make_shared<const Box>(shared_from_this(), index, node.serial, k, node.outputs[k]));
  }
  tape_.push_back(std::move(node));
  return boxes;
}

Value Level::input(Value inner) {
  Node node;
  node.outputs.push_back(std::move(inner));
  return record(std::move(node)).front();
}

Source Level::source(const Box& box) const {
  if (box.node >= tape_.size() || tape_[box.node].serial != box.serial) {
    fail(ErrorKind::state,
         "a value made inside a checkpointed function was kept and used outside of it: return it instead");
  }
  return {box.node, box.output};
}

// One backward pass over a tape. A checkpointed node is run again at the tape's end, walked, and forgotten.
class Level::Sweep {
 public:
  Sweep(Level& level, bool consume) : level_(level), consume_(consume) {}

  void seed(const Value& output, const Value& cotangent) {
    const Box* box = box_at(output);
    if (box == nullptr || !cotangent) return;
    const Source source = level_.source(*box);
    accumulate(slot(source), cotangent);
  }

  void walk(std::size_t begin) {
    for (std::size_t i = level_.tape_.size(); i-- > begin;) {
      if (i >= slots_.size() || slots_[i].empty()) continue;
      poll_interrupt();
      if (level_.tape_[i].replay) {
        replay(i);
      } else if (level_.tape_[i].primitive != nullptr) {
        pull_back(i);
      }
    }
  }

  Value take(std::size_t node) {
    if (node >= slots_.size() || slots_[node].empty()) return {};
    return std::move(slots_[node].front());
  }

 private:
  [[nodiscard]] const Box* box_at(const Value& value) const {
    const Box* box = value.any_box();
    while (box != nullptr && box->level.get() != &level_) box = box->inner.any_box();
    return box;
  }

  Value& slot(Source source) {
    if (source.node >= slots_.size()) slots_.resize(level_.tape_.size());
    auto& outputs = slots_[source.node];
    if (outputs.empty()) outputs.resize(level_.tape_[source.node].outputs.size());
    return outputs[source.output];
  }

  void pull_back(std::size_t i) {
    Node& node = level_.tape_[i];
    std::vector<Value> cotangents = std::move(slots_[i]);
    slots_[i].clear();
    std::array<bool, 64> needs{};
    if (node.inputs.size() > needs.size())
      fail(ErrorKind::argument, "{}: more than {} inputs", node.primitive->name, needs.size());
    for (std::size_t k = 0; k < node.sources.size(); ++k) needs[k] = node.sources[k].has_value();
    const Call call{
        *node.primitive, node.attributes, node.inputs, node.outputs, {needs.data(), node.inputs.size()}};
    Values gradients = node.primitive->vjp(call, cotangents);
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      const auto& source = level_.tape_[i].sources[k];
      if (source && gradients[k]) accumulate(slot(*source), std::move(gradients[k]));
    }
    if (consume_) {
      level_.tape_[i].inputs.clear();
      level_.tape_[i].outputs.clear();
      level_.tape_[i].attributes.reset();
    }
  }

  void replay(std::size_t i) {
    const std::shared_ptr<const Replay> again = level_.tape_[i].replay;
    const Values first = level_.tape_[i].outputs;
    const std::vector<Value> cotangents = std::move(slots_[i]);
    slots_[i].clear();
    const std::size_t end = level_.tape_.size();
    {
      const RunningLevel running(level_.shared_from_this());
      const Values second = again->run();
      if (second.size() != first.size())
        fail(ErrorKind::state, "checkpoint: {} is not pure: it gave {} results, then {}",
             again->function_name, first.size(), second.size());
      for (std::size_t k = 0; k < first.size(); ++k) {
        check_pure(first[k].tensor(), second[k].tensor(), again->function_name);
        seed(second[k], cotangents[k]);
      }
    }
    walk(end);
    level_.truncate(end);
    if (slots_.size() > end) slots_.resize(end);
  }

  Level& level_;
  bool consume_;
  std::vector<std::vector<Value>> slots_;
};

Values Level::backward(std::span<const Value> outputs, std::span<const Value> cotangents,
                       std::size_t input_count, bool consume) {
  Sweep sweep(*this, consume);
  for (std::size_t k = 0; k < outputs.size(); ++k) sweep.seed(outputs[k], cotangents[k]);
  sweep.walk(input_count);
  Values gradients;
  for (std::size_t i = 0; i < input_count; ++i) {
    Value gradient = sweep.take(i);
    if (!gradient) {
      const Tensor& input = tape_[i].outputs.front().tensor();
      gradient = Tensor::zeros(input.shape(), input.dtype());
    }
    gradients.push_back(std::move(gradient));
  }
  return gradients;
}

RunningLevel::RunningLevel(std::shared_ptr<Level> level)
    : level_(std::move(level)), was_running_(level_->running_) {
  running_levels().push_back(level_);
  level_->running_ = true;
}

RunningLevel::~RunningLevel() {
  level_->running_ = was_running_;
  assert(running_levels().back() == level_);
  running_levels().pop_back();
}

std::shared_ptr<Level> RunningLevel::create() {
  thread_local std::uint64_t depth = 0;
  return std::make_shared<Level>(++depth);
}

std::span<const std::shared_ptr<Level>> RunningLevel::all() { return running_levels(); }

std::size_t running_transforms() { return running_levels().size(); }

}  // namespace moonstill
