#include "bindings/editor/plain.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "bindings/editor/lua_text.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::editor {
namespace {

// Through stdio, which scripts that read standard input share. Nothing at its end and after Ctrl-C.
std::optional<std::string> read_line() {
  std::string line;
  int c = 0;
  while ((c = std::getc(stdin)) != EOF && c != '\n') line += static_cast<char>(c);
  if (c == EOF) std::clearerr(stdin);
  if (interrupt_requested() || (c == EOF && line.empty())) return std::nullopt;
  return line;
}

}  // namespace

std::optional<std::string> read_plainly(const Prompt& prompt, const Questions& questions) {
  std::optional<std::string> text;
  OpenBlocks blocks;
  while (true) {
    if (isatty(STDIN_FILENO) != 0) {
      std::fputs((text ? prompt.continued : prompt.first).c_str(), stdout);
      std::fflush(stdout);
    }
    const auto line = read_line();
    if (interrupt_requested()) return std::nullopt;
    if (!line) return text;
    text = text ? std::move(*text) + '\n' + *line : *line;
    blocks.add(*line + '\n');
    if (blocks.may_end() && questions.is_finished(*text)) return text;
  }
}

}  // namespace moonstill::editor
