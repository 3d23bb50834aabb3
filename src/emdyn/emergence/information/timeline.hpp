#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/information/emergence_criteria.hpp"
#include "emdyn/emergence/information/group_search.hpp"
#include "emdyn/emergence/information/multivariate.hpp"
#include "emdyn/series/interaction.hpp"

namespace emdyn::emergence::information {

struct TimelineOptions {
  std::int64_t window = 100;  ///< Rows a window looks back on, its own included.
  std::int64_t stride = 0;    ///< Rows from one window to the next; 0: a quarter of the window.
  bool differences = true;    ///< Of the signals; without them two trends are "dependent".
  bool copula = true;         ///< Normal scores within each window; else plain Gaussian.
  Macro macro = Macro::mean;  ///< The feature of the whole that Ψ follows.
  std::int64_t surrogates = 99;
  std::int64_t largest_group = 5;  ///< Of the synergistic group; 0: none is sought.
  double level = 0.9;              ///< Share of surrogates within the null bands.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "interaction_timeline";
};

inline constexpr std::array kTimelineFields{
    Field<TimelineOptions>{"window", &TimelineOptions::window, 24, 1e6,
                           "rows a window looks back on"},
    Field<TimelineOptions>{"stride", &TimelineOptions::stride, 0, 1e6,
                           "rows between windows, 0 for a quarter of the window"},
    Field<TimelineOptions>{"differences", &TimelineOptions::differences, 0, 0,
                           "follow the changes of the signals, not their levels"},
    Field<TimelineOptions>{"copula", &TimelineOptions::copula, 0, 0,
                           "normal scores within each window"},
    enum_field<&TimelineOptions::macro, TimelineOptions>("macro", kMacroWords,
                                                         "the feature of the whole"),
    Field<TimelineOptions>{"surrogates", &TimelineOptions::surrogates, 19, 100000,
                           "windows of independent parts for the null bands"},
    Field<TimelineOptions>{"largest_group", &TimelineOptions::largest_group, 0, 20,
                           "parts of the synergistic group that is sought, 0: none"},
    Field<TimelineOptions>{"level", &TimelineOptions::level, 0.5, 0.999,
                           "share of surrogates within the null bands"},
    Field<TimelineOptions>{"seed", &TimelineOptions::seed, 0, 9e15, "of the surrogates"},
};

/// A value against what independent parts with the same courses give.
struct Banded {
  double value = 0.0;
  double low = 0.0, high = 0.0;
  double p_value = 1.0;
};

/// The interactions within one window, from its rows alone.
struct InteractionWindow {
  double begin = 0.0, end = 0.0;  ///< Positions of its first and last row.
  /// Signals that took part: those without gaps that change within the window, less those that are
  /// a combination of the ones before them. Everything else about them is NaN.
  Parts present{};
  /// [signals, signals], nats, bias taken off; the diagonal is NaN.
  Eigen::MatrixXd mutual_information{};
  /// F test on the sample size that is left after the memory of both signals (Bartlett 1946).
  Eigen::MatrixXd mutual_information_p{};
  /// From the row's signal to the column's, with one value of history each.
  Eigen::MatrixXd transfer_entropy{};
  Eigen::MatrixXd transfer_entropy_p{};
  std::optional<Banded> total_correlation{};  ///< Of all present signals together.
  std::optional<Banded> o_information{};      ///< p_value two-sided: unlike independent parts.
  std::optional<Banded> psi{};
  std::optional<FoundGroup> synergy{};  ///< The most synergistic group; Ω with its bias taken off.
  std::string note{};                   ///< Why something is missing, else empty.
};

struct InteractionTimeline {
  std::vector<InteractionWindow> windows{};
  /// End of the first window of the first stretch, at least two window lengths long, in which the
  /// total correlation lies above its null band throughout: since when the parts act together.
  std::optional<double> together_since{};
  /// The same of Ψ.
  std::optional<double> emergent_since{};
  std::size_t signals = 0;
  std::size_t rows = 0;
  std::string note{};  ///< Why there are no windows, else empty.
};

/// How the signals of a run depend on each other, in windows that end at each position. A window
/// sees its own rows alone: cutting the run after a position changes no window up to it.
///
/// The nulls keep every signal's own course within the window and part it from the others
/// (find_emergence). What they cannot tell: whether a common driver, such as the learning-rate
/// schedule, moves all signals. Cost: O(signals²·window) a window and surrogate.
/// @param signals [rows, signals]; NaN where a signal has a gap.
/// @param positions ascending, one a row.
/// @throws DataError for fewer than two signals or positions that do not fit or go back;
/// ConfigError for options out of range. Too few rows: no windows, a note that says how many.
InteractionTimeline interaction_timeline(const SignalsView& signals,
                                         std::span<const double> positions,
                                         const TimelineOptions& options = {});

/// What a window found, as records: pairs with p <= 1 − level, the whole, Ψ and the group.
/// @param names one a signal.
std::vector<series::Interaction> records(const std::vector<std::string>& names,
                                         const InteractionWindow& window,
                                         const TimelineOptions& options);

void to_json(Json& json, const InteractionWindow& window);
void to_json(Json& json, const InteractionTimeline& timeline);

}  // namespace emdyn::emergence::information
