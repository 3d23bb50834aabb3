#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"

namespace emdyn::forecast {

/// How far a row of features lies from a bank, and how much of a forecast is then left.
struct DepartureScore {
  double distance = 0.0;  ///< In units of the distance that 5 % of the bank's groups exceed.
  double rank = 1.0;     ///< Share of the bank's groups at least as far from the others, in (0, 1].
  double trust = 1.0;    ///< Factor for the log-odds beyond the base rate, in [0, 1].
  bool abstain = false;  ///< Too far: nothing the bank shows holds here.
};

/// Two distances, each measured against what rows of the bank have from the bank without their own
/// group: Mahalanobis (to the whole, covariance shrunk towards its diagonal), and to the k-th
/// nearest row. The greater one counts. Missing values lie at the bank's mean; features that the bank
/// never has or that never vary in it do not count.
/// Source: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples",
/// 2018; Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", 2022.
class Departure {
 public:
  Departure() = default;
  /// `groups[i]` numbers the group of row i from 0. At most 512 rows, evenly taken, are neighbours.
  /// O(rows x columns^2 + 512^2 x columns).
  /// @throws DataError when sizes differ or there are fewer than 8 groups.
  Departure(const FeatureTable& bank, std::span<const std::size_t> groups);

  /// O(columns^2 + 512 x columns).
  /// Nothing is far from an empty bank.
  DepartureScore operator()(std::span<const double> row) const;

  Json to_json() const;
  /// @throws DataError when a member is missing or sizes disagree.
  static Departure from_json(const Json& json);

 private:
  std::vector<double> place(std::span<const double> row) const;
  double mahalanobis(std::span<const double> place) const;
  double neighbour(std::span<const double> place, std::size_t without_group) const;

  Standardiser standardiser_{};
  std::vector<double> whitener_{};  ///< [columns, columns], lower triangle of the inverse root.
  FeatureTable neighbours_{};
  std::vector<std::size_t> neighbour_groups_{};
  std::vector<double> mahalanobis_of_bank_{};  ///< Ascending.
  std::vector<double> neighbour_of_bank_{};    ///< Ascending.
};

/// A probability drawn towards the base rate: log-odds = base + trust x (log-odds - base).
double shrunk(double log_odds, double base_log_odds, double trust) noexcept;

}  // namespace emdyn::forecast
