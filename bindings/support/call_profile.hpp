// The profile of a script: spans of described functions, with the lines that called them.
#pragma once

#include <lua.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/support/state.hpp"
#include "engine/core/profile.hpp"

namespace moonstill::lua {

class CallProfile {
 public:
  void enter(lua_State* L, std::string_view name);
  void leave() { profile_.leave(); }
  void enter_script() { profile_.enter_script(); }
  void leave_script() { profile_.leave_script(); }
  /// Gives the script's time since the last sample to the line at which L is.
  void sample(lua_State* L);
  [[nodiscard]] bool in_script() const noexcept { return profile_.in_script(); }
  [[nodiscard]] const Profile& profile() const { return profile_; }

 private:
  using Line = std::pair<std::string, int>;  // a chunk's name
  using Lines = std::pair<Line, Line>;       // the innermost, and the innermost of the user's

  static Lines lines_of(lua_State* L);
  std::size_t place_of(const Lines& lines);

  Profile profile_;
  std::map<Lines, std::size_t> places_;
};

/// A span for one call; nothing when the state has no profile.
class CallSpan {
 public:
  CallSpan(lua_State* L, std::string_view name) : profile_(runtime(L).profile) {
    if (profile_ != nullptr) profile_->enter(L, name);
  }
  ~CallSpan() {
    if (profile_ != nullptr) profile_->leave();
  }
  CallSpan(const CallSpan&) = delete;
  CallSpan& operator=(const CallSpan&) = delete;

 private:
  CallProfile* profile_;
};

/// The same for a function of the script's that engine code calls: its time is none of the call's around it.
class ScriptSpan {
 public:
  explicit ScriptSpan(lua_State* L) : profile_(runtime(L).profile) {
    if (profile_ != nullptr) profile_->enter_script();
  }
  ~ScriptSpan() {
    if (profile_ != nullptr) profile_->leave_script();
  }
  ScriptSpan(const ScriptSpan&) = delete;
  ScriptSpan& operator=(const ScriptSpan&) = delete;

 private:
  CallProfile* profile_;
};

}  // namespace moonstill::lua
