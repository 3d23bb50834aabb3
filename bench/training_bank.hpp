#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tiny_training.hpp"

namespace emdyn::bench {

/// The half of the kinds that settings may be chosen on, and the half that is only reported.
enum class Half { tuned_on, left_out };
std::string_view word(Half half) noexcept;

/// Kinds of healthy training: every alarm on them is false.
struct HealthyKind {
  std::string_view name;
  Half half;
  /// Run `number` of the kind; equal for every machine and number of threads.
  std::vector<BankSignal> (*make)(std::uint64_t number);
};

/// A run in which something goes wrong.
struct IncidentRun {
  std::vector<BankSignal> signals{};
  double begin = 0.0;  ///< The first position that shows it.
  double end = 0.0;    ///< Told until here it counts: the drift's end, or the end of the run.
};

/// Kinds of incident.
struct IncidentKind {
  std::string_view name;
  Half half;
  bool slow;  ///< A drift, whose delay is counted as a share of its length.
  IncidentRun (*make)(std::uint64_t number);
};

/// Mini-batch losses of several rates and batch sizes, language-model-like losses, evaluations,
/// accuracies of batches, gradient norms, rates, throughput, lattices and rare events; some are made
/// of their known laws, the others logged by really trained tiny networks.
std::span<const HealthyKind> healthy_kinds() noexcept;
std::span<const IncidentKind> incident_kinds() noexcept;

}  // namespace emdyn::bench
