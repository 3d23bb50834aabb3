#include "emdyn/forecast/training/collect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/forecast/features/history.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kOnsetLevel = 0.9;

double deadline_of(const series::Run& run, const CollectOptions& options) {
  if (options.deadline) return *options.deadline;
  if (const auto steps = optional_number(run.info.configuration, "steps")) return *steps;
  throw DataError(fmt::format("run {} has no setting \"steps\"; give the deadline with --deadline",
                              terminal_safe(run.info.name)));
}

double chance_of(const series::Run& run, const CollectOptions& options) {
  if (options.chance) return *options.chance;
  const auto classes = optional_number(run.info.configuration, "p");
  return classes && *classes > 1.0 ? 1.0 / *classes : 0.0;
}

std::optional<series::Interval> onset_of(const series::Signal& accuracy, double chance,
                                         const forecast::Target& target) {
  if (forecast::outcome(accuracy, target).kind != forecast::OutcomeKind::reached) {
    return std::nullopt;
  }
  const auto fit = emergence::fit_transition(accuracy).transition;
  if (fit.kind == series::TransitionKind::rise && fit.onset) return fit.onset;
  const auto points = forecast::history(accuracy, target.deadline, forecast::NonFinite::drop);
  const double tenth = chance + 0.1 * (target.level - chance);
  for (std::size_t i = 0; i < points.values.size(); ++i) {
    if (points.values[i] < tenth) continue;
    const double before = i == 0 ? points.positions[0] : points.positions[i - 1];
    return series::Interval{before, points.positions[i], points.positions[i], kOnsetLevel};
  }
  return std::nullopt;
}

// Nothing for a run without test accuracy: a store may hold other things.
std::optional<forecast::BankRun> reduce(const series::Run& run, const forecast::Bank& bank,
                                        const CollectOptions& options) {
  const auto* accuracy = series::find_role(run, series::Role::test_accuracy, options.roles);
  if (accuracy == nullptr || accuracy->size() == 0) return std::nullopt;
  forecast::Target target = bank.target;
  target.deadline = deadline_of(run, options);
  const double chance = chance_of(run, options);
  forecast::BankRun reduced = forecast::summarise(
      run, bank, target.deadline, chance, onset_of(*accuracy, chance, target), options.roles);
  reduced.id = run.info.name.empty() ? run.info.id : run.info.name;
  return reduced;
}

}  // namespace

forecast::Bank collect(const std::filesystem::path& folder, const CollectOptions& options,
                       const Task& task) {
  auto store = collect::store::Store::open(folder, collect::store::Mode::read);
  std::vector<std::string> ids;
  for (const collect::store::RunSummary& summary : store.runs()) {
    if (summary.info.status == series::RunStatus::finished) ids.push_back(summary.info.id);
  }
  forecast::Bank bank;
  std::vector<std::optional<forecast::BankRun>> runs(ids.size());
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for(ids.size(), [&](std::size_t i) {
    if (task.stopped()) return;
    auto own = collect::store::Store::open(folder, collect::store::Mode::read);
    runs[i] = reduce(own.load(ids[i]), bank, options);
    const std::scoped_lock lock(mutex);
    task.tell({"reducing", ++done, ids.size(), "runs"});
  });
  task.check();
  for (auto& run : runs) {
    if (run) bank.runs.push_back(std::move(*run));
  }
  std::ranges::sort(bank.runs, {}, &forecast::BankRun::id);
  if (bank.runs.empty()) {
    throw DataError(fmt::format("{}: no finished run with test accuracy", folder.string()));
  }
  return bank;
}

}  // namespace emdyn::forecast
