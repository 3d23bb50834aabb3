#include "emdyn/emergence/information/group_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/multivariate.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr double kLeastGroupPivot = 1e-12;
constexpr std::uint64_t kMostTriples = 4'000'000;
constexpr std::size_t kStarts = 8;  ///< Triples that are grown.
constexpr std::uint64_t kChainStream = 0x47525000000000ULL;

/// Ω of groups, signed so that lower is better, without the constant part that the marginals add.
class Scorer {
 public:
  Scorer(const Eigen::MatrixXd& correlation, const GroupSearchOptions& options)
      : n_(static_cast<std::size_t>(correlation.rows())),
        values_(correlation.data(), correlation.data() + correlation.size()),
        sign_(options.sought == Sought::synergy ? 1.0 : -1.0) {
    for (std::int64_t size = 0; size <= options.largest; ++size) {
      bias_.push_back(options.samples > 0 && size >= 2
                          ? gaussian_o_information_bias(static_cast<std::size_t>(size),
                                                        static_cast<std::size_t>(options.samples))
                          : 0.0);
    }
  }

  std::size_t variables() const noexcept { return n_; }
  double correlation(std::size_t i, std::size_t j) const noexcept { return values_[i * n_ + j]; }
  double sign() const noexcept { return sign_; }

  /// Infinity for a singular group: there is nothing to say about it.
  double operator()(const Parts& group, std::vector<double>& room) const {
    const std::size_t k = group.size();
    room.resize(2 * k * k);
    double* factor = room.data();
    double* inverse = factor + k * k;
    double log_det = 0.0;
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = correlation(group[i], group[j]);
        for (std::size_t l = 0; l < j; ++l) sum -= factor[i * k + l] * factor[j * k + l];
        if (i != j) {
          factor[i * k + j] = sum / factor[j * k + j];
          continue;
        }
        if (!(sum > kLeastGroupPivot)) return HUGE_VAL;
        log_det += std::log(sum);
        factor[i * k + i] = std::sqrt(sum);
      }
    }
    // Columns of L⁻¹: their squared lengths are the diagonal of the inverse.
    double product = 1.0;
    for (std::size_t j = 0; j < k; ++j) {
      double squares = 0.0;
      for (std::size_t i = j; i < k; ++i) {
        double sum = i == j ? 1.0 : 0.0;
        for (std::size_t l = j; l < i; ++l) sum -= factor[i * k + l] * inverse[l * k + j];
        const double value = sum / factor[i * k + i];
        inverse[i * k + j] = value;
        squares += value * value;
      }
      product *= squares;
    }
    // TC = −½ ln det; DTC = ½ (ln det − Σ ln var(X_j|rest)); Ω = −ln det − ½ Σ ln (R⁻¹)_jj.
    const double omega = -log_det - 0.5 * std::log(product);
    return sign_ * (omega - bias_[k]);
  }

  /// The same of a triple in closed form.
  double triple(std::size_t a, std::size_t b, std::size_t c) const {
    const double ab = correlation(a, b);
    const double ac = correlation(a, c);
    const double bc = correlation(b, c);
    const double det = 1.0 + 2.0 * ab * ac * bc - ab * ab - ac * ac - bc * bc;
    const double pairs = (1.0 - ab * ab) * (1.0 - ac * ac) * (1.0 - bc * bc);
    if (!(det > kLeastGroupPivot)) return HUGE_VAL;
    return sign_ * (0.5 * std::log(det / pairs) - bias_[3]);
  }

 private:
  std::size_t n_;
  std::vector<double> values_;
  double sign_;
  std::vector<double> bias_{};
};

struct Scored {
  double score = HUGE_VAL;
  Parts group{};
  friend bool operator<(const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score < b.score : a.group < b.group;
  }
};

void keep_best(std::vector<Scored>& best, Scored candidate) {
  if (best.size() == kStarts && !(candidate < best.back())) return;
  best.insert(std::upper_bound(best.begin(), best.end(), candidate), std::move(candidate));
  if (best.size() > kStarts) best.pop_back();
}

/// Variables that may form triples: all of them, or those with the strongest links where all
/// triples would be too many.
Parts triple_candidates(const Scorer& scorer) {
  const std::size_t n = scorer.variables();
  std::size_t most = n;
  while (most > 3 &&
         static_cast<std::uint64_t>(most) * (most - 1) * (most - 2) / 6 > kMostTriples) {
    --most;
  }
  Parts order = all_of(n);
  if (most == n) return order;
  std::vector<double> strength(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (i != j) strength[i] += scorer.correlation(i, j) * scorer.correlation(i, j);
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return strength[a] > strength[b]; });
  order.resize(most);
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<Scored> best_triples(const Scorer& scorer, std::uint64_t& looked_at) {
  const Parts candidates = triple_candidates(scorer);
  const std::size_t n = candidates.size();
  std::vector<std::vector<Scored>> found(n);
  parallel_for(n, [&](std::size_t i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      for (std::size_t k = j + 1; k < n; ++k) {
        const double score = scorer.triple(candidates[i], candidates[j], candidates[k]);
        if (found[i].size() == kStarts && score > found[i].back().score) continue;
        keep_best(found[i], {score, {candidates[i], candidates[j], candidates[k]}});
      }
    }
  });
  std::vector<Scored> best;
  for (auto& list : found) {
    for (Scored& triple : list) keep_best(best, std::move(triple));
  }
  looked_at += static_cast<std::uint64_t>(n) * (n - 1) * (n - 2) / 6;
  return best;
}

