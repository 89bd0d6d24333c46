#include "bindings/editor/layout.hpp"

#include <algorithm>
#include <utility>

#include "bindings/editor/utf8.hpp"

namespace moonstill::editor {
namespace {

constexpr std::size_t tab_columns = 4;

class Rows {
 public:
  Rows(std::size_t width, bool color) : width_(std::max<std::size_t>(width, 2)), color_(color) {}

  void put(std::string_view glyph, std::size_t columns, Style style) {
    if (frame_.rows.back().columns + columns > width_) wrap();
    if (color_ && style != style_) {
      frame_.rows.back().text += escape_of(style);
      style_ = style;
    }
    frame_.rows.back().text += glyph;
    frame_.rows.back().columns += columns;
  }

  void begin_line(std::string_view prompt) {
    end_row();
    frame_.rows.emplace_back();
    for (std::size_t at = 0; at < prompt.size();) {
      const std::size_t size = std::max<std::size_t>(1, character_size(prompt.substr(at)));
      const Glyph glyph = glyph_of(prompt.substr(at, size));
      put(glyph.text, static_cast<std::size_t>(glyph.width), Style::prompt);
      at += size;
    }
    text_column_ = frame_.rows.back().columns;
  }

  // A tab is drawn up to the next tab stop of the text.
  void put_tab() {
    const std::size_t column = frame_.rows.back().columns;
    const std::size_t inside = column > text_column_ ? column - text_column_ : 0;
    for (std::size_t i = tab_columns - inside % tab_columns; i > 0; --i) put(" ", 1, Style::plain);
  }

  // At the end of a full row the cursor stands at the beginning of the next.
  void put_cursor() {
    if (frame_.rows.back().columns == width_) wrap();
    frame_.cursor_row = frame_.rows.size() - 1;
    frame_.cursor_column = frame_.rows.back().columns;
  }

  Frame finish() {
    end_row();
    return std::move(frame_);
  }

 private:
  void wrap() {
    end_row();
    frame_.rows.back().wrapped = true;
    frame_.rows.emplace_back();
  }

  void end_row() {
    if (style_ != Style::plain) frame_.rows.back().text += escape_of(Style::plain);
    style_ = Style::plain;
  }

  std::size_t width_;
  bool color_;
  Style style_ = Style::plain;
  std::size_t text_column_ = 0;
  Frame frame_;
};

}  // namespace

Frame lay_out(const Input& input, std::size_t width) {
  Rows rows(width, input.styles != nullptr);
  rows.begin_line(input.prompt);
  for (std::size_t at = 0; at < input.text.size();) {
    if (at == input.cursor) rows.put_cursor();
    const std::size_t size = std::max<std::size_t>(1, character_size(input.text.substr(at)));
    const Style style = input.styles == nullptr ? Style::plain : (*input.styles)[at];
    const char first = input.text[at];
    if (first == '\n') {
      rows.begin_line(input.continued);
    } else if (first == '\t') {
      rows.put_tab();
    } else {
      const Glyph glyph = glyph_of(input.text.substr(at, size));
      rows.put(glyph.text, static_cast<std::size_t>(glyph.width), style);
    }
    at += size;
  }
  if (input.cursor >= input.text.size()) rows.put_cursor();
  return rows.finish();
}

Frame visible(Frame frame, std::size_t height) {
  if (frame.rows.size() <= height || height == 0) return frame;
  const std::size_t last_first = frame.rows.size() - height;
  const std::size_t first = std::min(last_first, frame.cursor_row - std::min(frame.cursor_row, height / 2));
  const auto begin = frame.rows.begin() + static_cast<std::ptrdiff_t>(first);
  frame.rows = std::vector<Row>(begin, begin + static_cast<std::ptrdiff_t>(height));
  frame.cursor_row -= first;
  return frame;
}

}  // namespace moonstill::editor
