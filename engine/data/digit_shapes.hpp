// How the ten digits are written: for each, some styles as strokes of the pen.
#pragma once

#include <span>
#include <vector>

namespace moonstill::data {

struct Point {
  double x = 0.0;  // rightwards, about -0.6 .. 0.6
  double y = 0.0;  // downwards, about -1 .. 1
};

/// The points that the pen passes on a smooth curve. A point given twice in a row is a corner.
using Stroke = std::vector<Point>;

/// Points of a style with the same coordinates stay together, however they are moved.
using Style = std::vector<Stroke>;

/// The styles of a digit 0 .. 9, each as likely as the others.
[[nodiscard]] std::span<const Style> digit_styles(int digit);

}  // namespace moonstill::data
