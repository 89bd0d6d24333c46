#include "engine/quantum/state_plan.hpp"

#include <algorithm>
#include <utility>

namespace moonstill::quantum {
namespace {

// Vectors that every block holds side by side where there is room: short runs waste memory bandwidth.
constexpr int least_run_bits = 2;

bool always_real(const LoweredOperation& operation) {
  if (operation.factors.empty()) return is_real(operation.constant);
  return std::ranges::all_of(operation.factors, [](const LoweredOperation::Factor& factor) {
    return factor.gate == nullptr ? is_real(ComplexMatrix(factor.constant)) : structure(*factor.gate).real;
  });
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
    : lane_bits_(lane_bits), block_bits_(block_bits), outputs_(readout.outputs()), frame_(start) {
  place(circuit);
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

Site StatePlan::site(const std::vector<int>& targets, const std::vector<int>& controls, bool diagonal) const {
  return {frame_, bits_of(targets), bits_of(controls), diagonal, lane_bits_};
}

void StatePlan::place(const Circuit& circuit) {
  for (LoweredOperation& operation : lower(circuit)) {
    if (operation.form == Form::permutation) {
      std::vector<int> targets = bits_of(operation.targets);
      std::ranges::reverse(targets);
      if (frame_.permute(operation.constant, targets, bits_of(operation.controls))) continue;
      operation.form = Form::dense;
    }
    Site where = site(operation.targets, operation.controls, operation.form == Form::diagonal);
    const bool real = always_real(operation);
    operations_.push_back({std::move(operation), std::move(where), real});
  }
}

void StatePlan::place_readout(const Readout& readout) {
  int output = 0;
  for (const Observable& observable : readout.observables()) {
    if (const auto* sum = std::get_if<PauliSum>(&observable)) {
      for (const PauliWord& word : sum->words) hermitians_.push_back(place_word(word, output));
    } else if (const auto* matrix = std::get_if<Hermitian>(&observable)) {
      hermitians_.push_back(
          {site(matrix->qubits, {}, false), matrix->matrix, matrix->input, matrix->block, output});
    } else {
      StateProbabilities item{{}, output};
      for (const int q : std::get<Probabilities>(observable).qubits)
        item.parities.push_back(frame_.row(frame_.bits() - 1 - q));
      probabilities_.push_back(std::move(item));
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
