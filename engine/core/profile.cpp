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

Profile::Profile() : begin_(Clock::now()), places_(1), by_place_(1), script_since_(begin_) {
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
  const Open span{number_of(name), place, Clock::now()};
  count_script(span.begin);
  open_.push_back(span);
  in_script_ = false;
}

void Profile::enter_script() {
  const Clock::time_point now = Clock::now();
  count_script(now);
  open_.push_back({script, open_.empty() ? 0 : open_.back().place, now});
  in_script_ = true;
}

void Profile::leave_script() {
  const Clock::time_point now = Clock::now();
  count_script(now);
  const Clock::duration length = now - open_.back().begin;
  open_.pop_back();
  if (!open_.empty()) open_.back().inside += length;
  in_script_ = script_is_innermost();
}

void Profile::count_script(Clock::time_point now) {
  if (in_script_) not_yet_sampled_ += now - script_since_;
  script_since_ = now;
}

void Profile::sample(std::size_t place) {
  if (!in_script_) return;
  count_script(Clock::now());
  by_place_[place].own += not_yet_sampled_;
  if (place != 0) script_time_ += not_yet_sampled_;
  not_yet_sampled_ = {};
}

void Profile::leave() {
  const Open span = open_.back();
  open_.pop_back();
  script_since_ = Clock::now();
  in_script_ = script_is_innermost();
  const Clock::duration length = script_since_ - span.begin;
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
