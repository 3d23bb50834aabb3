#include "emdyn/emergence/information/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/gaussian.hpp"
#include "emdyn/emergence/information/resample.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kWindowStream = 0x544c4e00000000ULL;
/// Less variance than this share, given the signals before it, is a copy (loss and perplexity).
constexpr double kLeastOwnVariance = 1e-4;
/// A copy without noise has no finite information.
constexpr double kLeastUnexplained = 1e-12;

double information_of_correlation(double r, double bias) {
  return -0.5 * std::log(std::max(1.0 - r * r, kLeastUnexplained)) - bias;
}

/// Signals that say something of their own within the window.
Parts present_signals(const SignalsView& rows) {
  Parts changing;
  for (Eigen::Index j = 0; j < rows.cols(); ++j) {
    const bool usable = rows.col(j).allFinite() && rows.col(j).minCoeff() < rows.col(j).maxCoeff();
    if (usable) changing.push_back(static_cast<std::size_t>(j));
  }
  // Cholesky in the order of the signals: what a pivot leaves is the variance of one's own.
  const Signals standard = standardised(columns_of(rows, changing));
  const auto most = static_cast<std::size_t>(rows.rows()) / 4;  // More would not be estimable.
  Parts own;
  std::vector<Eigen::VectorXd> directions;
  for (std::size_t j = 0; j < changing.size() && own.size() < most; ++j) {
    Eigen::VectorXd rest = standard.col(static_cast<Eigen::Index>(j));
    const double all = rest.squaredNorm();
    for (const Eigen::VectorXd& direction : directions) rest -= direction.dot(rest) * direction;
    if (!(rest.squaredNorm() > kLeastOwnVariance * all)) continue;
    directions.push_back(rest.normalized());
    own.push_back(changing[j]);
  }
  return own;
}

/// Rows that are left once the memory of both signals is discounted, for the test of their
/// correlation. Source: Bartlett, "On the Theoretical Specification and Sampling Properties of
/// Autocorrelated Time-Series" (1946).
class Memory {
 public:
  explicit Memory(const Signals& standard) : rows_(standard.rows()) {
    lags_ = std::max<Eigen::Index>(1, rows_ / 4);
    correlations_ = Eigen::MatrixXd(lags_, standard.cols());
    for (Eigen::Index j = 0; j < standard.cols(); ++j) {
      for (Eigen::Index k = 1; k <= lags_; ++k) {
        correlations_(k - 1, j) =
            standard.col(j).head(rows_ - k).dot(standard.col(j).tail(rows_ - k)) /
            static_cast<double>(rows_);
      }
    }
  }

  double effective_rows(Eigen::Index i, Eigen::Index j) const {
    const auto n = static_cast<double>(rows_);
    double sum = 1.0;
    for (Eigen::Index k = 0; k < lags_; ++k) {
      const double product = correlations_(k, i) * correlations_(k, j);
      // Beyond the first product within its noise there is nothing but noise to add.
      if (std::fabs(product) < 2.0 / n) break;
      sum += 2.0 * (1.0 - static_cast<double>(k + 1) / n) * product;
    }
    return std::clamp(n / std::max(sum, 1.0), 4.0, n);
  }

 private:
  Eigen::Index rows_;
  Eigen::Index lags_ = 1;
  Eigen::MatrixXd correlations_{};
};

double correlation_p_value(double r, double freedom) {
  const double rest = std::max(1.0 - r * r, kLeastUnexplained);
  return math::fisher_f_sf(r * r * freedom / rest, 1.0, freedom);
}

void pairwise_information(InteractionWindow& window, const Signals& standard) {
  const auto n = static_cast<std::size_t>(standard.rows());
  const Eigen::MatrixXd r = standard.transpose() * standard / static_cast<double>(n);
  const Memory memory(standard);
  const double bias = 2.0 * gaussian_entropy_bias(1, n) - gaussian_entropy_bias(2, n);
  for (std::size_t a = 0; a < window.present.size(); ++a) {
    for (std::size_t b = 0; b < window.present.size(); ++b) {
      if (a == b) continue;
      const auto i = static_cast<Eigen::Index>(a);
      const auto j = static_cast<Eigen::Index>(b);
      const auto row = static_cast<Eigen::Index>(window.present[a]);
      const auto column = static_cast<Eigen::Index>(window.present[b]);
      window.mutual_information(row, column) = information_of_correlation(r(i, j), bias);
      window.mutual_information_p(row, column) =
          correlation_p_value(r(i, j), memory.effective_rows(i, j) - 2.0);
    }
  }
}

