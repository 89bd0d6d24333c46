// How a tensor prints.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bindings/tensor.hpp"

namespace moonstill::lua {
namespace {

constexpr std::int64_t left_out = -1;         // the place of those that are not shown
constexpr std::int64_t most_rows = 10;        // of a matrix that prints whole; of others 3 at each end
constexpr std::int64_t most_matrices = 8;     // that print all; of others the first and the last
constexpr std::int64_t longest_vector = 100;  // that prints whole, on several lines
constexpr std::int64_t gap = 2;               // before each number
constexpr std::int64_t elision = gap + 3;     // "  ..."

// The places 0..size-1, those between the ends left out where it is cut.
std::vector<std::int64_t> places(std::int64_t size, bool whole, std::int64_t front, std::int64_t back) {
  std::vector<std::int64_t> out;
  whole = whole || size <= front + back;
  for (std::int64_t i = 0; i < (whole ? size : front); ++i) out.push_back(i);
  if (whole) return out;
  out.push_back(left_out);
  for (std::int64_t i = size - back; i < size; ++i) out.push_back(i);
  return out;
}

// One format for all numbers shown: whole numbers as such, else four digits, with an exponent where the
// largest is very large or very small.
class NumberFormat {
 public:
  void see(double v) {
    if (!std::isfinite(v)) return;
    whole_ = whole_ && v == std::trunc(v) && std::abs(v) < 1e7;
    largest_ = std::max(largest_, std::abs(v));
  }
  [[nodiscard]] std::string text(double v) const {
    if (std::isnan(v)) return "nan";  // whatever its sign
    if (!std::isfinite(v)) return fmt::format("{}", v);
    if (whole_) return fmt::format("{:.0f}", v);
    if (largest_ >= 1e5 || (largest_ > 0 && largest_ < 1e-3)) return fmt::format("{:.4e}", v);
    return fmt::format("{:.4f}", v);
  }

 private:
  bool whole_ = true;
  double largest_ = 0;
};

class Printer {
 public:
  Printer(const Tensor& t, std::int64_t columns) : tensor_(t.row_major()), columns_(columns) {
    if (tensor_.rank() > 0 && tensor_.count() > 0) choose_places();
    visit(0, 0, [this](double v) { format_.see(v); });
    visit(0, 0,
          [this](double v) { width_ = std::max(width_, static_cast<std::int64_t>(format_.text(v).size())); });
  }

  std::string text() {
    if (tensor_.rank() == 0) return format_.text(tensor_.at(0));
    if (tensor_.count() == 0) return {};
    if (tensor_.rank() == 1 && tensor_.size(0) <= longest_vector)
      lines(0, tensor_.size(0));
    else
      block(0, 0, "");
    return out_;
  }

 private:
  [[nodiscard]] std::int64_t fitting(std::int64_t columns) const { return columns / (gap + width_); }

  // Of the last axis as many as may fit: the numbers' width is not known yet.
  void choose_places() {
    const std::size_t rank = tensor_.rank();
    std::int64_t matrices = 1;
    for (std::size_t axis = 0; axis + 2 < rank; ++axis) matrices *= tensor_.size(axis);
    for (std::size_t axis = 0; axis + 2 < rank; ++axis)
      places_.push_back(places(tensor_.size(axis), matrices <= most_matrices, 1, 1));
    if (rank > 1)
      places_.push_back(places(tensor_.size(rank - 2), tensor_.size(rank - 2) <= most_rows, 3, 3));
    const std::int64_t half = rank == 1 ? longest_vector / 2 : std::max<std::int64_t>(1, fitting(columns_));
    places_.push_back(places(tensor_.size(rank - 1), false, half, half));
  }

  template <class Visit>
  void visit(std::size_t axis, std::int64_t offset, Visit visitor) {
    if (tensor_.count() == 0) return;
    if (axis == tensor_.rank()) {
      visitor(tensor_.at(offset));
      return;
    }
    for (const std::int64_t i : places_[axis]) {
      if (i != left_out) visit(axis + 1, offset * tensor_.size(axis) + i, visitor);
    }
  }

  void block(std::size_t axis, std::int64_t offset, const std::string& prefix) {
    const std::size_t left = tensor_.rank() - axis;
    if (left == 1) {
      row(offset);
      return;
    }
    for (const std::int64_t i : places_[axis]) {
      const std::int64_t inner = offset * tensor_.size(axis) + i;
      if (i == left_out) {
        out_ += left > 2 ? fmt::format("({}...,.,.)\n", prefix) : "   ...\n";
      } else if (left > 2) {
        const std::string label = fmt::format("{}{},", prefix, i + 1);
        if (left == 3) out_ += fmt::format("({}.,.)\n", label);
        block(axis + 1, inner, label);
      } else {
        row(inner);
      }
    }
  }

  void number(std::int64_t place) {
    out_ += fmt::format("{:{}}{:>{}}", "", gap, format_.text(tensor_.at(place)), width_);
  }

  // A row on one line, the middle left out where it does not fit.
  void row(std::int64_t offset) {
    const std::int64_t size = tensor_.size(tensor_.rank() - 1);
    const std::int64_t kept = std::max<std::int64_t>(2, fitting(columns_ - elision));
    for (const std::int64_t i : places(size, size <= fitting(columns_), (kept + 1) / 2, kept / 2)) {
      if (i == left_out)
        out_ += fmt::format("{:>{}}", "...", elision);
      else
        number(offset * size + i);
    }
    out_ += '\n';
  }

  // All numbers, on as many lines as they take.
  void lines(std::int64_t begin, std::int64_t end) {
    const std::int64_t in_line = std::max<std::int64_t>(1, fitting(columns_));
    for (std::int64_t i = begin; i < end; ++i) {
      number(i);
      if ((i + 1 - begin) % in_line == 0 || i + 1 == end) out_ += '\n';
    }
  }

  Tensor tensor_;
  std::int64_t columns_;
  std::vector<std::vector<std::int64_t>> places_;
  NumberFormat format_;
  std::int64_t width_ = 1;
  std::string out_;
};

}  // namespace

std::string tensor_text(const Tensor& tensor, int columns) {
  std::string sizes;
  for (const std::int64_t size : tensor.shape()) sizes += fmt::format("{}{}", sizes.empty() ? "" : "x", size);
  const std::string numbers = Printer(tensor, columns).text();
  if (tensor.rank() == 0) return fmt::format("{}  [Tensor scalar {}]", numbers, dtype_name(tensor.dtype()));
  return fmt::format("{}[Tensor {} {}]", numbers, sizes, dtype_name(tensor.dtype()));
}

}  // namespace moonstill::lua
