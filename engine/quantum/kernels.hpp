// What a matrix does to states: apply it, carry a tangent along, un-apply it while summing its environment,
// read an observable, seed the adjoint. The recurrences are those of forward and reverse sweeps with
// tangents; the environment of a and s is E_ij = sum conj(a_i) s_j.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/quantum/groups.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

/// Lanes that go through a kernel together. Of vectors shorter than 32 bytes, the compiler takes two.
template <class T>
inline constexpr int vector_lanes = std::max(vector_bytes, 32) / static_cast<int>(sizeof(T));
template <class T>
inline constexpr int vector_bits = std::countr_zero(static_cast<unsigned>(vector_lanes<T>));

/// Calls body(first lane) for vectors of W lanes that together hold all samples of a tile. A vector's place
/// is a constant to the compiler.
template <int W, class Body>
[[gnu::always_inline]] inline void each_vector(int samples, Body&& body) {
  for (int lane = 0; lane < tile_lanes; lane += W) {
    if (lane == 0 || lane < samples) body(lane);
  }
}

/// A state: real parts and imaginary parts, each [rows][tile_lanes], or [rows][samples] in a pack.
template <class T>
struct Planes {
  T* re = nullptr;
  T* im = nullptr;
};

/// The states of a tile; those that a request does not need are absent.
template <class T>
struct TileStates {
  Planes<T> s, sdot, a, adot;
};

enum class MatrixTask {
  apply,               // s <- M s
  apply_adjoint,       // s <- M^H s
  forward_tangent,     // sdot <- M sdot + Mdot s;  s <- M s
  backward,            // s <- M^H s;  E += env(a, s);  a <- M^H a
  backward_tangent,    // the same with tangents of everything
  gather,              // E += env(s, s)
  gather_tangent,      // E += env(s, s);  Edot += env(sdot, s) + env(s, sdot)
  accumulate,          // a += M s
  accumulate_tangent,  // a += M s;  adot += M sdot + Mdot s
};

[[nodiscard]] constexpr bool goes_back(MatrixTask task) {
  return task == MatrixTask::backward || task == MatrixTask::backward_tangent;
}

/// What a matrix is known to be: only its diagonal, or only real parts, are then read, and given to
/// environments; a Hermitian one has a real diagonal.
enum class Structure { dense, diagonal, real, hermitian };

/// One task over all groups, on the first `samples` lanes at least. Matrices are [d * d][2][matrix_lanes],
/// environments [d * d][2][tile_lanes] (added to).
template <class T>
struct MatrixStep {
  const Groups* groups;
  const T* matrix = nullptr;
  const T* tangent = nullptr;
  int matrix_lanes = 1;  // 1: the same matrix in all lanes; else tile_lanes
  Planes<T> s{}, sdot{}, a{}, adot{};
  T* environment = nullptr;
  T* environment_tangent = nullptr;
  int samples = static_cast<int>(tile_lanes);
};

/// Carries a task out. Matrices of 2 and 4 rows are unrolled.
template <class T>
void run(MatrixTask task, Structure structure, const MatrixStep<T>& step);

extern template void run<float>(MatrixTask, Structure, const MatrixStep<float>&);
extern template void run<double>(MatrixTask, Structure, const MatrixStep<double>&);

/// One task over all rows and as many lanes, for phases: s <- exp(i phase) s, and so on. The backward tasks
/// add dF/dphase = -2 Im conj(a) s of each row (with tangents: its change), summed over samples, to `slopes`.
template <class T>
struct PhaseStep {
  std::size_t rows;
  const T* phases;  // exp(i phase): [rows][re, im]
  const T* rates;   // the phases' change along the direction: [rows]
  Planes<T> s, sdot, a, adot;
  double* slopes;  // [rows]
  int samples;
};

template <class T>
void run(MatrixTask task, const PhaseStep<T>& step);

extern template void run<float>(MatrixTask, const PhaseStep<float>&);
extern template void run<double>(MatrixTask, const PhaseStep<double>&);

/// Rotations RY, or observables, of this many qubits at most go through a state together: as many as
/// registers hold.
inline constexpr std::size_t most_joint_qubits = vector_bytes == 64 ? 3 : 2;

/// Groups of a pack's vectors (PackRows): [groups][dimension], and the lane that each lane exchanges with at
/// each position.
template <class T>
struct PackGroups {
  std::size_t dimension;
  std::span<const std::uint32_t> vectors;
  std::array<Lanes<WholeNumber<T>, vector_lanes<T>>, std::size_t{1} << most_joint_qubits> exchanges;
  bool exchanged = false;  // any of them
};

/// One task over all groups and as many lanes, for rotations of as many qubits as a group has targets.
/// `turns` is [qubit][cos, sin of the half angle][lanes], `rates` the half angles' change along the
/// direction, [qubit][lanes]. `slopes` takes dF/dangle = Re <a, J s> of each qubit and lane (with tangents:
/// its change), which the backward tasks set.
template <class T, class AnyGroups = Groups>
struct RotationStep {
  const AnyGroups* groups;
  const T* turns;
  const T* rates;
  int lanes;  // 1: the same angles in all lanes; else as many as the groups' vectors or tiles have
  Planes<T> s, sdot, a, adot;
  T* slopes;  // [qubit][tile_lanes]
  int samples;
};

template <class T>
void run(MatrixTask task, const RotationStep<T>& step);
template <class T>
void run(MatrixTask task, const RotationStep<T, PackGroups<T>>& step);

extern template void run<float>(MatrixTask, const RotationStep<float>&);
extern template void run<double>(MatrixTask, const RotationStep<double>&);
extern template void run<float>(MatrixTask, const RotationStep<float, PackGroups<float>>&);
extern template void run<double>(MatrixTask, const RotationStep<double, PackGroups<double>>&);

/// Hermitian matrices of one qubit, and reduced density matrices, in real numbers: the diagonal, and the
/// entry (0, 1). E_01 = sum conj(s_0) s_1.
enum class LocalPart { population_0, population_1, coherence_re, coherence_im };
inline constexpr std::size_t local_parts = 4;

/// Of as many qubits as a group has targets (most_joint_qubits at most): sum conj(s_i) s_j, and its change
/// along the direction unless `changes` is null. [qubit][part][tile_lanes].
template <class T, class AnyGroups = Groups>
struct LocalRead {
  const AnyGroups* groups;
  Planes<T> s, sdot;
  T* densities;
  T* changes;
  int samples;
};

/// a += sum_q M_q s, or a = that; matrices are [qubit][part][tile_lanes].
template <class T, class AnyGroups = Groups>
struct LocalSeed {
  const AnyGroups* groups;
  const T* matrices;
  Planes<T> s, a;
  bool sets;
  int samples;
};

template <class T>
void run(const LocalRead<T>& step);
template <class T>
void run(const LocalSeed<T>& step);
template <class T>
void run(const LocalRead<T, PackGroups<T>>& step);
template <class T>
void run(const LocalSeed<T, PackGroups<T>>& step);

extern template void run<float>(const LocalRead<float>&);
extern template void run<float>(const LocalSeed<float>&);
extern template void run<float>(const LocalRead<float, PackGroups<float>>&);
extern template void run<float>(const LocalSeed<float, PackGroups<float>>&);
extern template void run<double>(const LocalRead<double>&);
extern template void run<double>(const LocalSeed<double>&);
extern template void run<double>(const LocalRead<double, PackGroups<double>>&);
extern template void run<double>(const LocalSeed<double, PackGroups<double>>&);

}  // namespace moonstill::quantum
