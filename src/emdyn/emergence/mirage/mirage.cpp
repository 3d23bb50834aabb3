#include "emdyn/emergence/mirage/mirage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/mirage/graded_change.hpp"
#include "emdyn/emergence/mirage/resolution.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence::mirage {
namespace {

constexpr std::size_t kLeastPoints = 4;
// Half a 10–90 width before its 10 % point a logistic has reached 1/82 of its rise.
constexpr double kFootShare = 1.0 / 82.0;

void check_kinds(const MetricSeries& graded, const MetricSeries* continuous) {
  if (!is_graded(graded.kind)) {
    throw ConfigError(
        fmt::format("metric {}: its kind is {}, but the metric to explain must be graded",
                    terminal_safe(graded.name), word(graded.kind)));
  }
  if (continuous != nullptr && is_graded(continuous->kind)) {
    throw ConfigError(fmt::format(
        "metric {}: it is graded too; give a continuous one (a log-likelihood, a Brier score, "
        "a token error …)",
        terminal_safe(continuous->name)));
  }
}

void note_cleaning(std::vector<std::string>& notes, std::string_view name,
                   const CleanMetric& metric) {
  const std::string shown = terminal_safe(name);
  if (metric.dropped > 0)
    notes.push_back(fmt::format("{}: {} non-finite values left out", shown, metric.dropped));
  if (metric.merged > 0)
    notes.push_back(fmt::format("{}: {} points of equal position averaged", shown, metric.merged));
  if (metric.spikes > 0)
    notes.push_back(fmt::format("{}: {} lone outliers left out", shown, metric.spikes));
  if (metric.percent) notes.push_back(fmt::format("{}: read as percent", shown));
}

/// Items behind each value as its standard errors tell: s² = q(1 − q)/n.
std::optional<double> items_of_errors(const CleanMetric& graded) {
  std::vector<double> items;
  for (std::size_t i = 0; i < graded.errors.size(); ++i) {
    const double q = graded.values[i];
    if (q > 0.01 && q < 0.99)
      items.push_back(q * (1.0 - q) / (graded.errors[i] * graded.errors[i]));
  }
  if (items.empty()) return std::nullopt;
  return std::max(1.0, std::round(math::median(items)));
}

/// Values of both metrics at the positions they share.
struct Paired {
  std::vector<double> positions, surprise, graded;
};
Paired pair_up(const CleanMetric& graded, const CleanMetric& continuous, MetricKind kind) {
  Paired out;
  std::size_t j = 0;
  for (std::size_t i = 0; i < graded.size(); ++i) {
    while (j < continuous.size() && continuous.positions[j] < graded.positions[i]) ++j;
    if (j == continuous.size() || continuous.positions[j] != graded.positions[i]) continue;
    const auto surprise = token_surprise(kind, continuous.values[j]);
    if (!surprise) return {};
    out.positions.push_back(graded.positions[i]);
    out.surprise.push_back(*surprise);
    out.graded.push_back(graded.values[i]);
  }
  return out;
}

class Judge {
 public:
  Judge(const MetricSeries& graded, const MetricSeries* continuous, series::Axis axis,
        const MirageOptions& options)
      : options_(checked(MirageOptions::kName, kMirageFields, options)), continuous_(continuous) {
    check_kinds(graded, continuous);
    out_.graded = graded.name;
    out_.axis = axis;
    graded_ = clean(graded);
    note_cleaning(out_.notes, graded.name, graded_);
    if (continuous != nullptr) {
      out_.continuous = continuous->name;
      other_ = clean(*continuous);
      drop_spikes(other_);
      note_cleaning(out_.notes, continuous->name, other_);
    }
  }

  Judgement run() {
    out_.points = continuous_ != nullptr ? other_.size() : graded_.size();
    out_.graded_score = emergence_score(graded_.values);
    if (continuous_ != nullptr) out_.continuous_score = emergence_score(other_.values);
    out_.resolution.items =
        options_.items > 0.0 ? std::optional(options_.items) : items_of_errors(graded_);
    if (graded_.size() < kLeastPoints) return stop(Reason::too_few_points);
    if (!look_at_graded()) return out_;
    compose();
    resolve();
    if (continuous_ == nullptr) return stop(Reason::no_continuous_metric);
    if (other_.size() < kLeastPoints) return stop(Reason::too_few_points);
    weigh();
    return out_;
  }

 private:
  Judgement stop(Reason reason) {
    out_.verdict = MirageVerdict::undecided;
    out_.reason = reason;
    out_.advice = advise(reason);
    return out_;
  }

  /// Whether the graded metric makes a change that wants explaining.
  bool look_at_graded() {
    const auto [least, most] = std::ranges::minmax(graded_.values);
    if (!(most > least)) return stop(Reason::no_change), false;
    const double items = out_.resolution.items.value_or(0.0);
    change_ = locate_change(graded_, items);
    out_.graded_low = change_.low;
    out_.graded_high = change_.high;
    out_.graded_size = change_.size;
    const std::vector<LinkChoice> plain{LinkChoice{}};
    const SuddenEvidence seen = weigh_sudden(graded_, plain, change_.windows);
    out_.graded_evidence = seen.log_bayes_factor;
    if (seen.log_signal < kLeastSignal) return stop(Reason::no_change), false;
    if (change_.width > kSmoothWidth && seen.log_bayes_factor < -options_.min_evidence) {
      return stop(Reason::gradual), false;
    }
    return true;
  }

