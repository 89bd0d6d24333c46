// One sample of a small state through the whole circuit and back, where a tile has a few samples only. The
// state lies in the order of its rows, where CNOT, SWAP and X are relabelling, and stays in the first-level
// cache.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "engine/core/interrupt.hpp"
#include "engine/quantum/angle_gradients.hpp"
#include "engine/quantum/embedding.hpp"
#include "engine/quantum/qubit_kernel.hpp"
#include "engine/quantum/row_phases.hpp"
#include "engine/quantum/tile_readout.hpp"

namespace moonstill::quantum {

template <class T>
class SampleSweep {
  static constexpr auto pitch = static_cast<std::size_t>(tile_lanes);
  using Density = std::array<double, local_parts>;
  using Kernel = QubitKernel<T>;

 public:
  /// Whether it carries out what the context asks for.
  [[nodiscard]] static bool takes(const TileContext<T>& context) {
    return context.plan.takes_single_samples() && context.only_amplitudes_vary();
  }

  explicit SampleSweep(const TileContext<T>& context)
      : c_(context),
        plan_(context.plan),
        tangents_(context.request.tangents),
        gradients_(context.request.gradients()),
        rows_(static_cast<std::size_t>(plan_.amplitudes())),
        angles_(context) {}

  /// Carries samples of a tile, from lane `begin` to `end`, forward and, when gradients are wanted, back.
  /// Adds to `partial`; what is a sample's own goes to its lane, that of the batch's last sample to all lanes
  /// from there on.
  void run(std::int64_t tile, std::int64_t begin, std::int64_t end, double* partial) {
    partial_ = partial;
    tile_ = static_cast<std::size_t>(tile);
    angles_.start(tile, partial);
    for (std::int64_t lane = begin; lane < end; ++lane) {
      poll_interrupt();
      lane_ = static_cast<std::size_t>(lane);
      lanes_ = tile * tile_lanes + lane + 1 == c_.samples ? pitch - lane_ : 1;
      carry();
    }
  }

 private:
  using Name = StateName;

  void carry() {
    if (c_.found_states == nullptr)
      forward();
    else
      find();
    if (c_.kept_states != nullptr) keep();
    read();
    if (!gradients_) return;
    seed();
    walk_back(c_, carrier(), [&](std::size_t o) {
      angles_.add_rotations(o, c_.shared_numbers[o], slopes_.data(), vector_lanes<T>);
    });
    if (c_.amplitude_gradient.wanted) put_amplitude_gradient();
  }

  // Planes of all states lie at different places in their pages: a store delays loads from addresses that are
  // the same but for a multiple of a page.
  static constexpr std::size_t gap = 512 / sizeof(T);

  [[nodiscard]] Planes<T> state(Name name) {
    T* const at = numbers_.data() + 2 * static_cast<std::size_t>(name) * (rows_ + gap);
    return {at, at + rows_ + gap};
  }

  // The sample's lane of a tile [rows][tile_lanes].
  void get(const T* tile, T* to) const {
    for (std::size_t r = 0; r < rows_; ++r) to[r] = tile[r * pitch + lane_];
  }

  void put(const T* from, T factor, T* tile) const {
    for (std::size_t r = 0; r < rows_; ++r) put_in_row(factor * from[r], tile + r * pitch);
  }
  void put_in_row(T number, T* row) const {
    if (lanes_ == 1)
      row[lane_] = number;
    else
      std::fill_n(row + lane_, lanes_, number);
  }

  void load(const Source<T>& source, const Planes<T>& to) const {
    std::fill_n(to.im, rows_, T{0});
    if (source.values == nullptr)
      std::fill_n(to.re, rows_, T{0});
    else if (source.shared)
      std::copy_n(source.values, rows_, to.re);
    else if (source.row_major)
      std::copy_n(source.values + (tile_ * pitch + lane_) * rows_, rows_, to.re);
    else
      get(source.values + tile_ * rows_ * pitch, to.re);
  }

  void embed() {
    T* const re = state(Name::s).re;
    T* const along = state(Name::sdot).re;
    const auto rows = static_cast<std::int64_t>(rows_);
    embedding_.embed(re, re, rows, 1, c_.request);
    if (tangents_) embedding_.embed_direction(re, along, along, rows);
  }

