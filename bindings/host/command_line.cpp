#include "bindings/host/command_line.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "bindings/host/embedded.hpp"
#include "bindings/support/words.hpp"
#include "engine/core/error.hpp"
#include "engine/core/threads.hpp"

namespace moonstill::lua {
namespace {

constexpr std::array<std::string_view, 3> subcommands{"run", "repl", "test"};
constexpr std::string_view tools_folder = "moonstill.commands.";

// A subcommand that is written in Lua: a file in stdlib/moonstill/commands, whose first line is
// "-- NAME ARGUMENTS: what it does".
struct Tool {
  std::string_view name, use, summary;
};

std::vector<Tool> tools() {
  std::vector<Tool> found;
  for (const EmbeddedSource& source : embedded_sources()) {
    if (!source.module.starts_with(tools_folder)) continue;
    const std::string_view line = source.text.substr(0, source.text.find('\n'));
    const std::size_t colon = line.find(": ");
    found.push_back(
        {source.module.substr(tools_folder.size()), line.substr(3, colon - 3), line.substr(colon + 2)});
  }
  return found;
}

bool is_tool(std::string_view word) {
  return std::ranges::any_of(tools(), [&](const Tool& tool) { return tool.name == word; });
}

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names(subcommands.begin(), subcommands.end());
  for (const Tool& tool : tools()) names.push_back(tool.name);
  return names;
}

constexpr const char* usage =
    "Usage: moonstill [OPTIONS] [run] FILE.lua [ARGS...]   run a script ('-' reads it from standard input)\n"
    "       moonstill [OPTIONS] -e CODE [ARGS...]          run code\n"
    "       moonstill [OPTIONS] [repl]                     work line by line, with 'repl' also through a "
    "pipe\n"
    "       moonstill [OPTIONS] test PATH [PATTERN]        run the tests (*_test.lua) of a file or folder\n";

struct Usage : CLI::Formatter {
  std::string make_usage(const CLI::App*, std::string) const override {
    std::string text = usage;
    for (const Tool& tool : tools())
      text += fmt::format("       moonstill {:<36} {}\n", tool.use, tool.summary);
    return text;
  }
};

struct Options {
  bool version = false, help = false, selftest = false, backtrace = false, profile = false;
  std::string threads;
  std::string code;
  std::string luacats;
  std::string trace = "moonstill-trace.json";
};

std::unique_ptr<CLI::App> make_app(Options& options) {
  auto app = std::make_unique<CLI::App>();
  app->formatter(std::make_shared<Usage>());
  app->set_help_flag();
  app->prefix_command();
  app->add_option("-e", options.code, "Run this code")->type_name("CODE");
  app->add_option("--threads", options.threads,
                  "Threads to compute with (default: all, or MOONSTILL_THREADS)")
      ->type_name("N");
  app->add_flag("--backtrace", options.backtrace, "Show the calls that led to an error");
  app->add_flag("--profile", options.profile, "Show where time went, by operation and by line of the script");
  app->add_option("--trace", options.trace, "Profile; the spans go there, for chrome://tracing or Perfetto")
      ->type_name("FILE")
      ->capture_default_str();
  app->add_option("--luacats", options.luacats, "The same as the command luacats")->type_name("DIR");
  app->add_flag("--selftest", options.selftest,
                "Check gradients, known values and determinism, in under a minute");
  app->add_flag("--version", options.version, "Print the version");
  app->add_flag("-h,--help", options.help, "Print this");
  return app;
}

[[noreturn]] void refuse(const std::string& message) {
  throw UsageError(fmt::format("moonstill: {}\n'moonstill --help' shows how to use it.\n", message));
}

// The library begins its own message with the option's name.
std::string wrong_count(const CLI::App& app, std::string_view message) {
  for (const CLI::Option* option : app.get_options()) {
    if (!message.starts_with(option->get_name() + ":")) continue;
    const std::size_t given = option->count();
    return fmt::format("{}: expected one {}, got {}", option->get_name(), option->get_type_name(),
                       given == 0 ? "none" : std::to_string(given));
  }
  return std::string(message);
}

// Parses the options at the front. Gives what follows them.
std::vector<std::string> parse_options(CLI::App& app, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ArgumentMismatch& error) {
    refuse(wrong_count(app, error.what()));
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  }
  std::vector<std::string> rest = app.remaining();
  const bool option = !rest.empty() && rest.front().size() > 1 && rest.front().starts_with('-');
  if (option && rest.front() != "--") {
    std::vector<std::string> names;
    for (const CLI::Option* known : app.get_options()) {
      for (const std::string& name : known->get_lnames()) names.push_back("--" + name);
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    refuse(fmt::format("unknown option '{}'{}", rest.front(), suggestion(rest.front(), views)));
  }
  if (option) rest.erase(rest.begin());
  return rest;
}

// The last step: a file, unless the word looks like a mistyped command.
Command file_command(const std::string& word) {
  Command command;
  command.kind = word == "-" ? Command::Kind::standard_input : Command::Kind::file;
  command.target = word;
  const bool looks_like_file = word == "-" || word.ends_with(".lua") || word.find('/') != std::string::npos;
  if (!looks_like_file && !std::filesystem::exists(word)) {
    refuse(fmt::format("no command or script '{}'{}", word, suggestion(word, command_names())));
  }
  return command;
}

Command choose(const CLI::App& app, const Options& options, const std::string& subcommand,
               std::vector<std::string>& rest) {
  Command command;
  if (options.help || options.version) {
    command.kind = Command::Kind::print;
    command.target = options.help ? app.help() : fmt::format("Moonstill {}\n", MOONSTILL_VERSION);
    return command;
  }
  if (options.selftest) {
    if (!subcommand.empty() || !rest.empty()) {
      refuse(fmt::format("--selftest takes no arguments, got '{}'",
                         subcommand.empty() ? rest.front() : subcommand));
    }
    command.kind = Command::Kind::selftest;
    return command;
  }
  if (app.count("-e") > 0) {
    command.kind = Command::Kind::code;
    command.target = options.code;
    return command;
  }
  if (!options.luacats.empty()) {
    command.kind = Command::Kind::tool;
    command.target = "luacats";
    rest.insert(rest.begin(), options.luacats);
    return command;
  }
  if (subcommand.empty() && !rest.empty() && is_tool(rest.front())) {
    command.kind = Command::Kind::tool;
    command.target = rest.front();
    rest.erase(rest.begin());
    return command;
  }
  if (subcommand == "repl" || (subcommand.empty() && rest.empty())) {
    if (!rest.empty()) refuse(fmt::format("repl takes no arguments, got '{}'", rest.front()));
    const bool prompt = subcommand == "repl" || isatty(STDIN_FILENO) != 0;
    command.kind = prompt ? Command::Kind::prompt : Command::Kind::standard_input;
    return command;
  }
  if (rest.empty())
    refuse(fmt::format("{} needs a {}", subcommand, subcommand == "test" ? "path" : "script"));
  if (subcommand == "test") {
    command.kind = Command::Kind::test;
    command.target = rest.front();
  } else {
    command = file_command(rest.front());
  }
  rest.erase(rest.begin());
  return command;
}

unsigned threads_of(const std::string& text) {
  try {
    return read_thread_count(text, "--threads");
  } catch (const Error& error) {
    refuse(error.what());
  }
}

}  // namespace

