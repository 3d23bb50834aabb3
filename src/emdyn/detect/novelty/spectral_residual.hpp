#pragma once
#include <array>
#include <complex>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/math/fft.hpp"

namespace emdyn::detect {

/// Spectral residual: notices the sample that stands out from what the spectrum of the last samples
/// repeats. Of the window: log amplitude less its moving average over frequencies, transformed back
/// with the phases kept; its magnitude is the saliency S. The score is (S - mean S) / (3 mean S) at
/// the newest sample, the mean taken over the salience of the samples before it: above 1 the
/// paper's rule alarms. Causal: the window ends with the newest sample and the paper's estimated
/// points, all equal to x[n - m + 1] + m g, g the mean slope of the lines from x[n] to the m
/// samples before.
///
/// Two departures, each with a switch. In the paper's formula n is the newest sample, so a spike is
/// extrapolated to a plateau more than twice its height, beside which it does not stand out; here,
/// as in the authors' program, n is the sample before it (`estimate_from_newest`). And the level of
/// a window is not what stands out in it, but its amplitude is: it leaks into the average of the
/// lowest frequencies, and a level of many deviations hides everything. Here the mean is taken off,
/// frequency 0 gets the log amplitude of its neighbours for the average and none in the saliency
/// (`remove_mean`).
///
/// Amplitudes below 1e-12 of the window's largest deviation are rounding and count as that. The
/// average over frequencies goes around, as the spectrum does.
///
/// Missing samples are bridged: their neighbours count as consecutive.
///
/// Cost: two transforms, O(w log w); 64 bytes a sample of the window.
/// Source: Ren et al., "Time-Series Anomaly Detection Service at Microsoft", KDD 2019; Hou & Zhang,
/// "Saliency Detection: A Spectral Residual Approach", CVPR 2007.
class SpectralResidual {
 public:
  static constexpr std::string_view kName = "spectral_residual";
  static constexpr std::string_view kSummary =
      "spectral residual: a sample that stands out from the recurring spectrum";
  static constexpr std::string_view kPaper =
      "Ren et al., Time-Series Anomaly Detection Service at Microsoft, KDD 2019";
  static constexpr std::string_view kCost = "O(w log w)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::spike;
  static constexpr bool kFrontEnd = false;

  struct Config {
    std::int64_t window_samples = 64;   ///< Transformed, the estimated ones among them; 2^k.
    std::int64_t average_bins = 3;      ///< Frequencies of the moving average, q; odd.
    std::int64_t mean_samples = 21;     ///< Before the newest, for the mean saliency, z.
    std::int64_t estimated_points = 5;  ///< Appended after the newest sample, kappa.
    std::int64_t slope_samples = 5;     ///< They are estimated from, m.
    double threshold = 3.0;             ///< Relative excess of saliency at which the score is 1.
    bool estimate_from_newest = false;  ///< Extrapolate the newest sample as well.
    bool remove_mean = true;            ///< Take the window's mean off first.
  };

  static constexpr std::array kFields{
      Field<Config>{"window_samples", &Config::window_samples, 16, 4096,
                    "samples transformed, the estimated ones among them; a power of two"},
      Field<Config>{"average_bins", &Config::average_bins, 3, 63,
                    "frequencies the log amplitude is averaged over; odd"},
      Field<Config>{"mean_samples", &Config::mean_samples, 2, 4096,
                    "samples before the newest for the mean saliency"},
      Field<Config>{"estimated_points", &Config::estimated_points, 0, 64,
                    "points appended after the newest sample"},
      Field<Config>{"slope_samples", &Config::slope_samples, 1, 64,
                    "samples the appended points are estimated from"},
      Field<Config>{"threshold", &Config::threshold, 0.1, 1e3,
                    "relative excess of saliency at which the score is 1"},
      Field<Config>{"estimate_from_newest", &Config::estimate_from_newest, 0, 0,
                    "extrapolate the newest sample as well"},
      Field<Config>{"remove_mean", &Config::remove_mean, 0, 0,
                    "take the mean of the window off first"},
  };

  /// @throws ConfigError if a field is out of range, the window is no power of two, the average is
  /// even, or the window is too short for the rest.
  explicit SpectralResidual(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept { score_ = 0.0; }
  void reset() noexcept;
  bool ready() const noexcept { return count_ >= real_; }
  Evidence evidence() const noexcept;
  /// Of the samples of the window, oldest first, the newest last; valid after an update() that was
  /// ready and not flat.
  double saliency(std::size_t index) const noexcept { return std::abs(work_[index]); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.ring_, self.count_, self.score_, self.rising_);
    archive.require(self.score_ >= 0.0 && self.count_ < (1ULL << 62));
    for (const double sample : self.ring_) {
      archive.require(sample >= -kLargestSample && sample <= kLargestSample);
    }
  }
  bool operator==(const SpectralResidual& other) const {
    return transform_ == other.transform_ && ring_ == other.ring_ && count_ == other.count_ &&
           score_ == other.score_ && rising_ == other.rising_;
  }

 private:
  bool lay_out() noexcept;
  void take_residual() noexcept;

  std::size_t window_;
  std::size_t average_;
  std::size_t mean_;
  std::size_t slope_;
  std::size_t real_;  // Samples of the window that are not estimated.
  double inverse_threshold_;
  std::size_t anchor_;  // Samples ago of the one the points are estimated from.
  bool remove_mean_;
  math::Fft transform_;
  std::vector<std::complex<double>> work_;  // Scratch.
  std::vector<double> log_;                 // Scratch.
  std::vector<double> ring_;                // The last real_ samples.
  std::uint64_t count_ = 0;
  double score_ = 0.0;
  bool rising_ = false;
};

static_assert(Detector<SpectralResidual>);

}  // namespace emdyn::detect
