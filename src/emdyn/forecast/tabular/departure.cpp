#include "emdyn/forecast/tabular/departure.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/tabular/model_json.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::size_t kMostNeighbours = 512;
constexpr std::size_t kFewestGroups = 8;
constexpr std::size_t kNearest = 5;
constexpr double kUsual = 0.95;     // Quantile of the bank's own distances that is the unit.
constexpr double kShrinkage = 0.1;  // Of the covariance towards its diagonal.
constexpr double kAbstainAt = 4.0;  // In units of the usual distance.
constexpr double kFarthest = 20.0;  // Standard deviations: one wild feature must not hide others.
constexpr double kIgnored = 1e300;  // Scale of a feature that does not count.
constexpr std::size_t kNoGroup = std::numeric_limits<std::size_t>::max();

double share_at_least(std::span<const double> ascending, double value) {
  const auto first = std::ranges::lower_bound(ascending, value);
  return (static_cast<double>(ascending.end() - first) + 1.0) /
         (static_cast<double>(ascending.size()) + 1.0);
}

bool varies(const FeatureTable& bank, std::size_t j) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (std::size_t i = 0; i < bank.rows(); ++i) {
    const double x = bank.row(i)[j];
    if (!std::isfinite(x)) continue;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  return low < high;
}

// The largest value of each group: a run is as far as its farthest row.
std::vector<double> largest_of_groups(std::span<const double> values,
                                      std::span<const std::size_t> groups) {
  std::map<std::size_t, double> largest;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double& here = largest.try_emplace(groups[i], values[i]).first->second;
    here = std::max(here, values[i]);
  }
  std::vector<double> result;
  for (const auto& [group, value] : largest) result.push_back(value);
  std::ranges::sort(result);
  return result;
}

}  // namespace

Departure::Departure(const FeatureTable& bank, std::span<const std::size_t> groups)
    : standardiser_(Standardiser::of(bank)) {
  const std::size_t rows = bank.rows();
  const std::vector<std::size_t> own(groups.begin(), groups.end());
  std::vector<std::size_t> distinct = own;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (groups.size() != rows || distinct.size() < kFewestGroups) {
    throw DataError(fmt::format("departure needs a bank of at least {} groups, got {} in {} rows",
                                kFewestGroups, distinct.size(), rows));
  }
  for (std::size_t j = 0; j < bank.columns; ++j) {
    if (!varies(bank, j)) standardiser_.scale[j] = kIgnored;
  }
  const auto n = static_cast<Eigen::Index>(bank.columns);
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(n, n);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto z = place(bank.row(i));
    const Eigen::Map<const Eigen::VectorXd> v(z.data(), n);
    covariance += v * v.transpose() / static_cast<double>(rows);
  }
  const Eigen::VectorXd diagonal = covariance.diagonal();
  covariance *= 1.0 - kShrinkage;
  // Features that do not count lie at 0; any variance will do.
  for (Eigen::Index j = 0; j < n; ++j) covariance(j, j) += kShrinkage * std::max(diagonal[j], 1.0);
  const Eigen::MatrixXd root = covariance.llt().matrixL();
  const Eigen::MatrixXd inverse =
      root.triangularView<Eigen::Lower>().solve(Eigen::MatrixXd::Identity(n, n));
  for (Eigen::Index r = 0; r < n; ++r) {
    for (Eigen::Index c = 0; c < n; ++c) whitener_.push_back(inverse(r, c));
  }
  neighbours_.columns = bank.columns;
  const std::size_t step = (rows + kMostNeighbours - 1) / kMostNeighbours;
  for (std::size_t i = 0; i < rows; i += step) {
    neighbours_.add(place(bank.row(i)));
    neighbour_groups_.push_back(groups[i]);
  }
  std::vector<double> far(neighbour_groups_.size());
  std::vector<double> near(neighbour_groups_.size());
  for (std::size_t i = 0; i < far.size(); ++i) {
    far[i] = mahalanobis(neighbours_.row(i));
    near[i] = neighbour(neighbours_.row(i), neighbour_groups_[i]);
  }
  mahalanobis_of_bank_ = largest_of_groups(far, neighbour_groups_);
  neighbour_of_bank_ = largest_of_groups(near, neighbour_groups_);
}

