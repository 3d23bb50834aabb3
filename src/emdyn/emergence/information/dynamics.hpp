#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/information/estimate.hpp"

namespace emdyn::emergence::information {

/// Which past values stand for the state: x_(t−lag), x_(t−lag−delay), … , `length` of them.
struct Embedding {
  std::int64_t length = 1;
  std::int64_t delay = 1;
  std::int64_t lag = 1;
  bool operator==(const Embedding&) const = default;
};

/// How far histories are searched. With search off the largest lengths and lags are taken as they
/// are.
struct HistoryOptions {
  std::int64_t target_length = 4;  ///< Longest history of the target.
  std::int64_t target_delay = 1;   ///< Longest distance between its values.
  std::int64_t source_length = 2;  ///< Longest history of the source.
  std::int64_t source_lag = 1;     ///< Longest delay of the coupling.
  std::int64_t condition_length = 1;
  bool search = true;

  static constexpr std::string_view kName = "history";
};

inline constexpr std::array kHistoryFields{
    Field<HistoryOptions>{"target_length", &HistoryOptions::target_length, 1, 100,
                          "longest history of the target, values"},
    Field<HistoryOptions>{"target_delay", &HistoryOptions::target_delay, 1, 100,
                          "longest distance between the values of a history, samples"},
    Field<HistoryOptions>{"source_length", &HistoryOptions::source_length, 1, 100,
                          "longest history of the source, values"},
    Field<HistoryOptions>{"source_lag", &HistoryOptions::source_lag, 1, 100,
                          "longest delay of the coupling, samples"},
    Field<HistoryOptions>{"condition_length", &HistoryOptions::condition_length, 1, 100,
                          "values of the past of each other signal that is conditioned on"},
    Field<HistoryOptions>{"search", &HistoryOptions::search, 0, 0,
                          "choose the histories; false: take the longest"},
};

/// A measure of dynamics with the histories it was taken at.
struct Dynamic {
  Measured measured{};
  Embedding target{};
  Embedding source{};  ///< Of transfer entropy only.
  std::size_t rows = 0;
};

/// A(X) = I(X_t; history of X): how much of the next value is stored in the past.
///
/// The history is searched for the largest bias-corrected storage less length/2N, which for
/// Gaussians is Akaike's criterion: a longer history has to tell more than noise would. All
/// candidates are compared on the same rows; the p-value is multiplied by their number.
/// Sources: Lizier, Prokopenko & Zomaya, "Local Measures of Information Storage in Complex
/// Distributed Computation", Information Sciences 208 (2012); the search: Erten, Lizier, Piraveenan
/// & Prokopenko, "Criticality and Information Dynamics in Epidemiological Models", Entropy 19
/// (2017).
/// @throws DataError when the series is too short for the longest history (says how many it takes),
/// has gaps or is constant; ConfigError for options out of range.
Dynamic active_information_storage(std::span<const double> series,
                                   const HistoryOptions& history = {},
                                   const EstimateOptions& options = {});

/// T(X→Y|C) = I(Y_t; history of X | history of Y, histories of C): what the source's past tells of
/// the target's next value beyond the target's own past (and beyond the conditions). The target's
/// history is searched first by its storage; then the source's length and lag for the largest
/// corrected transfer, its p-value multiplied by the candidates. Information from one series about
/// another is not proof of a cause: a common driver that is not in C does the same.
/// Sources: Schreiber, "Measuring Information Transfer", Physical Review Letters 85 (2000); Lizier,
/// Prokopenko & Zomaya, Physical Review E 77 (2008); Wibral et al., "Measuring Information-Transfer
/// Delays", PLoS ONE 8 (2013).
/// @param conditions [moments, signals], may have no columns.
Dynamic transfer_entropy(std::span<const double> source, std::span<const double> target,
                         const SignalsView& conditions, const HistoryOptions& history = {},
                         const EstimateOptions& options = {});
Dynamic transfer_entropy(std::span<const double> source, std::span<const double> target,
                         const HistoryOptions& history = {}, const EstimateOptions& options = {});

/// Columns x_(t−lag−j·delay), j = 0 … length − 1, for t = start … end. @pre start reaches back far
/// enough.
Signals embedded(std::span<const double> series, const Embedding& history, std::size_t start);

}  // namespace emdyn::emergence::information
