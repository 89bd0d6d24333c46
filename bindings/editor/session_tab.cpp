// Tab, and what the keys mean while candidates are listed.
#include <optional>
#include <utility>

#include "bindings/editor/session.hpp"

namespace moonstill::editor {

void Session::complete() {
  const std::string before = buffer_.text().substr(0, buffer_.cursor());
  const std::size_t line = buffer_.line_start();
  if (before.find_first_not_of(' ', line) == std::string::npos) {
    return buffer_.insert(std::string(2 - (buffer_.cursor() - line) % 2, ' '));
  }
  Listing found{questions_.complete(before), {}};
  const auto& candidates = found.completion.candidates;
  if (candidates.empty() && found.completion.hint.empty()) {
    out_ += '\a';
    return;
  }
  const std::size_t start = buffer_.cursor() - found.completion.length;
  const std::string common = common_prefix(candidates);
  if (common.size() > found.completion.length) buffer_.replace(start, buffer_.cursor(), common);
  const bool says_something = candidates.size() != 1 || !candidates[0].signature.empty();
  if (!says_something) return;
  found.before = buffer_.text().substr(start, buffer_.cursor() - start);
  listing_ = std::move(found);
}

void Session::select(std::size_t candidate) {
  const auto& candidates = listing_->completion.candidates;
  const auto word = [&](std::size_t i) {
    return i < candidates.size() ? candidates[i].word : listing_->before;
  };
  const std::size_t start = buffer_.cursor() - word(listing_->selected).size();
  buffer_.replace(start, buffer_.cursor(), word(candidate));
  listing_->selected = candidate;
}

// Whether the key was for the list; if not, the list is gone and the key means what it always does.
bool Session::handle_listing(const Key& key) {
  const auto& candidates = listing_->completion.candidates;
  const std::size_t count = candidates.size(), here = listing_->selected;
  const bool selecting = here < count;
  const std::size_t rows = grid_of(candidates, size_.columns, size_.rows / 2).rows;
  std::optional<std::size_t> next;
  switch (key.command) {
    case Command::complete:
      if (count > 1) next = selecting ? (here + 1) % count : 0;
      break;
    case Command::complete_back:
      if (count > 1) next = selecting && here > 0 ? here - 1 : count - 1;
      break;
    case Command::down:
      if (selecting) next = here + 1;
      break;
    case Command::up:
      if (selecting) next = here - 1;
      break;
    case Command::right:
      if (selecting) next = here + rows;
      break;
    case Command::left:
      if (selecting) next = here - rows;
      break;
    case Command::cancel:
      if (selecting) select(Listing::none);
      listing_.reset();
      return true;
    default:
      break;
  }
  if (next) {
    if (*next < count) select(*next);  // from the edge of the list there is no way on
    return true;
  }
  listing_.reset();
  return selecting && key.command == Command::enter;
}

}  // namespace moonstill::editor
