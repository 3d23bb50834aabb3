#include "emdyn/app/cli/reference_option.hpp"

#include "emdyn/pipeline/reference_source.hpp"

namespace emdyn::app::cli {

void ReferenceOption::add_to(CLI::App& app) {
  app.add_option(
      "--reference", reference_,
      "ROWS|FILE|RUN: what is normal is learned from the first so many samples, or from there, and held: "
      "an alarm lasts as long as what it tells");
  app.add_option(
      "--after-alarm", after_alarm_,
      "rearm (what is normal stays) or reset (it is learned anew); default: reset for drift detectors on "
      "raw values, as --list --json says");
}

void ReferenceOption::apply(detect::DetectOptions& options, const std::string& store_path,
                            const collect::ingest::ReadOptions& read, const Task& task) const {
  if (!after_alarm_.empty()) {
    options.after_alarm = static_cast<detect::AfterAlarm>(
        field_detail::parse_word("--after-alarm", after_alarm_, detect::kAfterAlarmWords));
  }
  if (!reference_.empty())
    options.reference = pipeline::load_reference({reference_, store_path, read, true}, task);
}

}  // namespace emdyn::app::cli
