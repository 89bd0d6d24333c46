// Rotations RY of different qubits that stand together, as one: a pass over the state turns up to three
// qubits. RY(theta) = exp(theta / 2 J) with J = ((0, -1), (1, 0)), so angles of one qubit add up, and the
// derivative in an angle is J / 2 times the rotated state, whatever the angle.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/lowering.hpp"
#include "engine/quantum/numbers.hpp"

namespace moonstill::quantum {

/// The angles that add up to an operation which is a rotation RY of one qubit; none when it is something
/// else.
[[nodiscard]] std::optional<std::vector<Angle>> rotation_angles(const LoweredOperation& operation);

class Rotations {
 public:
  /// The qubit's rotation by the sum of the angles. The qubit must not be among qubits() yet.
  void add(int qubit, const std::vector<Angle>& angles);

  [[nodiscard]] const std::vector<int>& qubits() const { return qubits_; }
  [[nodiscard]] bool full() const { return qubits_.size() == most_joint_qubits; }
  [[nodiscard]] bool turns(int qubit) const;
  /// The elements of inputs that the angles depend on.
  [[nodiscard]] std::vector<Parameter> parameters() const;

  /// cos and sin of the half angles as [qubit][cos, sin][lanes] in `matrix`, and the half angles' change
  /// along the direction as [qubit][lanes] in `tangent`.
  template <class T>
  void evaluate(std::span<const AngleSource<T>> sources, int lanes, OperationNumbers<T>& out) const;

  /// Calls visit(parameter, position among qubits(), dangle/dparameter).
  template <class Visit>
  void each_parameter(Visit&& visit) const {
    for (const Share& share : shares_) {
      if (!share.angle.is_constant())
        visit(Parameter{share.angle.input, share.angle.slot}, share.position, share.angle.scale);
    }
  }

 private:
  struct Share {
    Angle angle;
    std::size_t position;
  };

  std::vector<int> qubits_;
  std::vector<Share> shares_;
};

}  // namespace moonstill::quantum
