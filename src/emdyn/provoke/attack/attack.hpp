#pragma once
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/model/network/model.hpp"
#include "emdyn/provoke/attack/contract/norm.hpp"
#include "emdyn/provoke/attack/registry.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::provoke::attack {

/// What is asked of an attack, besides its own settings.
struct AttackOptions {
  Norm norm = Norm::linf;
  /// The radii asked about, each >= 0: one run serves them all, since what breaks a point within
  /// one radius breaks it within every larger one. None: as near as possible (attacks whose extent
  /// is all_radii).
  std::vector<double> epsilons{};
  Params settings{};                    ///< Of the attack: attacks()[i].fields().
  std::vector<std::int64_t> targets{};  ///< One class per point to be taken for; none: untargeted.
  /// Per point, a radius in `norm` within which a certificate says nothing can be found; negative
  /// for none. Points are skipped at radii up to it.
  std::vector<double> certified{};
  /// The rows are made on this model, then shown to the one under attack (transfer); one_radius
  /// attacks.
  const model::Model* source = nullptr;
  std::int64_t seed = 1;
  std::int64_t chunk = 128;  ///< Points attacked together; a result depends on it in its last bits.
  bool active_set = true;    ///< Points leave the batch once they are found.
  /// Halvings of the segment from original to found row, for all_radii attacks and curves.
  std::int64_t refine = 10;
};

enum class PointOutcome : std::uint8_t {
  clean_error,  ///< Misclassified as it is: distance 0, never attacked.
  certified,    ///< Skipped at every radius asked about.
  broken,       ///< Misclassified at `distance`.
  resisted,     ///< Nothing was found.
  not_reached,  ///< The run was stopped before.
};
std::string_view word(PointOutcome outcome) noexcept;

/// A reason to doubt a result, and what to do about it.
struct Flag {
  std::string
      name;  ///< equal_logits, zero_gradients, probabilities, randomised, black_box_wins, transfer_wins.
  double share = 0.0;
  std::string advice;
};

/// What an attack found. Equal options, model and data give equal results for every number of
/// threads, seconds excepted.
struct AttackResult {
  std::string attack;
  Norm norm = Norm::linf;
  std::vector<double> epsilons;  ///< Rising.
  Json settings;                 ///< All settings of the attack as they were used.
  bool targeted = false;
  bool transfer = false;
  torch::Tensor adversarial;     ///< [n, input...]: the nearest success; the original where none.
  std::vector<double> distance;  ///< Of it, in `norm`; infinite where there is none.
  std::vector<PointOutcome> outcome;
  std::vector<model::Ledger> queries;  ///< Of each point, the clean pass included.
  model::Ledger ledger;                ///< All queries, those of the diagnosis included.
  double seconds = 0.0;
  std::vector<Flag> flags;
  bool interrupted = false;

  std::size_t size() const noexcept { return distance.size(); }
  bool broken(std::size_t point, double epsilon) const { return distance[point] <= epsilon; }
  /// Points misclassified within epsilon, clean errors among them.
  std::size_t errors(double epsilon) const noexcept;
  std::size_t clean_errors() const noexcept;
};

/// Attacks every point of `inputs` [n, input...] whose model's answer is its label. Chunks of fixed
/// size run in parallel, each on one thread of libtorch, with random numbers keyed by seed and
/// point.
/// `task` is told of points finished with, and asked before every batch: once it stops, what was
/// found by then is returned as `interrupted`.
/// @throws ConfigError for an unknown attack or setting, a norm it does not know, a radius below 0,
/// labels out of range; DataError for inputs that are not finite or outside the model's box;
/// ModelError for a gradient attack on a black box.
AttackResult run_attack(std::string_view name, const model::Model& model,
                        const torch::Tensor& inputs, const std::vector<std::int64_t>& labels,
                        const AttackOptions& options, const Task& task = {});

/// The nearest success of several attacks on the same points: what is left is what withstood all.
/// @throws ConfigError when they differ in norm or number of points.
AttackResult worst_case(std::span<const AttackResult> results);

/// Flags that only show beside one another: black box or transfer attacks that beat white-box ones.
std::vector<Flag> compare(std::span<const AttackResult> results);

/// Accuracy left at each radius with its binomial interval (Wilson, level 0.9), the share proven
/// among `certified` (as in AttackOptions; empty: none), and what it cost.
series::StressCurve stress_curve(const AttackResult& result,
                                 const std::vector<double>& certified = {});

void to_json(Json& json, const Flag& flag);
/// Errors by radius, ledger, settings and flags; not the single points.
void to_json(Json& json, const AttackResult& result);

}  // namespace emdyn::provoke::attack
