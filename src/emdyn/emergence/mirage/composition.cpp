#include "emdyn/emergence/mirage/composition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::emergence::mirage {
namespace {

constexpr double kLevel = 0.9;
// Answers between a thousandth of a token (a surprise per character, say) and a hundred thousand.
constexpr double kLeastLog = -7.0;
constexpr double kMostLog = 11.5;
constexpr double kNominalItems = 100.0;  // Unknown numbers of items cancel through the dispersion.

double x_log_ratio(double x, double y) { return x > 0.0 ? x * std::log(x / y) : 0.0; }

class Likelihood {
 public:
  explicit Likelihood(const CompositionData& data)
      : data_(data), items_(data.items > 0.0 ? data.items : kNominalItems) {}

  /// 2·(saturated − model) log-likelihood.
  double deviance(double tokens) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < data_.graded.size(); ++i) {
      sum += term(data_.graded[i], composed(data_.surprise[i], tokens, data_.chance));
    }
    return sum;
  }
  double null_deviance() const {
    const double mean = std::accumulate(data_.graded.begin(), data_.graded.end(), 0.0) /
                        static_cast<double>(data_.graded.size());
    double sum = 0.0;
    for (const double share : data_.graded) sum += term(share, mean);
    return sum;
  }

 private:
  double term(double share, double expected) const {
    const double q = std::clamp(expected, 1e-12, 1.0 - 1e-12);
    return 2.0 * items_ * (x_log_ratio(share, q) + x_log_ratio(1.0 - share, 1.0 - q));
  }
  CompositionData data_;
  double items_;
};

/// The least deviance over ln L: a grid against several minima, then golden sections.
double best_log_tokens(const Likelihood& likelihood) {
  constexpr int kSteps = 120;
  const double step = (kMostLog - kLeastLog) / kSteps;
  double best = kLeastLog, least = likelihood.deviance(std::exp(kLeastLog));
  for (int i = 1; i <= kSteps; ++i) {
    const double at = kLeastLog + step * i, deviance = likelihood.deviance(std::exp(at));
    if (deviance < least) {
      least = deviance;
      best = at;
    }
  }
  constexpr double kGolden = 0.6180339887498949;
  double low = best - step, high = best + step;
  for (int i = 0; i < 60; ++i) {
    const double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
    if (likelihood.deviance(std::exp(a)) < likelihood.deviance(std::exp(b)))
      high = b;
    else
      low = a;
  }
  return 0.5 * (low + high);
}

/// Where the deviance has grown by `rise` on one side of the best ln L.
double edge(const Likelihood& likelihood, double best, double target, double direction) {
  double inside = best, step = 0.05;
  double outside = best;
  while (true) {
    outside = best + direction * step;
    if (outside < kLeastLog) return kLeastLog;
    if (outside > kMostLog) return kMostLog;
    if (likelihood.deviance(std::exp(outside)) > target) break;
    inside = outside;
    step *= 2.0;
  }
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (inside + outside);
    if (likelihood.deviance(std::exp(middle)) > target)
      outside = middle;
    else
      inside = middle;
  }
  return 0.5 * (inside + outside);
}

bool constant(std::span<const double> values) {
  const auto [least, most] = std::ranges::minmax(values);
  return !(most > least);
}

void check(const CompositionData& data, std::optional<double> known) {
  if (data.surprise.size() != data.graded.size()) {
    throw DataError(fmt::format(
        "composition: {} surprises for {} graded values; give them at the same positions",
        data.surprise.size(), data.graded.size()));
  }
  if (!(data.chance >= 0.0 && data.chance < 1.0)) {
    throw ConfigError(fmt::format("mirage.chance must be in [0, 1), got {}", data.chance));
  }
  if (known && !(*known > 0.0))
    throw ConfigError(fmt::format("mirage.answer_tokens must be > 0, got {}", *known));
}

}  // namespace

double composed(double surprise, double tokens, double chance) noexcept {
  return chance + (1.0 - chance) * std::exp(-tokens * std::max(surprise, 0.0));
}

std::optional<Composition> fit_composition(const CompositionData& data,
                                           std::optional<double> known) {
  check(data, known);
  if (data.graded.size() < 3 || constant(data.graded) || constant(data.surprise))
    return std::nullopt;
  const Likelihood likelihood(data);
  const double best = best_log_tokens(likelihood);
  const double least = likelihood.deviance(std::exp(best));
  const double freedom = static_cast<double>(data.graded.size() - 1);
  // More scatter than the items explain widens the interval; less does not narrow it.
  const double dispersion =
      data.items > 0.0 ? std::max(1.0, least / freedom) : std::max(least / freedom, 1e-12);
  const double rise = dispersion * math::chi_squared_isf(1.0 - kLevel, 1.0);
  Composition out;
  out.points = data.graded.size();
  out.tokens = {std::exp(edge(likelihood, best, least + rise, -1.0)), std::exp(best),
                std::exp(edge(likelihood, best, least + rise, 1.0)), kLevel};
  out.tokens_known = known.has_value();
  out.tokens_used = known.value_or(out.tokens.estimate);
  const double used = likelihood.deviance(out.tokens_used);
  out.explained = 1.0 - used / likelihood.null_deviance();
  if (data.items > 0.0) out.p_value = math::chi_squared_sf(used, known ? freedom + 1.0 : freedom);
  if (known)
    out.known_p_value = math::chi_squared_sf(std::max(used - least, 0.0) / dispersion, 1.0);
  return out;
}

void to_json(Json& json, const Composition& c) {
  json = Json{{"form", "p^L"},
              {"tokens", c.tokens},
              {"tokens_known", c.tokens_known},
              {"tokens_used", c.tokens_used},
              {"explained", number_or_null(c.explained)},
              {"p_value", number_or_null(c.p_value)},
              {"known_p_value", number_or_null(c.known_p_value)},
              {"points", c.points}};
}

}  // namespace emdyn::emergence::mirage
