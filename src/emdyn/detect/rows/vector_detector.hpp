#pragma once
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/detect/alarm/surprise_scale.hpp"
#include "emdyn/detect/rows/channel_scale.hpp"

namespace emdyn::detect {

/// What a method for rows must know: how strange a standardised row is, and to learn it. It is a
/// plain value, allocates nothing after construction and throws nothing.
///   statistic(z)   >= 0, larger is stranger; where kOwnThreshold, in units of its textbook
///                  threshold; does not change the method
///   learn(z)       takes the row in
///   ready()        false while it warms up
///   settle()       optional: no row will be learned any more; what is made of them now and then is made once more
///   follow(z)      optional: the row is part of the last rows, and nothing is learned of it
// clang-format off
template <class M>
concept VectorMethod =
    std::copyable<M> && std::equality_comparable<M> &&
    std::constructible_from<M, const typename M::Config&, std::size_t> &&
    requires(M method, const M& view, std::span<const double> z) {
      { M::kName } -> std::convertible_to<std::string_view>;
      { M::kSummary } -> std::convertible_to<std::string_view>;
      { M::kPaper } -> std::convertible_to<std::string_view>;
      { M::kCost } -> std::convertible_to<std::string_view>;
      { M::kKind } -> std::convertible_to<EventKind>;
      { M::kOwnThreshold } -> std::convertible_to<bool>;
      { view.statistic(z) } noexcept -> std::same_as<double>;
      { method.learn(z) } noexcept;
      { method.reset() } noexcept;
      { view.ready() } noexcept -> std::same_as<bool>;
    };
// clang-format on

/// A streaming detector of rows, chosen at run time.
///   update(row)  one score; > 1 where the method's threshold would alarm. A row without any
///                channel scores 0 and is passed over.
///   skip(n)      n rows are missing: nothing is learned of them
///   rearm()      forgets the last score; reset() forgets everything
///   learn_scale(row)  of a reference, all of it before its first update(): the channels' scales alone
///   hold()       nothing is learned any more, until reset(); no part of a snapshot
class AnyVectorDetector {
 public:
  virtual ~AnyVectorDetector() = default;
  virtual std::string_view name() const noexcept = 0;
  virtual Json config() const = 0;
  virtual std::size_t channels() const noexcept = 0;
  /// @pre row.values.size() == channels(); row.present is empty or as long.
  virtual double update(const RowView& row) noexcept = 0;
  virtual void skip(std::uint64_t count) noexcept = 0;
  virtual void rearm() noexcept = 0;
  virtual void reset() noexcept = 0;
  virtual void learn_scale(const RowView& row) noexcept = 0;
  virtual void hold() noexcept = 0;
  virtual bool ready() const noexcept = 0;
  virtual double score() const noexcept = 0;
  /// Chance of a score as high as the last one when nothing happens; nothing where the detector
  /// does not know its null distribution.
  virtual std::optional<double> p_value() const noexcept = 0;
  /// The last row, each channel in standard deviations of its past; a missing channel is 0.
  virtual std::span<const double> standardised() const noexcept = 0;
  /// What each channel did to the last score: how much the statistic falls when the channel reads
  /// its mean instead. Shares >= 0 that sum to 1, or all 0 when no channel alone matters.
  /// @param shares as long as channels().
  virtual void attribution(std::span<double> shares) const noexcept = 0;
  virtual std::unique_ptr<AnyVectorDetector> clone() const = 0;
  virtual void save(StateWriter& archive) const = 0;
  virtual void load(StateReader& archive) = 0;
};

/// Puts a method behind the channels' scales. A statistic without a threshold of its own is placed
/// among its past: score 1 where only one row in a thousand is as strange.
template <VectorMethod M>
class VectorWatch final : public AnyVectorDetector {
 public:
  static constexpr std::uint64_t kScaleRows = 32;  // Before the method sees anything.
  static constexpr double kAlarmSurprise = 3.0;

