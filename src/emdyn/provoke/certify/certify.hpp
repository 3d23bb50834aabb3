#pragma once
#include <torch/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "emdyn/model/network/network.hpp"
#include "emdyn/provoke/certify/analysis.hpp"
#include "emdyn/provoke/certify/search.hpp"

namespace emdyn::provoke::certify {

/// How much work a point may cost. Without time limits the result depends on inputs and options
/// alone; with one, points that it cuts short may differ from run to run and say so. A limit is
/// looked at before every bound, step of an attack and block of back-substitution, so it is passed
/// by no more than one of those.
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
  const std::atomic<bool>* stop = nullptr;  ///< Set by Ctrl-C: what is not decided is undecided.
  std::function<void(std::size_t decided, std::size_t examples)>
      progress{};  ///< One thread at a time.
};

enum class PointVerdict : std::uint8_t { certified, attacked, undecided };

struct CertifiedPoint {
  PointVerdict verdict = PointVerdict::undecided;
  bool clean_error = false;  ///< The model errs on the example itself.
  bool cut_short = false;    ///< Undecided because time ran out, or by Ctrl-C.
  /// Lower bound of min over targets of logit[label] - logit[target]; above 0 where certified.
  double margin = 0.0;
  std::vector<float> counterexample{};  ///< Of an attacked point: the real model errs on it.
  std::int64_t nodes = 0;               ///< Of branch and bound.
  std::int64_t bounds = 0;              ///< Back-substitutions through open units.
  std::int64_t open_units = 0;          ///< ReLUs whose sign the region leaves open.
  double seconds = 0.0;
};

/// Bounds and verdicts for one network. Certified holds for the network in real arithmetic with the
/// weights as stored (docs/certificates.md); a counterexample holds for the float32 model itself.
/// Safe from many threads.
class Certifier {
 public:
  /// @throws ModelError naming a layer that certificates do not cover.
  explicit Certifier(const model::Network& network);

  /// `inputs` [batch, input...] in the model's box, one label each. Bounds and attacks come first,
  /// for all points; then slopes and branch and bound for those left open, the nearest to a proof
  /// first, so that a time limit cuts the hardest ones.
  /// @throws ConfigError for a norm other than linf and l2, an epsilon that is negative or not
  /// finite, or options out of range;
  /// DataError for inputs of another shape, not finite or outside the box, and for labels that are
  /// no class; both name the example.
  std::vector<CertifiedPoint> certify(const torch::Tensor& inputs,
                                      std::span<const std::int64_t> labels, double epsilon,
                                      Norm norm, const CertifyOptions& options = {}) const;

  /// Lower bound of every example's margin by one method, without attacks or branching: above 0
  /// means certified, -infinity that the model errs on the example itself. The cheap pass that
  /// spares an attack the points it cannot win: targets that intervals prove keep their bound.
  std::vector<double> lower_bounds(const torch::Tensor& inputs,
                                   std::span<const std::int64_t> labels, double epsilon, Norm norm,
                                   BoundMethod method = BoundMethod::crown) const;

  /// The largest epsilon in [0, highest] for which certify() says certified, by bisection down to
  /// `tolerance`; negative where not even epsilon 0 is certified.
  std::vector<double> largest_epsilon(const torch::Tensor& inputs,
                                      std::span<const std::int64_t> labels, Norm norm,
                                      double highest, double tolerance,
                                      const CertifyOptions& options = {}) const;

 private:
  const model::Network& network_;
  Graph graph_;
};

}  // namespace emdyn::provoke::certify
