#include "engine/data/batches.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/core/error.hpp"

namespace moonstill::data {

Batches::Batches(std::int64_t count, std::int64_t batch, std::optional<Generator> generator, LastBatch last)
    : count_(count),
      batch_(batch),
      generator_(std::move(generator)),
      order_(static_cast<std::size_t>(count)) {
  if (batch < 1) fail(ErrorKind::range, "batch: expected at least 1, got {}", batch);
  if (last == LastBatch::drop && batch > count) {
    fail(ErrorKind::range,
         "batch: {} is more than the {} samples of the set, and smaller batches are dropped", batch, count);
  }
  per_epoch_ = last == LastBatch::drop ? count / batch : (count - 1) / batch + 1;
  std::iota(order_.begin(), order_.end(), 0);
}

std::span<const std::int64_t> Batches::at(std::int64_t k) {
  if (k < 0) fail(ErrorKind::range, "batch number: expected 0 or more, got {}", k);
  const std::int64_t epoch = k / per_epoch_;
  if (generator_ && epoch != epoch_) {
    order_ = generator_->split(static_cast<std::uint64_t>(epoch)).permutation(count_);
    epoch_ = epoch;
  }
  const std::int64_t begin = k % per_epoch_ * batch_;
  return std::span(order_).subspan(static_cast<std::size_t>(begin),
                                   static_cast<std::size_t>(std::min(batch_, count_ - begin)));
}

}  // namespace moonstill::data
