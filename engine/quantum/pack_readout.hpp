// What a pack's states give: expectation values, the Hermitians' gradients, and the seeds of the adjoint
// states. Observables are of one qubit each.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/quantum/pack.hpp"
#include "engine/quantum/qubit_kernel.hpp"
#include "engine/quantum/tile_readout.hpp"

namespace moonstill::quantum {

template <class T>
class PackReadout {
  static constexpr auto pitch = static_cast<std::size_t>(tile_lanes);
  static constexpr int W = vector_lanes<T>;
  using Vector = Lanes<T, W>;
  using Kernel = QubitKernel<T>;
  using Parts = typename Kernel::Parts;
  using JointParts = std::array<Parts, most_joint_qubits>;  // of the members of a LocalHermitians
  using LocalNumbers = std::array<T, most_joint_qubits * local_parts * pitch>;  // [qubit][part][lanes]

 public:
  explicit PackReadout(const TileContext<T>& context)
      : c_(context), plan_(context.plan), tangents_(context.request.tangents) {}

  /// Values, where they are wanted, and the Hermitians' gradients, which need no adjoint state, added to
  /// `partial`.
  void read(const TileStates<T>& states, const Pack& pack, double* partial) {
    states_ = states;
    pack_ = pack;
    partial_ = partial;
    values_.assign(static_cast<std::size_t>(plan_.outputs()) * W, T{0});
    for (const LocalHermitians& local : plan_.local_hermitians()) {
      if (is_read(c_, local)) read_local(local);
    }
  }

  /// [outputs][lanes]: in all lanes of each sample.
  [[nodiscard]] const std::vector<T>& values() const { return values_; }

  /// Of the states that were read: a = sum_k c_k O_k s, and its change.
  void seed() {
    bool sets = true;
    for (const LocalHermitians& local : plan_.local_hermitians()) {
      JointParts matrices;
      JointParts rates;
      for (std::size_t q = 0; q < local.members.size(); ++q) weigh(local.members[q], matrices[q], rates[q]);
      seed_local(local, matrices, states_.s, states_.a, sets);
      if (tangents_) {
        seed_local(local, matrices, states_.sdot, states_.adot, sets);
        seed_local(local, rates, states_.s, states_.adot, false);
      }
      sets = false;
    }
  }

 private:
  [[nodiscard]] const PackRows& rows_of(const LocalHermitians& local) const {
    return local.pack_rows[pack_.row_bits<T>()];
  }

  [[nodiscard]] Kernel kernel_of(std::size_t hermitian) const {
    return {plan_.hermitians()[hermitian].qubit_rows, plan_.qubits(), pack_.sample_bits};
  }

  void read_local(const LocalHermitians& local) {
    JointParts densities;
    JointParts changes;
    for (const std::size_t q : rows_of(local).rest) {
      const Kernel kernel = kernel_of(local.members[q]);
      densities[q] = kernel.read(states_.s);
      if (tangents_) changes[q] = kernel.read_tangent(states_.s, states_.sdot);
    }
    if (!rows_of(local).joint.empty()) read_joint(rows_of(local), densities, changes);
    for (std::size_t q = 0; q < local.members.size(); ++q)
      take(plan_.hermitians()[local.members[q]], local.members[q], densities[q], changes[q]);
  }

  void read_joint(const PackRows& rows, JointParts& densities, JointParts& changes) {
    LocalNumbers sums;
    LocalNumbers change_sums;
    for (const std::size_t q : rows.joint) densities[q] = changes[q] = {};
    each_class<T>(rows, pack_.sample_bits, [&](const PackGroups<T>& groups, const LaneSigns<T>& signs) {
      quantum::run(LocalRead<T, PackGroups<T>>{&groups, states_.s, states_.sdot, sums.data(),
                                               tangents_ ? change_sums.data() : nullptr, 1});
      for (std::size_t q = 0; q < rows.joint.size(); ++q) {
        add_parts(sums.data() + q * local_parts * pitch, signs[q], densities[rows.joint[q]]);
        if (tangents_)
          add_parts(change_sums.data() + q * local_parts * pitch, signs[q], changes[rows.joint[q]]);
      }
    });
    for (const std::size_t q : rows.joint) {
      for (std::size_t p = 0; p < local_parts; ++p) {
        densities[q][p] = sum_of_samples(densities[q][p]);
        if (tangents_) changes[q][p] = sum_of_samples(changes[q][p]);
      }
    }
  }

  // Over the rows of each sample.
  [[nodiscard]] Vector sum_of_samples(const Vector& v) const {
    return sum_lanes<T, W>(v, static_cast<int>(pack_.samples()));
  }

  // What columns of lanes add up, where some have the qubit the other way round.
  static void add_parts(const T* sums, const Vector& signs, Parts& to) {
    Parts parts;
    for (std::size_t p = 0; p < local_parts; ++p) parts[p] = load_lanes<T, W>(sums + p * pitch);
    turn(signs, parts);
    for (std::size_t p = 0; p < local_parts; ++p) to[p] += parts[p];
  }

