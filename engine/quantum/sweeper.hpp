// One call of a sweep: operands laid out as a route wants them, numbers of the matrices that all samples
// share, results put together from partial sums.
#pragma once

#include <algorithm>
#include <atomic>
#include <span>
#include <type_traits>
#include <vector>

#include "engine/core/scratch.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/contraction.hpp"
#include "engine/quantum/pack_sweep.hpp"
#include "engine/quantum/state_sweep.hpp"
#include "engine/quantum/tile_sweep.hpp"
#include "engine/tensor/tiling.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill::quantum {

/// Bytes of states that a sweep for values leaves at most: 16,384 of 9 qubits in f32, and their norms.
inline constexpr std::size_t most_kept_bytes = 65 << 20;
/// Some 5 microseconds of one thread, in amplitudes that an operation changes.
inline constexpr std::int64_t serial_work = 1 << 15;
/// What a sample of a pack takes at most, in samples of a tile.
inline constexpr std::int64_t packed_weight = 4;
/// From here on samples in packs are two shares, for two threads.
inline constexpr int least_shared_pack_qubits = 7;
/// Partial sums kept side by side, so that their number does not grow with the batch.
inline constexpr std::int64_t most_tile_partials = 32;
inline constexpr std::int64_t most_state_partials = 32;

/// Everything about one call that depends on the element type and the route: AnyPlan is Plan or StatePlan.
template <class T, class AnyPlan>
class Sweeper {
  static constexpr bool tiled = std::is_same_v<AnyPlan, Plan>;

 public:
  Sweeper(const Circuit& circuit, const Readout& readout, const Batch& batch,
          std::shared_ptr<const AnyPlan> plan, const SweepPoint& point, const SweepPoint& direction,
          const SweepRequest& request)
      : circuit_(circuit),
        readout_(readout),
        batch_(batch),
        tiled_amplitudes_(point.amplitudes && point.amplitudes.tiled()),
        plan_(std::move(plan)),
        context_{*plan_, request, scratch_.memory()} {
    context_.samples = batch_.samples;
    take_angles(point, direction);
    context_.amplitudes = amplitude_source(point.amplitudes);
    context_.amplitude_direction = amplitude_source(direction.amplitudes);
    const Shape outputs{plan_->outputs()};
    context_.weights = widened_source(point.weights, outputs);
    context_.weight_direction = widened_source(direction.weights, outputs);
    take_hermitians(point.hermitians, context_.hermitians, true);
    take_hermitians(request.tangents ? direction.hermitians : std::vector<Tensor>(),
                    context_.hermitian_directions, false);
    mark_operations(context_.varies, [&](std::size_t input) { return !context_.angles[input].shared; });
    mark_operations(context_.directed,
                    [&](std::size_t input) { return context_.angle_directions[input].values != nullptr; });
    prepare_numbers();
  }

  SweepResult run(const SweepPoint& point, const SweepPoint& direction) {
    make_destinations(point);
    const Parts parts = divide();
    if constexpr (tiled) {
      if (contracts()) return run_contracted(point, direction, parts);
      share_states();
    }
    std::pmr::vector<double> partials(static_cast<std::size_t>(parts.count() * partial_count_), 0.0,
                                      scratch_.memory());
    if constexpr (tiled)
      run_tiles(parts, partials);
    else
      run_states(parts, partials);
    return finish(partials, static_cast<std::size_t>(parts.count()));
  }

  Tensor states() {
    const std::int64_t size = plan_->amplitudes();
    Tensor out = Tensor::empty(batched(Shape{size, 2}), dtype_of<T>());
    T* to = out.write<T>().data();
    if constexpr (tiled) {
      const std::int64_t tiles = (batch_.samples + tile_lanes - 1) / tile_lanes;
      const auto grain = static_cast<std::size_t>(serial_work / (tile_lanes * sample_work()) + 1);
      parallel_for(static_cast<std::size_t>(tiles), grain, [&](std::size_t begin, std::size_t end) {
        TileSweep<T> sweep(context_);
        for (auto tile = static_cast<std::int64_t>(begin); tile < static_cast<std::int64_t>(end); ++tile)
          give_states(sweep.run_forward(tile).s, tile, to);
      });
    } else {
      const auto phases = phase_tables(context_);
      StateSweep<T> sweep(context_, phases);
      for (std::int64_t sample = 0; sample < batch_.samples; ++sample)
        sweep.run_forward(sample, to + sample * size * 2);
    }
    return out;
  }

