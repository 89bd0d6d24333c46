// What quantum hardware would have had to execute for the numbers that the simulator gives.
//
// One execution is one circuit with its numbers put in, for one sample, measured in one setting: a basis for
// each qubit, repeated for as many shots as one likes. A setting reads all observables that it fits at once:
// Pauli words and probabilities by qubit-wise commutation (Verteletskyi, Yen and Izmaylov, arXiv 1907.03358;
// first fit in the readout's order), Hermitian matrices in their eigenbasis, those on disjoint qubits
// together. S is the number of settings of a readout. For each sample,
//
// values        S.
// angles        Parameter shift (Mitarai et al., arXiv 1803.00745; Schuld et al., arXiv 1811.11184): S for
//               each term of each gate angle that depends on a wanted input; R = 2 terms, or 4 for controlled
//               rotations (Anselmetti et al., arXiv 2104.05695). An input that k gates use is shifted k
//               times.
// inputs        2^n real amplitudes are prepared by 2^n - 1 RY rotations (Mottonen et al., quant-ph/0407010),
//               whose angles are functions of the amplitudes: these are shifted as the others are, R = 2.
// hermitians    dF/dO_k is the state of O_k's qubits, by tomography in the 3^k bases of k qubits (James et
//               al., quant-ph/0103121): T settings, one tomography for all matrices on disjoint qubits.
// second order  Two shifts (Mari, Bromley and Killoran, arXiv 2008.06517): for each pair of different angles
//               of which the Hessian has an entry that is asked for, R R' S; for an angle with itself
//               (R - 1) S (the frequencies are known), and for all of these S once, without a shift; for an
//               angle and Hermitian entries R T.
//
// Derivatives of the values along a direction, and rows of the Hessian along weights, are first derivatives.
// Weights cost nothing: one setting reads all outputs. What is asked for twice is counted twice, so a jvp,
// which transposes a vjp, counts both; but a checkpoint's second run counts nothing: hardware would keep the
// few numbers of the first one. How states are kept, tiles and routes make no difference.
//
// Not in the model: noise, numbers of shots that differ from circuit to circuit, depth and preparation time,
// several circuits side by side on one device.
#pragma once

#include <cstdint>

#include "engine/quantum/sweep.hpp"

namespace moonstill::quantum {

/// Numbers of executions by what they are for. Whole, and exact up to 2^53.
struct Executions {
  double values = 0;
  double angles = 0;
  double inputs = 0;
  double hermitians = 0;
  double second_order = 0;

  Executions& operator+=(const Executions& more);
  friend bool operator==(const Executions&, const Executions&) = default;
};

/// Settings that read all observables.
[[nodiscard]] int settings(const Readout& readout);

/// Settings of a tomography of the qubits of each Hermitian whose input is flagged.
[[nodiscard]] double tomography_settings(const Readout& readout, const std::vector<bool>& inputs);

/// For the values of so many samples.
[[nodiscard]] Executions value_executions(const Readout& readout, std::int64_t samples);

/// For derivatives in the wanted parts of the directional derivative along the directed ones, `values`
/// standing for the weights: the gradient is what is wanted along the weights alone.
[[nodiscard]] Executions derivative_executions(const Circuit& circuit, const Readout& readout,
                                               std::int64_t samples, const SweepRequest& wanted,
                                               const SweepRequest& directed);

/// Counts what this thread's primitives would have executed, from its making to its end.
class ExecutionCounter {
 public:
  ExecutionCounter();
  ~ExecutionCounter();
  ExecutionCounter(const ExecutionCounter&) = delete;
  ExecutionCounter& operator=(const ExecutionCounter&) = delete;

  /// The one that counts now, or nullptr: also while a checkpoint runs again.
  [[nodiscard]] static ExecutionCounter* current() noexcept;

  void add(const Executions& executions) { sum_ += executions; }
  /// What was counted since the last time.
  Executions take();

 private:
  Executions sum_;
};

}  // namespace moonstill::quantum
