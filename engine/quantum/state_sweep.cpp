#include "engine/quantum/state_sweep.hpp"

#include "engine/core/interrupt.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/state_blocks.hpp"
#include "engine/quantum/state_readout.hpp"

namespace moonstill::quantum {
namespace {

// Blocks are summed in at most so many parts, whatever the threads.
constexpr std::size_t most_parts = 64;

}  // namespace

template <class T>
std::vector<PhaseTable<T>> phase_tables(const StateContext<T>& context) {
  std::pmr::vector<AngleSource<T>> sources;
  context.find_angles(0, sources);
  const auto& operations = context.plan.operations();
  std::vector<PhaseTable<T>> tables;
  for (std::size_t o = 0; o < operations.size(); ++o) {
    if (operations[o].form != Form::phases) continue;
    tables.resize(operations.size());
    tables[o] = phase_table<T>(operations[o].phases, context.plan.vectors(), sources);
  }
  return tables;
}

template <class T>
StateSweep<T>::StateSweep(const StateContext<T>& context, std::span<const PhaseTable<T>> phases)
    : c_(context),
      plan_(context.plan),
      phases_(phases),
      tangents_(context.request.tangents),
      gradients_(context.request.gradients()),
      results_(context, scratch_.memory()) {
  plan_jobs(plan_.forward(), Stage::forward, forward_);
  if (!gradients_) return;
  const auto& operations = plan_.operations();
  while (!c_.request.amplitudes && first_wanted_ < operations.size() && !wanted(first_wanted_))
    ++first_wanted_;
  slopes_.resize(operations.size());
  phase_slopes_.resize(phases_.size());
  seeds_.resize(plan_.hermitians().size());
  seed_tangents_.resize(plan_.hermitians().size());
  plan_jobs(plan_.backward(), Stage::backward, backward_);
}

// Sums lie one task after the other, those of tangents after a task's own.
template <class T>
void StateSweep<T>::plan_jobs(const std::vector<Pass>& passes, Stage stage, std::pmr::vector<Jobs>& out) {
  out.reserve(passes.size());
  for (const Pass& pass : passes) {
    Jobs& jobs = out.emplace_back(Jobs{&pass, std::pmr::vector<Job>(scratch_.memory()), 0});
    jobs.jobs.reserve(pass.tasks.size());
    for (const Task& task : pass.tasks) {
      if (!active(task, stage)) continue;
      const std::size_t count = sum_count(task, stage);
      jobs.jobs.push_back({&task, jobs.sums, count});
      jobs.sums += count;
    }
  }
}

template <class T>
void StateSweep<T>::run(std::int64_t begin, std::int64_t end, double* partial) {
  results_.start_chunk(partial);
  for (Vector<double>& slopes : slopes_) std::ranges::fill(slopes, 0.0);
  for (std::size_t o = 0; o < phase_slopes_.size(); ++o) {
    if (is_phases(o) && wanted(o)) phase_slopes_[o].assign(plan_.vectors() * lanes_of<T>, T{0});
  }
  for (std::int64_t sample = begin; sample < end; ++sample) {
    start(sample);
    forward(true, gradients_ || !plan_.probabilities().empty());
    if (c_.request.values) results_.write_values();
    if (gradients_) backward();
  }
  for (std::size_t o = 0; o < slopes_.size(); ++o) {
    if (!phase_slopes_.empty() && !phase_slopes_[o].empty()) results_.add_phases(o, phase_slopes_[o]);
    if (slopes_[o].empty()) continue;
    const double* e = slopes_[o].data();
    results_.add_angles(o, numbers(o), e, tangents_ ? e + slopes_[o].size() / 2 : nullptr);
  }
}

template <class T>
void StateSweep<T>::run_forward(std::int64_t sample, T* to) {
  start(sample);
  forward(true, true);
  copy_amplitudes(plan_.frame(), state_[s], to);
}

template <class T>
void StateSweep<T>::apply(T* state) {
  state_[s] = state;
  own_state_ = false;
  forward(false, true);
}

template <class T>
std::vector<double> StateSweep<T>::read(T* state) {
  state_[s] = state;
  forward(false, false);
  return {results_.values().begin(), results_.values().end()};
}

template <class T>
void StateSweep<T>::start(std::int64_t sample) {
  poll_interrupt();
  if (!memory_) allocate();
  sample_ = sample;
  results_.start_sample(sample);
  prepare_numbers();
}

template <class T>
void StateSweep<T>::allocate() {
  const std::size_t stride = plan_.vectors() * vector_numbers<T> + state_padding<T>;
  const auto count = static_cast<std::size_t>((tangents_ ? 2 : 1) * (gradients_ ? 2 : 1));
  memory_ = allocate_memory(count * stride * sizeof(T));
  T* at = reinterpret_cast<T*>(memory_.get());
  for (const Name name : {s, sdot, a, adot}) {
    const bool tangent = name == sdot || name == adot;
    const bool adjoint = name == a || name == adot;
    if ((tangent && !tangents_) || (adjoint && !gradients_)) continue;
    state_[name] = at;
    at += stride;
  }
}

template <class T>
void StateSweep<T>::prepare_numbers() {
  if (std::ranges::find(c_.varies, true) == c_.varies.end()) return;
  numbers_.resize(plan_.operations().size());
  c_.find_angles(sample_, sources_);
  const Orders orders = gradients_ || tangents_ ? Orders::derivatives : Orders::value;
  for (std::size_t o = 0; o < numbers_.size(); ++o) {
    if (c_.varies[o]) evaluate<T>(plan_.operations()[o], sources_, 1, orders, numbers_[o]);
  }
}

template <class T>
void StateSweep<T>::forward(bool input, bool keep) {
  std::ranges::fill(results_.values(), 0.0);
  for (std::size_t p = 0; p < forward_.size(); ++p) {
    Use use{Begin::present, keep || p + 1 < forward_.size()};
    if (input && p == 0) use.begin = Begin::input;
    if (input && p == 1 && from_basis_state()) use.begin = Begin::first_block;
    Uses uses{};
    uses[s] = use;
    if (tangents_) uses[sdot] = use;
    run_pass(forward_[p], Stage::forward, uses);
  }
  if (!c_.request.values) return;
  const double factor = tangents_ ? 2 : 1;
  for (const StateProbabilities& item : plan_.probabilities()) {
    read_probabilities(item, state_[s], state_[tangents_ ? sdot : s], factor,
                       results_.values().data() + item.output);
  }
}

template <class T>
void StateSweep<T>::backward() {
  prepare_seeds();
  const bool seeded = !plan_.probabilities().empty();
  for (const Name name : {a, adot}) {
    if (seeded && state_[name] != nullptr)
      std::fill_n(state_[name], plan_.vectors() * vector_numbers<T>, T{0});
  }
  for (const StateProbabilities& item : plan_.probabilities()) seed(item);
  for (std::size_t p = 0; p < backward_.size(); ++p) {
    const bool last = p + 1 == backward_.size();
    const bool amplitudes = c_.request.amplitudes;
    Uses uses{};
    uses[s] = {Begin::present, !last};
    uses[a] = {p == 0 && !seeded ? Begin::zero : Begin::present, !last || (amplitudes && !tangents_)};
    if (tangents_) {
      uses[sdot] = uses[s];
      uses[adot] = {uses[a].begin, !last || amplitudes};
    }
    run_pass(backward_[p], Stage::backward, uses);
  }
  if (c_.amplitude_gradient.wanted) results_.add_amplitudes(state_[tangents_ ? adot : a]);
}

template <class T>
void StateSweep<T>::run_pass(const Jobs& jobs, Stage stage, const Uses& uses) {
  if (stage == Stage::backward && jobs.jobs.empty() && !c_.request.amplitudes) return;
  const Pass& pass = *jobs.pass;
  const std::size_t blocks = pass.blocks();
  const std::size_t part = (blocks + most_parts - 1) / most_parts;
  const std::size_t parts = (blocks + part - 1) / part;
  sums_.assign(parts * jobs.sums, 0.0);
  const std::size_t grain =
      std::max<std::size_t>(1, parallel_amplitudes / (part * pass.vectors() * lanes_of<T>));
  parallel_for(parts, grain, [&](std::size_t begin, std::size_t end) {
    const std::shared_ptr<std::byte> memory = block_memory(pass);
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t b = p * part; b < std::min(blocks, (p + 1) * part); ++b) {
        if (own_state_) poll_interrupt();
        run_block(jobs, stage, uses, pass.bases[b], block_pointers(pass, uses, pass.bases[b], memory.get()),
                  sums_.data() + p * jobs.sums);
      }
    }
  });
  for (std::size_t p = 1; p < parts; ++p) {
    for (std::size_t e = 0; e < jobs.sums; ++e) sums_[e] += sums_[p * jobs.sums + e];
  }
  for (const Job& job : jobs.jobs) {
    if (job.count != 0) finish_job(job, stage, sums_.data() + job.offset);
  }
}