 private:
  // What has a partial sum of its own, whatever the threads: chunks of tiles, or of states, and two
  // shares of the last samples, which go in packs.
  struct Parts {
    std::int64_t tiles, chunk, packed;
    std::int64_t first_share;  // of the packed samples

    [[nodiscard]] std::int64_t chunks() const { return (tiles + chunk - 1) / chunk; }
    [[nodiscard]] std::int64_t shares() const { return packed == 0 ? 0 : first_share < packed ? 2 : 1; }
    [[nodiscard]] std::int64_t count() const { return chunks() + shares(); }
  };

  [[nodiscard]] Parts divide() const {
    const std::int64_t lanes = plan_->sample_lanes();
    const bool inside = !tiled && threads_share_states(circuit_.qubits());
    const std::int64_t most = tiled ? most_tile_partials : inside ? 1 : most_state_partials;
    const std::int64_t packed = packed_samples();
    const std::int64_t tiles = (batch_.samples - packed + lanes - 1) / lanes;
    return {tiles, std::max<std::int64_t>(1, (tiles + most - 1) / most), packed, first_share_of(packed)};
  }

  // All of a pair, and of small states, which take no longer in one pack than in two. Else about half of
  // them, which leaves threads with like shares: full packs where a single sample is left over, an even
  // number else.
  [[nodiscard]] std::int64_t first_share_of(std::int64_t packed) const {
    constexpr std::int64_t full = most_pack_samples;
    if (packed < 3 || circuit_.qubits() < least_shared_pack_qubits) return packed;
    return packed % full == 1 ? (packed / full + 1) / 2 * full : (packed + 2) / 4 * 2;
  }

  [[nodiscard]] std::int64_t packed_samples() const {
    if constexpr (tiled) {
      if (PackSweep<T>::takes(context_) && !contracts())
        return quantum::packed_samples(circuit_.qubits(), batch_.samples, context_.request.choice);
    }
    return 0;
  }

  // Threads take their shares of the tiles, and then what is left of those of the packed samples: the one
  // that has a tile less begins with them.
  void run_tiles(const Parts& parts, std::span<double> partials) {
    std::atomic<std::int64_t> taken{0};
    share(parts, [&](std::int64_t begin, std::int64_t end) {
      if (begin < end) run_chunks(TileSweep<T>(context_), parts, begin, end, partials);
      for (std::int64_t next = taken++; next < parts.shares(); next = taken++) {
        const std::int64_t middle = batch_.samples - parts.packed + parts.first_share;
        PackSweep<T>(context_).run(next == 0 ? batch_.samples - parts.packed : middle,
                                   next == 0 ? middle : batch_.samples,
                                   partial(partials, parts.chunks() + next));
      }
    });
  }

  void run_states(const Parts& parts, std::span<double> partials) {
    const auto phases = phase_tables(context_);
    share(parts, [&](std::int64_t begin, std::int64_t end) {
      run_chunks(StateSweep<T>(context_, phases), parts, begin, end, partials);
    });
  }

  template <class Sweep>
  void run_chunks(Sweep&& sweep, const Parts& parts, std::int64_t begin, std::int64_t end,
                  std::span<double> partials) {
    for (std::int64_t c = begin; c < end; ++c)
      sweep.run(c * parts.chunk, std::min(parts.tiles, (c + 1) * parts.chunk), partial(partials, c));
  }

  [[nodiscard]] double* partial(std::span<double> partials, std::int64_t part) const {
    return partials.data() + part * partial_count_;
  }

