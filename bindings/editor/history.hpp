// What was entered before, to walk through and to search; kept in a file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill::editor {

/// Where `text` holds `part`, without regard to case unless the part has capitals; npos if nowhere.
[[nodiscard]] std::size_t find_part(std::string_view text, std::string_view part);

class History {
 public:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  /// An empty path keeps no file; one that cannot be read or written is no reason to stop.
  explicit History(std::filesystem::path path);

  /// Oldest first.
  [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }

  /// Makes this the newest entry; an older equal one goes. Blank and very long ones are left out.
  void add(const std::string& entry);

  /// The nearest entry before (after) number `from` that begins with a text, or nowhere. `from` may be
  /// entries().size(), past the newest.
  [[nodiscard]] std::size_t older(std::size_t from, std::string_view beginning) const;
  [[nodiscard]] std::size_t newer(std::size_t from, std::string_view beginning) const;

  /// The same for entries that hold a text anywhere, as find_part() finds it.
  [[nodiscard]] std::size_t older_with(std::size_t from, std::string_view part) const;
  [[nodiscard]] std::size_t newer_with(std::size_t from, std::string_view part) const;

 private:
  std::filesystem::path path_;
  std::vector<std::string> entries_;
};

}  // namespace moonstill::editor
