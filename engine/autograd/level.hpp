// A level is one running transform and its tape. Private to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/autograd/primitive.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/core/random.hpp"

namespace moonstill {

struct Replay;

/// Where on its level's tape a value came from.
struct Source {
  std::size_t node = 0;
  std::size_t output = 0;
};

/// One application of a primitive at a level, one of the level's inputs, or a checkpointed function to be run
/// again.
struct Node {
  std::uint64_t serial = 0;  // never reused, so that a box cannot point at a node that took another's place
  const Primitive* primitive = nullptr;
  Attributes attributes;
  std::vector<Value> inputs;  // one level down, as outputs are
  std::vector<std::optional<Source>> sources;
  std::vector<Value> outputs;
  std::shared_ptr<const Replay> replay;
};

/// Levels start and end in the order of their transforms; a later one is deeper.
class Level : public std::enable_shared_from_this<Level> {
 public:
  explicit Level(std::uint64_t depth) : depth_(depth) {}

  [[nodiscard]] std::uint64_t depth() const { return depth_; }
  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] std::size_t size() const { return tape_.size(); }

  /// The outputs of a node that is put at the tape's end, each in a box.
  Values record(Node node);
  Value input(Value inner);

  /// Forgets all nodes from `size` on.
  void truncate(std::size_t size) { tape_.resize(size); }

  /// A box's place on this tape. Throws Error{state} when a checkpoint has forgotten it.
  [[nodiscard]] Source source(const Box& box) const;

  /// Cotangents of the level's first `input_count` nodes. With `consume`, nodes give up their values on the
  /// way.
  Values backward(std::span<const Value> outputs, std::span<const Value> cotangents, std::size_t input_count,
                  bool consume);

 private:
  friend class RunningLevel;
  class Sweep;

  std::uint64_t depth_;
  bool running_ = false;
  std::vector<Node> tape_;
};

/// Runs a level for as long as this lives.
class RunningLevel {
 public:
  explicit RunningLevel(std::shared_ptr<Level> level);
  ~RunningLevel();
  RunningLevel(const RunningLevel&) = delete;
  RunningLevel& operator=(const RunningLevel&) = delete;

  /// A level deeper than all that ran before it.
  static std::shared_ptr<Level> create();
  /// The levels that run on this thread, shallowest first.
  static std::span<const std::shared_ptr<Level>> all();

 private:
  std::shared_ptr<Level> level_;
  bool was_running_;
};

/// A checkpointed call: what it takes to run it again at a level.
struct Replay {
  Replay(Function f, std::string name, Values at, RandomJournal::Positions positions)
      : function(std::move(f)),
        function_name(std::move(name)),
        inputs(std::move(at)),
        random_positions(std::move(positions)) {}

  Function function;
  std::string function_name;  // for messages
  Values inputs;
  RandomJournal::Positions random_positions;

  /// Runs the function with the random numbers of the first time.
  [[nodiscard]] Values run() const;
};

/// Throws Error{state}, naming the function, unless both hold the same bits.
void check_pure(const Tensor& first, const Tensor& second, const std::string& function_name);

}  // namespace moonstill
