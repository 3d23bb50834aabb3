#include "emdyn/provoke/ood/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "emdyn/core/error.hpp"

namespace emdyn::provoke::ood {
namespace {

void check(std::span<const double> in, std::span<const double> out) {
  if (in.empty() || out.empty()) {
    throw DataError(fmt::format("separation needs both kinds: {} in-distribution scores, {} others",
                                in.size(), out.size()));
  }
  for (const auto scores : {in, out}) {
    if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); })) {
      throw DataError("a score is NaN; scores of this library never are");
    }
  }
}

/// How many of each side share one score.
struct Level {
  double positives = 0.0;
  double negatives = 0.0;
};

/// One level a distinct score, from the highest down.
std::vector<Level> levels(std::span<const double> positives, std::span<const double> negatives,
                          double sign) {
  std::vector<std::pair<double, bool>> all;
  all.reserve(positives.size() + negatives.size());
  for (const double score : positives) all.emplace_back(sign * score, true);
  for (const double score : negatives) all.emplace_back(sign * score, false);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Level> found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i == 0 || all[i].first != all[i - 1].first) found.emplace_back();
    (all[i].second ? found.back().positives : found.back().negatives) += 1.0;
  }
  return found;
}

double average_precision(const std::vector<Level>& found, double positives) {
  double area = 0.0;
  double hits = 0.0;
  double taken = 0.0;
  for (const Level& level : found) {
    hits += level.positives;
    taken += level.positives + level.negatives;
    area += level.positives / positives * (hits / taken);
  }
  return area;
}

}  // namespace

double auroc(std::span<const double> in, std::span<const double> out) {
  check(in, out);
  double above = 0.0;  // In-distribution samples already passed.
  double area = 0.0;
  for (const Level& level : levels(in, out, 1.0)) {
    area += level.negatives * (above + 0.5 * level.positives);
    above += level.positives;
  }
  return area / (static_cast<double>(in.size()) * static_cast<double>(out.size()));
}

double aupr_in(std::span<const double> in, std::span<const double> out) {
  check(in, out);
  return average_precision(levels(in, out, 1.0), static_cast<double>(in.size()));
}

double aupr_out(std::span<const double> in, std::span<const double> out) {
  check(in, out);
  return average_precision(levels(out, in, -1.0), static_cast<double>(out.size()));
}

double fpr_at_tpr(std::span<const double> in, std::span<const double> out, double tpr) {
  check(in, out);
  if (!(tpr > 0.0 && tpr <= 1.0)) {
    throw ConfigError(fmt::format("tpr must lie in (0, 1], got {}", tpr));
  }
  // Rounding must not ask for one sample more: 0.95 · 100 is 95.
  const auto needed =
      static_cast<std::size_t>(std::ceil(tpr * static_cast<double>(in.size()) * (1.0 - 1e-12)));
  std::vector<double> sorted(in.begin(), in.end());
  const auto nth =
      sorted.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(needed, 1) - 1);
  std::nth_element(sorted.begin(), nth, sorted.end(), std::greater<>{});
  const double threshold = *nth;
  const auto passed =
      std::count_if(out.begin(), out.end(), [&](double score) { return score >= threshold; });
  return static_cast<double>(passed) / static_cast<double>(out.size());
}

Separation separation(std::span<const double> in, std::span<const double> out) {
  return {auroc(in, out), aupr_in(in, out), aupr_out(in, out), fpr_at_tpr(in, out)};
}

double auroc_standard_error(double auroc, std::size_t in, std::size_t out) {
  const double q1 = auroc / (2.0 - auroc);
  const double q2 = 2.0 * auroc * auroc / (1.0 + auroc);
  const double m = static_cast<double>(in);
  const double n = static_cast<double>(out);
  const double variance =
      auroc * (1.0 - auroc) + (m - 1.0) * (q1 - auroc * auroc) + (n - 1.0) * (q2 - auroc * auroc);
  return std::sqrt(std::max(0.0, variance) / (m * n));
}

}  // namespace emdyn::provoke::ood
