#include "emdyn/pipeline/mirage_pairs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::pipeline {
namespace {

using emergence::mirage::Judgement;
using emergence::mirage::kind_of_metric;
using emergence::mirage::MetricKind;
using series::Role;
using series::Signal;

// A judgement takes a tenth of a second: so many pairs are judged beside those that changed suddenly.
constexpr std::size_t kFewPairs = 48;
constexpr std::size_t kMostJudged = 512;
constexpr std::array<std::pair<Role, Role>, 2> kRolePairs{
    std::pair{Role::test_accuracy, Role::test_loss},
    std::pair{Role::train_accuracy, Role::train_loss}};

std::string_view task_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

bool is_graded_signal(const Signal& signal) {
  return kind_of_metric(signal.name) == MetricKind::graded;
}

/// Largest less smallest of the finite values.
double range_of(const Signal& signal) {
  double least = HUGE_VAL, most = -HUGE_VAL;
  for (const double value : signal.last_values()) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  return most > least ? most - least : 0.0;
}

std::optional<Judgement> judged(const Signal& graded, const Signal& continuous) {
  try {
    return emergence::mirage::judge(graded, &continuous);
  } catch (const DataError&) {  // A loss below 0, an accuracy of 3: the names promise too much.
    return std::nullopt;
  }
}

}  // namespace

const Signal* continuous_partner(const series::Run& run, const Signal& graded,
                                 const series::RoleChoices& roles) {
  if (!is_graded_signal(graded)) return nullptr;
  for (const auto& [accuracy, loss] : kRolePairs) {
    if (series::find_role(run, accuracy, roles) == &graded)
      return series::find_role(run, loss, roles);
  }
  const std::string_view task = task_of(graded.name);
  if (task.empty()) return nullptr;
  for (const Signal& other : run.signals) {
    if (&other == &graded || task_of(other.name) != task) continue;
    const auto kind = kind_of_metric(other.name);
    if (kind && *kind != MetricKind::graded) return &other;
  }
  return nullptr;
}

void judge_pairs(std::span<const series::Run> runs, const series::RoleChoices& roles,
                 const Task& task, std::vector<Analysis>& analyses) {
  struct Pair {
    std::size_t run;
    emergence::TransitionFit* fit;
    const Signal* graded;
    const Signal* continuous;
    std::optional<Judgement> judgement{};
  };
  std::vector<Pair> pairs;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    for (emergence::TransitionFit& fit : analyses[r].fits) {
      const Signal* graded = runs[r].find(fit.transition.order_parameter);
      if (graded == nullptr) continue;
      if (const Signal* partner = continuous_partner(runs[r], *graded, roles))
        pairs.push_back({r, &fit, graded, partner});
    }
  }
  // Sudden changes first, then what changed most: where nothing was sudden that is an answer too.
  std::ranges::stable_sort(pairs, std::greater<>(), [](const Pair& pair) {
    return std::pair(declared(*pair.fit), range_of(*pair.graded));
  });
  const auto sudden = static_cast<std::size_t>(
      std::ranges::count_if(pairs, [](const Pair& pair) { return declared(*pair.fit); }));
  if (pairs.size() > std::max(sudden, kFewPairs)) pairs.resize(std::max(sudden, kFewPairs));
  if (pairs.size() > kMostJudged) pairs.resize(kMostJudged);
  parallel_for(pairs.size(), [&](std::size_t i) {
    if (!task.stopped()) pairs[i].judgement = judged(*pairs[i].graded, *pairs[i].continuous);
  });
  task.check();
  for (Pair& pair : pairs) {
    if (!pair.judgement) continue;
    if (declared(*pair.fit)) pair.fit->transition.mirage = pair.judgement->record();
    analyses[pair.run].mirage.push_back(std::move(*pair.judgement));
  }
}

}  // namespace emdyn::pipeline
