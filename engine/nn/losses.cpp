#include "engine/nn/losses.hpp"

#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"

namespace moonstill::nn {
namespace {

void check_logits(const char* name, const Tensor& logits) {
  if (logits.rank() != 2)
    fail(ErrorKind::shape, "{}: logits: expected [N, C], got {}", name, logits.shape().text());
}

void check_samples(const char* name, const Tensor& logits, const Tensor& labels) {
  if (labels.rank() < 1 || labels.size(0) != logits.size(0)) {
    fail(ErrorKind::shape, "{}: targets: expected {} samples as in logits {}, got {}", name, logits.size(0),
         logits.shape().text(), labels.shape().text());
  }
}

}  // namespace

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype) {
  if (labels.rank() != 1 || is_floating(labels.dtype())) {
    fail(ErrorKind::argument, "one_hot: labels: expected class numbers [N] (i32 or u8), got {} {}",
         dtype_name(labels.dtype()), labels.shape().text());
  }
  Tensor out = Tensor::zeros({labels.size(0), classes}, dtype);
  dispatch_floating(dtype, "one_hot", [&](auto element) {
    const auto rows = out.write<decltype(element)>();
    for (std::int64_t i = 0; i < labels.size(0); ++i) {
      const auto label = static_cast<std::int64_t>(labels.at(i));
      if (label < 0 || label >= classes)
        fail(ErrorKind::range, "one_hot: label {} of sample {} is outside 0..{}", label, i + 1, classes - 1);
      rows[static_cast<std::size_t>(i * classes + label)] = 1;
    }
  });
  return out;
}

Value cross_entropy(const Value& logits, const Value& targets) {
  check_logits("cross_entropy", logits.tensor());
  check_samples("cross_entropy", logits.tensor(), targets.tensor());
  const bool hard = targets.rank() == 1;
  const Value q = hard ? Value(one_hot(targets.tensor(), logits.size(1), logits.dtype())
                                   .with_layout(logits.tensor().layout()))
                       : targets;
  if (q.shape() != logits.shape()) {
    fail(ErrorKind::shape, "cross_entropy: targets: expected {}, got {}", logits.shape().text(),
         q.shape().text());
  }
  const Value picked = ops::sum(ops::mul(logits, q), 0b10);
  const Value mass = ops::logsumexp(logits, 1);
  // Probabilities of a soft target need not sum to 1.
  return ops::mean(ops::sub(hard ? mass : ops::mul(mass, ops::sum(q, 0b10)), picked));
}

Value mean_squared_error(const Value& prediction, const Value& target) {
  if (prediction.shape() != target.shape()) {
    fail(ErrorKind::shape, "mean_squared_error: prediction is {}, target is {}", prediction.shape().text(),
         target.shape().text());
  }
  return ops::mean(ops::square(ops::sub(prediction, target)));
}

double accuracy(const Tensor& logits, const Tensor& labels) {
  check_logits("accuracy", logits);
  check_samples("accuracy", logits, labels);
  const Tensor predicted = argmax(logits, 1).row_major();
  const Tensor expected = (labels.rank() == 2 ? argmax(labels, 1) : labels).row_major();
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < predicted.count(); ++i) right += predicted.at(i) == expected.at(i) ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(predicted.count());
}

}  // namespace moonstill::nn
