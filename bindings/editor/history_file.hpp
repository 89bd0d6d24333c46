// The history's file: one line an entry, appended under a lock, so that several prompts may write it at once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill::editor {

/// An entry of any lines as one line, and back: a newline is written "\n", a backslash "\\".
[[nodiscard]] std::string to_line(std::string_view entry);
[[nodiscard]] std::string from_line(std::string_view line);

/// The last `most` entries, each once, where it came last.
[[nodiscard]] std::vector<std::string> last_distinct(std::vector<std::string> entries, std::size_t most);

/// The entries of a file, oldest first, at most `most`; none where there is no file. One that libedit wrote
/// is understood and rewritten in our form; one with twice as many lines is shortened. Throws Error{io}.
[[nodiscard]] std::vector<std::string> load_history(const std::filesystem::path& path, std::size_t most);

/// Adds an entry, making the file where there is none, for its owner only. Throws Error{io}.
void append_history(const std::filesystem::path& path, std::string_view entry);

}  // namespace moonstill::editor
