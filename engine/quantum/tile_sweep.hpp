// One tile, 16 samples, through the whole circuit and back.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/core/interrupt.hpp"
#include "engine/core/memory.hpp"
#include "engine/quantum/angle_gradients.hpp"
#include "engine/quantum/embedding.hpp"
#include "engine/quantum/tile_readout.hpp"
#include "engine/tensor/tiling.hpp"

namespace moonstill::quantum {

template <class T>
class TileSweep {
  static constexpr auto lanes = static_cast<int>(tile_lanes);
  static constexpr auto stride = static_cast<std::size_t>(tile_lanes);

 public:
  explicit TileSweep(const TileContext<T>& context)
      : c_(context),
        plan_(context.plan),
        tangents_(context.request.tangents),
        gradients_(context.request.gradients()),
        size_(static_cast<std::size_t>(plan_.amplitudes()) * stride),
        numbers_(context.plan.operations().size()),
        readout_(context),
        angles_(context) {}

  /// Carries tiles forward and, when gradients are wanted, back. Adds to `partial`.
  void run(std::int64_t begin, std::int64_t end, double* partial) {
    partial_ = partial;
    for (std::int64_t tile = begin; tile < end; ++tile) {
      if (c_.found_states == nullptr)
        run_forward(tile);
      else
        find(tile);
      if (c_.kept_states != nullptr) keep();
      readout_.read(states(), tile, valid_lanes_, partial);
      if (!gradients_) continue;
      readout_.seed();
      backward();
    }
  }

  /// The states after the circuit, for a caller that wants no readout.
  TileStates<T> run_forward(std::int64_t tile) {
    begin_tile(tile);
    announce_next();
    states();
    prepare_numbers();
    forward();
    return states();
  }

  /// Reads a caller's own states and, when gradients are wanted, seeds their adjoints.
  void observe(const TileStates<T>& states, std::int64_t tile, double* partial) {
    begin_tile(tile);
    readout_.read(states, tile, valid_lanes_, partial);
    if (gradients_) readout_.seed();
  }

  /// This sweep's own states, and the way back through the circuit from what they hold.
  TileStates<T> states() {
    if (!memory_) allocate();
    return states_;
  }
  void retreat(std::int64_t tile, double* partial) {
    begin_tile(tile);
    partial_ = partial;
    backward();
  }

 private:
  // Whether there are fewer samples than lanes: operands and results are narrower than states.
  [[nodiscard]] bool narrow_tile() const { return valid_lanes_ < lanes; }

  // The states after the circuit, from an earlier sweep and for a later one.
  void find(std::int64_t tile) {
    begin_tile(tile);
    announce_next();
    states();
    prepare_numbers();
    const T* from = c_.found_states + tile * c_.kept_numbers();
    std::copy_n(from, size_, states_.s.re);
    std::copy_n(from + size_, size_, states_.s.im);
    std::copy_n(from + 2 * size_, stride, embedding_.norms().data());
  }

  void keep() {
    T* to = c_.kept_states + tile_ * c_.kept_numbers();
    std::copy_n(states_.s.re, size_, to);
    std::copy_n(states_.s.im, size_, to + size_);
    std::ranges::copy(embedding_.norms(), to + 2 * size_);
  }

  void begin_tile(std::int64_t tile) {
    poll_interrupt();
    tile_ = tile;
    valid_lanes_ = c_.samples_of(tile);
    next_ = {};
  }

  // What the next tile begins with is asked for bit by bit, between operations, to be in the cache in time.
  void announce_next() {
    const Source<T>& amplitudes = c_.amplitudes;
    if ((tile_ + 2) * lanes > c_.samples) return;
    if (c_.found_states != nullptr)
      next_ = {c_.found_states + (tile_ + 1) * c_.kept_numbers(), 2 * size_};
    else if (amplitudes.values != nullptr && !amplitudes.shared)
      next_ = {amplitudes.values + (tile_ + 1) * lanes * amplitudes.count, size_};
    next_share_ = next_.size() / (plan_.operations().size() + 1) + 1;
  }

