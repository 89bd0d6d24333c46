// Losses: means over samples, differentiable without end.
#pragma once

#include "engine/autograd/value.hpp"

namespace moonstill::nn {

/// Mean over samples of logsumexp(z) - sum_c q_c z_c for logits z [N, C] and targets q: either class numbers
/// (i32 or u8 [N], counted from 0) or probabilities [N, C], differentiable themselves. Throws Error{shape} or
/// {range}.
Value cross_entropy(const Value& logits, const Value& targets);

/// Mean of the squared differences.
Value mean_squared_error(const Value& prediction, const Value& target);

/// Rows of a unit matrix: [N, C] from class numbers [N]. Throws Error{range} naming the first number outside
/// 0..C-1.
Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype);

/// Share of samples whose largest logit is their label's, the labels being class numbers or one-hot rows.
double accuracy(const Tensor& logits, const Tensor& labels);

}  // namespace moonstill::nn