// Where a thread works on blocks that do not stay where they are.
template <class T>
std::shared_ptr<std::byte> StateSweep<T>::block_memory(const Pass& pass) const {
  return in_place(pass) ? nullptr : allocate_memory(states * block_stride<T>(pass) * sizeof(T));
}

template <class T>
auto StateSweep<T>::block_pointers(const Pass& pass, const Uses& uses, Bits base, std::byte* memory) const
    -> Pointers {
  Pointers block{};
  for (std::size_t name = 0; name < states; ++name) {
    if (uses[name].begin == Begin::absent) continue;
    block[name] = in_place(pass) ? state_[name] + address<T>(base)
                                 : reinterpret_cast<T*>(memory) + name * block_stride<T>(pass);
  }
  return block;
}

template <class T>
void StateSweep<T>::run_block(const Jobs& jobs, Stage stage, const Uses& uses, Bits base,
                              const Pointers& block, double* sums) {
  const Pass& pass = *jobs.pass;
  // Basis state 0 lies in the first block; a pass that begins with it does nothing to the others.
  const bool zero = base != 0 && uses[s].begin == Begin::input && from_basis_state();
  if (zero && (!uses[s].keep || forward_.size() > 1)) return;
  for (const Name name : {s, sdot, a, adot}) {
    if (uses[name].begin != Begin::absent)
      begin_block(pass, name, zero ? Begin::zero : uses[name].begin, base, block[name]);
  }
  if (!zero) {
    for (const Job& job : jobs.jobs) run_job(pass, job, stage, base, block, sums + job.offset);
  }
  for (const Name name : {s, sdot, a, adot}) {
    if (uses[name].keep) give_block(pass, base, block[name], state_[name]);
  }
}

