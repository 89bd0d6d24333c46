// Memory for what lives no longer than a call: handed out piece by piece, given back all at once.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>

namespace moonstill {

/// Memory for vectors of one thread that die with it or before. The first `bytes` lie in the object itself,
/// so that a small call takes nothing from the heap; what vectors give back is not handed out again.
template <std::size_t bytes>
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::pmr::memory_resource* memory() { return &resource_; }

 private:
  alignas(std::max_align_t) std::array<std::byte, bytes> first_;
  std::pmr::monotonic_buffer_resource resource_{first_.data(), bytes};
};

}  // namespace moonstill
