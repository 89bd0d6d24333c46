#include "engine/core/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"

namespace moonstill {
namespace {

std::size_t machine_memory() {
  std::size_t bytes =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGE_SIZE));
  std::size_t group_limit = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> group_limit && group_limit > 0)
    bytes = std::min(bytes, group_limit);
  return bytes;
}

// Sizes are rounded up to four steps an octave, so that blocks of a loop's slightly differing tensors are
// shared: class 4 k + i holds (4 + i) 2^k times a quarter of the smallest size.
constexpr std::size_t smallest_size = 256;
constexpr std::size_t class_count = 4 * (64 - std::bit_width(smallest_size));

constexpr std::size_t class_size(std::size_t index) {
  return (4 + index % 4) * (smallest_size / 4) << index / 4;
}

constexpr std::size_t class_of(std::size_t bytes) {
  if (bytes <= smallest_size) return 0;
  const auto octave = static_cast<std::size_t>(std::bit_width((bytes - 1) / smallest_size)) - 1;
  const std::size_t step = (smallest_size / 4) << octave;
  return 4 * octave + (bytes + step - 1) / step - 4;
}
static_assert(class_of(256) == 0 && class_of(257) == 1 && class_of(448) == 3 && class_of(449) == 4);
static_assert(class_size(4) == 512 && class_of(512) == 4 && class_of(513) == 5 && class_size(5) == 640);

// Freed blocks wait by size for the next tensor: fresh pages cost more than the arithmetic done in them. With
// those that wait, at most twice the bytes lately in use at once are held, since a loop uses blocks of other
// sizes at other times; what is beyond that goes back to the system, unused sizes first.
class Pool {
 public:
  // Never destroyed, since tensors in static storage may outlive any static pool.
  static Pool& instance() {
    static Pool* pool = std::make_unique<Pool>().release();
    return *pool;
  }

  std::byte* acquire(std::size_t index) {
    const std::size_t size = class_size(index);
    const std::lock_guard lock(mutex_);
    if (stats_.live_bytes + size > stats_.limit_bytes) {
      fail(ErrorKind::memory, "not enough memory for tensors: {} bytes asked for, {} held, the limit is {}",
           size, stats_.live_bytes, stats_.limit_bytes);
    }
    std::byte* block = take(index);
    last_use_[index] = acquired_;
    stats_.live_bytes += size;
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.live_bytes);
    note_use();
    return block;
  }

  void release(std::byte* block, std::size_t index) noexcept {
    const std::size_t size = class_size(index);
    const std::lock_guard lock(mutex_);
    last_use_[index] = acquired_;
    drop_oldest(index);
    const bool keep = !too_much();
    stats_.live_bytes -= size;
    if (!keep) {
      std::free(block);
      return;
    }
    try {
      free_[index].push_back(block);
      stats_.cached_bytes += size;
    } catch (const std::bad_alloc&) {
      std::free(block);
    }
  }

  MemoryStats stats() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

  void set_limit(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    stats_.limit_bytes = bytes;
  }

  void reset_peak() {
    const std::lock_guard lock(mutex_);
    stats_.peak_bytes = stats_.live_bytes;
  }

  void trim() noexcept {
    const std::lock_guard lock(mutex_);
    drop_cache();
  }

 private:
  static constexpr std::size_t always_held = std::size_t{64} << 20;
  // Blocks handed out in what "lately" means: once to twice as many.
  static constexpr std::size_t period = std::size_t{1} << 16;

  [[nodiscard]] std::size_t most_held() const {
    return std::max(2 * std::max(peak_in_period_, peak_before_), always_held);
  }

  void note_use() noexcept {
    peak_in_period_ = std::max(peak_in_period_, stats_.live_bytes);
    if (++acquired_ % period != 0) return;
    peak_before_ = std::exchange(peak_in_period_, stats_.live_bytes);
    drop_oldest(class_count);
  }

  [[nodiscard]] bool too_much() const { return stats_.live_bytes + stats_.cached_bytes > most_held(); }

  // Gives back blocks of the sizes that were not in use for longest, but for one, while too much is held.
  void drop_oldest(std::size_t except) noexcept {
    while (too_much()) {
      std::size_t oldest = class_count;
      for (std::size_t index = 0; index < class_count; ++index) {
        if (index == except || free_[index].empty()) continue;
        if (oldest == class_count || last_use_[index] < last_use_[oldest]) oldest = index;
      }
      if (oldest == class_count) return;
      std::free(free_[oldest].back());
      free_[oldest].pop_back();
      stats_.cached_bytes -= class_size(oldest);
    }
  }

  std::byte* take(std::size_t index) {
    const std::size_t size = class_size(index);
    if (auto& blocks = free_[index]; !blocks.empty()) {
      std::byte* block = blocks.back();
      blocks.pop_back();
      stats_.cached_bytes -= size;
      return block;
    }
    if (stats_.live_bytes + stats_.cached_bytes + size > stats_.limit_bytes) drop_cache();
    void* fresh = std::aligned_alloc(memory_alignment, size);
    if (fresh == nullptr) {
      drop_cache();
      fresh = std::aligned_alloc(memory_alignment, size);
    }
    if (fresh == nullptr) fail(ErrorKind::memory, "the system refused {} bytes for a tensor", size);
    return static_cast<std::byte*>(fresh);
  }

  void drop_cache() noexcept {
    for (auto& blocks : free_) {
      for (std::byte* block : blocks) std::free(block);
      blocks = {};
    }
    stats_.cached_bytes = 0;
  }

  std::mutex mutex_;
  std::array<std::vector<std::byte*>, class_count> free_;  // by class
  std::array<std::size_t, class_count> last_use_{};        // of each class, counted in blocks handed out
  std::size_t acquired_ = 0;
  std::size_t peak_in_period_ = 0, peak_before_ = 0;
  MemoryStats stats_{.limit_bytes = machine_memory() / 10 * 9};
};

}  // namespace

std::shared_ptr<std::byte> allocate_memory(std::size_t bytes) {
  const std::size_t index = class_of(bytes);
  std::byte* block = Pool::instance().acquire(index);
  return {block, [index](std::byte* p) { Pool::instance().release(p, index); }};
}

MemoryStats memory_stats() { return Pool::instance().stats(); }
void set_memory_limit(std::size_t bytes) { Pool::instance().set_limit(bytes); }
void reset_memory_peak() { Pool::instance().reset_peak(); }
void trim_memory() { Pool::instance().trim(); }

}  // namespace moonstill
