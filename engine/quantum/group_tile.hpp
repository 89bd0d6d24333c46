// The groups of an operation on one sample's state, side by side in the lanes that samples of a tile have:
// the kernels of tiles work on them as they are.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

class GroupTile {
 public:
  GroupTile() = default;
  /// Of an operation on states of `rows` rows.
  GroupTile(const Groups& groups, std::size_t rows);

  /// Of rows in a tile, where those of a group lie one below the other.
  [[nodiscard]] const Groups& groups() const { return groups_; }
  [[nodiscard]] int lanes() const { return static_cast<int>(lanes_); }
  /// Numbers of one plane of such a tile.
  [[nodiscard]] std::size_t size() const { return groups_.count() * depth() * pitch; }

  /// A plane of a state, in the order of its rows, to a plane of the tile, and back. Rows in no group stay.
  template <class T>
  void spread(const T* state, T* tile) const {
    const bool done = with_vectors<T>([&](auto count) {
      constexpr int W = vector_lanes<T>;
      const auto from =
          load_vectors<T, count>([&](std::size_t j) { return load_lanes<T, W>(state + j * W); });
      for (std::size_t j = 0; j < count; ++j)
        put(tile, j, pick<T, count>(from.data(), load_index<T>(rows_.data() + j * W)));
    });
    if (done) return;
    for (std::size_t i = 0; i < rows_.size(); ++i) tile[place(i)] = state[rows_[i]];
  }
  template <class T>
  void collect(const T* tile, T* state) const {
    const bool done = with_vectors<T>([&](auto count) {
      constexpr int W = vector_lanes<T>;
      const auto from = load_vectors<T, count>([&](std::size_t j) { return get<T>(tile, j); });
      for (std::size_t j = 0; j < count; ++j)
        store_lanes<T, W>(state + j * W, pick<T, count>(from.data(), load_index<T>(numbers_.data() + j * W)));
    });
    if (done) return;
    for (std::size_t i = 0; i < rows_.size(); ++i) state[rows_[i]] = tile[place(i)];
  }

 private:
  static constexpr auto pitch = static_cast<std::size_t>(tile_lanes);

  [[nodiscard]] std::size_t depth() const { return static_cast<std::size_t>(groups_.dimension()); }
  // Where the i-th number lies in a tile's plane.
  [[nodiscard]] std::size_t place(std::size_t i) const { return i / lanes_ * pitch + i % lanes_; }

  template <class T, std::size_t count, class Load>
  [[gnu::always_inline]] static std::array<Lanes<T, vector_lanes<T>>, count> load_vectors(Load&& load) {
    std::array<Lanes<T, vector_lanes<T>>, count> vectors;
    for (std::size_t j = 0; j < count; ++j) vectors[j] = load(j);
    return vectors;
  }

  // Vectors that hold a whole plane, when groups reach all rows: body(their number), and true. Else false.
  template <class T, class Body>
  [[gnu::always_inline]] bool with_vectors(Body&& body) const {
#if __has_builtin(__builtin_shuffle)
    constexpr std::size_t W = vector_lanes<T>;
    if (numbers_.empty() || lanes_ * 2 < W) return false;
    switch (rows_.size() / W) {
      case 2:
        body(std::integral_constant<std::size_t, 2>{});
        return true;
      case 4:
        body(std::integral_constant<std::size_t, 4>{});
        return true;
      case 8:
        body(std::integral_constant<std::size_t, 8>{});
        return true;
      case 16:
        body(std::integral_constant<std::size_t, 16>{});
        return true;
      default:
        break;
    }
#else
    static_cast<void>(body);
#endif
    return false;
  }

  // Numbers 0 .. W - 1 of `indices`.
  template <class T>
  [[gnu::always_inline]] static auto load_index(const std::uint32_t* indices) {
    constexpr int W = vector_lanes<T>;
    using Index = Lanes<WholeNumber<T>, W>;
    return __builtin_convertvector(load_lanes<std::uint32_t, W>(indices), Index);
  }

  // What `count` vectors hold at these indices.
  template <class T, std::size_t count, class Index>
  [[gnu::always_inline]] static Lanes<T, vector_lanes<T>> pick(const Lanes<T, vector_lanes<T>>* from,
                                                               const Index& index) {
    if constexpr (count == 2) {
      return __builtin_shuffle(from[0], from[1], index);
    } else {
      constexpr std::size_t half = count / 2;
      constexpr auto bit = static_cast<int>(half * vector_lanes<T>);
      const auto low = pick<T, half>(from, index);
      return (index & (Index{} + bit)) == 0 ? low : pick<T, half>(from + half, index);
    }
  }

  // Numbers j W, j W + 1, ... of a tile's plane: of one row, or of two.
  template <class T, class Vector>
  [[gnu::always_inline]] void put(T* tile, std::size_t j, const Vector& v) const {
    constexpr std::size_t W = vector_lanes<T>;
    if (lanes_ >= W) return store_lanes<T, W>(tile + place(j * W), v);
    [&]<int... i>(std::integer_sequence<int, i...>) {
      constexpr int half = sizeof...(i);
      store_lanes<T, half>(tile + 2 * j * pitch, __builtin_shufflevector(v, v, i...));
      store_lanes<T, half>(tile + (2 * j + 1) * pitch, __builtin_shufflevector(v, v, (half + i)...));
    }
    (std::make_integer_sequence<int, W / 2>{});
  }
  template <class T>
  [[gnu::always_inline]] Lanes<T, vector_lanes<T>> get(const T* tile, std::size_t j) const {
    constexpr std::size_t W = vector_lanes<T>;
    if (lanes_ >= W) return load_lanes<T, W>(tile + place(j * W));
    return [&]<int... i>(std::integer_sequence<int, i...>) {
      return __builtin_shufflevector(load_lanes<T, W / 2>(tile + 2 * j * pitch),
                                     load_lanes<T, W / 2>(tile + (2 * j + 1) * pitch), i...);
    }
    (std::make_integer_sequence<int, W>{});
  }

  Groups groups_;
  std::size_t lanes_ = 0;
  std::vector<std::uint32_t> rows_;     // of each number in a tile's plane
  std::vector<std::uint32_t> numbers_;  // of each row, when all rows are in groups
};

}  // namespace moonstill::quantum
