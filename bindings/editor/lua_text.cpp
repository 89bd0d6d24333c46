#include "bindings/editor/lua_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace moonstill::editor {
namespace {

constexpr std::array<std::string_view, 22> keywords{
    "and", "break", "do",  "else", "elseif", "end",    "false",  "for",  "function", "goto",  "if",
    "in",  "local", "nil", "not",  "or",     "repeat", "return", "then", "true",     "until", "while"};

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name(char c) { return is_name_start(c) || is_digit(c); }

std::size_t while_name(std::string_view text, std::size_t at) {
  while (at < text.size() && is_name(text[at])) ++at;
  return at;
}

// The end of [==[ ... ]==] that begins at `at`; `at` itself where none begins there.
std::size_t long_bracket_end(std::string_view text, std::size_t at) {
  std::size_t level = at + 1;
  while (level < text.size() && text[level] == '=') ++level;
  if (text[at] != '[' || level >= text.size() || text[level] != '[') return at;
  std::string close(level - at + 1, '=');
  close.front() = close.back() = ']';
  const std::size_t end = text.find(close, level + 1);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

std::size_t quoted_end(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote && text[at] != '\n') {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    ++at;
  }
  return std::min(at < text.size() && text[at] == quote ? at + 1 : at, text.size());
}

std::size_t comment_end(std::string_view text, std::size_t at) {
  if (at + 2 < text.size()) {
    const std::size_t end = long_bracket_end(text, at + 2);
    if (end != at + 2) return end;
  }
  return std::min(text.find('\n', at), text.size());
}

std::size_t number_end(std::string_view text, std::size_t at) {
  const bool hexadecimal = text.substr(at, 2) == "0x" || text.substr(at, 2) == "0X";
  while (at < text.size()) {
    const bool exponent =
        hexadecimal ? text[at] == 'p' || text[at] == 'P' : text[at] == 'e' || text[at] == 'E';
    const bool sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
    if (exponent && sign)
      ++at;
    else if (!is_name(text[at]) && text[at] != '.')
      break;
    ++at;
  }
  return at;
}

Token token_at(std::string_view text, std::size_t at) {
  const char c = text[at];
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  if (c == '-' && next == '-') return {at, comment_end(text, at), TokenKind::comment};
  if (c == '"' || c == '\'') return {at, quoted_end(text, at), TokenKind::string};
  if (is_digit(c) || (c == '.' && is_digit(next))) return {at, number_end(text, at), TokenKind::number};
  if (c == '[') {
    const std::size_t end = long_bracket_end(text, at);
    return end == at ? Token{at, at + 1} : Token{at, end, TokenKind::string};
  }
  if (!is_name_start(c)) return {at, at + 1};
  const std::size_t end = while_name(text, at);
  const bool keyword = std::ranges::find(keywords, text.substr(at, end - at)) != keywords.end();
  return {at, end, keyword ? TokenKind::keyword : TokenKind::name};
}

struct Opening {
  std::string_view word;
  std::size_t at;
};

bool is_bracket(std::string_view word) {
  return word.size() == 1 && std::string_view("()[]{}").find(word) < 6;
}

bool opens(std::string_view word) {
  return word == "(" || word == "[" || word == "{" || word == "do" || word == "then" || word == "else" ||
         word == "function" || word == "repeat";
}

bool closes(std::string_view word) {
  return word == ")" || word == "]" || word == "}" || word == "end" || word == "until" || word == "else" ||
         word == "elseif";
}

bool match(std::string_view open, std::string_view close) {
  if (is_bracket(close)) return open == (close == ")" ? "(" : close == "]" ? "[" : "{");
  return !is_bracket(open) && (open == "repeat") == (close == "until");
}

// Calls visit(closing word's place, its opening or nullptr) for each closing word and returns what stays
// open.
template <class Visit>
std::vector<Opening> walk(std::string_view text, const std::vector<Token>& tokens, Visit visit) {
  std::vector<Opening> open;
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::symbol && token.kind != TokenKind::keyword) continue;
    const std::string_view word = text.substr(token.begin, token.end - token.begin);
    if (closes(word)) {
      const bool matched = !open.empty() && match(open.back().word, word);
      visit(token.begin, matched ? &open.back() : nullptr);
      if (matched) open.pop_back();
    }
    if (opens(word)) open.push_back({word, token.begin});
  }
  return open;
}

// Whether a text, which ends with a line, ends inside a string or comment of several lines.
bool ends_inside(std::string_view text, const std::vector<Token>& tokens) {
  if (tokens.empty() || tokens.back().end < text.size()) return false;
  return tokens.back().kind == TokenKind::string || tokens.back().kind == TokenKind::comment;
}

std::size_t indentation_of_line_at(std::string_view text, std::size_t place) {
  const std::size_t start = place == 0 ? 0 : text.rfind('\n', place - 1) + 1;
  return std::min(text.find_first_not_of(' ', start), text.size()) - start;
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  if (text.starts_with('?') || text.starts_with(':')) return tokens;
  for (std::size_t at = 0; at < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[at])) != 0) {
      ++at;
      continue;
    }
    tokens.push_back(token_at(text, at));
    at = tokens.back().end;
  }
  return tokens;
}

BracketPair brackets_at(std::string_view text, const std::vector<Token>& tokens, std::size_t cursor) {
  std::vector<BracketPair> pairs;
  walk(text, tokens, [&](std::size_t at, const Opening* opening) {
    if (!is_bracket(text.substr(at, 1))) return;
    pairs.push_back({at, opening == nullptr ? BracketPair::none : opening->at});
    if (opening != nullptr) pairs.push_back({opening->at, at});
  });
  // Right before the cursor first: that is the one just typed.
  for (const std::size_t place : {cursor - 1, cursor}) {
    const auto found = std::ranges::find(pairs, place, &BracketPair::here);
    if (found != pairs.end()) return *found;
  }
  return {};
}

void OpenBlocks::add(std::string_view text) {
  lines_ += static_cast<std::size_t>(std::ranges::count(text, '\n'));
  unfinished_ += text;
  const auto tokens = tokens_of(unfinished_);
  if (ends_inside(unfinished_, tokens)) return;
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::symbol && token.kind != TokenKind::keyword) continue;
    const std::string_view word = std::string_view(unfinished_).substr(token.begin, token.end - token.begin);
    depth_ += (opens(word) ? 1 : 0) - (closes(word) ? 1 : 0);
  }
  unfinished_.clear();
}

std::size_t indentation(std::string_view text, std::size_t line_start) {
  const std::string_view before = text.substr(0, line_start);
  const auto tokens = tokens_of(before);
  if (ends_inside(before, tokens)) return 0;  // nothing may be added there
  const auto open = walk(before, tokens, [](std::size_t, const Opening*) {});
  if (open.empty()) return 0;
  const std::size_t outer = indentation_of_line_at(text, open.back().at);
  return begins_with_end(text.substr(line_start)) ? outer : outer + 2;
}

bool begins_with_end(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t");
  if (at == std::string_view::npos || line[at] == '\n') return false;
  return closes(line.substr(at, std::max(while_name(line, at), at + 1) - at));
}

}  // namespace moonstill::editor
