// Every reduction is a few passes over storage seen as [outer, size, inner]: one pass a run of reduced axes,
// the innermost first, then one over the batch of a tiled operand.
#include "engine/tensor/reduce.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/tensor/broadcast.hpp"
#include "engine/tensor/samples.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Partial sums are over so many elements of the reduced axis.
constexpr std::int64_t block_size = 4096;
// Partial results that stand side by side in registers.
constexpr int side_by_side = 16;

// Sums of f32 run in f64: exact to the last bit or two whatever the length. Extrema stay in their type.
template <class T>
struct Sum {
  using Partial = double;
  static constexpr Partial start = 0;
  static Partial join(Partial a, Partial b) { return a + b; }
};
template <class T>
struct Max {
  using Partial = T;
  static constexpr Partial start = -std::numeric_limits<T>::infinity();
  // A NaN on either side is handed on.
  static Partial join(Partial a, Partial b) { return a > b || a != a ? a : b; }
};
template <class T>
struct Min {
  using Partial = T;
  static constexpr Partial start = std::numeric_limits<T>::infinity();
  static Partial join(Partial a, Partial b) { return a < b || a != a ? a : b; }
};

// Storage seen as [outer, size, inner], of which `size` is to be reduced.
struct Pass {
  std::int64_t outer = 1, size = 1, inner = 1;
};

// `count` neighbouring numbers.
template <class Rule, class T>
typename Rule::Partial reduce_run(const T* from, std::int64_t count) {
  using Partial = typename Rule::Partial;
  std::array<Partial, side_by_side> lanes;
  lanes.fill(Rule::start);
  std::int64_t i = 0;
  for (; i + side_by_side <= count; i += side_by_side) {
    for (std::int64_t l = 0; l < side_by_side; ++l)
      lanes[l] = Rule::join(lanes[l], static_cast<Partial>(from[i + l]));
  }
  for (std::int64_t l = 0; i + l < count; ++l)
    lanes[l] = Rule::join(lanes[l], static_cast<Partial>(from[i + l]));
  for (std::int64_t half = side_by_side / 2; half > 0; half /= 2) {
    for (std::int64_t l = 0; l < half; ++l) lanes[l] = Rule::join(lanes[l], lanes[l + half]);
  }
  return lanes[0];
}

// `count` neighbouring numbers of `rows` rows, `stride` apart, into one row. Inlined, it would run out of
// registers for its counters.
template <class Rule, class T, class Count>
[[gnu::noinline]] void reduce_columns(const T* from, std::int64_t rows, std::int64_t stride, Count count,
                                      typename Rule::Partial* to) {
  using Partial = typename Rule::Partial;
  std::array<Partial, side_by_side> lanes;
  lanes.fill(Rule::start);
  const auto add = [&](const auto& row) {
    for (std::size_t l = 0; l < side_by_side; ++l)
      lanes[l] = Rule::join(lanes[l], static_cast<Partial>(row[l]));
  };
  for (std::int64_t r = 0; r < rows; ++r, from += stride) {
    if constexpr (std::is_same_v<Count, int>) {
      std::array<T, side_by_side> row;
      Samples<T>::load(from, std::int64_t{count}).store(row.data());
      add(row);
    } else {
      add(from);
    }
  }
  std::copy_n(lanes.begin(), count, to);
}

// `rows` rows of `width` numbers, likewise.
template <class Rule, class T>
void reduce_rows(const T* from, std::int64_t rows, std::int64_t stride, std::int64_t width,
                 typename Rule::Partial* to) {
  std::int64_t i = 0;
  for (; i + side_by_side <= width; i += side_by_side)
    reduce_columns<Rule>(from + i, rows, stride, std::integral_constant<int, side_by_side>(), to + i);
  if (i < width) reduce_columns<Rule>(from + i, rows, stride, static_cast<int>(width - i), to + i);
}

