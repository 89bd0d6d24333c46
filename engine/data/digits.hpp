// Handwritten-like digits drawn from a seed: a data set that needs no file.
#pragma once

#include <cstdint>

#include "engine/data/load.hpp"

namespace moonstill::data {

/// Gray 28x28 images, image i of a set showing the digit i % 10, drawn by pens of varying width along
/// jittered, warped strokes in several styles. Each image depends on the seed, on its set and on its number
/// only: a larger set begins with the smaller one, and the training and test images of a seed are different
/// drawings. Throws Error{range} unless both counts are at least 1.
[[nodiscard]] TrainTest make_digits(std::uint64_t seed, std::int64_t train, std::int64_t test);

}  // namespace moonstill::data
