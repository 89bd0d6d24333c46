#include "engine/data/select.hpp"

#include <algorithm>
#include <set>

#include "engine/core/error.hpp"
#include "engine/data/digits.hpp"
#include "tests/support/catch.hpp"

using namespace moonstill;

TEST_CASE("samples drawn for each class come class after class, without repetition") {
  const auto set = data::make_digits(1, 100, 1).train;
  const auto drawn = data::draw_per_class(set, 3, Generator(2));
  REQUIRE(drawn.size() == 30);
  for (std::size_t i = 0; i < 30; ++i) CHECK(set.label(drawn[i]) == static_cast<std::int32_t>(i / 3));
  CHECK(std::set(drawn.begin(), drawn.end()).size() == 30);
  CHECK(drawn == data::draw_per_class(set, 3, Generator(2)));
  CHECK(drawn != data::draw_per_class(set, 3, Generator(3)));
  CHECK_THROWS_WITH(data::draw_per_class(set, 11, Generator(2)),
                    "digits: expected at least 11 samples of class 1, got 10");
}

TEST_CASE("what is held out and what remains are the whole set") {
  const auto set = data::make_digits(1, 50, 1).train;
  const auto [rest, held] = data::hold_out(set, 20, Generator(2));
  CHECK(rest.size() == 30);
  CHECK(held.size() == 20);
  std::set<const std::uint8_t*> seen;
  for (std::int64_t i = 0; i < 30; ++i) seen.insert(rest.pixels(i).data());
  for (std::int64_t i = 0; i < 20; ++i) seen.insert(held.pixels(i).data());
  CHECK(seen.size() == 50);
  CHECK_THROWS_WITH(data::hold_out(set, 50, Generator(2)),
                    "digits: 50 samples to hold out are outside 1..49");
}
