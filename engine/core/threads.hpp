// The thread team: one small set of workers, static splits, no nesting.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>

namespace moonstill {

inline constexpr unsigned most_threads = 1024;

/// As many threads as the process may use, or MOONSTILL_THREADS, or what set_thread_count said.
[[nodiscard]] unsigned thread_count();

/// The number of threads that `text` says, from 1 to most_threads; else throws Error{argument} naming `name`.
[[nodiscard]] unsigned read_thread_count(std::string_view text, std::string_view name);

/// Throws Error{range} unless 1 <= count <= most_threads.
void set_thread_count(unsigned count);

namespace detail {
using RangeFunction = void (*)(void* context, std::size_t begin, std::size_t end);
void run_parallel(std::size_t count, std::size_t grain, void* context, RangeFunction function);
}  // namespace detail

/// Calls body(begin, end) on contiguous ranges that together cover [0, count), each of at least `grain` items
/// but for the last. One range, on the calling thread, when count <= grain, with one thread, or inside
/// another parallel_for. Where the ranges end depends on the thread count: results must not (write disjoint
/// items, or reduce over blocks of fixed size). The first exception that a body throws is rethrown here.
template <class Body>
void parallel_for(std::size_t count, std::size_t grain, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  detail::run_parallel(
      count, grain, const_cast<void*>(static_cast<const void*>(std::addressof(body))),
      [](void* context, std::size_t begin, std::size_t end) { (*static_cast<Plain*>(context))(begin, end); });
}

}  // namespace moonstill
