#include "bindings/editor/pasted.hpp"

#include <algorithm>
#include <array>

namespace moonstill::editor {
namespace {

// Takes the first line of a text, without its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string with_newlines(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      out += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      out += '\n';
  }
  return out;
}

std::string without_prompts(std::string_view text, const Prompt& prompt) {
  std::string out;
  bool typed = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const bool first = line.starts_with(prompt.first);
    typed = first || (typed && line.starts_with(prompt.continued));
    if (typed) out.append(line.substr((first ? prompt.first : prompt.continued).size())) += '\n';
  }
  return out;
}

}  // namespace

std::string cleaned_paste(std::string_view text, const Prompt& prompt) {
  const std::string lines = with_newlines(text);
  const bool transcript = !prompt.first.empty() && lines.starts_with(prompt.first);
  return transcript ? without_prompts(lines, prompt) : lines;
}

bool goes_on(std::string_view line) {
  constexpr std::array<std::string_view, 18> beginnings{".", ":", ")", "]", "}", ",", "+",    "*",   "/",
                                                        "%", "^", "=", "<", ">", "~", "and ", "or ", "- "};
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with("::")) return false;  // a label
  return std::ranges::any_of(beginnings, [&](std::string_view one) { return line.starts_with(one); });
}

}  // namespace moonstill::editor
