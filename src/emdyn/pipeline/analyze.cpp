#include "emdyn/pipeline/analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

using series::Role;

constexpr std::array kOrderRoles{Role::test_accuracy, Role::train_accuracy, Role::test_loss,
                                 Role::train_loss};
constexpr std::array kWarningRoles{Role::test_loss, Role::train_loss, Role::gradient_norm,
                                   Role::weight_norm};
constexpr std::size_t kMostSignals = 16;

void add_unique(std::vector<const series::Signal*>& list, const series::Signal* signal) {
  if (signal != nullptr && std::ranges::find(list, signal) == list.end()) list.push_back(signal);
}

std::vector<const series::Signal*> named_signals(const series::Run& run,
                                                 const std::vector<std::string>& names) {
  std::vector<const series::Signal*> list;
  for (const std::string& name : names) {
    const series::Signal* signal = run.find(name);
    if (signal == nullptr)
      throw DataError(fmt::format("the run has no signal \"{}\"", terminal_safe(name)));
    add_unique(list, signal);
  }
  return list;
}

bool declared(const emergence::TransitionFit& fit) {
  return fit.transition.kind != series::TransitionKind::none;
}

Json fit_json(const emergence::TransitionFit& fit) {
  Json json = fit.transition;
  json["models"] = fit.models;
  json["points"] = fit.points;
  json["dropped"] = fit.dropped;
  json["note"] = fit.note;
  return json;
}

}  // namespace

std::vector<const series::Signal*> order_parameters(const series::Run& run,
                                                    const series::RoleChoices& roles) {
  std::vector<const series::Signal*> list;
  for (const Role role : kOrderRoles) add_unique(list, series::find_role(run, role, roles));
  if (!list.empty()) return list;
  for (const series::Signal& signal : run.signals) {
    if (list.size() < kMostSignals) list.push_back(&signal);
  }
  return list;
}

const emergence::TransitionFit* main_transition(const Analysis& analysis) {
  const auto found = std::ranges::find_if(analysis.fits, declared);
  return found == analysis.fits.end() ? nullptr : &*found;
}

Analysis analyze(const series::Run& run, const AnalyzeOptions& options) {
  const auto signals = options.signals.empty() ? order_parameters(run, options.roles)
                                               : named_signals(run, options.signals);
  Analysis analysis;
  for (const series::Signal* signal : signals) {
    analysis.fits.push_back(emergence::fit_transition(*signal, options.transition));
  }
  auto main = std::ranges::find_if(analysis.fits, declared);
  const bool some = main != analysis.fits.end();
  const double before = some ? main->transition.onset->low : HUGE_VAL;
  analysis.warned_before = some ? fmt::format("{} of {} at {}", series::word(main->transition.kind),
                                              main->transition.order_parameter, shortest(before))
                                : "the end of the run";

  std::vector<const series::Signal*> warned;
  if (some) add_unique(warned, run.find(main->transition.order_parameter));
  for (const Role role : kWarningRoles)
    add_unique(warned, series::find_role(run, role, options.roles));
  if (warned.empty()) warned.assign(signals.begin(), signals.end());
  analysis.early_warning.resize(warned.size());
  parallel_for(warned.size(), [&](std::size_t i) {
    analysis.early_warning[i] = {warned[i]->name, emergence::early_warning_before(
                                                      *warned[i], before, options.early_warning)};
  });
  if (some) {
    for (const SignalWarning& each : analysis.early_warning) {
      const auto trends = emergence::precursors(each.signal, each.warning);
      auto& list = main->transition.precursors;
      list.insert(list.end(), trends.begin(), trends.end());
    }
  }
  return analysis;
}

Json analysis_json(const Analysis& analysis) {
  Json transitions = Json::array();
  Json tested = Json::array();
  for (const auto& fit : analysis.fits) {
    if (declared(fit)) transitions.push_back(fit.transition);
    tested.push_back(fit_json(fit));
  }
  Json warnings = Json::array();
  for (const SignalWarning& each : analysis.early_warning) {
    Json row = each.warning;
    row["signal"] = each.signal;
    row["before"] = analysis.warned_before;
    warnings.push_back(std::move(row));
  }
  return Json{{"transitions", std::move(transitions)},
              {"early_warning", std::move(warnings)},
              {"tested", std::move(tested)}};
}

std::string transition_sentence(const emergence::TransitionFit& fit) {
  const series::Transition& found = fit.transition;
  const std::string name = terminal_safe(found.order_parameter);
  if (!declared(fit)) {
    return fmt::format("{}: no transition ({})", name,
                       fit.note.empty() ? emergence::describe(fit) : fit.note);
  }
  return fmt::format("{}: {} of {:.4g} from {} {:.6g} [{:.6g}, {:.6g}], width {:.4g} ({})", name,
                     series::word(found.kind), found.size.value_or(0.0), found.control_parameter,
                     found.onset->estimate, found.onset->low, found.onset->high,
                     found.width.value_or(0.0), emergence::describe(fit));
}

}  // namespace emdyn::pipeline
