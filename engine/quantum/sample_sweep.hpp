// One sample of a small state through the whole circuit and back: what is left over of a batch behind its
// full tiles. Every operation finds its groups side by side where a tile has samples, and runs the tile's
// kernels.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

#include "engine/core/interrupt.hpp"
#include "engine/quantum/angle_gradients.hpp"
#include "engine/quantum/tile_readout.hpp"

namespace moonstill::quantum {

template <class T>
class SampleSweep {
  static constexpr auto pitch = static_cast<std::size_t>(tile_lanes);
  static constexpr auto most_rows = static_cast<std::size_t>(most_single_amplitudes);
  using LocalNumbers = std::array<T, most_joint_qubits * local_parts * pitch>;  // [qubit][part][lanes]
  using Density = std::array<double, local_parts>;

 public:
  /// Whether it carries out what the context asks for.
  [[nodiscard]] static bool takes(const TileContext<T>& context) {
    return context.plan.takes_single_samples() &&
           std::ranges::none_of(context.varies, [](bool varies) { return varies; });
  }

  explicit SampleSweep(const TileContext<T>& context)
      : c_(context),
        plan_(context.plan),
        tangents_(context.request.tangents),
        gradients_(context.request.gradients()),
        rows_(static_cast<std::size_t>(plan_.amplitudes())),
        angles_(context) {}

  /// Carries the first `samples` of a tile forward and, when gradients are wanted, back. Adds to `partial`.
  void run(std::int64_t tile, int samples, double* partial) {
    partial_ = partial;
    tile_ = tile;
    angles_.start(tile, partial);
    clear_padding();
    for (int lane = 0; lane < samples; ++lane) {
      poll_interrupt();
      lane_ = static_cast<std::size_t>(lane);
      if (c_.found_states == nullptr)
        forward();
      else
        find();
      if (c_.kept_states != nullptr) keep();
      read();
      if (!gradients_) continue;
      seed();
      backward();
    }
  }

 private:
  enum Name : std::size_t { s, sdot, a, adot, names };
  using Names = std::initializer_list<Name>;
  // Re and Im of each row.
  struct State {
    alignas(64) std::array<T, most_rows> re, im;
  };
  // The same with groups side by side: the kernels' rows have tile_lanes numbers.
  struct Tile {
    alignas(64) std::array<T, most_single_numbers> re, im;
  };

  // No result of the tile's other lanes is left as it was.
  void clear_padding() const {
    const auto clear = [&](const Destination<T>& to, std::size_t count) {
      const std::size_t size = count * pitch;
      if (to.samples != nullptr) std::fill_n(to.samples + static_cast<std::size_t>(tile_) * size, size, T{0});
    };
    if (c_.request.values) clear(c_.values, static_cast<std::size_t>(plan_.outputs()));
    if (c_.amplitude_gradient.wanted) clear(c_.amplitude_gradient, rows_);
  }

  // This sample's column of numbers [rows][tile_lanes].
  [[nodiscard]] std::size_t column(std::size_t row) const { return row * pitch + lane_; }

  void load(const Source<T>& source, State& state) const {
    state.im.fill(0);
    state.re.fill(0);
    if (source.values == nullptr) return;
    const T* from = source.tile(tile_, static_cast<int>(tile_lanes));
    for (std::size_t r = 0; r < rows_; ++r) state.re[r] = from[source.shared ? r : column(r)];
  }

  void find() {
    const T* from = c_.found_states + static_cast<std::size_t>(tile_) * 2 * rows_ * pitch;
    for (std::size_t r = 0; r < rows_; ++r) {
      states_[s].re[r] = from[column(r)];
      states_[s].im[r] = from[column(rows_ + r)];
    }
  }

  void keep() const {
    T* to = c_.kept_states + static_cast<std::size_t>(tile_) * 2 * rows_ * pitch;
    for (std::size_t r = 0; r < rows_; ++r) {
      to[column(r)] = states_[s].re[r];
      to[column(rows_ + r)] = states_[s].im[r];
    }
  }

  void forward() {
    load(c_.amplitudes, states_[s]);
    if (c_.amplitudes.values == nullptr) states_[s].re[0] = 1;
    if (tangents_) load(c_.amplitude_direction, states_[sdot]);
    for (std::size_t o = 0; o < plan_.operations().size(); ++o) {
      if (tangents_ && c_.directed[o] != 0) {
        carry_out(MatrixTask::forward_tangent, o, {s, sdot});
      } else {
        carry_out(MatrixTask::apply, o, {s});
        if (tangents_) carry_out(MatrixTask::apply, o, {sdot});
      }
    }
  }

  void backward() {
    const std::size_t operations = plan_.operations().size();
    std::size_t stop = 0;  // nothing before this operation is wanted
    while (!c_.request.amplitudes && stop < operations && c_.wanted[stop] == 0) ++stop;
    for (std::size_t o = operations; o-- > stop;) {
      if (c_.wanted[o] != 0 || (tangents_ && c_.directed[o] != 0)) {
        if (tangents_)
          carry_out(MatrixTask::backward_tangent, o, {s, sdot, a, adot});
        else
          carry_out(MatrixTask::backward, o, {s, a});
        add_angle_gradients(o);
      } else {
        for (const Name name : {s, a}) carry_out(MatrixTask::apply_adjoint, o, {name});
        if (!tangents_) continue;
        for (const Name name : {sdot, adot}) carry_out(MatrixTask::apply_adjoint, o, {name});
      }
    }
    if (c_.amplitude_gradient.wanted) add_amplitude_gradient();
  }

