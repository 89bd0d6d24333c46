// What `moonstill --profile` shows.
#pragma once

#include <string>

#include "engine/core/profile.hpp"
#include "engine/io/file.hpp"

namespace moonstill::lua {

/// Tables of operations and of lines, those that took longest first.
[[nodiscard]] std::string profile_text(const Profile& profile);

/// Writes the spans in Chrome's trace format (chrome://tracing, Perfetto), and commits. Throws Error{io}.
void write_trace(const Profile& profile, io::AtomicFile& file);

}  // namespace moonstill::lua
