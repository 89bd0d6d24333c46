// Forgets what a function computed and computes it again when derivatives need it (Griewank and Walther,
// 2000).
#include <algorithm>
#include <cstring>

#include "engine/autograd/level.hpp"
#include "engine/core/error.hpp"
#include "engine/core/random.hpp"

namespace moonstill {
namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Tensor x = a.row_major();
  const Tensor y = b.row_major();
  return dispatch_any(a.dtype(), [&](auto element) {
    using T = decltype(element);
    return std::memcmp(x.data<T>().data(), y.data<T>().data(), x.bytes()) == 0;
  });
}

// Puts generators back where they were when the journal saw them, and afterwards where they are now.
class RestoredGenerators {
 public:
  explicit RestoredGenerators(const RandomJournal::Positions& positions) {
    for (const auto& [position, value] : positions)
      now_.emplace_back(position, std::exchange(*position, value));
  }
  ~RestoredGenerators() {
    for (const auto& [position, value] : now_) *position = value;
  }
  RestoredGenerators(const RestoredGenerators&) = delete;
  RestoredGenerators& operator=(const RestoredGenerators&) = delete;

 private:
  RandomJournal::Positions now_;
};

// How many replays run on this thread, one inside another.
int& replays() {
  thread_local int count = 0;
  return count;
}

class RunningReplay {
 public:
  RunningReplay() { ++replays(); }
  ~RunningReplay() { --replays(); }
  RunningReplay(const RunningReplay&) = delete;
  RunningReplay& operator=(const RunningReplay&) = delete;
};

// The value as seen below all of `levels`, which are given shallowest first.
const Value& strip(const Value& value, const Level& level) {
  const Box* box = value.box();
  return box != nullptr && box->level.get() == &level ? box->inner : value;
}

// Replaces what each running level recorded during the call by one node that can run the call again.
Values forget(std::span<const std::size_t> marks, const Values& outputs,
              const std::shared_ptr<const Replay>& replay) {
  const std::vector<std::shared_ptr<Level>> levels(RunningLevel::all().begin(), RunningLevel::all().end());
  // Values at each level, deepest first.
  std::vector<Values> stages{outputs};
  for (std::size_t i = levels.size(); i-- > 0;) {
    Values below;
    for (const Value& value : stages.back()) below.push_back(strip(value, *levels[i]));
    stages.push_back(std::move(below));
  }
  Values rebuilt = stages.back();
  for (std::size_t i = 0; i < levels.size(); ++i) {
    Level& level = *levels[i];
    const Values& here = stages[levels.size() - 1 - i];
    const auto tracked = [&](const Value& v) { return v.box() != nullptr && v.box()->level.get() == &level; };
    const bool recorded = level.size() > marks[i];
    level.truncate(marks[i]);
    if (!recorded || std::none_of(here.begin(), here.end(), tracked)) {
      // Nothing new at this level: outputs that are inputs passed on stay as they are.
      for (std::size_t k = 0; k < here.size(); ++k) {
        if (tracked(here[k])) rebuilt[k] = here[k];
      }
      continue;
    }
    Node node;
    node.outputs = rebuilt;
    node.replay = replay;
    const Values boxes = level.record(std::move(node));
    for (std::size_t k = 0; k < here.size(); ++k) {
      if (tracked(here[k])) rebuilt[k] = boxes[k];
    }
  }
  return rebuilt;
}

}  // namespace

Values Replay::run() const {
  const RestoredGenerators restored(random_positions);
  const RunningReplay running;
  return function(inputs);
}

bool replaying() { return replays() > 0; }

void check_pure(const Tensor& first, const Tensor& second, const std::string& function_name) {
  if (!same_bits(first, second)) {
    fail(ErrorKind::state,
         "checkpoint: {} is not pure: run again with the same arguments it gave another result",
         function_name);
  }
}

Function checkpoint(Function f, std::string name) {
  return [f = std::move(f), name = std::move(name)](std::span<const Value> inputs) -> Values {
    std::vector<std::size_t> marks;
    for (const auto& level : RunningLevel::all()) marks.push_back(level->size());
    if (marks.empty()) return f(inputs);
    const RandomJournal journal;
    const Values outputs = f(inputs);
    const auto replay =
        std::make_shared<const Replay>(f, name, Values(inputs.begin(), inputs.end()), journal.positions());
    return forget(marks, outputs, replay);
  };
}

}  // namespace moonstill