  void fetch_next() {
    const auto share = next_.first(std::min(next_share_, next_.size()));
    for (std::size_t e = 0; e < share.size(); e += memory_alignment / sizeof(T))
      __builtin_prefetch(share.data() + e, 0, 2);
    next_ = next_.subspan(share.size());
  }

  void allocate() {
    const std::size_t planes = std::size_t{2} * (tangents_ ? 2 : 1) * (gradients_ ? 2 : 1);
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
    states_.s = take_state();
    if (tangents_) states_.sdot = take_state();
    if (gradients_) states_.a = take_state();
    if (tangents_ && gradients_) states_.adot = take_state();
  }

  const OperationNumbers<T>& numbers(std::size_t o) const {
    return c_.varies[o] ? numbers_[o] : c_.shared_numbers[o];
  }

  void prepare_numbers() {
    if (std::ranges::none_of(c_.varies, [](bool b) { return b; })) return;
    c_.find_angles(tile_, sources_);
    const Orders orders = gradients_ || tangents_ ? Orders::derivatives : Orders::value;
    for (std::size_t o = 0; o < numbers_.size(); ++o) {
      if (!c_.varies[o]) continue;
      const TileOperation& operation = plan_.operations()[o];
      if (operation.form == Form::rotations)
        operation.rotations.evaluate<T>(sources_, lanes, numbers_[o]);
      else
        evaluate<T>(operation, sources_, lanes, orders, numbers_[o]);
    }
  }

  // Real amplitudes into a state; lanes without a sample repeat the last one's.
  void load(const Source<T>& source, const Planes<T>& state) {
    std::fill_n(state.im, size_, T{0});
    if (source.values == nullptr) {
      std::fill_n(state.re, size_, T{0});
      return;
    }
    const T* from = source.tile(tile_, lanes);
    if (source.shared) {
      for (std::size_t r = 0; r < size_ / stride; ++r) std::fill_n(state.re + r * stride, lanes, from[r]);
    } else if (narrow_tile()) {
      widen(from, state.re, source.count, valid_lanes_);
    } else {
      std::copy_n(from, size_, state.re);
    }
  }

  // A whole tile of amplitudes of any norm: their own, or one made of them in a state that is not yet.
  const T* whole_tile(const Source<T>& source, const Planes<T>& state) const {
    const T* from = source.tile(tile_, lanes);
    if (source.row_major) {
      if (narrow_tile()) from = whole_rows(from, source.count, state.im);
      tile_rows(from, state.re, source.count, lanes);
      return state.re;
    }
    if (!narrow_tile()) return from;
    widen(from, state.re, source.count, valid_lanes_);
    return state.re;
  }

  // As many rows as there are lanes: further ones repeat the last.
  const T* whole_rows(const T* from, std::int64_t count, T* to) const {
    const T* const last = from + (valid_lanes_ - 1) * count;
    T* next = std::copy_n(from, valid_lanes_ * count, to);
    for (int lane = valid_lanes_; lane < lanes; ++lane) next = std::copy_n(last, count, next);
    return to;
  }

  void embed() {
    const std::int64_t size = plan_.amplitudes();
    const T* const from = whole_tile(c_.amplitudes, states_.s);
    embedding_.embed(from, states_.s.re, size, valid_lanes_, c_.request);
    std::fill_n(states_.s.im, size_, T{0});
    if (!tangents_) return;
    if (c_.amplitude_direction.values == nullptr) return load(c_.amplitude_direction, states_.sdot);
    const T* const along = whole_tile(c_.amplitude_direction, states_.sdot);
    embedding_.embed_direction(states_.s.re, along, states_.sdot.re, size);
    std::fill_n(states_.sdot.im, size_, T{0});
  }

  void forward() {
    if (c_.request.embed) {
      embed();
    } else {
      load(c_.amplitudes, states_.s);
      if (c_.amplitudes.values == nullptr) std::fill_n(states_.s.re, lanes, T{1});
      if (tangents_) load(c_.amplitude_direction, states_.sdot);
    }
    walk_forward(c_, carrier());
  }