std::vector<double> Departure::place(std::span<const double> row) const {
  std::vector<double> z(row.size());
  for (std::size_t j = 0; j < row.size(); ++j) {
    z[j] =
        std::isfinite(row[j]) ? std::clamp(standardiser_(j, row[j]), -kFarthest, kFarthest) : 0.0;
  }
  return z;
}

double Departure::mahalanobis(std::span<const double> place) const {
  const std::size_t n = place.size();
  double square = 0.0;
  for (std::size_t r = 0; r < n; ++r) {
    double sum = 0.0;
    for (std::size_t c = 0; c <= r; ++c) sum += whitener_[r * n + c] * place[c];
    square += sum * sum;
  }
  return std::sqrt(square);
}

double Departure::neighbour(std::span<const double> place, std::size_t without_group) const {
  std::vector<double> squares;
  for (std::size_t i = 0; i < neighbour_groups_.size(); ++i) {
    if (neighbour_groups_[i] == without_group) continue;
    const auto other = neighbours_.row(i);
    double square = 0.0;
    for (std::size_t j = 0; j < place.size(); ++j) {
      square += (place[j] - other[j]) * (place[j] - other[j]);
    }
    squares.push_back(square);
  }
  const std::size_t k = std::min(kNearest, squares.size()) - 1;
  std::ranges::nth_element(squares, squares.begin() + static_cast<std::ptrdiff_t>(k));
  return std::sqrt(squares[k]);
}

DepartureScore Departure::operator()(std::span<const double> row) const {
  if (neighbour_groups_.empty()) return {};
  const auto z = place(row);
  const double far = mahalanobis(z);
  const double near = neighbour(z, kNoGroup);
  const auto units = [](double value, std::span<const double> own) {
    return value / std::max(math::sorted_quantile(own, kUsual), 1e-9);
  };
  DepartureScore score;
  score.distance = std::max(units(far, mahalanobis_of_bank_), units(near, neighbour_of_bank_));
  // Two distances were looked at, so the smaller share counts twice.
  score.rank = std::min(1.0, 2.0 * std::min(share_at_least(mahalanobis_of_bank_, far),
                                            share_at_least(neighbour_of_bank_, near)));
  score.abstain = score.distance > kAbstainAt;
  score.trust = score.distance <= 1.0 ? 1.0 : 1.0 / (score.distance * score.distance);
  if (score.abstain) score.trust = 0.0;
  return score;
}

Json Departure::to_json() const {
  return {{"mean", standardiser_.mean},   {"unit", standardiser_.scale},
          {"whitener", whitener_},        {"neighbours", neighbours_.values},
          {"groups", neighbour_groups_},  {"farthest", mahalanobis_of_bank_},
          {"nearest", neighbour_of_bank_}};
}

Departure Departure::from_json(const Json& json) {
  Departure read;
  read.standardiser_ = {json_numbers(json, "mean"), json_numbers(json, "unit")};
  const std::size_t columns = read.standardiser_.mean.size();
  read.whitener_ = json_numbers(json, "whitener");
  read.neighbours_ = {columns, json_numbers(json, "neighbours")};
  for (const double group : json_numbers(json, "groups")) {
    read.neighbour_groups_.push_back(static_cast<std::size_t>(std::max(group, 0.0)));
  }
  read.mahalanobis_of_bank_ = json_numbers(json, "farthest");
  read.neighbour_of_bank_ = json_numbers(json, "nearest");
  const bool fits = read.standardiser_.scale.size() == columns &&
                    read.whitener_.size() == columns * columns &&
                    read.neighbours_.values.size() == columns * read.neighbour_groups_.size() &&
                    read.mahalanobis_of_bank_.empty() == read.neighbour_groups_.empty() &&
                    read.neighbour_of_bank_.empty() == read.neighbour_groups_.empty();
  if (!fits) throw DataError("model: the sizes of its departure score disagree");
  return read;
}

double shrunk(double log_odds, double base_log_odds, double trust) noexcept {
  return base_log_odds + trust * (log_odds - base_log_odds);
}

}  // namespace emdyn::forecast
