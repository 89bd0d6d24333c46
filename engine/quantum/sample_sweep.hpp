// One sample of a small state through the whole circuit and back: what is left of a batch behind its full
// tiles. Every operation finds its groups side by side where a tile has samples, and runs the tile's kernels.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "engine/autograd/ops.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/quantum/angle_gradients.hpp"
#include "engine/quantum/tile_readout.hpp"
#include "engine/tensor/normalise_lanes.hpp"

namespace moonstill::quantum {

template <class T>
class SampleSweep {
  static constexpr auto pitch = static_cast<std::size_t>(tile_lanes);
  using LocalNumbers = std::array<T, most_joint_qubits * local_parts * pitch>;  // [qubit][part][lanes]
  using Density = std::array<double, local_parts>;

 public:
  /// Whether it carries out what the context asks for.
  [[nodiscard]] static bool takes(const TileContext<T>& context) {
    return context.plan.single_numbers() > 0 && context.only_amplitudes_vary();
  }

  explicit SampleSweep(const TileContext<T>& context)
      : c_(context),
        plan_(context.plan),
        tangents_(context.request.tangents),
        gradients_(context.request.gradients()),
        rows_(static_cast<std::size_t>(plan_.amplitudes())),
        angles_(context) {
    // Kernels work on lanes without a group, too: on finite numbers.
    for (Tile& tile : tiles_) {
      std::fill_n(tile.re.data(), plan_.single_numbers(), T{0});
      std::fill_n(tile.im.data(), plan_.single_numbers(), T{0});
    }
  }

  /// Carries the first sample of a tile, its only one, forward and, when gradients are wanted, back. Adds to
  /// `partial`; what is the sample's own fills all lanes.
  void run(std::int64_t tile, double* partial) {
    poll_interrupt();
    partial_ = partial;
    tile_ = static_cast<std::size_t>(tile);
    angles_.start(tile, partial);
    if (c_.found_states == nullptr)
      forward();
    else
      find();
    if (c_.kept_states != nullptr) keep();
    read();
    if (!gradients_) return;
    seed();
    walk_back(c_, carrier(), [&](std::size_t o) { add_angle_gradients(o); });
    if (c_.amplitude_gradient.wanted) put_amplitude_gradient();
  }

 private:
  using Name = StateName;
  // Re and Im of each row.
  struct State {
    alignas(64) std::array<T, most_single_amplitudes> re, im;
  };
  // The same with groups side by side: rows have tile_lanes numbers.
  struct Tile {
    alignas(64) std::array<T, most_single_numbers> re, im;
  };

  [[nodiscard]] State& state(Name name) { return states_[static_cast<std::size_t>(name)]; }
  [[nodiscard]] const State& state(Name name) const { return states_[static_cast<std::size_t>(name)]; }
  [[nodiscard]] Tile& tile(Name name) { return tiles_[static_cast<std::size_t>(name)]; }
  [[nodiscard]] Planes<T> planes(Name name) { return {tile(name).re.data(), tile(name).im.data()}; }
  [[nodiscard]] Name last_adjoint() const { return tangents_ ? Name::adot : Name::a; }

  // The sample's lane of a tile [rows][tile_lanes].
  template <class Numbers>
  void get(const T* tile, Numbers& to) const {
    for (std::size_t r = 0; r < rows_; ++r) to[r] = tile[r * pitch];
  }

  template <class Numbers>
  void put(const Numbers& from, T factor, T* tile) const {
    for (std::size_t r = 0; r < rows_; ++r) std::fill_n(tile + r * pitch, pitch, factor * from[r]);
  }

  void load(const Source<T>& source, State& to) const {
    to.im.fill(0);
    if (source.values == nullptr)
      to.re.fill(0);
    else if (source.shared)
      std::copy_n(source.values, rows_, to.re.data());
    else if (source.row_major)
      std::copy_n(source.values + tile_ * pitch * rows_, rows_, to.re.data());
    else
      get(source.values + tile_ * rows_ * pitch, to.re);
  }

  void embed() {
    const auto size = static_cast<std::int64_t>(rows_);
    T* const re = state(Name::s).re.data();
    if (normalise_lanes<T, 1>(re, re, &norm_, size, 1) > 0 && c_.request.values && !tangents_)
      ops::see_zero_rows(1);
    if (!tangents_) return;
    T* const along = state(Name::sdot).re.data();
    across_lanes<T, 1>(re, along, &norm_, T{1}, along, size, &norm_change_);
  }