  VectorWatch(const typename M::Config& config, std::size_t channels)
      : config_(config),
        method_(config, channels),
        scale_(channels),
        z_(channels, 0.0),
        work_(channels, 0.0) {}

  std::string_view name() const noexcept override { return M::kName; }
  Json config() const override { return config_json(M::kFields, config_); }
  std::size_t channels() const noexcept override { return scale_.channels(); }

  double update(const RowView& row) noexcept override {
    // The last row is learned only now, so that attribution() asks the method that judged it.
    if (pending_) take_in();
    pending_ = false;
    score_ = 0.0;
    if (scale_.standardise(row, z_) == 0) return score_;
    if (!held_) {
      scale_.learn(row);
      if (++rows_ <= kScaleRows) return score_;
    }
    pending_ = true;
    if (!method_.ready()) return score_;
    const double statistic = method_.statistic(z_);
    if constexpr (M::kOwnThreshold) {
      score_ = bounded_score(statistic);
    } else {
      score_ = surprise_.surprise(statistic) / kAlarmSurprise;
      if (!held_) surprise_.learn(statistic);
    }
    return score_;
  }
  void skip(std::uint64_t) noexcept override {}
  void rearm() noexcept override { score_ = 0.0; }
  void reset() noexcept override {
    method_.reset();
    scale_.reset();
    surprise_.reset();
    std::ranges::fill(z_, 0.0);
    rows_ = 0;
    score_ = 0.0;
    pending_ = false;
    held_ = false;
  }
  void learn_scale(const RowView& row) noexcept override {
    scale_.learn(row);
    rows_ = kScaleRows;  // The method need not wait.
  }
  void hold() noexcept override {
    if (pending_) take_in();
    pending_ = false;
    if constexpr (requires { method_.settle(); }) method_.settle();
    held_ = true;
  }
  bool ready() const noexcept override {
    return rows_ >= kScaleRows && method_.ready() && (M::kOwnThreshold || surprise_.ready());
  }
  double score() const noexcept override { return score_; }
  std::optional<double> p_value() const noexcept override {
    if constexpr (M::kOwnThreshold) {
      return std::nullopt;
    } else {
      return std::pow(10.0, -kAlarmSurprise * score_);
    }
  }
  std::span<const double> standardised() const noexcept override { return z_; }

  void attribution(std::span<double> shares) const noexcept override {
    std::ranges::fill(shares, 0.0);
    if (score_ <= 0.0) return;
    const double whole = method_.statistic(z_);
    double sum = 0.0;
    std::ranges::copy(z_, work_.begin());
    for (std::size_t i = 0; i < shares.size(); ++i) {
      work_[i] = 0.0;
      shares[i] = std::max(0.0, whole - method_.statistic(work_));
      work_[i] = z_[i];
      sum += shares[i];
    }
    for (double& share : shares) share = sum > 0.0 ? share / sum : 0.0;
  }

  std::unique_ptr<AnyVectorDetector> clone() const override {
    return std::make_unique<VectorWatch>(*this);
  }
  void save(StateWriter& archive) const override { state(*this, archive); }
  void load(StateReader& archive) override { state(*this, archive); }

 private:
  void take_in() noexcept {
    if (!held_) {
      method_.learn(z_);
    } else if constexpr (requires { method_.follow(z_); }) {
      method_.follow(z_);
    }
  }
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.method_, self.scale_, self.surprise_, self.z_, self.rows_, self.score_,
            self.pending_);
    archive.require(self.score_ >= 0.0 && self.score_ <= kLargestScore);
    for (const double z : self.z_) archive.require(ChannelScale::kMost >= std::abs(z));
  }

  typename M::Config config_;
  M method_;
  ChannelScale scale_;
  SurpriseScale surprise_;
  std::vector<double> z_;  // The last row, standardised.
  std::uint64_t rows_ = 0;
  double score_ = 0.0;
  bool pending_ = false;  // The last row is not learned yet.
  bool held_ = false;     // Nothing is.
  mutable std::vector<double> work_;
};

}  // namespace emdyn::detect
