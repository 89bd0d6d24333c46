// Where a qubit is 1 among a state's relabelled rows.
#pragma once

#include <cstddef>
#include <optional>

#include "engine/quantum/frame.hpp"
#include "engine/quantum/groups.hpp"

namespace moonstill::quantum {

/// The qubit is 1 in the rows where `high` is; row ^ flip differs in the qubit alone.
struct QubitRows {
  Bits flip = 0;
  Parity high{};
};

/// Of the target at a position among those of groups that together have all of a state's rows. None where
/// the relabelling is not affine.
[[nodiscard]] std::optional<QubitRows> qubit_rows(const Groups& groups, std::size_t position);

}  // namespace moonstill::quantum
