#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/rows/covariance.hpp"

namespace emdyn::detect {

/// Principal components of standardised rows, all rows alike, and the two statistics of statistical process control
/// beside them: Hotelling's T², the distance within the subspace of the components, and Q, the squared error of the
/// row's reconstruction from them (squared prediction error). Components are as many as hold `variance` of the
/// variance, one at least, taken anew each 32 rows.
///
/// Limits: of T² a(n² - 1)/(n(n - a)) F(a, n - a), the law of a new row beside n earlier normal ones; of Q that of
/// Jackson & Mudholkar, from the first three moments of the eigenvalues left out.
class PcaModel {
 public:
  struct Limits {
    double t2 = 1.0;
    double q = 0.0;  ///< 0: no variance is left out.
    bool operator==(const Limits&) const = default;
  };

  PcaModel(std::size_t channels, double variance, double alpha);

  /// In units of their limits; 0 for Q where nothing is left out.
  double t2(std::span<const double> z) const noexcept;
  double q(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void fit() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return fitted_ && covariance_.weight() >= enough_; }
  std::size_t components() const noexcept { return static_cast<std::size_t>(components_); }
  const Limits& limits() const noexcept { return limits_; }
  std::span<const double> eigenvalues() const noexcept { return values_; }

  /// Jackson & Mudholkar's limit of Q at `alpha` for these eigenvalues left out; 0 where they sum to 0.
  static double q_limit(std::span<const double> left_out, double alpha) noexcept;
  /// The limit of T² of a new row at `alpha`, of `components` estimated from `rows` > components.
  static double t2_limit(std::size_t components, double rows, double alpha) noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.covariance_, self.values_, self.vectors_, self.centre_, self.components_);
    archive(self.limits_.t2, self.limits_.q, self.rows_, self.fitted_);
    archive.require(self.centre_.size() >= self.components_);
    archive.require(self.limits_.t2 > 0.0 && self.limits_.q >= 0.0);
    for (std::size_t i = 0; i < self.components_ && i < self.values_.size(); ++i) {
      archive.require(self.values_[i] > 0.0);
    }
  }
  bool operator==(const PcaModel&) const = default;

 private:
  double along(std::size_t component, std::span<const double> z) const noexcept;

  double variance_;
  double alpha_;
  double enough_;
  ShrunkCovariance covariance_;
  std::vector<double> work_;
  std::vector<double> values_;   // Eigenvalues, falling.
  std::vector<double> vectors_;  // [component][channel]
  std::vector<double> centre_;
  std::uint64_t components_ = 0;
  Limits limits_{};
  std::uint64_t rows_ = 0;
  bool fitted_ = false;
};

/// Which statistic a chart shows. `share` is the part of alpha that each has.
struct T2Form {
  static constexpr std::string_view kName = "pca_t2";
  static constexpr std::string_view kSummary =
      "Hotelling's T2: rows far out within the principal components";
  static constexpr std::string_view kPaper = "Hotelling, Multivariate Quality Control, 1947";
  static constexpr double kShare = 1.0;
  static double of(const PcaModel& model, std::span<const double> z) noexcept {
    return model.t2(z);
  }
};
struct QForm {
  static constexpr std::string_view kName = "pca_q";
  static constexpr std::string_view kSummary =
      "Q, the squared prediction error: rows off the principal components";
  static constexpr std::string_view kPaper =
      "Jackson & Mudholkar, Control Procedures for Residuals, Technometrics 21, 1979";
  static constexpr double kShare = 1.0;
  static double of(const PcaModel& model, std::span<const double> z) noexcept { return model.q(z); }
};
struct T2QForm {
  static constexpr std::string_view kName = "pca_t2_q";
  static constexpr std::string_view kSummary =
      "T2 and Q together: rows far out within the principal components, or off them";
  static constexpr std::string_view kPaper =
      "Jackson & Mudholkar, Control Procedures for Residuals, Technometrics 21, 1979";
  static constexpr double kShare = 0.5;
  static double of(const PcaModel& model, std::span<const double> z) noexcept {
    return std::max(model.t2(z), model.q(z));
  }
};

/// A chart of T², of Q, or of the larger of both, each in units of its limit; they do not forget: made for a reference
/// (detect::Reference), where IncrementalPca follows what changes slowly.
///
/// statistic: see PcaModel; ready after 30 rows and 3 per channel.
/// Cost: O(channels²), O(channels³) each 32 rows while learning.
/// Source: Hotelling 1947; Jackson & Mudholkar, "Control Procedures for Residuals Associated with Principal Component
/// Analysis", Technometrics 21 (1979); of the two together Kourti & MacGregor, Chemometrics 28 (1995).
template <class Form>
class PcaChart {
 public:
  static constexpr std::string_view kName = Form::kName;
  static constexpr std::string_view kSummary = Form::kSummary;
  static constexpr std::string_view kPaper = Form::kPaper;
  static constexpr std::string_view kCost = "O(channels^2)";
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kOwnThreshold = true;

  struct Config {
    double variance = 0.9;  ///< Cumulative share of the variance that the components hold.
    double alpha = 1e-3;    ///< Chance of a score above 1 for normal rows.
  };
  static constexpr std::array kFields{
      Field<Config>{"variance", &Config::variance, 0.1, 0.9999,
                    "cumulative share of the variance that the components hold"},
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "chance of a score above 1"},
  };

  /// @throws ConfigError if a field is out of range.
  PcaChart(const Config& config, std::size_t channels)
      : model_(channels, checked(kName, kFields, config).variance, Form::kShare * config.alpha) {}

  double statistic(std::span<const double> z) const noexcept { return Form::of(model_, z); }
  void learn(std::span<const double> z) noexcept { model_.learn(z); }
  void settle() noexcept { model_.fit(); }
  void reset() noexcept { model_.reset(); }
  bool ready() const noexcept { return model_.ready(); }
  const PcaModel& model() const noexcept { return model_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.model_);
  }
  bool operator==(const PcaChart&) const = default;

 private:
  PcaModel model_;
};

using PcaT2 = PcaChart<T2Form>;
using PcaQ = PcaChart<QForm>;
using PcaT2Q = PcaChart<T2QForm>;

}  // namespace emdyn::detect
