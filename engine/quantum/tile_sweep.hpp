// One tile, 16 samples, through the whole circuit and back.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "engine/core/interrupt.hpp"
#include "engine/core/memory.hpp"
#include "engine/quantum/environment.hpp"
#include "engine/quantum/plan.hpp"
#include "engine/quantum/readout_kernels.hpp"
#include "engine/quantum/sweep_context.hpp"

namespace moonstill::quantum {

template <class T>
using TileContext = SweepContext<T, Plan>;

/// A tile's states, and those that a request does not need absent.
template <class T>
struct TileStates {
  Planes<T> s, sdot, a, adot;
};

template <class T>
class TileSweep {
  static constexpr auto lanes = static_cast<int>(tile_lanes);
  static constexpr auto stride = static_cast<std::size_t>(tile_lanes);
  using Vector = Lanes<T, lanes>;

 public:
  explicit TileSweep(const TileContext<T>& context)
      : c_(context),
        plan_(context.plan),
        tangents_(context.request.tangents),
        gradients_(context.request.gradients()),
        size_(static_cast<std::size_t>(plan_.amplitudes()) * stride),
        numbers_(context.plan.operations().size()) {}

  /// Carries tiles forward and, when gradients are wanted, back. Adds to `partial`.
  void run(std::int64_t begin, std::int64_t end, double* partial) {
    partial_ = partial;
    for (std::int64_t tile = begin; tile < end; ++tile) {
      if (c_.found_states == nullptr)
        run_forward(tile);
      else
        find(tile);
      if (c_.kept_states != nullptr) keep();
      read();
      if (c_.request.values) write_values();
      if (!gradients_) continue;
      seed();
      backward();
    }
  }

  /// The states after the circuit, for a caller that wants no readout.
  TileStates<T> run_forward(std::int64_t tile) {
    begin_tile(tile);
    states();
    prepare_numbers();
    forward();
    return states();
  }

  /// Reads a caller's own states and, when gradients are wanted, seeds their adjoints.
  void observe(const TileStates<T>& states, std::int64_t tile, double* partial) {
    begin_tile(tile);
    partial_ = partial;
    s_ = states.s;
    sdot_ = states.sdot;
    a_ = states.a;
    adot_ = states.adot;
    read();
    if (c_.request.values) write_values();
    if (gradients_) seed();
  }

  /// This sweep's own states, and the way back through the circuit from what they hold.
  TileStates<T> states() {
    if (!memory_) allocate();
    return {s_, sdot_, a_, adot_};
  }
  void retreat(std::int64_t tile, double* partial) {
    begin_tile(tile);
    partial_ = partial;
    backward();
  }

 private:
  // The states after the circuit, from an earlier sweep and for a later one.
  void find(std::int64_t tile) {
    begin_tile(tile);
    states();
    prepare_numbers();
    const T* from = c_.found_states + static_cast<std::size_t>(tile) * 2 * size_;
    std::copy_n(from, size_, s_.re);
    std::copy_n(from + size_, size_, s_.im);
  }

  void keep() const {
    T* to = c_.kept_states + static_cast<std::size_t>(tile_) * 2 * size_;
    std::copy_n(s_.re, size_, to);
    std::copy_n(s_.im, size_, to + size_);
  }

  void begin_tile(std::int64_t tile) {
    poll_interrupt();
    tile_ = tile;
    valid_lanes_ = static_cast<int>(std::min<std::int64_t>(lanes, c_.samples - tile * lanes));
  }

  void allocate() {
    const std::size_t planes = 2 * (tangents_ ? 2 : 1) * (gradients_ ? 2 : 1) + (gradients_ ? 1 : 0);
    // A store delays loads from addresses that are the same but for a multiple of a page: the same row of all
    // planes lies at different places in its page, as far apart as may be.
    constexpr std::size_t page = 4096;
    const std::size_t plane = size_ + page / std::bit_ceil(planes) / sizeof(T);
    memory_ = allocate_memory(planes * plane * sizeof(T));
    T* at = reinterpret_cast<T*>(memory_.get());
    const auto take = [&] { return std::exchange(at, at + plane); };
    const auto take_state = [&] {
      T* re = take();
      return Planes<T>{re, take()};
    };
    s_ = take_state();
    if (tangents_) sdot_ = take_state();
    if (gradients_) a_ = take_state();
    if (tangents_ && gradients_) adot_ = take_state();
    if (gradients_) slopes_ = take();
  }