  // Calls body(first chunk, end) once for each thread that is worth waking.
  template <class Body>
  void share(const Parts& parts, Body&& body) const {
    const std::int64_t samples = parts.tiles * plan_->sample_lanes() + packed_weight * parts.packed;
    const std::int64_t most = std::max<std::int64_t>(1, samples * sample_work() / serial_work);
    const std::int64_t ranges = std::min({most, std::int64_t{thread_count()}, parts.count()});
    parallel_for(static_cast<std::size_t>(ranges), 1, [&](std::size_t begin, std::size_t end) {
      body(parts.chunks() * static_cast<std::int64_t>(begin) / ranges,
           parts.chunks() * static_cast<std::int64_t>(end) / ranges);
    });
  }

  // A tile's states, [2^n][re, im] of each sample in the order of basis states.
  void give_states(const Planes<T>& from, std::int64_t tile, T* to) const {
    const std::int64_t size = plan_->amplitudes();
    const std::int64_t first = tile * tile_lanes;
    for (std::int64_t sample = first; sample < std::min(batch_.samples, first + tile_lanes); ++sample) {
      for (std::int64_t r = 0; r < size; ++r) {
        const std::int64_t row = plan_->places().empty() ? r : plan_->places()[static_cast<std::size_t>(r)];
        const std::int64_t at = row * tile_lanes + sample - first;
        to[(sample * size + r) * 2] = from.re[at];
        to[(sample * size + r) * 2 + 1] = from.im[at];
      }
    }
  }

  [[nodiscard]] bool contracts() const {
    const RouteChoice& choice = context_.request.choice;
    if (context_.request.embed || !context_.only_amplitudes_vary()) return false;
    if (choice.route) return *choice.route == Route::contract;
    return contraction_pays(circuit_.qubits(), batch_, plan_->cost());
  }

  void share_states() {
    const std::int64_t tiles = (batch_.samples + tile_lanes - 1) / tile_lanes;
    const SweepRequest& request = context_.request;
    if (!request.states || request.tangents) return;
    if (request.gradients()) {
      if (const Tensor& found = *request.states; found && found.dtype() == dtype_of<T>())
        context_.found_states = found.template data<T>().data();
      return;
    }
    const std::int64_t count = tiles * context_.kept_numbers();
    if (static_cast<std::size_t>(count) * sizeof(T) > most_kept_bytes) return;
    *request.states = Tensor::empty({count}, dtype_of<T>());
    context_.kept_states = request.states->template write<T>().data();
  }

  SweepResult run_contracted(const SweepPoint& point, const SweepPoint& direction, const Parts& parts) {
    const auto amplitudes = [](const Tensor& t) { return t ? t.cast(dtype_of<T>()).as_tiled() : t; };
    Contraction<T> contraction(context_, amplitudes(point.amplitudes), amplitudes(direction.amplitudes));
    const auto chunks = static_cast<std::size_t>(parts.chunks());
    const std::size_t sums = contraction.partials(chunks);
    const auto count = static_cast<std::size_t>(partial_count_);
    std::pmr::vector<double> partials(sums * count, 0.0, scratch_.memory());
    contraction.run(parts.chunk, chunks, partials.data(), count);
    return finish(partials, sums);
  }

  [[nodiscard]] Shape batched(const Shape& shape) const {
    return batch_.batched ? shape.inserted(0, batch_.samples) : shape;
  }

  // Of one sample, in amplitudes that an operation changes. Backward takes about as long as two forward, and
  // with tangents everything as long as three times.
  [[nodiscard]] std::int64_t sample_work() const {
    const SweepRequest& request = context_.request;
    const std::int64_t weight = std::int64_t{request.gradients() ? 2 : 1} * (request.tangents ? 3 : 1);
    return weight * plan_->amplitudes() * static_cast<std::int64_t>(plan_->operations().size() + 1);
  }

  // An operand laid out as the route wants it; when it is not the caller's own, held for the length of the
  // call.
  Source<T> source(const Tensor& tensor, const Shape& shape) {
    if (!tensor) return {};
    const bool shared = !batch_.batched || tensor.rank() == shape.rank();
    const Layout layout = !shared && tiled ? Layout::tiled : Layout::row_major;
    const bool fits = tensor.dtype() == dtype_of<T>() && tensor.layout() == layout;
    if (!fits) held_.push_back(tensor.cast(dtype_of<T>()).with_layout(layout));
    return {(fits ? tensor : held_.back()).template data<T>().data(), shape.count(), shared};
  }

