#include "engine/quantum/state_sweep.hpp"

#include "engine/core/interrupt.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/coefficients.hpp"

namespace moonstill::quantum {
namespace {

// Blocks are summed in at most so many parts, whatever the threads.
constexpr std::size_t most_parts = 64;
// Amplitudes worth a thread of their own.
constexpr std::size_t parallel_amplitudes = 1 << 14;

template <class T>
constexpr std::size_t lanes = static_cast<std::size_t>(vector_lanes<T>);
template <class T>
constexpr std::size_t vector_numbers = 2 * lanes<T>;
// Keeps states that are worked on together out of one another's cache sets.
template <class T>
constexpr std::size_t padding = 3 * memory_alignment / sizeof(T);

Bits place_of(const Span& span, std::size_t index) {
  return span.outer[index / span.inner.size()] ^ span.inner[index % span.inner.size()];
}

template <class T>
OperationCoefficients<T> make_coefficients(const StateOperation& operation,
                                           const OperationNumbers<T>& numbers, bool tangents,
                                           bool gradients) {
  OperationCoefficients<T> out;
  if (operation.dimension() > 4) {
    wide_matrix(operation.dimension(), numbers.matrix.data(), false, out.matrix);
    if (gradients) wide_matrix(operation.dimension(), numbers.matrix.data(), true, out.adjoint);
    return out;
  }
  const bool varies = tangents && !operation.parameters.empty();
  coefficients(operation.site, numbers.matrix.data(), false, T{1}, out.matrix);
  if (varies) coefficients(operation.site, numbers.tangent.data(), false, T{0}, out.tangent);
  if (!gradients) return out;
  coefficients(operation.site, numbers.matrix.data(), true, T{1}, out.adjoint);
  if (varies) coefficients(operation.site, numbers.tangent.data(), true, T{0}, out.adjoint_tangent);
  return out;
}

// Re sum_ij M_ij E_ij.
double real_product(const double* matrix, const double* e, std::size_t entries) {
  double sum = 0;
  for (std::size_t i = 0; i < 2 * entries; i += 2) sum += matrix[i] * e[i] - matrix[i + 1] * e[i + 1];
  return sum;
}

// Re sum_ij (D V^H)_ij E_ij for matrices of d rows.
template <class T>
double slope_product(const double* derivative, const std::vector<T>& matrix, const double* e, std::size_t d) {
  double sum = 0;
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j < d; ++j, e += 2) {
      for (std::size_t k = 0; k < d; ++k) {
        const double* x = derivative + (i * d + k) * 2;
        const T* y = matrix.data() + (j * d + k) * 2;
        const auto re = static_cast<double>(y[0]);
        const auto im = static_cast<double>(y[1]);
        sum += (x[0] * re + x[1] * im) * e[0] - (x[1] * re - x[0] * im) * e[1];
      }
    }
  }
  return sum;
}

}  // namespace

template <class T>
SharedCoefficients<T>::SharedCoefficients(const StateContext<T>& context)
    : operations(context.plan.operations().size()),
      phases(context.plan.operations().size()),
      hermitians(context.plan.hermitians().size()),
      hermitian_directions(hermitians.size()) {
  const SweepRequest& request = context.request;
  std::vector<AngleSource<T>> sources;
  for (std::size_t i = 0; i < context.angles.size(); ++i)
    sources.push_back({context.angles[i].values, context.angle_directions[i].values, 1});
  for (std::size_t o = 0; o < operations.size(); ++o) {
    if (context.varies[o]) continue;
    if (const StateOperation& operation = context.plan.operations()[o]; operation.form == Form::phases) {
      phases[o] = phase_table(operation.phases, context.plan.vectors(), sources);
      continue;
    }
    operations[o] = make_coefficients(context.plan.operations()[o], context.shared_numbers[o],
                                      request.tangents, request.gradients());
  }
  if (!request.gradients()) return;
  for (std::size_t h = 0; h < hermitians.size(); ++h) {
    const StateHermitian& item = context.plan.hermitians()[h];
    const auto fill = [&](const std::vector<double>& matrix, std::vector<T>& out) {
      if (matrix.empty()) return;
      if (item.dimension() > 4)
        wide_matrix(item.dimension(), matrix.data(), false, out);
      else
        coefficients(item.site, matrix.data(), false, T{0}, out);
    };
    fill(context.hermitians[h], hermitians[h]);
    fill(context.hermitian_directions[h], hermitian_directions[h]);
  }
}

