#include "engine/tensor/share_tiles.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

using Part = std::pair<std::int64_t, std::int64_t>;  // tile, part

TEST_CASE("every part of every tile is done once, however the work is cut", "[tensor]") {
  for (const std::int64_t samples : {1, 5, 15, 16, 17, 40, 70}) {
    for (const std::int64_t parts : {1, 2, 3, 7}) {
      for (const std::int64_t group : {tile_lanes, 4 * tile_lanes}) {
        const TileParts tiles{samples, parts, group};
        std::vector<Part> expected;
        for (std::int64_t tile = 0; tile * group < samples; ++tile) {
          for (std::int64_t part = 0; part < parts; ++part) expected.emplace_back(tile, part);
        }
        const std::int64_t work = samples * parts;
        for (std::int64_t step = 1; step <= work; ++step) {
          INFO(samples << " samples, " << parts << " parts, ranges of " << step);
          std::vector<Part> done;
          for (std::int64_t begin = 0; begin < work; begin += step) {
            tiles.each(begin, std::min(work, begin + step),
                       [&](std::int64_t tile, std::int64_t first, std::int64_t last) {
                         for (std::int64_t part = first; part < last; ++part) done.emplace_back(tile, part);
                       });
          }
          REQUIRE(done == expected);
        }
      }
    }
  }
}

TEST_CASE("halves of the work are halves of the samples' parts, narrow tiles or not", "[tensor]") {
  for (const std::int64_t samples : {10, 17, 33, 40}) {
    const TileParts tiles{samples, 8};
    std::int64_t done = 0;
    tiles.each(0, samples * 4, [&](std::int64_t tile, std::int64_t first, std::int64_t last) {
      done += (last - first) * lanes_of(samples, tile);
    });
    CHECK(std::abs(done - samples * 4) <= tile_lanes / 2);
  }
}

}  // namespace
}  // namespace moonstill
