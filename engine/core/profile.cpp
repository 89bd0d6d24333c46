#include "engine/core/profile.hpp"

#include <cassert>
#include <utility>

namespace moonstill {
namespace {

constexpr std::size_t most_events = 1'000'000;

// One script thread records; a slot of its own, so that others see none.
Profile*& slot() noexcept {
  thread_local Profile* profile = nullptr;
  return profile;
}

}  // namespace

Profile::Profile() : begin_(Clock::now()), places_(1), by_place_(1) {
  assert(slot() == nullptr);
  slot() = this;
}

Profile::~Profile() { slot() = nullptr; }

Profile* Profile::current() noexcept { return slot(); }

std::size_t Profile::add_place(Place place) {
  places_.push_back(std::move(place));
  by_place_.emplace_back();
  return places_.size() - 1;
}

std::size_t Profile::number_of(std::string_view name) {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  names_.emplace_back(name);
  by_name_.emplace_back();
  return numbers_.emplace(name, names_.size() - 1).first->second;
}

void Profile::enter(std::string_view name) { enter(name, open_.empty() ? 0 : open_.back().place); }

void Profile::enter(std::string_view name, std::size_t place) {
  open_.push_back({number_of(name), place, Clock::now()});
}

void Profile::leave() {
  const Open span = open_.back();
  open_.pop_back();
  const Clock::duration length = Clock::now() - span.begin;
  const Clock::duration own = length - span.inside;
  if (!open_.empty()) open_.back().inside += length;
  by_name_[span.name].own += own;
  ++by_name_[span.name].count;
  PlaceTotal& total = by_place_[span.place];
  total.own += own;
  const Place& place = places_[span.place];
  const Place* around = open_.empty() ? nullptr : &places_[open_.back().place];
  if (around == nullptr || around->line != place.line) ++total.calls;
  if (around == nullptr || around->script_line != place.script_line) ++total.script_calls;
  ++event_count_;
  if (events_.size() < most_events) events_.push_back({span.name, span.place, span.begin, length});
}

}  // namespace moonstill
