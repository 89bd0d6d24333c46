// Diagonal gates that stand together, as one: a phase for each row of a state. A diagonal gate of k qubits is
// a sum over sets of them of coefficient * angle * (-1)^(parity of the set's bits); gates that share a set
// share its signs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/quantum/groups.hpp"
#include "engine/quantum/lowering.hpp"
#include "engine/quantum/numbers.hpp"

namespace moonstill::quantum {

/// coefficient * angle * (-1)^(sum of the bits of some qubits).
struct DiagonalTerm {
  Angle angle;
  double coefficient;
  std::vector<int> qubits;
};

/// A diagonal operation as terms that add up to its phases. None when it is no single gate, or one of too
/// many qubits.
[[nodiscard]] std::vector<DiagonalTerm> diagonal_terms(const LoweredOperation& operation);

/// Adds coefficient * angle * signs[row] to the phase of each row.
struct PhaseTerm {
  Angle angle;
  double coefficient;
  std::vector<float> signs;  // +1 or -1

  /// Whether rows that an operation mixes have one sign.
  [[nodiscard]] bool commutes_with(const Groups& groups) const;
};

/// Terms added up.
class Phases {
 public:
  void add(const PhaseTerm& term);

  [[nodiscard]] std::size_t rows() const { return patterns_.empty() ? 0 : patterns_[0].size(); }
  /// The elements of inputs that the terms depend on.
  [[nodiscard]] std::vector<Parameter> parameters() const;

  /// Room for the numbers that `evaluate` fills in.
  template <class T>
  void reserve(OperationNumbers<T>& out) const;

  /// So many parts of the rows are evaluated apart, so that threads have like shares of few diagonals.
  static constexpr std::size_t parts = 2;
  /// Of a part's rows: exp(i phase) as [rows][re, im] in `matrix`, and the phases' change along the direction
  /// as [rows] in `tangent`. Shared angles only.
  template <class T>
  void evaluate(std::span<const AngleSource<T>> sources, std::size_t part, OperationNumbers<T>& out) const;

  /// What that takes, in additions.
  [[nodiscard]] std::int64_t work() const;

  /// Calls add(parameter, amount) for each element of an input: what it gains from dF/dphase of each row.
  template <class Add>
  void pull_back(std::span<const double> slopes, Add&& add) const {
    if (shares_.empty()) return;
    const std::vector<double> sums = pattern_sums(slopes);
    for (const Share& share : shares_) {
      if (!share.angle.is_constant())
        add(Parameter{share.angle.input, share.angle.slot},
            share.coefficient * share.angle.scale * sums[share.pattern]);
    }
  }

 private:
  struct Share {
    Angle angle;
    double coefficient;
    std::size_t pattern;
  };

  // Of `length` rows from the first-th on.
  template <class T>
  void evaluate_rows(std::span<const double> angles, std::size_t first, std::size_t length, T* matrix) const;
  template <class T>
  void evaluate_changes(std::span<const double> rates, std::size_t first, std::size_t length,
                        T* tangent) const;
  /// sums[r] = the sum over patterns p of factors[p] * the pattern's sign in row first + r.
  void add_patterns(std::span<const double> factors, std::size_t first, std::span<double> sums) const;

  /// Of each pattern: the slopes' sum with its signs.
  [[nodiscard]] std::vector<double> pattern_sums(std::span<const double> slopes) const;

  std::vector<std::vector<float>> patterns_;
  std::vector<Share> shares_;
};

/// Those terms over physical rows: row r lies at places[r], or at r when `places` is empty.
[[nodiscard]] std::vector<PhaseTerm> phase_terms(const LoweredOperation& operation, int qubits,
                                                 std::span<const std::uint32_t> places);

}  // namespace moonstill::quantum