/// From each signal to each other, given one value of the target's past: partial correlations.
void pairwise_transfer(InteractionWindow& window, const Signals& rows) {
  const StepPairs steps = steps_of(rows, 1);
  const Signals before = standardised(steps.before);
  const Signals after = standardised(steps.after);
  const auto n = static_cast<std::size_t>(before.rows());
  const Eigen::MatrixXd past = before.transpose() * before / static_cast<double>(n);
  const Eigen::MatrixXd step = before.transpose() * after / static_cast<double>(n);
  const double bias =
      2.0 * gaussian_entropy_bias(2, n) - gaussian_entropy_bias(3, n) - gaussian_entropy_bias(1, n);
  for (std::size_t a = 0; a < window.present.size(); ++a) {
    for (std::size_t b = 0; b < window.present.size(); ++b) {
      if (a == b) continue;
      const auto i = static_cast<Eigen::Index>(a);
      const auto j = static_cast<Eigen::Index>(b);
      const double under = std::sqrt(std::max(1.0 - past(i, j) * past(i, j), kLeastUnexplained) *
                                     std::max(1.0 - step(j, j) * step(j, j), kLeastUnexplained));
      const double partial = (step(i, j) - past(i, j) * step(j, j)) / under;
      const double bounded = std::clamp(partial, -1.0, 1.0);
      const auto row = static_cast<Eigen::Index>(window.present[a]);
      const auto column = static_cast<Eigen::Index>(window.present[b]);
      window.transfer_entropy(row, column) = information_of_correlation(bounded, bias);
      window.transfer_entropy_p(row, column) =
          correlation_p_value(bounded, static_cast<double>(n) - 3.0);
    }
  }
}

Banded banded(double value, const std::vector<double>& surrogates, double level) {
  return {value, math::quantile(surrogates, 0.5 * (1.0 - level)),
          math::quantile(surrogates, 0.5 * (1.0 + level)), upper_p_value(value, surrogates)};
}

double two_sided_p_value(double value, const std::vector<double>& surrogates) {
  std::vector<double> turned_over;
  for (const double other : surrogates) turned_over.push_back(-other);
  return std::min(
      1.0, 2.0 * std::min(upper_p_value(value, surrogates), upper_p_value(-value, turned_over)));
}

void whole(InteractionWindow& window, const Signals& rows, const TimelineOptions& options,
           std::uint64_t number) {
  const auto n = static_cast<std::size_t>(rows.rows());
  const Togetherness together = gaussian_togetherness(covariance_of(rows), n);
  std::vector<double> total(static_cast<std::size_t>(options.surrogates));
  std::vector<double> omega(total.size());
  parallel_for(total.size(), [&](std::size_t k) {
    Philox random(static_cast<std::uint64_t>(options.seed), kWindowStream + (number << 20) + k);
    std::vector<std::size_t> shifts(static_cast<std::size_t>(rows.cols()));
    for (std::size_t& shift : shifts) shift = random_turn(n, random);
    const Togetherness parted = gaussian_togetherness(covariance_of(turned(rows, shifts)), n);
    total[k] = parted.total_correlation;
    omega[k] = parted.o_information;
  });
  window.total_correlation = banded(together.total_correlation, total, options.level);
  if (rows.cols() < 3) return;  // Ω of two is 0.
  window.o_information = banded(together.o_information, omega, options.level);
  window.o_information->p_value = two_sided_p_value(together.o_information, omega);
}

void emergence_of(InteractionWindow& window, const Signals& rows, const TimelineOptions& options) {
  EmergenceOptions criteria;
  criteria.macro = options.macro;
  criteria.estimator =
      options.macro == Macro::parity ? CriteriaEstimator::discrete : CriteriaEstimator::gaussian;
  criteria.surrogates = options.surrogates;
  criteria.blocks = 0;
  criteria.level = options.level;
  criteria.seed = options.seed;
  const EmergenceFound found = find_emergence(rows, criteria);
  window.psi =
      Banded{found.psi.value.estimate, found.psi.null_low, found.psi.null_high, found.psi.p_value};
}

