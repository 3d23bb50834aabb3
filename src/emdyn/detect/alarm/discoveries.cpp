#include "emdyn/detect/alarm/discoveries.hpp"

#include "emdyn/core/field.hpp"

namespace emdyn::detect {

void Discoveries::sample(std::size_t series, std::optional<double> p_value) {
  if (series >= blocks_.size()) {
    blocks_.resize(series + 1);
    current_.resize(series + 1, 0);
  }
  math::BlockEvidence& block = blocks_[series];
  if (block.complete()) block.clear();
  if (block.empty()) {
    current_[series] = e_values_.size();
    e_values_.push_back(0.0);
  }
  block.add(p_value.value_or(1.0));
  e_values_[current_[series]] = block.e_value();
}

std::vector<bool> Discoveries::decide(double rate) const {
  field_detail::check_range("fdr", rate, 1e-12, 0.999999);
  std::vector<bool> kept(e_values_.size(), false);
  for (const std::size_t test : math::e_bh(e_values_, rate)) kept[test] = true;
  return kept;
}

}  // namespace emdyn::detect
