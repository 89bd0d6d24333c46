// What `moonstill --profile` shows.
#pragma once

#include <filesystem>
#include <string>

#include "engine/core/profile.hpp"

namespace moonstill::lua {

/// Tables of operations and of lines, those that took longest first.
[[nodiscard]] std::string profile_text(const Profile& profile);

/// Writes the spans in Chrome's trace format (chrome://tracing, Perfetto). Throws Error{io}.
void write_trace(const Profile& profile, const std::filesystem::path& path);

}  // namespace moonstill::lua
