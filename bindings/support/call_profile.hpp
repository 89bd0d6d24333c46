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
  [[nodiscard]] const Profile& profile() const { return profile_; }

 private:
  using Line = std::pair<std::string, int>;  // a chunk's name

  std::size_t place_of(lua_State* L);

  Profile profile_;
  std::map<std::pair<Line, Line>, std::size_t> places_;
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

}  // namespace moonstill::lua
