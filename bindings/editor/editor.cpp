#include "bindings/editor/editor.hpp"

#include <utility>

#include "bindings/editor/plain.hpp"
#include "bindings/editor/session.hpp"

namespace moonstill::editor {

struct Editor::State {
  explicit State(std::string history_path) : memory(std::move(history_path)) {}
  Memory memory;
};

Editor::Editor(std::string history_path) : state_(std::make_unique<State>(std::move(history_path))) {}

Editor::~Editor() = default;

std::optional<std::string> Editor::read(const Prompt& prompt, const Questions& questions) {
  if (!is_capable_terminal()) return read_plainly(prompt, questions);
  return Session(state_->memory, prompt, questions).run();
}

bool Editor::one_of_many() const { return state_->memory.one_of_many; }

void Editor::drop_pasted() { state_->memory.pasted.clear(); }

}  // namespace moonstill::editor