template <class T>
StateSweep<T>::StateSweep(const StateContext<T>& context, const SharedCoefficients<T>& shared)
    : c_(context),
      plan_(context.plan),
      shared_(shared),
      tangents_(context.request.tangents),
      gradients_(context.request.gradients()),
      numbers_(context.plan.operations().size()),
      coefficients_(context.plan.operations().size()),
      seeds_(context.plan.hermitians().size()),
      seed_tangents_(context.plan.hermitians().size()),
      slopes_(context.plan.operations().size()),
      phase_slopes_(context.plan.operations().size()),
      values_(static_cast<std::size_t>(context.plan.outputs())) {
  for (const StateOperation& operation : plan_.operations()) {
    wanted_.push_back(std::ranges::any_of(operation.parameters, [&](const Parameter& parameter) {
      const auto input = static_cast<std::size_t>(parameter.input);
      return input < c_.angle_gradients.size() && c_.angle_gradients[input].wanted;
    }));
    directed_.push_back(std::ranges::any_of(operation.parameters, [&](const Parameter& parameter) {
      return c_.angle_directions[static_cast<std::size_t>(parameter.input)].values != nullptr;
    }));
  }
  while (!c_.request.amplitudes && first_wanted_ < numbers_.size() && !wanted(first_wanted_)) ++first_wanted_;
  forward_ = plan_jobs(plan_.forward(), Stage::forward);
  if (gradients_) backward_ = plan_jobs(plan_.backward(), Stage::backward);
}

// Sums lie one task after the other, those of tangents after a task's own.
template <class T>
auto StateSweep<T>::plan_jobs(const std::vector<Pass>& passes, Stage stage) const -> std::vector<Jobs> {
  std::vector<Jobs> out;
  for (const Pass& pass : passes) {
    Jobs& jobs = out.emplace_back(Jobs{&pass, {}, 0});
    for (const Task& task : pass.tasks) {
      if (!active(task, stage)) continue;
      const std::size_t count = sum_count(task, stage);
      jobs.jobs.push_back({&task, jobs.sums, count});
      jobs.sums += count;
    }
  }
  return out;
}

