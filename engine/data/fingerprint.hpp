// A number that tells sets of images apart.
#pragma once

#include <cstdint>

#include "engine/data/image_set.hpp"

namespace moonstill::data {

/// A hash of all that batches depend on: the shape, each pixel and label in the set's order, the
/// normalisation. Not of the name.
[[nodiscard]] std::uint64_t fingerprint(const ImageSet& set);

}  // namespace moonstill::data