  const OperationNumbers<T>& numbers(std::size_t o) const {
    return c_.varies[o] ? numbers_[o] : c_.shared_numbers[o];
  }

  void prepare_numbers() {
    if (std::ranges::none_of(c_.varies, [](bool b) { return b; })) return;
    std::vector<AngleSource<T>> sources;
    for (std::size_t i = 0; i < c_.angles.size(); ++i) {
      sources.push_back({c_.angles[i].tile(tile_, lanes), c_.angle_directions[i].tile(tile_, lanes),
                         c_.angles[i].shared ? 1 : lanes});
    }
    const Orders orders = gradients_ || tangents_ ? Orders::derivatives : Orders::value;
    for (std::size_t o = 0; o < numbers_.size(); ++o) {
      if (!c_.varies[o]) continue;
      const TileOperation& operation = plan_.operations()[o];
      if (operation.form == Form::rotations)
        operation.rotations.evaluate<T>(sources, lanes, numbers_[o]);
      else
        evaluate<T>(operation, sources, lanes, orders, numbers_[o]);
    }
  }

  // Real amplitudes into a state. In padding lanes may lie anything: no sum reads them.
  void load(const Source<T>& source, const Planes<T>& state) {
    std::fill_n(state.im, size_, T{0});
    if (source.values == nullptr) {
      std::fill_n(state.re, size_, T{0});
      return;
    }
    const T* from = source.tile(tile_, lanes);
    if (!source.shared) {
      std::copy_n(from, size_, state.re);
    } else {
      for (std::size_t r = 0; r < size_ / stride; ++r) std::fill_n(state.re + r * stride, lanes, from[r]);
    }
  }

  void forward() {
    load(c_.amplitudes, s_);
    if (c_.amplitudes.values == nullptr) std::fill_n(s_.re, lanes, T{1});
    if (tangents_) load(c_.amplitude_direction, sdot_);
    for (std::size_t o = 0; o < numbers_.size(); ++o) {
      if (tangents_ && directed(o)) {
        carry_out(MatrixTask::forward_tangent, o, s_);
      } else {
        carry_out(MatrixTask::apply, o, s_);
        if (tangents_) carry_out(MatrixTask::apply, o, sdot_);
      }
    }
  }

  void backward() {
    const auto& operations = plan_.operations();
    std::size_t stop = 0;  // nothing before this operation is wanted
    while (!c_.request.amplitudes && stop < operations.size() && !wanted(stop)) ++stop;
    for (std::size_t o = operations.size(); o-- > stop;) {
      if (wanted(o) || (tangents_ && directed(o))) {
        carry_out(tangents_ ? MatrixTask::backward_tangent : MatrixTask::backward, o, s_);
        if (operations[o].form == Form::phases)
          add_phase_slopes(o);
        else if (operations[o].form == Form::rotations)
          add_rotation_slopes(o);
        else
          add_angle_gradients(o);
      } else {
        carry_out(MatrixTask::apply_adjoint, o, s_);
        carry_out(MatrixTask::apply_adjoint, o, a_);
        if (!tangents_) continue;
        carry_out(MatrixTask::apply_adjoint, o, sdot_);
        carry_out(MatrixTask::apply_adjoint, o, adot_);
      }
    }
    if (c_.amplitude_gradient.wanted) add_amplitude_gradient();
  }

