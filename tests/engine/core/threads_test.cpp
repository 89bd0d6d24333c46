#include "engine/core/threads.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/threads.hpp"

namespace moonstill {
namespace {

using test::WithThreads;

TEST_CASE("parallel_for visits every item once", "[core][threads]") {
  for (const unsigned threads : {1, 2, 3, 5}) {
    const WithThreads guard(threads);
    CHECK(thread_count() == threads);
    for (const std::size_t count : {0, 1, 2, 7, 1000}) {
      for (const std::size_t grain : {0, 1, 3, 2000}) {
        std::vector<std::atomic<int>> visits(count);
        parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
          for (std::size_t i = begin; i < end; ++i) ++visits[i];
        });
        for (const auto& v : visits) REQUIRE(v == 1);
      }
    }
  }
}

TEST_CASE("ranges are no smaller than the grain", "[core][threads]") {
  const WithThreads guard(4);
  std::mutex mutex;
  std::vector<std::size_t> sizes;
  parallel_for(10, 3, [&](std::size_t begin, std::size_t end) {
    const std::lock_guard lock(mutex);
    sizes.push_back(end - begin);
  });
  CHECK(sizes.size() == 3);
  for (const std::size_t size : sizes) CHECK(size >= 3);
}

TEST_CASE("many short regions in a row, with workers that come late", "[core][threads]") {
  const WithThreads guard(3);
  std::vector<int> items(7);
  for (int round = 0; round < 20000; ++round) {
    parallel_for(items.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++items[i];
    });
  }
  CHECK(items == std::vector<int>(7, 20000));
}

TEST_CASE("a nested parallel_for runs on the calling thread", "[core][threads]") {
  const WithThreads guard(3);
  std::atomic<int> items = 0;
  std::atomic<int> strangers = 0;
  parallel_for(6, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto self = std::this_thread::get_id();
      parallel_for(5, 1, [&](std::size_t first, std::size_t last) {
        if (std::this_thread::get_id() != self) ++strangers;
        items += static_cast<int>(last - first);
      });
    }
  });
  CHECK(items == 30);
  CHECK(strangers == 0);
}

TEST_CASE("an exception of any range reaches the caller, and the team goes on", "[core][threads]") {
  const WithThreads guard(3);
  for (std::size_t bad = 0; bad < 3; ++bad) {
    const auto run = [&] {
      parallel_for(3, 1, [&](std::size_t begin, std::size_t end) {
        if (begin <= bad && bad < end) throw std::runtime_error("from a range");
      });
    };
    CHECK_THROWS_WITH(run(), "from a range");
    std::atomic<int> items = 0;
    parallel_for(3, 1, [&](std::size_t begin, std::size_t end) { items += static_cast<int>(end - begin); });
    CHECK(items == 3);
  }
}

TEST_CASE("threads of the host may call parallel_for at once", "[core][threads]") {
  const WithThreads guard(2);
  std::atomic<int> items = 0;
  {
    std::vector<std::jthread> hosts;
    for (int i = 0; i < 4; ++i) {
      hosts.emplace_back([&] {
        for (int round = 0; round < 50; ++round) {
          parallel_for(10, 1,
                       [&](std::size_t begin, std::size_t end) { items += static_cast<int>(end - begin); });
        }
      });
    }
  }
  CHECK(items == 4 * 50 * 10);
}

TEST_CASE("set_thread_count checks its argument", "[core][threads]") {
  const unsigned before = thread_count();
  for (const unsigned count : {0U, 1025U}) {
    try {
      set_thread_count(count);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::range);
    }
  }
  CHECK(thread_count() == before);
}

TEST_CASE("ranges flush what is below the smallest normal number, their caller does not", "[core][threads]") {
  const volatile float least = std::numeric_limits<float>::min();
  const volatile double tiny = std::numeric_limits<double>::min();
  for (const std::size_t ranges : {1, 8}) {
    std::vector<int> flushed(ranges);
    parallel_for(ranges, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i)
        flushed[i] = least / 2 == 0 && tiny / 2 == 0 && least > 0 ? 1 : 0;
    });
    CHECK(std::ranges::count(flushed, 1) == static_cast<std::ptrdiff_t>(ranges));
    CHECK(least / 2 > 0);
    CHECK_THROWS(parallel_for(ranges, 1, [](std::size_t, std::size_t) { throw std::runtime_error("no"); }));
    CHECK(tiny / 2 > 0);
  }
}

}  // namespace
}  // namespace moonstill
