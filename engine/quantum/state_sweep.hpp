// One sample at a time through the whole circuit and back: passes over the state, each block of which goes
// through all tasks of a pass while it is in the cache.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "engine/core/memory.hpp"
#include "engine/core/scratch.hpp"
#include "engine/quantum/state_kernels.hpp"
#include "engine/quantum/state_results.hpp"

namespace moonstill::quantum {

/// Those of the operations that are merged diagonals; empty when there is none.
template <class T>
[[nodiscard]] std::vector<PhaseTable<T>> phase_tables(const StateContext<T>& context);

template <class T>
class StateSweep {
 public:
  /// `phases`: phase_tables(context).
  StateSweep(const StateContext<T>& context, std::span<const PhaseTable<T>> phases);

  /// Carries samples forward and, when gradients are wanted, back. Adds to `partial`.
  void run(std::int64_t begin, std::int64_t end, double* partial);
  /// The state after the circuit, [2^n][re, im] in the order of basis states.
  void run_forward(std::int64_t sample, T* to);

  /// The circuit applied to a caller's own state, [vectors][re, im][lanes]. Interrupted within operations on
  /// many qubits only.
  void apply(T* state);
  /// The readout of a caller's own state.
  std::vector<double> read(T* state);

 private:
  enum class Stage { forward, backward };
  // What a pass does with each state: leaves it out, begins with the input's amplitudes, begins with zeros,
  // goes on with what is there, or with what is there in the first block of the first pass and zeros
  // elsewhere; and whether its result is needed.
  enum class Begin { absent, input, zero, present, first_block };
  struct Use {
    Begin begin = Begin::absent;
    bool keep = false;
  };
  enum Name { s, sdot, a, adot, states };
  using Uses = std::array<Use, states>;
  using Pointers = std::array<T*, states>;
  // A task that there is something to do for, and where its environment lies among the pass's sums.
  struct Job {
    const Task* task;
    std::size_t offset;
    std::size_t count;
  };
  struct Jobs {
    const Pass* pass;
    std::pmr::vector<Job> jobs;
    std::size_t sums = 0;
  };

  void plan_jobs(const std::vector<Pass>& passes, Stage stage, std::pmr::vector<Jobs>& out);
  void start(std::int64_t sample);
  void allocate();
  void prepare_numbers();
  void forward(bool input, bool keep);
  void backward();
  void run_pass(const Jobs& jobs, Stage stage, const Uses& uses);
  [[nodiscard]] std::shared_ptr<std::byte> block_memory(const Pass& pass) const;
  [[nodiscard]] Pointers block_pointers(const Pass& pass, const Uses& uses, Bits base,
                                        std::byte* memory) const;
  void run_block(const Jobs& jobs, Stage stage, const Uses& uses, Bits base, const Pointers& block,
                 double* sums);
  [[nodiscard]] bool from_basis_state() const;
  void begin_block(const Pass& pass, Name name, Begin begin, Bits base, T* block) const;
  void input_block(const Pass& pass, Name name, Bits base, T* block) const;

  [[nodiscard]] bool active(const Task& task, Stage stage) const;
  [[nodiscard]] std::size_t sum_count(const Task& task, Stage stage) const;
  void run_job(const Pass& pass, const Job& job, Stage stage, Bits base, const Pointers& block, double* sums);
  void run_phases(const Pass& pass, std::size_t o, Stage stage, Bits base, const Pointers& block);
  void run_operation(const Task& task, Bits base, const Pointers& block) const;
  void undo_operation(const Job& job, Bits base, const Pointers& block, double* sums) const;
  void read_hermitian(const Job& job, Bits base, const Pointers& block, double* sums) const;
  void seed_hermitian(const Task& task, Bits base, const Pointers& block) const;
  void carry_out(BlockTask what, const Task& task, Bits base, const BlockStep<T>& step) const;

  void finish_job(const Job& job, Stage stage, const double* sums);
  void prepare_seeds();
  void seed(const StateProbabilities& item);

  [[nodiscard]] bool is_phases(std::size_t o) const { return plan_.operations()[o].form == Form::phases; }
  [[nodiscard]] bool wanted(std::size_t o) const { return c_.wanted[o] != 0; }
  [[nodiscard]] bool directed(std::size_t o) const { return c_.directed[o] != 0; }
  [[nodiscard]] const OperationNumbers<T>& numbers(std::size_t o) const {
    return c_.varies[o] ? numbers_[o] : c_.shared_numbers[o];
  }

  const StateContext<T>& c_;
  const StatePlan& plan_;
  std::span<const PhaseTable<T>> phases_;
  bool tangents_;
  bool gradients_;
  std::int64_t sample_ = 0;
  std::size_t first_wanted_ = 0;  // operations before it are not undone
  bool own_state_ = true;         // nobody sees it, so that it may be left between two operations
  std::shared_ptr<std::byte> memory_;
  Pointers state_{};
  Scratch<1 << 13> scratch_;
  template <class Item>
  using Vector = std::pmr::vector<Item>;
  Vector<Jobs> forward_{scratch_.memory()}, backward_{scratch_.memory()};
  Vector<double> sums_{scratch_.memory()};  // of a pass
  Vector<AngleSource<T>> sources_{scratch_.memory()};
  Vector<OperationNumbers<T>> numbers_{scratch_.memory()};
  // Of each Hermitian: its weighted matrix.
  Vector<Vector<T>> seeds_{scratch_.memory()}, seed_tangents_{scratch_.memory()};
  // Of operations that do not vary, over samples: environments, and slopes of merged diagonals.
  Vector<Vector<double>> slopes_{scratch_.memory()};
  Vector<Vector<T>> phase_slopes_{scratch_.memory()};
  StateResults<T> results_;
};

extern template std::vector<PhaseTable<float>> phase_tables<float>(const StateContext<float>&);
extern template std::vector<PhaseTable<double>> phase_tables<double>(const StateContext<double>&);
extern template class StateSweep<float>;
extern template class StateSweep<double>;

}  // namespace moonstill::quantum
