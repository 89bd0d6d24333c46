// One tile (16 samples, or one sample) through the whole circuit and back.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/core/interrupt.hpp"
#include "engine/core/memory.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/environment.hpp"
#include "engine/quantum/plan.hpp"
#include "engine/quantum/readout_kernels.hpp"
#include "engine/quantum/sweep_context.hpp"

namespace moonstill::quantum {

template <class T>
using TileContext = SweepContext<T, Plan>;

template <class T>
class TileSweep {
 public:
  explicit TileSweep(const TileContext<T>& context)
      : c_(context),
        plan_(context.plan),
        lanes_(context.plan.sample_lanes()),
        tangents_(context.request.tangents),
        gradients_(context.request.gradients()),
        size_(static_cast<std::size_t>(plan_.amplitudes()) * static_cast<std::size_t>(lanes_)),
        numbers_(context.plan.operations().size()) {}

  /// Carries tile `tile` forward and, when gradients are wanted, back. Adds to `partial`.
  void run(std::int64_t tile, double* partial) {
    partial_ = partial;
    run_forward(tile);
    read();
    if (c_.request.values) write_values();
    if (!gradients_) return;
    seed();
    backward();
  }

  /// The state after the circuit, for a caller that wants no readout.
  const Planes<T>& run_forward(std::int64_t tile) {
    poll_interrupt();
    if (!memory_) allocate();
    tile_ = tile;
    valid_lanes_ = static_cast<int>(std::min<std::int64_t>(lanes_, c_.samples - tile * lanes_));
    prepare_numbers();
    forward();
    return s_;
  }

 private:
  void allocate() {
    // A line more than the size keeps planes out of one another's cache sets.
    const std::size_t stride = size_ + memory_alignment / sizeof(T);
    const std::size_t states = (tangents_ ? 2 : 1) * (gradients_ ? 2 : 1);
    memory_ = allocate_memory(states * 2 * stride * sizeof(T));
    T* at = reinterpret_cast<T*>(memory_.get());
    const auto take = [&] {
      const Planes<T> planes{at, at + stride};
      at += 2 * stride;
      return planes;
    };
    s_ = take();
    if (tangents_) sdot_ = take();
    if (gradients_) a_ = take();
    if (tangents_ && gradients_) adot_ = take();
  }

  const OperationNumbers<T>& numbers(std::size_t o) const {
    return c_.varies[o] ? numbers_[o] : c_.shared_numbers[o];
  }

  void prepare_numbers() {
    if (std::ranges::none_of(c_.varies, [](bool b) { return b; })) return;
    std::vector<AngleSource<T>> sources;
    for (std::size_t i = 0; i < c_.angles.size(); ++i) {
      sources.push_back({c_.angles[i].tile(tile_, lanes_), c_.angle_directions[i].tile(tile_, lanes_),
                         c_.angles[i].shared ? 1 : lanes_});
    }
    const Orders orders = gradients_ || tangents_ ? Orders::derivatives : Orders::value;
    for (std::size_t o = 0; o < numbers_.size(); ++o) {
      if (c_.varies[o]) evaluate(plan_.operations()[o], sources, lanes_, orders, numbers_[o]);
    }
  }

  // Real amplitudes into a state. Padding lanes are set to zero: what lies there may be anything.
  void load(const Source<T>& source, const Planes<T>& state) {
    std::fill_n(state.im, size_, T{0});
    if (source.values == nullptr) {
      std::fill_n(state.re, size_, T{0});
      return;
    }
    const T* from = source.tile(tile_, lanes_);
    if (lanes_ == 1 || !source.shared) {
      std::copy_n(from, size_, state.re);
    } else {
      for (std::size_t r = 0; r < size_ / static_cast<std::size_t>(lanes_); ++r) {
        std::fill_n(state.re + r * static_cast<std::size_t>(lanes_), lanes_, from[r]);
      }
    }
  }

  void forward() {
    load(c_.amplitudes, s_);
    if (c_.amplitudes.values == nullptr) std::fill_n(s_.re, lanes_, T{1});
    if (tangents_) load(c_.amplitude_direction, sdot_);
    for (std::size_t o = 0; o < numbers_.size(); ++o) {
      if (tangents_ && directed(o)) {
        if (is_phases(o)) {
          turn(MatrixTask::forward_tangent, o, s_);
          continue;
        }
        MatrixStep<T> step = step_of(o);
        step.s = s_;
        step.sdot = sdot_;
        carry_out(MatrixTask::forward_tangent, structure(o), step);
      } else {
        apply(o, s_, false);
        if (tangents_) apply(o, sdot_, false);
      }
    }
  }

