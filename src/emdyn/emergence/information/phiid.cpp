#include "emdyn/emergence/information/phiid.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/information/gaussian.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr std::size_t kPlaces = 4;
/// Places in the lattice: held by both alike, by the first, by the second, by both together.
constexpr std::size_t kAlike = 0, kFirst = 1, kSecond = 2, kWhole = 3;

/// Local information between each source (x, y, both) and each target (x, y, both): one number an
/// outcome or row. Index: 3·source + target.
using Local = std::array<Eigen::ArrayXd, 9>;
/// The same on average.
using Mean = std::array<double, 9>;

constexpr std::size_t pair(std::size_t source, std::size_t target) { return 3 * source + target; }

/// Möbius inversion over the lattice r < x, y < s, on both sides.
Atoms atoms_from_shared(const std::array<double, 16>& shared) {
  std::array<double, 16> half{};
  for (std::size_t from = 0; from < kPlaces; ++from) {
    const double* f = shared.data() + kPlaces * from;
    half[kPlaces * from + kAlike] = f[kAlike];
    half[kPlaces * from + kFirst] = f[kFirst] - f[kAlike];
    half[kPlaces * from + kSecond] = f[kSecond] - f[kAlike];
    half[kPlaces * from + kWhole] = f[kWhole] - f[kFirst] - f[kSecond] + f[kAlike];
  }
  Atoms atoms;
  for (std::size_t to = 0; to < kPlaces; ++to) {
    const auto f = [&](std::size_t from) { return half[kPlaces * from + to]; };
    atoms.values[kPlaces * kAlike + to] = f(kAlike);
    atoms.values[kPlaces * kFirst + to] = f(kFirst) - f(kAlike);
    atoms.values[kPlaces * kSecond + to] = f(kSecond) - f(kAlike);
    atoms.values[kPlaces * kWhole + to] = f(kWhole) - f(kFirst) - f(kSecond) + f(kAlike);
  }
  return atoms;
}

/// Fills the nine plain informations; what both hold alike is the caller's.
std::array<double, 16> plain(const Mean& mean) {
  std::array<double, 16> shared{};
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      shared[kPlaces * (from + 1) + to + 1] = mean[pair(from, to)];
    }
  }
  return shared;
}

Atoms mmi_atoms(const Mean& mean) {
  std::array<double, 16> shared = plain(mean);
  for (std::size_t k = 0; k < 3; ++k) {
    shared[kPlaces * kAlike + k + 1] = std::min(mean[pair(0, k)], mean[pair(1, k)]);
    shared[kPlaces * (k + 1) + kAlike] = std::min(mean[pair(k, 0)], mean[pair(k, 1)]);
  }
  shared[0] = std::min({mean[pair(0, 0)], mean[pair(0, 1)], mean[pair(1, 0)], mean[pair(1, 1)]});
  return atoms_from_shared(shared);
}

/// Rounding decides no sign.
int sign_of(double value) { return std::fabs(value) < 1e-12 ? 0 : (value > 0.0 ? 1 : -1); }

double ccs(double a, double b, double both) {
  const double common = a + b - both;
  const int sign = sign_of(common);
  return sign_of(a) == sign && sign_of(b) == sign && sign_of(both) == sign ? common : 0.0;
}

Atoms ccs_atoms(const Local& local, const Eigen::ArrayXd& weights) {
  Mean mean{};
  for (std::size_t i = 0; i < 9; ++i) mean[i] = (local[i] * weights).sum();
  std::array<double, 16> shared = plain(mean);
  for (Eigen::Index t = 0; t < weights.size(); ++t) {
    const auto i = [&](std::size_t from, std::size_t to) { return local[pair(from, to)](t); };
    std::array<double, 3> to{};    // What both parts tell alike of x, y, both.
    std::array<double, 3> from{};  // What x, y, both tell alike of both parts.
    for (std::size_t k = 0; k < 3; ++k) {
      to[k] = ccs(i(0, k), i(1, k), i(2, k));
      from[k] = ccs(i(k, 0), i(k, 1), i(k, 2));
      shared[kPlaces * kAlike + k + 1] += weights(t) * to[k];
      shared[kPlaces * (k + 1) + kAlike] += weights(t) * from[k];
    }
    const double common = -i(0, 0) - i(0, 1) - i(1, 0) - i(1, 1) + i(0, 2) + i(1, 2) + i(2, 0) +
                          i(2, 1) - i(2, 2) + to[0] + to[1] - to[2] + from[0] + from[1] - from[2];
    const int sign = sign_of(common);
    const bool agree = sign_of(i(0, 0)) == sign && sign_of(i(0, 1)) == sign &&
                       sign_of(i(1, 0)) == sign && sign_of(i(1, 1)) == sign;
    if (agree) shared[0] += weights(t) * common;
  }
  return atoms_from_shared(shared);
}

/// h(group) for each outcome or row.
using Surprisal = std::function<Eigen::ArrayXd(const Parts&)>;

Local local_information(const Surprisal& surprisal, const TwoParts& parts) {
  const std::array<Parts, 3> before{parts.before_x, parts.before_y,
                                    joined(parts.before_x, parts.before_y)};
  const std::array<Parts, 3> after{parts.after_x, parts.after_y,
                                   joined(parts.after_x, parts.after_y)};
  Local local;
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      local[pair(from, to)] = surprisal(before[from]) + surprisal(after[to]) -
                              surprisal(joined(before[from], after[to]));
    }
  }
  return local;
}

Mean mean_information(const EntropyOf& entropy, const TwoParts& parts) {
  const std::array<Parts, 3> before{parts.before_x, parts.before_y,
                                    joined(parts.before_x, parts.before_y)};
  const std::array<Parts, 3> after{parts.after_x, parts.after_y,
                                   joined(parts.after_x, parts.after_y)};
  Mean mean{};
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      mean[pair(from, to)] = mutual_information(entropy, before[from], after[to]);
    }
  }
  return mean;
}