template <class T>
bool StateSweep<T>::from_basis_state() const {
  return c_.amplitudes.values == nullptr && c_.amplitude_direction.values == nullptr;
}

template <class T>
void StateSweep<T>::begin_block(const Pass& pass, Name name, Begin begin, Bits base, T* block) const {
  switch (begin) {
    case Begin::zero:
      std::fill_n(block, pass.vectors() * vector_numbers<T>, T{0});
      break;
    case Begin::input:
      input_block(pass, name, base, block);
      break;
    case Begin::first_block:
      take_sparse_block(pass, *forward_[0].pass, base, state_[name], block);
      break;
    default:
      take_block(pass, base, state_[name], block);
  }
}

// Real amplitudes, at their own indices.
template <class T>
void StateSweep<T>::input_block(const Pass& pass, Name name, Bits base, T* block) const {
  const Source<T>& source = name == s ? c_.amplitudes : c_.amplitude_direction;
  if (source.values == nullptr) {
    std::fill_n(block, pass.vectors() * vector_numbers<T>, T{0});
    if (name == s && base == 0) block[0] = 1;
    return;
  }
  const T* from = source.tile(sample_, 1);
  const auto count = std::min(lanes_of<T>, static_cast<std::size_t>(plan_.amplitudes()));
  for (std::size_t v = 0; v < pass.vectors(); ++v) {
    T* to = block + v * vector_numbers<T>;
    std::fill_n(to, vector_numbers<T>, T{0});
    std::copy_n(from + (base ^ pass.numbers[v]), count, to);
  }
}

