#include "engine/tensor/vector_math.hpp"

#include <vector>

#include "engine/core/random.hpp"
#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

TEST_CASE("sines and cosines are those of the standard library, to units of the last place") {
  std::vector<double> angles{0.0, 0.785398163397448309, 1.570796326794896619, 3.141592653589793238, -1e-9};
  std::vector<double> random(1000);
  Generator(3).fill_normal(random);
  for (const double size : {1e-3, 1.0, 30.0, 1e5, 1e9}) {
    for (const double x : random) angles.push_back(size * x);
    std::vector<double> sines(angles.size());
    std::vector<double> cosines(angles.size());
    vector_math::sines_and_cosines(angles, sines.data(), cosines.data());
    for (std::size_t i = 0; i < angles.size(); ++i) {
      INFO("angle " << angles[i]);
      CHECK(std::abs(sines[i] - std::sin(angles[i])) <= 5e-16 * std::abs(std::sin(angles[i])));
      CHECK(std::abs(cosines[i] - std::cos(angles[i])) <= 5e-16 * std::abs(std::cos(angles[i])));
    }
  }
}

}  // namespace
}  // namespace moonstill
