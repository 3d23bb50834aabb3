#pragma once
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "emdyn/detect/alarm/held_policy.hpp"
#include "emdyn/detect/live/placement.hpp"
#include "emdyn/detect/live/reference.hpp"
#include "emdyn/detect/registry.hpp"

namespace emdyn::detect {

/// A detector that is asked about each sample as if it came right after what it learned: copies of the one that
/// learned are shown the stream and thrown away, so that nothing of the stream becomes normal. A detector that judges
/// single samples has a fresh copy for each; one that gathers evidence has two, each thrown away after 128 samples and
/// half of that apart, and the higher score counts: one has seen the last 64 to 128 samples, the other fewer. So the
/// evidence of a stretch is kept, its weight beside the reference is bounded, and a detector that tells a change once
/// tells it again every 64 samples for as long as it lasts.
class HeldViews {
 public:
  static constexpr std::uint64_t kStretch = 128;

  explicit HeldViews(const Entry& entry) : single_(entry.judges_samples) {}

  /// @param learned outlives the views.
  void begin(const AnyDetector& learned);
  double update(double sample);
  void skip(std::uint64_t count) noexcept;
  /// The copy that gave the last score. @pre update() was called since begin()
  const AnyDetector& now() const noexcept { return *views_[now_].detector; }
  /// Samples that it has seen of the stream.
  std::uint64_t age() const noexcept { return std::min(views_[now_].age, seen_); }

 private:
  struct View {
    std::unique_ptr<AnyDetector> detector{};
    std::uint64_t age = 0;
  };
  void renew(View& view) const;

  bool single_;
  const AnyDetector* learned_ = nullptr;
  std::array<View, 2> views_{};
  std::size_t now_ = 0;
  std::uint64_t seen_ = 0;
};

/// One detector of a signal with a reference: learns it, then holds it. Of any entry of the registry: entries that sit
/// behind a front end see deviations from the reference's mean, those of [0, 1] probabilities (Placement), the others
/// raw values. p-values are those of kept-out scores: the reference is cut into four blocks, and each is judged by a
/// detector that learned from the other three. Cost: of two detectors; while learning, of the reference five times.
class HeldSeries {
 public:
  /// @param samples of the stream that are the reference; 0: learn() is called.
  HeldSeries(const Entry& entry, const Params& params, Placement::Kind placement,
             std::size_t samples, const HeldPolicy::Config& policy);
  HeldSeries(HeldSeries&&) = delete;  // The views know where the detector is.

  struct Judged {
    double score = 0.0;
    HeldPolicy::Decision decision{};
  };

  /// @return whether they were enough for the detector to warm up; otherwise it stays silent.
  bool learn(std::span<const double> reference);
  /// Nothing while the stream's own samples are the reference, and of a detector that stays silent.
  std::optional<Judged> push(double value);
  void skip() noexcept;
  /// The stream starts elsewhere; what is normal is kept.
  void restart();

  const HeldPolicy& policy() const noexcept { return policy_; }
  /// That of the last sample; onsets lie within what its view has seen. @pre push() has judged.
  Evidence evidence() const noexcept;
  std::vector<series::Share> shares() const { return views_.now().shares(); }

 private:
  Placement placement_of(std::span<const double> samples) const noexcept;
  double scored(HeldViews& views, double sample) const;
  void keep_out(std::span<const double> reference, std::size_t block);

  const Entry& entry_;
  Params params_;
  Placement::Kind kind_;
  std::size_t wanted_;
  std::vector<double> gathered_;
  Placement placement_{};
  std::unique_ptr<AnyDetector> learned_{};
  bool silent_ = false;
  HeldViews views_;
  HeldPolicy policy_;
};

}  // namespace emdyn::detect
