// The one exception type of the engine. Public functions check their arguments and throw it; kernels only
// assert.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace moonstill {

enum class ErrorKind {
  argument,     // a value that the function does not accept
  shape,        // shapes that do not fit together
  range,        // an index outside its range
  state,        // called at the wrong moment
  numeric,      // NaN, infinity, not unitary, not Hermitian
  unsupported,  // a derivative or a combination that is not offered
  memory,       // the memory limit, or the machine's own
  io,           // files
  interrupted,  // Ctrl-C
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// Throws an Error whose text is formatted as by fmt::format.
template <class... Args>
[[noreturn]] void fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace moonstill
