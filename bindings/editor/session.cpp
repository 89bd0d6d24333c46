#include "bindings/editor/session.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "bindings/editor/lua_text.hpp"
#include "bindings/editor/pasted.hpp"

namespace moonstill::editor {
namespace {

// How long the rest of an escape sequence, or of a paste, may take to come.
constexpr int sequence_milliseconds = 100, paste_milliseconds = 1000;

// As many bytes at once nobody types: undo takes them back at once.
constexpr std::size_t least_burst = 256;

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\n") == std::string_view::npos; }

}  // namespace

Session::Session(Memory& memory, const Prompt& prompt, const Questions& questions)
    : memory_(memory),
      buffer_(memory.buffer),
      prompt_(prompt),
      questions_(questions),
      pasted_(!memory.pasted.empty()),
      entry_(memory.history.entries().size()) {
  buffer_.clear();
}

std::optional<std::string> Session::run() {
  out_ += screen_.begin(size_.columns);
  take_pasted();
  while (state_ == State::editing) {
    if (const auto key = next_key())
      handle(*key);
    else
      state_ = State::ended;
    if (memory_.typed.size() < least_burst) buffer_.end_key();
  }
  flush();
  if (state_ == State::ended) return std::nullopt;
  memory_.history.add(buffer_.text());
  return buffer_.text();
}

std::optional<Key> Session::next_key() {
  bool last = false;
  while (true) {
    Decoded decoded = decode(memory_.typed, last);
    if (decoded.used > 0) {
      memory_.typed.erase(0, decoded.used);
      return std::move(decoded.key);
    }
    if (!Events::more_typed()) {
      draw();
      flush();
    }
    std::optional<int> limit;
    if (memory_.typed.size() > 16)
      limit = paste_milliseconds;
    else if (!memory_.typed.empty())
      limit = sequence_milliseconds;
    const Event event = events_.wait(memory_.typed, limit);
    if (event == Event::end) return std::nullopt;
    if (event == Event::interrupted) return Key{Command::interrupt, {}};
    last = event == Event::timeout;
    on_event(event);
  }
}

void Session::on_event(Event event) {
  if (event == Event::resized) {
    size_ = terminal_size();
    out_ += screen_.resize(size_.columns);
  } else if (event == Event::continued) {
    raw_.enter();
    out_ += screen_.begin(size_.columns);
  } else if (event == Event::terminated) {
    write_terminal(screen_.leave());
    raw_.leave();
    std::signal(events_.signal(), SIG_DFL);
    std::raise(events_.signal());
  }
}

void Session::flush() { write_terminal(std::exchange(out_, {})); }

void Session::draw() {
  const std::string& text = buffer_.text();
  std::vector<Style> styles;
  if (prompt_.color) styles = styles_of(text, buffer_.cursor());
  if (search_ && search_->found && prompt_.color) {
    std::fill_n(styles.begin() + static_cast<std::ptrdiff_t>(buffer_.cursor()),
                std::min(search_->part.size(), text.size() - buffer_.cursor()), Style::found);
  }
  const auto below = footer(size_.rows / 2);
  Frame frame =
      lay_out({prompt_.first, prompt_.continued, text, buffer_.cursor(), prompt_.color ? &styles : nullptr},
              size_.columns);
  frame = visible(std::move(frame), std::max<std::size_t>(1, size_.rows - below.size()));
  frame.rows.insert(frame.rows.end(), below.begin(), below.end());
  out_ += screen_.show(std::move(frame));
}

std::vector<Row> Session::footer(std::size_t height) const {
  if (height == 0) return {};
  if (search_) {
    Completion line;
    line.hint = (search_->found ? "search: " : "not found: ") + search_->part;
    return completion_rows(line, 0, size_.columns, height, prompt_.color);
  }
  if (!listing_) return {};
  return completion_rows(listing_->completion, listing_->selected, size_.columns, height, prompt_.color);
}

void Session::handle(const Key& key) {
  if (search_ && handle_search(key)) return;
  if (listing_ && handle_listing(key)) return;
  edit(key);
}

void Session::edit(const Key& key) {
  switch (key.command) {
    case Command::insert:
      return insert_typed(key.text);
    case Command::paste:
      return paste(key.text);
    case Command::enter:
      return enter();
    case Command::newline:
      buffer_.insert("\n");
      return indent_line();
    case Command::complete:
      return complete();
    case Command::left:
      return buffer_.left();
    case Command::right:
      return buffer_.right();
    case Command::up:
      return up();
    case Command::down:
      return down();
    case Command::word_left:
      return buffer_.word_left();
    case Command::word_right:
      return buffer_.word_right();
    case Command::line_start:
      return buffer_.move_to(buffer_.line_start());
    case Command::line_end:
      return buffer_.move_to(buffer_.line_end());
    case Command::text_start:
      return buffer_.move_to(0);
    case Command::text_end:
      return buffer_.move_to(buffer_.text().size());
    case Command::erase_back:
      return buffer_.erase_back();
    case Command::erase_or_leave:
      if (buffer_.text().empty()) {
        state_ = State::ended;
        return;
      }
      return buffer_.erase();
    case Command::erase:
      return buffer_.erase();
    case Command::kill_to_end:
      return buffer_.kill_to_line_end();
    case Command::kill_to_start:
      return buffer_.kill_to_line_start();
    case Command::kill_word_back:
      return buffer_.kill_word_back();
    case Command::kill_word:
      return buffer_.kill_word();
    case Command::kill_back_to_space:
      return buffer_.kill_back_to_space();
    case Command::yank:
      return buffer_.yank();
    case Command::transpose:
      return buffer_.transpose();
    case Command::undo:
      return buffer_.undo();
    case Command::previous_entry:
      return walk(&History::older);
    case Command::next_entry:
      return walk(&History::newer);
    case Command::search_back:
      return begin_search();
    case Command::clear_screen:
      out_ += screen_.clear();
      return;
    case Command::interrupt:
      return interrupt();
    case Command::suspend:
      return suspend();
    case Command::complete_back:
    case Command::search_forward:
    case Command::cancel:
    case Command::none:
      return;
  }
}

// The end of a block is moved below its beginning as soon as it stands there, and back when it was only the
// beginning of a longer name. An indentation of the user's own is left alone.
void Session::insert_typed(std::string_view text) {
  const std::size_t start = buffer_.line_start();
  const std::string line = buffer_.text().substr(start, buffer_.line_end() - start);
  std::string longer = line;
  longer.insert(buffer_.cursor() - start, text);
  const bool ends = begins_with_end(longer);
  const bool moves = ends != begins_with_end(line) && start > 0 &&
                     std::min(line.find_first_not_of(' '), line.size()) == indentation(buffer_.text(), start);
  buffer_.insert(text);
  if (moves) indent_line();
}

void Session::indent_line() {
  const std::size_t start = buffer_.line_start();
  const std::size_t first = std::min(buffer_.text().find_first_not_of(' ', start), buffer_.text().size());
  if (start == 0) return;
  const std::size_t columns = indentation(buffer_.text(), start);
  buffer_.replace(start, first, std::string(columns, ' '));
  buffer_.move_to(std::max(buffer_.cursor(), start + columns));
}

// Text that comes faster than it is typed brings its own indentation.
void Session::enter() {
  const bool more = more_typed();
  if ((!more || may_end()) && questions_.is_finished(buffer_.text())) return accept();
  buffer_.insert("\n");
  if (!more) indent_line();
}

bool Session::more_typed() const { return !memory_.typed.empty() || Events::more_typed(); }

// Whether what is being written is worth a question while more of it comes. Only what was added is read.
bool Session::may_end() {
  std::string text = buffer_.text() + '\n';
  if (!text.starts_with(counted_)) {
    counted_.clear();
    blocks_ = OpenBlocks();
  }
  blocks_.add(std::string_view(text).substr(counted_.size()));
  counted_ = std::move(text);
  return blocks_.may_end();
}

void Session::accept() {
  memory_.one_of_many = pasted_ || !memory_.typed.empty();
  std::string text = buffer_.text();
  text.erase(text.find_last_not_of(" \t\n") + 1);  // npos + 1 is 0
  buffer_.set(text, text.size());
  listing_.reset();
  std::vector<Style> styles;
  if (prompt_.color) styles = styles_of(text, BracketPair::none);
  out_ += screen_.finish(
      lay_out({prompt_.first, prompt_.continued, text, BracketPair::none, prompt_.color ? &styles : nullptr},
              size_.columns));
  state_ = State::accepted;
}

void Session::interrupt() {
  memory_.pasted.clear();
  pasted_ = false;
  listing_.reset();
  const std::string text = buffer_.text() + "^C";
  out_ += screen_.finish(
      lay_out({prompt_.first, prompt_.continued, text, BracketPair::none, nullptr}, size_.columns));
  buffer_.clear();
  entry_ = memory_.history.entries().size();
}

void Session::suspend() {
  out_ += screen_.leave();
  flush();
  raw_.leave();
  suspend_process();
  events_.forget();  // being continued is known, and the size is asked for
  raw_.enter();
  size_ = terminal_size();
  out_ += screen_.begin(size_.columns);
}

// At the end of the input, pasted lines are taken one by one, as if typed; elsewhere they are only text.
void Session::paste(std::string_view text) {
  const std::string cleaned = cleaned_paste(text, prompt_);
  if (!is_blank(std::string_view(buffer_.text()).substr(buffer_.cursor()))) return buffer_.insert(cleaned);
  pasted_ = pasted_ || cleaned.find('\n') != std::string::npos;
  memory_.pasted += cleaned;
  take_pasted();
}

void Session::take_pasted() {
  std::string& pasted = memory_.pasted;
  std::size_t taken = 0;
  OpenBlocks blocks(buffer_.text());
  while (state_ == State::editing && taken < pasted.size()) {
    const std::size_t end = std::min(pasted.find('\n', taken), pasted.size());
    const std::string_view line = std::string_view(pasted).substr(taken, end - taken);
    const bool ended = end < pasted.size();
    taken = std::min(end + 1, pasted.size());
    if (is_blank(line) && is_blank(buffer_.text()) && ended) continue;
    buffer_.insert(line);
    if (!ended) break;
    blocks.add(std::string(line) + '\n');
    const bool ends = blocks.may_end() && !goes_on(std::string_view(pasted).substr(taken));
    if (ends && questions_.is_finished(buffer_.text())) {
      accept();
    } else {
      buffer_.insert("\n");
    }
  }
  pasted.erase(0, taken);
}

void Session::up() {
  if (!buffer_.on_first_line()) return buffer_.up();
  walk(&History::older);
}

void Session::down() {
  if (!buffer_.on_last_line()) return buffer_.down();
  walk(&History::newer);
}

// From what is being written the walk begins anew, through the entries that begin with it.
void Session::walk(std::size_t (History::*step)(std::size_t, std::string_view) const) {
  const auto& entries = memory_.history.entries();
  if (entry_ >= entries.size() || buffer_.text() != entries[entry_]) {
    entry_ = entries.size();
    draft_ = buffer_.text();
    beginning_ = draft_.substr(0, buffer_.cursor());
  }
  const std::size_t next = (memory_.history.*step)(entry_, beginning_);
  if (next != History::nowhere) return recall(next);
  if (step == &History::newer && entry_ < entries.size()) {
    entry_ = entries.size();
    buffer_.set(draft_, draft_.size());
  }
}

void Session::recall(std::size_t entry) {
  entry_ = entry;
  const std::string& text = memory_.history.entries()[entry];
  buffer_.set(text, text.size());
}

}  // namespace moonstill::editor
