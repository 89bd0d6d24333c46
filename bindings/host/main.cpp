// The program `moonstill`.
#include <clocale>
#include <cstdio>
#include <exception>
#include <string>

#include "bindings/host/command_line.hpp"
#include "bindings/host/interpreter.hpp"
#include "bindings/host/interrupts.hpp"
#include "bindings/host/runner.hpp"
#include "engine/core/error.hpp"
#include "engine/core/threads.hpp"

namespace {

constexpr int exit_failed = 1, exit_usage = 2;

int run(const moonstill::lua::Command& command) {
  if (command.kind == moonstill::lua::Command::Kind::print) {
    std::fputs(command.target.c_str(), stdout);
    return 0;
  }
  try {
    if (command.threads)
      moonstill::set_thread_count(*command.threads);
    else
      static_cast<void>(moonstill::thread_count());  // a wrong MOONSTILL_THREADS is wrong usage
  } catch (const moonstill::Error& error) {
    throw moonstill::lua::UsageError(std::string("moonstill: ") + error.what() + "\n");
  }
  moonstill::lua::Interpreter interpreter;
  const moonstill::lua::InterruptHandler handler(interpreter.shared());
  return moonstill::lua::run_command(interpreter, command);
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");
  int code = exit_failed;
  try {
    code = run(moonstill::lua::parse_command_line({argv + 1, argv + argc}));
  } catch (const moonstill::lua::UsageError& error) {
    std::fputs(error.what(), stderr);
    return exit_usage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "moonstill: %s\n", error.what());
  }
  if ((std::fflush(stdout) != 0 || std::ferror(stdout) != 0) && code == 0) {
    std::fputs("moonstill: cannot write to standard output\n", stderr);
    return exit_failed;
  }
  return code;
}