  void backward() {
    angles_.start(tile_, partial_);
    walk_back(c_, carrier(), [&](std::size_t o) {
      if (plan_.operations()[o].form == Form::rotations)
        angles_.add_rotations(o, numbers(o), slopes_.data(), valid_lanes_);
      else
        angles_.add_matrix(o, numbers(o), environments_, valid_lanes_);
    });
    if (!c_.amplitude_gradient.wanted) return;
    if (c_.amplitude_gradient.partial < 0)
      put_amplitude_gradient();
    else
      add_amplitude_gradient();
  }

  auto carrier() {
    return [this](MatrixTask task, std::size_t o, StateName name) { carry_out(task, o, name); };
  }

  [[nodiscard]] const Planes<T>& state(StateName name) const {
    return *std::array{&states_.s, &states_.sdot, &states_.a, &states_.adot}[static_cast<std::size_t>(name)];
  }

  void carry_out(MatrixTask task, std::size_t o, StateName name) {
    fetch_next();
    const TileOperation& operation = plan_.operations()[o];
    const OperationNumbers<T>& n = numbers(o);
    const auto& [s, sdot, a, adot] = states_;
    if (operation.form == Form::phases) {
      quantum::run(task, PhaseStep<T>{operation.phases.rows(), n.matrix.data(), n.tangent.data(), state(name),
                                      sdot, a, adot, phase_slopes(task, o), valid_lanes_});
      return;
    }
    if (operation.form == Form::rotations) {
      quantum::run(task, RotationStep<T>{&operation.groups, n.matrix.data(), n.tangent.data(), n.lanes,
                                         state(name), sdot, a, adot, slopes_.data(), valid_lanes_});
      return;
    }
    MatrixStep<T> step{
        &operation.groups, n.matrix.data(), n.tangent.data(), n.lanes, state(name), sdot, a, adot};
    step.samples = valid_lanes_;
    if (goes_back(task)) environments_.reset(step, operation.dimension(), tangents_);
    quantum::run(task, structure_of(operation), step);
  }

  [[nodiscard]] double* phase_slopes(MatrixTask task, std::size_t o) const {
    return goes_back(task) ? partial_ + c_.phase_slopes[o] : nullptr;
  }

  // Of samples' own amplitudes. The states are back at the embedded ones; the last of them takes a narrow
  // tile's gradient before it is cut.
  void put_amplitude_gradient() {
    T* const last = (tangents_ ? states_.adot : states_.a).re;
    T* const own = c_.amplitude_gradient.samples + static_cast<std::size_t>(tile_) * size_;
    T* const to = narrow_tile() ? last : own;
    if (c_.request.embed && tangents_)
      embedding_.pull_back_tangent(states_, to, plan_.amplitudes());
    else if (c_.request.embed)
      embedding_.pull_back(states_.s, states_.a, to, plan_.amplitudes());
    else
      std::transform(last, last + size_, to, [](T slope) { return 2 * slope; });
    if (narrow_tile()) narrow(last, own, plan_.amplitudes(), valid_lanes_);
  }

  // Of amplitudes that all samples share.
  void add_amplitude_gradient() {
    const T* from = tangents_ ? states_.adot.re : states_.a.re;
    for (std::int64_t r = 0; r < plan_.amplitudes(); ++r) {
      for (int lane = 0; lane < valid_lanes_; ++lane) {
        partial_[c_.amplitude_gradient.partial + r] += 2 * static_cast<double>(from[r * lanes + lane]);
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
  std::span<const T> next_;     // of what the next tile begins with: not yet asked for
  std::size_t next_share_ = 0;  // asked for with each operation
  double* partial_ = nullptr;
  std::shared_ptr<std::byte> memory_;
  TileStates<T> states_;
  Embedding<T, tile_lanes> embedding_;
  std::pmr::vector<AngleSource<T>> sources_;
  std::vector<OperationNumbers<T>> numbers_;
  TileReadout<T> readout_;
  AngleGradients<T> angles_;
  Environments<T> environments_;
  std::array<T, most_joint_qubits * stride> slopes_{};  // of rotations: [qubit][lanes]
};

}  // namespace moonstill::quantum
