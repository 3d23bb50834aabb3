#include "emdyn/collect/ingest/contract/epoch_join.hpp"

#include <algorithm>

namespace emdyn::collect::ingest {

double EpochJoin::join(double inner, double epoch, std::optional<double> total) {
  if (epochs_.empty()) {
    epochs_.push_back({epoch, 0.0});
    last_ = most_ = inner;
  } else if (epoch != epochs_.back().number) {
    begin_epoch(inner, epoch);
  }
  if (inner > last_) step_ = step_ == 0.0 ? inner - last_ : std::min(step_, inner - last_);
  last_ = inner;
  most_ = std::max(most_, inner);
  total_ = total;
  return epochs_.back().offset + inner;
}

void EpochJoin::begin_epoch(double inner, double epoch) {
  if (epoch < epochs_.back().number) {
    // Resumed from an earlier epoch: it has the place it had.
    while (epochs_.size() > 1 && epochs_.back().number > epoch) epochs_.pop_back();
    if (epochs_.back().number > epoch) epochs_.back() = {epoch, 0.0};
    last_ = most_ = inner;
    return;
  }
  double offset = epochs_.back().offset;
  if (inner <= last_) {
    // The first of the new epoch stands one step behind the last of the old one.
    const double step = step_ > 0.0 ? step_ : 1.0;
    offset += total_ && *total_ >= most_ ? *total_ : std::max(0.0, most_ + step - inner);
    joined_ = true;
  }
  epochs_.push_back({epoch, offset});
  last_ = most_ = inner;
}

}  // namespace emdyn::collect::ingest