Command parse_command_line(const std::vector<std::string>& arguments) {
  Options options;
  const auto app = make_app(options);
  std::vector<std::string> rest = parse_options(*app, arguments);
  bool threads_given = app->count("--threads") > 0;
  bool trace_given = app->count("--trace") > 0;
  std::string subcommand;
  // Options may stand on either side of the subcommand.
  if (!rest.empty() && std::find(subcommands.begin(), subcommands.end(), rest.front()) != subcommands.end()) {
    subcommand = rest.front();
    const Options before = options;
    rest = parse_options(*app, {rest.begin() + 1, rest.end()});
    options.backtrace = options.backtrace || before.backtrace;
    options.profile = options.profile || before.profile;
    if (app->count("--trace") == 0)
      options.trace = before.trace;
    else
      trace_given = true;
    options.help = options.help || before.help;
    options.version = options.version || before.version;
    if (app->count("--threads") > 0)
      threads_given = true;
    else
      options.threads = before.threads;
  }
  if (trace_given && (options.trace.empty() || options.trace.ends_with(".lua")))
    refuse(fmt::format("--trace: expected a file for the spans, got '{}'", options.trace));
  Command command = choose(*app, options, subcommand, rest);
  command.arguments = std::move(rest);
  command.backtrace = options.backtrace;
  if (options.profile || trace_given) command.trace = options.trace;
  if (threads_given) command.threads = threads_of(options.threads);
  return command;
}

}  // namespace moonstill::lua
