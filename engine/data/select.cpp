#include "engine/data/select.hpp"

#include <algorithm>

#include "engine/core/error.hpp"

namespace moonstill::data {

std::vector<std::int64_t> draw_per_class(const ImageSet& set, std::int64_t count, Generator random) {
  std::vector<std::vector<std::int64_t>> drawn(static_cast<std::size_t>(set.classes()));
  for (const std::int64_t index : random.permutation(set.size())) {
    auto& of_class = drawn[static_cast<std::size_t>(set.label(index))];
    if (static_cast<std::int64_t>(of_class.size()) < count) of_class.push_back(index);
  }
  std::vector<std::int64_t> indices;
  for (std::size_t c = 0; c < drawn.size(); ++c) {
    if (static_cast<std::int64_t>(drawn[c].size()) < count) {
      fail(ErrorKind::range, "{}: expected at least {} samples of class {}, got {}", set.name(), count, c + 1,
           drawn[c].size());
    }
    indices.insert(indices.end(), drawn[c].begin(), drawn[c].end());
  }
  return indices;
}

std::pair<ImageSet, ImageSet> hold_out(const ImageSet& set, std::int64_t count, Generator random) {
  if (count < 1 || count >= set.size()) {
    fail(ErrorKind::range, "{}: {} samples to hold out are outside 1..{}", set.name(), count, set.size() - 1);
  }
  std::vector<std::int64_t> order = random.permutation(set.size());
  const auto border = order.begin() + count;
  std::sort(order.begin(), border);
  std::sort(border, order.end());
  return {set.subset({border, order.end()}), set.subset({order.begin(), border})};
}

}  // namespace moonstill::data