  void compose() {
    if (continuous_ == nullptr) return;
    paired_ = pair_up(graded_, other_, continuous_->kind);
    if (paired_.graded.empty()) return;
    const CompositionData data{paired_.surprise, paired_.graded,
                               out_.resolution.items.value_or(0.0), options_.chance};
    const auto known =
        options_.answer_tokens > 0.0 ? std::optional(options_.answer_tokens) : std::nullopt;
    out_.composition = fit_composition(data, known);
  }

  /// What a smooth course would show just before the change, and the items that would show it.
  void resolve() {
    const double rise = std::abs(change_.size);
    double rate = kFootShare * rise;
    if (out_.composition && out_.composition->explained > 0.5) {
      for (std::size_t i = 0; i < paired_.positions.size() && paired_.positions[i] < change_.low;
           ++i) {
        const double expected =
            composed(paired_.surprise[i], out_.composition->tokens_used, options_.chance);
        rate = expected - options_.chance;
      }
    }
    rate = std::clamp(rate, 1e-9, 1.0 - options_.chance - 1e-9);
    out_.resolution.rate = rate;
    const double chance = options_.chance;
    out_.resolution.items_needed = chance > 0.0
                                       ? items_to_tell(chance + rate, chance, 0.05, options_.power)
                                       : items_to_see(rate, options_.power);
    if (out_.resolution.items) {
      out_.resolution.power =
          power_of_items(std::max(*out_.resolution.items, 1.0), chance + rate, chance);
    }
  }

  void weigh() {
    const std::vector<LinkChoice> links = links_for(continuous_->kind, other_.values);
    const auto [least, most] = std::ranges::minmax(other_.values);
    if (!(most > least)) {
      stop(Reason::continuous_flat);
      return;
    }
    const SuddenEvidence seen =
        weigh_sudden(other_, links, windows_along(change_, other_.positions));
    out_.evidence = seen.log_bayes_factor;
    out_.probability_real = 1.0 / (1.0 + std::exp(-seen.log_bayes_factor));
    out_.share = seen.share;
    out_.kink = seen.kink;
    out_.place = seen.place;
    if (seen.log_signal < kLeastSignal) {
      stop(Reason::continuous_flat);
    } else if (std::abs(seen.log_bayes_factor) < options_.min_evidence) {
      stop(Reason::weak_evidence);
    } else {
      out_.verdict = seen.log_bayes_factor > 0.0 ? MirageVerdict::real : MirageVerdict::artefact;
      out_.reason = Reason::decided;
    }
  }

  std::string advise(Reason reason) const {
    const std::string stretch =
        out_.graded_low
            ? fmt::format("between {} {} and {}", word(out_.axis), place_digits(*out_.graded_low),
                          place_digits(*out_.graded_high))
            : std::string("along the axis");
    const std::string items = out_.resolution.items_needed
                                  ? fmt::format(
                                        "; or grade at least {:.0f} items there, so that a smooth "
                                        "rise ({:.2g} right just before) "
                                        "would show",
                                        *out_.resolution.items_needed, *out_.resolution.rate)
                                  : std::string();
    switch (reason) {
      case Reason::no_continuous_metric:
        return fmt::format(
            "measure the log-likelihood per token (or a Brier score, or the token error) of the "
            "same "
            "outputs {}{}",
            stretch, items);
      case Reason::weak_evidence:
        return fmt::format(
            "measure the continuous metric at more positions {}, or with less noise (more items){}",
            stretch, items);
      case Reason::continuous_flat:
        return "the continuous metric does not move: take one that scores the same outputs "
               "(log-likelihood of the "
               "correct answer)";
      case Reason::no_change:
        return "the graded metric shows no change beyond its noise: more items or a longer stretch "
               "of the axis";
      case Reason::too_few_points:
        return fmt::format("at least {} points are needed, there are {}", kLeastPoints,
                           out_.points);
      case Reason::gradual:
      case Reason::decided:
        break;
    }
    return "";
  }

  static constexpr double kLeastSignal = 1.0;  // ln odds that something moves at all.

  MirageOptions options_;
  const MetricSeries* continuous_;
  CleanMetric graded_, other_;
  GradedChange change_;
  Paired paired_;
  Judgement out_;
};

MetricSeries from_signal(const series::Signal& signal, MetricKind kind) {
  const auto positions = signal.last_positions();
  const auto values = signal.last_values();
  return {
      signal.name, kind, {positions.begin(), positions.end()}, {values.begin(), values.end()}, {}};
}

}  // namespace

Judgement judge(const MetricSeries& graded, const MetricSeries* continuous, series::Axis axis,
                const MirageOptions& options) {
  return Judge(graded, continuous, axis, options).run();
}

Judgement judge(const series::Signal& graded, const series::Signal* continuous,
                const MirageOptions& options, std::optional<MetricKind> continuous_kind) {
  const MetricSeries first = from_signal(graded, MetricKind::graded);
  if (continuous == nullptr) return judge(first, nullptr, graded.axis, options);
  const auto kind = continuous_kind ? continuous_kind : kind_of_metric(continuous->name);
  if (!kind) {
    throw DataError(fmt::format(
        "metric {}: its name does not tell what it measures; give its kind (loss, log_likelihood, "
        "probability, brier, error_rate, perplexity or other)",
        terminal_safe(continuous->name)));
  }
  const MetricSeries second = from_signal(*continuous, *kind);
  return judge(first, &second, graded.axis, options);
}

}  // namespace emdyn::emergence::mirage