template <class T>
bool StateSweep<T>::active(const Task& task, Stage stage) const {
  if (task.kind == Task::Kind::operation) return stage == Stage::forward || task.index >= first_wanted_;
  return stage == Stage::backward || c_.request.values || results_.hermitian_gradient(task.index);
}

// Numbers of the environments that the task leaves.
template <class T>
std::size_t StateSweep<T>::sum_count(const Task& task, Stage stage) const {
  const bool operation = task.kind == Task::Kind::operation;
  if (!active(task, stage) || operation == (stage == Stage::forward)) return 0;
  if (operation && (!wanted(task.index) || is_phases(task.index))) return 0;
  const int d =
      operation ? plan_.operations()[task.index].dimension() : plan_.hermitians()[task.index].dimension();
  return static_cast<std::size_t>(d) * static_cast<std::size_t>(d) * 2 * (tangents_ ? 2 : 1);
}

template <class T>
void StateSweep<T>::run_job(const Pass& pass, const Job& job, Stage stage, Bits base, const Pointers& block,
                            double* sums) {
  if (job.task->kind == Task::Kind::operation && is_phases(job.task->index))
    run_phases(pass, job.task->index, stage, base, block);
  else if (job.task->kind == Task::Kind::operation)
    stage == Stage::forward ? run_operation(*job.task, base, block) : undo_operation(job, base, block, sums);
  else
    stage == Stage::forward ? read_hermitian(job, base, block, sums) : seed_hermitian(*job.task, base, block);
}

template <class T>
void StateSweep<T>::run_phases(const Pass& pass, std::size_t o, Stage stage, Bits base,
                               const Pointers& block) {
  const PhaseTable<T>& table = phases_[o];
  for (std::size_t v = 0; v < pass.vectors(); v += pass.run) {
    const Bits place = base ^ pass.numbers[v];
    const auto at = [&](Name name) {
      return block[name] == nullptr ? nullptr : block[name] + v * vector_numbers<T>;
    };
    StatePhaseStep<T> step{pass.run, table.turns + address<T>(place), table.rates + place};
    step.s = at(s);
    step.sdot = at(sdot);
    if (stage == Stage::forward) {
      turn_phases(step);
      continue;
    }
    step.a = at(a);
    step.adot = at(adot);
    if (wanted(o)) step.slopes = phase_slopes_[o].data() + place;
    undo_phases(step);
  }
}

template <class T>
void StateSweep<T>::carry_out(BlockTask what, const Task& task, Bits base, const BlockStep<T>& step) const {
  if (task.wide)
    quantum::run(what, *task.wide, base, lanes_of<T>, step);
  else
    quantum::run(what, *task.site, base, step);
}

template <class T>
void StateSweep<T>::run_operation(const Task& task, Bits base, const Pointers& block) const {
  const OperationNumbers<T>& n = numbers(task.index);
  BlockStep<T> step;
  step.matrix = n.matrix.data();
  step.tangent = n.tangent.data();
  step.real = plan_.operations()[task.index].real;
  step.s = block[s];
  step.sdot = block[sdot];
  if (tangents_ && directed(task.index)) return carry_out(BlockTask::apply_tangent, task, base, step);
  carry_out(BlockTask::apply, task, base, step);
  if (!tangents_) return;
  step.s = block[sdot];
  carry_out(BlockTask::apply, task, base, step);
}

