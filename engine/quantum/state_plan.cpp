#include "engine/quantum/state_plan.hpp"

#include <algorithm>
#include <utility>

namespace moonstill::quantum {
namespace {

// Vectors that every block holds side by side where there is room: short runs waste memory bandwidth.
constexpr int least_run_bits = 2;

// Adds a term's angle where that parity has one already.
void add_term(std::vector<ParityTerm>& terms, const Parity& parity, const ParityTerm::Share& share) {
  for (ParityTerm& term : terms) {
    if (term.parity.mask != parity.mask) continue;
    const bool opposite = term.parity.offset != parity.offset;
    term.shares.push_back({share.angle, opposite ? -share.coefficient : share.coefficient});
    return;
  }
  terms.push_back({parity, {share}});
}

// Of parities, the last one first: bit 0 of a pattern.
std::vector<Bits> masks_of(std::span<const Parity> parities) {
  std::vector<Bits> masks;
  for (const Parity& parity : parities) masks.insert(masks.begin(), parity.mask);
  return masks;
}

Bits offsets_of(std::span<const Parity> parities) {
  Bits offsets = 0;
  for (const Parity& parity : parities) offsets = offsets << 1 | (parity.offset ? Bits{1} : Bits{0});
  return offsets;
}

// A place for each bit of a pattern: those of a whole pattern are sums.
std::vector<Bits> solutions(const LinearSystem& system, std::size_t bits) {
  std::vector<Bits> places;
  for (std::size_t b = 0; b < bits; ++b) places.push_back(*system.solve(Bits{1} << b));
  return places;
}

bool commutes(const ParityTerm& term, const Site& site) {
  return std::ranges::none_of(site.flips(), [&](Bits flip) { return odd(term.parity.mask & flip); });
}

// Whether all flips of a site fit into a subspace, enlarged to at most `dimension`.
bool enlarge(Subspace& subspace, const Site& site, int dimension) {
  Subspace larger = subspace;
  for (const Bits flip : site.flips()) larger.add(flip);
  if (larger.dimension() > dimension) return false;
  subspace = std::move(larger);
  return true;
}

// Fills a subspace up with the lowest bits, and lays its blocks out.
void finish(Pass& pass, int bits, int dimension) {
  Subspace& block = pass.block;
  for (int b = block.lane_bits; b < bits && block.dimension() < dimension; ++b) block.add(Bits{1} << b);
  pass.numbers = Span(block.basis);
  std::vector<Bits> bases;
  for (int b = block.lane_bits; b < bits; ++b) {
    if (std::ranges::count(block.own_bits, b) == 0) bases.push_back(Bits{1} << b);
  }
  pass.bases = Span(bases);
  for (std::size_t j = 0; j < block.basis.size(); ++j) {
    if (block.basis[j] != Bits{1} << (block.lane_bits + static_cast<int>(j))) break;
    pass.run *= 2;
  }
}

}  // namespace

StatePlan::StatePlan(const Circuit& circuit, const Readout& readout, int lane_bits, int block_bits,
                     const Frame& start)
    : lane_bits_(lane_bits), block_bits_(block_bits), frame_(start) {
  Placement whole = place(circuit, start, {}, false);
  frame_ = std::move(whole.frame);
  operations_ = std::move(whole.operations);
  compile(readout);
}

// Whole gates or parts and merged diagonals, whichever takes less arithmetic.
StatePlan::StatePlan(const Circuit& circuit, const Readout& readout, int lane_bits, int block_bits,
                     std::vector<bool> shared)
    : lane_bits_(lane_bits), block_bits_(block_bits), frame_(circuit.qubits()) {
  Placement best = place(circuit, frame_, {}, false);
  if (!shared.empty()) {
    Placement split = place(circuit, frame_, shared, true);
    if (cost(split) < cost(best)) best = std::move(split);
  }
  frame_ = std::move(best.frame);
  operations_ = std::move(best.operations);
  compile(readout);
}

void StatePlan::compile(const Readout& readout) {
  outputs_ = readout.outputs();
  place_readout(readout);
  std::vector<std::pair<Task::Kind, std::size_t>> forward, seeds, backward;
  for (std::size_t o = 0; o < operations_.size(); ++o) forward.emplace_back(Task::Kind::operation, o);
  for (std::size_t h = 0; h < hermitians_.size(); ++h) seeds.emplace_back(Task::Kind::hermitian, h);
  backward = seeds;
  backward.insert(backward.end(), forward.rbegin(), forward.rend());
  forward.insert(forward.end(), seeds.begin(), seeds.end());
  forward_ = cut(forward);
  backward_ = cut(backward);
}

std::size_t StatePlan::vectors() const { return std::size_t{1} << std::max(0, qubits() - lane_bits_); }

// Bits of the frame, that of the last qubit first.
std::vector<int> StatePlan::bits_of(const std::vector<int>& qubits) const {
  std::vector<int> bits;
  for (const int q : qubits) bits.push_back(frame_.bits() - 1 - q);
  std::ranges::reverse(bits);
  return bits;
}

auto StatePlan::place(const Circuit& circuit, const Frame& start, const std::vector<bool>& shared,
                      bool split) const -> Placement {
  Placement to{start, {}, {}, -1};
  for (LoweredOperation& operation : lower(circuit, split)) {
    if (operation.form == Form::permutation) {
      std::vector<int> targets = bits_of(operation.targets);
      std::ranges::reverse(targets);
      if (to.frame.permute(operation.constant, targets, bits_of(operation.controls))) continue;
      operation.form = Form::dense;
      operation.real = true;
    }
    const bool diagonal = operation.form == Form::diagonal;
    if (diagonal && split && merge(to, operation, shared)) continue;
    Site site(to.frame, bits_of(operation.targets), bits_of(operation.controls), diagonal, lane_bits_);
    const auto passes = [&](const ParityTerm& term) { return commutes(term, site); };
    if (!std::ranges::all_of(to.pending, passes)) flush_phases(to, lane_bits_);
    to.operations.push_back({std::move(operation), std::move(site), {}});
  }
  flush_phases(to, lane_bits_);
  for (StateOperation& operation : to.operations) {
    for (const ParityTerm& term : operation.phases) {
      for (const auto& [angle, coefficient] : term.shares) {
        if (!angle.is_constant()) operation.parameters.push_back({angle.input, angle.slot});
      }
    }
  }
  return to;
}

// Each term joins the last phases where it commutes with all that came after them, else waits for its turn.
bool StatePlan::merge(Placement& to, const LoweredOperation& diagonal,
                      const std::vector<bool>& shared) const {
  for (const Parameter& parameter : diagonal.parameters) {
    if (!shared[static_cast<std::size_t>(parameter.input)]) return false;
  }
  const std::vector<DiagonalTerm> terms = diagonal_terms(diagonal);
  for (const DiagonalTerm& term : terms) {
    Parity parity;
    for (const int q : term.qubits) parity = parity ^ to.frame.row(frame_.bits() - 1 - q);
    const ParityTerm::Share share{term.angle, term.coefficient};
    const auto after = std::span(to.operations).subspan(static_cast<std::size_t>(to.last_phases + 1));
    const bool joins = to.last_phases >= 0 && std::ranges::all_of(after, [&](const StateOperation& o) {
                         return commutes({parity, {}}, o.site);
                       });
    add_term(joins ? to.operations[static_cast<std::size_t>(to.last_phases)].phases : to.pending, parity,
             share);
  }
  return !terms.empty();
}

void StatePlan::flush_phases(Placement& to, int lane_bits) {
  if (to.pending.empty()) return;
  StateOperation operation{{}, Site({}, 0, lane_bits), std::move(to.pending)};
  operation.form = Form::phases;
  to.pending.clear();
  to.last_phases = static_cast<int>(to.operations.size());
  to.operations.push_back(std::move(operation));
}

// Multiplications and additions for each amplitude.
double StatePlan::cost(const Placement& placement) {
  double sum = 0;
  for (const StateOperation& operation : placement.operations) {
    const double d = operation.dimension();
    const bool diagonal = operation.form != Form::dense;
    sum += diagonal ? 4 : operation.real ? 2 * d : 4 * d;
  }
  return sum;
}

StateProbabilities::StateProbabilities(std::span<const Parity> parities, int qubits, int output)
    : StateProbabilities(parities, LinearSystem(masks_of(parities), qubits), output) {}

StateProbabilities::StateProbabilities(std::span<const Parity> parities, const LinearSystem& system,
                                       int output)
    : patterns(std::size_t{1} << parities.size()),
      offsets(offsets_of(parities)),
      firsts(solutions(system, parities.size())),
      kernel(system.kernel()),
      output(output) {}

void StatePlan::place_readout(const Readout& readout) {
  int output = 0;
  for (const Observable& observable : readout.observables()) {
    if (const auto* sum = std::get_if<PauliSum>(&observable)) {
      for (const PauliWord& word : sum->words) hermitians_.push_back(place_word(word, output));
    } else if (const auto* matrix = std::get_if<Hermitian>(&observable)) {
      hermitians_.push_back({Site(frame_, bits_of(matrix->qubits), {}, false, lane_bits_), matrix->matrix,
                             matrix->input, matrix->block, output});
    } else {
      std::vector<Parity> parities;
      for (const int q : std::get<Probabilities>(observable).qubits)
        parities.push_back(frame_.row(frame_.bits() - 1 - q));
      probabilities_.emplace_back(parities, qubits(), output);
    }
    output += output_count(observable);
  }
}

// (P s)[place] = factor * (-1)^sign(place) * s[place ^ flip].
StateHermitian StatePlan::place_word(const PauliWord& word, int output) const {
  Parity sign;
  Bits flip = 0;
  std::complex<double> factor = word.coefficient;
  for (const auto& [qubit, axis] : word.factors) {
    const int bit = frame_.bits() - 1 - qubit;
    if (axis != 'Z') flip ^= frame_.flip(bit);
    if (axis != 'X') sign = sign ^ frame_.row(bit);
    if (axis == 'Y') factor *= std::complex<double>(0, 1);
  }
  if (odd(sign.mask & flip)) factor = -factor;
  ComplexMatrix matrix(2);
  matrix(0, flip == 0 ? 0 : 1) = factor;
  matrix(1, flip == 0 ? 1 : 0) = -factor;
  return {Site(sign, flip, lane_bits_), std::move(matrix), -1, 0, output};
}

const Site& StatePlan::site_of(Task::Kind kind, std::size_t index) const {
  return kind == Task::Kind::operation ? operations_[index].site : hermitians_[index].site;
}

// Tasks in their order, a new pass where the flips of one more task do not fit into the block.
std::vector<Pass> StatePlan::cut(const std::vector<std::pair<Task::Kind, std::size_t>>& tasks) const {
  const int bits = std::max(frame_.bits(), lane_bits_);
  const int dimension = std::min(block_bits_, bits) - lane_bits_;
  Subspace start{lane_bits_, {}, {}};
  for (int b = 0; b < least_run_bits && b < dimension / 2; ++b) start.add(Bits{1} << (lane_bits_ + b));
  std::vector<Pass> passes;
  for (std::size_t next = 0; next < tasks.size() || passes.empty();) {
    Pass pass;
    pass.block = start;
    const std::size_t first = next;
    while (next < tasks.size() &&
           enlarge(pass.block, site_of(tasks[next].first, tasks[next].second), dimension))
      ++next;
    // One that fits into no block has a larger one to itself.
    if (next == first && next < tasks.size()) {
      enlarge(pass.block, site_of(tasks[next].first, tasks[next].second), bits);
      ++next;
    }
    finish(pass, bits, dimension);
    for (std::size_t t = first; t < next; ++t) {
      const auto& [kind, index] = tasks[t];
      const Site& site = site_of(kind, index);
      Task task{kind, index, {}, {}};
      if (site.flips().size() <= 2)
        task.site.emplace(site, pass.block);
      else
        task.wide.emplace(site, pass.block);
      pass.tasks.push_back(std::move(task));
    }
    passes.push_back(std::move(pass));
  }
  return passes;
}

}  // namespace moonstill::quantum