  void backward() {
    const auto& operations = plan_.operations();
    std::size_t stop = 0;  // nothing before this operation is wanted
    while (!c_.request.amplitudes && stop < operations.size() && !wanted(stop)) ++stop;
    for (std::size_t o = operations.size(); o-- > stop;) {
      if (wanted(o) || (tangents_ && directed(o))) {
        if (is_phases(o)) {
          turn_back(o);
          continue;
        }
        MatrixStep<T> step = step_of(o);
        step.s = s_;
        step.sdot = sdot_;
        step.a = a_;
        step.adot = adot_;
        carry_out(tangents_ ? MatrixTask::backward_tangent : MatrixTask::backward, structure(o), step, true);
        add_angle_gradients(o);
      } else {
        apply(o, s_, true);
        apply(o, a_, true);
        if (!tangents_) continue;
        apply(o, sdot_, true);
        apply(o, adot_, true);
      }
    }
    if (c_.amplitude_gradient.wanted) add_amplitude_gradient();
  }

  // f_k and fdot_k, and the Hermitians' gradients, which need no adjoint state.
  void read() {
    const auto outputs = static_cast<std::size_t>(plan_.outputs());
    values_.assign(outputs * static_cast<std::size_t>(lanes_), 0.0);
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) read_hermitian(h);
    if (!c_.request.values) return;
    const Planes<T>& other = tangents_ ? sdot_ : s_;
    const double factor = tangents_ ? 2 : 1;
    for (const LoweredWord& word : plan_.words()) {
      sum_word(word, s_, other);
      for (int lane = 0; lane < lanes_; ++lane)
        value(word.output, lane) += factor * word.coefficient * sums_[lane];
    }
    for (const LoweredProbabilities& item : plan_.probabilities()) {
      const std::size_t count =
          static_cast<std::size_t>(item.groups.dimension()) * static_cast<std::size_t>(lanes_);
      std::vector<double> sums(count);
      read_probabilities(item.groups, lanes_, s_, other, sums.data());
      for (std::size_t e = 0; e < count; ++e) {
        values_[static_cast<std::size_t>(item.output) * static_cast<std::size_t>(lanes_) + e] +=
            factor * sums[e];
      }
    }
  }

  void write_values() {
    T* to = c_.values.samples + tile_ * plan_.outputs() * lanes_;
    for (std::size_t e = 0; e < values_.size(); ++e) to[e] = static_cast<T>(values_[e]);
  }

  double& value(int output, int lane) { return values_[static_cast<std::size_t>(output * lanes_ + lane)]; }

