#include "engine/core/memory.hpp"

#include <cstdint>

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

// Puts the limit back when a test ends.
class LimitGuard {
 public:
  LimitGuard() : limit_(memory_stats().limit_bytes) {}
  ~LimitGuard() { set_memory_limit(limit_); }
  LimitGuard(const LimitGuard&) = delete;
  LimitGuard& operator=(const LimitGuard&) = delete;

 private:
  std::size_t limit_;
};

TEST_CASE("memory is aligned", "[core][memory]") {
  for (const std::size_t bytes : {1, 63, 64, 65, 1000, 1 << 20}) {
    const auto block = allocate_memory(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block.get()) % memory_alignment == 0);
  }
}

TEST_CASE("memory is accounted for while it is held", "[core][memory]") {
  const std::size_t before = memory_stats().live_bytes;
  {
    const auto block = allocate_memory(100000);
    const auto shared = block;
    const MemoryStats stats = memory_stats();
    CHECK(stats.live_bytes >= before + 100000);
    CHECK(stats.live_bytes <= before + 125000);
    CHECK(stats.peak_bytes >= stats.live_bytes);
  }
  CHECK(memory_stats().live_bytes == before);
  CHECK(memory_stats().peak_bytes >= before + 100000);
  reset_memory_peak();
  CHECK(memory_stats().peak_bytes == before);
}

TEST_CASE("freed memory is used again", "[core][memory]") {
  const std::byte* first = allocate_memory(300000).get();
  CHECK(memory_stats().cached_bytes >= 300000);
  CHECK(allocate_memory(300000).get() == first);
  trim_memory();
  CHECK(memory_stats().cached_bytes == 0);
}

TEST_CASE("memory that is no longer used goes back to the system", "[core][memory]") {
  constexpr std::size_t large = std::size_t{200} << 20;
  allocate_memory(large).reset();
  CHECK(memory_stats().cached_bytes >= large);
  for (int i = 0; i < 1 << 18; ++i) allocate_memory(1).reset();
  CHECK(memory_stats().cached_bytes < large / 2);
}

TEST_CASE("a loop's blocks are kept from one turn to the next", "[core][memory]") {
  constexpr std::size_t large = std::size_t{100} << 20;
  for (int turn = 0; turn < 20; ++turn) {
    // Blocks of two sizes, one after the other.
    for (const std::size_t bytes : {large, large / 2}) {
      const std::size_t cached = memory_stats().cached_bytes;
      const auto block = allocate_memory(bytes);
      if (turn > 0) CHECK(cached - memory_stats().cached_bytes >= bytes);
    }
    for (int i = 0; i < 10000; ++i) allocate_memory(1).reset();
  }
}

TEST_CASE("sizes that are out of use make room for those in use", "[core][memory]") {
  trim_memory();
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  for (const std::size_t size : {256 * mebibyte, 160 * mebibyte, 224 * mebibyte}) allocate_memory(size);
  // The three together are more than twice the most that was in use at once: the first one has gone.
  const std::size_t waiting = memory_stats().cached_bytes;
  CHECK(waiting < 512 * mebibyte);
  const auto again = allocate_memory(224 * mebibyte);
  CHECK(memory_stats().cached_bytes == waiting - 224 * mebibyte);
  trim_memory();
}

TEST_CASE("the memory limit holds and names the bytes", "[core][memory]") {
  const LimitGuard guard;
  set_memory_limit(memory_stats().live_bytes + (1 << 20));
  const auto fits = allocate_memory(1 << 19);
  try {
    const auto too_much = allocate_memory(1 << 20);
    FAIL("no error beyond the limit");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::memory);
    CHECK_THAT(error.what(), test::ContainsSubstring("1048576"));
  }
  CHECK_NOTHROW(allocate_memory(1 << 18));
}

}  // namespace
}  // namespace moonstill