void synergistic_group(InteractionWindow& window, const Signals& rows,
                       const TimelineOptions& options) {
  GroupSearchOptions search;
  search.largest = std::min(options.largest_group, static_cast<std::int64_t>(rows.cols()));
  if (search.largest < 3) return;
  search.samples = rows.rows();
  search.chains = 4;
  search.moves = 500;
  search.seed = options.seed;
  FoundGroup found = find_group(covariance_of(rows), search);
  if (found.group.empty()) return;
  for (std::size_t& member : found.group) member = window.present[member];
  window.synergy = std::move(found);
}

InteractionWindow window_of(const SignalsView& rows, const TimelineOptions& options,
                            std::uint64_t number) {
  InteractionWindow window;
  const Signals changes = options.differences ? differenced(rows) : Signals(rows);
  window.present = present_signals(changes);
  const Eigen::MatrixXd blank = Eigen::MatrixXd::Constant(rows.cols(), rows.cols(), kNan);
  window.mutual_information = window.mutual_information_p = blank;
  window.transfer_entropy = window.transfer_entropy_p = blank;
  if (window.present.size() < 2) {
    window.note = fmt::format("{} signals change without gaps in this window; 2 are needed",
                              window.present.size());
    return window;
  }
  Signals taken = columns_of(changes, window.present);
  if (options.copula) taken = normal_scores(taken);
  pairwise_information(window, standardised(taken));
  pairwise_transfer(window, taken);
  try {
    whole(window, taken, options, number);
    emergence_of(window, taken, options);
    synergistic_group(window, taken, options);
  } catch (const DataError& error) {
    // Turned copies of one signal, or ranks of few different values, may be singular.
    window.note = error.what();
  }
  return window;
}

/// End of the first window of a stretch as long as two windows, all above their bands.
std::optional<double> sustained(const std::vector<InteractionWindow>& windows, std::size_t needed,
                                std::optional<Banded> InteractionWindow::*member) {
  std::size_t stretch = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const std::optional<Banded>& banded = windows[i].*member;
    stretch = banded && banded->value > banded->high ? stretch + 1 : 0;
    if (stretch == needed) return windows[i + 1 - needed].end;
  }
  return std::nullopt;
}

void require_positions(std::span<const double> positions, std::size_t rows) {
  if (positions.size() != rows) {
    throw DataError(
        fmt::format("interaction_timeline: {} positions for {} rows", positions.size(), rows));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    if (!std::isfinite(positions[i]) || (i > 0 && positions[i] < positions[i - 1])) {
      throw DataError(fmt::format(
          "interaction_timeline: position {} is {}; positions must be finite and not go back", i,
          positions[i]));
    }
  }
}

}  // namespace

InteractionTimeline interaction_timeline(const SignalsView& signals,
                                         std::span<const double> positions,
                                         const TimelineOptions& options) {
  checked(TimelineOptions::kName, kTimelineFields, options);
  if (signals.cols() < 2) {
    throw DataError(
        fmt::format("interaction_timeline: {} signals were given; 2 are needed", signals.cols()));
  }
  require_positions(positions, static_cast<std::size_t>(signals.rows()));
  InteractionTimeline timeline;
  timeline.signals = static_cast<std::size_t>(signals.cols());
  timeline.rows = positions.size();
  const auto length = static_cast<std::size_t>(options.window);
  const std::size_t stride = options.stride > 0 ? static_cast<std::size_t>(options.stride)
                                                : std::max<std::size_t>(1, length / 4);
  if (timeline.rows < length) {
    timeline.note = fmt::format("{} rows; one window of {} is needed", timeline.rows, length);
    return timeline;
  }
  timeline.windows.resize((timeline.rows - length) / stride + 1);
  parallel_for(timeline.windows.size(), [&](std::size_t i) {
    const std::size_t first = i * stride;
    InteractionWindow& window = timeline.windows[i];
    window =
        window_of(signals.middleRows(static_cast<Eigen::Index>(first), options.window), options, i);
    window.begin = positions[first];
    window.end = positions[first + length - 1];
  });
  const std::size_t needed = (length + stride - 1) / stride + 1;
  timeline.together_since =
      sustained(timeline.windows, needed, &InteractionWindow::total_correlation);
  timeline.emergent_since = sustained(timeline.windows, needed, &InteractionWindow::psi);
  return timeline;
}

}  // namespace emdyn::emergence::information
