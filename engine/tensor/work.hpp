// How kernels share out their work: what is worth a second thread, and the loops over items.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/core/interrupt.hpp"
#include "engine/core/threads.hpp"

namespace moonstill {

/// Some 5 microseconds of one thread, below which waking a second one does not pay: numbers moved or added,
/// calls of mathematical functions, and multiplications within registers.
inline constexpr std::int64_t serial_moves = 1 << 15;
inline constexpr std::int64_t serial_calls = 1 << 12;
inline constexpr std::int64_t serial_products = 1 << 18;

/// Calls body(begin, end) on ranges that cover [0, count). One item is `item_work` of what `serial_work`
/// counts.
template <class Body>
void share_ranges(std::int64_t count, std::int64_t item_work, std::int64_t serial_work, Body&& body) {
  const std::int64_t grain = std::max<std::int64_t>(1, serial_work / std::max<std::int64_t>(1, item_work));
  parallel_for(static_cast<std::size_t>(count), static_cast<std::size_t>(grain),
               [&](std::size_t begin, std::size_t end) {
                 poll_interrupt();
                 body(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end));
               });
}

/// Calls body(i) for every i in [0, count).
template <class Body>
void share_items(std::int64_t count, std::int64_t item_work, std::int64_t serial_work, Body&& body) {
  share_ranges(count, item_work, serial_work, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i);
  });
}

}  // namespace moonstill