  void find() {
    const T* from = c_.found_states + static_cast<std::int64_t>(tile_) * c_.kept_numbers();
    get(from, state(Name::s).re);
    get(from + rows_ * pitch, state(Name::s).im);
    norm_ = from[2 * rows_ * pitch];
  }

  void keep() const {
    T* to = c_.kept_states + static_cast<std::int64_t>(tile_) * c_.kept_numbers();
    put(state(Name::s).re, 1, to);
    put(state(Name::s).im, 1, to + rows_ * pitch);
    to[2 * rows_ * pitch] = norm_;
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
    State& last = state(last_adjoint());
    if (!c_.request.embed) return put(last.re, 2, to);
    const auto size = static_cast<std::int64_t>(rows_);
    const T* const s = state(Name::s).re.data();
    const T* const a = state(Name::a).re.data();
    T* const out = last.re.data();
    if (tangents_)
      across_tangent_lanes<T, 1>(s, state(Name::sdot).re.data(), a, out, &norm_, &norm_change_, T{2}, out,
                                 size);
    else
      across_lanes<T, 1>(s, a, &norm_, T{2}, out, size);
    put(last.re, 1, to);
  }

  auto carrier() {
    return [this](MatrixTask task, std::size_t o, Name name) { carry_out(task, o, name); };
  }

  void add_angle_gradients(std::size_t o) {
    const TileOperation& operation = plan_.operations()[o];
    const int groups = operation.group_tile.lanes();
    if (operation.form == Form::rotations)
      angles_.add_rotations(o, c_.shared_numbers[o], slopes_.data(), groups);
    else
      angles_.add_matrix(o, c_.shared_numbers[o], environments_, groups);
  }

  // The states that a task is for; `name` when it is for one.
  [[nodiscard]] static std::span<const Name> states_of(MatrixTask task, const Name& name) {
    static constexpr std::array forward{Name::s, Name::sdot};
    static constexpr std::array back{Name::s, Name::a};
    static constexpr std::array back_tangent{Name::s, Name::a, Name::sdot, Name::adot};
    switch (task) {
      case MatrixTask::forward_tangent:
        return forward;
      case MatrixTask::backward:
        return back;
      case MatrixTask::backward_tangent:
        return back_tangent;
      default:
        return {&name, 1};
    }
  }

  void carry_out(MatrixTask task, std::size_t o, Name name) {
    const TileOperation& operation = plan_.operations()[o];
    const OperationNumbers<T>& n = c_.shared_numbers[o];
    if (operation.form == Form::phases) return turn_phases(task, o, name);
    const GroupTile& groups = operation.group_tile;
    const std::span<const Name> names = states_of(task, name);
    for (const Name each : names) spread(groups, each);
    run_operation<T>(task, {operation,
                            groups.groups(),
                            n,
                            {planes(name), planes(Name::sdot), planes(Name::a), planes(Name::adot)},
                            slopes_.data(),
                            environments_,
                            tangents_,
                            groups.lanes()});
    for (const Name each : names) collect(groups, each);
  }

  void spread(const GroupTile& groups, Name name) {
    groups.spread(state(name).re.data(), tile(name).re.data());
    groups.spread(state(name).im.data(), tile(name).im.data());
  }

  void collect(const GroupTile& groups, Name name) {
    groups.collect(tile(name).re.data(), state(name).re.data());
    groups.collect(tile(name).im.data(), state(name).im.data());
  }

  void turn_phases(MatrixTask task, std::size_t o, Name name) {
    const OperationNumbers<T>& n = c_.shared_numbers[o];
    const T* const phases = n.matrix.data();
    const T* const rates = n.tangent.data();
    State& s = state(Name::s);
    State& sdot = state(Name::sdot);
    switch (task) {
      case MatrixTask::forward_tangent:
        turn(s, phases, 1);
        turn(sdot, phases, 1);
        return add_rates(sdot, s, rates, 1);
      case MatrixTask::backward:
      case MatrixTask::backward_tangent:
        return undo_phases(phases, rates, partial_ + c_.phase_slopes[o]);
      default:
        return turn(state(name), phases, task == MatrixTask::apply ? 1 : -1);
    }
  }

