#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/bounded_vector.hpp"
#include "emdyn/core/field.hpp"
#include "emdyn/detect/level/baseline.hpp"
#include "emdyn/detect/level/bocpd_runs.hpp"

namespace emdyn::detect {

/// Bayesian online change-point detection: the posterior of the run length, the samples since the
/// last change of mean or variance, under a normal-inverse-gamma prior. The prior is scaled on the
/// first samples. Run lengths of negligible probability are dropped, at most `most_runs` are kept.
///
/// The score is the odds that the current run is recent: younger than `recent_samples` and than
/// half of what came before. At 1 a recent change is as likely as none. (The probability of run
/// length 0 alone is always the hazard, whatever the data: it is never used.)
///
/// Cost: O(most_runs) a sample, all run lengths in vector registers; 40 bytes a run length.
/// Source: Adams & MacKay, "Bayesian Online Changepoint Detection" (2007); Fearnhead & Liu,
/// "On-line Inference for Multiple Changepoint Problems", JRSS B 69 (2007), the pruning.
class Bocpd {
 public:
  static constexpr std::string_view kName = "bocpd";
  static constexpr std::string_view kSummary =
      "BOCPD: posterior odds of a recent change of mean or variance";
  static constexpr std::string_view kPaper =
      "Adams & MacKay, Bayesian Online Changepoint Detection, 2007";
  static constexpr std::string_view kCost = "O(run lengths kept)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;

  struct Config {
    double hazard = 0.01;              ///< Chance of a change at any sample, in (0, 1).
    std::int64_t scale_samples = 20;   ///< Warm-up that scales the prior; 0: not scaled.
    std::int64_t recent_samples = 50;  ///< A younger run is a recent change.
    std::int64_t most_runs = 64;       ///< Run lengths kept.
    double negligible = 1e-6;          ///< Probability below which a run length is dropped.
    double prior_kappa = 1.0;          ///< Samples the prior mean is worth; > 0.
    double prior_alpha = 1.0;          ///< Half the samples the prior variance is worth; > 0.
    double prior_beta = 1.0;           ///< Scale of the prior variance, in scaled units; > 0.
    bool operator==(const Config&) const = default;
  };

  static constexpr std::array kFields{
      Field<Config>{"hazard", &Config::hazard, 1e-9, 0.5, "chance of a change at any sample"},
      Field<Config>{"scale_samples", &Config::scale_samples, 0, 1e4,
                    "first samples that scale the prior; 0: not scaled"},
      Field<Config>{"recent_samples", &Config::recent_samples, 2, 1e6,
                    "a run younger than this is a recent change"},
      Field<Config>{"most_runs", &Config::most_runs, 8, 1e5, "run lengths kept"},
      Field<Config>{"negligible", &Config::negligible, 0.0, 0.01,
                    "probability below which a run length is dropped"},
      Field<Config>{"prior_kappa", &Config::prior_kappa, 1e-6, 1e6,
                    "samples the prior mean is worth"},
      Field<Config>{"prior_alpha", &Config::prior_alpha, 0.5, 1e6,
                    "half the samples the prior variance is worth"},
      Field<Config>{"prior_beta", &Config::prior_beta, 1e-6, 1e6,
                    "scale of the prior variance, in scaled units"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Bocpd(const Config& config);

  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  /// The likeliest run becomes what came before.
  void rearm() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return scale_.ready(); }
  Evidence evidence() const noexcept;

  /// P(run length = r) for r = 0, 1, …; 0 where it was dropped.
  double run_length_probability(std::uint64_t length) const noexcept;
  /// The likeliest run length, in samples.
  std::uint64_t likeliest_run() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.scale_, self.early_, self.runs_, self.age_, self.score_);
    archive.require(self.score_ >= 0.0 && self.consistent());
  }
  bool operator==(const Bocpd&) const = default;

 private:
  void observe(double sample) noexcept;
  double recent_limit() const noexcept;
  bool consistent() const noexcept;

  Config config_;
  Baseline scale_;
  BoundedVector<double> early_;
  BocpdRuns runs_;
  std::uint64_t age_ = 0;  // Samples since the stream began or the last accepted change.
  double score_ = 0.0;
};

static_assert(Detector<Bocpd>);

}  // namespace emdyn::detect
