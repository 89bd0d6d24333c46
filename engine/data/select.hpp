// Random parts of a set, as lists of indices for ImageSet::subset.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/data/image_set.hpp"

namespace moonstill::data {

/// `count` different samples of each class, class after class. Throws Error{range} naming a class that has
/// fewer.
[[nodiscard]] std::vector<std::int64_t> draw_per_class(const ImageSet& set, std::int64_t count,
                                                       Generator random);

/// The set without `count` samples drawn at random, and these. Both keep the order of the set. Throws
/// Error{range} unless 1 <= count < set.size().
[[nodiscard]] std::pair<ImageSet, ImageSet> hold_out(const ImageSet& set, std::int64_t count,
                                                     Generator random);

}  // namespace moonstill::data