  void undo_phases(const T* phases, const T* rates, double* slopes) {
    State& s = state(Name::s);
    State& a = state(Name::a);
    if (tangents_) {
      State& sdot = state(Name::sdot);
      State& adot = state(Name::adot);
      add_slopes(adot, s, slopes);
      add_slopes(a, sdot, slopes);
      add_rates(sdot, s, rates, -1);
      add_rates(adot, a, rates, -1);
      turn(sdot, phases, -1);
      turn(adot, phases, -1);
    } else {
      add_slopes(a, s, slopes);
    }
    turn(s, phases, -1);
    turn(a, phases, -1);
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
    for (const LocalHermitians& local : plan_.local_hermitians()) {
      if (is_read(c_, local)) read_local(local);
    }
    if (!c_.request.values) return;
    T* to = c_.values.samples + tile_ * values_.size() * pitch;
    for (std::size_t k = 0; k < values_.size(); ++k)
      std::fill_n(to + k * pitch, pitch, static_cast<T>(values_[k]));
  }

  void read_local(const LocalHermitians& local) {
    const GroupTile& groups = local.group_tile;
    spread(groups, Name::s);
    if (tangents_) spread(groups, Name::sdot);
    quantum::run(LocalRead<T>{&groups.groups(), planes(Name::s), planes(Name::sdot), densities_.data(),
                              tangents_ ? changes_.data() : nullptr, groups.lanes()});
    for (std::size_t q = 0; q < local.members.size(); ++q) {
      const std::size_t h = local.members[q];
      const LoweredHermitian& item = plan_.hermitians()[h];
      const Density e = density(densities_, q, groups.lanes());
      const Density edot = tangents_ ? density(changes_, q, groups.lanes()) : Density{};
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
  [[nodiscard]] static Density density(const LocalNumbers& numbers, std::size_t q, int groups) {
    Density sums;
    for (std::size_t p = 0; p < local_parts; ++p)
      sums[p] = static_cast<double>(tree_sum(numbers.data() + (q * local_parts + p) * pitch, groups));
    return sums;
  }

  [[nodiscard]] double weight(const Source<T>& source, int output) const {
    if (source.values == nullptr) return 0;
    const T* const of_tile = source.tile(static_cast<std::int64_t>(tile_), static_cast<int>(tile_lanes));
    return static_cast<double>(of_tile[static_cast<std::size_t>(output) * pitch]);
  }

  // a = sum_k c_k O_k s, and its change.
  void seed() {
    if (plan_.local_hermitians().empty()) {
      state(Name::a) = {};
      state(Name::adot) = {};
    }
    bool sets = true;
    for (const LocalHermitians& local : plan_.local_hermitians())
      seed_local(local, std::exchange(sets, false));
  }

  void seed_local(const LocalHermitians& local, bool sets) {
    const GroupTile& groups = local.group_tile;
    LocalNumbers matrices;
    LocalNumbers rates;
    const auto fill = [](LocalNumbers& to, std::size_t place, double number) {
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
        fill(matrices, q * local_parts + p, c * m[p]);
        if (tangents_) fill(rates, q * local_parts + p, cdot * m[p] + c * mdot[p]);
      }
    }
    const auto add = [&](const LocalNumbers& numbers, Name from, Name to, bool set) {
      quantum::run(
          LocalSeed<T>{&groups.groups(), numbers.data(), planes(from), planes(to), set, groups.lanes()});
    };
    const auto begin = [&](Name from, Name to) {
      spread(groups, from);
      if (!sets) spread(groups, to);
      add(matrices, from, to, sets);
    };
    begin(Name::s, Name::a);
    collect(groups, Name::a);
    if (!tangents_) return;
    begin(Name::sdot, Name::adot);
    add(rates, Name::s, Name::adot, false);
    collect(groups, Name::adot);
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  bool gradients_;
  std::size_t rows_;
  std::size_t tile_ = 0;
  double* partial_ = nullptr;
  T norm_ = 1, norm_change_ = 0;  // of the amplitudes, where they are embedded
  std::array<State, state_names> states_;
  std::array<Tile, state_names> tiles_;
  AngleGradients<T> angles_;
  Environments<T> environments_;
  std::array<T, most_joint_qubits * pitch> slopes_{};  // of rotations: [qubit][lanes]
  LocalNumbers densities_{}, changes_{};
  std::vector<double> values_;
};

}  // namespace moonstill::quantum
