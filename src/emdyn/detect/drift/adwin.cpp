#include "emdyn/detect/drift/adwin.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::detect {
namespace {

constexpr double kSmallestSquare = 1e-300;

double squared(double value) noexcept { return value * value; }

}  // namespace

/// The window cut in an older (0) and a younger (1) part.
struct Adwin::Parts {
  double older = 0.0;
  double younger = 0.0;
  double older_total = 0.0;
  double younger_total = 0.0;
  double difference() const noexcept { return younger_total / younger - older_total / older; }
};

Adwin::Adwin(const Config& config)
    : delta_(checked(kName, kFields, config).delta),
      shortest_(static_cast<double>(config.shortest_part_samples)),
      clock_(static_cast<std::uint64_t>(config.clock)),
      grace_(static_cast<std::uint64_t>(config.grace_samples)) {}

double Adwin::update(double sample) noexcept {
  insert(bounded_sample(sample));
  ++time_;
  score_ = 0.0;
  direction_ = Direction::none;
  if (time_ % clock_ == 0 && width_ > grace_) {
    while (shrink()) {
    }
  }
  return score_;
}

void Adwin::insert(double sample) noexcept {
  ++width_;
  std::uint8_t& count = counts_[0];
  totals_[0][count] = sample;
  ++count;
  if (width_ > 1) {
    const double before = static_cast<double>(width_ - 1);
    variance_ += before * squared(sample - total_ / before) / static_cast<double>(width_);
  }
  total_ += sample;
  if (count == kBuckets + 1) compress();
}

/// Merges the two oldest buckets of every row that is too full into one of the next row.
void Adwin::compress() noexcept {
  for (std::size_t row = 0; row < kRows && counts_[row] == kBuckets + 1; ++row) {
    if (row + 1 == kRows) {
      drop_oldest();
      return;
    }
    const double half = std::ldexp(1.0, static_cast<int>(row));
    const double between = 0.5 * half * squared((totals_[row][0] - totals_[row][1]) / half);
    std::uint8_t& count = counts_[row + 1];
    totals_[row + 1][count] = totals_[row][0] + totals_[row][1];
    variances_[row][count] = variance_of(row, 0) + variance_of(row, 1) + between;
    ++count;
    remove_front(row, 2);
    rows_used_ = std::max(rows_used_, static_cast<std::uint32_t>(row + 2));
  }
}

void Adwin::remove_front(std::size_t row, std::size_t count) noexcept {
  const auto shift = [&](Row& values) {
    std::copy(values.begin() + count, values.begin() + counts_[row], values.begin());
    std::fill(values.begin() + counts_[row] - count, values.end(), 0.0);
  };
  shift(totals_[row]);
  if (row > 0) shift(variances_[row - 1]);
  counts_[row] = static_cast<std::uint8_t>(counts_[row] - count);
}

void Adwin::drop_oldest() noexcept {
  const std::size_t row = rows_used_ - 1;
  const std::uint64_t size = std::uint64_t{1} << row;
  const double count = static_cast<double>(size);
  const double total = totals_[row][0];
  const double inner = variance_of(row, 0);
  width_ -= size;
  total_ -= total;
  const double rest = static_cast<double>(width_);
  const double between =
      width_ == 0 ? 0.0 : count * rest * squared(total / count - total_ / rest) / (count + rest);
  variance_ = std::max(variance_ - inner - between, 0.0);
  remove_front(row, 1);
  while (rows_used_ > 1 && counts_[rows_used_ - 1] == 0) --rows_used_;
}

/// Difference of the means over the bound: above 1 the parts are unlike.
double Adwin::cut_score(const Parts& parts, double log_width) const noexcept {
  const double m = 1.0 / (parts.older - shortest_ + 1.0) + 1.0 / (parts.younger - shortest_ + 1.0);
  const double variance = variance_ / static_cast<double>(width_);
  const double epsilon = std::sqrt(2.0 * m * variance * log_width) + 2.0 / 3.0 * log_width * m;
  return bounded_score(std::abs(parts.difference()) / std::max(epsilon, kSmallestSquare));
}

/// One pass over all cuts, oldest first; drops the oldest bucket at the first that is unlike.
bool Adwin::shrink() noexcept {
  const double log_width = std::log(2.0 * std::log(static_cast<double>(width_)) / delta_);
  Parts parts{0.0, static_cast<double>(width_), 0.0, total_};
  for (std::size_t row = rows_used_; row-- > 0;) {
    const double size = std::ldexp(1.0, static_cast<int>(row));
    for (std::size_t i = 0; i < counts_[row]; ++i) {
      parts.older += size;
      parts.younger -= size;
      parts.older_total += totals_[row][i];
      parts.younger_total -= totals_[row][i];
      if (row == 0 && i + 1 == counts_[row]) return false;
      if (parts.younger <= shortest_ + 1.0 || parts.older <= shortest_ + 1.0) continue;
      const double found = cut_score(parts, log_width);
      if (found > score_) {
        score_ = found;
        cut_ = static_cast<std::uint64_t>(parts.younger);
        direction_ = parts.difference() > 0.0 ? Direction::rise : Direction::fall;
      }
      if (found <= 1.0) continue;
      drop_oldest();
      return width_ > 0;
    }
  }
  return false;
}

Evidence Adwin::evidence() const noexcept {
  if (score_ == 0.0) return {};
  // Buckets double in size with age: the cut is known to about a bucket.
  const std::uint64_t ago = cut_ - std::min<std::uint64_t>(cut_, 1);
  const std::uint64_t bucket = cut_ / kBuckets + clock_;
  return {score_, direction_, ago, ago + bucket, ago - std::min(ago, bucket)};
}

void Adwin::reset() noexcept {
  total_ = variance_ = score_ = 0.0;
  width_ = time_ = cut_ = 0;
  rows_used_ = 1;
  direction_ = Direction::none;
  counts_ = {};
  totals_ = {};
  variances_ = {};
}

/// What the loops rely on: bucket counts within their rows, and a width that is their sum.
bool Adwin::consistent() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t row = 0; row < kRows; ++row) {
    if (counts_[row] > kBuckets || (row >= rows_used_ && counts_[row] != 0)) return false;
    sum += std::uint64_t{counts_[row]} << row;
  }
  if (rows_used_ > 1 && counts_[rows_used_ - 1] == 0) return false;
  const auto bounded = [](const Row& row) {
    return std::ranges::all_of(row, [](double value) { return std::abs(value) <= 1e300; });
  };
  return sum == width_ && std::ranges::all_of(totals_, bounded) &&
         std::ranges::all_of(variances_, bounded);
}

}  // namespace emdyn::detect
