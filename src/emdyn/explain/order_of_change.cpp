#include "emdyn/explain/order_of_change.hpp"

#include <algorithm>
#include <limits>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/transition/transition.hpp"

namespace emdyn::explain {
namespace {

constexpr std::size_t kFewestPoints = 12;  // As many as fit_transition needs.

SignalChange change_of(const series::Signal& signal, const series::Transition& transition,
                       double end) {
  SignalChange change;
  change.signal = signal.name;
  change.order = "unknown";
  const series::Signal seen = signal.prefix(end);
  if (seen.last_values().size() < kFewestPoints) return change;
  const series::Transition own = emergence::fit_transition(seen).transition;
  change.kind = own.kind;
  change.direction = own.direction;
  if (own.kind == series::TransitionKind::none || !own.onset) return change;
  change.onset = own.onset;
  change.lead = transition.onset->estimate - own.onset->estimate;
  if (own.onset->high < transition.onset->low) {
    change.order = "before";
  } else if (own.onset->low > transition.onset->high) {
    change.order = "after";
  } else {
    change.order = "with";
  }
  return change;
}

}  // namespace

std::vector<SignalChange> order_of_change(const series::Run& run,
                                          const series::Transition& transition, const Task& task) {
  std::vector<SignalChange> changes;
  if (!transition.onset) return changes;
  const double end = transition.onset->high + transition.width.value_or(0.0);
  std::vector<const series::Signal*> signals;
  for (const series::Signal& signal : run.signals) {
    if (signal.name != transition.order_parameter) signals.push_back(&signal);
  }
  changes.resize(signals.size());
  parallel_for(signals.size(), [&](std::size_t i) {
    if (!task.stopped()) changes[i] = change_of(*signals[i], transition, end);
  });
  task.check();
  std::ranges::stable_sort(changes, {}, [](const SignalChange& change) {
    return change.onset ? change.onset->estimate : std::numeric_limits<double>::infinity();
  });
  return changes;
}

void to_json(Json& json, const SignalChange& change) {
  json = {{"signal", change.signal},
          {"kind", series::word(change.kind)},
          {"direction", series::word(change.direction)},
          {"onset", change.onset ? Json(*change.onset) : Json(nullptr)},
          {"lead", number_or_null(change.lead)},
          {"order", change.order}};
}

}  // namespace emdyn::explain
