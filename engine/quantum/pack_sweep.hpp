// Up to four samples of a small state through the whole circuit and back, where a tile would have a few
// samples only, or threads would not have as many tiles each. They lie side by side, rows in the order in
// which CNOT, SWAP and X are relabelling.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <memory>
#include <type_traits>

#include "engine/core/interrupt.hpp"
#include "engine/core/memory.hpp"
#include "engine/quantum/angle_gradients.hpp"
#include "engine/quantum/embedding.hpp"
#include "engine/quantum/pack_readout.hpp"
#include "engine/quantum/row_phases.hpp"

namespace moonstill::quantum {

template <class T>
class PackSweep {
  static constexpr auto pitch = static_cast<std::size_t>(tile_lanes);
  static constexpr int W = vector_lanes<T>;
  using Vector = Lanes<T, W>;
  using Kernel = QubitKernel<T>;

 public:
  /// Whether it carries out what the context asks for.
  [[nodiscard]] static bool takes(const TileContext<T>& context) {
    return context.plan.takes_packs() && context.only_amplitudes_vary();
  }

  explicit PackSweep(const TileContext<T>& context)
      : c_(context),
        plan_(context.plan),
        tangents_(context.request.tangents),
        gradients_(context.request.gradients()),
        rows_(static_cast<std::size_t>(plan_.amplitudes())),
        memory_(allocate_memory(2 * state_names * (std::min(most_pack_samples * rows_, pack_capacity) + gap) *
                                sizeof(T))),
        readout_(context),
        angles_(context) {}

  /// Carries samples from `begin` to `end` forward and, when gradients are wanted, back. Adds to `partial`;
  /// what is a sample's own goes to its lane of its tile.
  void run(std::int64_t begin, std::int64_t end, double* partial) {
    partial_ = partial;
    for (std::int64_t sample = begin; sample < end; sample += static_cast<std::int64_t>(pack_.valid)) {
      poll_interrupt();
      const std::int64_t tile = sample / tile_lanes;
      const std::int64_t left = std::min(end, (tile + 1) * tile_lanes) - sample;
      pack_ = {static_cast<std::size_t>(tile), static_cast<std::size_t>(sample % tile_lanes),
               pack_bits(left, sample + left == c_.samples)};
      assert(pack_.lane + samples() <= pitch);
      pack_.valid = std::min(samples(), static_cast<std::size_t>(left));
      pack_.width = static_cast<std::size_t>(c_.samples_of(tile));
      embedding_ = Embedding<T, W>(static_cast<int>(samples()));
      angles_.start(tile, partial);
      carry();
    }
  }

 private:
  using Name = StateName;

  // Of the next pack, where so many samples are left: the largest that they fill. At the batch's end three of
  // four are faster than two and one.
  [[nodiscard]] int pack_bits(std::int64_t left, bool ends) const {
    const auto places = static_cast<std::size_t>(ends && left == 3 ? 4 : left);
    return std::bit_width(std::min({places, most_pack_samples, pack_capacity / rows_})) - 1;
  }

  [[nodiscard]] std::size_t samples() const { return pack_.samples(); }
  [[nodiscard]] std::size_t numbers_of_plane() const { return rows_ * samples(); }
  [[nodiscard]] std::int64_t vectors() const { return static_cast<std::int64_t>(numbers_of_plane()) / W; }

  // Calls body(samples()) with a constant.
  template <class Body>
  [[gnu::always_inline]] void with_samples(Body&& body) const {
    if (samples() == 1) return body(std::integral_constant<std::size_t, 1>{});
    if (samples() == 2) return body(std::integral_constant<std::size_t, 2>{});
    body(std::integral_constant<std::size_t, most_pack_samples>{});
  }

  // Calls body(pack_.valid) with a constant.
  template <class Body>
  [[gnu::always_inline]] void with_valid(Body&& body) const {
    if (pack_.valid == 3) return body(std::integral_constant<std::size_t, 3>{});
    with_samples(body);
  }

  void carry() {
    if (c_.found_states == nullptr)
      forward();
    else
      find();
    if (c_.kept_states != nullptr) keep();
    readout_.read({state(Name::s), state(Name::sdot), state(Name::a), state(Name::adot)}, pack_, partial_);
    if (c_.request.values) put_values();
    if (!gradients_) return;
    seed();
    walk_back(c_, carrier(),
              [&](std::size_t o) { angles_.add_rotations(o, c_.shared_numbers[o], slopes_.data(), W); });
    if (c_.amplitude_gradient.wanted) put_amplitude_gradient();
  }

