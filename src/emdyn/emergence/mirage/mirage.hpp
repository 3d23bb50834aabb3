#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/mirage/composition.hpp"
#include "emdyn/emergence/mirage/metric_series.hpp"
#include "emdyn/emergence/mirage/sudden.hpp"
#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

/// Is a sudden change real, or made by a metric that only counts what is wholly right?
namespace emdyn::emergence::mirage {

enum class MirageVerdict { undecided, artefact, real };
std::string_view word(MirageVerdict verdict) noexcept;

/// Why a verdict came out as it did.
enum class Reason {
  decided,               ///< The Bayes factor passed the threshold.
  weak_evidence,         ///< Both readings are still possible.
  no_continuous_metric,  ///< Only the graded metric exists.
  continuous_flat,       ///< The continuous metric shows no change at all: it cannot say.
  no_change,             ///< The graded metric shows none: nothing to explain.
  gradual,               ///< The graded metric itself changes smoothly: nothing sudden to explain.
  too_few_points,
};
std::string_view word(Reason reason) noexcept;

struct MirageOptions {
  double min_evidence = 2.0;   ///< Least |ln Bayes factor| of a decision; 2 is odds of 7 to 1.
  double answer_tokens = 0.0;  ///< Tokens that must all be right (L of p^L); 0: unknown, fitted.
  double items = 0.0;          ///< Test items behind each graded value; 0: unknown.
  double chance = 0.0;         ///< Graded value of guessing.
  double power = 0.9;          ///< Of the advice on how many items would decide.

  static constexpr std::string_view kName = "mirage";
};
inline constexpr std::array kMirageFields{
    Field<MirageOptions>{"min_evidence", &MirageOptions::min_evidence, 0.0, 1e3,
                         "least |ln Bayes factor| of a decision"},
    Field<MirageOptions>{"answer_tokens", &MirageOptions::answer_tokens, 0.0, 1e6,
                         "tokens that must all be right; 0: unknown"},
    Field<MirageOptions>{"items", &MirageOptions::items, 0.0, 1e9,
                         "test items behind each value; 0: unknown"},
    Field<MirageOptions>{"chance", &MirageOptions::chance, 0.0, 0.999, "graded value of guessing"},
    Field<MirageOptions>{"power", &MirageOptions::power, 0.5, 0.999,
                         "of the advised number of items"},
};

/// What few test items hide.
struct Resolution {
  std::optional<double> items{};  ///< Behind each value, given or told from the standard errors.
  std::optional<double> rate{};   ///< Share right that a smooth course would show just before the
                                  ///< change, above chance.
  std::optional<double> items_needed{};  ///< To see that share.
  std::optional<double> power{};         ///< Of the items there are, to see it.
};

/// The answer, with all it rests on.
struct Judgement {
  MirageVerdict verdict = MirageVerdict::undecided;
  Reason reason = Reason::decided;
  std::string graded{};      ///< Name of the graded metric.
  std::string continuous{};  ///< Name of the continuous one; empty when there is none.
  series::Axis axis = series::Axis::step;
  std::optional<double> evidence{};          ///< ln Bayes factor of real against artefact.
  std::optional<double> probability_real{};  ///< From it, at even prior odds.
  std::optional<double>
      graded_evidence{};  ///< ln Bayes factor of sudden against smooth for the graded metric.
  std::optional<double> graded_low{};   ///< Where its change lies: 10 % point …
  std::optional<double> graded_high{};  ///< … and 90 % point, in units of the axis.
  std::optional<double> graded_size{};  ///< Of its change, signed.
  std::optional<double> share{};  ///< Sudden part of the continuous metric's change, of its range.
  std::optional<series::Interval> place{};  ///< Of that part.
  std::optional<double> kink{};             ///< Probability that it is a bend in the slope.
  std::optional<double> graded_score{};  ///< Emergence score of Schaeffer et al.; compare the two.
  std::optional<double> continuous_score{};
  std::optional<Composition> composition{};  ///< Of the graded metric as p^L, where p is known.
  Resolution resolution{};
  std::size_t points = 0;            ///< Of the continuous metric, else of the graded one.
  std::vector<std::string> notes{};  ///< What was left out or taken as given.
  std::string advice{};              ///< What would decide; empty when decided.

  /// The field of a Transition: {verdict, metric, evidence}.
  series::Mirage record() const;
};

/// Judges one pair. A real transition is sudden in the continuous metric too; an artefact is a
/// graded metric that turns a smooth course into a jump. The verdict is the Bayes factor of
/// weigh_sudden() on the continuous metric, with the prior for the place centred on the graded
/// one's change; p^L and resolution are reported beside it and say how the artefact arises.
/// docs/mirage_and_scale.md derives it. Deterministic for any number of threads.
/// @param continuous may lie at other positions than `graded`; null when there is none.
/// @throws DataError for bad series (clean()), ConfigError for options out of range or a kind that
/// does not fit.
Judgement judge(const MetricSeries& graded, const MetricSeries* continuous, series::Axis axis,
                const MirageOptions& options = {});

/// The last segments of two signals; kinds by their names unless given.
/// @throws DataError when a kind cannot be told from the name, ConfigError when it does not fit its
/// role.
Judgement judge(const series::Signal& graded, const series::Signal* continuous,
                const MirageOptions& options = {},
                std::optional<MetricKind> continuous_kind = std::nullopt);

/// A position between measured ones: whole from 100 on, three digits below.
std::string place_digits(double position);

/// "exact_match along step: artefact: 30 times likelier than a real jump; log-likelihood changes
/// smoothly …"
std::string describe(const Judgement& judgement);

void to_json(Json& json, const Resolution& resolution);
void to_json(Json& json, const Judgement& judgement);

}  // namespace emdyn::emergence::mirage
