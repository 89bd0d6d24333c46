#include "tests/support/tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/random.hpp"

namespace moonstill::test {

Tensor random_tensor(const Shape& shape, DType dtype, std::uint64_t seed) {
  std::vector<double> numbers(static_cast<std::size_t>(shape.count()));
  Generator(seed).fill_normal(numbers);
  return Tensor::from(numbers, shape, dtype);
}

std::vector<double> values(const Tensor& x) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < x.count(); ++i) out.push_back(x.at(i));
  return out;
}

double relative_error(const std::vector<double>& got, const std::vector<double>& expected) {
  constexpr double none = std::numeric_limits<double>::infinity();
  if (got.size() != expected.size()) return none;
  double scale = 1.0;
  double difference = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(got[i]) != std::isnan(expected[i])) return none;
    if (std::isnan(got[i]) || got[i] == expected[i]) continue;
    scale = std::max(scale, std::abs(expected[i]));
    difference = std::max(difference, std::abs(got[i] - expected[i]));
  }
  return difference / scale;
}

double tolerance(DType dtype) { return dtype == DType::f32 ? 1e-5 : 1e-13; }

bool identical(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype() || a.layout() != b.layout()) return false;
  const Tensor left = a.row_major();
  const Tensor right = b.row_major();
  return dispatch_any(a.dtype(), [&](auto element) {
    using T = decltype(element);
    return std::memcmp(left.data<T>().data(), right.data<T>().data(), left.bytes()) == 0;
  });
}

}  // namespace moonstill::test
