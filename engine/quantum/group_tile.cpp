#include "engine/quantum/group_tile.hpp"

#include <algorithm>
#include <utility>

namespace moonstill::quantum {

GroupTile::GroupTile(const Groups& groups, std::size_t rows)
    : lanes_(std::min<std::size_t>(groups.count(), tile_lanes)) {
  const auto depth = static_cast<std::size_t>(groups.dimension());
  for (std::size_t first = 0; first < groups.count(); first += lanes_) {
    for (std::size_t p = 0; p < depth; ++p) {
      for (std::size_t lane = 0; lane < lanes_; ++lane) rows_.push_back(groups.rows(first + lane)[p]);
    }
  }
  groups_ = Groups::stacked(groups.dimension(), groups.count() / lanes_);
  if (rows_.size() != rows) return;
  numbers_.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) numbers_[rows_[i]] = static_cast<std::uint32_t>(i);
}

}  // namespace moonstill::quantum
