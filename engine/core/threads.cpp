#include "engine/core/threads.hpp"

#include <sched.h>
#include <xmmintrin.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/pieces.hpp"

namespace moonstill {
namespace {

unsigned default_thread_count() {
  if (const char* text = std::getenv("MOONSTILL_THREADS"); text != nullptr && *text != '\0')
    return read_thread_count(text, "MOONSTILL_THREADS");
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}

// A range is worked through in pieces, a millisecond each where a grain takes microseconds, and some where it
// meets fresh memory: Ctrl-C waits for no range's end.
constexpr std::size_t grains_in_piece = 128;

// While it lives, results below the smallest normal number are 0. They tell nothing, and some processors take
// a hundred times as long over each: late in a distillation, whose smooth pooling weighs by exponentials, an
// iteration four times as long.
class FlushSubnormals {
 public:
  FlushSubnormals() {
    if (before_ != flushing_) _mm_setcsr(flushing_);
  }
  ~FlushSubnormals() {
    if (before_ != flushing_) _mm_setcsr(before_);
  }
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
  const unsigned before_ = _mm_getcsr();
  const unsigned flushing_ = before_ | _MM_FLUSH_ZERO_ON;
};

// One call of parallel_for, in ranges.
struct Job {
  std::size_t count = 0;
  std::size_t ranges = 0;
  std::size_t piece = 0;
  void* context = nullptr;
  detail::RangeFunction function = nullptr;

  void run(std::size_t index) const {
    const FlushSubnormals flush;
    const std::size_t first = count * index / ranges;
    in_pieces(count * (index + 1) / ranges - first, piece,
              [&](std::size_t begin, std::size_t end) { function(context, first + begin, first + end); });
  }
};

// Which ranges of which job are still to be had, in one number: a thread that takes a range knows by that
// alone that its job is the current one.
class Tickets {
 public:
  Tickets() = default;
  Tickets(std::uint64_t job, std::size_t ranges) : bits_(job << 32 | std::uint64_t{ranges} << 16) {}
  explicit Tickets(std::uint64_t bits) : bits_(bits) {}

  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  [[nodiscard]] std::uint64_t job() const { return bits_ >> 32; }
  [[nodiscard]] std::size_t next() const { return bits_ & 0xffff; }
  [[nodiscard]] bool left() const { return next() < (bits_ >> 16 & 0xffff); }
  [[nodiscard]] Tickets after_next() const { return Tickets(bits_ + 1); }

 private:
  std::uint64_t bits_ = 0;
};
static_assert(most_threads <= 0xffff);

thread_local bool inside_parallel = false;

void run_alone(Job job) {
  job.ranges = 1;
  job.run(0);
}

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
      run_alone(job);
      return;
    }
    job_ = job;
    error_ = nullptr;
    finished_.store(0, std::memory_order_relaxed);
    publish(job.ranges);
    // A worker that wakes too late finds nothing left, and is not waited for.
    take_ranges();
    wait_until([&] { return finished_.load(std::memory_order_acquire) == job.ranges; }, finished_);
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

  void publish(std::size_t ranges) {
    const Tickets last(tickets_.load(std::memory_order_relaxed));
    tickets_.store(Tickets(last.job() + 1, ranges).bits(), std::memory_order_release);
    tickets_.notify_all();
  }

  void take_ranges() {
    std::uint64_t seen = tickets_.load(std::memory_order_acquire);
    while (Tickets(seen).left()) {
      const Tickets mine(seen);
      if (!tickets_.compare_exchange_weak(seen, mine.after_next().bits(), std::memory_order_acq_rel,
                                          std::memory_order_acquire)) {
        continue;
      }
      const std::size_t ranges = job_.ranges;  // the last of them gives the job away
      execute(mine.next());
      if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == ranges) finished_.notify_all();
      seen = tickets_.load(std::memory_order_acquire);
    }
  }

  void execute(std::size_t index) {
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
    for (unsigned i = 1; i < count; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }

  void stop() {
    for (auto& worker : workers_) worker.request_stop();
    publish(0);
    workers_.clear();
  }

  void work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      take_ranges();
      const std::uint64_t seen = tickets_.load(std::memory_order_acquire);
      if (Tickets(seen).left() || stop.stop_requested()) continue;
      wait_until([&] { return tickets_.load(std::memory_order_acquire) != seen; }, tickets_);
    }
  }

  std::mutex use_;
  std::mutex error_mutex_;
  std::exception_ptr error_;
  Job job_;
  std::atomic<std::uint64_t> tickets_{0};
  std::atomic<std::size_t> finished_{0};
  std::vector<std::jthread> workers_;
};

}  // namespace

unsigned thread_count() { return Team::instance().size(); }

unsigned read_thread_count(std::string_view text, std::string_view name) {
  unsigned count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (!number || count < 1 || count > most_threads)
    fail(ErrorKind::argument, "{}: expected a whole number from 1 to {}, got '{}'", name, most_threads, text);
  return count;
}

void set_thread_count(unsigned count) {
  if (count < 1 || count > most_threads)
    fail(ErrorKind::range, "threads: {} is outside 1..{}", count, most_threads);
  if (count != thread_count()) Team::instance().resize(count);
}

namespace detail {

void run_parallel(std::size_t count, std::size_t grain, void* context, RangeFunction function) {
  if (count == 0) return;
  grain = std::max<std::size_t>(1, grain);
  Job job{count, std::max<std::size_t>(1, count / grain), grain * grains_in_piece, context, function};
  if (job.ranges == 1 || inside_parallel) return run_alone(job);
  Team& team = Team::instance();
  job.ranges = std::min<std::size_t>(job.ranges, team.size());
  if (job.ranges == 1) return run_alone(job);
  team.run(job);
}

}  // namespace detail
}  // namespace moonstill