  // The same for operands that kernels take a whole tile of: a copy of a narrow last one is made for them.
  Source<T> widened_source(const Tensor& tensor, const Shape& shape) {
    Source<T> out = source(tensor, shape);
    const std::int64_t lanes = batch_.samples % tile_lanes;
    if (!tiled || out.shared || lanes == 0) return out;
    const std::int64_t tile = batch_.samples / tile_lanes;
    Tensor& copy = held_.emplace_back(Tensor::empty({out.count, tile_lanes}, dtype_of<T>()));
    T* const to = copy.template write<T>().data();
    widen(out.tile(tile, tile_lanes), to, out.count, lanes);
    out.widened = to;
    out.widened_tile = tile;
    return out;
  }

  // Those that are embedded may be rows: a tile of them is made in the cache.
  Source<T> amplitude_source(const Tensor& tensor) {
    const Shape shape = amplitude_shape(circuit_);
    if (!context_.request.embed || !tensor || tensor.tiled()) return source(tensor, shape);
    if (tensor.dtype() != dtype_of<T>()) held_.push_back(tensor.cast(dtype_of<T>()));
    const Tensor& rows = tensor.dtype() == dtype_of<T>() ? tensor : held_.back();
    return {rows.template data<T>().data(), shape.count(), false, true};
  }

  void take_angles(const SweepPoint& point, const SweepPoint& direction) {
    context_.angles.reserve(circuit_.inputs().size());
    context_.angle_directions.reserve(circuit_.inputs().size());
    for (std::size_t i = 0; i < circuit_.inputs().size(); ++i) {
      const Shape& shape = circuit_.inputs()[i].shape;
      context_.angles.push_back(widened_source(tensor_at(point.angles, i), shape));
      context_.angle_directions.push_back(widened_source(tensor_at(direction.angles, i), shape));
    }
  }

  // The Hermitian part of each lowered observable's matrix, as [d * d][2].
  void take_hermitians(const std::vector<Tensor>& inputs, std::pmr::vector<std::pmr::vector<double>>& out,
                       bool fixed) {
    out.reserve(plan_->hermitians().size());
    for (const auto& item : plan_->hermitians()) {
      auto& m = out.emplace_back();
      if (item.input < 0) {
        for (const auto& entry : item.matrix.entries) m.insert(m.end(), {entry.real(), entry.imag()});
        if (!fixed) m.clear();
      } else if (const Tensor& tensor = tensor_at(inputs, static_cast<std::size_t>(item.input)); tensor) {
        const auto d = static_cast<std::size_t>(item.dimension());
        const T* const blocks = source(tensor, tensor.shape()).values;
        if (blocks == nullptr) continue;
        const T* const block = blocks + static_cast<std::size_t>(item.block) * d * d * 2;
        m.resize(d * d * 2);
        for (std::size_t i = 0; i < d; ++i) {
          for (std::size_t j = 0; j < d; ++j) {
            const T* ij = block + (i * d + j) * 2;
            const T* ji = block + (j * d + i) * 2;
            m[(i * d + j) * 2] = 0.5 * (static_cast<double>(ij[0]) + static_cast<double>(ji[0]));
            m[(i * d + j) * 2 + 1] = 0.5 * (static_cast<double>(ij[1]) - static_cast<double>(ji[1]));
          }
        }
      }
    }
  }

  // For each operation whether any input that it depends on is of that kind.
  template <class Kind>
  void mark_operations(std::pmr::vector<std::uint8_t>& marks, Kind&& is_kind) const {
    marks.reserve(plan_->operations().size());
    for (const auto& operation : plan_->operations()) {
      marks.push_back(std::ranges::any_of(operation.parameters, [&](const Parameter& parameter) {
        return is_kind(static_cast<std::size_t>(parameter.input));
      }));
    }
  }

