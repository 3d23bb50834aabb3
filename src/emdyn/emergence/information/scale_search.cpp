// Which grouping of a chain's states has the most effective information.
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/effective_information.hpp"

namespace emdyn::emergence::information {
namespace {

using Labels = std::vector<std::size_t>;

constexpr std::size_t kMostPartitioned = 10;
constexpr std::size_t kExhaustiveByDefault = 8;
/// Effective information closer than this is the same: the first found stays.
constexpr double kSame = 1e-12;

double plogp(double p) { return p > 0.0 ? p * std::log(p) : 0.0; }

Labels renumbered(const Labels& labels) {
  std::map<std::size_t, std::size_t> names;
  Labels result;
  for (const std::size_t label : labels) {
    result.push_back(names.emplace(label, names.size()).first->second);
  }
  return result;
}

/// Keeps the best grouping of each size.
class Ladder {
 public:
  Ladder(const Eigen::MatrixXd& transitions, MacroWeights weights)
      : transitions_(transitions), weights_(weights) {}

  double offer(const Labels& labels) {
    const Labels named = renumbered(labels);
    const Eigen::MatrixXd chain = macro_chain(transitions_, named, weights_);
    const EffectiveInformation information = effective_information(chain);
    const auto groups = static_cast<std::size_t>(chain.rows());
    auto [place, fresh] = best_.try_emplace(groups, Coarsening{groups, information, named});
    const double before = place->second.information.effective_information;
    if (!fresh && information.effective_information > before + kSame) {
      place->second = {groups, information, named};
    }
    return information.effective_information;
  }

  /// Finest first.
  std::vector<Coarsening> scales() const {
    std::vector<Coarsening> list;
    for (auto place = best_.rbegin(); place != best_.rend(); ++place) list.push_back(place->second);
    return list;
  }

 private:
  const Eigen::MatrixXd& transitions_;
  MacroWeights weights_;
  std::map<std::size_t, Coarsening> best_{};
};

/// A chain whose states are merged one pair after another.
class Merging {
 public:
  Merging(const Eigen::MatrixXd& transitions, MacroWeights weights)
      : chain_(transitions),
        mass_(weights == MacroWeights::stationary ? stationary_law(transitions)
                                                  : Eigen::VectorXd::Ones(transitions.rows())),
        labels_(all_of(static_cast<std::size_t>(transitions.rows()))) {
    mass_ = mass_.cwiseMax(1e-12);
    refresh();
  }

  std::size_t groups() const { return static_cast<std::size_t>(chain_.rows()); }
  const Labels& labels() const { return labels_; }
  std::size_t group_of(std::size_t state) const { return labels_[state]; }
  bool linked(std::size_t a, std::size_t b) const {
    return chain_(index(a), index(b)) > 0.0 || chain_(index(b), index(a)) > 0.0;
  }
  double value() const { return spread_of(sums_, chain_.rows()) - noise_ / rows(); }

  /// Effective information if groups a and b were one: O(groups), from what changes.
  double value_if_merged(std::size_t a, std::size_t b) const {
    const Eigen::Index i = index(a);
    const Eigen::Index j = index(b);
    const Eigen::VectorXd row = merged_row(i, j);
    double noise = noise_;
    double sum = 0.0;
    for (Eigen::Index g = 0; g < chain_.rows(); ++g) {
      if (g == i || g == j) {
        noise += row_plogp_(g);
      } else {
        const double p = chain_(g, i);
        const double q = chain_(g, j);
        if (p > 0.0 && q > 0.0) noise -= plogp(p + q) - plogp(p) - plogp(q);
      }
    }
    double spread = 0.0;
    const double count = rows() - 1.0;
    for (Eigen::Index g = 0; g < chain_.rows(); ++g) {
      if (g == j) continue;
      double to = row(g);
      double column = sums_(g) - chain_(i, g) - chain_(j, g) + row(g);
      if (g == i) {
        to += row(j);
        column += sums_(j) - chain_(i, j) - chain_(j, j) + row(j);
      }
      sum += plogp(to);
      spread -= plogp(column / count);
    }
    return spread - (noise - sum) / count;
  }