// One pass: partial results of fixed blocks, joined in order.
template <class Rule, class T>
void reduce_pass(const T* from, Pass pass, T* to) {
  using Partial = typename Rule::Partial;
  const std::int64_t blocks = std::max<std::int64_t>(1, (pass.size + block_size - 1) / block_size);
  std::vector<Partial> partial(static_cast<std::size_t>(pass.outer * blocks * pass.inner));
  share_items(pass.outer * blocks, std::min(pass.size, block_size) * pass.inner, serial_moves,
              [&](std::int64_t item) {
                const std::int64_t first = item % blocks * block_size;
                const std::int64_t count = std::min(block_size, pass.size - first);
                const T* begin = from + (item / blocks * pass.size + first) * pass.inner;
                Partial* result = partial.data() + item * pass.inner;
                if (pass.inner == 1) {
                  *result = reduce_run<Rule>(begin, count);
                } else {
                  reduce_rows<Rule>(begin, count, pass.inner, pass.inner, result);
                }
              });
  for (std::int64_t o = 0; o < pass.outer; ++o) {
    for (std::int64_t i = 0; i < pass.inner; ++i) {
      const Partial* first = partial.data() + o * blocks * pass.inner + i;
      Partial all = *first;
      for (std::int64_t b = 1; b < blocks; ++b) all = Rule::join(all, first[b * pass.inner]);
      to[o * pass.inner + i] = static_cast<T>(all);
    }
  }
}

// The batch of a tiled tensor, [tiles][features][lanes] -> [features].
template <class Rule, class T>
void reduce_batch(const Tensor& x, T* to) {
  using Partial = typename Rule::Partial;
  const T* from = x.data<T>().data();
  const std::int64_t features = x.features();
  const std::int64_t whole = x.size(0) / tile_lanes;
  const std::int64_t rest = x.size(0) % tile_lanes;
  share_items(features, x.size(0), serial_moves, [&](std::int64_t f) {
    std::array<Partial, tile_lanes> lanes;
    reduce_rows<Rule>(from + f * tile_lanes, whole, features * tile_lanes, tile_lanes, lanes.data());
    const T* last = from + x.tile_begin(whole) + f * rest;
    for (std::int64_t l = 0; l < rest; ++l) lanes[l] = Rule::join(lanes[l], static_cast<Partial>(last[l]));
    for (std::int64_t half = tile_lanes / 2; half > 0; half /= 2) {
      for (std::int64_t l = 0; l < half; ++l) lanes[l] = Rule::join(lanes[l], lanes[l + half]);
    }
    to[f] = static_cast<T>(lanes[0]);
  });
}

bool contains(AxisSet axes, std::size_t axis) { return (axes >> axis & 1) != 0; }

Shape reduced_shape(const Shape& shape, AxisSet axes, bool keep_axes) {
  Shape out = shape;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    if (contains(axes, axis)) out = keep_axes ? out.with(axis, 1) : out.without(axis);
  }
  return out;
}

// The last run of neighbouring reduced axes at or after `first`.
AxisSet last_run(const Tensor& x, AxisSet axes, std::size_t first) {
  AxisSet run = 0;
  std::size_t axis = x.rank();
  for (; axis > first && !contains(axes, axis - 1); --axis) {
  }
  for (; axis > first && contains(axes, axis - 1); --axis) run |= AxisSet{1} << (axis - 1);
  return run;
}

// What lies around those axes in the storage of a run of tiles, or of a row-major tensor.
Pass pass_over(const Tensor& x, AxisSet run, const TileRun& tiles) {
  Pass pass;
  pass.inner = tiles.lanes;
  std::size_t axis = x.rank();
  for (; axis > 0 && !contains(run, axis - 1); --axis) pass.inner *= x.size(axis - 1);
  for (; axis > 0 && contains(run, axis - 1); --axis) pass.size *= x.size(axis - 1);
  for (; axis > 0; --axis) pass.outer *= axis == 1 ? tiles.tiles : x.size(axis - 1);
  return pass;
}

// Calls body(pass, where it begins in x, where its results begin) for each of them.
template <class Body>
void each_pass(const Tensor& x, AxisSet run, const Tensor& out, Body&& body) {
  each_tile_run(x, [&](const TileRun& tiles) {
    body(pass_over(x, run, tiles), x.tile_begin(tiles.first), out.tile_begin(tiles.first));
  });
}

template <class Rule, class T>
Tensor reduce_by(Tensor x, AxisSet axes) {
  const std::size_t first = x.tiled() ? 1 : 0;
  while (axes >> first != 0) {
    const AxisSet run = last_run(x, axes, first);
    Tensor out = Tensor::empty(reduced_shape(x.shape(), run, true), x.dtype(), x.layout());
    const T* from = x.data<T>().data();
    T* to = out.write<T>().data();
    each_pass(x, run, out, [&](const Pass& pass, std::int64_t begin, std::int64_t result) {
      reduce_pass<Rule>(from + begin, pass, to + result);
    });
    axes &= ~run;
    x = out;
  }
  if (axes == 0) return x;
  Tensor out = Tensor::empty(x.shape().with(0, 1), x.dtype());
  reduce_batch<Rule>(x, out.write<T>().data());
  return out;
}

