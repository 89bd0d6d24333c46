// A batch in two parts, each by the route that suits it: full tiles, and the few samples that are left.
#pragma once

#include "engine/quantum/sweep.hpp"

namespace moonstill::quantum {

/// `count` samples of a point (or of a direction in one) from `begin` on, which must be a multiple of
/// tile_lanes. What all samples share stays.
[[nodiscard]] SweepPoint samples_of(const Circuit& circuit, const SweepPoint& point, std::int64_t begin,
                                    std::int64_t count);

/// What both parts of a batch gave, as one; `point` is that of the whole batch. The first part's samples fill
/// tiles. What all samples share is added up.
[[nodiscard]] SweepResult joined(const Circuit& circuit, const SweepPoint& point, SweepResult&& first,
                                 SweepResult&& second);

}  // namespace moonstill::quantum