  void merge(std::size_t a, std::size_t b) {
    const Eigen::Index keep = index(std::min(a, b));
    const Eigen::Index drop = index(std::max(a, b));
    const Eigen::VectorXd row = merged_row(keep, drop);
    chain_.row(keep) = row.transpose();
    chain_.col(keep) += chain_.col(drop);
    mass_(keep) += mass_(drop);
    const Eigen::Index after = chain_.rows() - drop - 1;
    const Eigen::MatrixXd rows_below = chain_.bottomRows(after);
    chain_.middleRows(drop, after) = rows_below;
    const Eigen::MatrixXd columns_right = chain_.rightCols(after);
    chain_.middleCols(drop, after) = columns_right;
    const Eigen::VectorXd mass_below = mass_.tail(after);
    mass_.segment(drop, after) = mass_below;
    chain_.conservativeResize(chain_.rows() - 1, chain_.cols() - 1);
    mass_.conservativeResize(mass_.size() - 1);
    for (std::size_t& label : labels_) {
      if (label == static_cast<std::size_t>(drop)) {
        label = static_cast<std::size_t>(keep);
      } else if (label > static_cast<std::size_t>(drop)) {
        --label;
      }
    }
    refresh();
  }

 private:
  static Eigen::Index index(std::size_t group) { return static_cast<Eigen::Index>(group); }
  double rows() const { return static_cast<double>(chain_.rows()); }

  Eigen::VectorXd merged_row(Eigen::Index i, Eigen::Index j) const {
    const double share = mass_(i) / (mass_(i) + mass_(j));
    return (share * chain_.row(i) + (1.0 - share) * chain_.row(j)).transpose();
  }

  static double spread_of(const Eigen::VectorXd& sums, Eigen::Index count) {
    double spread = 0.0;
    for (const double sum : sums) spread -= plogp(sum / static_cast<double>(count));
    return spread;
  }

  void refresh() {
    sums_ = chain_.colwise().sum().transpose();
    row_plogp_ = chain_.unaryExpr(&plogp).rowwise().sum();
    noise_ = -row_plogp_.sum();
  }

  Eigen::MatrixXd chain_;
  Eigen::VectorXd mass_;
  Labels labels_;
  Eigen::VectorXd sums_{};       ///< Of the columns.
  Eigen::VectorXd row_plogp_{};  ///< Σ p ln p of each row.
  double noise_ = 0.0;           ///< Sum of the rows' entropies.
};

void agglomerate(Ladder& ladder, const Eigen::MatrixXd& transitions, MacroWeights weights) {
  Merging merging(transitions, weights);
  while (merging.groups() > 2) {
    const std::size_t k = merging.groups();
    std::vector<double> best(k, -HUGE_VAL);
    std::vector<std::size_t> partner(k, 0);
    parallel_for(k, [&](std::size_t a) {
      for (std::size_t b = a + 1; b < k; ++b) {
        const double value = merging.value_if_merged(a, b);
        if (value <= best[a] + kSame) continue;
        best[a] = value;
        partner[a] = b;
      }
    });
    std::size_t first = 0;
    for (std::size_t a = 1; a < k; ++a) {
      if (best[a] > best[first] + kSame) first = a;
    }
    merging.merge(first, partner[first]);
    ladder.offer(merging.labels());
  }
}

/// One round over the states; whether anything was merged.
bool greedy_round(Merging& merging, std::size_t states) {
  bool changed = false;
  for (std::size_t state = 0; state < states; ++state) {
    for (bool again = true; again && merging.groups() > 2;) {
      again = false;
      const std::size_t own = merging.group_of(state);
      for (std::size_t other = 0; other < merging.groups(); ++other) {
        if (other == own || !merging.linked(own, other)) continue;
        if (merging.value_if_merged(own, other) <= merging.value() + kSame) continue;
        merging.merge(own, other);
        again = changed = true;
        break;
      }
    }
  }
  return changed;
}

void grow_greedily(Ladder& ladder, const Eigen::MatrixXd& transitions, MacroWeights weights) {
  Merging merging(transitions, weights);
  const auto states = static_cast<std::size_t>(transitions.rows());
  while (greedy_round(merging, states)) ladder.offer(merging.labels());
}

/// Where each state lies in the eigenvectors, each scaled by its eigenvalue: states with equal rows
/// lie in one place.
Eigen::MatrixXd spectral_places(const Eigen::MatrixXd& transitions) {
  const Eigen::EigenSolver<Eigen::MatrixXd> solver(transitions);
  const Eigen::Index n = transitions.rows();
  Eigen::MatrixXd places(n, 2 * n);
  for (Eigen::Index k = 0; k < n; ++k) {
    const double scale = std::abs(solver.eigenvalues()(k));
    places.col(2 * k) = scale * solver.eigenvectors().col(k).real();
    places.col(2 * k + 1) = scale * solver.eigenvectors().col(k).imag();
  }
  return places;
}

void cluster_spectrally(Ladder& ladder, const Eigen::MatrixXd& transitions) {
  const Eigen::MatrixXd places = spectral_places(transitions);
  if (!places.allFinite()) return;
  const auto n = static_cast<std::size_t>(transitions.rows());
  Eigen::MatrixXd distance(transitions.rows(), transitions.rows());
  for (Eigen::Index i = 0; i < distance.rows(); ++i) {
    for (Eigen::Index j = 0; j < distance.rows(); ++j) {
      distance(i, j) = (places.row(i) - places.row(j)).norm();
    }
  }
  std::vector<Parts> groups;
  for (std::size_t state = 0; state < n; ++state) groups.push_back({state});
  while (groups.size() > 2) {
    std::size_t a = 0;
    std::size_t b = 1;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (std::size_t j = i + 1; j < groups.size(); ++j) {
        const auto at = [&](std::size_t p, std::size_t q) {
          return distance(static_cast<Eigen::Index>(groups[p][0]),
                          static_cast<Eigen::Index>(groups[q][0]));
        };
        if (at(i, j) < at(a, b) - kSame) a = i, b = j;
      }
    }
    // Average linkage (Lance & Williams 1967), kept at each group's first state.
    const auto first = static_cast<Eigen::Index>(groups[a][0]);
    const auto second = static_cast<Eigen::Index>(groups[b][0]);
    const auto size_a = static_cast<double>(groups[a].size());
    const auto size_b = static_cast<double>(groups[b].size());
    const Eigen::VectorXd mean =
        (size_a * distance.row(first) + size_b * distance.row(second)).transpose() /
        (size_a + size_b);
    distance.row(first) = mean.transpose();
    distance.col(first) = mean;
    groups[a] = joined(groups[a], groups[b]);
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(b));
    Labels labels(n, 0);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (const std::size_t state : groups[g]) labels[state] = g;
    }
    ladder.offer(labels);
  }
}