  // f_k and fdot_k, and the Hermitians' gradients, which need no adjoint state.
  void read() {
    const auto outputs = static_cast<std::size_t>(plan_.outputs());
    values_.assign(outputs * stride, 0.0);
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) read_hermitian(h);
    if (!c_.request.values) return;
    const Planes<T>& other = tangents_ ? sdot_ : s_;
    const double factor = tangents_ ? 2 : 1;
    for (const LoweredWord& word : plan_.words()) {
      std::array<T, stride> sums{};
      WordKernel<T>(word, plan_.places()).read(s_, other, size_ / stride, sums.data());
      for (int lane = 0; lane < lanes; ++lane)
        value(word.output, lane) +=
            factor * word.coefficient * static_cast<double>(sums[static_cast<std::size_t>(lane)]);
    }
    for (const LoweredProbabilities& item : plan_.probabilities()) {
      const std::size_t count = static_cast<std::size_t>(item.groups.dimension()) * stride;
      std::vector<double> sums(count);
      read_probabilities(item.groups, s_, other, sums.data());
      for (std::size_t e = 0; e < count; ++e) {
        values_[static_cast<std::size_t>(item.output) * stride + e] += factor * sums[e];
      }
    }
  }

  void write_values() {
    T* to = c_.values.samples + tile_ * plan_.outputs() * lanes;
    for (std::size_t e = 0; e < values_.size(); ++e) to[e] = static_cast<T>(values_[e]);
  }

  double& value(int output, int lane) { return values_[static_cast<std::size_t>(output * lanes + lane)]; }

