#include "tests/support/terminal_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

namespace moonstill::test {
namespace {

constexpr std::chrono::seconds patience{20};

winsize size_of(std::size_t rows, std::size_t columns) {
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  return size;
}

}  // namespace

TerminalProgram::TerminalProgram(const std::string& program, std::size_t rows, std::size_t columns,
                                 const Environment& environment)
    : screen_(rows, columns) {
  const winsize size = size_of(rows, columns);
  process_ = forkpty(&terminal_, nullptr, nullptr, &size);
  if (process_ > 0) ::fcntl(terminal_, F_SETFL, O_NONBLOCK);
  if (process_ != 0) return;
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::execl(program.c_str(), program.c_str(), nullptr);
  ::_exit(127);
}

TerminalProgram::~TerminalProgram() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  ::close(terminal_);
}

// What the program prints meanwhile is read, or both would wait for one another.
void TerminalProgram::type(std::string_view keys) {
  while (!keys.empty()) {
    const ssize_t count = ::write(terminal_, keys.data(), keys.size());
    if (count < 0 && errno != EAGAIN) return;
    if (count > 0) keys.remove_prefix(static_cast<std::size_t>(count));
    pollfd ready{terminal_, POLLIN | POLLOUT, 0};
    ::poll(&ready, 1, 100);
    read_available();
  }
}

bool TerminalProgram::read_available() {
  while (true) {
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(terminal_, bytes.data(), bytes.size());
    if (count <= 0) return count < 0 && errno == EAGAIN;
    screen_.write({bytes.data(), static_cast<std::size_t>(count)});
    output_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

template <class Done>
bool TerminalProgram::read_until(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const bool open = read_available();
    if (done()) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    pollfd source{open ? terminal_ : -1, POLLIN, 0};
    ::poll(&source, 1, 20);
  }
}

bool TerminalProgram::ends_with(std::string_view text) {
  return read_until([&] { return screen_.text().ends_with(text); });
}

bool TerminalProgram::shows(std::string_view text) {
  return read_until([&] { return screen_.text().find(text) != std::string::npos; });
}

int TerminalProgram::exit_code() {
  int status = 0;
  const bool ended = read_until([&] { return ::waitpid(process_, &status, WNOHANG) == process_; });
  if (!ended) return -1;
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void TerminalProgram::resize(std::size_t rows, std::size_t columns) {
  const winsize size = size_of(rows, columns);
  ::ioctl(terminal_, TIOCSWINSZ, &size);
}

void TerminalProgram::signal(int number) const { ::kill(process_, number); }

}  // namespace moonstill::test
