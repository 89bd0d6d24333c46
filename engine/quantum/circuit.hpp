// A circuit is plain data: how many qubits, which inputs, which operations. Plans are compiled from it
// (plan.hpp, state_plan.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/quantum/gates.hpp"
#include "engine/quantum/observable.hpp"
#include "engine/tensor/shape.hpp"

namespace moonstill::quantum {

inline constexpr int max_qubits = 24;

/// A gate's angle: offset, or scale * input[slot] + offset.
struct Angle {
  int input = -1;  // -1: a constant
  std::int64_t slot = 0;
  double scale = 1;
  double offset = 0;

  static Angle constant(double value) { return {-1, 0, 0, value}; }
  [[nodiscard]] bool is_constant() const { return input < 0; }
  friend bool operator==(const Angle&, const Angle&) = default;
};

struct Operation {
  const Gate* gate = nullptr;  // a row of the table, or nullptr:
  ComplexMatrix matrix;        // a unitary of the user's own
  std::vector<int> qubits;     // as the row orders them; the first is the most significant of the matrix
  std::vector<int> controls;   // further qubits, all of which must be 1
  std::vector<Angle> angles;

  [[nodiscard]] std::string_view name() const { return gate == nullptr ? "unitary" : gate->name; }
  /// Qubits that control, and those that the matrix acts on.
  [[nodiscard]] std::vector<int> all_controls() const;
  [[nodiscard]] std::vector<int> targets() const;
};

/// An array of angles that is given at the call.
struct CircuitInput {
  std::string name;
  Shape shape;
};

class Plan;
class PlanCache;

class Circuit {
 public:
  /// 1 to 24 qubits. Errors number the qubits from `first_number`; the functions here count from 0.
  explicit Circuit(int qubits, int first_number = 0);

  /// Declares an input of the given shape and returns its number.
  int add_input(std::string name, const Shape& shape);

  /// Starts in the state whose amplitudes are input `input` (2^n numbers), divided by its 2-norm. First of
  /// all operations, at most once; that input then gives no angles.
  Circuit& amplitudes(int input);

  /// Appends a gate. `qubits` are controls and targets in the row's order. Throws Error when the numbers of
  /// qubits or angles are not the row's, or a qubit is out of range or named twice.
  Circuit& add(const Gate& gate, std::vector<int> qubits, std::vector<Angle> angles = {},
               std::vector<int> controls = {});

  /// Appends a 2^k x 2^k matrix on k qubits. Throws Error{numeric} saying how far it is from unitary.
  Circuit& unitary(ComplexMatrix matrix, std::vector<int> qubits, std::vector<int> controls = {});

  /// One rotation (rx, ry, rz or phase) on each qubit from the input's numbers in turn, of which there are n
  /// at most.
  Circuit& angles(const Gate& gate, int input);

  /// Strongly entangling layers (Schuld et al., arXiv 1804.00633) from an input [layers, n, 3]: in layer l a
  /// Rot on each qubit, then a ring of CNOTs of range l mod (n - 1) + 1.
  Circuit& strongly_entangling(int input);

  [[nodiscard]] int qubits() const { return qubits_; }
  [[nodiscard]] int first_number() const { return first_number_; }
  [[nodiscard]] std::int64_t amplitude_count() const { return std::int64_t{1} << qubits_; }
  [[nodiscard]] std::span<const CircuitInput> inputs() const { return inputs_; }
  [[nodiscard]] std::span<const Operation> operations() const { return operations_; }
  /// The input that gives the amplitudes, or -1.
  [[nodiscard]] int amplitude_input() const { return amplitude_input_; }

  /// The compiled plan for a readout (plan_cache.hpp), made once and kept with the circuit.
  [[nodiscard]] PlanCache& plans() const { return *plans_; }

 private:
  Circuit& append(Operation operation);
  void check_qubits(std::string_view what, std::span<const int> qubits, std::span<const int> controls) const;
  void check_angle(std::string_view what, const Angle& angle) const;
  void check_input(const char* what, int input) const;

  int qubits_;
  int first_number_;
  int amplitude_input_ = -1;
  std::vector<CircuitInput> inputs_;
  std::vector<Operation> operations_;
  std::shared_ptr<PlanCache> plans_;
};

/// Throws Error{range} unless each of `qubits` is in 0..n-1 and named once. Texts count from `first_number`.
void check_qubits(std::string_view what, std::span<const int> qubits, int n, int first_number);

}  // namespace moonstill::quantum