// First largest element of [outer, size, inner] along `size`.
template <class T>
void argmax_pass(const T* from, Pass pass, std::int32_t* to) {
  share_items(pass.outer, pass.size * pass.inner, serial_moves, [&](std::int64_t o) {
    const T* begin = from + o * pass.size * pass.inner;
    std::int32_t* place = to + o * pass.inner;
    std::fill_n(place, pass.inner, 0);
    for (std::int64_t i = 1; i < pass.size; ++i) {
      for (std::int64_t l = 0; l < pass.inner; ++l) {
        if (begin[i * pass.inner + l] > begin[place[l] * pass.inner + l])
          place[l] = static_cast<std::int32_t>(i);
      }
    }
  });
}

// Where a row of the result repeats one element (step 0) or copies its own (step 1).
template <class T>
void copy_broadcast(const T* from, const BroadcastLoops& loops, T* to) {
  const std::int64_t size = loops.row_size();
  const bool repeats = loops.strides[0][loops.axes - 1] == 0;
  share_ranges(loops.rows(), size, serial_moves, [&](std::int64_t begin, std::int64_t end) {
    for_each_row(loops, begin, end, [&](std::int64_t first, const auto& offsets) {
      const T* row = from + offsets[0];
      if (repeats) {
        std::fill_n(to + first, size, *row);
      } else {
        std::copy_n(row, size, to + first);
      }
    });
  });
}

}  // namespace

Tensor reduce(Reduction op, const Tensor& x, AxisSet axes, bool keep_axes) {
  assert(x.rank() >= 32 || axes >> x.rank() == 0);
  if (axes == 0) return x;
  const Shape shape = reduced_shape(x.shape(), axes, keep_axes);
  if (x.count() == 0 && op != Reduction::sum && shape.count() > 0) {
    fail(ErrorKind::shape, "{}: expected at least one element along the reduced axes, got shape {}",
         op == Reduction::max ? "max" : "min", x.shape().text());
  }
  return dispatch_floating(x.dtype(), "reduce", [&](auto element) {
    using T = decltype(element);
    const Tensor out = op == Reduction::sum   ? reduce_by<Sum<T>, T>(x, axes)
                       : op == Reduction::max ? reduce_by<Max<T>, T>(x, axes)
                                              : reduce_by<Min<T>, T>(x, axes);
    return out.reshaped(shape);
  });
}

Tensor argmax(const Tensor& x, std::size_t axis) {
  assert(axis < x.rank());
  if (x.size(axis) == 0) {
    fail(ErrorKind::shape, "argmax: expected at least one element along the axis, got shape {}",
         x.shape().text());
  }
  if (x.tiled() && axis == 0) return argmax(x.row_major(), axis);
  Tensor out = Tensor::empty(x.shape().without(axis), DType::i32, x.layout());
  std::int32_t* to = out.write<std::int32_t>().data();
  dispatch_floating(x.dtype(), "argmax", [&](auto element) {
    const auto* from = x.data<decltype(element)>().data();
    each_pass(x, AxisSet{1} << axis, out, [&](const Pass& pass, std::int64_t begin, std::int64_t result) {
      argmax_pass(from + begin, pass, to + result);
    });
  });
  return out;
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, Layout layout) {
  if (x.shape() == shape) return x.with_layout(layout);
  std::array<Tensor, 1> operand{x};
  const BroadcastPlan plan = plan_broadcast(operand, shape, layout);
  Tensor out = Tensor::empty(shape, x.dtype(), layout);
  dispatch_any(x.dtype(), [&](auto element) {
    using T = decltype(element);
    const T* from = operand[0].template data<T>().data();
    T* to = out.write<T>().data();
    for (const BroadcastLoops& loops : plan) copy_broadcast(from, loops, to);
  });
  return out;
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  assert(x.rank() >= shape.rank());
  const std::size_t offset = x.rank() - shape.rank();
  AxisSet axes = 0;
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    const bool reduced = axis < offset || (shape[axis - offset] == 1 && x.size(axis) != 1);
    if (reduced) axes |= AxisSet{1} << axis;
  }
  return reduce(Reduction::sum, x, axes, true).reshaped(shape);
}

}  // namespace moonstill