  void add_angle_gradients(std::size_t o) {
    const TileOperation& operation = plan_.operations()[o];
    const int lanes = operation.single.lanes();
    if (operation.form == Form::rotations)
      angles_.add_rotations(o, c_.shared_numbers[o], slopes_.data(), lanes);
    else if (operation.form != Form::phases)
      angles_.add_matrix(o, c_.shared_numbers[o], environments_, lanes);
  }

  // One operation's task on the states of these names.
  void carry_out(MatrixTask task, std::size_t o, Names all) {
    const TileOperation& operation = plan_.operations()[o];
    const OperationNumbers<T>& n = c_.shared_numbers[o];
    if (operation.form == Form::phases) return turn_phases(task, o, *all.begin());
    take(operation.single, all);
    const Planes<T> first = planes(*all.begin());
    const int lanes = operation.single.lanes();
    if (operation.form == Form::rotations) {
      quantum::run(task,
                   RotationStep<T>{&operation.single.groups(), n.matrix.data(), n.tangent.data(), 1, first,
                                   planes(sdot), planes(a), planes(adot), slopes_.data(), lanes});
    } else {
      MatrixStep<T> step{&operation.single.groups(),
                         n.matrix.data(),
                         n.tangent.data(),
                         1,
                         first,
                         planes(sdot),
                         planes(a),
                         planes(adot)};
      step.samples = lanes;
      if (goes_back(task)) environments_.reset(step, operation.dimension(), tangents_);
      quantum::run(task, structure_of(operation), step);
    }
    give(operation.single, all);
  }

  void take(const SideBySide& groups, Names all) {
    for (const Name name : all) {
      groups.take(states_[name].re.data(), tiles_[name].re.data());
      groups.take(states_[name].im.data(), tiles_[name].im.data());
    }
  }

  void give(const SideBySide& groups, Names all) {
    for (const Name name : all) {
      groups.give(tiles_[name].re.data(), states_[name].re.data());
      groups.give(tiles_[name].im.data(), states_[name].im.data());
    }
  }

  [[nodiscard]] Planes<T> planes(Name name) { return {tiles_[name].re.data(), tiles_[name].im.data()}; }

  void turn_phases(MatrixTask task, std::size_t o, Name name) {
    const OperationNumbers<T>& n = c_.shared_numbers[o];
    const T* const phases = n.matrix.data();
    const T* const rates = n.tangent.data();
    switch (task) {
      case MatrixTask::apply:
        return turn(states_[name], phases, 1);
      case MatrixTask::apply_adjoint:
        return turn(states_[name], phases, -1);
      case MatrixTask::forward_tangent:
        turn(states_[s], phases, 1);
        turn(states_[sdot], phases, 1);
        return add_rates(states_[sdot], states_[s], rates, 1);
      default:
        break;
    }
    double* const slopes = partial_ + c_.phase_slopes[o];
    if (tangents_) {
      add_slopes(states_[adot], states_[s], slopes);
      add_slopes(states_[a], states_[sdot], slopes);
      add_rates(states_[sdot], states_[s], rates, -1);
      add_rates(states_[adot], states_[a], rates, -1);
      for (const Name each : {sdot, adot}) turn(states_[each], phases, -1);
    } else {
      add_slopes(states_[a], states_[s], slopes);
    }
    for (const Name each : {s, a}) turn(states_[each], phases, -1);
  }

  // x <- exp(i sign phase) x
  void turn(State& x, const T* phases, T sign) const {
    for (std::size_t r = 0; r < rows_; ++r) {
      const T cosine = phases[2 * r];
      const T sine = sign * phases[2 * r + 1];
      const T re = x.re[r] * cosine - x.im[r] * sine;
      x.im[r] = x.re[r] * sine + x.im[r] * cosine;
      x.re[r] = re;
    }
  }

  // y += i sign rate x
  void add_rates(State& y, const State& x, const T* rates, T sign) const {
    for (std::size_t r = 0; r < rows_; ++r) {
      y.re[r] -= sign * rates[r] * x.im[r];
      y.im[r] += sign * rates[r] * x.re[r];
    }
  }

  // dF/dphase = -2 Im conj(y) x
  void add_slopes(const State& y, const State& x, double* slopes) const {
    for (std::size_t r = 0; r < rows_; ++r)
      slopes[r] -= 2 * static_cast<double>(y.re[r] * x.im[r] - y.im[r] * x.re[r]);
  }

  void read() {
    values_.assign(static_cast<std::size_t>(plan_.outputs()), 0.0);
    for (const LocalHermitians& local : plan_.local_hermitians()) read_local(local);
    if (!c_.request.values) return;
    T* to = c_.values.samples + static_cast<std::size_t>(tile_) * values_.size() * pitch;
    for (std::size_t k = 0; k < values_.size(); ++k) to[column(k)] = static_cast<T>(values_[k]);
  }