template <class T>
void StateSweep<T>::run(std::int64_t begin, std::int64_t end, double* partial) {
  partial_ = partial;
  for (std::vector<double>& slopes : slopes_) std::ranges::fill(slopes, 0.0);
  for (std::size_t o = 0; o < phase_slopes_.size(); ++o) {
    if (gradients_ && is_phases(o) && wanted(o)) phase_slopes_[o].assign(plan_.vectors() * lanes<T>, T{0});
  }
  for (std::int64_t sample = begin; sample < end; ++sample) {
    start(sample);
    forward(true, gradients_ || !plan_.probabilities().empty());
    if (c_.request.values) write_values();
    if (gradients_) backward();
  }
  for (std::size_t o = 0; o < slopes_.size(); ++o) {
    if (!phase_slopes_[o].empty()) add_phase_gradients(o);
    if (slopes_[o].empty()) continue;
    const double* e = slopes_[o].data();
    add_angle_gradients(o, e, tangents_ ? e + slopes_[o].size() / 2 : nullptr);
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
  forward(false, true);
}

template <class T>
std::vector<double> StateSweep<T>::read(T* state) {
  state_[s] = state;
  forward(false, false);
  return values_;
}

template <class T>
void StateSweep<T>::start(std::int64_t sample) {
  poll_interrupt();
  if (!memory_) allocate();
  sample_ = sample;
  prepare_numbers();
}

template <class T>
void StateSweep<T>::allocate() {
  const std::size_t stride = plan_.vectors() * vector_numbers<T> + padding<T>;
  const auto count = static_cast<std::size_t>((tangents_ ? 2 : 1) * (gradients_ ? 2 : 1));
  memory_ = allocate_memory(count * stride * sizeof(T));
  T* at = reinterpret_cast<T*>(memory_.get());
  for (const Name name : {s, sdot, a, adot}) {
    const bool needed = (!tangents_ ? name != sdot && name != adot : true) && (gradients_ || name < a);
    if (!needed) continue;
    state_[name] = at;
    at += stride;
  }
}

template <class T>
void StateSweep<T>::prepare_numbers() {
  if (std::ranges::none_of(c_.varies, [](bool b) { return b; })) return;
  std::vector<AngleSource<T>> sources;
  for (std::size_t i = 0; i < c_.angles.size(); ++i)
    sources.push_back({c_.angles[i].tile(sample_, 1), c_.angle_directions[i].tile(sample_, 1), 1});
  const Orders orders = gradients_ || tangents_ ? Orders::derivatives : Orders::value;
  for (std::size_t o = 0; o < numbers_.size(); ++o) {
    if (!c_.varies[o]) continue;
    const StateOperation& operation = plan_.operations()[o];
    evaluate(operation, sources, 1, orders, numbers_[o]);
    coefficients_[o] = make_coefficients(operation, numbers_[o], tangents_, gradients_);
  }
}

template <class T>
void StateSweep<T>::forward(bool input, bool keep) {
  std::ranges::fill(values_, 0.0);
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
  for (const StateProbabilities& item : plan_.probabilities()) read_probabilities(item);
}

template <class T>
void StateSweep<T>::backward() {
  prepare_seeds();
  const bool seeded = !plan_.probabilities().empty();
  for (const Name name : {a, adot}) {
    if (seeded && state_[name] != nullptr)
      std::fill_n(state_[name], plan_.vectors() * vector_numbers<T>, T{0});
  }
  for (const StateProbabilities& item : plan_.probabilities()) seed_probabilities(item);
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
  if (c_.amplitude_gradient.wanted) add_amplitude_gradient();
}

template <class T>
void StateSweep<T>::run_pass(const Jobs& jobs, Stage stage, const Uses& uses) {
  if (stage == Stage::backward && jobs.jobs.empty() && !c_.request.amplitudes) return;
  const Pass& pass = *jobs.pass;
  const bool in_place = pass.run == pass.vectors();
  const std::size_t stride = pass.vectors() * vector_numbers<T> + padding<T>;
  const std::size_t blocks = pass.blocks();
  const std::size_t part = (blocks + most_parts - 1) / most_parts;
  const std::size_t parts = (blocks + part - 1) / part;
  std::vector<double> sums(parts * jobs.sums, 0.0);
  const std::size_t grain =
      std::max<std::size_t>(1, parallel_amplitudes / (part * pass.vectors() * lanes<T>));
  parallel_for(parts, grain, [&](std::size_t begin, std::size_t end) {
    std::shared_ptr<std::byte> memory;
    if (!in_place) memory = allocate_memory(states * stride * sizeof(T));
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t b = p * part; b < std::min(blocks, (p + 1) * part); ++b) {
        poll_interrupt();
        const std::size_t offset = (place_of(pass.bases, b) / lanes<T>)*vector_numbers<T>;
        Pointers block{};
        for (std::size_t name = 0; name < states; ++name) {
          if (uses[name].begin == Begin::absent) continue;
          block[name] = in_place ? state_[name] + offset : reinterpret_cast<T*>(memory.get()) + name * stride;
        }
        run_block(jobs, stage, uses, b, block, sums.data() + p * jobs.sums);
      }
    }
  });
  for (std::size_t p = 1; p < parts; ++p) {
    for (std::size_t e = 0; e < jobs.sums; ++e) sums[e] += sums[p * jobs.sums + e];
  }
  for (const Job& job : jobs.jobs) {
    if (job.count != 0) finish_job(job, stage, sums.data() + job.offset);
  }
}

