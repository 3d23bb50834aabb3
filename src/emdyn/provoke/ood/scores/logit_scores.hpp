#pragma once
#include <array>
#include <string_view>

#include "emdyn/provoke/ood/contract/inputs.hpp"
#include "emdyn/provoke/ood/contract/settings.hpp"

/// Scores that read a sample's logits only and learn nothing from data.
namespace emdyn::provoke::ood {

/// What the scores of this file have in common.
struct LogitScore {
  static constexpr Inputs kFitNeeds{};
  static constexpr Inputs kScoreNeeds{.logits = true};
  static constexpr bool kBank = false;
  void learn(const TrainingSet&, const Shape&) noexcept {}
  bool valid(const Shape&) const noexcept { return true; }
  template <class Self, class Archive>
  static void state(Self&, Archive&) {}
};

/// Maximum softmax probability. Source: Hendrycks, Gimpel, "A Baseline for Detecting Misclassified
/// and Out-of-Distribution Examples in Neural Networks", ICLR 2017.
class Msp : public LogitScore {
 public:
  static constexpr std::string_view kName = "msp";
  static constexpr std::string_view kSummary = "greatest softmax probability";
  static constexpr std::string_view kPaper = "Hendrycks, Gimpel, arXiv 1610.02136";
  static constexpr std::string_view kCost = "K";
  using Config = NoConfig;
  static constexpr auto& kFields = kNoFields;
  explicit Msp(const Config&) noexcept {}
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const noexcept;
};

/// Greatest logit. Source: Hendrycks et al., "Scaling Out-of-Distribution Detection for Real-World
/// Settings", ICML 2022.
class MaxLogit : public LogitScore {
 public:
  static constexpr std::string_view kName = "max_logit";
  static constexpr std::string_view kSummary = "greatest logit";
  static constexpr std::string_view kPaper = "Hendrycks et al., arXiv 1911.11132";
  static constexpr std::string_view kCost = "K";
  using Config = NoConfig;
  static constexpr auto& kFields = kNoFields;
  explicit MaxLogit(const Config&) noexcept {}
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const noexcept;
};

/// Negative free energy T·ln Σ exp(logit / T). Source: Liu et al., "Energy-based
/// Out-of-distribution Detection", NeurIPS 2020.
class Energy : public LogitScore {
 public:
  static constexpr std::string_view kName = "energy";
  static constexpr std::string_view kSummary = "negative free energy of the logits";
  static constexpr std::string_view kPaper = "Liu et al., arXiv 2010.03759";
  static constexpr std::string_view kCost = "K";
  struct Config {
    double temperature = 1.0;
  };
  static constexpr std::array kFields{
      temperature_field<Config>("divides the logits; 1 as in the paper")};
  explicit Energy(const Config& config);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const noexcept;

 private:
  double temperature_;
};

/// Generalised entropy −Σ p^γ (1 − p)^γ over the M greatest probabilities. Source: Liu, Lochman,
/// Zach, "GEN: Pushing the Limits of Softmax-Based Out-of-Distribution Detection", CVPR 2023.
class Gen : public LogitScore {
 public:
  static constexpr std::string_view kName = "gen";
  static constexpr std::string_view kSummary = "generalised entropy of the greatest probabilities";
  static constexpr std::string_view kPaper = "Liu, Lochman, Zach, GEN, CVPR 2023";
  static constexpr std::string_view kCost = "K log K";
  struct Config {
    double gamma = 0.1;
    std::int64_t classes_most = 100;
  };
  static constexpr std::array kFields{
      Field<Config>{"gamma", &Config::gamma, 1e-3, 1.0, "exponent; 0.1 as in the paper"},
      Field<Config>{"classes_most", &Config::classes_most, 1, 1e6,
                    "how many of the greatest probabilities count; 100 as in the paper"}};
  explicit Gen(const Config& config);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;

 private:
  double gamma_;
  std::size_t classes_most_;
};

/// The temperature half of ODIN: the greatest softmax probability of logits / T. The other half, a
/// step of the input along its gradient (noise 0.0014), needs the network: score the logits of the
/// moved input. Source: Liang, Li, Srikant, "Enhancing The Reliability of Out-of-distribution Image
/// Detection in Neural Networks", ICLR 2018.
class OdinTemperature : public LogitScore {
 public:
  static constexpr std::string_view kName = "odin_temperature";
  static constexpr std::string_view kSummary =
      "softmax probability at a high temperature (ODIN without its input step)";
  static constexpr std::string_view kMoved = "odin";
  static constexpr std::string_view kPaper = "Liang, Li, Srikant, arXiv 1706.02690";
  static constexpr std::string_view kCost = "K";
  struct Config {
    double temperature = 1000.0;
  };
  static constexpr std::array kFields{
      temperature_field<Config>("divides the logits; 1000 as in the paper")};
  explicit OdinTemperature(const Config& config);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const noexcept;

 private:
  double temperature_;
};

}  // namespace emdyn::provoke::ood