/// −ln density of a Gaussian at each row, by the factor of the covariance: no density is formed,
/// so none underflows.
Eigen::ArrayXd gaussian_surprisal(const Signals& centred, const Eigen::MatrixXd& covariance,
                                  const Parts& group) {
  const auto d = static_cast<Eigen::Index>(group.size());
  Eigen::MatrixXd part(d, d);
  for (Eigen::Index i = 0; i < d; ++i) {
    for (Eigen::Index j = 0; j < d; ++j) {
      part(i, j) = covariance(static_cast<Eigen::Index>(group[static_cast<std::size_t>(i)]),
                              static_cast<Eigen::Index>(group[static_cast<std::size_t>(j)]));
    }
  }
  const double log_det = log_determinant(part);
  const Eigen::LLT<Eigen::MatrixXd> factor(part);
  const Eigen::MatrixXd whitened = factor.matrixL().solve(columns_of(centred, group).transpose());
  const double constant = static_cast<double>(d) * std::log(2.0 * std::numbers::pi) + log_det;
  return 0.5 * (whitened.colwise().squaredNorm().transpose().array() + constant);
}

struct Stacked {
  Signals rows{};
  TwoParts parts{};
};

Stacked stacked(const SignalsView& first, const SignalsView& second, std::size_t lag) {
  if (first.rows() != second.rows()) {
    throw DataError(
        fmt::format("integrated_information: parts of {} and {} rows; they must be equal",
                    first.rows(), second.rows()));
  }
  const auto p = static_cast<std::size_t>(first.cols());
  const auto q = static_cast<std::size_t>(second.cols());
  const std::size_t fewest = lag + 4 * (p + q) + 4;
  require_usable("integrated_information.x", first, fewest);
  require_usable("integrated_information.y", second, fewest);
  const StepPairs a = steps_of(first, lag);
  const StepPairs b = steps_of(second, lag);
  Stacked all;
  all.rows.resize(a.before.rows(), static_cast<Eigen::Index>(2 * (p + q)));
  all.rows << a.before, b.before, a.after, b.after;
  all.rows = standardised(all.rows);
  for (std::size_t j = 0; j < p; ++j) all.parts.before_x.push_back(j);
  for (std::size_t j = 0; j < q; ++j) all.parts.before_y.push_back(p + j);
  for (std::size_t j = 0; j < p; ++j) all.parts.after_x.push_back(p + q + j);
  for (std::size_t j = 0; j < q; ++j) all.parts.after_y.push_back(2 * p + q + j);
  return all;
}

}  // namespace

const std::array<std::string_view, 16>& Atoms::names() {
  static constexpr std::array<std::string_view, 16> kNames{"rtr", "rtx", "rty", "rts", "xtr", "xtx",
                                                           "xty", "xts", "ytr", "ytx", "yty", "yts",
                                                           "str", "stx", "sty", "sts"};
  return kNames;
}

double Atoms::at(std::string_view name) const {
  const auto found = std::find(names().begin(), names().end(), name);
  if (found == names().end()) {
    throw ConfigError(
        fmt::format("unknown atom \"{}\"; known: {}", name, fmt::join(names(), ", ")));
  }
  return values[static_cast<std::size_t>(found - names().begin())];
}

double Atoms::total() const {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum;
}

void to_json(Json& json, const Atoms& atoms) {
  json = Json::object();
  for (std::size_t i = 0; i < atoms.values.size(); ++i) {
    json[std::string(Atoms::names()[i])] = number_or_null(atoms.values[i]);
  }
}

Atoms integrated_information(const Law& law, const TwoParts& parts, Redundancy redundancy) {
  if (redundancy == Redundancy::mmi) return mmi_atoms(mean_information(law.entropies(), parts));
  const auto surprisal = [&](const Parts& group) -> Eigen::ArrayXd {
    const std::vector<double> chances = law.marginal(group);
    return -Eigen::Map<const Eigen::ArrayXd>(chances.data(),
                                             static_cast<Eigen::Index>(chances.size()))
                .log();
  };
  const Eigen::ArrayXd weights = Eigen::Map<const Eigen::ArrayXd>(
      law.probabilities().data(), static_cast<Eigen::Index>(law.probabilities().size()));
  return ccs_atoms(local_information(surprisal, parts), weights);
}

Atoms integrated_information(const SignalsView& first, const SignalsView& second, std::size_t lag,
                             Redundancy redundancy) {
  const Stacked all = stacked(first, second, lag);
  const Eigen::MatrixXd covariance = covariance_of(all.rows);
  const auto rows = static_cast<std::size_t>(all.rows.rows());
  if (redundancy == Redundancy::mmi) {
    return mmi_atoms(mean_information(gaussian_entropies(covariance, rows), all.parts));
  }
  const auto surprisal = [&](const Parts& group) {
    return gaussian_surprisal(all.rows, covariance, group);
  };
  const Eigen::ArrayXd weights =
      Eigen::ArrayXd::Constant(all.rows.rows(), 1.0 / static_cast<double>(rows));
  return ccs_atoms(local_information(surprisal, all.parts), weights);
}

Atoms integrated_information(const SignalsView& signals, const Bipartition& cut, std::size_t lag,
                             Redundancy redundancy) {
  const auto count = static_cast<std::size_t>(signals.cols());
  require_group("integrated_information", joined(cut.first, cut.second), count, 2);
  return integrated_information(columns_of(signals, cut.first), columns_of(signals, cut.second),
                                lag, redundancy);
}

}  // namespace emdyn::emergence::information