template <class T>
void StateSweep<T>::run_block(const Jobs& jobs, Stage stage, const Uses& uses, std::size_t index,
                              const Pointers& block, double* sums) {
  const Pass& pass = *jobs.pass;
  const Bits base = place_of(pass.bases, index);
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
    if (uses[name].keep) keep_block(pass, name, base, block[name]);
  }
}

template <class T>
bool StateSweep<T>::from_basis_state() const {
  return c_.amplitudes.values == nullptr && c_.amplitude_direction.values == nullptr;
}

template <class T>
void StateSweep<T>::begin_block(const Pass& pass, Name name, Begin begin, Bits base, T* block) const {
  if (begin == Begin::zero) {
    std::fill_n(block, pass.vectors() * vector_numbers<T>, T{0});
  } else if (begin == Begin::input) {
    input_block(pass, name, base, block);
  } else if (begin == Begin::first_block) {
    sparse_block(pass, name, base, block);
  } else if (pass.run != pass.vectors()) {
    for (std::size_t v = 0; v < pass.vectors(); v += pass.run) {
      const T* from = state_[name] + address(base ^ place_of(pass.numbers, v));
      std::copy_n(from, pass.run * vector_numbers<T>, block + v * vector_numbers<T>);
    }
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
  const auto count = std::min(lanes<T>, static_cast<std::size_t>(plan_.amplitudes()));
  for (std::size_t v = 0; v < pass.vectors(); ++v) {
    T* to = block + v * vector_numbers<T>;
    std::fill_n(to, vector_numbers<T>, T{0});
    std::copy_n(from + (base ^ place_of(pass.numbers, v)), count, to);
  }
}

template <class T>
void StateSweep<T>::sparse_block(const Pass& pass, Name name, Bits base, T* block) const {
  const Pass& first = *forward_[0].pass;
  const bool in_place = pass.run == pass.vectors();
  const std::size_t run = std::min(pass.run, first.run);
  for (std::size_t v = 0; v < pass.vectors(); v += run) {
    const Bits place = base ^ place_of(pass.numbers, v);
    T* to = block + v * vector_numbers<T>;
    if (!first.block.contains(place))
      std::fill_n(to, run * vector_numbers<T>, T{0});
    else if (!in_place)
      std::copy_n(state_[name] + address(place), run * vector_numbers<T>, to);
  }
}

template <class T>
void StateSweep<T>::keep_block(const Pass& pass, Name name, Bits base, const T* block) const {
  if (pass.run == pass.vectors()) return;
  for (std::size_t v = 0; v < pass.vectors(); v += pass.run) {
    T* to = state_[name] + address(base ^ place_of(pass.numbers, v));
    std::copy_n(block + v * vector_numbers<T>, pass.run * vector_numbers<T>, to);
  }
}

template <class T>
bool StateSweep<T>::active(const Task& task, Stage stage) const {
  if (task.kind == Task::Kind::operation) return stage == Stage::forward || task.index >= first_wanted_;
  return stage == Stage::backward || c_.request.values || hermitian_gradient(task.index);
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
  const PhaseTable<T>& table = shared_.phases[o];
  for (std::size_t v = 0; v < pass.vectors(); v += pass.run) {
    const Bits place = base ^ place_of(pass.numbers, v);
    const auto at = [&](Name name) {
      return block[name] == nullptr ? nullptr : block[name] + v * vector_numbers<T>;
    };
    StatePhaseStep<T> step{pass.run, table.turns + address(place), table.rates + place};
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
    quantum::run(what, *task.wide, base, lanes<T>, step);
  else
    quantum::run(what, *task.site, base, step);
}

template <class T>
void StateSweep<T>::run_operation(const Task& task, Bits base, const Pointers& block) const {
  const OperationCoefficients<T>& m = coefficients_of(task.index);
  BlockStep<T> step;
  step.matrix = m.matrix.data();
  step.tangent = m.tangent.data();
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
  const OperationCoefficients<T>& m = coefficients_of(task.index);
  BlockStep<T> step;
  step.matrix = m.adjoint.data();
  step.tangent = m.adjoint_tangent.data();
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
  const auto accumulate = [&](const std::vector<T>& matrix, T* from, T* to) {
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
  if (stage == Stage::forward) return finish_hermitian(index, sums, tangent);
  if (c_.varies[index]) return add_angle_gradients(index, sums, tangent);
  slopes_[index].resize(job.count);
  for (std::size_t e = 0; e < job.count; ++e) slopes_[index][e] += sums[e];
}

// f_k and fdot_k, and the Hermitians' gradients, which need no adjoint state.
template <class T>
void StateSweep<T>::finish_hermitian(std::size_t h, const double* e, const double* edot) {
  const StateHermitian& item = plan_.hermitians()[h];
  const auto entries =
      static_cast<std::size_t>(item.dimension()) * static_cast<std::size_t>(item.dimension());
  const std::vector<double>& m = c_.hermitians[h];
  const std::vector<double>& mdot = c_.hermitian_directions[h];
  if (c_.request.values) {
    double& value = values_[static_cast<std::size_t>(item.output)];
    value += real_product(m.data(), tangents_ ? edot : e, entries);
    if (tangents_ && !mdot.empty()) value += real_product(mdot.data(), e, entries);
  }
  if (!hermitian_gradient(h)) return;
  double* to = partial_ + c_.hermitian_gradients[static_cast<std::size_t>(item.input)].partial +
               static_cast<std::int64_t>(2 * entries) * item.block;
  const double weight_here = weight(c_.weights, item.output);
  const double weight_dot = tangents_ ? weight(c_.weight_direction, item.output) : 0;
  for (std::size_t part = 0; part < 2 * entries; ++part) {
    const double sum = tangents_ ? weight_here * edot[part] + weight_dot * e[part] : weight_here * e[part];
    to[part] += part % 2 == 0 ? sum : -sum;
  }
}

// With a and s after the operation, K_m = D_m V^H and K_m's tangent: g_m = 2 Re sum K_m E, and with a tangent
// 2 Re sum (K_m Edot + (D_m Vdot^H + sum_j dtheta_j D_mj V^H) E). K_m and its tangent are anti-Hermitian.
template <class T>
void StateSweep<T>::add_angle_gradients(std::size_t o, const double* e, const double* edot) {
  const OperationNumbers<T>& n = numbers(o);
  const std::size_t entries = n.matrix.size() / 2;
  const auto d = static_cast<std::size_t>(plan_.operations()[o].dimension());
  const auto& parameters = plan_.operations()[o].parameters;
  for (std::size_t m = 0; m < parameters.size(); ++m) {
    const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(parameters[m].input)];
    if (!to.wanted) continue;
    const double* derivative = n.derivatives.data() + m * 2 * entries;
    double g = slope_product(derivative, n.matrix, tangents_ ? edot : e, d);
    if (tangents_) {
      const double* derivative_tangent = n.derivative_tangents.data() + m * 2 * entries;
      g += slope_product(derivative, n.tangent, e, d) + slope_product(derivative_tangent, n.matrix, e, d);
    }
    if (to.partial >= 0)
      partial_[to.partial + parameters[m].slot] += 2 * g;
    else
      to.samples[sample_ * to.count() + parameters[m].slot] += static_cast<T>(2 * g);
  }
}

// dF/dphase of a place is -2 Im conj(a) s.
template <class T>
void StateSweep<T>::add_phase_gradients(std::size_t o) {
  const std::vector<ParityTerm>& terms = plan_.operations()[o].phases;
  const std::vector<double> sums = parity_sums(terms, std::span<T>(phase_slopes_[o]));
  for (std::size_t t = 0; t < terms.size(); ++t) {
    for (const auto& [angle, coefficient] : terms[t].shares) {
      if (angle.is_constant()) continue;
      const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(angle.input)];
      if (to.wanted) partial_[to.partial + angle.slot] -= 2 * coefficient * angle.scale * sums[t];
    }
  }
}

template <class T>
void StateSweep<T>::add_amplitude_gradient() {
  const T* from = state_[tangents_ ? adot : a];
  const Destination<T>& to = c_.amplitude_gradient;
  const std::int64_t size = plan_.amplitudes();
  if (to.partial >= 0) {
    for (std::int64_t r = 0; r < size; ++r)
      partial_[to.partial + r] += 2 * static_cast<double>(from[address(static_cast<Bits>(r))]);
    return;
  }
  const auto count = std::min(lanes<T>, static_cast<std::size_t>(size));
  T* at = to.samples + sample_ * size;
  for (std::size_t v = 0; v < plan_.vectors(); ++v) {
    for (std::size_t lane = 0; lane < count; ++lane)
      at[v * count + lane] = 2 * from[v * vector_numbers<T> + lane];
  }
}

template <class T>
void StateSweep<T>::prepare_seeds() {
  for (std::size_t h = 0; h < seeds_.size(); ++h) {
    const int output = plan_.hermitians()[h].output;
    const std::vector<T>& m = shared_.hermitians[h];
    const auto c = static_cast<T>(weight(c_.weights, output));
    seeds_[h].resize(m.size());
    std::ranges::transform(m, seeds_[h].begin(), [c](T x) { return c * x; });
    if (!tangents_) continue;
    const auto cdot = static_cast<T>(weight(c_.weight_direction, output));
    const std::vector<T>& mdot = shared_.hermitian_directions[h];
    seed_tangents_[h].resize(m.size());
    std::ranges::transform(m, seed_tangents_[h].begin(), [cdot](T x) { return cdot * x; });
    for (std::size_t e = 0; e < mdot.size(); ++e) seed_tangents_[h][e] += c * mdot[e];
  }
}

// Calls body(pattern, address) for the amplitudes of each pattern in turn, patterns shared among threads.
template <class Body>
static void each_amplitude(const StateProbabilities& item, int bits, std::size_t lane_count, Body&& body) {
  const std::size_t k = item.parities.size();
  std::vector<Bits> masks;
  Bits offsets = 0;
  for (std::size_t i = 0; i < k; ++i) {
    const Parity& parity = item.parities[k - 1 - i];
    masks.push_back(parity.mask);
    offsets |= parity.offset ? Bits{1} << i : 0;
  }
  const LinearSystem system(masks, bits);
  const Span kernel(system.kernel());
  const std::size_t each = kernel.outer.size() * kernel.inner.size();
  parallel_for(std::size_t{1} << k, std::max<std::size_t>(1, parallel_amplitudes / each),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t pattern = begin; pattern < end; ++pattern) {
                   const Bits first = *system.solve(static_cast<Bits>(pattern) ^ offsets);
                   for (const Bits outer : kernel.outer) {
                     for (const Bits inner : kernel.inner) {
                       const std::size_t place = first ^ outer ^ inner;
                       body(pattern, place / lane_count * 2 * lane_count + place % lane_count);
                     }
                   }
                 }
               });
}

