// A state's plane and its groups side by side: there and back.
#include "engine/quantum/group_tile.hpp"

#include <numeric>

#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"

namespace moonstill::quantum {
namespace {

// Where the p-th row of a group lies in a tile's plane.
std::size_t place(std::size_t group, std::size_t p, const Groups& groups, const GroupTile& tile) {
  const auto lanes = static_cast<std::size_t>(tile.lanes());
  const auto depth = static_cast<std::size_t>(groups.dimension());
  return (group / lanes * depth + p) * static_cast<std::size_t>(tile_lanes) + group % lanes;
}

}  // namespace

TEMPLATE_TEST_CASE("groups of all sizes lie side by side and come back", "[quantum][route]", float, double) {
  Generator random(77);
  for (int round = 0; round < 300; ++round) {
    const int n = 1 + static_cast<int>(random.below(8));
    const int targets = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(n)));
    const int controls = static_cast<int>(random.below(static_cast<std::uint64_t>(n - targets) + 1));
    const std::vector<int> bits = some_qubits(targets + controls, n, random);
    const auto order = random.permutation(std::int64_t{1} << n);
    const std::vector<std::uint32_t> places(order.begin(), order.end());
    const Groups groups(std::span<const int>(bits).first(static_cast<std::size_t>(targets)),
                        std::span<const int>(bits).subspan(static_cast<std::size_t>(targets)), n, places);
    const std::size_t rows = std::size_t{1} << n;
    const GroupTile tile(groups, rows);
    std::vector<TestType> state(rows);
    std::iota(state.begin(), state.end(), TestType{1});
    std::vector<TestType> plane(tile.size(), TestType{-1});
    tile.spread(state.data(), plane.data());
    bool spread = true;
    for (std::size_t g = 0; g < groups.count(); ++g) {
      for (std::size_t p = 0; p < static_cast<std::size_t>(groups.dimension()); ++p)
        spread &= plane[place(g, p, groups, tile)] == state[groups.rows(g)[p]];
    }
    CHECK(spread);
    // Doubled in the tile: rows of groups come back so, others stay.
    for (TestType& x : plane) x *= 2;
    std::vector<TestType> expected = state;
    for (std::size_t g = 0; g < groups.count(); ++g) {
      for (std::size_t p = 0; p < static_cast<std::size_t>(groups.dimension()); ++p)
        expected[groups.rows(g)[p]] *= 2;
    }
    tile.collect(plane.data(), state.data());
    CHECK(state == expected);
  }
}

}  // namespace moonstill::quantum
