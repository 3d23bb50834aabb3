#include "emdyn/detect/alarm/discovery_gate.hpp"

#include "emdyn/core/field.hpp"

namespace emdyn::detect {

DiscoveryGate::DiscoveryGate(double rate) : rate_(rate) {
  field_detail::check_range("fdr", rate, 1e-12, 0.999999);
}

bool DiscoveryGate::push(std::size_t signal, std::optional<double> p_value) {
  if (signal >= tests_.size()) tests_.resize(signal + 1);
  Test& test = tests_[signal];
  if (test.block.complete()) test = {};
  if (test.block.empty()) {
    ++begun_;
    test.share = rate_ * math::ELond::late_share(begun_);
  }
  test.block.add(p_value.value_or(1.0));
  if (test.told) return true;
  const double others = static_cast<double>(discoveries_);
  test.told = test.block.e_value() * test.share * (others + 1.0) >= 1.0;
  if (test.told) ++discoveries_;
  return test.told;
}

}  // namespace emdyn::detect