  static void turn(const Vector& signs, Parts& parts) {
    const Vector low = parts[0];
    parts[0] = signs > 0 ? low : parts[1];
    parts[1] = signs > 0 ? parts[1] : low;
    parts[3] *= signs;
  }

  // From a qubit's reduced density matrices, and their changes, to its share of values and gradients.
  void take(const LoweredHermitian& item, std::size_t h, const Parts& e, const Parts& edot) {
    if (c_.request.values) {
      T* const value = values_.data() + static_cast<std::size_t>(item.output) * W;
      Vector sum = load_lanes<T, W>(value) + product(c_.hermitians[h], tangents_ ? edot : e);
      if (tangents_) sum += product(c_.hermitian_directions[h], e);
      store_lanes<T, W>(value, sum);
    }
    if (!has_gradient(c_, item)) return;
    const Vector c = once(weights(c_.weights, item.output));
    const Vector cdot = once(weights(c_.weight_direction, item.output));
    std::array<double, local_parts> sums;
    for (std::size_t p = 0; p < local_parts; ++p) {
      const Vector weighted = tangents_ ? c * edot[p] + cdot * e[p] : c * e[p];
      sums[p] = static_cast<double>(detail::add_halves<T, W>(weighted));
    }
    add_local_gradient(sums, gradient_of(c_, item, partial_));
  }

  // Re sum_ij M_ij E_ij of each sample.
  template <class Matrix>
  [[nodiscard]] static Vector product(const Matrix& matrix, const Parts& e) {
    const std::array<double, local_parts> m = local_matrix(matrix);
    const auto term = [&](std::size_t p, double factor) { return e[p] * static_cast<T>(factor * m[p]); };
    return term(0, 1) + term(1, 1) + term(2, 2) + term(3, -2);
  }

  // Of an output, in all lanes of each sample; 0 in those of none.
  [[nodiscard]] Vector weights(const Source<T>& source, int output) const {
    if (source.values == nullptr) return Vector{};
    const T* const of_tile = source.tile(static_cast<std::int64_t>(pack_.tile), static_cast<int>(tile_lanes));
    const T* const from = of_tile + static_cast<std::size_t>(output) * pitch + pack_.lane;
    const Vector lanes = load_first<T, W>(from, static_cast<int>(pack_.valid));
    return permuted_lanes<T, W>(lanes, lane_numbers<T, W>() & static_cast<int>(pack_.samples() - 1));
  }

  // What all lanes of a sample have, in one of them.
  [[nodiscard]] Vector once(const Vector& v) const {
    return first_lanes<T, W>(v, static_cast<int>(pack_.samples()));
  }

  // An observable's matrix times its weight in the scalar that is differentiated, and the change of that.
  void weigh(std::size_t h, Parts& matrix, Parts& rate) const {
    const auto m = local_matrix(c_.hermitians[h]);
    const auto mdot = local_matrix(c_.hermitian_directions[h]);
    const Vector c = weights(c_.weights, plan_.hermitians()[h].output);
    const Vector cdot = weights(c_.weight_direction, plan_.hermitians()[h].output);
    for (std::size_t p = 0; p < local_parts; ++p) {
      matrix[p] = c * static_cast<T>(m[p]);
      rate[p] = cdot * static_cast<T>(m[p]) + c * static_cast<T>(mdot[p]);
    }
  }

  // a = (or +=) sum_q M_q s
  void seed_local(const LocalHermitians& local, const JointParts& matrices, const Planes<T>& s,
                  const Planes<T>& a, bool sets) const {
    const PackRows& rows = rows_of(local);
    if (!rows.joint.empty()) seed_joint(rows, matrices, s, a, std::exchange(sets, false));
    for (const std::size_t q : rows.rest)
      kernel_of(local.members[q]).seed(matrices[q], s, a, std::exchange(sets, false));
  }

  void seed_joint(const PackRows& rows, const JointParts& matrices, const Planes<T>& s, const Planes<T>& a,
                  bool sets) const {
    LocalNumbers numbers;
    each_class<T>(rows, pack_.sample_bits, [&](const PackGroups<T>& groups, const LaneSigns<T>& signs) {
      for (std::size_t q = 0; q < rows.joint.size(); ++q) {
        Parts parts = matrices[rows.joint[q]];
        turn(signs[q], parts);
        for (std::size_t p = 0; p < local_parts; ++p)
          store_lanes<T, W>(numbers.data() + (q * local_parts + p) * pitch, parts[p]);
      }
      quantum::run(LocalSeed<T, PackGroups<T>>{&groups, numbers.data(), s, a, sets, 1});
    });
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  TileStates<T> states_{};
  Pack pack_{};
  double* partial_ = nullptr;
  std::vector<T> values_;
};

}  // namespace moonstill::quantum
