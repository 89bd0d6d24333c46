#include "bindings/host/line_editor.hpp"

#include <histedit.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cwchar>
#include <filesystem>
#include <utility>

#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

constexpr int longest_history = 2000;

struct EndEditor {
  void operator()(EditLine* editor) const { el_end(editor); }
};
struct EndHistory {
  void operator()(History* history) const { history_end(history); }
};

std::size_t common_prefix(const std::vector<std::string>& words) {
  std::size_t size = words.front().size();
  for (const std::string& word : words) {
    const auto differs = std::mismatch(words.front().begin(), words.front().begin() + static_cast<long>(size),
                                       word.begin(), word.end());
    size = static_cast<std::size_t>(differs.first - words.front().begin());
  }
  return size;
}

void print_columns(const std::vector<std::string>& words) {
  winsize window{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  std::size_t width = 0;
  for (const std::string& word : words) width = std::max(width, word.size() + 2);
  const std::size_t columns = std::max<std::size_t>(1, (known ? window.ws_col : 80U) / width);
  std::fputc('\n', stdout);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool last = (i + 1) % columns == 0 || i + 1 == words.size();
    std::fprintf(stdout, "%-*s%s", static_cast<int>(last ? 0 : width), words[i].c_str(), last ? "\n" : "");
  }
}

// One character from the terminal. Ctrl-C ends the line instead of being tried again.
int read_character(EditLine* editor, wchar_t* out) {
  FILE* input = nullptr;
  el_get(editor, EL_GETFP, 0, &input);
  std::mbstate_t shift{};
  while (true) {
    char byte = 0;
    const ssize_t count = ::read(fileno(input), &byte, 1);
    if (count < 0 && errno == EINTR && !interrupt_requested()) continue;
    if (count <= 0) return static_cast<int>(count);
    const std::size_t used = std::mbrtowc(out, &byte, 1, &shift);
    if (used == static_cast<std::size_t>(-2)) continue;
    if (used == static_cast<std::size_t>(-1)) {
      shift = {};
      continue;
    }
    return 1;
  }
}

}  // namespace

struct LineEditor::State {
  std::string history_path;
  std::string prompt;
  const Completer* completer = nullptr;
  std::unique_ptr<History, EndHistory> history;
  std::unique_ptr<EditLine, EndEditor> editor;

  static State& of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<State*>(self);
  }

  static char* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  static unsigned char complete(EditLine* editor, int) {
    const LineInfo* line = el_line(editor);
    const std::string before(line->buffer, line->cursor);
    const Completion found = (*of(editor).completer)(before);
    if (found.words.empty()) return CC_REFRESH_BEEP;
    const std::size_t common = common_prefix(found.words);
    if (common > found.length) {
      el_insertstr(editor, found.words.front().substr(found.length, common - found.length).c_str());
      return CC_REFRESH;
    }
    if (found.words.size() == 1) return CC_REFRESH;
    print_columns(found.words);
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::string history_path) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.history_path = std::move(history_path);
  state.history.reset(history_init());
  HistEvent event;
  history(state.history.get(), &event, H_SETSIZE, longest_history);
  history(state.history.get(), &event, H_SETUNIQUE, 1);
  if (!state.history_path.empty()) history(state.history.get(), &event, H_LOAD, state.history_path.c_str());
  if (isatty(STDIN_FILENO) == 0) return;
  EditLine* editor = el_init("moonstill", stdin, stdout, stderr);
  state.editor.reset(editor);
  el_set(editor, EL_CLIENTDATA, &state);
  el_set(editor, EL_PROMPT, State::show_prompt);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, history, state.history.get());
  el_set(editor, EL_GETCFN, read_character);
  el_set(editor, EL_ADDFN, "complete", "Completes names", State::complete);
  el_set(editor, EL_BIND, "\t", "complete", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(editor, nullptr);
}

LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read(const std::string& prompt, const Completer& completer) {
  State& state = *state_;
  if (state.editor == nullptr) {
    std::string line;
    int c = 0;
    while ((c = std::getc(stdin)) != EOF && c != '\n') line += static_cast<char>(c);
    if (c == EOF && line.empty()) return std::nullopt;
    return line;
  }
  state.prompt = prompt;
  state.completer = &completer;
  int count = 0;
  const char* line = el_gets(state.editor.get(), &count);
  if (line == nullptr || count <= 0 || interrupt_requested()) return std::nullopt;
  const std::string text(line, static_cast<std::size_t>(count));
  return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
}

void LineEditor::remember(const std::string& entry) {
  HistEvent event;
  history(state_->history.get(), &event, H_ENTER, entry.c_str());
  if (state_->history_path.empty()) return;
  std::error_code ignored;  // an unwritable history is no reason to stop
  std::filesystem::create_directories(std::filesystem::path(state_->history_path).parent_path(), ignored);
  history(state_->history.get(), &event, H_SAVE, state_->history_path.c_str());
}

}  // namespace moonstill::lua