  // Kept states of samples that go singly lie one after the other in the tile's numbers.
  [[nodiscard]] std::size_t kept_place() const { return (tile_ * pitch + lane_) * (2 * rows_ + 1); }

  void find() {
    const T* from = c_.found_states + kept_place();
    std::copy_n(from, rows_, state(Name::s).re);
    std::copy_n(from + rows_, rows_, state(Name::s).im);
    embedding_.norms()[0] = from[2 * rows_];
  }

  void keep() {
    T* to = c_.kept_states + kept_place();
    std::copy_n(state(Name::s).re, rows_, to);
    std::copy_n(state(Name::s).im, rows_, to + rows_);
    to[2 * rows_] = embedding_.norms()[0];
  }

  void forward() {
    load(c_.amplitudes, state(Name::s));
    if (tangents_) load(c_.amplitude_direction, state(Name::sdot));
    if (c_.request.embed) embed();
    walk_forward(c_, carrier());
  }

  // The states are back at the amplitudes.
  void put_amplitude_gradient() {
    T* const to = c_.amplitude_gradient.samples + tile_ * rows_ * pitch;
    T* const last = state(tangents_ ? Name::adot : Name::a).re;
    if (!c_.request.embed) return put(last, 2, to);
    const auto rows = static_cast<std::int64_t>(rows_);
    if (tangents_)
      embedding_.pull_back_tangent({state(Name::s), state(Name::sdot), state(Name::a), state(Name::adot)},
                                   last, rows);
    else
      embedding_.pull_back(state(Name::s), state(Name::a), last, rows);
    put(last, 1, to);
  }

  auto carrier() {
    return [this](MatrixTask task, std::size_t o, Name name) {
      if (plan_.operations()[o].form == Form::phases)
        turn_phases(task, o, name);
      else
        rotate(task, o, name);
    };
  }

  void rotate(MatrixTask task, std::size_t o, Name name) {
    const OperationNumbers<T>& n = c_.shared_numbers[o];
    const std::span<const QubitRows> qubits = plan_.operations()[o].qubit_rows;
    for (std::size_t q = 0; q < qubits.size(); ++q) {
      const Kernel kernel(qubits[q], rows_);
      typename Kernel::Turn turn{n.matrix[2 * q], n.matrix[2 * q + 1], n.tangent[q]};
      const auto slope = [&](const auto& lanes) {
        store_lanes<T, vector_lanes<T>>(slopes_.data() + q * pitch, lanes);
      };
      switch (task) {
        case MatrixTask::forward_tangent:
          kernel.forward_tangent(state(Name::s), state(Name::sdot), turn);
          break;
        case MatrixTask::backward:
          slope(kernel.backward(state(Name::s), state(Name::a), turn));
          break;
        case MatrixTask::backward_tangent:
          slope(kernel.backward_tangent(state(Name::s), state(Name::sdot), state(Name::a), state(Name::adot),
                                        turn));
          break;
        default:
          if (task == MatrixTask::apply_adjoint) turn.sine = -turn.sine;
          kernel.apply(state(name), turn);
      }
    }
  }

  void turn_phases(MatrixTask task, std::size_t o, Name name) {
    const OperationNumbers<T>& n = c_.shared_numbers[o];
    const RowPhases<T> phases(n.matrix.data(), n.tangent.data(), rows_);
    switch (task) {
      case MatrixTask::forward_tangent:
        phases.turn(state(Name::s), 1);
        phases.turn(state(Name::sdot), 1);
        return phases.add_rates(state(Name::sdot), state(Name::s), 1);
      case MatrixTask::backward:
      case MatrixTask::backward_tangent:
        return undo(phases, partial_ + c_.phase_slopes[o]);
      default:
        return phases.turn(state(name), task == MatrixTask::apply ? 1 : -1);
    }
  }