  void read_local(const LocalHermitians& local) {
    if (tangents_)
      take(local.single, {s, sdot});
    else
      take(local.single, {s});
    quantum::run(LocalRead<T>{&local.single.groups(), planes(s), planes(sdot), densities_.data(),
                              tangents_ ? changes_.data() : nullptr, local.single.lanes()});
    for (std::size_t q = 0; q < local.members.size(); ++q) {
      const std::size_t h = local.members[q];
      const LoweredHermitian& item = plan_.hermitians()[h];
      const Density e = density(densities_, q, local.single.lanes());
      const Density edot = tangents_ ? density(changes_, q, local.single.lanes()) : Density{};
      double& value = values_[static_cast<std::size_t>(item.output)];
      value += local_product(local_matrix(c_.hermitians[h]), tangents_ ? edot : e);
      if (tangents_) value += local_product(local_matrix(c_.hermitian_directions[h]), e);
      if (!has_gradient(c_, item)) continue;
      const double c = weight(c_.weights, item.output);
      const double cdot = weight(c_.weight_direction, item.output);
      Density sums;
      for (std::size_t p = 0; p < local_parts; ++p)
        sums[p] = tangents_ ? c * edot[p] + cdot * e[p] : c * e[p];
      add_local_gradient(sums, gradient_of(c_, item, partial_));
    }
  }

  // Sums over the groups side by side.
  [[nodiscard]] static Density density(const LocalNumbers& numbers, std::size_t q, int lanes) {
    Density sums;
    for (std::size_t p = 0; p < local_parts; ++p)
      sums[p] = static_cast<double>(tree_sum(numbers.data() + (q * local_parts + p) * pitch, lanes));
    return sums;
  }

  [[nodiscard]] double weight(const Source<T>& source, int output) const {
    if (source.values == nullptr) return 0;
    return static_cast<double>(
        source.tile(tile_, static_cast<int>(tile_lanes))[column(static_cast<std::size_t>(output))]);
  }

  // a = sum_k c_k O_k s, and its change.
  void seed() {
    if (plan_.local_hermitians().empty()) {
      states_[a] = {};
      states_[adot] = {};
    }
    bool sets = true;
    for (const LocalHermitians& local : plan_.local_hermitians()) {
      if (tangents_)
        take(local.single, {s, sdot});
      else
        take(local.single, {s});
      if (!sets) take(local.single, {a});
      if (!sets && tangents_) take(local.single, {adot});
      seed_local(local, std::exchange(sets, false));
      give(local.single, {a});
      if (tangents_) give(local.single, {adot});
    }
  }

  void seed_local(const LocalHermitians& local, bool sets) {
    LocalNumbers matrices;
    LocalNumbers rates;
    const auto put = [](LocalNumbers& to, std::size_t place, double number) {
      std::fill_n(to.data() + place * pitch, pitch, static_cast<T>(number));
    };
    for (std::size_t q = 0; q < local.members.size(); ++q) {
      const std::size_t h = local.members[q];
      const int output = plan_.hermitians()[h].output;
      const Density m = local_matrix(c_.hermitians[h]);
      const Density mdot = local_matrix(c_.hermitian_directions[h]);
      const double c = weight(c_.weights, output);
      const double cdot = weight(c_.weight_direction, output);
      for (std::size_t p = 0; p < local_parts; ++p) {
        put(matrices, q * local_parts + p, c * m[p]);
        if (tangents_) put(rates, q * local_parts + p, cdot * m[p] + c * mdot[p]);
      }
    }
    const auto seed = [&](const LocalNumbers& numbers, Name from, Name to, bool set) {
      quantum::run(LocalSeed<T>{&local.single.groups(), numbers.data(), planes(from), planes(to), set,
                                local.single.lanes()});
    };
    seed(matrices, s, a, sets);
    if (!tangents_) return;
    seed(matrices, sdot, adot, sets);
    seed(rates, s, adot, false);
  }

  void add_amplitude_gradient() {
    const State& from = states_[tangents_ ? adot : a];
    const Destination<T>& to = c_.amplitude_gradient;
    T* const at = to.samples + static_cast<std::size_t>(tile_) * rows_ * pitch;
    for (std::size_t r = 0; r < rows_; ++r) {
      if (to.partial < 0)
        at[column(r)] = 2 * from.re[r];
      else
        partial_[static_cast<std::size_t>(to.partial) + r] += 2 * static_cast<double>(from.re[r]);
    }
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  bool gradients_;
  std::size_t rows_;
  std::int64_t tile_ = 0;
  std::size_t lane_ = 0;
  double* partial_ = nullptr;
  std::array<State, names> states_;
  std::array<Tile, names> tiles_;
  AngleGradients<T> angles_;
  Environments<T> environments_;
  std::array<T, most_joint_qubits * pitch> slopes_{};  // of rotations: [qubit][lanes]
  LocalNumbers densities_, changes_;
  std::vector<double> values_;
};

}  // namespace moonstill::quantum
