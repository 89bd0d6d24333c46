// Long loops that Ctrl-C must reach.
#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/core/interrupt.hpp"

namespace moonstill {

/// Calls body(begin, end) on pieces of [0, count), and polls for an interruption between them.
template <class Body>
void in_pieces(std::size_t count, std::size_t piece, Body&& body) {
  for (std::size_t begin = 0; begin < count; begin += piece) {
    if (begin > 0) poll_interrupt();
    body(begin, std::min(count, begin + piece));
  }
}

}  // namespace moonstill
