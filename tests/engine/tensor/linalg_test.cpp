#include "engine/tensor/linalg.hpp"

#include <algorithm>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"
#include "tests/support/threads.hpp"

namespace moonstill {
namespace {

using test::random_tensor;
using test::relative_error;
using test::values;

std::vector<double> reference(const Tensor& a, const Tensor& b, bool ta, bool tb) {
  const std::int64_t rows = a.size(ta ? 1 : 0);
  const std::int64_t inner = a.size(ta ? 0 : 1);
  const std::int64_t columns = b.size(tb ? 0 : 1);
  std::vector<double> out;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < inner; ++k) {
        sum += a.at(ta ? k * rows + i : i * inner + k) * b.at(tb ? j * inner + k : k * columns + j);
      }
      out.push_back(sum);
    }
  }
  return out;
}

Tensor matrix(std::int64_t rows, std::int64_t columns, bool transposed, DType dtype, std::uint64_t seed) {
  return random_tensor(transposed ? Shape{columns, rows} : Shape{rows, columns}, dtype, seed);
}

TEST_CASE("matrix products in every layout and transposition", "[tensor][linalg]") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const std::int64_t rows : {1, 3, 4, 7, 15, 16, 17, 40}) {
      for (const auto& [inner, columns] :
           std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {5, 7}, {17, 24}, {40, 25}, {33, 61}}) {
        for (const bool ta : {false, true}) {
          for (const bool tb : {false, true}) {
            INFO(rows << " " << inner << " " << columns << " " << ta << tb);
            const Tensor a = matrix(rows, inner, ta, dtype, 1);
            const Tensor b = matrix(inner, columns, tb, dtype, 2);
            const auto expected = reference(a, b, ta, tb);
            for (const Tensor& left : {a, a.as_tiled()}) {
              for (const Tensor& right : {b, b.as_tiled()}) {
                const Tensor out = matmul(left, right, ta, tb);
                CHECK(out.shape() == Shape{rows, columns});
                CHECK(out.tiled() == (left.tiled() && !ta));
                CHECK(relative_error(values(out), expected) < test::tolerance(dtype));
              }
            }
          }
        }
      }
    }
  }
}

TEST_CASE("contractions over large batches", "[tensor][linalg]") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const std::int64_t n : {256, 257, 300, 1100}) {
      const Tensor a = random_tensor({n, 9}, dtype, 1);
      const Tensor b = random_tensor({n, 13}, dtype, 2);
      const Tensor out = matmul(a.as_tiled(), b.as_tiled(), true, false);
      CHECK_FALSE(out.tiled());
      CHECK(relative_error(values(out), reference(a, b, true, false)) < test::tolerance(dtype));
    }
  }
}

TEST_CASE("matrix products give the same bytes with any number of threads", "[tensor][linalg]") {
  const Tensor a = random_tensor({300, 130}, DType::f32, 1);
  const Tensor b = random_tensor({130, 90}, DType::f32, 2);
  const Tensor c = random_tensor({300, 90}, DType::f32, 3);
  const auto all = [&] {
    return std::vector{matmul(a, b, false, false), matmul(a.as_tiled(), b, false, false),
                       matmul(a.as_tiled(), c.as_tiled(), true, false), matmul(a, c, true, false)};
  };
  std::vector<Tensor> alone;
  {
    const test::WithThreads guard(1);
    alone = all();
  }
  for (const unsigned threads : {2, 3}) {
    const test::WithThreads guard(threads);
    const std::vector<Tensor> shared = all();
    for (std::size_t i = 0; i < alone.size(); ++i) CHECK(test::identical(alone[i], shared[i]));
  }
}

TEST_CASE("a product over nothing is zero", "[tensor][linalg]") {
  for (const Layout layout : {Layout::row_major, Layout::tiled}) {
    const Tensor a = Tensor::zeros({0, 3}, DType::f32, layout);
    const Tensor b = Tensor::zeros({0, 2}, DType::f32, layout);
    CHECK(values(matmul(a, b, true, false)) == std::vector<double>(6));
    const Tensor c = Tensor::zeros({2, 0}, DType::f32, layout);
    CHECK(values(matmul(c, b, false, false)) == std::vector<double>(4));
    CHECK(matmul(a, Tensor::zeros({3, 4}, DType::f32), false, false).shape() == Shape{0, 4});
  }
}

}  // namespace
}  // namespace moonstill
