#include "emdyn/model/lab/dynamics/bifurcation.hpp"

#include <cmath>
#include <complex>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/model/lab/dynamics/simulation.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

using Complex = std::complex<double>;

constexpr double kFloor = -1.5;  ///< Where a fallen fold is held.
constexpr std::uint64_t kNoiseStream = 0x534445;
constexpr std::size_t kTruthBlocks = 20;  ///< For the interval of what was measured.
constexpr std::size_t kFewestInBlock = 50;

/// Lag-1 autocorrelation and variance of blocks of a series, one of each a block; the mean is that of
/// all, so that blocks add no bias of their own.
struct BlockMoments {
  std::vector<double> autocorrelation{}, variance{};
};

BlockMoments block_moments(const std::vector<double>& series) {
  math::Moments all;
  for (const double x : series) all.add(x);
  const std::size_t length = series.size() / kTruthBlocks;
  BlockMoments out;
  for (std::size_t b = 0; b < kTruthBlocks && length >= kFewestInBlock; ++b) {
    double square = 0.0, lagged = 0.0;
    for (std::size_t t = b * length; t + 1 < (b + 1) * length; ++t) {
      const double now = series[t] - all.mean();
      square += now * now;
      lagged += now * (series[t + 1] - all.mean());
    }
    out.autocorrelation.push_back(lagged / square);
    out.variance.push_back(square / static_cast<double>(length - 1));
  }
  return out;
}

void tell_linear_truth(ExperimentResult& result, const std::vector<double>& series,
                       double autocorrelation, double variance, std::string_view source) {
  const BlockMoments found = block_moments(series);
  if (found.variance.empty()) return;
  result.truth.push_back({"lag-1 autocorrelation", autocorrelation,
                          interval_of(found.autocorrelation), std::string(source)});
  result.truth.push_back({"variance", variance, interval_of(found.variance), std::string(source)});
}

std::vector<SignalInfo> signals_of(Bifurcation kind) {
  std::vector<SignalInfo> list{{"state", "the coordinate x"},
                               {"control", "the control parameter; the bifurcation is at 0"}};
  if (kind == Bifurcation::hopf) {
    list.push_back({"quadrature", "the imaginary part of z"});
    list.push_back({"radius", "|z|"});
  }
  return list;
}

class BifurcationLab final : public Simulation {
 public:
  BifurcationLab(Bifurcation kind, const BifurcationConfig& config)
      : Simulation({kBifurcationWords[static_cast<std::size_t>(kind)],
                    config_json(kBifurcationFields, config), config.seed, config.steps,
                    signals_of(kind)}),
        kind_(kind),
        config_(config),
        random_(static_cast<std::uint64_t>(config.seed), kNoiseStream) {
    state_ = equilibrium(config.start);
    // The first row is a sample of the stationary law, not the equilibrium itself.
    const auto settling = static_cast<std::int64_t>(10.0 / (rate(config.start) * config.dt)) + 1;
    for (std::int64_t i = 0; i < std::min<std::int64_t>(settling, 10000); ++i)
      advance(config.start);
  }

 protected:
  void step(std::int64_t step, std::span<double> values) override {
    const double control = sweep_value(config_.start, config_.end, config_.steps, step);
    if (step > 0) advance(control);
    values[0] = state_.real();
    values[1] = control;
    if (kind_ == Bifurcation::hopf) {
      values[2] = state_.imag();
      values[3] = std::abs(state_);
    }
    series_.push_back(state_.real());
    if (kind_ == Bifurcation::fold && state_.real() < -0.5 && fell_at_ < 0) fell_at_ = step;
  }

  void finish(ExperimentResult& result) const override {
    result.data = Json{{"bifurcation_step", nullptr}, {"fell_at_step", nullptr}};
    if (config_.end <= 0.0 && config_.start > config_.end) {
      result.data["bifurcation_step"] =
          config_.start / (config_.start - config_.end) * static_cast<double>(config_.steps - 1);
    }
    if (fell_at_ >= 0) result.data["fell_at_step"] = fell_at_;
    if (config_.start != config_.end) return;
    const double slow = rate(config_.start);
    double correlation = std::exp(-slow * config_.dt);
    if (kind_ == Bifurcation::hopf) correlation *= std::cos(config_.frequency * config_.dt);
    tell_linear_truth(result, series_, correlation, config_.noise * config_.noise / (2.0 * slow),
                      "linearised about the equilibrium (Scheffer et al. 2009)");
  }

