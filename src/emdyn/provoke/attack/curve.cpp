#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/proportion.hpp"
#include "emdyn/provoke/attack/attack.hpp"

namespace emdyn::provoke::attack {
namespace {

/// A share with its binomial interval.
series::Interval share_of(std::size_t hits, std::size_t count) {
  constexpr double kLevel = 0.9;
  const double n = static_cast<double>(count);
  const double share = static_cast<double>(hits) / n;
  const auto [low, high] = math::wilson_interval(share, n, kLevel);
  return {low, share, high, kLevel};
}

void check_alike(std::span<const AttackResult> results) {
  if (results.empty()) throw ConfigError("attack: the worst case of no results");
  for (const AttackResult& result : results) {
    if (result.size() != results.front().size() || result.norm != results.front().norm)
      throw ConfigError(fmt::format("attack: results of {} and {} differ in points or norm",
                                    results.front().attack, result.attack));
  }
}

/// Errors of the strongest result at the largest radius that all of them know.
std::size_t most(std::span<const AttackResult> results, double epsilon, auto&& chosen) {
  std::size_t errors = 0;
  for (const AttackResult& result : results) {
    if (chosen(result)) errors = std::max(errors, result.errors(epsilon));
  }
  return errors;
}

}  // namespace

AttackResult worst_case(std::span<const AttackResult> results) {
  check_alike(results);
  AttackResult worst = results.front();
  if (results.size() == 1) return worst;
  worst.attack = "worst_case";
  worst.settings = Json::object();
  worst.settings["attacks"] = Json::array();
  worst.settings["attacks"].push_back(results.front().attack);
  worst.adversarial = worst.adversarial.clone();
  for (const AttackResult& result : results.subspan(1)) {
    worst.settings["attacks"].push_back(result.attack);
    worst.ledger += result.ledger;
    worst.seconds += result.seconds;
    worst.interrupted = worst.interrupted || result.interrupted;
    for (std::size_t i = 0; i < worst.size(); ++i) {
      worst.queries[i] += result.queries[i];
      if (worst.outcome[i] == PointOutcome::not_reached) worst.outcome[i] = result.outcome[i];
      if (!(result.distance[i] < worst.distance[i])) continue;
      worst.distance[i] = result.distance[i];
      worst.outcome[i] = result.outcome[i];
      const auto at = static_cast<std::int64_t>(i);
      worst.adversarial[at].copy_(result.adversarial[at]);
    }
  }
  return worst;
}

std::vector<Flag> compare(std::span<const AttackResult> results) {
  std::vector<Flag> flags;
  if (results.empty() || results.front().epsilons.empty()) return flags;
  check_alike(results);
  const double epsilon = results.front().epsilons.back();
  const auto gradient = [](const AttackResult& result) {
    return !result.transfer && find_attack(result.attack).gradient;
  };
  const auto black = [](const AttackResult& result) {
    return !result.transfer && !find_attack(result.attack).gradient;
  };
  const auto transfer = [](const AttackResult& result) { return result.transfer; };
  if (std::ranges::none_of(results, gradient)) return flags;
  const double n = static_cast<double>(std::max<std::size_t>(results.front().size(), 1));
  const std::size_t white = most(results, epsilon, gradient);
  // One point more may be luck; a share of them is a sign.
  const auto beats = [&](std::size_t errors) {
    return static_cast<double>(errors) - static_cast<double>(white) > std::max(1.0, 0.005 * n);
  };
  if (const std::size_t errors = most(results, epsilon, black); beats(errors)) {
    flags.push_back({"black_box_wins", static_cast<double>(errors - white) / n,
                     "an attack without gradients finds more than those with: the gradients "
                     "mislead (masking); trust neither, and attack a smooth stand-in"});
  }
  if (const std::size_t errors = most(results, epsilon, transfer); beats(errors)) {
    flags.push_back({"transfer_wins", static_cast<double>(errors - white) / n,
                     "rows made on another model find more than this model's own gradients: they "
                     "mislead (masking); raise steps and restarts, or use square"});
  }
  return flags;
}

series::StressCurve stress_curve(const AttackResult& result, const std::vector<double>& certified) {
  series::StressCurve curve;
  curve.order_parameter = "robust_accuracy";
  curve.control_parameter = "epsilon";
  std::size_t known = 0;
  for (const PointOutcome outcome : result.outcome)
    known += outcome != PointOutcome::not_reached ? 1U : 0U;
  for (const double epsilon : result.epsilons) {
    if (known == 0) break;
    series::StressCurve::Point point;
    point.position = epsilon;
    point.value = share_of(known - result.errors(epsilon), known);
    point.attacked = point.value.estimate;
    if (certified.size() == result.size()) {
      std::size_t proven = 0;
      for (std::size_t i = 0; i < result.size(); ++i)
        proven += result.distance[i] > 0.0 && certified[i] >= epsilon ? 1U : 0U;
      point.certified = static_cast<double>(proven) / static_cast<double>(result.size());
    }
    curve.points.push_back(point);
  }
  curve.settings = {{"attack", result.attack},
                    {"norm", word(result.norm)},
                    {"points", known},
                    {"settings", result.settings}};
  curve.ledger = {{"forward", result.ledger.forward}, {"gradient", result.ledger.gradient}};
  return curve;
}

void to_json(Json& json, const AttackResult& result) {
  Json errors = Json::array();
  for (const double epsilon : result.epsilons)
    errors.push_back({{"epsilon", epsilon}, {"errors", result.errors(epsilon)}});
  json = {
      {"name", result.attack},
      {"errors", result.epsilons.empty() ? Json() : Json(result.errors(result.epsilons.back()))},
      {"errors_by_epsilon", std::move(errors)},
      {"forward", result.ledger.forward},
      {"gradient", result.ledger.gradient},
      {"seconds", result.seconds},
      {"transfer", result.transfer},
      {"settings", result.settings},
      {"flags", result.flags}};
}

void to_json(Json& json, const Flag& flag) {
  json = {{"name", flag.name}, {"share", flag.share}, {"advice", flag.advice}};
}

}  // namespace emdyn::provoke::attack
