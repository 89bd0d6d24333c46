#include "engine/data/batches.hpp"

#include <algorithm>
#include <numeric>

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"

using namespace moonstill;
using data::Batches;
using data::LastBatch;

namespace {

std::vector<std::int64_t> epoch_of(Batches& batches, std::int64_t epoch) {
  std::vector<std::int64_t> all;
  for (std::int64_t k = 0; k < batches.per_epoch(); ++k) {
    const auto batch = batches.at(epoch * batches.per_epoch() + k);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

std::vector<std::int64_t> sorted(std::vector<std::int64_t> values) {
  std::ranges::sort(values);
  return values;
}

std::vector<std::int64_t> counted(std::int64_t count) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

}  // namespace

TEST_CASE("each epoch takes each index once, in an order of its own") {
  Batches batches(103, 10, Generator(1), LastBatch::keep);
  CHECK(batches.per_epoch() == 11);
  const auto first = epoch_of(batches, 0);
  const auto second = epoch_of(batches, 1);
  CHECK(sorted(first) == counted(103));
  CHECK(sorted(second) == counted(103));
  CHECK(first != second);
  CHECK(first != counted(103));
  CHECK(batches.at(10).size() == 3);
}

TEST_CASE("dropping the last batch leaves whole ones only") {
  Batches batches(103, 10, Generator(1), LastBatch::drop);
  CHECK(batches.per_epoch() == 10);
  for (std::int64_t k = 0; k < 25; ++k) CHECK(batches.at(k).size() == 10);
}

TEST_CASE("a batch depends on the seed and its number only") {
  Batches whole(50, 8, Generator(3), LastBatch::keep);
  std::vector<std::vector<std::int64_t>> seen;
  for (std::int64_t k = 0; k < 20; ++k) {
    const auto batch = whole.at(k);
    seen.emplace_back(batch.begin(), batch.end());
  }
  Generator used(3);
  (void)used.uniform();
  Batches resumed(50, 8, used, LastBatch::keep);
  for (const std::int64_t k : {17, 4, 18, 0})
    CHECK(std::ranges::equal(resumed.at(k), seen[static_cast<std::size_t>(k)]));
  Batches other(50, 8, Generator(4), LastBatch::keep);
  CHECK_FALSE(std::ranges::equal(other.at(0), seen[0]));
}

TEST_CASE("without a generator the order is that of the set") {
  Batches batches(5, 2, std::nullopt, LastBatch::keep);
  CHECK(epoch_of(batches, 0) == counted(5));
  CHECK(epoch_of(batches, 7) == counted(5));
}

TEST_CASE("batches check their sizes") {
  CHECK_THROWS_WITH(Batches(5, 6, std::nullopt, LastBatch::drop),
                    "batch: 6 is more than the 5 samples of the set, and smaller batches are dropped");
  CHECK_THROWS_WITH(Batches(5, 0, std::nullopt, LastBatch::keep), "batch: expected at least 1, got 0");
  CHECK(Batches(5, 6, std::nullopt, LastBatch::keep).at(3).size() == 5);
  Batches batches(5, 2, std::nullopt, LastBatch::keep);
  CHECK_THROWS_WITH(batches.at(-1), "batch number: expected 0 or more, got -1");
}