bool holds(const Parts& group, std::size_t member) {
  return std::find(group.begin(), group.end(), member) != group.end();
}

/// Adds the best member until the largest size; the best group on the way.
Scored grown(const Scorer& scorer, Scored start, const GroupSearchOptions& options,
             std::uint64_t& looked_at) {
  Scored best;
  Scored now = std::move(start);
  std::vector<double> room;
  const auto smallest = static_cast<std::size_t>(options.smallest);
  const auto largest = static_cast<std::size_t>(options.largest);
  while (true) {
    if (now.group.size() >= smallest && now < best) best = now;
    if (now.group.size() >= std::min(largest, scorer.variables())) return best;
    Scored next;
    for (std::size_t member = 0; member < scorer.variables(); ++member) {
      if (holds(now.group, member)) continue;
      Scored candidate{0.0, now.group};
      candidate.group.push_back(member);
      candidate.score = scorer(candidate.group, room);
      ++looked_at;
      if (candidate < next) next = std::move(candidate);
    }
    if (!std::isfinite(next.score)) return best;
    now = std::move(next);
  }
}

/// One random change: swap a member, add one, or drop one.
Parts changed(const Parts& group, std::size_t variables, const GroupSearchOptions& options,
              Philox& random) {
  Parts next = group;
  const auto smallest = static_cast<std::size_t>(options.smallest);
  const auto largest = std::min(static_cast<std::size_t>(options.largest), variables);
  const double kind = random.uniform();
  const auto outside = [&] {
    while (true) {
      const std::size_t member = random.below(static_cast<std::uint32_t>(variables));
      if (!holds(next, member)) return member;
    }
  };
  const std::size_t place = random.below(static_cast<std::uint32_t>(group.size()));
  if (kind < 0.2 && group.size() > smallest) {
    next.erase(next.begin() + static_cast<std::ptrdiff_t>(place));
  } else if (kind < 0.4 && group.size() < largest) {
    next.push_back(outside());
  } else if (group.size() < variables) {
    next[place] = outside();
  }
  return next;
}

/// Cools from a temperature at which typical changes are accepted down to a thousandth of it.
Scored annealed(const Scorer& scorer, Scored start, const GroupSearchOptions& options,
                std::uint64_t chain) {
  Philox random(static_cast<std::uint64_t>(options.seed), kChainStream + chain);
  std::vector<double> room;
  if (start.group.empty()) {
    Parts order = all_of(scorer.variables());
    shuffle(order, random);
    order.resize(static_cast<std::size_t>(options.smallest));
    start = {scorer(order, room), order};
  }
  Scored best = start;
  Scored now = std::move(start);
  constexpr double kHottest = 0.2;  // Nats: the size of a strong interaction.
  for (std::int64_t move = 0; move < options.moves; ++move) {
    const double share = static_cast<double>(move) / static_cast<double>(options.moves);
    const double temperature = kHottest * std::pow(1e-3, share);
    Scored next{0.0, changed(now.group, scorer.variables(), options, random)};
    next.score = scorer(next.group, room);
    const double rise = next.score - now.score;
    if (!(rise <= 0.0) && !(random.uniform() < std::exp(-rise / temperature))) continue;
    now = std::move(next);
    if (now < best) best = now;
  }
  return best;
}

void sort_members(Scored& found) { std::sort(found.group.begin(), found.group.end()); }

}  // namespace

FoundGroup find_group(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                      const GroupSearchOptions& options) {
  checked(GroupSearchOptions::kName, kGroupSearchFields, options);
  if (options.largest < options.smallest) {
    throw ConfigError(fmt::format("group_search.largest must be >= smallest ({}), got {}",
                                  options.smallest, options.largest));
  }
  if (options.samples > 0 && options.samples <= options.largest) {
    throw DataError(fmt::format("group_search: {} rows for groups of {}; at least {} are needed",
                                options.samples, options.largest, options.largest + 1));
  }
  const auto n = static_cast<std::size_t>(covariance.rows());
  if (n < static_cast<std::size_t>(options.smallest)) {
    throw DataError(
        fmt::format("group_search: {} variables; groups of {} are sought", n, options.smallest));
  }
  const Eigen::VectorXd scale = covariance.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite()) throw DataError("group_search: a variance is not above 0");
  const Scorer scorer(scale.asDiagonal() * covariance * scale.asDiagonal(), options);
  FoundGroup result;
  const std::vector<Scored> starts = best_triples(scorer, result.scored);
  std::vector<Scored> best(starts.size() + static_cast<std::size_t>(options.chains));
  std::vector<std::uint64_t> looked_at(starts.size(), 0);
  parallel_for(starts.size(), [&](std::size_t i) {
    best[i] = grown(scorer, starts[i], options, looked_at[i]);
    sort_members(best[i]);
  });
  // Half of the chains start where growth ended, half anywhere.
  parallel_for(static_cast<std::size_t>(options.chains), [&](std::size_t c) {
    const bool grown_start = c % 2 == 0 && c / 2 < starts.size() && !best[c / 2].group.empty();
    Scored& found = best[starts.size() + c];
    found = annealed(scorer, grown_start ? best[c / 2] : Scored{}, options, c);
    sort_members(found);
  });
  for (const std::uint64_t count : looked_at) result.scored += count;
  result.scored += static_cast<std::uint64_t>(options.chains * options.moves);
  const Scored& winner = *std::min_element(best.begin(), best.end());
  if (std::isfinite(winner.score)) {
    result.group = winner.group;
    result.o_information = scorer.sign() * winner.score;
  }
  return result;
}

}  // namespace emdyn::emergence::information
