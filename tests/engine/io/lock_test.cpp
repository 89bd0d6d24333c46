#include "engine/io/lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/io/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using moonstill::io::FileLock;
using moonstill::test::TemporaryFolder;

TEST_CASE("a lock is held once, says by whom, and its file goes with it") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "run" / "lock";
  {
    const auto held = FileLock::take(path, "1 2");
    REQUIRE(held);
    CHECK(moonstill::io::read_file(path).size() == 3);
    CHECK_FALSE(FileLock::take(path, "a longer text"));
    CHECK(moonstill::io::read_file(path).size() == 3);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(FileLock::take(path, ""));
}

TEST_CASE("a process that ends without letting go leaves a file that counts for nothing") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "lock";
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto held = FileLock::take(path, "child");
    ::_exit(held ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(std::filesystem::exists(path));
  CHECK(FileLock::take(path, "parent"));
}

TEST_CASE("of many that take a lock at once one at a time has it") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "lock";
  std::atomic<int> holders{0};
  std::atomic<int> taken{0};
  std::atomic<bool> shared{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int attempt = 0; attempt < 300; ++attempt) {
        const auto held = FileLock::take(path, "x");
        if (!held) continue;
        if (++holders > 1) shared = true;
        ++taken;
        std::this_thread::yield();
        --holders;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(shared);
  CHECK(taken > 0);
}