template <class T>
void StateSweep<T>::read_probabilities(const StateProbabilities& item) {
  const T* x = state_[s];
  const T* y = tangents_ ? state_[sdot] : x;
  const double factor = tangents_ ? 2 : 1;
  double* to = values_.data() + item.output;
  each_amplitude(item, plan_.qubits(), lanes<T>, [&](std::size_t pattern, std::size_t at) {
    to[pattern] += factor * static_cast<double>(x[at] * y[at] + x[at + lanes<T>] * y[at + lanes<T>]);
  });
}

template <class T>
void StateSweep<T>::seed_probabilities(const StateProbabilities& item) {
  const auto seed = [&](const Source<T>& source, const T* from, T* to) {
    if (source.values == nullptr) return;
    const T* weights = source.tile(sample_, 1) + item.output;
    each_amplitude(item, plan_.qubits(), lanes<T>, [&](std::size_t pattern, std::size_t at) {
      to[at] += weights[pattern] * from[at];
      to[at + lanes<T>] += weights[pattern] * from[at + lanes<T>];
    });
  };
  seed(c_.weights, state_[s], state_[a]);
  if (!tangents_) return;
  seed(c_.weights, state_[sdot], state_[adot]);
  seed(c_.weight_direction, state_[s], state_[adot]);
}