  void prepare_numbers() {
    std::pmr::vector<AngleSource<T>> sources(scratch_.memory());
    context_.find_angles(0, sources);
    const Orders orders =
        context_.request.tangents || context_.request.gradients() ? Orders::derivatives : Orders::value;
    const int lanes = plan_->sample_lanes();
    context_.shared_numbers.reserve(plan_->operations().size());
    for (std::size_t o = 0; o < plan_->operations().size(); ++o) {
      const auto& operation = plan_->operations()[o];
      const bool varies = context_.varies[o] != 0;
      auto& numbers = context_.shared_numbers.emplace_back(scratch_.memory());
      if (operation.form == Form::phases) continue;
      if (operation.form == Form::rotations && !varies)
        prepare_rotations(operation, sources, numbers);
      else if (operation.parameters.empty())
        evaluate_constant(operation.constant, numbers);
      else if (!varies)
        evaluate<T>(operation, sources, 1, orders, numbers);
      numbers.lanes = varies ? lanes : 1;
    }
    if constexpr (tiled) prepare_phases(sources);
  }

  // Those of all operations together, which is enough for several threads.
  void prepare_phases(std::span<const AngleSource<T>> sources) {
    std::pmr::vector<std::size_t> places(scratch_.memory());
    std::int64_t work = 0;
    for (std::size_t o = 0; o < plan_->operations().size(); ++o) {
      const TileOperation& operation = plan_->operations()[o];
      if (operation.form != Form::phases) continue;
      operation.phases.reserve(context_.shared_numbers[o]);
      places.push_back(o);
      work = std::max(work, operation.phases.work());
    }
    share_items(std::ssize(places) * Phases::parts, work, serial_moves, [&](std::int64_t i) {
      const auto item = static_cast<std::size_t>(i);
      const std::size_t o = places[item / Phases::parts];
      plan_->operations()[o].phases.evaluate(sources, item % Phases::parts, context_.shared_numbers[o]);
    });
  }

  template <class Operation>
  void prepare_rotations(const Operation& operation, std::span<const AngleSource<T>> sources,
                         OperationNumbers<T>& numbers) {
    if constexpr (tiled) operation.rotations.evaluate(sources, 1, numbers);
  }

  // Where a gradient goes: sums over the samples begin at 0, and so does each sample's where the sweep adds
  // to it more than once.
  Destination<T> destination(bool wanted, const Source<T>& like, const Shape& shape, bool adds, Tensor& out) {
    if (!wanted) return {};
    Destination<T> to{true, -1, nullptr, shape};
    if (like.shared) {
      to.partial = partial_count_;
      partial_count_ += shape.count();
    } else {
      const Layout layout = tiled ? Layout::tiled : Layout::row_major;
      out = adds ? Tensor::zeros(batched(shape), dtype_of<T>(), layout)
                 : Tensor::empty(batched(shape), dtype_of<T>(), layout);
      to.samples = out.template write<T>().data();
    }
    return to;
  }

  void make_destinations(const SweepPoint& point) {
    const SweepRequest& request = context_.request;
    if (request.values) {
      result_.values = Tensor::empty(batched(Shape{plan_->outputs()}), dtype_of<T>(),
                                     tiled ? Layout::tiled : Layout::row_major);
      context_.values.samples = result_.values.template write<T>().data();
    }
    SweepPoint& gradients = result_.gradients;
    gradients.angles.resize(circuit_.inputs().size());
    gradients.hermitians.resize(readout_.hermitian_inputs().size());
    context_.angle_gradients.reserve(gradients.angles.size());
    context_.hermitian_gradients.reserve(gradients.hermitians.size());
    for (std::size_t i = 0; i < gradients.angles.size(); ++i) {
      const bool wanted = i < request.angles.size() && request.angles[i];
      context_.angle_gradients.push_back(
          destination(wanted, context_.angles[i], circuit_.inputs()[i].shape, true, gradients.angles[i]));
    }
    context_.amplitude_gradient = destination(request.amplitudes, context_.amplitudes,
                                              amplitude_shape(circuit_), false, gradients.amplitudes);
    for (std::size_t i = 0; i < gradients.hermitians.size(); ++i) {
      const bool wanted = i < request.hermitians.size() && request.hermitians[i];
      const Shape shape = wanted ? point.hermitians[i].shape() : Shape{};
      context_.hermitian_gradients.push_back(
          destination(wanted, Source<T>{}, shape, true, gradients.hermitians[i]));
    }
    mark_operations(context_.wanted,
                    [&](std::size_t input) { return context_.angle_gradients[input].wanted; });
    if (request.gradients()) make_phase_slopes();
  }

