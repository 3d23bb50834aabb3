#include "emdyn/emergence/mirage/metric_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence::mirage {
namespace {

struct KindFacts {
  MetricKind kind;
  std::string_view word;
  double low, high;  ///< Bounds of the values.
  Link link;         ///< Tried beside the identity.
};
constexpr double kNone = std::numeric_limits<double>::infinity();
constexpr std::array kKinds{
    KindFacts{MetricKind::graded, "graded", 0.0, 1.0, Link::logit},
    KindFacts{MetricKind::probability, "probability", 0.0, 1.0, Link::logit},
    KindFacts{MetricKind::log_likelihood, "log_likelihood", -kNone, 0.0, Link::identity},
    KindFacts{MetricKind::loss, "loss", 0.0, kNone, Link::log},
    KindFacts{MetricKind::perplexity, "perplexity", 1.0, kNone, Link::log},
    KindFacts{MetricKind::brier, "brier", 0.0, 2.0, Link::log},
    KindFacts{MetricKind::error_rate, "error_rate", 0.0, 1.0, Link::logit},
    KindFacts{MetricKind::other, "other", -kNone, kNone, Link::identity}};

const KindFacts& facts(MetricKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

struct NameRule {
  std::string_view part;
  MetricKind kind;
};
// The first that the name holds: "token_accuracy" before "acc", "log_likelihood" before
// "likelihood".
constexpr std::array kNames{NameRule{"perplexity", MetricKind::perplexity},
                            NameRule{"ppl", MetricKind::perplexity},
                            NameRule{"brier", MetricKind::brier},
                            NameRule{"likelihood_difference", MetricKind::other},
                            NameRule{"nll", MetricKind::loss},
                            NameRule{"loss", MetricKind::loss},
                            NameRule{"cross_entropy", MetricKind::loss},
                            NameRule{"log_likelihood", MetricKind::log_likelihood},
                            NameRule{"loglikelihood", MetricKind::log_likelihood},
                            NameRule{"logprob", MetricKind::log_likelihood},
                            NameRule{"log_prob", MetricKind::log_likelihood},
                            NameRule{"token_error", MetricKind::error_rate},
                            NameRule{"error_rate", MetricKind::error_rate},
                            NameRule{"edit_distance", MetricKind::error_rate},
                            NameRule{"wer", MetricKind::error_rate},
                            NameRule{"cer", MetricKind::error_rate},
                            NameRule{"token_acc", MetricKind::probability},
                            NameRule{"prob", MetricKind::probability},
                            NameRule{"exact_match", MetricKind::graded},
                            NameRule{"pct_", MetricKind::graded},
                            NameRule{"pass@", MetricKind::graded},
                            NameRule{"grade", MetricKind::graded},
                            NameRule{"acc", MetricKind::graded},
                            NameRule{"em", MetricKind::graded}};

/// The part as a whole word between separators ("ppl" in "x/ppl_2", not in "supply").
bool holds_word(std::string_view name, std::string_view part) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (std::size_t at = name.find(part); at != std::string_view::npos;
       at = name.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    const bool starts = at == 0 || !letter(name[at - 1]);
    const bool ends =
        end >= name.size() || !letter(name[end]) || part.size() > 4 || !letter(part.back());
    if (starts && ends) return true;
  }
  return false;
}

void check_sizes(const MetricSeries& series) {
  if (series.positions.size() != series.values.size()) {
    throw DataError(fmt::format("metric {}: {} positions for {} values; give one position a value",
                                terminal_safe(series.name), series.positions.size(),
                                series.values.size()));
  }
  if (!series.errors.empty() && series.errors.size() != series.values.size()) {
    throw DataError(
        fmt::format("metric {}: {} standard errors for {} values; give one a value or none",
                    terminal_safe(series.name), series.errors.size(), series.values.size()));
  }
  for (std::size_t i = 0; i < series.positions.size(); ++i) {
    if (!std::isfinite(series.positions[i])) {
      throw DataError(fmt::format("metric {}: position {} is not finite; leave the point out",
                                  terminal_safe(series.name), i));
    }
  }
}

/// Shares written from 0 to 100.
bool is_percent(MetricKind kind, std::span<const double> values) {
  if (kind != MetricKind::graded && kind != MetricKind::probability &&
      kind != MetricKind::error_rate)
    return false;
  double most = 0.0;
  for (const double value : values) {
    if (std::isfinite(value)) most = std::max(most, value);
  }
  return most > 1.0 && most <= 100.0;
}

void check_bounds(const MetricSeries& series, double value) {
  const KindFacts& kind = facts(series.kind);
  const double slack = 1e-9 * (1.0 + std::abs(value));
  if (value >= kind.low - slack && value <= kind.high + slack) return;
  throw DataError(
      fmt::format("metric {}: value {} lies outside the range of {} [{}, {}]; give its kind",
                  terminal_safe(series.name), shortest(value), kind.word, shortest(kind.low),
                  shortest(kind.high)));
}

}  // namespace

std::string_view word(MetricKind kind) noexcept { return facts(kind).word; }

MetricKind metric_kind_from_word(std::string_view word) {
  std::string known;
  for (const KindFacts& each : kKinds) {
    if (each.word == word) return each.kind;
    known += (known.empty() ? "" : ", ") + std::string(each.word);
  }
  throw DataError(fmt::format("no metric kind \"{}\" (kinds: {})", terminal_safe(word), known));
}

