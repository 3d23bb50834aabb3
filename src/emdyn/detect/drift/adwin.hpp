#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// ADWIN: keeps a window as long as its mean has not changed, and drops the oldest part when two
/// parts of it differ by more than chance (Hoeffding-Bernstein bound). The window is kept in an
/// exponential histogram; the cuts and their order are those of the authors' MOA program.
///
/// Cost: O(log W) every `clock` samples, O(1) between; at most 2,048 bytes a signal. Windows are at
/// most about five million samples: older ones are then forgotten.
/// Source: Bifet & Gavalda, "Learning from Time-Changing Data with Adaptive Windowing", SDM (2007).
/// The bound assumes samples in [0, 1]; on a wider range it alarms more often than delta says.
class Adwin {
 public:
  static constexpr std::string_view kName = "adwin";
  static constexpr std::string_view kSummary = "ADWIN: the mean of an adaptive window changed";
  static constexpr std::string_view kPaper =
      "Bifet & Gavalda, Learning from Time-Changing Data with Adaptive Windowing, SDM 2007";
  static constexpr std::string_view kCost = "O(log W)";
  static constexpr Domain kDomain = Domain::unit_interval;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;

  struct Config {
    double delta = 0.002;                    ///< Chance of a false cut, in (0, 1).
    std::int64_t clock = 32;                 ///< Samples between two looks; >= 1.
    std::int64_t shortest_part_samples = 5;  ///< Of either part of a cut.
    std::int64_t grace_samples = 10;         ///< Window below which nothing is cut.
  };

  static constexpr std::array kFields{
      Field<Config>{"delta", &Config::delta, 1e-12, 0.999, "chance of a false cut"},
      Field<Config>{"clock", &Config::clock, 1, 1e6, "samples between two looks"},
      Field<Config>{"shortest_part_samples", &Config::shortest_part_samples, 1, 1e6,
                    "fewest samples of either part of a cut"},
      Field<Config>{"grace_samples", &Config::grace_samples, 2, 1e6,
                    "window below which nothing is cut"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Adwin(const Config& config);

  /// @return the largest difference of two parts over its bound, 0 between two looks.
  double update(double sample) noexcept;

  void skip(std::uint64_t) noexcept {}
  /// ADWIN forgets the past by itself: nothing to do.
  void rearm() noexcept { score_ = 0.0; }
  void reset() noexcept;
  bool ready() const noexcept { return time_ > grace_; }
  Evidence evidence() const noexcept;

  std::uint64_t width() const noexcept { return width_; }
  double mean() const noexcept { return width_ == 0 ? 0.0 : total_ / static_cast<double>(width_); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    Row of_samples{};  // Buckets of one sample have no variance: only the bytes know that row.
    archive(self.total_, self.variance_, self.width_, self.time_, self.score_, self.cut_,
            self.rows_used_, self.direction_, self.counts_, self.totals_, of_samples,
            self.variances_);
    archive.require(of_samples == Row{});
    archive.require(self.rows_used_ >= 1 && self.rows_used_ <= kRows && self.variance_ >= 0.0 &&
                    self.direction_ <= Direction::fall && self.consistent());
  }
  bool operator==(const Adwin&) const = default;

 private:
  static constexpr std::size_t kBuckets = 5;  // M of the paper, the most a row keeps.
  static constexpr std::size_t kRows = 20;    // Row i holds buckets of 2^i samples.

  using Row = std::array<double, kBuckets + 1>;

  struct Parts;
  double variance_of(std::size_t row, std::size_t bucket) const noexcept {
    return row == 0 ? 0.0 : variances_[row - 1][bucket];
  }
  void insert(double sample) noexcept;
  void compress() noexcept;
  void drop_oldest() noexcept;
  double cut_score(const Parts& parts, double log_width) const noexcept;
  bool shrink() noexcept;
  void remove_front(std::size_t row, std::size_t count) noexcept;
  bool consistent() const noexcept;

  double delta_;
  double shortest_;
  std::uint64_t clock_;
  std::uint64_t grace_;
  double total_ = 0.0;
  double variance_ = 0.0;  // Sum of squared deviations from the window's mean.
  std::uint64_t width_ = 0;
  std::uint64_t time_ = 0;
  std::uint64_t cut_ = 0;  // Samples that the youngest part of the strongest cut holds.
  double score_ = 0.0;
  std::uint32_t rows_used_ = 1;
  Direction direction_ = Direction::none;
  std::array<std::uint8_t, kRows> counts_{};
  std::array<Row, kRows> totals_{};
  std::array<Row, kRows - 1> variances_{};  // Of the buckets of row 1 and on.
};

static_assert(Detector<Adwin>);
static_assert(sizeof(Adwin) <= 1984);  // Boxed and on the heap it is 2,048.

}  // namespace emdyn::detect