  // Planes of all states lie at different places in their pages: a store delays loads from addresses that are
  // the same but for a multiple of a page.
  static constexpr std::size_t gap = 512 / sizeof(T);

  [[nodiscard]] Planes<T> state(Name name) {
    const std::size_t plane = numbers_of_plane() + gap;
    T* const at = reinterpret_cast<T*>(memory_.get()) + 2 * static_cast<std::size_t>(name) * plane;
    return {at, at + plane};
  }

  // The samples' amplitudes, [rows][samples], from a tile's [rows][width].
  void get(const T* tile, T* to) const { gather(tile + pack_.lane, 1, pack_.width, to); }

  void get_rows(const T* from, T* to) const {
    gather(from + (pack_.tile * pitch + pack_.lane) * rows_, rows_, 1, to);
  }

  // From strides of samples and rows to [rows][samples]; three samples lie as four, the last one 0.
  void gather(const T* from, std::size_t sample, std::size_t row, T* to) const {
    with_valid([&](auto valid) {
      constexpr std::size_t line = std::bit_ceil(valid());
      for (std::size_t r = 0; r < rows_; ++r) {
        for (std::size_t lane = 0; lane < line; ++lane)
          to[r * line + lane] = lane < valid() ? from[lane * sample + r * row] : T{0};
      }
    });
  }

  // What the samples have at the beginning of each line, to their lanes of a tile's rows.
  void put(const T* from, std::size_t line, T factor, T* tile, std::size_t rows) const {
    with_valid([&](auto valid) {
      for (std::size_t r = 0; r < rows; ++r, from += line, tile += pack_.width) {
        for (std::size_t lane = 0; lane < valid(); ++lane) tile[pack_.lane + lane] = factor * from[lane];
      }
    });
  }

  void put_values() {
    const auto outputs = static_cast<std::size_t>(plan_.outputs());
    put(readout_.values().data(), W, 1, c_.values.samples + pack_.tile * outputs * pitch, outputs);
  }

  void load(const Source<T>& source, const Planes<T>& to) const {
    std::fill_n(to.im, numbers_of_plane(), T{0});
    if (source.values == nullptr)
      std::fill_n(to.re, numbers_of_plane(), T{0});
    else if (source.shared)
      for (std::size_t r = 0; r < rows_; ++r) std::fill_n(to.re + r * samples(), samples(), source.values[r]);
    else if (source.row_major)
      get_rows(source.values, to.re);
    else
      get(source.values + pack_.tile * rows_ * pitch, to.re);
  }

  void embed() {
    T* const re = state(Name::s).re;
    T* const along = state(Name::sdot).re;
    embedding_.embed(re, re, vectors(), static_cast<std::int64_t>(pack_.valid), c_.request);
    if (tangents_) embedding_.embed_direction(re, along, along, vectors());
  }

  // Kept states of packs lie one after the other in the tile's numbers.
  [[nodiscard]] std::size_t kept_place() const { return (pack_.tile * pitch + pack_.lane) * (2 * rows_ + 1); }

  void find() {
    const T* from = c_.found_states + kept_place();
    const Planes<T> s = state(Name::s);
    for (T* const plane : {s.re, s.im}) {
      std::copy_n(from, numbers_of_plane(), plane);
      from += numbers_of_plane();
    }
    for (std::size_t lane = 0; lane < W; ++lane) embedding_.norms()[lane] = from[lane % samples()];
  }

  void keep() {
    const Planes<T> s = state(Name::s);
    T* to = c_.kept_states + kept_place();
    for (const T* const plane : {s.re, s.im}) to = std::copy_n(plane, numbers_of_plane(), to);
    std::copy_n(embedding_.norms().data(), samples(), to);
  }

  void forward() {
    load(c_.amplitudes, state(Name::s));
    if (tangents_) load(c_.amplitude_direction, state(Name::sdot));
    if (c_.request.embed) embed();
    walk_forward(c_, carrier());
  }

  // The states are back at the amplitudes.
  void put_amplitude_gradient() {
    T* const to = c_.amplitude_gradient.samples + pack_.tile * rows_ * pitch;
    T* const last = state(tangents_ ? Name::adot : Name::a).re;
    if (!c_.request.embed) return put(last, samples(), 2, to, rows_);
    if (tangents_)
      embedding_.pull_back_tangent({state(Name::s), state(Name::sdot), state(Name::a), state(Name::adot)},
                                   last, vectors());
    else
      embedding_.pull_back(state(Name::s), state(Name::a), last, vectors());
    put(last, samples(), 1, to, rows_);
  }

