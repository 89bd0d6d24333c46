// How a tensor prints.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bindings/tensor.hpp"

namespace moonstill::lua {
namespace {

constexpr std::int64_t edge = 3;      // elements kept at each end of an elided axis
constexpr std::int64_t longest = 10;  // axes up to here print whole

// The places of an axis that are shown; -1 stands for those left out.
std::vector<std::int64_t> shown(std::int64_t size) {
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < size; ++i) {
    if (size <= longest || i < edge || i >= size - edge)
      places.push_back(i);
    else if (i == edge)
      places.push_back(-1);
  }
  return places;
}

// One format for all numbers shown: whole numbers as such, else four digits, with an exponent where sizes
// differ much.
class NumberFormat {
 public:
  void see(double v) {
    if (!std::isfinite(v)) return;
    whole_ = whole_ && v == std::trunc(v) && std::abs(v) < 1e7;
    const double size = std::abs(v);
    largest_ = std::max(largest_, size);
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
  explicit Printer(const Tensor& t) : tensor_(t.row_major()) {}

  std::string text() {
    visit(0, 0, [this](double v) { format_.see(v); });
    visit(0, 0, [this](double v) { width_ = std::max(width_, format_.text(v).size()); });
    if (tensor_.rank() == 0) return format_.text(tensor_.at(0));
    if (tensor_.count() > 0) block(0, 0, "");
    return out_;
  }

 private:
  template <class Visit>
  void visit(std::size_t axis, std::int64_t offset, Visit visitor) {
    if (axis == tensor_.rank()) {
      visitor(tensor_.at(offset));
      return;
    }
    for (const std::int64_t i : shown(tensor_.size(axis))) {
      if (i >= 0) visit(axis + 1, offset * tensor_.size(axis) + i, visitor);
    }
  }

  void block(std::size_t axis, std::int64_t offset, const std::string& prefix) {
    const std::size_t left = tensor_.rank() - axis;
    if (left == 1) {
      row(offset);
      return;
    }
    for (const std::int64_t i : shown(tensor_.size(axis))) {
      if (left > 2) {
        const std::string label = prefix + (i < 0 ? "..." : fmt::format("{}", i + 1)) + ",";
        if (left == 3) out_ += fmt::format("({}.,.)\n", label);
        if (i >= 0) block(axis + 1, offset * tensor_.size(axis) + i, label);
      } else if (i >= 0) {
        row(offset * tensor_.size(axis) + i);
      } else {
        out_ += "   ...\n";
      }
    }
  }

  void row(std::int64_t offset) {
    const std::int64_t size = tensor_.size(tensor_.rank() - 1);
    for (const std::int64_t i : shown(size)) {
      out_ += i < 0 ? "  ..." : fmt::format("  {:>{}}", format_.text(tensor_.at(offset * size + i)), width_);
    }
    out_ += '\n';
  }

  Tensor tensor_;
  NumberFormat format_;
  std::size_t width_ = 0;
  std::string out_;
};

}  // namespace

std::string tensor_text(const Tensor& tensor) {
  std::string sizes;
  for (const std::int64_t size : tensor.shape()) sizes += fmt::format("{}{}", sizes.empty() ? "" : "x", size);
  const std::string numbers = Printer(tensor).text();
  if (tensor.rank() == 0) return fmt::format("{}  [Tensor scalar {}]", numbers, dtype_name(tensor.dtype()));
  return fmt::format("{}[Tensor {} {}]", numbers, sizes, dtype_name(tensor.dtype()));
}

}  // namespace moonstill::lua
