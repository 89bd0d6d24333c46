// One reading from a terminal: the loop from keys to commands to the screen.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bindings/editor/buffer.hpp"
#include "bindings/editor/editor.hpp"
#include "bindings/editor/history.hpp"
#include "bindings/editor/keys.hpp"
#include "bindings/editor/lua_text.hpp"
#include "bindings/editor/screen.hpp"
#include "bindings/editor/terminal.hpp"

namespace moonstill::editor {

/// What stays from one reading to the next.
struct Memory {
  explicit Memory(std::string history_path) : history(std::move(history_path)) {}
  History history;
  Buffer buffer;
  std::string typed;         // bytes that are no key yet
  std::string pasted;        // lines that are still to be taken
  std::string sought;        // by the last search
  bool one_of_many = false;  // the last input came among others: pasted, or faster than it is typed
};

class Session {
 public:
  Session(Memory& memory, const Prompt& prompt, const Questions& questions);

  /// The input, or nothing at the end of all input.
  [[nodiscard]] std::optional<std::string> run();

 private:
  struct Listing {  // of candidates, below the input
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    Completion completion;
    std::string before;  // the word that they complete
    std::size_t selected = none;
  };
  struct Search {
    std::string before;  // what was being written
    std::string part;
    std::size_t entry;
    bool found = true;
  };
  enum class State { editing, accepted, ended };

  [[nodiscard]] std::optional<Key> next_key();
  void on_event(Event event);
  void handle(const Key& key);
  void edit(const Key& key);
  void draw();
  void flush();
  [[nodiscard]] std::vector<Row> footer(std::size_t height) const;

  [[nodiscard]] bool more_typed() const;
  [[nodiscard]] bool may_end();

  void insert_typed(std::string_view text);
  void enter();
  void accept();
  void indent_line();
  void interrupt();
  void suspend();

  void paste(std::string_view text);
  void take_pasted();

  void up();
  void down();
  void recall(std::size_t entry);
  void walk(std::size_t (History::*step)(std::size_t, std::string_view) const);

  void complete();
  [[nodiscard]] bool handle_listing(const Key& key);
  void select(std::size_t candidate);

  void begin_search();
  [[nodiscard]] bool handle_search(const Key& key);
  void search(std::size_t (History::*step)(std::size_t, std::string_view) const, std::size_t from);
  void take_found();

  Memory& memory_;
  Buffer& buffer_;
  const Prompt& prompt_;
  const Questions& questions_;
  Events events_;
  RawMode raw_;
  Screen screen_;
  Size size_ = terminal_size();
  std::string out_;
  State state_ = State::editing;
  bool pasted_ = false;  // what is being written is a part of several pasted lines
  OpenBlocks blocks_;    // of the text counted_, with which what is being written begins
  std::string counted_;

  std::size_t entry_;      // the history's entry shown; its size for what is being written
  std::string draft_;      // what was being written when the walk through the history began
  std::string beginning_;  // of the entries that the walk stops at
  std::optional<Listing> listing_;
  std::optional<Search> search_;
};

}  // namespace moonstill::editor
