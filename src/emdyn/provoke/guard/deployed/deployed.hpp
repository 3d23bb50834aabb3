#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/model/network/observe.hpp"
#include "emdyn/provoke/guard/guard.hpp"
#include "emdyn/series/records.hpp"

/// A guard at work: fitted on what a network makes of examples, then asked about inputs, one after
/// the other, with flags at a stated rate and an eye on drift.
namespace emdyn::provoke::guard {

struct FittedGuard {
  Guard guard;
  std::size_t reference = 0;  ///< Examples it was given to learn from.
  std::size_t errors_on_reference = 0;
  std::vector<std::string> notes{};  ///< What limits its p-values.
  model::Ledger ledger{};
};
/// Panel, sizes, notes and ledger; not the guard itself, which has its own bytes.
void to_json(Json& json, const FittedGuard& fitted);

/// Fits a guard of `model`.
/// @param reference [n, input...] with their labels: in-distribution examples.
/// @param calibration [n, input...] that the network was not trained on; none (undefined): half of
/// the reference is held out, and a note says what that costs.
/// @throws DataError as Guard::fit, Task::Stopped.
FittedGuard fit_guard(const model::Model& model, const torch::Tensor& reference,
                      const std::vector<std::int64_t>& labels, const torch::Tensor& calibration,
                      const GuardOptions& options, const Task& task = {});

struct ScreenOptions {
  double fdr = 0.1;       ///< False discovery rate of the flags, in (0, 1).
  bool online = false;    ///< Decide one input after the other (e-LOND), not all together.
  std::size_t batch = 0;  ///< Test batches of so many inputs as a whole too; 0: none.
};

/// @throws ConfigError for a rate that is not between 0 and 1.
void check(const ScreenOptions& options);

/// What a guard says of inputs in their order.
struct Screening {
  ScreenOptions options{};
  std::vector<InputVerdict> verdicts{};
  std::vector<char> flags{};
  std::vector<double> e_values{};
  std::vector<std::int64_t> labels{};  ///< Where they are known.
  std::vector<double> batch_p_values{};
  std::vector<series::Event> events{};  ///< Shifts of strangeness: drift.
  double network_us = 0.0;              ///< An input.
  double guard_us = 0.0;
  model::Ledger ledger{};

  std::size_t flagged() const noexcept;
};
/// Everything but the single verdicts, which are verdict_json()'s.
void to_json(Json& json, const Screening& screening);
/// Of one input: p-value, flag, what it is taken for, and why it is strange.
Json verdict_json(const Screening& screening, std::size_t input);

/// Runs the network over `inputs` [n, input...] and asks the guard about each.
/// @param labels as many as inputs, or none.
/// @throws ConfigError for a rate out of range, DataError for another network's features,
/// Task::Stopped.
Screening screen(const Guard& guard, const model::Model& model, const torch::Tensor& inputs,
                 std::vector<std::int64_t> labels, const ScreenOptions& options,
                 const Task& task = {});

/// Flags at a false discovery rate: Benjamini-Hochberg over all, or e-LOND one after the other.
std::vector<char> flags_of(const Guard& guard, std::span<const InputVerdict> verdicts, double fdr,
                           bool online);

/// The strangeness of one input after the other as a signal: a shift of it is drift.
std::vector<series::Event> drift_events(const Guard& guard, std::span<const InputVerdict> verdicts);

}  // namespace emdyn::provoke::guard
