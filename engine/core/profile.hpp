// Where time goes: what ran, for how long, and at which line of a script it was called.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill {

/// A record of nested spans of time, those of the thread that runs scripts. What runs outside of spans is the
/// script itself: its time goes to the lines at which samples find it.
class Profile {
 public:
  using Clock = std::chrono::steady_clock;

  /// Lines that a span was called from, as texts "file:line"; empty where there is none.
  struct Place {
    std::string line;         // the innermost, which may be the standard library's
    std::string script_line;  // the innermost of the user's
  };
  struct Event {
    std::size_t name;   // of names()
    std::size_t place;  // of places()
    Clock::time_point begin;
    Clock::duration length;
  };
  /// `own` leaves out spans inside.
  struct Total {
    Clock::duration own{};
    std::int64_t count = 0;
  };
  /// `own` of all spans at a place. Calls leave out spans right inside one of the same line.
  struct PlaceTotal {
    Clock::duration own{};
    std::int64_t calls = 0;         // of the line
    std::int64_t script_calls = 0;  // of the script's line
  };

  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// The one that records now, or nullptr. A Profile records from its making to its end.
  [[nodiscard]] static Profile* current() noexcept;

  /// A number for a place, kept for enter().
  std::size_t add_place(Place place);
  /// Begins a span; without a place it has that of the span around it.
  void enter(std::string_view name);
  void enter(std::string_view name, std::size_t place);
  void leave();

  /// Begins and ends a stretch of the script inside of a span, such as a function that the span calls.
  void enter_script();
  void leave_script();
  /// Gives the script's time since the last sample to a place.
  void sample(std::size_t place);
  /// Whether the script itself runs. Safe in a signal handler.
  [[nodiscard]] bool in_script() const noexcept { return in_script_; }
  /// The script's time at all places but 0.
  [[nodiscard]] Clock::duration script_time() const { return script_time_; }

  [[nodiscard]] Clock::time_point begin() const { return begin_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const std::vector<Place>& places() const { return places_; }
  /// Totals of each name, and of each place.
  [[nodiscard]] const std::vector<Total>& by_name() const { return by_name_; }
  [[nodiscard]] const std::vector<PlaceTotal>& by_place() const { return by_place_; }
  /// The first million spans, in the order in which they ended.
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] std::int64_t event_count() const { return event_count_; }

 private:
  struct Open {
    std::size_t name, place;
    Clock::time_point begin;
    Clock::duration inside{};
  };

  std::size_t number_of(std::string_view name);
  void count_script(Clock::time_point now);
  [[nodiscard]] bool script_is_innermost() const { return open_.empty() || open_.back().name == script; }

  Clock::time_point begin_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::vector<std::string> names_;
  std::vector<Place> places_;
  std::vector<Total> by_name_;
  std::vector<PlaceTotal> by_place_;
  std::vector<Open> open_;
  std::vector<Event> events_;
  std::int64_t event_count_ = 0;

  static constexpr std::size_t script = -1;  // as the name of an open span
  std::atomic<bool> in_script_ = true;
  Clock::time_point script_since_;     // where in_script_
  Clock::duration not_yet_sampled_{};  // before that
  Clock::duration script_time_{};
};

/// A span of the current profile for the length of a scope; nothing when there is none.
class ProfileSpan {
 public:
  explicit ProfileSpan(std::string_view name) : profile_(Profile::current()) {
    if (profile_ != nullptr) profile_->enter(name);
  }
  ~ProfileSpan() {
    if (profile_ != nullptr) profile_->leave();
  }
  ProfileSpan(const ProfileSpan&) = delete;
  ProfileSpan& operator=(const ProfileSpan&) = delete;

 private:
  Profile* profile_;
};

}  // namespace moonstill
