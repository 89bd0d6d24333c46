// "Did you mean": the nearest of some words.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace moonstill::lua {

/// The candidate nearest to `word`, or "" when none is near. A swap, a slip or a missing letter counts one.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// " (did you mean 'depth'?)", or "".
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> candidates,
                                     char quote = '\'');

}  // namespace moonstill::lua
