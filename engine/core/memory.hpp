// Tensor memory: aligned, pooled, accounted, limited.
#pragma once

#include <cstddef>
#include <memory>

namespace moonstill {

inline constexpr std::size_t memory_alignment = 64;

struct MemoryStats {
  std::size_t live_bytes = 0;    // held by tensors now
  std::size_t peak_bytes = 0;    // the most held by tensors since reset_memory_peak()
  std::size_t cached_bytes = 0;  // freed by tensors, kept for the next ones
  std::size_t limit_bytes = 0;   // allocations beyond this fail
};

/// Uninitialised memory aligned to memory_alignment, returned to the pool with the last owner.
/// Throws Error{memory} beyond the limit, naming the bytes asked for and held.
std::shared_ptr<std::byte> allocate_memory(std::size_t bytes);

[[nodiscard]] MemoryStats memory_stats();

/// The limit starts at nine tenths of what the machine (or its control group) has.
void set_memory_limit(std::size_t bytes);

/// Makes the peak what tensors hold now.
void reset_memory_peak();

/// Gives cached memory back to the system.
void trim_memory();

}  // namespace moonstill
