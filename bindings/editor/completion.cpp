#include "bindings/editor/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bindings/editor/utf8.hpp"

namespace moonstill::editor {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t few = 8;  // candidates that are described a row each

Row row_of(std::string_view text, Style style, std::size_t width, bool color) {
  const std::string shown = shortened(text, width);
  return {painted(shown, style, color), columns_of(shown)};
}

std::string padded(std::string_view text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  return std::string(text) + std::string(columns > used ? columns - used : 0, ' ');
}

std::size_t widest(const std::vector<Candidate>& candidates) {
  std::size_t widest = 0;
  for (const Candidate& one : candidates) widest = std::max(widest, columns_of(one.word));
  return widest;
}

bool is_described(const std::vector<Candidate>& candidates, std::size_t height) {
  return candidates.size() <= std::min(few, height);
}

std::string description(const Candidate& one) {
  const bool both = !one.signature.empty() && !one.summary.empty();
  return one.signature + (both ? "  " : "") + one.summary;
}

std::vector<Row> described_rows(const Completion& completion, std::size_t selected, std::size_t width,
                                bool color) {
  const std::size_t words = std::min(widest(completion.candidates), width);
  std::vector<Row> rows;
  for (const Candidate& one : completion.candidates) {
    const bool here = selected == rows.size();
    Row row = row_of(padded(one.word, words), here ? Style::selected : Style::plain, width, color);
    if (width > row.columns + gap) {
      const Row rest = row_of(description(one), Style::faint, width - row.columns - gap, color);
      row = {row.text + "  " + rest.text, row.columns + gap + rest.columns};
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> column_rows(const Completion& completion, const Grid& grid, std::size_t selected,
                             std::size_t width, bool color) {
  const std::size_t column = std::min(widest(completion.candidates), width);
  std::vector<Row> rows(grid.rows);
  for (std::size_t i = 0; i < grid.shown; ++i) {
    Row& row = rows[i % grid.rows];
    const Row cell =
        row_of(completion.candidates[i].word, i == selected ? Style::selected : Style::plain, column, color);
    row.text += cell.text;
    row.columns += cell.columns;
    const bool last = i + grid.rows >= grid.shown;
    if (last) continue;
    row.text.append(column + gap - cell.columns, ' ');
    row.columns += column + gap - cell.columns;
  }
  return rows;
}

}  // namespace

std::string common_prefix(const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return {};
  std::string_view prefix = candidates.front().word;
  for (const Candidate& one : candidates) {
    const auto [end, other] = std::ranges::mismatch(prefix, one.word);
    prefix = prefix.substr(0, static_cast<std::size_t>(end - prefix.begin()));
  }
  return std::string(prefix);
}

Grid grid_of(const std::vector<Candidate>& candidates, std::size_t width, std::size_t height) {
  const std::size_t count = candidates.size();
  if (is_described(candidates, height)) return {count, 1, count};
  const std::size_t room = height > 1 ? height - 1 : 1;  // the last row describes
  Grid grid;
  grid.columns = std::max<std::size_t>(1, (width + gap) / (widest(candidates) + gap));
  grid.rows = std::clamp<std::size_t>((count + grid.columns - 1) / grid.columns, 1, room);
  grid.shown = std::min(count, grid.rows * grid.columns);
  return grid;
}

std::vector<Row> completion_rows(const Completion& completion, std::size_t selected, std::size_t width,
                                 std::size_t height, bool color) {
  const auto& candidates = completion.candidates;
  if (candidates.empty()) {
    if (completion.hint.empty()) return {};
    return {row_of(completion.hint, Style::faint, width, color)};
  }
  if (is_described(candidates, height)) return described_rows(completion, selected, width, color);
  const Grid grid = grid_of(candidates, width, height);
  auto rows = column_rows(completion, grid, selected, width, color);
  if (selected < candidates.size()) {
    rows.push_back(row_of(description(candidates[selected]), Style::faint, width, color));
  } else if (grid.shown < candidates.size()) {
    rows.push_back(
        row_of(fmt::format("... and {} more", candidates.size() - grid.shown), Style::faint, width, color));
  }
  return rows;
}

}  // namespace moonstill::editor
