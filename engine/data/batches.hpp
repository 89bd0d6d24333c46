// The order in which an endless run goes through a data set: batch k is a function of the seed and k alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/random.hpp"

namespace moonstill::data {

/// What happens to the samples that do not fill a batch at the end of an epoch.
enum class LastBatch { keep, drop };

/// Batches of indices 0 .. count-1, epoch after epoch. Each epoch takes each index once (but for those that
/// LastBatch::drop leaves out), in an order of its own that depends on the generator's key and the epoch
/// only.
class Batches {
 public:
  /// Throws Error{range} unless batch >= 1 (and batch <= count with LastBatch::drop). Without a generator the
  /// order is that of the set.
  Batches(std::int64_t count, std::int64_t batch, std::optional<Generator> generator, LastBatch last);

  [[nodiscard]] std::int64_t per_epoch() const { return per_epoch_; }
  [[nodiscard]] std::int64_t batch_size() const { return batch_; }

  /// Batch number k >= 0 of the endless sequence: number k % per_epoch() of epoch k / per_epoch(). Valid
  /// until the next call. Going on from any k gives what an uninterrupted run gives.
  [[nodiscard]] std::span<const std::int64_t> at(std::int64_t k);

 private:
  std::int64_t count_;
  std::int64_t batch_;
  std::int64_t per_epoch_;
  std::optional<Generator> generator_;
  std::int64_t epoch_ = -1;  // whose order is held
  std::vector<std::int64_t> order_;
};

}  // namespace moonstill::data
