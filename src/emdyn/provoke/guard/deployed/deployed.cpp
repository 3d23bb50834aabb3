#include "emdyn/provoke/guard/deployed/deployed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "emdyn/core/error.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/provoke/guard/conformal.hpp"
#include "emdyn/provoke/ood/network/of_network.hpp"

namespace emdyn::provoke::guard {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

}  // namespace

void to_json(Json& json, const FittedGuard& fitted) {
  json = {{"panel", fitted.guard.panel()},
          {"reference", fitted.reference},
          {"calibration", fitted.guard.calibration_size()},
          {"errors_on_reference", fitted.errors_on_reference},
          {"notes", fitted.notes},
          {"ledger", fitted.ledger}};
}

FittedGuard fit_guard(const model::Model& model, const torch::Tensor& reference,
                      const std::vector<std::int64_t>& labels, const torch::Tensor& calibration,
                      const GuardOptions& options, const Task& task) {
  task.tell({.what = "looking at the reference examples"});
  model::Ledger ledger;
  const bool held_out = !calibration.defined();
  const auto seen = model::observe(model, reference, true, ledger, task);
  const auto calm =
      held_out ? model::Observations{} : model::observe(model, calibration, true, ledger, task);
  task.check();
  const ood::ScoredBatch learned = ood::batch_of(seen);
  const ood::Head head = ood::head_of(model);
  const std::vector<std::uint32_t> classes = ood::labels_of(labels);
  FittedGuard fitted{Guard::fit({learned.features, learned.logits, classes, head.view()},
                                held_out ? ood::ScoredBatch{} : ood::batch_of(calm), options,
                                Guard::kPanel, task)};
  fitted.reference = seen.rows;
  fitted.errors_on_reference = seen.errors(labels);
  fitted.ledger = ledger;
  if (held_out)
    fitted.notes.emplace_back(
        "calibrated on examples held out of --data: if the network was trained on them, p-values "
        "of new inputs come out too small; give --calibration then");
  if (std::string note = ood::feature_note(model); !note.empty())
    fitted.notes.push_back(std::move(note));
  return fitted;
}

void check(const ScreenOptions& options) {
  if (!(options.fdr > 0.0 && options.fdr < 1.0))
    throw ConfigError(fmt::format("guard: fdr must lie between 0 and 1, got {}", options.fdr));
}

std::size_t Screening::flagged() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(flags, 1));
}

void to_json(Json& json, const Screening& screening) {
  json = {{"inputs", screening.verdicts.size()},
          {"flagged", screening.flagged()},
          {"fdr", screening.options.fdr},
          {"rule", screening.options.online ? "e_lond" : "benjamini_hochberg"},
          {"batch_p_values", screening.batch_p_values},
          {"microseconds_per_input",
           {{"network", screening.network_us}, {"guard", screening.guard_us}}},
          {"ledger", screening.ledger},
          {"events", screening.events}};
}

Json verdict_json(const Screening& screening, std::size_t input) {
  const InputVerdict& verdict = screening.verdicts[input];
  return {
      {"index", input},
      {"p_value", verdict.p_value},
      {"e_value", screening.e_values[input]},
      {"flagged", screening.flags[input] != 0},
      {"predicted", verdict.predicted},
      {"label", screening.labels.empty() ? Json(nullptr) : Json(screening.labels[input])},
      {"reason",
       {{"score", verdict.score}, {"features", verdict.features}, {"nearest", verdict.neighbours}}},
      {"density_p_value", verdict.density_p_value}};
}

Screening screen(const Guard& guard, const model::Model& model, const torch::Tensor& inputs,
                 std::vector<std::int64_t> labels, const ScreenOptions& options, const Task& task) {
  check(options);
  Screening found{.options = options, .labels = std::move(labels)};
  auto start = Clock::now();
  const auto seen = model::observe(model, inputs, true, found.ledger, task);
  task.check();
  const auto rows = static_cast<double>(std::max<std::size_t>(seen.rows, 1));
  found.network_us = microseconds_since(start) / rows;
  start = Clock::now();
  found.verdicts = guard.score(ood::batch_of(seen));
  found.guard_us = microseconds_since(start) / rows;
  found.flags = flags_of(guard, found.verdicts, options.fdr, options.online);
  for (const InputVerdict& one : found.verdicts) found.e_values.push_back(guard.e_value(one));
  found.events = drift_events(guard, found.verdicts);
  const std::span<const InputVerdict> all(found.verdicts);
  for (std::size_t i = 0; options.batch > 0 && i < all.size(); i += options.batch)
    found.batch_p_values.push_back(
        guard.batch_p_value(all.subspan(i, std::min(options.batch, all.size() - i))));
  return found;
}

std::vector<char> flags_of(const Guard& guard, std::span<const InputVerdict> verdicts, double fdr,
                           bool online) {
  std::vector<char> flags(verdicts.size(), 0);
  if (online) {
    ELond test(fdr);
    for (std::size_t i = 0; i < flags.size(); ++i)
      flags[i] = test.test(guard.e_value(verdicts[i])) ? 1 : 0;
    return flags;
  }
  std::vector<double> p_values;
  for (const InputVerdict& one : verdicts) p_values.push_back(one.p_value);
  for (const std::size_t i : benjamini_hochberg(p_values, fdr)) flags[i] = 1;
  return flags;
}

std::vector<series::Event> drift_events(const Guard& guard,
                                        std::span<const InputVerdict> verdicts) {
  std::vector<series::Event> events;
  detect::DetectOptions options;
  options.detector = detect::kWatch;  // Its budget is for alarms; auto ranks novelty.
  detect::SeriesDetector detector("guard_strangeness", series::Axis::step, options);
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    detector.push(static_cast<double>(i), guard.deviate(verdicts[i]), events);
  return events;
}

}  // namespace emdyn::provoke::guard
