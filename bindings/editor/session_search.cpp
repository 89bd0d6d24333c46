// Ctrl-R: the search through the history, letter by letter.
#include <utility>

#include "bindings/editor/session.hpp"
#include "bindings/editor/utf8.hpp"

namespace moonstill::editor {

void Session::begin_search() { search_ = Search{buffer_.text(), {}, memory_.history.entries().size()}; }

void Session::search(std::size_t (History::*step)(std::size_t, std::string_view) const, std::size_t from) {
  if (search_->part.empty()) {
    search_->entry = memory_.history.entries().size();
    buffer_.set(search_->before, search_->before.size());
    return;
  }
  const std::size_t entry = (memory_.history.*step)(from, search_->part);
  search_->found = entry != History::nowhere;
  if (!search_->found) return;
  search_->entry = entry;
  const std::string& text = memory_.history.entries()[entry];
  buffer_.set(text, find_part(text, search_->part));
}

void Session::take_found() {
  memory_.sought = search_->part;
  entry_ = search_->entry;
  search_.reset();
}

// Whether the key was for the search; if not, what was found is taken and the key means what it always does.
bool Session::handle_search(const Key& key) {
  const std::size_t newest = memory_.history.entries().size();
  switch (key.command) {
    case Command::insert:
      search_->part += key.text;
      search(&History::older_with, std::min(search_->entry + 1, newest));
      return true;
    case Command::erase_back:
      search_->part.erase(step_left(search_->part, search_->part.size()));
      search(&History::older_with, newest);
      return true;
    case Command::search_back:
      if (search_->part.empty()) search_->part = memory_.sought;
      search(&History::older_with, search_->entry);
      return true;
    case Command::search_forward:
      search(&History::newer_with, search_->entry);
      return true;
    case Command::cancel:
    case Command::interrupt:
      buffer_.set(search_->before, search_->before.size());
      search_.reset();
      return true;
    default:
      take_found();
      return false;
  }
}

}  // namespace moonstill::editor