  // Slopes of each row's phase are summed over the samples before angles take their share.
  void make_phase_slopes() {
    if constexpr (tiled) {
      context_.phase_slopes.reserve(plan_->operations().size());
      for (const TileOperation& operation : plan_->operations()) {
        context_.phase_slopes.push_back(partial_count_);
        if (operation.form == Form::phases)
          partial_count_ += static_cast<std::int64_t>(operation.phases.rows());
      }
    }
  }

  void add_phase_gradients(std::span<double> total) const {
    if constexpr (tiled) {
      for (std::size_t o = 0; o < plan_->operations().size(); ++o) {
        const Phases& phases = plan_->operations()[o].phases;
        const auto slopes = total.subspan(static_cast<std::size_t>(context_.phase_slopes[o]), phases.rows());
        phases.pull_back(slopes, [&](const Parameter& parameter, double amount) {
          const Destination<T>& to = context_.angle_gradients[static_cast<std::size_t>(parameter.input)];
          if (to.wanted) total[static_cast<std::size_t>(to.partial + parameter.slot)] += amount;
        });
      }
    }
  }

  SweepResult finish(std::span<const double> partials, std::size_t chunks) {
    if (!context_.request.gradients()) return tiled_results();
    std::pmr::vector<double> total(static_cast<std::size_t>(partial_count_), 0.0, scratch_.memory());
    for (std::size_t c = 0; c < chunks; ++c) {
      for (std::size_t e = 0; e < total.size(); ++e) total[e] += partials[c * total.size() + e];
    }
    add_phase_gradients(total);
    const auto take = [&](const Destination<T>& from, Tensor& to) {
      if (!from.wanted || from.partial < 0) return;
      const auto sums = std::span(total).subspan(static_cast<std::size_t>(from.partial),
                                                 static_cast<std::size_t>(from.count()));
      to = Tensor::from(sums, from.shape, dtype_of<T>());
    };
    SweepPoint& gradients = result_.gradients;
    for (std::size_t i = 0; i < gradients.angles.size(); ++i) {
      take(context_.angle_gradients[i], gradients.angles[i]);
    }
    take(context_.amplitude_gradient, gradients.amplitudes);
    for (std::size_t i = 0; i < gradients.hermitians.size(); ++i) {
      take(context_.hermitian_gradients[i], gradients.hermitians[i]);
    }
    return tiled_results();
  }

  // What descends from a batch is tiled; long amplitudes may come and go as rows.
  SweepResult tiled_results() {
    if (tiled || batch_.samples == 1) return std::move(result_);
    if (result_.values) result_.values = result_.values.as_tiled();
    SweepPoint& gradients = result_.gradients;
    for (std::size_t i = 0; i < gradients.angles.size(); ++i) {
      if (gradients.angles[i] && !context_.angles[i].shared)
        gradients.angles[i] = gradients.angles[i].as_tiled();
    }
    if (gradients.amplitudes && tiled_amplitudes_) gradients.amplitudes = gradients.amplitudes.as_tiled();
    return std::move(result_);
  }

  const Circuit& circuit_;
  const Readout& readout_;
  Batch batch_;
  bool tiled_amplitudes_;
  std::shared_ptr<const AnyPlan> plan_;
  Scratch<1 << 15> scratch_;
  SweepContext<T, AnyPlan> context_;
  std::vector<Tensor> held_;
  std::int64_t partial_count_ = 0;
  SweepResult result_;
};

}  // namespace moonstill::quantum