  void read_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const bool gradient =
        item.input >= 0 && c_.hermitian_gradients[static_cast<std::size_t>(item.input)].wanted;
    if (!gradient && !c_.request.values) return;
    MatrixStep<T> step(item.reach);
    step.s = s_;
    step.sdot = sdot_;
    carry_out(tangents_ ? MatrixTask::gather_tangent : MatrixTask::gather, Structure::dense, step, true);
    const std::vector<double>& m = c_.hermitians[h];
    const std::vector<double>& mdot = c_.hermitian_directions[h];
    for (int lane = 0; lane < lanes_ && c_.request.values; ++lane) {
      double f = (tangents_ ? environment_tangent_ : environment_).real_product(m.data(), 1, lane);
      if (tangents_ && !mdot.empty()) f += environment_.real_product(mdot.data(), 1, lane);
      value(item.output, lane) += f;
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
                                    : static_cast<double>(source.tile(tile_, lanes_)[output * lanes_ + lane]);
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
        return source.tile(tile_, lanes_) + item.output * lanes_;
      };
      seed_probabilities(item.groups, lanes_, weights(c_.weights), s_, a_);
      if (!tangents_) continue;
      seed_probabilities(item.groups, lanes_, weights(c_.weights), sdot_, adot_);
      if (c_.weight_direction.values != nullptr) {
        seed_probabilities(item.groups, lanes_, weights(c_.weight_direction), s_, adot_);
      }
    }
  }

  void seed_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const std::vector<double>& m = c_.hermitians[h];
    const std::vector<double>& mdot = c_.hermitian_directions[h];
    const auto stride = static_cast<std::size_t>(lanes_);
    std::vector<T> weighted(m.size() * stride);
    std::vector<T> weighted_dot(tangents_ ? weighted.size() : 0);
    for (int lane = 0; lane < lanes_; ++lane) {
      const double c = weight(c_.weights, item.output, lane);
      const double cdot = tangents_ ? weight(c_.weight_direction, item.output, lane) : 0;
      for (std::size_t e = 0; e < m.size(); ++e) {
        weighted[e * stride + static_cast<std::size_t>(lane)] = static_cast<T>(c * m[e]);
        if (!tangents_) continue;
        weighted_dot[e * stride + static_cast<std::size_t>(lane)] =
            static_cast<T>(cdot * m[e] + (mdot.empty() ? 0 : c * mdot[e]));
      }
    }
    MatrixStep<T> step(item.reach);
    step.matrix = weighted.data();
    step.tangent = weighted_dot.data();
    step.matrix_lanes = lanes_;
    step.s = s_;
    step.sdot = sdot_;
    step.a = a_;
    step.adot = adot_;
    carry_out(tangents_ ? MatrixTask::accumulate_tangent : MatrixTask::accumulate, Structure::dense, step);
  }

  void seed_word(const LoweredWord& word, const Source<T>& source, const Planes<T>& from,
                 const Planes<T>& to) {
    std::vector<T> weights(static_cast<std::size_t>(word.lanes));
    for (int lane = 0; lane < word.lanes; ++lane) {
      weights[static_cast<std::size_t>(lane)] =
          static_cast<T>(word.coefficient * weight(source, word.output, lanes_ == 1 ? 0 : lane));
    }
    with_word(word, [&](const auto& kernel) {
      const std::size_t rows = size_ / static_cast<std::size_t>(word.lanes);
      parallel_for(rows, parallel_rows, [&](std::size_t begin, std::size_t end) {
        kernel.seed(weights.data(), from, to, begin, end);
      });
    });
  }

  // sums_[lane] = Re <x|P|y>.
  void sum_word(const LoweredWord& word, const Planes<T>& x, const Planes<T>& y) {
    const std::size_t rows = size_ / static_cast<std::size_t>(word.lanes);
    const std::size_t blocks = (rows + block_size - 1) / block_size;
    const auto stride = static_cast<std::size_t>(word.lanes);
    std::vector<T> parts(blocks * stride);
    with_word(word, [&](const auto& kernel) {
      parallel_for(blocks, parallel_blocks, [&](std::size_t begin, std::size_t end) {
        for (std::size_t b = begin; b < end; ++b) {
          kernel.read(x, y, b * block_size, std::min(rows, (b + 1) * block_size), parts.data() + b * stride);
        }
      });
    });
    sums_.assign(static_cast<std::size_t>(lanes_), 0.0);
    for (std::size_t e = 0; e < parts.size(); ++e)
      sums_[lanes_ == 1 ? 0 : e % stride] += static_cast<double>(parts[e]);
  }

  template <class Function>
  void with_word(const LoweredWord& word, Function&& function) const {
    if (word.lanes == 1)
      function(WordKernel<T, 1>(word, plan_.places(), 1));
    else
      function(WordKernel<T, vector_lanes<T>>(word, plan_.places(), word.lanes));
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

  MatrixStep<T> step_of(std::size_t o) const {
    const TileOperation& operation = plan_.operations()[o];
    MatrixStep<T> step(operation.reach);
    step.matrix = numbers(o).matrix.data();
    step.tangent = numbers(o).tangent.data();
    step.matrix_lanes = numbers(o).lanes;
    return step;
  }

  [[nodiscard]] bool is_phases(std::size_t o) const { return plan_.operations()[o].form == Form::phases; }

  // Phases' tasks, on `state` and on what belongs to it.
  void turn(MatrixTask task, std::size_t o, const Planes<T>& state) {
    const OperationNumbers<T>& n = numbers(o);
    quantum::run(task, PhaseStep<T>{plan_.operations()[o].phases.rows(), lanes_, n.matrix.data(),
                                    n.tangent.data(), state, sdot_, a_, adot_, slopes_.data()});
  }

  void turn_back(std::size_t o) {
    slopes_.resize(size_);
    turn(tangents_ ? MatrixTask::backward_tangent : MatrixTask::backward, o, s_);
    double* to = partial_ + c_.phase_slopes[o];
    const auto lanes = static_cast<std::size_t>(lanes_);
    for (std::size_t r = 0; r * lanes < size_; ++r)
      to[r] += tree_sum(slopes_.data() + r * lanes, valid_lanes_);
  }

  void apply(std::size_t o, const Planes<T>& state, bool adjoint) {
    if (is_phases(o)) return turn(adjoint ? MatrixTask::apply_adjoint : MatrixTask::apply, o, state);
    MatrixStep<T> step = step_of(o);
    step.s = state;
    const bool permutation = plan_.operations()[o].form == Form::permutation;
    const MatrixTask forward = permutation ? MatrixTask::permute : MatrixTask::apply;
    const MatrixTask back = permutation ? MatrixTask::permute_back : MatrixTask::apply_adjoint;
    carry_out(adjoint ? back : forward, structure(o), step);
  }

  // Runs a task over blocks of groups; environments are summed over blocks in their order.
  void carry_out(MatrixTask task, Structure structure, MatrixStep<T> step, bool environment = false) {
    const std::size_t count = step.groups->count();
    const std::size_t blocks = (count + block_size - 1) / block_size;
    const auto dimension = static_cast<std::size_t>(step.groups->dimension());
    const std::size_t numbers =
        environment ? dimension * dimension * 2 * static_cast<std::size_t>(step.pitch) : 0;
    parts_.assign(blocks * numbers * (tangents_ ? 2 : 1), T{0});
    parallel_for(blocks, parallel_blocks, [&](std::size_t begin, std::size_t end) {
      MatrixStep<T> part = step;
      for (std::size_t b = begin; b < end; ++b) {
        part.begin = b * block_size;
        part.end = std::min(count, (b + 1) * block_size);
        part.environment = parts_.data() + b * numbers;
        part.environment_tangent = tangents_ ? parts_.data() + (blocks + b) * numbers : nullptr;
        quantum::run(task, structure, part);
      }
    });
    if (!environment) return;
    environment_.take(parts_.data(), blocks, numbers, step.pitch, lanes_);
    if (!tangents_) return;
    environment_tangent_.take(parts_.data() + blocks * numbers, blocks, numbers, step.pitch, lanes_);
  }

  // g_m = 2 Re sum D_m E; with a tangent 2 Re sum (D_m Edot + sum_j dtheta_j D_mj E). Shared angles need the
  // sum over samples only.
  void add_angle_gradients(std::size_t o) {
    const OperationNumbers<T>& n = numbers(o);
    if (n.lanes == 1) {
      environment_.sum_lanes(valid_lanes_);
      if (tangents_) environment_tangent_.sum_lanes(valid_lanes_);
    }
    const int lanes = n.lanes == 1 ? 1 : valid_lanes_;
    const auto& parameters = plan_.operations()[o].parameters;
    for (std::size_t m = 0; m < parameters.size(); ++m) {
      const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(parameters[m].input)];
      if (!to.wanted) continue;
      const double* slope = n.derivatives.data() + m * n.matrix.size();
      const double* slope_dot = n.derivative_tangents.data() + m * n.matrix.size();
      for (int lane = 0; lane < lanes; ++lane) {
        double g = (tangents_ ? environment_tangent_ : environment_).real_product(slope, n.lanes, lane);
        if (tangents_) g += environment_.real_product(slope_dot, n.lanes, lane);
        if (to.partial >= 0)
          partial_[to.partial + parameters[m].slot] += 2 * g;
        else
          to.samples[(tile_ * to.count() + parameters[m].slot) * lanes_ + lane] += static_cast<T>(2 * g);
      }
    }
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
        partial_[to.partial + r] += 2 * static_cast<double>(from[r * lanes_ + lane]);
      }
    }
  }

  // Groups or rows that one thread takes at once, and what is worth a thread of its own.
  static constexpr std::size_t block_size = 1 << 12;
  static constexpr std::size_t parallel_blocks = 2;
  static constexpr std::size_t parallel_rows = 1 << 14;

  const TileContext<T>& c_;
  const Plan& plan_;
  int lanes_;
  bool tangents_;
  bool gradients_;
  std::size_t size_;  // numbers of one plane
  std::int64_t tile_ = 0;
  int valid_lanes_ = 1;
  double* partial_ = nullptr;
  std::shared_ptr<std::byte> memory_;
  Planes<T> s_, sdot_, a_, adot_;
  std::vector<OperationNumbers<T>> numbers_;
  std::vector<double> values_, sums_;
  Environment environment_, environment_tangent_;
  std::vector<T> parts_;
  std::vector<T> slopes_;  // of the phase of each row and sample
};

}  // namespace moonstill::quantum
