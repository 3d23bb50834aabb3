#pragma once
#include <torch/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/provoke/guard/kernel_density.hpp"

namespace emdyn::provoke::trial {

/// The false-positive rates at which tripwires are judged.
inline constexpr std::array<double, 2> kFalsePositives{0.01, 0.05};

/// How a tripwire fared against one attack.
struct Trial {
  std::string name{};                ///< feature_squeezing, kernel_density, query_monitor
  std::string attack{};              ///< Of the attacker who does not know it.
  std::string adaptive_attack{};     ///< Of the one who does.
  std::array<double, 2> detected{};  ///< Share of its successes noticed, at kFalsePositives.
  std::array<double, 2> adaptive_detected{};
  double success = 0.0;           ///< Share of the inputs it had misclassified.
  double adaptive_success = 0.0;  ///< The same; detection counts among these.
  std::size_t inputs = 0;
  model::Ledger ledger{};
};

void to_json(Json& json, const Trial& trial);

struct TrialOptions {
  double epsilon = 0.1;             ///< Of the maximum-norm ball.
  std::int64_t inputs = 200;        ///< Correctly classified ones attacked, at most.
  std::int64_t calibration = 1000;  ///< Calm ones the thresholds come from, at most.
  std::int64_t steps = 100;
  std::int64_t bits = 1;       ///< Depth squeezer of images in [0, 1].
  std::int64_t accounts = 20;  ///< Inputs whose queries are watched.
  std::int64_t queries = 600;  ///< An account's budget.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "tripwire";
};

inline constexpr std::array kTrialFields{
    Field<TrialOptions>{"epsilon", &TrialOptions::epsilon, 0.0, 1e6, "radius of the attacks"},
    Field<TrialOptions>{"inputs", &TrialOptions::inputs, 1, 1e6, "inputs attacked"},
    Field<TrialOptions>{"calibration", &TrialOptions::calibration, 100, 1e7,
                        "calm inputs the thresholds come from"},
    Field<TrialOptions>{"steps", &TrialOptions::steps, 1, 1e5, "gradients an attack may use"},
    Field<TrialOptions>{"bits", &TrialOptions::bits, 1, 8, "of the depth squeezer"},
    Field<TrialOptions>{"accounts", &TrialOptions::accounts, 1, 1e5, "accounts watched"},
    Field<TrialOptions>{"queries", &TrialOptions::queries, 60, 1e6, "an account's budget"},
    Field<TrialOptions>{"seed", &TrialOptions::seed, 0, 9e15, "of the attacks"},
};

/// Tries the three tripwires on a network, each against PGD (the query monitor: Square) and against
/// an attacker who knows it:
///   feature_squeezing  crosses narrowly, or has squeezed versions taken for the same other class,
///                      through the squeezers' slopes (He et al. 2017)
///   kernel_density     moves to where the other class is dense (Carlini & Wagner 2017)
///   query_monitor      spreads queries over accounts, each too young to be judged
/// The first two aim for the three likeliest other classes in turn and for each threshold apart.
/// Where an attack that does not know the tripwire already passes it, the adaptive attacker sends
/// that. Thresholds come from `calm`, so that 1 % and 5 % of calm inputs (for the monitor: of calm
/// accounts with as many queries as the attacker's) are flagged; attacked are correctly classified
/// inputs. Deterministic.
/// @param calm, attacked [n, input...]. @throws ConfigError for options out of range, DataError for
/// too few calm inputs; Task::Stopped.
std::vector<Trial> run_trials(const model::Network& network,
                              const provoke::guard::KernelDensity& density,
                              const torch::Tensor& calm, const torch::Tensor& attacked,
                              const std::vector<std::int64_t>& labels, const TrialOptions& options,
                              const Task& task = {});

}  // namespace emdyn::provoke::trial