/// Every partition, as restricted growth strings.
void try_all(Ladder& ladder, std::size_t n) {
  Labels labels(n, 0);
  const auto next = [&] {
    for (std::size_t at = n; at-- > 1;) {
      const std::size_t most =
          *std::max_element(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(at));
      if (labels[at] > most) continue;
      ++labels[at];
      std::fill(labels.begin() + static_cast<std::ptrdiff_t>(at) + 1, labels.end(), 0U);
      return true;
    }
    return false;
  };
  do {
    // One group says nothing.
    if (*std::max_element(labels.begin(), labels.end()) > 0) ladder.offer(labels);
  } while (next());
}

}  // namespace

CausalEmergence causal_emergence(const Eigen::Ref<const Eigen::MatrixXd>& transitions,
                                 const ScaleOptions& options) {
  const Eigen::MatrixXd chain = transitions;
  CausalEmergence result;
  result.micro = effective_information(chain);
  const auto n = static_cast<std::size_t>(chain.rows());
  if (n < 2) throw DataError("causal_emergence: a chain of one state has no scales");
  if (options.search == ScaleSearch::exhaustive && n > kMostPartitioned) {
    throw DataError(fmt::format(
        "causal_emergence: {} states have too many partitions to try all (at most {}); use best", n,
        kMostPartitioned));
  }
  Ladder ladder(chain, options.weights);
  ladder.offer(all_of(n));
  const bool best = options.search == ScaleSearch::best;
  if (options.search == ScaleSearch::exhaustive || (best && n <= kExhaustiveByDefault)) {
    try_all(ladder, n);
  } else {
    if (best || options.search == ScaleSearch::agglomerative) {
      agglomerate(ladder, chain, options.weights);
    }
    if (best || options.search == ScaleSearch::greedy) {
      grow_greedily(ladder, chain, options.weights);
    }
    if (best || options.search == ScaleSearch::spectral) cluster_spectrally(ladder, chain);
  }
  result.along_scale = ladder.scales();
  result.best = result.along_scale.front();
  double most = 0.0;
  for (const Coarsening& scale : result.along_scale) {
    most = std::max(most, scale.information.effective_information);
  }
  // Of scales that know equally much the coarsest is told, unless nothing is gained at all.
  if (most > result.micro.effective_information + kSame) {
    for (const Coarsening& scale : result.along_scale) {
      if (scale.information.effective_information > most - kSame) result.best = scale;
    }
  }
  result.gain = result.best.information.effective_information - result.micro.effective_information;
  return result;
}

}  // namespace emdyn::emergence::information
