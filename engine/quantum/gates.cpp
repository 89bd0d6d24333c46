#include "engine/quantum/gates.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "engine/core/error.hpp"

namespace moonstill::quantum {
namespace {

template <class R>
Complex<R> phase(const R& angle) {
  const auto [s, c] = sine_cosine(angle);
  return {c, s};
}

template <class R>
GateMatrix<R> one_qubit(Complex<R> a, Complex<R> b, Complex<R> c, Complex<R> d) {
  return {2, {a, b, c, d}};
}

template <class R>
GateMatrix<R> diagonal(Complex<R> a, Complex<R> d) {
  return one_qubit<R>(a, {}, {}, d);
}

template <class R>
GateMatrix<R> two_qubits(std::initializer_list<Complex<R>> entries) {
  GateMatrix<R> m{4, {}};
  std::ranges::copy(entries, m.entries.begin());
  return m;
}

template <class R>
GateMatrix<R> rotation_x(const R& t) {
  const auto [s, c] = sine_cosine(t * 0.5);
  return one_qubit<R>({c, 0.0}, {0.0, -s}, {0.0, -s}, {c, 0.0});
}

template <class R>
GateMatrix<R> rotation_y(const R& t) {
  const auto [s, c] = sine_cosine(t * 0.5);
  return one_qubit<R>({c, 0.0}, {-s, 0.0}, {s, 0.0}, {c, 0.0});
}

template <class R>
GateMatrix<R> rotation_z(const R& t) {
  return diagonal<R>(phase<R>(t * -0.5), phase<R>(t * 0.5));
}

// RZ(omega) RY(theta) RZ(phi).
template <class R>
GateMatrix<R> rotation(const R& phi, const R& theta, const R& omega) {
  const auto [s, c] = sine_cosine(theta * 0.5);
  const Complex<R> sum = phase<R>((phi + omega) * 0.5);
  const Complex<R> difference = phase<R>((phi - omega) * 0.5);
  const Complex<R> a{sum.re * c, sum.im * c};
  const Complex<R> b{difference.re * s, difference.im * s};
  return one_qubit<R>({a.re, -a.im}, {-b.re, -b.im}, {b.re, -b.im}, a);
}

template <class R>
GateMatrix<R> general(const R& theta, const R& phi, const R& delta) {
  const auto [sine, cosine] = sine_cosine(theta * 0.5);
  const Complex<R> c{cosine, 0.0};
  const Complex<R> s{sine, 0.0};
  const Complex<R> minus_s{-sine, 0.0};
  return one_qubit<R>(c, phase<R>(delta) * minus_s, phase<R>(phi) * s, phase<R>(phi + delta) * c);
}

// cos(t/2) 1 - i sin(t/2) (P x P), given the entries of P x P on the second diagonal (all real for XX and
// YY).
template <class R>
GateMatrix<R> ising(const R& t, double outer, double inner) {
  const auto [s, cosine] = sine_cosine(t * 0.5);
  const Complex<R> c{cosine, 0.0};
  const Complex<R> o{0.0, s * -outer};
  const Complex<R> i{0.0, s * -inner};
  return two_qubits<R>({c, {}, {}, o, {}, c, i, {}, {}, i, c, {}, o, {}, {}, c});
}

template <class R>
GateMatrix<R> ising_z(const R& t) {
  const Complex<R> even = phase<R>(t * -0.5);
  const Complex<R> odd = phase<R>(t * 0.5);
  return two_qubits<R>({even, {}, {}, {}, {}, odd, {}, {}, {}, {}, odd, {}, {}, {}, {}, even});
}

// A row from one generic formula, called with a pointer to its angles.
template <auto formula>
constexpr Gate row(std::string_view name, int targets, int controls,
                   std::array<std::string_view, max_gate_angles> angle_names, std::string_view documentation,
                   std::array<GatePart, max_gate_angles> parts = {}) {
  return {name,
          targets,
          controls,
          angle_names,
          documentation,
          [](const double* angles) { return formula(angles); },
          [](const Jet* angles) { return formula(angles); },
          parts};
}

constexpr double root_half = 0.70710678118654752440;

constexpr auto x_formula = []<class R>(const R*) { return one_qubit<R>({}, {1, 0}, {1, 0}, {}); };
constexpr auto y_formula = []<class R>(const R*) { return one_qubit<R>({}, {0, -1}, {0, 1}, {}); };
constexpr auto z_formula = []<class R>(const R*) { return diagonal<R>({1, 0}, {-1, 0}); };
constexpr auto swap_formula = []<class R>(const R*) {
  return two_qubits<R>({{1, 0}, {}, {}, {}, {}, {}, {1, 0}, {}, {}, {1, 0}, {}, {}, {}, {}, {}, {1, 0}});
};
constexpr auto rx_formula = []<class R>(const R* a) { return rotation_x(a[0]); };
constexpr auto ry_formula = []<class R>(const R* a) { return rotation_y(a[0]); };
constexpr auto rz_formula = []<class R>(const R* a) { return rotation_z(a[0]); };
constexpr auto rot_formula = []<class R>(const R* a) { return rotation(a[0], a[1], a[2]); };
constexpr auto phase_formula = []<class R>(const R* a) { return diagonal<R>({1, 0}, phase<R>(a[0])); };

constexpr std::array table{
    row<[]<class R>(const R*) {
      return diagonal<R>({1, 0}, {1, 0});
    }>("i", 1, 0, {}, "Identity.")
        .in_qasm("id"),
    row<x_formula>("x", 1, 0, {}, "Pauli X, the bit flip."),
    row<y_formula>("y", 1, 0, {}, "Pauli Y."),
    row<z_formula>("z", 1, 0, {}, "Pauli Z, the phase flip."),
    row<[]<class R>(const R*) {
      return one_qubit<R>({root_half, 0}, {root_half, 0}, {root_half, 0}, {-root_half, 0});
    }>("h", 1, 0, {}, "Hadamard."),
    row<[]<class R>(const R*) {
      return diagonal<R>({1, 0}, {0, 1});
    }>("s", 1, 0, {}, "Quarter turn about Z: diag(1, i)."),
    row<[]<class R>(const R*) {
      return diagonal<R>({1, 0}, {0, -1});
    }>("sdg", 1, 0, {}, "Inverse of s: diag(1, -i)."),
    row<[]<class R>(const R*) {
      return diagonal<R>({1, 0}, {root_half, root_half});
    }>("t", 1, 0, {}, "Eighth turn about Z: diag(1, exp(i pi/4))."),
    row<[]<class R>(const R*) {
      return diagonal<R>({1, 0}, {root_half, -root_half});
    }>("tdg", 1, 0, {}, "Inverse of t."),
    row<[]<class R>(const R*) {
      return one_qubit<R>({0.5, 0.5}, {0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5});
    }>("sx", 1, 0, {}, "Square root of X."),
    row<[]<class R>(const R*) {
      return one_qubit<R>({0.5, -0.5}, {0.5, 0.5}, {0.5, 0.5}, {0.5, -0.5});
    }>("sxdg", 1, 0, {}, "Inverse of sx.")
        .in_qasm("sxdg", "h a; sdg a; h a;"),
    row<rx_formula>("rx", 1, 0, {"theta"}, "Rotation about X: exp(-i theta X / 2)."),
    row<ry_formula>("ry", 1, 0, {"theta"}, "Rotation about Y: exp(-i theta Y / 2)."),
    row<rz_formula>("rz", 1, 0, {"theta"}, "Rotation about Z: exp(-i theta Z / 2)."),
    row<phase_formula>("phase", 1, 0, {"phi"}, "Phase on state 1: diag(1, exp(i phi)).").in_qasm("p"),
    row<rot_formula>("rot", 1, 0, {"phi", "theta", "omega"}, "Any rotation: RZ(omega) RY(theta) RZ(phi).",
                     {{{"rz", 0}, {"ry", 1}, {"rz", 2}}})
        .in_qasm("rot", "rz(alpha) a; ry(beta) a; rz(gamma) a;"),
    row<[]<class R>(const R* a) { return general(a[0], a[1], a[2]); }>(
        "u3", 1, 0, {"theta", "phi", "delta"}, "Any one-qubit gate whose first entry is real, cos(theta/2).",
        {{{"phase", 2}, {"ry", 0}, {"phase", 1}}})
        .in_qasm("u", "p(gamma) a; ry(alpha) a; p(beta) a;"),
    row<x_formula>("cnot", 1, 1, {}, "Controlled X: control, target.").in_qasm("cx"),
    row<y_formula>("cy", 1, 1, {}, "Controlled Y: control, target."),
    row<z_formula>("cz", 1, 1, {}, "Controlled Z: control, target."),
    row<swap_formula>("swap", 2, 0, {}, "Exchanges two qubits."),
    row<[]<class R>(const R*) {
      return two_qubits<R>({{1, 0}, {}, {}, {}, {}, {}, {0, 1}, {}, {}, {0, 1}, {}, {}, {}, {}, {}, {1, 0}});
    }>("iswap", 2, 0, {}, "Exchanges two qubits, with a phase i where they differ.")
        .in_qasm("iswap", "s a; s b; h a; cx a, b; cx b, a; h b;"),
    row<rx_formula>("crx", 1, 1, {"theta"}, "Controlled rotation about X: control, target."),
    row<ry_formula>("cry", 1, 1, {"theta"}, "Controlled rotation about Y: control, target."),
    row<rz_formula>("crz", 1, 1, {"theta"}, "Controlled rotation about Z: control, target."),
    row<rot_formula>("crot", 1, 1, {"phi", "theta", "omega"}, "Controlled rot: control, target.",
                     {{{"crz", 0}, {"cry", 1}, {"crz", 2}}})
        .in_qasm("crot", "crz(alpha) a, b; cry(beta) a, b; crz(gamma) a, b;"),
    row<phase_formula>("cphase", 1, 1, {"phi"}, "Phase where both qubits are 1: diag(1, 1, 1, exp(i phi)).")
        .in_qasm("cp"),
    row<[]<class R>(const R* a) { return ising(a[0], 1, 1); }>("isingxx", 2, 0, {"theta"},
                                                               "Coupling exp(-i theta XX / 2).")
        .in_qasm("rxx", "h a; h b; cx a, b; rz(alpha) b; cx a, b; h a; h b;"),
    row<[]<class R>(const R* a) { return ising(a[0], -1, 1); }>("isingyy", 2, 0, {"theta"},
                                                                "Coupling exp(-i theta YY / 2).")
        .in_qasm("ryy", "rx(pi/2) a; rx(pi/2) b; cx a, b; rz(alpha) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b;"),
    row<[]<class R>(const R* a) { return ising_z(a[0]); }>("isingzz", 2, 0, {"theta"},
                                                           "Coupling exp(-i theta ZZ / 2).")
        .in_qasm("rzz", "cx a, b; rz(alpha) b; cx a, b;"),
    row<x_formula>("toffoli", 1, 2, {}, "X controlled by two qubits: control, control, target.")
        .in_qasm("ccx"),
    row<swap_formula>("cswap", 2, 1, {}, "Controlled swap: control, then the two qubits exchanged."),
};

// Angles at which nothing holds by accident.
constexpr std::array<double, max_gate_angles> generic_angles{0.8125, -1.6180, 2.2360};

constexpr double pi = std::numbers::pi;
constexpr std::array two_terms{ShiftTerm{0.5, pi / 2}, ShiftTerm{-0.5, -pi / 2}};
constexpr double near_factor = (std::numbers::sqrt2 + 1) / (4 * std::numbers::sqrt2);
constexpr double far_factor = (std::numbers::sqrt2 - 1) / (4 * std::numbers::sqrt2);
constexpr std::array four_terms{ShiftTerm{near_factor, pi / 2}, ShiftTerm{-near_factor, -pi / 2},
                                ShiftTerm{-far_factor, 3 * pi / 2}, ShiftTerm{far_factor, -3 * pi / 2}};

// Every product conj(U_e) U_f: what expectation values are linear in.
std::vector<std::complex<double>> products(const Gate& gate, std::array<double, max_gate_angles> angles,
                                           int further_controls) {
  const ComplexMatrix u = controlled(full_matrix(gate, angles), further_controls);
  std::vector<std::complex<double>> out;
  out.reserve(u.entries.size() * u.entries.size());
  for (const auto& a : u.entries) {
    for (const auto& b : u.entries) out.push_back(std::conj(a) * b);
  }
  return out;
}

std::vector<std::complex<double>> shifted_sum(const Gate& gate, int angle, int further_controls,
                                              std::span<const ShiftTerm> rule) {
  std::vector<std::complex<double>> sum;
  for (const auto& [factor, shift] : rule) {
    auto angles = generic_angles;
    angles[angle] += shift;
    const auto part = products(gate, angles, further_controls);
    sum.resize(part.size());
    for (std::size_t e = 0; e < part.size(); ++e) sum[e] += factor * part[e];
  }
  return sum;
}

// d/dangle of `products`, from the jet.
std::vector<std::complex<double>> product_derivatives(const Gate& gate, int angle, int further_controls) {
  std::array<Jet, max_gate_angles> angles{generic_angles[0], generic_angles[1], generic_angles[2]};
  angles[angle].g[0] = 1;
  const GateMatrix<Jet> jet = gate.jet(angles.data());
  ComplexMatrix slope(jet.dimension);
  for (std::size_t e = 0; e < slope.entries.size(); ++e) {
    slope.entries[e] = {jet.entries[e].re.g[0], jet.entries[e].im.g[0]};
  }
  slope = controlled(slope, gate.controls + further_controls);
  const int untouched = slope.dimension - jet.dimension;
  for (int i = 0; i < untouched; ++i) slope(i, i) = 0;
  const ComplexMatrix u = controlled(full_matrix(gate, generic_angles), further_controls);
  std::vector<std::complex<double>> out;
  for (std::size_t a = 0; a < u.entries.size(); ++a) {
    for (std::size_t b = 0; b < u.entries.size(); ++b) {
      out.push_back(std::conj(slope.entries[a]) * u.entries[b] + std::conj(u.entries[a]) * slope.entries[b]);
    }
  }
  return out;
}

}  // namespace

std::span<const Gate> gates() { return table; }

const Gate& gate(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Gate::name);
  if (found == table.end()) fail(ErrorKind::argument, "gate: no gate is called '{}'", name);
  return *found;
}