template <class T>
void StateSweep<T>::write_values() {
  T* to = c_.values.samples + sample_ * plan_.outputs();
  for (std::size_t e = 0; e < values_.size(); ++e) to[e] = static_cast<T>(values_[e]);
}

template <class T>
bool StateSweep<T>::hermitian_gradient(std::size_t h) const {
  const int input = plan_.hermitians()[h].input;
  return input >= 0 && static_cast<std::size_t>(input) < c_.hermitian_gradients.size() &&
         c_.hermitian_gradients[static_cast<std::size_t>(input)].wanted;
}

template <class T>
double StateSweep<T>::weight(const Source<T>& source, int output) const {
  return source.values == nullptr ? 0.0 : static_cast<double>(source.tile(sample_, 1)[output]);
}

template <class T>
std::size_t StateSweep<T>::address(Bits place) const {
  return place / lanes<T> * vector_numbers<T> + place % lanes<T>;
}

// Groups of basis states whose amplitudes fill lines of memory on both sides.
template <class T>
void copy_amplitudes(const Frame& frame, const T* state, T* to) {
  constexpr int line_bits = 4;
  const int bits = frame.bits();
  std::vector<Bits> places;  // of the basis states with one bit
  for (int b = 0; b < bits; ++b) places.push_back(frame.flip(b));
  const std::size_t line = std::size_t{1} << std::min(bits, line_bits);
  const Bits first = frame.place(0);
  const std::span<const Bits> all(places);
  const auto split = static_cast<std::size_t>(std::min(bits, line_bits));
  const Span inner(all.first(split));
  const Span outer(all.subspan(split));
  const std::size_t count = outer.outer.size() * outer.inner.size();
  parallel_for(count, parallel_amplitudes / line, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (i % 1024 == 0) poll_interrupt();
      const Bits base = first ^ place_of(outer, i);
      T* at = to + i * line * 2;
      for (std::size_t k = 0; k < line; ++k) {
        const std::size_t place = base ^ inner.inner[k];
        const std::size_t from = place / lanes<T> * vector_numbers<T> + place % lanes<T>;
        at[2 * k] = state[from];
        at[2 * k + 1] = state[from + lanes<T>];
      }
    }
  });
}

