#include "engine/quantum/phases.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numeric>

#include "engine/core/scratch.hpp"
#include "engine/tensor/vector_math.hpp"

namespace moonstill::quantum {
namespace {

// A gate of k qubits has 2^k terms.
constexpr std::size_t most_qubits = 3;
constexpr double negligible = 1e-15;

// Rows whose phases are found together, and what a row's sine and cosine take, in additions.
constexpr std::size_t block = 128;
constexpr std::size_t sine_work = 16;

// The phases of a diagonal matrix at angle 1: what they are at each angle, divided by it.
std::vector<double> generators(const LoweredOperation& operation) {
  ComplexMatrix m = operation.constant;
  if (!operation.factors.empty()) {
    constexpr double one = 1;
    m = ComplexMatrix(operation.factors[0].gate->value(&one));
  }
  std::vector<double> out;
  out.reserve(static_cast<std::size_t>(m.dimension));
  for (int i = 0; i < m.dimension; ++i) out.push_back(std::arg(m(i, i)));
  return out;
}

// sums[r] += factor * signs[r]. Inlined, the compiler would turn rows and patterns around and gather signs.
[[gnu::noinline]] void add_signs(double factor, std::span<const float> signs, std::span<double> sums) {
  for (std::size_t r = 0; r < sums.size(); ++r) sums[r] += factor * static_cast<double>(signs[r]);
}

bool odd(std::size_t bits) { return (std::popcount(bits) & 1) != 0; }

}  // namespace

bool PhaseTerm::commutes_with(const Groups& groups) const {
  for (std::size_t g = 0; g < groups.count(); ++g) {
    const std::uint32_t* rows = groups.rows(g);
    for (int p = 1; p < groups.dimension(); ++p) {
      if (signs[rows[p]] != signs[rows[0]]) return false;
    }
  }
  return true;
}

void Phases::add(const PhaseTerm& term) {
  const auto found = std::ranges::find(patterns_, term.signs);
  const auto pattern = static_cast<std::size_t>(found - patterns_.begin());
  if (found == patterns_.end()) patterns_.push_back(term.signs);
  shares_.push_back({term.angle, term.coefficient, pattern});
}

std::vector<Parameter> Phases::parameters() const {
  std::vector<Parameter> out;
  for (const Share& share : shares_) {
    if (!share.angle.is_constant()) out.push_back({share.angle.input, share.angle.slot});
  }
  return out;
}

template <class T>
void Phases::evaluate(std::span<const AngleSource<T>> sources, std::size_t part,
                      OperationNumbers<T>& out) const {
  Scratch<1 << 12> scratch;
  std::pmr::vector<double> angles(patterns_.size(), scratch.memory());
  std::pmr::vector<double> rates(patterns_.size(), scratch.memory());
  for (const Share& share : shares_) {
    double angle = share.angle.offset;
    if (!share.angle.is_constant()) {
      const AngleSource<T>& source = sources[static_cast<std::size_t>(share.angle.input)];
      angle += share.angle.scale * source.value(share.angle.slot, 0);
      rates[share.pattern] += share.coefficient * share.angle.scale * source.along(share.angle.slot, 0);
    }
    angles[share.pattern] += share.coefficient * angle;
  }
  const bool change = std::ranges::any_of(rates, [](double rate) { return rate != 0; });
  const std::size_t end = rows() * (part + 1) / parts;
  for (std::size_t first = rows() * part / parts; first < end; first += block) {
    const std::size_t length = std::min(block, end - first);
    evaluate_rows(angles, first, length, out.matrix.data());
    if (change) evaluate_changes(rates, first, length, out.tangent.data());
  }
}

std::int64_t Phases::work() const {
  return static_cast<std::int64_t>(rows() / parts * (patterns_.size() + sine_work));
}

template <class T>
void Phases::reserve(OperationNumbers<T>& out) const {
  out.lanes = 1;
  out.matrix.resize(2 * rows());
  out.tangent.assign(rows(), T{0});
}

template <class T>
void Phases::evaluate_rows(std::span<const double> angles, std::size_t first, std::size_t length,
                           T* matrix) const {
  std::array<double, block> phases, sines, cosines;
  add_patterns(angles, first, std::span(phases).first(length));
  vector_math::sines_and_cosines(std::span(phases).first(length), sines.data(), cosines.data());
  for (std::size_t r = 0; r < length; ++r) {
    matrix[2 * (first + r)] = static_cast<T>(cosines[r]);
    matrix[2 * (first + r) + 1] = static_cast<T>(sines[r]);
  }
}

template <class T>
void Phases::evaluate_changes(std::span<const double> rates, std::size_t first, std::size_t length,
                              T* tangent) const {
  std::array<double, block> changes;
  add_patterns(rates, first, std::span(changes).first(length));
  for (std::size_t r = 0; r < length; ++r) tangent[first + r] = static_cast<T>(changes[r]);
}

void Phases::add_patterns(std::span<const double> factors, std::size_t first, std::span<double> sums) const {
  std::ranges::fill(sums, 0.0);
  for (std::size_t p = 0; p < patterns_.size(); ++p) {
    add_signs(factors[p], std::span(patterns_[p]).subspan(first), sums);
  }
}

std::vector<double> Phases::pattern_sums(std::span<const double> slopes) const {
  std::vector<double> sums;
  sums.reserve(patterns_.size());
  for (const std::vector<float>& signs : patterns_) {
    // Chains of additions that do not wait for one another.
    std::array<double, 8> parts{};
    std::size_t r = 0;
    for (; r + parts.size() <= slopes.size(); r += parts.size()) {
      for (std::size_t k = 0; k < parts.size(); ++k)
        parts[k] += static_cast<double>(signs[r + k]) * slopes[r + k];
    }
    for (; r < slopes.size(); ++r) parts[0] += static_cast<double>(signs[r]) * slopes[r];
    sums.push_back(std::accumulate(parts.begin(), parts.end(), 0.0));
  }
  return sums;
}

template void Phases::reserve<float>(OperationNumbers<float>&) const;
template void Phases::reserve<double>(OperationNumbers<double>&) const;
template void Phases::evaluate<float>(std::span<const AngleSource<float>>, std::size_t,
                                      OperationNumbers<float>&) const;
template void Phases::evaluate<double>(std::span<const AngleSource<double>>, std::size_t,
                                       OperationNumbers<double>&) const;

std::vector<DiagonalTerm> diagonal_terms(const LoweredOperation& operation) {
  const std::size_t size = std::size_t{1} << operation.targets.size();
  std::vector<int> all = operation.controls;
  all.insert(all.end(), operation.targets.begin(), operation.targets.end());
  const bool single =
      operation.factors.empty() || (operation.factors.size() == 1 && operation.factors[0].angles.size() == 1);
  if (!single || all.size() > most_qubits) return {};
  const std::vector<double> targets = generators(operation);
  const std::size_t patterns = std::size_t{1} << all.size();
  const auto generator = [&](std::size_t pattern) {
    return pattern < patterns - size ? 0.0 : targets[pattern - (patterns - size)];
  };
  const Angle angle = operation.factors.empty() ? Angle::constant(1) : operation.factors[0].angles[0];
  std::vector<DiagonalTerm> terms;
  for (std::size_t set = 0; set < patterns; ++set) {
    double coefficient = 0;
    for (std::size_t pattern = 0; pattern < patterns; ++pattern) {
      const double g = generator(pattern) / static_cast<double>(patterns);
      coefficient += odd(pattern & set) ? -g : g;
    }
    if (std::abs(coefficient) < negligible) continue;
    DiagonalTerm term{angle, coefficient, {}};
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (((set >> (all.size() - 1 - k)) & 1) != 0) term.qubits.push_back(all[k]);
    }
    terms.push_back(std::move(term));
  }
  return terms;
}

std::vector<PhaseTerm> phase_terms(const LoweredOperation& operation, int qubits,
                                   std::span<const std::uint32_t> places) {
  std::vector<PhaseTerm> terms;
  for (const DiagonalTerm& part : diagonal_terms(operation)) {
    std::size_t mask = 0;
    for (const int q : part.qubits) mask |= std::size_t{1} << (qubits - 1 - q);
    PhaseTerm term{part.angle, part.coefficient, std::vector<float>(std::size_t{1} << qubits)};
    for (std::size_t row = 0; row < term.signs.size(); ++row)
      term.signs[places.empty() ? row : places[row]] = odd(row & mask) ? -1.0F : 1.0F;
    terms.push_back(std::move(term));
  }
  return terms;
}

}  // namespace moonstill::quantum
