// Products by Eigen, which runs on the calling thread; rows of the result are shared out by us.
#define EIGEN_DONT_PARALLELIZE
#include "engine/tensor/dense_product.hpp"

// GCC 12 says this of its own intrinsics headers.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#include <Eigen/Core>
#include <algorithm>

#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Rows are computed in blocks of this many, so that no result depends on how threads share them.
constexpr std::int64_t block_rows = 64;

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using View = Eigen::Map<const Matrix<T>>;

// Multiplications between looks at Ctrl-C, some 10 ms of them: rows that take more are cut into columns.
constexpr std::int64_t longest_product = std::int64_t{1} << 29;

template <class T, class A, class B>
void multiply_rows(const A& a, const B& b, const DenseProduct<T>& p, std::int64_t begin, std::int64_t count) {
  Eigen::Map<Matrix<T>> out(p.out + begin * p.columns, count, p.columns);
  const std::int64_t fitting = longest_product / std::max<std::int64_t>(1, count * p.inner);
  if (p.columns <= fitting) {
    out.noalias() = a.middleRows(begin, count) * b;
    return;
  }
  const std::int64_t width = std::max(block_rows, fitting);
  for (std::int64_t first = 0; first < p.columns; first += width) {
    poll_interrupt();
    const std::int64_t columns = std::min(width, p.columns - first);
    out.middleCols(first, columns).noalias() = a.middleRows(begin, count) * b.middleCols(first, columns);
  }
}

template <class T>
void multiply_block(const DenseProduct<T>& p, std::int64_t begin, std::int64_t count) {
  const View<T> a(p.a, p.transpose_a ? p.inner : p.rows, p.transpose_a ? p.rows : p.inner);
  const View<T> b(p.b, p.transpose_b ? p.columns : p.inner, p.transpose_b ? p.inner : p.columns);
  if (p.transpose_a && p.transpose_b) return multiply_rows(a.transpose(), b.transpose(), p, begin, count);
  if (p.transpose_a) return multiply_rows(a.transpose(), b, p, begin, count);
  if (p.transpose_b) return multiply_rows(a, b.transpose(), p, begin, count);
  multiply_rows(a, b, p, begin, count);
}

template <class T>
void multiply_all(const DenseProduct<T>& p) {
  const std::int64_t blocks = (p.rows + block_rows - 1) / block_rows;
  share_items(blocks, block_rows * p.inner * p.columns, serial_products, [&](std::int64_t block) {
    poll_interrupt();
    const std::int64_t first = block * block_rows;
    multiply_block(p, first, std::min(block_rows, p.rows - first));
  });
}

}  // namespace

void multiply(const DenseProduct<float>& p) { multiply_all(p); }
void multiply(const DenseProduct<double>& p) { multiply_all(p); }

}  // namespace moonstill
