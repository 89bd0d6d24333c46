#include "bindings/editor/utf8.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>

namespace moonstill::editor {
namespace {

// Widths of characters whatever the user's locale says: what we print is UTF-8 everywhere.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  ~Utf8Locale() {
    if (locale_ != nullptr) freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

  [[nodiscard]] int width(char32_t c) const {
    if (locale_ == nullptr) return 1;
    const locale_t before = uselocale(locale_);
    const int width = wcwidth(static_cast<wchar_t>(c));
    uselocale(before);
    return width < 0 ? 1 : width;
  }

 private:
  locale_t locale_;
};

// Bytes that a first byte asks for, 0 for one that cannot be first.
std::size_t announced(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first;
  char32_t code = first & (0x7fU >> character.size());
  for (const char c : character.substr(1)) code = (code << 6) | (static_cast<unsigned char>(c) & 0x3fU);
  return code;
}

bool is_valid(std::string_view character) {
  if (announced(static_cast<unsigned char>(character.front())) != character.size()) return false;
  const char32_t code = code_point(character);
  constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
  return code >= least[character.size() - 1] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

int width_of(std::string_view character) { return glyph_of(character).width; }

std::size_t size_at(std::string_view text, std::size_t at) {
  return std::max<std::size_t>(1, character_size(text.substr(at)));
}

}  // namespace

std::size_t character_size(std::string_view text) {
  const std::size_t size = announced(static_cast<unsigned char>(text.front()));
  if (size == 0) return 1;
  for (std::size_t i = 1; i < size; ++i) {
    if (i == text.size()) return 0;
    if (!continues(text[i])) return 1;
  }
  return size;
}

Glyph glyph_of(std::string_view character) {
  static const Utf8Locale locale;
  if (!is_valid(character)) return {"\xef\xbf\xbd", 1};
  const char32_t code = code_point(character);
  if (code < 0x20) return {{'^', static_cast<char>(code + '@')}, 2};
  if (code == 0x7f) return {"^?", 2};
  if (code < 0x7f) return {std::string(character), 1};
  if (code < 0xa0) return {"\xef\xbf\xbd", 1};
  return {std::string(character), locale.width(code)};
}

std::size_t step_right(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  at += size_at(text, at);
  while (at < text.size() && width_of(text.substr(at, size_at(text, at))) == 0) at += size_at(text, at);
  return at;
}

std::size_t step_left(std::string_view text, std::size_t at) {
  while (at > 0) {
    std::size_t start = at - 1;
    while (start > 0 && at - start < 4 && continues(text[start])) --start;
    if (size_at(text.substr(0, at), start) != at - start) start = at - 1;
    const bool combines = width_of(text.substr(start, at - start)) == 0;
    at = start;
    if (!combines) break;
  }
  return at;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += size_at(text, at)) {
    out += glyph_of(text.substr(at, size_at(text, at))).text;
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size(); at += size_at(text, at)) {
    columns += static_cast<std::size_t>(width_of(text.substr(at, size_at(text, at))));
  }
  return columns;
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t end = 0, used = 0;
  while (true) {
    const std::size_t next = step_right(text, end);
    used += columns_of(text.substr(end, next - end));
    if (used > columns - 1) break;
    end = next;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace moonstill::editor
