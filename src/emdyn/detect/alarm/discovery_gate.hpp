#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "emdyn/math/e_values.hpp"

namespace emdyn::detect {

/// Which alarms may be told, of many live signals together, so that the expected share of false
/// ones among the tests that tell is at most `rate`, whatever the signals have to do with each
/// other.
///
/// Every 100 samples of a signal are one test; its e-value is the mean of those of its p-values,
/// which needs no independence. Tests are numbered as they begin, over all signals, and test t
/// tells from the sample on at which e >= 1 / (rate g_t (D + 1)): D counts the other tests that
/// told until then. Tests run side by side, so D may grow while one runs; that spoils nothing,
/// since D + 1 is never more than the number of tests that tell in the end (e-LOND's proof asks for
/// no more).
///
/// Power: with n tests begun, a lone sample tells at p of about rate (D + 1) / (100 n ln^2 n),
/// times 1 / ln^2 p: 1e-7 at the tenth test and 1e-11 at the ten-thousandth, for a rate of 0.1 and
/// D = 0. Cost: O(1) a sample, 40 bytes a signal. Allocates when a new signal comes. Source: Xu &
/// Ramdas, "Online Multiple Testing with E-values", AISTATS 2024.
class DiscoveryGate {
 public:
  /// @throws ConfigError unless rate is in (0, 1).
  explicit DiscoveryGate(double rate);

  /// The next sample of a signal; no p-value: a sample without one.
  /// @return whether an alarm at this sample may be told.
  bool push(std::size_t signal, std::optional<double> p_value);
  /// Tests that told so far.
  std::uint64_t discoveries() const noexcept { return discoveries_; }
  std::uint64_t tests() const noexcept { return begun_; }

 private:
  struct Test {
    math::BlockEvidence block{};
    double share = 0.0;  // g_t times the rate.
    bool told = false;
  };

  double rate_;
  std::uint64_t begun_ = 0;
  std::uint64_t discoveries_ = 0;
  std::vector<Test> tests_;  // The running one of each signal.
};

}  // namespace emdyn::detect
