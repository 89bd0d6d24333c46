#include "bindings/editor/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bindings/editor/utf8.hpp"

namespace moonstill::editor {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t few = 11;         // candidates that are described a row each
constexpr std::size_t least_help = 20;  // columns for which help is worth its place

Row row_of(std::string_view text, Style style, std::size_t width, bool color) {
  const std::string shown = shortened(printable(text), width);
  return {painted(shown, style, color), columns_of(shown)};
}

std::size_t widest(const std::vector<Candidate>& candidates) {
  std::size_t widest = 0;
  for (const Candidate& one : candidates) widest = std::max(widest, columns_of(one.word));
  return widest;
}

bool is_described(const std::vector<Candidate>& candidates, std::size_t height) {
  return candidates.size() <= few && candidates.size() < height;
}

// Puts a text behind what is in the row, as much of it as the width leaves.
void append(Row& row, std::string_view text, Style style, std::size_t width, bool color) {
  const Row more = row_of(text, style, width - std::min(width, row.columns), color);
  row.text += more.text;
  row.columns += more.columns;
}

void pad(Row& row, std::size_t columns) {
  if (row.columns >= columns) return;
  row.text.append(columns - row.columns, ' ');
  row.columns = columns;
}

// What stands behind a candidate's word in its signature.
std::string_view behind_word(const Candidate& one) {
  const std::string_view signature = one.signature;
  return signature.starts_with(one.word) ? signature.substr(one.word.size()) : signature;
}

// Whether there is room for help beside the signatures.
bool has_help(std::size_t width, std::size_t signatures) { return width >= signatures + gap + least_help; }

Row described(const Candidate& one, bool selected, std::size_t signature_columns, std::size_t width,
              bool color) {
  Row row;
  append(row, one.word, selected ? Style::selected : Style::plain, signature_columns, color);
  append(row, behind_word(one), Style::faint, signature_columns, color);
  if (one.summary.empty() || !has_help(width, signature_columns)) return row;
  pad(row, signature_columns + gap);
  append(row, one.summary, Style::faint, width, color);
  return row;
}

std::vector<Row> described_rows(const std::vector<Candidate>& candidates, std::size_t selected,
                                std::size_t width, bool color) {
  std::size_t signatures = 0;
  bool helped = false;
  for (const Candidate& one : candidates) {
    signatures = std::max(signatures, columns_of(one.word) + columns_of(behind_word(one)));
    helped = helped || !one.summary.empty();
  }
  // Long signatures leave room for the help, where there is enough for both.
  const std::size_t most = helped && width >= 3 * least_help ? width * 3 / 5 : width;
  std::vector<Row> rows;
  rows.reserve(candidates.size() + 1);
  signatures = std::min(signatures, most);
  for (const Candidate& one : candidates) {
    rows.push_back(described(one, selected == rows.size(), signatures, width, color));
  }
  const std::size_t about = candidates.size() == 1 ? 0 : selected;
  if (about < candidates.size() && !candidates[about].summary.empty() && !has_help(width, signatures)) {
    rows.push_back(row_of(candidates[about].summary, Style::faint, width, color));
  }
  return rows;
}

// The signature, and the help behind it or, where that has no room, below.
std::vector<Row> description_of(const Candidate& one, std::size_t width, bool color) {
  const std::string& signature = one.signature.empty() ? one.word : one.signature;
  std::vector<Row> rows{row_of(signature, Style::faint, width, color)};
  if (one.summary.empty()) return rows;
  if (rows[0].columns + gap + columns_of(one.summary) > width) {
    rows.push_back(row_of(one.summary, Style::faint, width, color));
  } else {
    pad(rows[0], rows[0].columns + gap);
    append(rows[0], one.summary, Style::faint, width, color);
  }
  return rows;
}

std::vector<Row> column_rows(const Completion& completion, const Grid& grid, std::size_t selected,
                             std::size_t width, bool color) {
  const std::size_t column = std::min(widest(completion.candidates), width);
  std::vector<Row> rows(grid.rows);
  const auto& candidates = completion.candidates;
  const std::size_t first =
      selected < candidates.size() ? selected / grid.shown * grid.shown : 0;  // of its page
  for (std::size_t i = first; i < std::min(first + grid.shown, candidates.size()); ++i) {
    const std::size_t place = i - first;
    Row& row = rows[place % grid.rows];
    pad(row, place / grid.rows * (column + gap));
    append(row, candidates[i].word, i == selected ? Style::selected : Style::plain, row.columns + column,
           color);
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
  const std::size_t room = height > 2 ? height - 2 : 1;  // the last rows describe
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
  if (is_described(candidates, height)) return described_rows(candidates, selected, width, color);
  const Grid grid = grid_of(candidates, width, height);
  auto rows = column_rows(completion, grid, selected, width, color);
  if (selected < candidates.size()) {
    const auto help = description_of(candidates[selected], width, color);
    rows.insert(rows.end(), help.begin(), help.end());
  } else if (grid.shown < candidates.size()) {
    rows.push_back(
        row_of(fmt::format("... and {} more", candidates.size() - grid.shown), Style::faint, width, color));
  }
  if (rows.size() > height) rows.resize(height);
  return rows;
}

}  // namespace moonstill::editor