  void read_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const bool gradient =
        item.input >= 0 && c_.hermitian_gradients[static_cast<std::size_t>(item.input)].wanted;
    if (!gradient && !c_.request.values) return;
    MatrixStep<T> step{&item.groups};
    step.s = s_;
    step.sdot = sdot_;
    reset_environments(step, item.dimension());
    quantum::run(tangents_ ? MatrixTask::gather_tangent : MatrixTask::gather, Structure::hermitian, step);
    if (c_.request.values) {
      const auto& mdot = c_.hermitian_directions[h];
      double* f = &value(item.output, 0);
      (tangents_ ? environment_tangent_ : environment_).add_real_product(c_.hermitians[h].data(), f);
      if (tangents_ && !mdot.empty()) environment_.add_real_product(mdot.data(), f);
    }
    if (gradient) add_hermitian_gradient(item);
  }

  void add_hermitian_gradient(const LoweredHermitian& item) {
    const std::size_t parts = environment_.parts();
    double* to = partial_ + c_.hermitian_gradients[static_cast<std::size_t>(item.input)].partial +
                 static_cast<std::int64_t>(parts) * item.block;
    for (int lane = 0; lane < valid_lanes_; ++lane) {
      const double c = weight(c_.weights, item.output, lane);
      const double cdot = tangents_ ? weight(c_.weight_direction, item.output, lane) : 0;
      for (std::size_t part = 0; part < parts; ++part) {
        const double sum = tangents_
                               ? c * environment_tangent_.at(part, lane) + cdot * environment_.at(part, lane)
                               : c * environment_.at(part, lane);
        to[part] += part % 2 == 0 ? sum : -sum;
      }
    }
  }

  double weight(const Source<T>& source, int output, int lane) const {
    return source.values == nullptr ? 0.0
                                    : static_cast<double>(source.tile(tile_, lanes)[output * lanes + lane]);
  }

  // a = sum_k c_k O_k s and its tangent.
  void seed() {
    std::fill_n(a_.re, size_, T{0});
    std::fill_n(a_.im, size_, T{0});
    if (tangents_) {
      std::fill_n(adot_.re, size_, T{0});
      std::fill_n(adot_.im, size_, T{0});
    }
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) seed_hermitian(h);
    for (const LoweredWord& word : plan_.words()) {
      seed_word(word, c_.weights, s_, a_);
      if (!tangents_) continue;
      seed_word(word, c_.weights, sdot_, adot_);
      if (c_.weight_direction.values != nullptr) seed_word(word, c_.weight_direction, s_, adot_);
    }
    for (const LoweredProbabilities& item : plan_.probabilities()) {
      const auto weights = [&](const Source<T>& source) {
        return source.tile(tile_, lanes) + item.output * lanes;
      };
      seed_probabilities(item.groups, weights(c_.weights), s_, a_);
      if (!tangents_) continue;
      seed_probabilities(item.groups, weights(c_.weights), sdot_, adot_);
      if (c_.weight_direction.values != nullptr) {
        seed_probabilities(item.groups, weights(c_.weight_direction), s_, adot_);
      }
    }
  }

  // Of an output, in all lanes.
  Vector weights(const Source<T>& source, int output) const {
    return source.values == nullptr ? Vector{}
                                    : load_lanes<T, lanes>(source.tile(tile_, lanes) + output * lanes);
  }

  void seed_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const auto& m = c_.hermitians[h];
    const auto& mdot = c_.hermitian_directions[h];
    std::vector<T> weighted(m.size() * stride);
    std::vector<T> weighted_dot(tangents_ ? weighted.size() : 0);
    const Vector c = weights(c_.weights, item.output);
    const Vector cdot = weights(c_.weight_direction, item.output);
    for (std::size_t e = 0; e < m.size(); ++e) {
      const T number = static_cast<T>(m[e]);
      store_lanes<T, lanes>(weighted.data() + e * stride, c * number);
      if (!tangents_) continue;
      const T change = mdot.empty() ? T{0} : static_cast<T>(mdot[e]);
      store_lanes<T, lanes>(weighted_dot.data() + e * stride, cdot * number + c * change);
    }
    MatrixStep<T> step{&item.groups};
    step.matrix = weighted.data();
    step.tangent = weighted_dot.data();
    step.matrix_lanes = lanes;
    step.s = s_;
    step.sdot = sdot_;
    step.a = a_;
    step.adot = adot_;
    quantum::run(tangents_ ? MatrixTask::accumulate_tangent : MatrixTask::accumulate, Structure::hermitian,
                 step);
  }

  void seed_word(const LoweredWord& word, const Source<T>& source, const Planes<T>& from,
                 const Planes<T>& to) {
    std::array<T, stride> weights;
    for (int lane = 0; lane < lanes; ++lane)
      weights[static_cast<std::size_t>(lane)] =
          static_cast<T>(word.coefficient * weight(source, word.output, lane));
    WordKernel<T>(word, plan_.places()).seed(weights.data(), from, to, size_ / stride);
  }

  [[nodiscard]] Structure structure(std::size_t o) const {
    const TileOperation& operation = plan_.operations()[o];
    if (operation.form == Form::diagonal) return Structure::diagonal;
    return operation.real ? Structure::real : Structure::dense;
  }

  [[nodiscard]] bool wanted(std::size_t o) const {
    return std::ranges::any_of(plan_.operations()[o].parameters, [&](const Parameter& parameter) {
      return c_.angle_gradients[static_cast<std::size_t>(parameter.input)].wanted;
    });
  }

  [[nodiscard]] bool directed(std::size_t o) const {
    return std::ranges::any_of(plan_.operations()[o].parameters, [&](const Parameter& parameter) {
      return c_.angle_directions[static_cast<std::size_t>(parameter.input)].values != nullptr;
    });
  }

  // One operation's task, on `state` (of the tasks for several states the first one) and what belongs to it.
  void carry_out(MatrixTask task, std::size_t o, const Planes<T>& state) {
    const TileOperation& operation = plan_.operations()[o];
    const OperationNumbers<T>& n = numbers(o);
    if (operation.form == Form::phases) {
      quantum::run(task, PhaseStep<T>{operation.phases.rows(), n.matrix.data(), n.tangent.data(), state,
                                      sdot_, a_, adot_, slopes_});
      return;
    }
    if (operation.form == Form::rotations) {
      quantum::run(task, RotationStep<T>{&operation.groups, n.matrix.data(), n.tangent.data(), n.lanes, state,
                                         sdot_, a_, adot_, slopes_});
      return;
    }
    MatrixStep<T> step{
        &operation.groups, n.matrix.data(), n.tangent.data(), n.lanes, state, sdot_, a_, adot_};
    if (task == MatrixTask::backward || task == MatrixTask::backward_tangent)
      reset_environments(step, operation.dimension());
    quantum::run(task, structure(o), step);
  }

  void reset_environments(MatrixStep<T>& step, int dimension) {
    environment_.reset(dimension);
    step.environment = environment_.data();
    if (!tangents_) return;
    environment_tangent_.reset(dimension);
    step.environment_tangent = environment_tangent_.data();
  }

  void add_phase_slopes(std::size_t o) {
    double* to = partial_ + c_.phase_slopes[o];
    for (std::size_t r = 0; r < size_ / stride; ++r)
      to[r] += static_cast<double>(tree_sum(slopes_ + r * stride, valid_lanes_));
  }

  void add_rotation_slopes(std::size_t o) {
    const bool shared = numbers(o).lanes == 1;
    plan_.operations()[o].rotations.each_parameter(
        [&](const Parameter& parameter, std::size_t position, double scale) {
          const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(parameter.input)];
          if (!to.wanted) return;
          const T* slopes = slopes_ + position * stride;
          if (shared) {
            add_angle_gradient(to, parameter.slot, 0, scale * tree_sum(slopes, valid_lanes_));
            return;
          }
          for (int lane = 0; lane < valid_lanes_; ++lane)
            add_angle_gradient(to, parameter.slot, lane, scale * slopes[lane]);
        });
  }

  // g_m = 2 Re sum D_m E; with a tangent 2 Re sum (D_m Edot + sum_j dtheta_j D_mj E). Shared angles need the
  // sum over samples only.
  void add_angle_gradients(std::size_t o) {
    const OperationNumbers<T>& n = numbers(o);
    const bool shared = n.lanes == 1;
    if (shared) {
      environment_.sum_samples(valid_lanes_, sums_);
      if (tangents_) environment_tangent_.sum_samples(valid_lanes_, tangent_sums_);
    }
    const auto& parameters = plan_.operations()[o].parameters;
    for (std::size_t m = 0; m < parameters.size(); ++m) {
      const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(parameters[m].input)];
      if (!to.wanted) continue;
      const double* slope = n.derivatives.data() + m * n.matrix.size();
      const double* slope_dot = n.derivative_tangents.data() + m * n.matrix.size();
      if (shared) {
        double g = real_product(slope, tangents_ ? tangent_sums_ : sums_);
        if (tangents_) g += real_product(slope_dot, sums_);
        add_angle_gradient(to, parameters[m].slot, 0, 2 * g);
        continue;
      }
      for (int lane = 0; lane < valid_lanes_; ++lane) {
        double g = (tangents_ ? environment_tangent_ : environment_).real_product(slope, lane);
        if (tangents_) g += environment_.real_product(slope_dot, lane);
        add_angle_gradient(to, parameters[m].slot, lane, 2 * g);
      }
    }
  }

  void add_angle_gradient(const Destination<T>& to, std::int64_t slot, int lane, double g) {
    if (to.partial >= 0)
      partial_[to.partial + slot] += g;
    else
      to.samples[(tile_ * to.count() + slot) * lanes + lane] += static_cast<T>(g);
  }

  void add_amplitude_gradient() {
    const T* from = tangents_ ? adot_.re : a_.re;
    const Destination<T>& to = c_.amplitude_gradient;
    if (to.partial < 0) {
      T* at = to.samples + static_cast<std::size_t>(tile_) * size_;
      for (std::size_t e = 0; e < size_; ++e) at[e] = 2 * from[e];
      return;
    }
    for (std::int64_t r = 0; r < plan_.amplitudes(); ++r) {
      for (int lane = 0; lane < valid_lanes_; ++lane) {
        partial_[to.partial + r] += 2 * static_cast<double>(from[r * lanes + lane]);
      }
    }
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  bool gradients_;
  std::size_t size_;  // numbers of one plane
  std::int64_t tile_ = 0;
  int valid_lanes_ = 1;
  double* partial_ = nullptr;
  std::shared_ptr<std::byte> memory_;
  Planes<T> s_, sdot_, a_, adot_;
  std::vector<OperationNumbers<T>> numbers_;
  std::vector<double> values_;  // [outputs][lanes]
  Environment<T> environment_, environment_tangent_;
  std::vector<double> sums_, tangent_sums_;  // of environments, over the samples
  T* slopes_ = nullptr;                      // of the phase of each row, or of rotations, and of each sample
};

}  // namespace moonstill::quantum
