// Tables of one inner loop compiled for many block sizes.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

namespace moonstill {

/// table[r - 1][c - 1] = make.operator()<r, c>(), a function pointer.
template <int Rows, int Columns, class Make>
constexpr auto block_table(Make make) {
  using Row = std::array<decltype(make.template operator()<1, 1>()), Columns>;
  const auto row = [&]<int R, int... C>(std::integer_sequence<int, C...>) {
    return Row{make.template operator()<R, C + 1>()...};
  };
  return [&]<int... R>(std::integer_sequence<int, R...>) {
    return std::array<Row, Rows>{
        row.template operator()<R + 1>(std::make_integer_sequence<int, Columns>{})...};
  }
  (std::make_integer_sequence<int, Rows>{});
}

}  // namespace moonstill
