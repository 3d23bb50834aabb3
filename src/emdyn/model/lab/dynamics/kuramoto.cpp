#include "emdyn/model/lab/dynamics/kuramoto.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/model/lab/dynamics/polynomial.hpp"
#include "emdyn/model/lab/dynamics/simulation.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

constexpr double kLeastOrder = 0.25;  // Below it finite size rounds the transition.
constexpr double kMostOrder = 0.8;    // Above it the quadratic no longer follows.

double density_at_0(const KuramotoConfig& config) {
  return config.frequencies == FrequencyLaw::lorentzian
             ? 1.0 / (std::numbers::pi * config.spread)
             : 1.0 / (config.spread * std::sqrt(2.0 * std::numbers::pi));
}

std::vector<double> natural_frequencies(const KuramotoConfig& config) {
  const auto n = static_cast<std::size_t>(config.oscillators);
  std::vector<double> list(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    list[i] = config.spread * (config.frequencies == FrequencyLaw::lorentzian
                                   ? std::tan(std::numbers::pi * (p - 0.5))
                                   : math::normal_quantile(p));
  }
  return list;
}

class KuramotoLab final : public Simulation {
 public:
  explicit KuramotoLab(const KuramotoConfig& config)
      : Simulation({"kuramoto",
                    config_json(kKuramotoFields, config),
                    config.seed,
                    config.steps,
                    {{"coupling", "K"},
                     {"order", "mean length of the mean phase vector, r"},
                     {"order_fluctuation", "oscillators times the variance of r"},
                     {"locked_share", "of oscillators with |frequency| <= K r"}}}),
        config_(config),
        frequencies_(natural_frequencies(config)),
        phases_(frequencies_.size()),
        slopes_(frequencies_.size()),
        cosines_(frequencies_.size()),
        sines_(frequencies_.size()) {}

 protected:
  void step(std::int64_t step, std::span<double> values) override {
    const double coupling =
        sweep_value(config_.coupling_low, config_.coupling_high, config_.steps, step);
    Philox random(static_cast<std::uint64_t>(config_.seed), static_cast<std::uint64_t>(step));
    for (double& phase : phases_) phase = 0.5 * random.normal();
    const auto settling = static_cast<std::int64_t>(config_.settle / config_.dt);
    const auto observed =
        std::max<std::int64_t>(2, static_cast<std::int64_t>(config_.observe / config_.dt));
    for (std::int64_t i = 0; i < settling; ++i) advance(coupling);
    math::Moments order;
    for (std::int64_t i = 0; i < observed; ++i) order.add(advance(coupling));
    const auto n = static_cast<double>(frequencies_.size());
    const double r = order.mean();
    const auto locked =
        std::ranges::count_if(frequencies_, [&](double w) { return std::fabs(w) <= coupling * r; });
    values[0] = coupling;
    values[1] = r;
    values[2] = n * order.variance();
    values[3] = static_cast<double>(locked) / n;
    if (r > kLeastOrder && r < kMostOrder) {
      squares_.push_back(r * r);
      inverses_.push_back(1.0 / coupling);
    }
  }

  void finish(ExperimentResult& result) const override {
    const double critical = 2.0 / (std::numbers::pi * density_at_0(config_));
    result.data["critical_coupling"] = critical;
    // A Lorentzian is exactly linear; others bend a little.
    const std::size_t degree = config_.frequencies == FrequencyLaw::lorentzian ? 1 : 2;
    const auto fit = fit_polynomial(squares_, inverses_, degree);
    if (!fit) return;
    const double estimate = 1.0 / fit->coefficients[0];
    const double half = 1.645 * fit->errors[0] * estimate * estimate;
    result.truth.push_back({"critical coupling",
                            critical,
                            {estimate - half, estimate, estimate + half, 0.9},
                            "Kuramoto (1975): 2/(pi g(0))"});
  }

 private:
  struct MeanPhase {
    double cosine = 0.0, sine = 0.0;
  };
  /// Of the phases now; keeps their cosines and sines.
  MeanPhase mean_phase() {
    MeanPhase mean;
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      mean.cosine += cosines_[i] = std::cos(phases_[i]);
      mean.sine += sines_[i] = std::sin(phases_[i]);
    }
    mean.cosine /= static_cast<double>(phases_.size());
    mean.sine /= static_cast<double>(phases_.size());
    return mean;
  }
  /// One Heun step; @return r before it.
  double advance(double coupling) {
    const MeanPhase now = mean_phase();
    const double h = config_.dt;
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      slopes_[i] = frequencies_[i] + coupling * (now.sine * cosines_[i] - now.cosine * sines_[i]);
      phases_[i] += h * slopes_[i];
    }
    const MeanPhase ahead = mean_phase();
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      const double slope =
          frequencies_[i] + coupling * (ahead.sine * cosines_[i] - ahead.cosine * sines_[i]);
      phases_[i] += 0.5 * h * (slope - slopes_[i]);
      if (std::fabs(phases_[i]) > 1e3)
        phases_[i] = std::remainder(phases_[i], 2 * std::numbers::pi);
    }
    return std::hypot(now.cosine, now.sine);
  }

  KuramotoConfig config_;
  std::vector<double> frequencies_, phases_, slopes_, cosines_, sines_;
  std::vector<double> squares_{}, inverses_{};
};

}  // namespace

std::unique_ptr<Experiment> make_kuramoto(const Params& params) {
  KuramotoConfig config;
  apply_params("kuramoto", kKuramotoFields, params, config);
  if (config.coupling_low > config.coupling_high) {
    throw ConfigError("kuramoto.coupling_low must not exceed kuramoto.coupling_high");
  }
  return std::make_unique<KuramotoLab>(config);
}

}  // namespace emdyn::model::lab::dynamics
