#include "engine/tensor/elementwise.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "engine/tensor/broadcast.hpp"
#include "engine/tensor/vector_math.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

template <class T, class Function>
void map(const Tensor& x, Tensor& out, std::int64_t serial_work, Function function) {
  const T* from = x.data<T>().data();
  T* to = out.write<T>().data();
  share_ranges(x.count(), 1, serial_work, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = function(from[i]);
  });
}

template <class T>
void unary_of(Unary op, const Tensor& x, Tensor& out) {
  const auto cheap = [&](auto f) { map<T>(x, out, serial_moves, f); };
  const auto costly = [&](auto f) { map<T>(x, out, serial_calls, f); };
  switch (op) {
    case Unary::neg:
      return cheap([](T v) { return -v; });
    case Unary::exp:
      return costly([](T v) { return vector_math::exp_of(v); });
    case Unary::log:
      return costly([](T v) { return std::log(v); });
    case Unary::sin:
      return costly([](T v) { return std::sin(v); });
    case Unary::cos:
      return costly([](T v) { return std::cos(v); });
    case Unary::tan:
      return costly([](T v) { return std::tan(v); });
    case Unary::asin:
      return costly([](T v) { return std::asin(v); });
    case Unary::acos:
      return costly([](T v) { return std::acos(v); });
    case Unary::atan:
      return costly([](T v) { return std::atan(v); });
    case Unary::sinh:
      return costly([](T v) { return std::sinh(v); });
    case Unary::cosh:
      return costly([](T v) { return std::cosh(v); });
    case Unary::tanh:
      return costly([](T v) { return vector_math::tanh_of(v); });
    case Unary::sigmoid:
      return costly([](T v) { return vector_math::sigmoid_of(v); });
    case Unary::softplus:
      return costly([](T v) { return vector_math::softplus_of(v); });
    case Unary::gelu:
      return costly([](T v) { return vector_math::gelu_of(v); });
    case Unary::sqrt:
      return cheap([](T v) { return std::sqrt(v); });
    case Unary::erf:
      return costly([](T v) { return std::erf(v); });
    case Unary::step:
      return cheap([](T v) { return v > 0 ? T{1} : T{0}; });
    case Unary::abs:
      return cheap([](T v) { return std::abs(v); });
    case Unary::sign:
      return cheap([](T v) { return v > 0 ? T{1} : v < 0 ? T{-1} : v; });
    case Unary::floor:
      return cheap([](T v) { return std::floor(v); });
    case Unary::round:
      return cheap([](T v) { return std::nearbyint(v); });
  }
}

template <class T, class Function>
void zip_row(const T* a, bool a_moves, const T* b, bool b_moves, T* to, std::int64_t count,
             Function function) {
  if (a_moves && b_moves) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = function(a[i], b[i]);
  } else if (a_moves) {
    const T right = *b;
    for (std::int64_t i = 0; i < count; ++i) to[i] = function(a[i], right);
  } else if (b_moves) {
    const T left = *a;
    for (std::int64_t i = 0; i < count; ++i) to[i] = function(left, b[i]);
  } else {
    std::fill_n(to, count, function(*a, *b));
  }
}

// Calls row(result offset, operand offsets, count, operand steps) on stretches that share out the loops'
// elements.
template <class Row>
void over_rows(const BroadcastLoops& loops, std::int64_t serial_work, Row&& row) {
  const std::int64_t rows = loops.rows();
  const std::int64_t size = loops.row_size();
  const std::size_t inner = loops.axes - 1;
  if (rows == 1) {
    share_ranges(size, 1, serial_work, [&](std::int64_t begin, std::int64_t end) {
      std::array<std::int64_t, BroadcastLoops::max_operands> offsets{};
      for (std::size_t i = 0; i < offsets.size(); ++i)
        offsets[i] = loops.starts[i] + begin * loops.strides[i][inner];
      row(loops.begin + begin, offsets, end - begin);
    });
    return;
  }
  share_ranges(rows, size, serial_work, [&](std::int64_t begin, std::int64_t end) {
    for_each_row(loops, begin, end, [&](std::int64_t to, const auto& offsets) { row(to, offsets, size); });
  });
}

template <class T, class Function>
void zip(const std::array<Tensor, 2>& operands, const BroadcastPlan& plan, Tensor& out,
         std::int64_t serial_work, Function function) {
  const T* a = operands[0].data<T>().data();
  const T* b = operands[1].data<T>().data();
  T* to = out.write<T>().data();
  for (const BroadcastLoops& loops : plan) {
    const bool a_moves = loops.strides[0][loops.axes - 1] != 0;
    const bool b_moves = loops.strides[1][loops.axes - 1] != 0;
    over_rows(loops, serial_work, [&](std::int64_t begin, const auto& offsets, std::int64_t count) {
      zip_row(a + offsets[0], a_moves, b + offsets[1], b_moves, to + begin, count, function);
    });
  }
}

