#include "bindings/editor/paint.hpp"

#include <algorithm>

#include "bindings/editor/lua_text.hpp"

namespace moonstill::editor {
namespace {

Style style_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::keyword:
      return Style::keyword;
    case TokenKind::number:
      return Style::number;
    case TokenKind::string:
      return Style::string;
    case TokenKind::comment:
      return Style::comment;
    default:
      return Style::plain;
  }
}

}  // namespace

// The sixteen colours that every terminal shows in the user's own choice of light or dark.
std::string_view escape_of(Style style) {
  switch (style) {
    case Style::prompt:
      return "\x1b[0;1m";
    case Style::keyword:
      return "\x1b[0;35m";
    case Style::number:
      return "\x1b[0;36m";
    case Style::string:
      return "\x1b[0;32m";
    case Style::comment:
    case Style::faint:
      return "\x1b[0;90m";
    case Style::bracket:
      return "\x1b[0;1;4m";
    case Style::unmatched:
      return "\x1b[0;31m";
    case Style::found:
      return "\x1b[0;4m";
    case Style::selected:
      return "\x1b[0;7m";
    default:
      return "\x1b[0m";
  }
}

std::string painted(std::string_view text, Style style, bool color) {
  // Without colours a selection must still be seen.
  if (!color && style != Style::selected) return std::string(text);
  return std::string(escape_of(style)) + std::string(text) + std::string(escape_of(Style::plain));
}

std::vector<Style> styles_of(std::string_view text, std::size_t cursor) {
  std::vector<Style> styles(text.size(), Style::plain);
  const auto tokens = tokens_of(text);
  for (const Token& token : tokens) {
    std::fill(styles.begin() + static_cast<std::ptrdiff_t>(token.begin),
              styles.begin() + static_cast<std::ptrdiff_t>(token.end), style_of(token.kind));
  }
  const BracketPair pair = brackets_at(text, tokens, cursor);
  if (pair.here == BracketPair::none) return styles;
  const bool matched = pair.partner != BracketPair::none;
  styles[pair.here] = matched ? Style::bracket : Style::unmatched;
  if (matched) styles[pair.partner] = Style::bracket;
  return styles;
}

}  // namespace moonstill::editor
