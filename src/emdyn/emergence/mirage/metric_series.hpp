#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::emergence::mirage {

/// What a metric measures; decides its bounds, its link and how it enters p^L.
enum class MetricKind {
  graded,          ///< Right or wrong per item, averaged: exact match, accuracy, multiple choice.
  probability,     ///< Mean probability (or accuracy) per token, in [0, 1].
  log_likelihood,  ///< Nats per token, at most 0.
  loss,            ///< Negative log-likelihood, nats per token, at least 0.
  perplexity,      ///< exp(loss), at least 1.
  brier,           ///< Mean squared error of probabilities, in [0, 2].
  error_rate,      ///< Share of wrong tokens or characters, in [0, 1].
  other,           ///< Continuous, no bounds known.
};

std::string_view word(MetricKind kind) noexcept;
/// @throws DataError listing the kinds for a word that names none.
MetricKind metric_kind_from_word(std::string_view word);
/// The kind that a metric's name is a common word for ("lambada/ppl", "exact_match", "val_loss");
/// nothing when the name says too little.
std::optional<MetricKind> kind_of_metric(std::string_view name);
constexpr bool is_graded(MetricKind kind) noexcept { return kind == MetricKind::graded; }

/// One metric along a control axis. Order does not matter; equal positions are averaged; values
/// that are not finite are left out and counted.
struct MetricSeries {
  std::string name{};
  MetricKind kind = MetricKind::other;
  std::vector<double> positions{};  ///< In units of the axis, finite.
  std::vector<double> values{};     ///< As many as positions.
  std::vector<double> errors{};     ///< Standard error of each value, > 0; empty when unknown.
};

/// A MetricSeries ready for arithmetic: positions ascending and distinct, values finite.
struct CleanMetric {
  std::vector<double> positions{};
  std::vector<double> values{};
  std::vector<double> errors{};  ///< Empty unless every kept value has one.
  std::size_t dropped = 0;       ///< Values that were not finite.
  std::size_t merged = 0;        ///< Points averaged into one of equal position.
  std::size_t spikes = 0;        ///< Lone outliers left out.
  bool percent = false;          ///< Values between 0 and 100 were divided by 100.

  std::size_t size() const noexcept { return values.size(); }
};

/// @throws DataError naming the series when sizes differ, a position is not finite, or a value lies
/// outside the kind's bounds.
CleanMetric clean(const MetricSeries& series);

/// Leaves out lone samples that lie more than `deviations` of the series' noise beyond both
/// neighbours on either side, in the same direction. Ends are kept: a last point that leaps may be
/// the transition.
void drop_spikes(CleanMetric& metric, double deviations = 8.0);

/// A monotone change of units under which a bounded metric may be unbounded.
enum class Link { identity, log, logit };
std::string_view word(Link link) noexcept;

/// Links worth trying for a kind: identity always, one more where the bounds allow it for these
/// values (none of them on a bound).
struct LinkChoice {
  Link link = Link::identity;
  double low = 0.0;   ///< Lower bound taken off before the logarithm.
  double high = 1.0;  ///< Upper bound of logit.
  double apply(double value) const noexcept;
  /// log of the derivative: the Jacobian that makes likelihoods under different links comparable.
  double log_slope(double value) const noexcept;
};
std::vector<LinkChoice> links_for(MetricKind kind, std::span<const double> values);

/// −log of the probability of one token that a value stands for; nothing for kinds that say none.
std::optional<double> token_surprise(MetricKind kind, double value) noexcept;

/// Emergence score of Schaeffer, Miranda & Koyejo, "Are Emergent Abilities of Large Language Models
/// a Mirage?", NeurIPS 2023: sign(argmax − argmin)·(max − min)/√median(Δ²), Δ between neighbours
/// along the axis. Infinite when more than half of the differences are 0; 0 for a constant series;
/// nothing below two values. @param values in order of position.
std::optional<double> emergence_score(std::span<const double> values);

}  // namespace emdyn::emergence::mirage
