#include "engine/core/scratch.hpp"

#include <cstdint>
#include <vector>

#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

TEST_CASE("scratch memory begins in the object and goes on in the heap") {
  Scratch<1024> scratch;
  const auto inside = [&](const void* at) {
    const auto begin = reinterpret_cast<std::uintptr_t>(&scratch);
    const auto here = reinterpret_cast<std::uintptr_t>(at);
    return here >= begin && here < begin + sizeof scratch;
  };
  const std::pmr::vector<double> small(100, 1.5, scratch.memory());
  const std::pmr::vector<double> large(1000, 2.5, scratch.memory());
  CHECK(inside(small.data()));
  CHECK(!inside(large.data()));
  CHECK(small == std::pmr::vector<double>(100, 1.5));
  CHECK(large == std::pmr::vector<double>(1000, 2.5));
}

}  // namespace
}  // namespace moonstill
