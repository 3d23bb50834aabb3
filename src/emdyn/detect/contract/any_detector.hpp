#pragma once
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// A detector chosen at run time: one virtual call per block, none per sample.
class AnyDetector {
 public:
  virtual ~AnyDetector() = default;

  virtual std::string_view name() const noexcept = 0;
  virtual Json config() const = 0;
  /// Scores a block; `scores` has the same length as `samples`, which are finite.
  virtual void score(std::span<const double> samples, std::span<double> scores) noexcept = 0;
  virtual void skip(std::uint64_t count) noexcept = 0;
  virtual void rearm() noexcept = 0;
  virtual void reset() noexcept = 0;
  virtual bool ready() const noexcept = 0;
  virtual Evidence evidence() const noexcept = 0;
  /// Chance of a score as high as the last one when nothing happens; nothing where the detector
  /// does not know its null distribution.
  virtual std::optional<double> p_value() const noexcept = 0;
  /// What each member of an ensemble gave to the last score, largest first; empty for others.
  virtual std::vector<series::Share> shares() const = 0;
  /// The last sample lies in the textbook's warning zone; never where the textbook has none.
  virtual bool warns() const noexcept = 0;
  /// What a detector that alarms by itself alarmed at the last sample; empty for others.
  virtual std::vector<OwnAlarm> alarms() const = 0;
  virtual std::unique_ptr<AnyDetector> clone() const = 0;
  virtual void save(StateWriter& archive) const = 0;
  virtual void load(StateReader& archive) = 0;

  /// Scores one sample.
  double update(double sample) noexcept {
    double result = 0.0;
    score({&sample, 1}, {&result, 1});
    return result;
  }
};

/// Lifts a detector value to AnyDetector; the loop is compiled once per type.
template <Detector D>
class Boxed final : public AnyDetector {
 public:
  explicit Boxed(const typename D::Config& config) : config_(config), detector_(config) {}

  std::string_view name() const noexcept override { return D::kName; }
  Json config() const override { return config_json(D::kFields, config_); }
  void score(std::span<const double> samples, std::span<double> scores) noexcept override {
    assert(samples.size() == scores.size());
    if constexpr (std::is_trivially_copyable_v<D> && sizeof(D) <= kFewBytes) {
      if (samples.size() > 1) {
        // A local copy stays in registers; the member may share memory with `scores`, for all the
        // compiler knows, and would be written and read again at every sample.
        D local = detector_;
        score_each(local, samples, scores);
        detector_ = local;
        return;
      }
    }
    score_each(detector_, samples, scores);
  }
  void skip(std::uint64_t count) noexcept override { detector_.skip(count); }
  void rearm() noexcept override { detector_.rearm(); }
  void reset() noexcept override { detector_.reset(); }
  bool ready() const noexcept override { return detector_.ready(); }
  Evidence evidence() const noexcept override { return detector_.evidence(); }
  std::optional<double> p_value() const noexcept override {
    if constexpr (requires { detector_.p_value(); }) {
      return detector_.p_value();
    } else {
      return std::nullopt;
    }
  }
  std::vector<series::Share> shares() const override {
    if constexpr (requires { detector_.shares(); }) {
      return detector_.shares();
    } else {
      return {};
    }
  }
  bool warns() const noexcept override {
    if constexpr (requires { detector_.warns(); }) {
      return detector_.warns();
    } else {
      return false;
    }
  }
  std::vector<OwnAlarm> alarms() const override {
    if constexpr (requires { detector_.alarms(); }) {
      return detector_.alarms();
    } else {
      return {};
    }
  }
  std::unique_ptr<AnyDetector> clone() const override { return std::make_unique<Boxed>(*this); }
  void save(StateWriter& archive) const override { D::state(detector_, archive); }
  void load(StateReader& archive) override { D::state(detector_, archive); }

 private:
  static constexpr std::size_t kFewBytes = 512;

  static void score_each(D& detector, std::span<const double> samples,
                         std::span<double> scores) noexcept {
    for (std::size_t i = 0; i < samples.size(); ++i) scores[i] = detector.update(samples[i]);
  }

  typename D::Config config_;
  D detector_;
};

}  // namespace emdyn::detect
