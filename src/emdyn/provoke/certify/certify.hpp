#pragma once
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/provoke/certify/analysis.hpp"
#include "emdyn/provoke/certify/search.hpp"

namespace emdyn::provoke::certify {

/// How much work a point may cost. Without time limits the result depends on inputs and options
/// alone; with one, points that it cuts short may differ from run to run and say so. A limit is
/// looked at before every bound, step of an attack and block of back-substitution, so it is passed
/// by no more than one of those; a task that stops is noticed as soon.
struct CertifyOptions {
  BoundMethod method = BoundMethod::alpha_crown;
  int iterations = 20;  ///< Of slopes, for every margin and (alpha_crown) every open unit.
  bool attack = true;   ///< Look for counterexamples.
  /// Whether the model's input box cuts the ball. Without it the adversary may leave the box, as
  /// in the figures of some papers.
  bool box = true;
  int restarts = 4;                 ///< Random starts of projected descent per open target.
  std::int64_t node_limit = 2'000;  ///< Of branch and bound, per point; 0 for none of it.
  double seconds_per_point = 0.0;   ///< 0: no limit.
  double seconds = 0.0;             ///< Of the whole call; 0: no limit.
  std::uint64_t seed = 0;
};

enum class PointVerdict : std::uint8_t { certified, attacked, undecided };
std::string_view word(PointVerdict verdict) noexcept;

/// "interval", "fast_lin", "crown", "alpha_crown".
std::string_view word(BoundMethod method) noexcept;
/// @throws ConfigError naming the methods.
BoundMethod method_from_word(std::string_view word);

struct CertifiedPoint {
  PointVerdict verdict = PointVerdict::undecided;
  bool clean_error = false;  ///< The model errs on the example itself.
  bool cut_short = false;    ///< Undecided because time ran out, or the task was stopped.
  /// Lower bound of min over targets of logit[label] - logit[target]; above 0 where certified.
  double margin = 0.0;
  std::vector<float> counterexample{};  ///< Of an attacked point: the real model errs on it.
  std::int64_t nodes = 0;               ///< Of branch and bound.
  std::int64_t bounds = 0;              ///< Back-substitutions through open units.
  std::int64_t open_units = 0;          ///< ReLUs whose sign the region leaves open.
  double seconds = 0.0;
};

void to_json(Json& json, const CertifiedPoint& point);

/// Verdicts counted.
struct Tally {
  std::int64_t examples = 0;
  std::int64_t clean_errors = 0;
  std::int64_t certified = 0;
  std::int64_t attacked = 0;
  std::int64_t undecided = 0;
  std::int64_t cut_short = 0;
  std::int64_t nodes = 0;
  std::int64_t bounds = 0;
  std::int64_t open_units = 0;
};
Tally tally(std::span<const CertifiedPoint> points) noexcept;
/// With `certified_bound`, the errors that can exist at most, and a ledger.
void to_json(Json& json, const Tally& tally);

/// Bounds and verdicts for one network. Certified holds for the network in real arithmetic with the
/// weights as stored (docs/certificates.md); a counterexample holds for the float32 model itself.
/// Safe from many threads.
class Certifier {
 public:
  /// @throws ModelError naming a layer that certificates do not cover.
  explicit Certifier(const model::Network& network);

  /// `inputs` [batch, input...] in the model's box, one label each. Bounds and attacks come first,
  /// for all points; then slopes and branch and bound for those left open, the nearest to a proof
  /// first, so that a time limit cuts the hardest ones. What `task` stops is undecided and cut
  /// short.
  /// @throws ConfigError for a norm other than linf and l2, an epsilon that is negative or not
  /// finite, or options out of range;
  /// DataError for inputs of another shape, not finite or outside the box, and for labels that are
  /// no class; both name the example.
  std::vector<CertifiedPoint> certify(const torch::Tensor& inputs,
                                      std::span<const std::int64_t> labels, double epsilon,
                                      Norm norm, const CertifyOptions& options = {},
                                      const Task& task = {}) const;

  /// Lower bound of every example's margin by one method, without attacks or branching: above 0
  /// means certified, -infinity that the model errs on the example itself. The cheap pass that
  /// spares an attack the points it cannot win: targets that intervals prove keep their bound.
  /// Examples that `task` stops before they are reached get -infinity.
  std::vector<double> lower_bounds(const torch::Tensor& inputs,
                                   std::span<const std::int64_t> labels, double epsilon, Norm norm,
                                   BoundMethod method = BoundMethod::crown,
                                   const Task& task = {}) const;

  /// The largest epsilon in [0, highest] for which certify() says certified, by bisection down to
  /// `tolerance`; negative where not even epsilon 0 is certified. Once `task` stops, what is
  /// certified by then.
  std::vector<double> largest_epsilon(const torch::Tensor& inputs,
                                      std::span<const std::int64_t> labels, Norm norm,
                                      double highest, double tolerance,
                                      const CertifyOptions& options = {},
                                      const Task& task = {}) const;

 private:
  const model::Network& network_;
  Graph graph_;
};

}  // namespace emdyn::provoke::certify