  void undo(const RowPhases<T>& phases, double* slopes) {
    const Planes<T> s = state(Name::s);
    const Planes<T> a = state(Name::a);
    if (tangents_) {
      const Planes<T> sdot = state(Name::sdot);
      const Planes<T> adot = state(Name::adot);
      phases.add_slopes(adot, s, slopes);
      phases.add_slopes(a, sdot, slopes);
      phases.add_rates(sdot, s, -1);
      phases.add_rates(adot, a, -1);
      phases.turn(sdot, -1);
      phases.turn(adot, -1);
    } else {
      phases.add_slopes(a, s, slopes);
    }
    phases.turn(s, -1);
    phases.turn(a, -1);
  }

  void read() {
    values_.assign(static_cast<std::size_t>(plan_.outputs()), 0.0);
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) {
      if (c_.request.values || has_gradient(c_, plan_.hermitians()[h])) read_hermitian(h);
    }
    if (!c_.request.values) return;
    T* to = c_.values.samples + tile_ * values_.size() * pitch;
    for (std::size_t k = 0; k < values_.size(); ++k) put_in_row(static_cast<T>(values_[k]), to + k * pitch);
  }

  void read_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const Kernel kernel(item.qubit_rows, rows_);
    const Density e = density(kernel.read(state(Name::s)));
    const Density edot =
        tangents_ ? density(kernel.read_tangent(state(Name::s), state(Name::sdot))) : Density{};
    double& value = values_[static_cast<std::size_t>(item.output)];
    value += local_product(local_matrix(c_.hermitians[h]), tangents_ ? edot : e);
    if (tangents_) value += local_product(local_matrix(c_.hermitian_directions[h]), e);
    if (!has_gradient(c_, item)) return;
    const double c = weight(c_.weights, item.output);
    const double cdot = weight(c_.weight_direction, item.output);
    Density sums;
    for (std::size_t p = 0; p < local_parts; ++p) sums[p] = tangents_ ? c * edot[p] + cdot * e[p] : c * e[p];
    add_local_gradient(sums, gradient_of(c_, item, partial_));
  }

  [[nodiscard]] static Density density(const typename Kernel::Parts& parts) {
    Density out;
    std::ranges::copy(parts, out.begin());
    return out;
  }

  [[nodiscard]] double weight(const Source<T>& source, int output) const {
    if (source.values == nullptr) return 0;
    const T* const of_tile = source.tile(static_cast<std::int64_t>(tile_), static_cast<int>(tile_lanes));
    return static_cast<double>(of_tile[static_cast<std::size_t>(output) * pitch + lane_]);
  }

  // a = sum_k c_k O_k s, and its change.
  void seed() {
    for (const Name name : {Name::a, Name::adot}) {
      if (!plan_.hermitians().empty() || (name == Name::adot && !tangents_)) continue;
      std::fill_n(state(name).re, rows_, T{0});
      std::fill_n(state(name).im, rows_, T{0});
    }
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) seed_hermitian(h);
  }

  void seed_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const Kernel kernel(item.qubit_rows, rows_);
    const Density m = local_matrix(c_.hermitians[h]);
    const Density mdot = local_matrix(c_.hermitian_directions[h]);
    const double c = weight(c_.weights, item.output);
    const double cdot = weight(c_.weight_direction, item.output);
    typename Kernel::Parts matrix;
    typename Kernel::Parts rate;
    for (std::size_t p = 0; p < local_parts; ++p) {
      matrix[p] = static_cast<T>(c * m[p]);
      rate[p] = static_cast<T>(cdot * m[p] + c * mdot[p]);
    }
    kernel.seed(matrix, state(Name::s), state(Name::a), h == 0);
    if (!tangents_) return;
    kernel.seed(matrix, state(Name::sdot), state(Name::adot), h == 0);
    kernel.seed(rate, state(Name::s), state(Name::adot), false);
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  bool gradients_;
  std::size_t rows_;
  std::size_t tile_ = 0, lane_ = 0;
  std::size_t lanes_ = 1;  // that take what is the sample's own
  double* partial_ = nullptr;
  Embedding<T, 1> embedding_;
  alignas(64) std::array<T, 2 * state_names*(most_single_amplitudes + gap)> numbers_;
  AngleGradients<T> angles_;
  std::array<T, most_joint_qubits * pitch> slopes_{};  // of rotations: [qubit][lanes]
  std::vector<double> values_;
};

}  // namespace moonstill::quantum