  auto carrier() {
    return [this](MatrixTask task, std::size_t o, Name name) {
      if (plan_.operations()[o].form == Form::phases)
        with_samples([&](auto samples) { turn_phases<samples>(task, o, name); });
      else
        rotate(task, o, name);
    };
  }

  void rotate(MatrixTask task, std::size_t o, Name name) {
    const TileOperation& operation = plan_.operations()[o];
    const PackRows& rows = operation.pack_rows[pack_.row_bits<T>()];
    slopes_.fill(0);
    for (const std::size_t q : rows.rest)
      rotate_alone(task, operation.qubit_rows[q], q, c_.shared_numbers[o], name);
    if (!rows.joint.empty()) rotate_jointly(task, rows, c_.shared_numbers[o], name);
  }

  void rotate_jointly(MatrixTask task, const PackRows& rows, const OperationNumbers<T>& n, Name name) {
    std::array<T, 2 * most_joint_qubits * W> turns;
    std::array<T, most_joint_qubits * W> rates;
    std::array<T, most_joint_qubits * pitch> slopes;
    each_class<T>(rows, pack_.sample_bits, [&](const PackGroups<T>& groups, const LaneSigns<T>& signs) {
      for (std::size_t j = 0; j < rows.joint.size(); ++j) {
        const std::size_t q = rows.joint[j];
        store_lanes<T, W>(turns.data() + 2 * j * W, Vector{} + n.matrix[2 * q]);
        store_lanes<T, W>(turns.data() + (2 * j + 1) * W, signs[j] * n.matrix[2 * q + 1]);
        store_lanes<T, W>(rates.data() + j * W, signs[j] * n.tangent[q]);
      }
      quantum::run(task, RotationStep<T, PackGroups<T>>{&groups, turns.data(), rates.data(), W, state(name),
                                                        state(Name::sdot), state(Name::a), state(Name::adot),
                                                        slopes.data(), 1});
      if (!goes_back(task)) return;
      for (std::size_t j = 0; j < rows.joint.size(); ++j) {
        T* const to = slopes_.data() + rows.joint[j] * pitch;
        const Vector slope = load_lanes<T, W>(slopes.data() + j * pitch);
        store_lanes<T, W>(to, load_lanes<T, W>(to) + signs[j] * slope);
      }
    });
  }

  void rotate_alone(MatrixTask task, const QubitRows& qubit, std::size_t q, const OperationNumbers<T>& n,
                    Name name) {
    const Kernel kernel(qubit, plan_.qubits(), pack_.sample_bits);
    typename Kernel::Turn turn{n.matrix[2 * q], n.matrix[2 * q + 1], n.tangent[q]};
    const auto slope = [&](const Vector& lanes) { store_lanes<T, W>(slopes_.data() + q * pitch, lanes); };
    switch (task) {
      case MatrixTask::forward_tangent:
        return kernel.forward_tangent(state(Name::s), state(Name::sdot), turn);
      case MatrixTask::backward:
        return slope(kernel.backward(state(Name::s), state(Name::a), turn));
      case MatrixTask::backward_tangent:
        return slope(kernel.backward_tangent(state(Name::s), state(Name::sdot), state(Name::a),
                                             state(Name::adot), turn));
      default:
        if (task == MatrixTask::apply_adjoint) turn.sine = -turn.sine;
        kernel.apply(state(name), turn);
    }
  }

  template <int samples>
  void turn_phases(MatrixTask task, std::size_t o, Name name) {
    const OperationNumbers<T>& n = c_.shared_numbers[o];
    const RowPhases<T, samples> phases(n.matrix.data(), n.tangent.data(), rows_);
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

  template <class Phases>
  void undo(const Phases& phases, double* slopes) {
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

  // a = sum_k c_k O_k s, and its change.
  void seed() {
    for (const Name name : {Name::a, Name::adot}) {
      if (!plan_.hermitians().empty() || (name == Name::adot && !tangents_)) continue;
      std::fill_n(state(name).re, numbers_of_plane(), T{0});
      std::fill_n(state(name).im, numbers_of_plane(), T{0});
    }
    readout_.seed();
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  bool gradients_;
  std::size_t rows_;
  Pack pack_{};
  double* partial_ = nullptr;
  Embedding<T, W> embedding_;
  std::shared_ptr<std::byte> memory_;  // of the states
  PackReadout<T> readout_;
  AngleGradients<T> angles_;
  std::array<T, most_joint_qubits * pitch> slopes_{};  // of rotations: [qubit][lanes]
};

}  // namespace moonstill::quantum
