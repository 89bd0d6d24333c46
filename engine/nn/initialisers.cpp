#include "engine/nn/initialisers.hpp"

// GCC 12 says this of its own intrinsics headers.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

namespace moonstill::nn {
namespace {

// The matrix [out, all else] of a QR decomposition; signs of the diagonal make it evenly distributed.
void fill_orthogonal(const Shape& shape, std::span<double> out, Generator& random, double gain) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  if (out.empty()) return;
  const std::int64_t rows = shape.rank() == 0 ? 1 : shape[0];
  const std::int64_t columns = shape.count() / rows;
  random.fill_normal(out, 0.0, 1.0);
  const Eigen::Map<RowMajor> weight(out.data(), rows, columns);
  const bool wide = columns > rows;
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(wide ? Eigen::MatrixXd(weight.transpose())
                                                      : Eigen::MatrixXd(weight));
  const std::int64_t count = std::min(rows, columns);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(std::max(rows, columns), count);
  for (std::int64_t k = 0; k < count; ++k) {
    if (qr.matrixQR()(k, k) < 0) q.col(k) = -q.col(k);
  }
  Eigen::Map<RowMajor>(out.data(), rows, columns) = gain * (wide ? Eigen::MatrixXd(q.transpose()) : q);
}

void fill(Initialiser kind, Fans fan, std::span<double> out, Generator& random, double gain) {
  const double xavier = gain * std::sqrt(2.0 / (fan.in + fan.out));
  const double kaiming = gain * std::sqrt(2.0 / fan.in);
  const auto symmetric = [&](double bound) { random.fill_uniform(out, -bound, bound); };
  switch (kind) {
    case Initialiser::zeros:
      std::fill(out.begin(), out.end(), 0.0);
      break;
    case Initialiser::ones:
      std::fill(out.begin(), out.end(), gain);
      break;
    case Initialiser::normal:
      random.fill_normal(out, 0.0, gain);
      break;
    case Initialiser::uniform:
      symmetric(gain);
      break;
    case Initialiser::xavier_normal:
      random.fill_normal(out, 0.0, xavier);
      break;
    case Initialiser::xavier_uniform:
      symmetric(xavier * std::sqrt(3.0));
      break;
    case Initialiser::kaiming_normal:
      random.fill_normal(out, 0.0, kaiming);
      break;
    case Initialiser::kaiming_uniform:
      symmetric(kaiming * std::sqrt(3.0));
      break;
    case Initialiser::orthogonal:
      break;
  }
}

}  // namespace

Fans fans(const Shape& shape) {
  if (shape.rank() == 0) return {1, 1};
  if (shape.rank() == 1) return {static_cast<double>(shape[0]), 1};
  double field = 1;
  for (std::size_t axis = 2; axis < shape.rank(); ++axis) field *= static_cast<double>(shape[axis]);
  return {static_cast<double>(shape[1]) * field, static_cast<double>(shape[0]) * field};
}

Tensor initialise(Initialiser kind, const Shape& shape, DType dtype, Generator& random, double gain) {
  Tensor weights = Tensor::empty(shape, DType::f64);
  if (kind == Initialiser::orthogonal) {
    fill_orthogonal(shape, weights.write<double>(), random, gain);
  } else {
    fill(kind, fans(shape), weights.write<double>(), random, gain);
  }
  return weights.cast(dtype);
}

}  // namespace moonstill::nn
