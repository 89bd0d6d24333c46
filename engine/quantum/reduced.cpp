#include "engine/quantum/reduced.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/tensor/eigenvalues.hpp"
#include "engine/tensor/linalg.hpp"

namespace moonstill::quantum {
namespace {

using Index = std::size_t;

// Numbers of a matrix that are multiplied at a time.
constexpr Index block_size = Index{1} << 20;

std::vector<int> others(const std::vector<int>& qubits, int n) {
  std::vector<int> rest;
  for (int q = 0; q < n; ++q) {
    if (std::ranges::find(qubits, q) == qubits.end()) rest.push_back(q);
  }
  return rest;
}

// Indices of the basis states in which these qubits count up, the first one most significant, and others are
// 0.
std::vector<Index> places(const std::vector<int>& qubits, int n) {
  std::vector<Index> out{0};
  out.reserve(Index{1} << qubits.size());
  for (Index q = qubits.size(); q-- > 0;) {
    poll_interrupt();
    const Index count = out.size();
    for (Index i = 0; i < count; ++i) out.push_back(out[i] | Index{1} << (n - 1 - qubits[q]));
  }
  return out;
}

struct Parts {
  Tensor re;
  Tensor im;
};

// Columns of the amplitudes as a matrix: a row for each state of the qubits, a column for each of the rest.
Parts columns_of(const Tensor& amplitudes, std::span<const Index> rows, std::span<const Index> columns) {
  const Shape shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size())};
  Parts parts{Tensor::empty(shape, DType::f64), Tensor::empty(shape, DType::f64)};
  const auto from = amplitudes.data<double>();
  auto re = parts.re.write<double>();
  auto im = parts.im.write<double>();
  Index at = 0;
  for (const Index row : rows) {
    for (const Index column : columns) {
      re[at] = from[2 * (row + column)];
      im[at++] = from[2 * (row + column) + 1];
    }
  }
  return parts;
}

// Adds A A^H of some columns.
void add_products(ComplexMatrix& out, const Parts& a) {
  const Tensor products[] = {matmul(a.re, a.re, false, true), matmul(a.im, a.im, false, true),
                             matmul(a.im, a.re, false, true)};
  const auto re = products[0].data<double>();
  const auto im = products[1].data<double>();
  const auto mixed = products[2].data<double>();
  const auto d = static_cast<Index>(out.dimension);
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < d; ++j) {
      const Index at = i * d + j;
      out.entries[at] += std::complex<double>(re[at] + im[at], mixed[at] - mixed[j * d + i]);
    }
  }
}

}  // namespace

ComplexMatrix density(const Qubits& state, const std::vector<int>& qubits) {
  const int n = state.count();
  check_qubits("density", qubits, n, state.first_number());
  if (qubits.empty() || qubits.size() > most_reduced_qubits) {
    fail(ErrorKind::range, "density: expected 1 to {} qubits, got {}", most_reduced_qubits, qubits.size());
  }
  const Tensor amplitudes = state.amplitudes().cast(DType::f64);
  const std::vector<Index> rows = places(qubits, n);
  const std::vector<Index> columns = places(others(qubits, n), n);
  ComplexMatrix out(static_cast<int>(rows.size()));
  const std::span<const Index> all(columns);
  const Index block_columns = block_size / rows.size();
  for (Index begin = 0; begin < all.size(); begin += block_columns) {
    poll_interrupt();
    add_products(
        out, columns_of(amplitudes, rows, all.subspan(begin, std::min(block_columns, all.size() - begin))));
  }
  return out;
}

double entropy(const Qubits& state, const std::vector<int>& qubits) {
  const int n = state.count();
  check_qubits("entropy", qubits, n, state.first_number());
  const std::vector<int> rest = others(qubits, n);
  const auto& smaller = rest.size() < qubits.size() ? rest : qubits;
  if (smaller.empty()) return 0;
  if (smaller.size() > most_reduced_qubits) {
    fail(ErrorKind::range, "entropy: expected a part of at most {} qubits, got {} and {}",
         most_reduced_qubits, qubits.size(), rest.size());
  }
  const ComplexMatrix part = density(state, smaller);
  double sum = 0;
  for (const double p : hermitian_eigenvalues(part.entries, static_cast<Index>(part.dimension))) {
    if (p > 0) sum -= p * std::log2(p);
  }
  return std::max(sum, 0.0);
}

}  // namespace moonstill::quantum
