#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/information/discrete.hpp"
#include "emdyn/emergence/information/signals.hpp"
#include "emdyn/series/interaction.hpp"

namespace emdyn::emergence::information {

/// - gaussian: closed form of the covariance, bias taken off; sees linear dependence only.
/// - gaussian_copula: the same of normal scores; any marginals, monotone dependence.
/// - ksg1, ksg2: nearest neighbours; any dependence, many samples, ties parted by jitter.
/// - discrete: counts, bias taken off; symbols, or `bins` classes of equal frequency.
enum class Estimator { gaussian, gaussian_copula, ksg1, ksg2, discrete };
inline constexpr std::array<std::string_view, 5> kEstimatorWords{"gaussian", "gaussian_copula",
                                                                 "ksg1", "ksg2", "discrete"};

/// What the value is compared with.
/// - automatic: analytic where Z holds the past and the estimator has a law, else circular_shift.
/// - none: no p-value.
/// - analytic: F or chi-squared. Takes rows for independent: right for transfer entropy with a
///   history that is long enough, wrong for the plain information of signals with memory.
/// - shuffle: the rows of X in random order: X keeps its values, loses its memory.
/// - circular_shift: the rows of X turned by a random number of rows: X keeps its memory too.
/// Both surrogates also part X from Z.
enum class NullKind { automatic, none, analytic, shuffle, circular_shift };
inline constexpr std::array<std::string_view, 5> kNullKindWords{"automatic", "none", "analytic",
                                                                "shuffle", "circular_shift"};

struct EstimateOptions {
  Estimator estimator = Estimator::gaussian_copula;
  std::int64_t neighbours = 4;  ///< Of ksg1 and ksg2.
  std::int64_t bins = 0;        ///< Of discrete; 0: every different value is a symbol.
  BiasCorrection correction = BiasCorrection::miller_madow;  ///< Of discrete.
  NullKind null = NullKind::automatic;
  std::int64_t surrogates = 199;
  std::int64_t blocks = 20;  ///< Of the jackknife; 0: no interval.
  double level = 0.9;        ///< Of the interval.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "information";
};

inline constexpr std::array kEstimateFields{
    enum_field<&EstimateOptions::estimator, EstimateOptions>("estimator", kEstimatorWords,
                                                             "how information is estimated"),
    Field<EstimateOptions>{"neighbours", &EstimateOptions::neighbours, 1, 1000,
                           "nearest neighbours of ksg1 and ksg2"},
    Field<EstimateOptions>{"bins", &EstimateOptions::bins, 0, 1000,
                           "classes of the discrete estimator, 0: every value is a symbol"},
    enum_field<&EstimateOptions::correction, EstimateOptions>(
        "correction", kBiasCorrectionWords, "bias correction of the discrete estimator"),
    enum_field<&EstimateOptions::null, EstimateOptions>("null", kNullKindWords,
                                                        "what the value is compared with"),
    Field<EstimateOptions>{"surrogates", &EstimateOptions::surrogates, 19, 100000,
                           "shuffled or turned copies for the p-value"},
    Field<EstimateOptions>{"blocks", &EstimateOptions::blocks, 0, 1000,
                           "blocks left out one by one for the interval, 0: none"},
    Field<EstimateOptions>{"level", &EstimateOptions::level, 0.5, 0.999,
                           "chance that the interval holds the truth"},
    Field<EstimateOptions>{"seed", &EstimateOptions::seed, 0, 9e15, "of surrogates and jitter"},
};

/// The rows of X, Y and Z; Z without columns is no condition. Every pairwise measure is
/// I(X;Y|Z) of some rows.
struct JointRows {
  Signals x{};
  Signals y{};
  Signals z{};
  Eigen::Index count() const noexcept { return x.rows(); }
  std::size_t dimensions() const noexcept {
    return static_cast<std::size_t>(x.cols() + y.cols() + z.cols());
  }
};

/// Rows below which an estimate would be arithmetic, not evidence.
std::size_t fewest_rows(std::size_t dimensions, const EstimateOptions& options);

/// I(X;Y|Z), bias taken off; may be slightly negative where there is none.
/// @throws DataError for rows that cannot be used, ConfigError for options out of range.
double information_of(const JointRows& rows, const EstimateOptions& options);

/// The value with its p-value and interval.
struct Measured {
  double value = 0.0;
  std::optional<double> p_value{};
  NullKind null = NullKind::none;  ///< What the p-value compares with.
  series::Interval interval{};     ///< Open ends without a jackknife.
};

/// @param past whether Z holds the past of Y, so that rows are as good as independent given it.
Measured measured(const JointRows& rows, bool past, const EstimateOptions& options);

/// The record of such a value.
series::Interaction record(std::vector<std::string> parts, std::string_view measure,
                           const Measured& value, const EstimateOptions& options);

/// I(X;Y) of two signals, or of two groups of columns.
Measured mutual_information(const SignalsView& x, const SignalsView& y,
                            const EstimateOptions& options = {});
/// I(X;Y|Z).
Measured conditional_mutual_information(const SignalsView& x, const SignalsView& y,
                                        const SignalsView& z, const EstimateOptions& options = {});

}  // namespace emdyn::emergence::information