template <class T>
void StateSweep<T>::undo_operation(const Job& job, Bits base, const Pointers& block, double* sums) const {
  const Task& task = *job.task;
  const OperationNumbers<T>& n = numbers(task.index);
  BlockStep<T> step;
  step.matrix = n.matrix.data();
  step.tangent = n.tangent.data();
  step.adjoint = true;
  step.real = plan_.operations()[task.index].real;
  step.s = block[s];
  step.sdot = block[sdot];
  step.a = block[a];
  step.adot = block[adot];
  step.environment = sums;
  step.environment_tangent = sums + job.count / 2;
  if (wanted(task.index)) {
    carry_out(tangents_ ? BlockTask::backward_tangent : BlockTask::backward, task, base, step);
    return;
  }
  for (const auto& [state, tangent] : {std::pair{s, sdot}, std::pair{a, adot}}) {
    step.s = block[state];
    step.sdot = block[tangent];
    if (tangents_ && directed(task.index)) {
      carry_out(BlockTask::apply_tangent, task, base, step);
      continue;
    }
    carry_out(BlockTask::apply, task, base, step);
    step.s = block[tangent];
    if (tangents_) carry_out(BlockTask::apply, task, base, step);
  }
}

template <class T>
void StateSweep<T>::read_hermitian(const Job& job, Bits base, const Pointers& block, double* sums) const {
  BlockStep<T> step;
  step.s = step.a = block[s];
  step.sdot = step.adot = block[sdot];
  step.environment = sums;
  step.environment_tangent = sums + job.count / 2;
  carry_out(tangents_ ? BlockTask::overlap_tangent : BlockTask::overlap, *job.task, base, step);
}

// a += c O s;  adot += c O sdot + (dc O + c dO) s.
template <class T>
void StateSweep<T>::seed_hermitian(const Task& task, Bits base, const Pointers& block) const {
  BlockStep<T> step;
  const auto accumulate = [&](const Vector<T>& matrix, T* from, T* to) {
    step.matrix = matrix.data();
    step.s = from;
    step.a = to;
    carry_out(BlockTask::accumulate, task, base, step);
  };
  accumulate(seeds_[task.index], block[s], block[a]);
  if (!tangents_) return;
  accumulate(seeds_[task.index], block[sdot], block[adot]);
  accumulate(seed_tangents_[task.index], block[s], block[adot]);
}

template <class T>
void StateSweep<T>::finish_job(const Job& job, Stage stage, const double* sums) {
  const std::size_t index = job.task->index;
  const double* tangent = tangents_ ? sums + job.count / 2 : nullptr;
  if (stage == Stage::forward) return results_.add_hermitian(index, sums, tangent);
  if (c_.varies[index]) return results_.add_angles(index, numbers(index), sums, tangent);
  slopes_[index].resize(job.count);
  for (std::size_t e = 0; e < job.count; ++e) slopes_[index][e] += sums[e];
}

template <class T>
void StateSweep<T>::prepare_seeds() {
  const auto add = [](const Vector<double>& matrix, double weight, Vector<T>& to) {
    to.resize(std::max(to.size(), matrix.size()));
    for (std::size_t e = 0; e < matrix.size(); ++e)
      to[e] += static_cast<T>(weight) * static_cast<T>(matrix[e]);
  };
  for (std::size_t h = 0; h < seeds_.size(); ++h) {
    const int output = plan_.hermitians()[h].output;
    const double c = results_.weight(c_.weights, output);
    std::ranges::fill(seeds_[h], T{0});
    add(c_.hermitians[h], c, seeds_[h]);
    if (!tangents_) continue;
    std::ranges::fill(seed_tangents_[h], T{0});
    add(c_.hermitians[h], results_.weight(c_.weight_direction, output), seed_tangents_[h]);
    add(c_.hermitian_directions[h], c, seed_tangents_[h]);
  }
}

template <class T>
void StateSweep<T>::seed(const StateProbabilities& item) {
  const auto add = [&](const Source<T>& weights, Name from, Name to) {
    if (weights.values == nullptr) return;
    seed_probabilities(item, weights.tile(sample_, 1) + item.output, state_[from], state_[to]);
  };
  add(c_.weights, s, a);
  if (!tangents_) return;
  add(c_.weights, sdot, adot);
  add(c_.weight_direction, s, adot);
}

template std::vector<PhaseTable<float>> phase_tables<float>(const StateContext<float>&);
template std::vector<PhaseTable<double>> phase_tables<double>(const StateContext<double>&);
template class StateSweep<float>;
template class StateSweep<double>;

}  // namespace moonstill::quantum
