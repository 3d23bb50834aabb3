#include "emdyn/app/cli/source.hpp"

#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {

void ReadOption::add_to(CLI::App& app) {
  app.add_option("--format", format, "automatic, csv, jsonl, text, tfevents or json")
      ->group("Reading");
  app.add_option("--header", header, "of CSV: automatic, present or absent")->group("Reading");
  app.add_option("--step-column", options.step_column, "column or key that holds the position")
      ->group("Reading");
  app.add_option("--run-column", options.run_columns, "columns or keys that together name the run")
      ->allow_extra_args(false)
      ->group("Reading");
  app.add_option("--axis", axis, "what the position counts: step, tokens, seconds, …")
      ->group("Reading");
  app.add_flag("--skip-bad-rows", options.skip_bad_rows,
               "count malformed rows instead of refusing the file")
      ->group("Reading");
}

collect::ingest::ReadOptions ReadOption::get() const {
  collect::ingest::ReadOptions read = options;
  read.format = collect::ingest::format_from_word(format);
  if (header == "present") {
    read.header = collect::ingest::Header::present;
  } else if (header == "absent") {
    read.header = collect::ingest::Header::absent;
  } else if (header != "automatic") {
    throw ConfigError(fmt::format("--header must be automatic, present or absent, got \"{}\"",
                                  terminal_safe(header)));
  }
  if (!axis.empty()) {
    try {
      read.axis = series::axis_from_word(axis);
    } catch (const DataError&) {
      throw ConfigError(
          fmt::format("--axis must be step, tokens, flops, parameters, epsilon, severity or "
                      "seconds, got \"{}\"",
                      terminal_safe(axis)));
    }
  }
  return read;
}

double checked_position(double position, std::string_view option) {
  if (std::isfinite(position)) return position;
  throw ConfigError(fmt::format("{} must be a finite number, got {}", option, position));
}

void SourceOption::add_to(CLI::App& app) {
  app.add_option("RUN|FILE", text, "a run of the store (id, its beginning, or name) or a file")
      ->required();
  store.add_to(app);
  app.add_option("--role", role_texts, "ROLE=SIGNAL where a signal's name says not what it is")
      ->allow_extra_args(false);
  app.add_flag("--raw-segments", raw_segments,
               "look at the last segment of what was logged instead of the whole history")
      ->group("Reading");
  read.add_to(app);
}

pipeline::Source SourceOption::source() const {
  return {text, store.path, read.get(), !raw_segments};
}

void SourceOption::tell_reading(const pipeline::Reading& reading, app::terminal::Console& console) {
  for (const std::string& warning : reading.read.warnings) console.warn(warning);
  if (const std::string line = pipeline::reading_line(reading); !line.empty()) console.remark(line);
  read_json_ = pipeline::reading_json(reading);
}

std::vector<series::Run> SourceOption::load_runs(app::terminal::Console& console,
                                                 const Task& task) {
  pipeline::Reading reading;
  auto runs = pipeline::load_runs(source(), task, &reading);
  tell_reading(reading, console);
  return runs;
}

series::Run SourceOption::load_run(app::terminal::Console& console) {
  pipeline::Reading reading;
  series::Run run = pipeline::load_run(source(), &reading);
  tell_reading(reading, console);
  return run;
}

series::RoleChoices SourceOption::roles() const {
  series::RoleChoices choices;
  for (const std::string& role : role_texts) series::add_role_choice(choices, role);
  return choices;
}

}  // namespace emdyn::app::cli
