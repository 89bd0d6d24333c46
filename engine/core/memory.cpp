#include "engine/core/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <new>
#include <string>
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
// shared.
std::size_t size_class(std::size_t bytes) {
  constexpr std::size_t smallest = 256;
  if (bytes <= smallest) return smallest;
  const std::size_t step = std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

// Freed blocks wait by size for the next tensor: fresh pages cost more than the arithmetic done in them.
class Pool {
 public:
  // Never destroyed, since tensors in static storage may outlive any static pool.
  static Pool& instance() {
    static Pool* pool = std::make_unique<Pool>().release();
    return *pool;
  }

  std::byte* acquire(std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (stats_.live_bytes + size > stats_.limit_bytes) {
      fail(ErrorKind::memory, "not enough memory for tensors: {} bytes asked for, {} held, the limit is {}",
           size, stats_.live_bytes, stats_.limit_bytes);
    }
    std::byte* block = take(size);
    stats_.live_bytes += size;
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.live_bytes);
    return block;
  }

  void release(std::byte* block, std::size_t size) noexcept {
    const std::lock_guard lock(mutex_);
    stats_.live_bytes -= size;
    // Never keep more than is or lately was in use.
    if (stats_.cached_bytes + size > std::max(stats_.peak_bytes, smallest_cache)) {
      std::free(block);
      return;
    }
    try {
      free_[size].push_back(block);
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

  void trim() noexcept {
    const std::lock_guard lock(mutex_);
    drop_cache();
  }

 private:
  static constexpr std::size_t smallest_cache = std::size_t{64} << 20;

  std::byte* take(std::size_t size) {
    if (const auto found = free_.find(size); found != free_.end() && !found->second.empty()) {
      std::byte* block = found->second.back();
      found->second.pop_back();
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
    for (auto& [size, blocks] : free_) {
      for (std::byte* block : blocks) std::free(block);
    }
    free_.clear();
    stats_.cached_bytes = 0;
  }

  std::mutex mutex_;
  std::map<std::size_t, std::vector<std::byte*>> free_;
  MemoryStats stats_{.limit_bytes = machine_memory() / 10 * 9};
};

}  // namespace

std::shared_ptr<std::byte> allocate_memory(std::size_t bytes) {
  const std::size_t size = size_class(bytes);
  std::byte* block = Pool::instance().acquire(size);
  return {block, [size](std::byte* p) { Pool::instance().release(p, size); }};
}

MemoryStats memory_stats() { return Pool::instance().stats(); }
void set_memory_limit(std::size_t bytes) { Pool::instance().set_limit(bytes); }
void trim_memory() { Pool::instance().trim(); }

}  // namespace moonstill
