#include "emdyn/emergence/mirage/sudden.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/mirage/sudden_bases.hpp"
#include "emdyn/emergence/mirage/sudden_grid.hpp"

namespace emdyn::emergence::mirage {
namespace {

// Largest autocorrelation of noise about a constant.
constexpr double kMostFlatPhi = 0.6;

/// Sum of exponentials that never overflows, with weighted sums of what rides on it.
struct LogSum {
  double most = -std::numeric_limits<double>::infinity();
  double sum = 0.0;
  double amplitude = 0.0;

  void add(double log_weight, double rider = 0.0) {
    if (!(log_weight > -std::numeric_limits<double>::infinity())) return;
    if (log_weight > most) {
      const double scale = std::exp(most - log_weight);
      sum *= scale;
      amplitude *= scale;
      most = log_weight;
    }
    const double weight = std::exp(log_weight - most);
    sum += weight;
    amplitude += weight * rider;
  }
  void add(const LogSum& other) {
    if (!(other.sum > 0.0)) return;
    const double mean = other.amplitude / other.sum;
    add(other.most + std::log(other.sum), mean);
  }
  double log() const {
    return sum > 0.0 ? most + std::log(sum) : -std::numeric_limits<double>::infinity();
  }
};

/// Results of one setting and one link.
struct Part {
  LogSum flat, smooth, sudden;
  std::vector<LogSum> of_basis;  ///< Sudden ones, prior included.
};

double noise_deviation(const CleanMetric& metric, const Setting& setting, double u, std::size_t i) {
  return setting.given_errors ? metric.errors[i] : std::exp(setting.tilt * (u - 0.5));
}

/// A rank-one addition g·ssᵀ to V: marginal likelihood and posterior mean of the amplitude.
struct Added {
  double log_marginal;
  double amplitude;
};
Added add_basis(const Projected& p, Eigen::Index basis, Eigen::Index link, double g, double freedom,
                double least_rest) {
  const double ss = std::max(p.basis_basis[basis], 0.0);
  const double sy = p.basis_value(basis, link);
  const double grown = 1.0 + g * ss;
  const double rest = std::max(p.value_value[link] - g * sy * sy / grown, least_rest);
  return {-0.5 * (p.log_determinant + std::log(grown) + freedom * std::log(rest)), g * sy / grown};
}

/// Sums one link over all ratios. `least_rest`: rounding must not pass for a perfect fit.
void sum_ratio(const Projected& p, double ratio, Eigen::Index link, double freedom,
               double least_rest, const BasisSet& bases, Part& part) {
  const double plain =
      -0.5 * (p.log_determinant + freedom * std::log(std::max(p.value_value[link], least_rest)));
  const double prior = -std::log(static_cast<double>(kRatios.size()));
  if (ratio == 0.0)
    part.flat.add(plain);
  else
    part.smooth.add(plain + prior + std::log(0.5));
  for (std::size_t b = 0; b < bases.size(); ++b) {
    const ChangeBasis& basis = bases.list[b];
    for (const double g : kRatios) {
      // What is called sudden is at least half of the signal, in variance.
      if (basis.sudden && g < ratio) continue;
      const double weight = basis.log_prior + 2.0 * prior - (basis.sudden ? 0.0 : std::log(2.0));
      const Added added = add_basis(p, static_cast<Eigen::Index>(b), link, g, freedom, least_rest);
      if (!basis.sudden)
        part.smooth.add(added.log_marginal + weight);
      else
        part.of_basis[b].add(added.log_marginal + weight, added.amplitude * basis.height);
    }
  }
}

/// Means of runs of equal length; errors of a mean shrink with √count.
CleanMetric binned(const CleanMetric& metric) {
  const std::size_t n = metric.size();
  if (n <= kMostPoints) return metric;
  CleanMetric out;
  for (std::size_t b = 0; b < kMostPoints; ++b) {
    const std::size_t from = b * n / kMostPoints, to = (b + 1) * n / kMostPoints;
    double position = 0.0, value = 0.0, error = 0.0;
    for (std::size_t i = from; i < to; ++i) {
      position += metric.positions[i];
      value += metric.values[i];
      if (!metric.errors.empty()) error = std::hypot(error, metric.errors[i]);
    }
    const double count = static_cast<double>(to - from);
    out.positions.push_back(position / count);
    out.values.push_back(value / count);
    if (!metric.errors.empty()) out.errors.push_back(error / count);
  }
  return out;
}

/// Values of every link, standardised [sample, link], with what the link's change of units costs.
struct Linked {
  Eigen::MatrixXd values;
  std::vector<double> log_jacobian;
  std::vector<double> range;
};
Linked link_values(const CleanMetric& metric, std::span<const LinkChoice> links) {
  const auto n = static_cast<Eigen::Index>(metric.size());
  Linked out{Eigen::MatrixXd(n, static_cast<Eigen::Index>(links.size())), {}, {}};
  for (std::size_t l = 0; l < links.size(); ++l) {
    double jacobian = 0.0;
    Eigen::VectorXd column(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const double value = metric.values[static_cast<std::size_t>(i)];
      column[i] = links[l].apply(value);
      jacobian += links[l].log_slope(value);
    }
    column.array() -= column.mean();
    const double scale = std::sqrt(column.squaredNorm() / static_cast<double>(n));
    // Dividing by the scale is part of the change of units; one degree of freedom is the
    // intercept's.
    const double lost = scale > 0.0 ? std::log(scale) : 0.0;
    out.values.col(static_cast<Eigen::Index>(l)) =
        scale > 0.0 ? Eigen::VectorXd(column / scale) : column;
    out.log_jacobian.push_back(jacobian - (static_cast<double>(n) - 1.0) * lost);
    const auto& kept = out.values.col(static_cast<Eigen::Index>(l));
    out.range.push_back(kept.maxCoeff() - kept.minCoeff());
  }
  return out;
}

struct Job {
  const CleanMetric& metric;
  const Linked& linked;
  std::span<const Coordinate> coordinates;
  std::span<const BasisSet> bases;
};

std::vector<Part> sum_setting(const Job& job, const Setting& setting) {
  const std::size_t n = job.metric.size();
  const BasisSet& bases = job.bases[setting.coordinate];
  std::vector<double> u(n), deviations(n);
  for (std::size_t i = 0; i < n; ++i) {
    u[i] = job.coordinates[setting.coordinate].of(job.metric.positions[i]);
    deviations[i] = noise_deviation(job.metric, setting, u[i], i);
  }
  if (setting.given_errors) {
    const double size =
        std::accumulate(deviations.begin(), deviations.end(), 0.0) / static_cast<double>(n);
    for (double& d : deviations) d /= size;
  }
  const Rotated rotated(job.linked.values, u, bases.columns, deviations, setting);
  std::vector<Part> parts(static_cast<std::size_t>(rotated.links()));
  for (Part& part : parts) part.of_basis.resize(bases.size());
  const double freedom = rotated.samples() - 1.0;
  const double least_rest = 1e-11 * rotated.samples();
  for (std::size_t r = 0; r <= kRatios.size(); ++r) {
    const double ratio = r == 0 ? 0.0 : kRatios[r - 1];
    const Projected projected = rotated.at(ratio);
    for (Eigen::Index l = 0; l < rotated.links(); ++l) {
      sum_ratio(projected, ratio, l, freedom, least_rest, bases,
                parts[static_cast<std::size_t>(l)]);
    }
  }
  for (std::size_t l = 0; l < parts.size(); ++l) {
    const double shift = job.linked.log_jacobian[l];
    // A series that wanders does move: strong memory is no rival of a signal.
    if (setting.phi > kMostFlatPhi) parts[l].flat = LogSum{};
    parts[l].flat.most += shift;
    parts[l].smooth.most += shift;
    for (LogSum& each : parts[l].of_basis) {
      each.most += shift;
      parts[l].sudden.add(each);
    }
  }
  return parts;
}

/// Weighted quantiles of the place, and means of width and kind.
void summarise(const Job& job, std::span<const Setting> settings,
               const std::vector<std::vector<Part>>& parts, std::span<const LinkChoice> links,
               double sudden, SuddenEvidence& out) {
  struct Mass {
    double from, place, to, weight;
  };
  std::vector<Mass> masses;
  std::vector<double> of_link(links.size(), 0.0);
  double phi = 0.0, all = 0.0, amplitude = 0.0;
  out.width = out.kink = 0.0;
  for (std::size_t s = 0; s < settings.size(); ++s) {
    const BasisSet& bases = job.bases[settings[s].coordinate];
    for (std::size_t l = 0; l < links.size(); ++l) {
      const double either = std::exp(parts[s][l].sudden.log() - sudden);
      of_link[l] += either;
      phi += either * settings[s].phi;
      all += either;
      for (std::size_t b = 0; b < bases.size(); ++b) {
        const LogSum& sum = parts[s][l].of_basis[b];
        const double weight = std::exp(sum.log() - sudden);
        if (!(weight > 1e-9)) continue;
        const ChangeBasis& basis = bases.list[b];
        const Coordinate& along = job.coordinates[settings[s].coordinate];
        masses.push_back({along.position(basis.from), along.position(basis.place),
                          along.position(basis.to), weight});
        out.width += weight * (basis.kink ? 0.0 : basis.width);
        out.kink += weight * (basis.kink ? 1.0 : 0.0);
        amplitude += weight * (sum.amplitude / sum.sum) / std::max(job.linked.range[l], 1e-300);
      }
    }
  }
  double total = 0.0;
  for (const Mass& mass : masses) total += mass.weight;
  const auto at = [&](double Mass::*where, double share) {
    std::ranges::stable_sort(masses, {}, where);
    double seen = 0.0;
    for (const Mass& mass : masses) {
      seen += mass.weight;
      if (seen >= share * total) return mass.*where;
    }
    return masses.back().*where;
  };
  if (total > 0.0) {
    out.place = {at(&Mass::from, 0.05), at(&Mass::place, 0.5), at(&Mass::to, 0.95), 0.9};
    out.width /= total;
    out.kink /= total;
    out.share = amplitude / total;
    out.noise_phi = phi / all;
    out.link =
        links[static_cast<std::size_t>(std::ranges::max_element(of_link) - of_link.begin())].link;
  }
}

}  // namespace

double Coordinate::of(double position) const noexcept {
  if (!log_axis) return (position - origin) / range;
  return position > 0.0 ? std::max((std::log(position) - origin) / range, 0.0) : 0.0;
}

double Coordinate::position(double coordinate) const noexcept {
  return log_axis ? std::exp(origin + coordinate * range) : origin + coordinate * range;
}

std::vector<Coordinate> coordinates_of(std::span<const double> positions) {
  std::vector<Coordinate> out{{false, positions.front(), positions.back() - positions.front()}};
  if (positions.size() < 3 || positions.front() < 0.0) return out;
  const double first = positions.front() > 0.0 ? positions.front() : 0.5 * positions[1];
  const double octaves = std::log2(positions.back() / first);
  if (octaves > 2.0)
    out.push_back({true, std::log(first), std::log(positions.back()) - std::log(first)});
  return out;
}

SuddenEvidence weigh_sudden(const CleanMetric& whole, std::span<const LinkChoice> links,
                            std::span<const Window> windows) {
  SuddenEvidence out;
  const CleanMetric metric = binned(whole);
  out.points = metric.size();
  if (metric.size() < 4) return out;
  const auto [least, most] = std::ranges::minmax(metric.values);
  if (!(most > least)) return out;
  const std::vector<Coordinate> coordinates = coordinates_of(whole.positions);
  std::vector<BasisSet> bases;
  for (std::size_t c = 0; c < coordinates.size(); ++c) {
    std::vector<double> u;
    for (const double position : metric.positions) u.push_back(coordinates[c].of(position));
    bases.push_back(make_bases(u, c < windows.size() ? windows[c] : Window{}));
  }
  const Linked linked = link_values(metric, links);
  const std::vector<Setting> settings =
      settings_for(coordinates.size(), metric.size(), !metric.errors.empty());
  const Job job{metric, linked, coordinates, bases};
  std::vector<std::vector<Part>> parts(settings.size());
  parallel_for(settings.size(), [&](std::size_t s) { parts[s] = sum_setting(job, settings[s]); });
  LogSum flat, smooth, sudden;
  for (const auto& of_setting : parts) {
    for (const Part& part : of_setting) {
      flat.add(part.flat);
      smooth.add(part.smooth);
      sudden.add(part.sudden);
    }
  }
  out.log_bayes_factor = sudden.log() - smooth.log();
  LogSum moves;
  moves.add(smooth.log());
  moves.add(sudden.log());
  const auto flat_settings = static_cast<double>(
      std::ranges::count_if(settings, [](const Setting& s) { return s.phi <= kMostFlatPhi; }));
  const double averaged = std::log(flat_settings / static_cast<double>(settings.size()));
  out.log_signal = moves.log() - std::log(2.0) - flat.log() + averaged;
  summarise(job, settings, parts, links, sudden.log(), out);
  return out;
}

double log_marginal(std::span<const double> values, std::span<const double> covariance) {
  const auto n = static_cast<Eigen::Index>(values.size());
  const Eigen::Map<const Eigen::VectorXd> y(values.data(), n);
  const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> v(
      covariance.data(), n, n);
  const Eigen::LLT<Eigen::MatrixXd> factor{Eigen::MatrixXd(v)};
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(n);
  const Eigen::VectorXd solved_one = factor.solve(ones), solved = factor.solve(Eigen::VectorXd(y));
  const double one = ones.dot(solved_one);
  const double rest = y.dot(solved) - std::pow(ones.dot(solved), 2) / one;
  const Eigen::MatrixXd lower = factor.matrixL();
  return -lower.diagonal().array().log().sum() - 0.5 * std::log(one) -
         0.5 * static_cast<double>(n - 1) * std::log(rest);
}

}  // namespace emdyn::emergence::mirage
