#include "engine/quantum/frame.hpp"

#include <algorithm>
#include <numeric>

#include "engine/core/random.hpp"
#include "engine/quantum/gates.hpp"
#include "engine/quantum/site.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"

namespace moonstill::quantum {

TEST_CASE("a frame follows affine permutations", "[quantum][frame]") {
  Generator random(101);
  const int n = 5;
  for (int round = 0; round < 50; ++round) {
    Frame frame(n);
    // Place p holds the amplitude of basis state index[p], which moves along with each permutation.
    std::vector<Bits> index(std::size_t{1} << n);
    std::iota(index.begin(), index.end(), Bits{0});
    for (int step = 0; step < 12; ++step) {
      const Gate& gate = quantum::gate(std::array{"cnot", "swap", "x"}[random.below(3)]);
      const std::vector<int> bits = some_qubits(gate.qubits(), n, random);
      const ComplexMatrix matrix = target_matrix(gate, {});
      const auto own = std::span(bits).subspan(static_cast<std::size_t>(gate.controls));
      REQUIRE(frame.permute(matrix, own, std::span(bits).first(static_cast<std::size_t>(gate.controls))));
      // The dense reference numbers qubits from the most significant bit.
      std::vector<int> qubits;
      for (const int b : bits) qubits.push_back(n - 1 - b);
      const ComplexMatrix full = test::embed(full_matrix(gate, {}), qubits, n);
      for (Bits& i : index) {
        Bits to = 0;
        while (full(static_cast<int>(to), static_cast<int>(i)) != 1.0) ++to;
        i = to;
      }
    }
    for (Bits place = 0; place < index.size(); ++place) {
      CHECK(frame.place(index[place]) == place);
      for (int b = 0; b < n; ++b) {
        CHECK(frame.row(b).at(place) == (((index[place] >> b) & 1) != 0));
        CHECK(index[place ^ frame.flip(b)] == (index[place] ^ (Bits{1} << b)));
      }
    }
  }
}

TEST_CASE("a frame leaves what is not affine", "[quantum][frame]") {
  Frame frame(3);
  const ComplexMatrix x = target_matrix(gate("x"), {});
  const ComplexMatrix swap = target_matrix(gate("swap"), {});
  CHECK_FALSE(frame.permute(x, std::array{0}, std::array{1, 2}));
  CHECK_FALSE(frame.permute(swap, std::array{0, 1}, std::array{2}));
  CHECK(frame == Frame(3));
  // Three bits rotated: affine, though no gate of the table.
  ComplexMatrix rotated(8);
  for (int from = 0; from < 8; ++from) rotated((from << 1 & 7) | from >> 2, from) = 1;
  CHECK(frame.permute(rotated, std::array{2, 1, 0}, {}));
  CHECK(frame.place(0b010) == 0b001);
}

TEST_CASE("linear systems over GF(2)", "[quantum][frame]") {
  Generator random(103);
  const int unknowns = 6;
  for (int round = 0; round < 200; ++round) {
    std::vector<Bits> masks(1 + random.below(5));
    for (Bits& mask : masks) mask = static_cast<Bits>(random.below(64));
    const LinearSystem system(masks, unknowns);
    const Span kernel(system.kernel());
    std::vector<int> count(std::size_t{1} << masks.size());
    const auto values = [&](Bits x) {
      Bits v = 0;
      for (std::size_t i = 0; i < masks.size(); ++i) v |= odd(masks[i] & x) ? Bits{1} << i : 0;
      return v;
    };
    for (Bits x = 0; x < 64; ++x) ++count[values(x)];
    for (Bits v = 0; v < count.size(); ++v) {
      const auto first = system.solve(v);
      CHECK(first.has_value() == (count[v] != 0));
      if (!first) continue;
      std::vector<Bits> found;
      for (std::size_t i = 0; i < kernel.size(); ++i) found.push_back(*first ^ kernel[i]);
      CHECK(found.size() == static_cast<std::size_t>(count[v]));
      CHECK(std::ranges::all_of(found, [&](Bits x) { return values(x) == v; }));
      std::ranges::sort(found);
      CHECK(std::ranges::adjacent_find(found) == found.end());
    }
  }
}

TEST_CASE("subspaces number their vectors", "[quantum][frame]") {
  Generator random(107);
  for (int round = 0; round < 50; ++round) {
    Subspace subspace{2, {}, {}};
    std::vector<Bits> places;
    for (int i = 0; i < 4; ++i) {
      places.push_back(static_cast<Bits>(random.below(1 << 9)));
      subspace.add(places.back());
    }
    const Span numbers(subspace.basis);
    for (const Bits place : places) {
      REQUIRE(subspace.contains(place));
      const Bits x = subspace.coordinates(place);
      CHECK(numbers[x] == (place & ~Bits{3}));
      const Bits mask = static_cast<Bits>(random.below(1 << 9)) & ~Bits{3};
      CHECK(odd(subspace.restricted(mask) & x) == odd(mask & place));
    }
  }
}

}  // namespace moonstill::quantum