namespace {

// The context of a plan without inputs.
template <class T>
StateContext<T> constant_context(const StatePlan& plan, const SweepRequest& request) {
  StateContext<T> context{plan, request};
  for (const StateOperation& operation : plan.operations()) {
    context.varies.push_back(false);
    evaluate_constant(operation.constant, context.shared_numbers.emplace_back());
  }
  for (const StateHermitian& item : plan.hermitians()) {
    context.hermitian_directions.emplace_back();
    std::vector<double>& m = context.hermitians.emplace_back();
    for (const auto& entry : item.matrix.entries) m.insert(m.end(), {entry.real(), entry.imag()});
  }
  return context;
}

}  // namespace

template <class T>
void apply_plan(const StatePlan& plan, T* state) {
  const SweepRequest request;
  const StateContext<T> context = constant_context<T>(plan, request);
  const SharedCoefficients<T> shared(context);
  StateSweep<T>(context, shared).apply(state);
}

template <class T>
std::vector<double> read_plan(const StatePlan& plan, T* state) {
  SweepRequest request;
  request.values = true;
  const StateContext<T> context = constant_context<T>(plan, request);
  const SharedCoefficients<T> shared(context);
  return StateSweep<T>(context, shared).read(state);
}

template struct SharedCoefficients<float>;
template struct SharedCoefficients<double>;
template class StateSweep<float>;
template class StateSweep<double>;
template void apply_plan<float>(const StatePlan&, float*);
template void apply_plan<double>(const StatePlan&, double*);
template std::vector<double> read_plan<float>(const StatePlan&, float*);
template std::vector<double> read_plan<double>(const StatePlan&, double*);
template void copy_amplitudes<float>(const Frame&, const float*, float*);
template void copy_amplitudes<double>(const Frame&, const double*, double*);

}  // namespace moonstill::quantum
