#include "engine/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

std::vector<double> normals(Generator g, std::size_t count) {
  std::vector<double> out(count);
  g.fill_normal(out);
  return out;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / static_cast<double>(a.size());
}

TEST_CASE("equal seeds give equal numbers, however they are asked for", "[core][random]") {
  Generator one(7);
  Generator two(7);
  std::vector<double> whole(6);
  std::vector<double> parts(6);
  one.fill_uniform(whole);
  for (std::size_t i = 0; i < 6; i += 2) two.fill_uniform(std::span(parts).subspan(i, 2));
  CHECK(whole == parts);
  CHECK(one.position() == two.position());
}

// Seeds in published scripts must go on meaning the same numbers. The first two were also computed from the
// Philox paper's definition in another language.
TEST_CASE("the stream of a seed stays what it is", "[core][random]") {
  Generator g(42);
  CHECK(g.key() == 2974723008645484446U);
  CHECK(g.uniform() == 0.83269398248576809);
  std::vector<double> normal(3);
  g.fill_normal(normal);
  const double expected[] = {0.40454482541673337, -1.9052407329520415, -0.012705666142627308};
  // The standard library's logarithm and cosine may differ in the last place.
  for (std::size_t i = 0; i < 3; ++i) CHECK(normal[i] == test::Approx(expected[i]).epsilon(1e-14));
  CHECK(g.below(1000000007) == 337208809);
  CHECK(g.split("weights").uniform() == 0.060313780349072754);
  CHECK(g.split(std::uint64_t{3}).uniform() == 0.12025139392025797);
  CHECK(g.permutation(6) == std::vector<std::int64_t>{2, 3, 1, 4, 0, 5});
}

TEST_CASE("copies share the position; setting it repeats the numbers", "[core][random]") {
  Generator g(1);
  Generator copy = g;
  const double first = g.uniform();
  CHECK(copy.uniform() != first);
  g.set_position(0);
  CHECK(copy.uniform() == first);
}

TEST_CASE("uniform and normal numbers have their moments", "[core][random]") {
  constexpr std::size_t count = 200000;
  std::vector<double> u(count);
  Generator(3).fill_uniform(u, -1.0, 3.0);
  CHECK(*std::ranges::min_element(u) >= -1.0);
  CHECK(*std::ranges::max_element(u) < 3.0);
  const double mean = std::accumulate(u.begin(), u.end(), 0.0) / count;
  CHECK(mean == test::Approx(1.0).margin(0.02));
  CHECK(correlation(u, u) - mean * mean == test::Approx(16.0 / 12.0).epsilon(0.02));

  std::vector<double> n(count);
  Generator(3).fill_normal(n, 2.0, 0.5);
  const double centre = std::accumulate(n.begin(), n.end(), 0.0) / count;
  CHECK(centre == test::Approx(2.0).margin(0.01));
  CHECK(correlation(n, n) - centre * centre == test::Approx(0.25).epsilon(0.02));
  // A share of 0.3173 lies beyond one standard deviation.
  const auto beyond = std::ranges::count_if(n, [](double v) { return std::abs(v - 2.0) > 0.5; });
  CHECK(static_cast<double>(beyond) / count == test::Approx(0.3173).margin(0.005));
}

TEST_CASE("split streams are independent of each other and of the position", "[core][random]") {
  Generator g(11);
  const auto before = normals(g.split("weights"), 20000);
  static_cast<void>(g.uniform());
  CHECK(normals(g.split("weights"), 20000) == before);
  for (const Generator& other :
       {g, g.split("noise"), g.split(std::uint64_t{0}), g.split(std::uint64_t{1}), Generator(12)}) {
    // Four standard deviations of a mean of 20,000 products.
    CHECK(std::abs(correlation(before, normals(other, 20000))) < 4.0 / std::sqrt(20000.0));
  }
}

TEST_CASE("below is within its bound and even", "[core][random]") {
  Generator g(5);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[g.below(7)];
  for (const int count : counts) CHECK(count == test::Approx(10000).margin(400));
  CHECK(g.below(1) == 0);
}

TEST_CASE("a permutation holds every number once, in an order of its own", "[core][random]") {
  Generator g(5);
  auto order = g.permutation(1000);
  CHECK(order != g.permutation(1000));
  CHECK_FALSE(std::ranges::is_sorted(order));
  std::ranges::sort(order);
  for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(order[i] == static_cast<std::int64_t>(i));
  CHECK(g.permutation(0).empty());
}

TEST_CASE("a journal tells where each generator stood", "[core][random]") {
  Generator g(5);
  Generator other(6);
  static_cast<void>(g.uniform());
  const RandomJournal outer;
  std::vector<double> first(5);
  std::vector<double> again(5);
  {
    const RandomJournal inner;
    g.fill_normal(first);
    static_cast<void>(g.uniform());
    REQUIRE(inner.positions().size() == 1);
    CHECK(inner.positions()[0].second == 1);
    *inner.positions()[0].first = inner.positions()[0].second;
  }
  g.fill_normal(again);
  CHECK(first == again);
  static_cast<void>(other.uniform());
  CHECK(outer.positions().size() == 2);
}

}  // namespace
}  // namespace moonstill