ComplexMatrix target_matrix(const Gate& gate, std::span<const double> angles) {
  return ComplexMatrix(gate.value(angles.data()));
}

ComplexMatrix full_matrix(const Gate& gate, std::span<const double> angles) {
  return controlled(target_matrix(gate, angles), gate.controls);
}

ComplexMatrix controlled(const ComplexMatrix& m, int controls) {
  ComplexMatrix full = ComplexMatrix::identity(m.dimension << controls);
  const int begin = full.dimension - m.dimension;
  for (int i = 0; i < m.dimension; ++i) {
    for (int j = 0; j < m.dimension; ++j) full(begin + i, begin + j) = m(i, j);
  }
  return full;
}

GateStructure structure(const Gate& gate) {
  const ComplexMatrix m = target_matrix(gate, generic_angles);
  const std::optional<double> angle = rotation_angle(m);
  return {is_diagonal(m), gate.angles() == 0 && is_permutation(m), is_real(m),
          gate.angles() == 1 && angle && std::abs(*angle - generic_angles[0]) < 1e-12};
}

std::span<const ShiftTerm> shift_rule(const Gate& gate, int angle, int further_controls) {
  if (angle < 0 || angle >= gate.angles()) {
    fail(ErrorKind::range, "shift_rule: angle {} is outside the {} angles of {}", angle, gate.angles(),
         gate.name);
  }
  const auto exact = product_derivatives(gate, angle, further_controls);
  const auto holds = [&](std::span<const ShiftTerm> rule) {
    const auto sum = shifted_sum(gate, angle, further_controls, rule);
    for (std::size_t e = 0; e < sum.size(); ++e) {
      if (std::abs(sum[e] - exact[e]) > 1e-12) return false;
    }
    return true;
  };
  if (holds(two_terms)) return two_terms;
  if (holds(four_terms)) return four_terms;
  fail(ErrorKind::unsupported, "shift_rule: {} has neither a two-term nor a four-term rule for {}", gate.name,
       gate.angle_names[angle]);
}

}  // namespace moonstill::quantum
