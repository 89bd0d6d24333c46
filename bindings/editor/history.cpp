#include "bindings/editor/history.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "bindings/editor/history_file.hpp"
#include "engine/core/error.hpp"

namespace moonstill::editor {
namespace {

constexpr std::size_t most_entries = 5000, longest_entry = 1U << 16U;

template <class Fits>
std::size_t older_that(const std::vector<std::string>& entries, std::size_t from, Fits fits) {
  while (from-- > 0) {
    if (fits(entries[from])) return from;
  }
  return History::nowhere;
}

template <class Fits>
std::size_t newer_that(const std::vector<std::string>& entries, std::size_t from, Fits fits) {
  while (++from < entries.size()) {
    if (fits(entries[from])) return from;
  }
  return History::nowhere;
}

auto begins_with(std::string_view beginning) {
  return [beginning](const std::string& entry) { return entry.starts_with(beginning); };
}

auto holds(std::string_view part) {
  return [part](const std::string& entry) { return find_part(entry, part) != std::string_view::npos; };
}

}  // namespace

std::size_t find_part(std::string_view text, std::string_view part) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::any_of(part.begin(), part.end(), is_capital)) return text.find(part);
  const auto same = [](char a, char b) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(a))) == b;
  };
  const auto* const found = std::search(text.begin(), text.end(), part.begin(), part.end(), same);
  return found == text.end() && !part.empty() ? std::string_view::npos
                                              : static_cast<std::size_t>(found - text.begin());
}

History::History(std::filesystem::path path) : path_(std::move(path)) {
  if (path_.empty()) return;
  try {
    entries_ = load_history(path_, most_entries);
  } catch (const Error&) {
    path_.clear();
  }
}

void History::add(const std::string& entry) {
  const bool blank = entry.find_first_not_of(" \t\r\n") == std::string::npos;
  if (blank || entry.size() > longest_entry || (!entries_.empty() && entries_.back() == entry)) return;
  std::erase(entries_, entry);
  entries_.push_back(entry);
  if (entries_.size() > most_entries) entries_.erase(entries_.begin());
  if (path_.empty()) return;
  try {
    append_history(path_, entry);
  } catch (const Error&) {
    path_.clear();
  }
}

std::size_t History::older(std::size_t from, std::string_view beginning) const {
  return older_that(entries_, from, begins_with(beginning));
}

std::size_t History::newer(std::size_t from, std::string_view beginning) const {
  return newer_that(entries_, from, begins_with(beginning));
}

std::size_t History::older_with(std::size_t from, std::string_view part) const {
  return older_that(entries_, from, holds(part));
}

std::size_t History::newer_with(std::size_t from, std::string_view part) const {
  return newer_that(entries_, from, holds(part));
}

}  // namespace moonstill::editor