std::optional<MetricKind> kind_of_metric(std::string_view name) {
  std::string lower = to_lower(name);
  std::ranges::replace_if(
      lower, [](char c) { return c == '-' || c == ' ' || c == '.'; }, '_');
  for (const NameRule& rule : kNames) {
    if (holds_word(lower, rule.part)) return rule.kind;
  }
  return std::nullopt;
}

CleanMetric clean(const MetricSeries& series) {
  check_sizes(series);
  CleanMetric out;
  out.percent = is_percent(series.kind, series.values);
  const double unit = out.percent ? 0.01 : 1.0;
  std::vector<std::size_t> order(series.values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return series.positions[i]; });
  bool errors = !series.errors.empty();
  std::vector<std::size_t> counts;
  for (const std::size_t i : order) {
    if (!std::isfinite(series.values[i])) {
      ++out.dropped;
      continue;
    }
    const double value = series.values[i] * unit;
    check_bounds(series, value);
    const double error = errors ? series.errors[i] * unit : 0.0;
    errors = errors && std::isfinite(error) && error > 0.0;
    if (!out.positions.empty() && out.positions.back() == series.positions[i]) {
      ++out.merged;
      const double n = static_cast<double>(++counts.back());
      out.values.back() += (value - out.values.back()) / n;
      // The mean of n values with errors e: √Σe²/n, kept as it grows.
      out.errors.back() = std::hypot(out.errors.back() * (n - 1.0), error) / n;
      continue;
    }
    out.positions.push_back(series.positions[i]);
    out.values.push_back(value);
    out.errors.push_back(error);
    counts.push_back(1);
  }
  if (!errors) out.errors.clear();
  return out;
}

void drop_spikes(CleanMetric& metric, double deviations) {
  const std::size_t n = metric.size();
  if (n < 9) return;
  const auto& y = metric.values;
  std::vector<double> bends;
  for (std::size_t i = 1; i + 1 < n; ++i) bends.push_back(y[i] - 0.5 * (y[i - 1] + y[i + 1]));
  const double noise = math::mad(bends) * math::kMadToSigma;
  if (!(noise > 0.0)) return;
  std::vector<bool> spike(n, false);
  for (std::size_t i = 2; i + 2 < n; ++i) {
    const double beyond = y[i] - std::max({y[i - 2], y[i - 1], y[i + 1], y[i + 2]});
    const double below = std::min({y[i - 2], y[i - 1], y[i + 1], y[i + 2]}) - y[i];
    spike[i] = std::max(beyond, below) > deviations * noise;
  }
  CleanMetric kept = metric;
  kept.positions.clear();
  kept.values.clear();
  kept.errors.clear();
  for (std::size_t i = 0; i < n; ++i) {
    if (spike[i]) {
      ++kept.spikes;
      continue;
    }
    kept.positions.push_back(metric.positions[i]);
    kept.values.push_back(y[i]);
    if (!metric.errors.empty()) kept.errors.push_back(metric.errors[i]);
  }
  metric = std::move(kept);
}

std::string_view word(Link link) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"identity", "log", "logit"};
  return kWords[static_cast<std::size_t>(link)];
}

double LinkChoice::apply(double value) const noexcept {
  switch (link) {
    case Link::log:
      return std::log(value - low);
    case Link::logit:
      return std::log(value - low) - std::log(high - value);
    case Link::identity:
      break;
  }
  return value;
}

double LinkChoice::log_slope(double value) const noexcept {
  switch (link) {
    case Link::log:
      return -std::log(value - low);
    case Link::logit:
      return std::log(high - low) - std::log(value - low) - std::log(high - value);
    case Link::identity:
      break;
  }
  return 0.0;
}

std::vector<LinkChoice> links_for(MetricKind kind, std::span<const double> values) {
  std::vector<LinkChoice> links{LinkChoice{}};
  const KindFacts& known = facts(kind);
  if (known.link == Link::identity || values.empty()) return links;
  const auto [least, most] = std::ranges::minmax(values);
  // ppl is exp(loss): its logarithm is the loss, no bound taken off.
  LinkChoice choice{known.link, kind == MetricKind::perplexity ? 0.0 : known.low, known.high};
  const double margin = 1e-9;
  if (least <= choice.low + margin) return links;
  if (known.link == Link::logit && most >= choice.high - margin) return links;
  links.push_back(choice);
  return links;
}

std::optional<double> token_surprise(MetricKind kind, double value) noexcept {
  constexpr double kLeast = 1e-300;
  switch (kind) {
    case MetricKind::probability:
      return -std::log(std::max(value, kLeast));
    case MetricKind::error_rate:
      return -std::log(std::max(1.0 - value, kLeast));
    case MetricKind::log_likelihood:
      return -value;
    case MetricKind::loss:
      return value;
    case MetricKind::perplexity:
      return std::log(value);
    default:
      return std::nullopt;
  }
}

std::optional<double> emergence_score(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  const auto least = std::ranges::min_element(values);
  const auto most = std::ranges::max_element(values);
  const double range = *most - *least;
  if (!(range > 0.0)) return 0.0;
  std::vector<double> squares;
  for (std::size_t i = 1; i < values.size(); ++i)
    squares.push_back(std::pow(values[i] - values[i - 1], 2));
  const double size = range / std::sqrt(math::median(squares));
  return most > least ? size : -size;
}

}  // namespace emdyn::emergence::mirage
