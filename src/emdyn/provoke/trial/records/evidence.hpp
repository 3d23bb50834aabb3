#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/emergence/transition/fitted.hpp"
#include "emdyn/series/records.hpp"

/// What a stress test found: plain records, without a network behind them and without a page. All
/// texts are untrusted.
namespace emdyn::provoke::trial {

/// An image as [channel, height, width] in [0, 1]; one channel or three.
struct Picture {
  std::size_t channels = 1;
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<float> values{};
};

struct AttackFinding {
  std::string name{};
  std::uint64_t errors = 0;  ///< Examples misclassified under it, those wrong without it included.
  std::uint64_t forward = 0;
  std::uint64_t gradient = 0;
  double seconds = 0.0;
  std::string settings{};
};

/// A curve with what the transition fit says of it.
struct CurveFinding {
  series::StressCurve curve{};
  std::optional<emergence::FittedTransition> transition{};
  std::string words{};  ///< How the fit was judged, or why none was made.
};

/// Error rates of one corruption at severities 1 to 5.
struct CorruptionFinding {
  std::string name{};
  std::array<double, 5> error_rate{};
};

/// One out-of-distribution score against one set of strange inputs.
struct OodFinding {
  std::string score{};
  std::string set{};
  double auroc = 0.5;
  double aupr_in = 0.5;   ///< Finds the familiar.
  double aupr_out = 0.5;  ///< Finds the strange.
  double fpr95 = 1.0;
  std::vector<double> roc_false{};  ///< Ascending; with `roc_true` the ROC curve, few points.
  std::vector<double> roc_true{};
  std::vector<double> edges{};  ///< Of the histograms; higher is more in-distribution.
  std::vector<std::uint64_t> inside{};
  std::vector<std::uint64_t> outside{};
};

/// A tripwire's detection rates, attacked by someone who does not and by someone who does know it.
struct TripwireFinding {
  std::string name{};
  std::string attack{};
  std::array<double, 2> plain{};     ///< At 1 % and 5 % false positives.
  std::array<double, 2> adaptive{};  ///< The same, under the adaptive attack.
};

struct ExampleFinding {
  Picture before{};
  Picture after{};
  std::string label{};
  std::string predicted{};  ///< After.
  std::string caption{};    ///< Attack, distance.
};

struct DiagnosisFinding {
  std::string flag{};
  std::string advice{};
};

struct StressEvidence {
  std::string title{};
  std::string program_version{};
  std::string model{};
  std::string data{};
  std::uint64_t examples = 0;
  std::uint64_t clean_errors = 0;
  std::string norm{};
  double epsilon = 0.0;
  std::vector<AttackFinding> attacks{};
  std::optional<std::uint64_t> best_attack_errors{};  ///< Union over the attacks.
  std::optional<std::uint64_t> certified_bound{};     ///< At most so many errors, by proof.
  std::optional<std::uint64_t> undecided{};
  std::vector<CurveFinding> curves{};
  std::string corruption_set{};  ///< Which severity constants.
  std::vector<CorruptionFinding> corruptions{};
  std::vector<OodFinding> ood{};
  std::vector<TripwireFinding> tripwires{};
  std::vector<ExampleFinding> worst{};
  std::vector<DiagnosisFinding> diagnosis{};
  Json settings = Json::object();
  Json ledger = Json::object();
  double seconds = 0.0;
  std::vector<std::string> notes{};
};

/// A curve with its transition fitted, where it has points enough (docs/emergence.md).
CurveFinding curve_finding(series::StressCurve curve, series::Axis axis);

void to_json(Json& json, const AttackFinding& finding);
void to_json(Json& json, const CurveFinding& finding);
void to_json(Json& json, const CorruptionFinding& finding);
void to_json(Json& json, const OodFinding& finding);
void to_json(Json& json, const TripwireFinding& finding);
void to_json(Json& json, const DiagnosisFinding& finding);
/// Pictures of the worst examples are left out.
void to_json(Json& json, const StressEvidence& evidence);

}  // namespace emdyn::provoke::trial