template <class T>
void binary_of(Binary op, const std::array<Tensor, 2>& operands, const BroadcastPlan& plan, Tensor& out) {
  const auto cheap = [&](auto f) { zip<T>(operands, plan, out, serial_moves, f); };
  switch (op) {
    case Binary::add:
      return cheap([](T a, T b) { return a + b; });
    case Binary::sub:
      return cheap([](T a, T b) { return a - b; });
    case Binary::mul:
      return cheap([](T a, T b) { return a * b; });
    case Binary::div:
      return cheap([](T a, T b) { return a / b; });
    case Binary::pow:
      return zip<T>(operands, plan, out, serial_calls,
                    [](T a, T b) { return b == 2 ? a * a : std::pow(a, b); });
    // A NaN on either side is handed on.
    case Binary::max:
      return cheap([](T a, T b) { return a > b || a != a ? a : b; });
    case Binary::min:
      return cheap([](T a, T b) { return a < b || a != a ? a : b; });
    case Binary::less:
      return cheap([](T a, T b) { return a < b ? T{1} : T{0}; });
    case Binary::less_equal:
      return cheap([](T a, T b) { return a <= b ? T{1} : T{0}; });
    case Binary::equal:
      return cheap([](T a, T b) { return a == b ? T{1} : T{0}; });
    case Binary::positive_part:
      return cheap([](T a, T b) { return b <= 0 ? T{0} : a; });
    case Binary::add_relu:
      return cheap([](T a, T b) { return a + b <= 0 ? T{0} : a + b; });
  }
}

template <class T>
bool finite(const T* values, std::int64_t count) {
  bool all = true;
  for (std::int64_t i = 0; i < count; ++i) all &= values[i] - values[i] == T{0};
  return all;
}

}  // namespace

Tensor unary(Unary op, const Tensor& x) {
  return dispatch_floating(x.dtype(), "unary", [&](auto element) {
    Tensor out = Tensor::empty(x.shape(), x.dtype(), x.layout());
    unary_of<decltype(element)>(op, x, out);
    return out;
  });
}

Tensor binary(Binary op, const Tensor& a, const Tensor& b) {
  assert(a.dtype() == b.dtype());
  const Shape shape = broadcast_shapes(a.shape(), b.shape(), "binary");
  std::array<Tensor, 2> operands{a, b};
  const Layout layout = result_layout(operands, shape);
  const BroadcastPlan plan = plan_broadcast(operands, shape, layout);
  Tensor out = Tensor::empty(shape, a.dtype(), layout);
  dispatch_floating(a.dtype(), "binary",
                    [&](auto element) { binary_of<decltype(element)>(op, operands, plan, out); });
  return out;
}

Tensor add_scaled(Tensor a, const Tensor& b, double scale) {
  assert(a.shape() == b.shape() && a.dtype() == b.dtype());
  const Tensor other = b.with_layout(a.layout());
  return dispatch_floating(a.dtype(), "add_scaled", [&](auto element) {
    using T = decltype(element);
    const T* left = a.data<T>().data();
    Tensor out = a.unique() ? Tensor() : Tensor::empty(a.shape(), a.dtype(), a.layout());
    if (!out) std::swap(out, a);
    T* to = out.write<T>().data();
    const T* right = other.data<T>().data();
    const T factor = static_cast<T>(scale);
    share_ranges(out.count(), 1, serial_moves, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = left[i] + factor * right[i];
    });
    return out;
  });
}

Tensor select(const Tensor& condition, const Tensor& a, const Tensor& b) {
  assert(condition.dtype() == a.dtype() && a.dtype() == b.dtype());
  const Shape shape =
      broadcast_shapes(broadcast_shapes(condition.shape(), a.shape(), "select"), b.shape(), "select");
  std::array<Tensor, 3> operands{condition, a, b};
  const Layout layout = result_layout(operands, shape);
  const BroadcastPlan plan = plan_broadcast(operands, shape, layout);
  Tensor out = Tensor::empty(shape, a.dtype(), layout);
  dispatch_floating(a.dtype(), "select", [&](auto element) {
    using T = decltype(element);
    std::array<const T*, 3> from{};
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = operands[i].template data<T>().data();
    T* to = out.write<T>().data();
    for (const BroadcastLoops& loops : plan) {
      std::array<std::int64_t, 3> steps{};
      for (std::size_t i = 0; i < from.size(); ++i) steps[i] = loops.strides[i][loops.axes - 1];
      over_rows(loops, serial_moves, [&](std::int64_t begin, const auto& offsets, std::int64_t count) {
        const T* c = from[0] + offsets[0];
        const T* yes = from[1] + offsets[1];
        const T* no = from[2] + offsets[2];
        for (std::int64_t i = 0; i < count; ++i) {
          to[begin + i] = c[i * steps[0]] != 0 ? yes[i * steps[1]] : no[i * steps[2]];
        }
      });
    }
  });
  return out;
}

bool all_finite(const Tensor& x) {
  return dispatch_floating(x.dtype(), "all_finite", [&](auto element) {
    using T = decltype(element);
    const T* values = x.data<T>().data();
    std::atomic<bool> all = true;
    share_ranges(x.count(), 1, serial_moves, [&](std::int64_t begin, std::int64_t end) {
      if (!finite(values + begin, end - begin)) all.store(false, std::memory_order_relaxed);
    });
    return all.load();
  });
}

}  // namespace moonstill
