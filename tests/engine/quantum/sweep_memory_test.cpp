// A sweep takes its memory when it starts: more samples take no more pieces of it.
#include <atomic>
#include <cstdlib>
#include <new>

#include "engine/core/threads.hpp"
#include "engine/quantum/sweep.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"

namespace {

std::atomic<std::int64_t> pieces = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++pieces;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++pieces;
  const auto align = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (size + align - 1) / align * align)) return memory;
  throw std::bad_alloc();
}
// Sanitizers know this one apart from the plain one.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++pieces;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace moonstill::quantum {
namespace {

// Angles, amplitudes, and a readout of every kind.
struct Layer {
  Circuit circuit{4};
  Readout readout;

  Layer() {
    const int x = circuit.add_input("x", {16});
    const int w = circuit.add_input("w", {4, 4, 3});
    circuit.amplitudes(x).strongly_entangling(w);
    readout.add(PauliSum{{PauliWord{0.5, {{0, 'X'}, {2, 'Y'}}}}}).add(Probabilities{{0, 3}});
    readout.add_hermitian_input({{0}, {1}}).add_hermitian_input({{1, 2, 3}});
  }

  SweepPoint point(std::int64_t samples) const {
    Generator random(11);
    SweepPoint out;
    out.angles = {Tensor(), normal({samples, 4, 4, 3}, random)};
    out.amplitudes = unit_rows({samples, 16}, random);
    out.hermitians = {normal({2, 2, 2, 2}, random), normal({1, 8, 8, 2}, random)};
    out.weights = normal({samples, 8}, random);
    return out;
  }
};

}  // namespace

TEST_CASE("a sweep's pieces of memory do not grow in number with the samples", "[quantum][sweep]") {
  const Layer layer;
  SweepRequest request;
  request.values = request.tangents = request.amplitudes = true;
  request.angles = {false, true};
  request.hermitians = {true, true};
  const unsigned threads = thread_count();
  set_thread_count(1);
  for (const Route route : {Route::tiles, Route::state}) {
    request.choice.route = route;
    const auto taken = [&](std::int64_t samples) {
      const SweepPoint point = layer.point(samples);
      sweep(layer.circuit, layer.readout, point, point, request);
      const std::int64_t before = pieces;
      sweep(layer.circuit, layer.readout, point, point, request);
      return pieces - before;
    };
    CHECK(taken(1024) < taken(512) + 16);
  }
  set_thread_count(threads);
}

}  // namespace moonstill::quantum
