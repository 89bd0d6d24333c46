// Lua's tokens as far as an editor needs them: what to colour, which brackets match, how far to indent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill::editor {

enum class TokenKind { name, keyword, number, string, comment, symbol };

struct Token {
  std::size_t begin = 0, end = 0;
  TokenKind kind = TokenKind::symbol;
};

/// The tokens of a text, which may be unfinished or wrong. One that begins with '?' or ':' is a command of
/// the prompt and has none.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view text);

/// The bracket at the cursor, or else right before it, and its partner.
struct BracketPair {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t here = none;
  std::size_t partner = none;  // none where the bracket is unmatched
};
[[nodiscard]] BracketPair brackets_at(std::string_view text, const std::vector<Token>& tokens,
                                      std::size_t cursor);

/// Columns by which the line that begins at `line_start` belongs indented: two more than the line that opens
/// the innermost block or bracket; a line that begins with its end stands below its beginning.
[[nodiscard]] std::size_t indentation(std::string_view text, std::size_t line_start);

/// Counts the blocks and brackets that stay open in a text that comes line by line.
class OpenBlocks {
 public:
  explicit OpenBlocks(std::string_view text = {}) { add(text); }

  void add(std::string_view text);
  /// Below 0 where more are closed than were opened.
  [[nodiscard]] int depth() const { return depth_; }
  /// Whether the text is worth asking about, which reads all of it: while it is short, and where nothing is
  /// open.
  [[nodiscard]] bool may_end() const { return lines_ < most_asked || depth_ <= 0; }

 private:
  static constexpr std::size_t most_asked = 30;

  std::string unfinished_;  // a string or comment of several lines
  int depth_ = 0;
  std::size_t lines_ = 0;
};

/// Whether a line that begins like this closes a block or bracket: "end", "}", "else", ...
[[nodiscard]] bool begins_with_end(std::string_view line);

}  // namespace moonstill::editor
