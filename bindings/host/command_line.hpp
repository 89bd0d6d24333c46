// What the program's arguments ask for.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace moonstill::lua {

struct Command {
  enum class Kind { prompt, file, code, standard_input, test, selftest, tool, print };
  Kind kind = Kind::prompt;
  std::string target;                  // the file, code, folder of tests, tool, or the text to print
  std::vector<std::string> arguments;  // the script's own
  std::optional<unsigned> threads;
  bool backtrace = false;
  std::optional<std::string> trace;  // where a profile's spans go, when one is asked for
};

/// Wrong usage: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws UsageError, whose text ends in where to read how to use the program.
Command parse_command_line(const std::vector<std::string>& arguments);

}  // namespace moonstill::lua
