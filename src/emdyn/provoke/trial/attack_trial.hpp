#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/provoke/attack/attack.hpp"
#include "emdyn/provoke/trial/subject.hpp"

namespace emdyn::provoke::trial {

/// One attack of a trial with what is asked of it.
struct PlannedAttack {
  std::string name{};
  attack::AttackOptions options{};
};

/// What attacks found together.
struct AttackTrial {
  std::vector<attack::AttackResult> results{};
  attack::AttackResult worst{};
  series::StressCurve curve{};
  /// Where accuracy breaks; absent below twelve radii.
  std::optional<emergence::TransitionFit> transition{};
  std::vector<attack::Flag> flags{};  ///< Of any attack, each once, and of all beside one another.
  double seconds = 0.0;

  /// Errors of the best single attack at the largest radius.
  std::size_t best_single() const noexcept;
};
void to_json(Json& json, const AttackTrial& trial);

/// The radii of a request: those given, `curve` steps up to `epsilon`, and with more than one 0,
/// which is known from the clean answers. Ascending, each once.
std::vector<double> radii(std::span<const double> given, std::size_t curve, double epsilon);

/// Refuses what run_attack() would refuse, before anything is computed.
/// @throws ConfigError for an unknown attack, a norm it does not know or a bad setting.
void check(const PlannedAttack& planned);

/// Runs every attack on the subject's examples. Inputs are cut to the model's box first: reading
/// and rounding may leave them a little outside.
/// @throws Task::Stopped, and as run_attack().
AttackTrial run_attack_trial(const Subject& subject, std::span<const PlannedAttack> plan,
                             const Task& task = {});

/// Inputs that broke, with their true labels.
struct BrokenExamples {
  model::data::Dataset examples{};
  model::data::ExampleNotes
      notes{};  ///< Places among the subject's examples; distances in the norm.
};

/// The nearest success of every example that broke within the largest radius (an attack that looks for
/// the nearest one also finds some beyond).
/// @throws DataError where nothing broke.
BrokenExamples broken_examples(const model::Signature& signature, const attack::AttackResult& worst,
                               const std::vector<std::int64_t>& labels);

}  // namespace emdyn::provoke::trial
