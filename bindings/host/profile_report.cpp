#include "bindings/host/profile_report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/core/threads.hpp"

namespace moonstill::lua {
namespace {

constexpr std::size_t most_rows = 20;

double seconds(Profile::Clock::duration time) { return std::chrono::duration<double>(time).count(); }

struct Row {
  std::string label;
  double own = 0;
  std::int64_t count = 0;
};

std::vector<Row> rows_by_name(const Profile& profile) {
  std::vector<Row> rows;
  rows.reserve(profile.names().size());
  for (std::size_t i = 0; i < profile.names().size(); ++i) {
    const Profile::Total& total = profile.by_name()[i];
    rows.push_back({profile.names()[i], seconds(total.own), total.count});
  }
  if (profile.script_time().count() > 0) rows.push_back({"plain Lua", seconds(profile.script_time())});
  return rows;
}

// Places that share a line are one row; those without one are left out.
std::vector<Row> rows_by_line(const Profile& profile, std::string Profile::Place::*line,
                              std::int64_t Profile::PlaceTotal::*calls) {
  std::map<std::string, Row> rows;
  for (std::size_t i = 0; i < profile.places().size(); ++i) {
    const std::string& label = profile.places()[i].*line;
    if (label.empty()) continue;
    Row& row = rows[label];
    row.label = label;
    row.own += seconds(profile.by_place()[i].own);
    row.count += profile.by_place()[i].*calls;
  }
  std::vector<Row> list;
  list.reserve(rows.size());
  for (auto& [label, row] : rows) list.push_back(std::move(row));
  return list;
}

std::string table(std::vector<Row> rows, const char* title, double whole) {
  std::ranges::stable_sort(rows, std::ranges::greater{}, &Row::own);
  std::string text =
      fmt::format("\n{:>10}  {:>6}  {:>9}  {:>10}  {}\n", "seconds", "share", "calls", "us a call", title);
  for (const Row& row : std::span(rows).first(std::min(rows.size(), most_rows))) {
    const std::string calls = row.count == 0 ? ""
                                             : fmt::format("{}  {:10.2f}", row.count,
                                                           1e6 * row.own / static_cast<double>(row.count));
    text += fmt::format("{:10.4f}  {:5.1f}%  {:>21}  {}\n", row.own, 100 * row.own / whole, calls, row.label);
  }
  if (rows.size() > most_rows) text += fmt::format("{:>10}  and {} more\n", "", rows.size() - most_rows);
  return text;
}

}  // namespace

std::string profile_text(const Profile& profile) {
  const double whole = seconds(Profile::Clock::now() - profile.begin());
  double spent = 0;
  for (const Profile::Total& total : profile.by_name()) spent += seconds(total.own);
  std::string text =
      fmt::format("profile: {:.3f} s with {} thread{}, {:.1f} % of it in functions of Moonstill\n", whole,
                  thread_count(), thread_count() == 1 ? "" : "s", 100 * spent / whole);
  if (profile.event_count() == 0 && profile.script_time().count() == 0) return text;
  text += table(rows_by_name(profile), "operation or function by itself", whole);
  text += table(rows_by_line(profile, &Profile::Place::script_line, &Profile::PlaceTotal::script_calls),
                "line of the script", whole);
  const auto own_line = [](const Profile::Place& place) { return place.line != place.script_line; };
  if (std::ranges::any_of(profile.places(), own_line))
    text += table(rows_by_line(profile, &Profile::Place::line, &Profile::PlaceTotal::calls),
                  "line, also of the standard library", whole);
  return text;
}

void write_trace(const Profile& profile, io::AtomicFile& file) {
  const auto microseconds = [](Profile::Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
  };
  std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
  for (const Profile::Event& event : profile.events()) {
    const nlohmann::json row{{"name", profile.names()[event.name]},
                             {"ph", "X"},
                             {"pid", 1},
                             {"tid", 1},
                             {"ts", microseconds(event.begin - profile.begin())},
                             {"dur", microseconds(event.length)},
                             {"args", {{"line", profile.places()[event.place].line}}}};
    text += text.back() == '[' ? "\n" : ",\n";
    text += row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  text += "\n]}\n";
  file.write(text);
  file.commit();
}

}  // namespace moonstill::lua
