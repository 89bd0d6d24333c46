// Handwritten-like digits drawn from a seed: a data set that needs no file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "engine/data/load.hpp"

namespace moonstill::data {

/// Gray 28x28 images, image i of a set showing the digit i % 10, drawn by pens of varying width along
/// jittered, warped strokes in several styles. Each image depends on the seed, on its set and on its number
/// only: a larger set begins with the smaller one, and the training and test images of a seed are different
/// drawings. `told` hears now and then how many of how many are drawn. Throws Error{range} unless both counts
/// are at least 1.
[[nodiscard]] TrainTest make_digits(std::uint64_t seed, std::int64_t train, std::int64_t test,
                                    const std::function<void(std::size_t, std::size_t)>& told = {});

}  // namespace moonstill::data
