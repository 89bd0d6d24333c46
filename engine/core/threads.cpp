#include "engine/core/threads.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/core/error.hpp"

namespace moonstill {
namespace {

unsigned default_thread_count() {
  if (const char* text = std::getenv("MOONSTILL_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const unsigned long count = std::strtoul(text, &end, 10);
    if (*end != '\0' || count < 1 || count > most_threads) {
      fail(ErrorKind::argument, "MOONSTILL_THREADS: expected a whole number from 1 to {}, got '{}'",
           most_threads, text);
    }
    return static_cast<unsigned>(count);
  }
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}

// One call of parallel_for: worker i takes the i-th range.
struct Job {
  std::size_t count = 0;
  std::size_t ranges = 0;
  void* context = nullptr;
  detail::RangeFunction function = nullptr;

  void run(std::size_t index) const {
    const std::size_t begin = count * index / ranges;
    const std::size_t end = count * (index + 1) / ranges;
    if (begin < end) function(context, begin, end);
  }
};

thread_local bool inside_parallel = false;

class Team {
 public:
  static Team& instance() {
    static Team team(default_thread_count());
    return team;
  }

  explicit Team(unsigned count) { start(count); }
  ~Team() { stop(); }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] unsigned size() const { return static_cast<unsigned>(workers_.size()) + 1; }

  void resize(unsigned count) {
    const std::lock_guard lock(use_);
    stop();
    start(count);
  }

  void run(const Job& job) {
    const std::unique_lock lock(use_, std::try_to_lock);
    // Another thread of the host program has the team: run alone.
    if (!lock.owns_lock()) {
      job.function(job.context, 0, job.count);
      return;
    }
    job_ = job;
    error_ = nullptr;
    pending_.store(workers_.size(), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    execute(0);
    wait_until([&] { return pending_.load(std::memory_order_acquire) == 0; }, pending_);
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  // Kernels come in quick succession: look for a few microseconds before sleeping.
  template <class Condition, class Number>
  static void wait_until(Condition condition, std::atomic<Number>& number) {
    for (int look = 0; look < 2000; ++look) {
      if (condition()) return;
      __builtin_ia32_pause();
    }
    while (true) {
      const Number seen = number.load(std::memory_order_acquire);
      if (condition()) return;
      number.wait(seen, std::memory_order_acquire);
    }
  }

  void execute(std::size_t index) {
    if (index >= job_.ranges) return;
    inside_parallel = true;
    try {
      job_.run(index);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
    inside_parallel = false;
  }

  void start(unsigned count) {
    const std::size_t round = round_.load();
    for (unsigned i = 1; i < count; ++i) {
      workers_.emplace_back([this, i, round](const std::stop_token& stop) { work(i, round, stop); });
    }
  }

  void stop() {
    for (auto& worker : workers_) worker.request_stop();
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    workers_.clear();
  }

  void work(unsigned index, std::size_t seen, const std::stop_token& stop) {
    while (true) {
      wait_until([&] { return round_.load(std::memory_order_acquire) != seen; }, round_);
      seen = round_.load(std::memory_order_acquire);
      if (stop.stop_requested()) return;
      execute(index);
      if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_all();
    }
  }

  std::mutex use_;
  std::mutex error_mutex_;
  std::exception_ptr error_;
  Job job_;
  std::atomic<std::size_t> round_{0};
  std::atomic<std::size_t> pending_{0};
  std::vector<std::jthread> workers_;
};

}  // namespace

unsigned thread_count() { return Team::instance().size(); }

void set_thread_count(unsigned count) {
  if (count < 1 || count > most_threads)
    fail(ErrorKind::range, "threads: {} is outside 1..{}", count, most_threads);
  if (count != thread_count()) Team::instance().resize(count);
}

namespace detail {

void run_parallel(std::size_t count, std::size_t grain, void* context, RangeFunction function) {
  if (count == 0) return;
  const std::size_t most_ranges = std::max<std::size_t>(1, count / std::max<std::size_t>(1, grain));
  if (most_ranges == 1 || inside_parallel) {
    function(context, 0, count);
    return;
  }
  Team& team = Team::instance();
  const std::size_t ranges = std::min<std::size_t>(most_ranges, team.size());
  if (ranges == 1) {
    function(context, 0, count);
    return;
  }
  team.run(Job{count, ranges, context, function});
}

}  // namespace detail
}  // namespace moonstill