 private:
  double rate(double control) const {
    return kind_ == Bifurcation::fold ? 2.0 * std::sqrt(control) : control;
  }
  Complex equilibrium(double control) const {
    if (kind_ == Bifurcation::fold) return std::sqrt(control);
    return kind_ == Bifurcation::hopf ? 0.0 : control;
  }
  Complex drift(Complex z, double control) const {
    const double x = z.real();
    if (kind_ == Bifurcation::fold) return control - x * x;
    if (kind_ == Bifurcation::transcritical) return control * x - x * x;
    return Complex(-control, config_.frequency) * z - std::norm(z) * z;
  }
  void advance(double control) {
    const double h = config_.dt / static_cast<double>(config_.substeps);
    const double kick = config_.noise * std::sqrt(h);
    for (std::int64_t i = 0; i < config_.substeps; ++i) {
      const double first = random_.normal();
      const Complex push =
          kind_ == Bifurcation::hopf ? Complex(first, random_.normal()) * kick : first * kick;
      const Complex slope = drift(state_, control);
      const Complex ahead = drift(state_ + h * slope + push, control);
      state_ += 0.5 * h * (slope + ahead) + push;
      if (kind_ == Bifurcation::transcritical) state_ = std::fabs(state_.real());
      if (kind_ == Bifurcation::fold && state_.real() < kFloor)
        state_ = std::min(2.0 * kFloor - state_.real(), 0.0);
    }
  }

  Bifurcation kind_;
  BifurcationConfig config_;
  Philox random_;
  Complex state_{};
  std::vector<double> series_{};
  std::int64_t fell_at_ = -1;
};

class NullLab final : public Simulation {
 public:
  explicit NullLab(const NullConfig& config)
      : Simulation({"no_transition",
                    config_json(kNullFields, config),
                    config.seed,
                    config.steps,
                    {{"state", "the coordinate x"}, {"control", "the rate of recovery"}}}),
        config_(config),
        random_(static_cast<std::uint64_t>(config.seed), kNoiseStream),
        state_(deviation(0) * random_.normal()) {}

 protected:
  void step(std::int64_t step, std::span<double> values) override {
    const double keep = std::exp(-config_.rate * config_.dt);
    if (step > 0)
      state_ = keep * state_ + deviation(step) * std::sqrt(1.0 - keep * keep) * random_.normal();
    values[0] = state_;
    values[1] = config_.rate;
    series_.push_back(state_);
  }

  void finish(ExperimentResult& result) const override {
    if (config_.growth != 1.0) return;
    tell_linear_truth(result, series_, std::exp(-config_.rate * config_.dt),
                      deviation(0) * deviation(0), "Ornstein and Uhlenbeck (1930)");
  }

 private:
  /// Stationary deviation with the noise of a step.
  double deviation(std::int64_t step) const {
    const double along = sweep_value(0.0, 1.0, config_.steps, step);
    return config_.noise * std::pow(config_.growth, along) / std::sqrt(2.0 * config_.rate);
  }

  NullConfig config_;
  Philox random_;
  double state_;
  std::vector<double> series_{};
};

}  // namespace

std::unique_ptr<Experiment> make_bifurcation(Bifurcation kind, const Params& params) {
  BifurcationConfig config;
  apply_params(kBifurcationWords[static_cast<std::size_t>(kind)], kBifurcationFields, params,
               config);
  return std::make_unique<BifurcationLab>(kind, config);
}

std::unique_ptr<Experiment> make_null(const Params& params) {
  NullConfig config;
  apply_params("no_transition", kNullFields, params, config);
  return std::make_unique<NullLab>(config);
}

}  // namespace emdyn::model::lab::dynamics
