#include "emdyn/detect/bank.hpp"

#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/detect/state.hpp"
#include "emdyn/detect/tails.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kTile = 256;  // Signals whose state stays in the first-level cache.
constexpr std::uint64_t kMagic = 0x4b4e41424e59444dULL;
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kMostSignals = 100'000'000;

[[noreturn]] void refuse(std::string_view why) {
  throw DataError(fmt::format("bank snapshot: {}; take a new one with this version", why));
}

}  // namespace

DetectorBank::DetectorBank(std::size_t signals, const Config& config)
    : baseline_rows_(static_cast<std::uint64_t>(checked("bank", kFields, config).baseline_samples)),
      lambda_(config.lambda),
      limit_(config.limit_sigmas),
      slack_(config.slack_sigmas),
      threshold_(config.threshold_sigmas),
      mean_(signals),
      inverse_sigma_(signals),
      average_(signals),
      upper_(signals),
      lower_(signals),
      upper_since_(signals),
      lower_since_(signals) {}

void DetectorBank::update(std::span<const double> samples, std::span<double> scores) {
  const std::size_t count = signals();
  if (scores.size() != count || (count > 0 && samples.size() % count != 0)) {
    throw ConfigError(fmt::format(
        "bank.update needs rows of {} samples and as many scores, got {} samples and {} scores",
        count, samples.size(), scores.size()));
  }
  if (count == 0) return;
  const std::size_t rows = samples.size() / count;
  const auto left = baseline_rows_ - std::min(rows_, baseline_rows_);
  const std::size_t warmup = std::min<std::size_t>(rows, left);
  const auto early = samples.first(warmup * count);
  const auto late = samples.subspan(warmup * count);
  const bool finishes = left > 0 && warmup == left;
  parallel_for((count + kTile - 1) / kTile, [&](std::size_t tile) {
    const std::size_t begin = tile * kTile;
    const std::size_t end = std::min(begin + kTile, count);
    learn(early, warmup, begin, end);
    if (finishes) finish_baselines(begin, end);
    score(late, rows - warmup, rows_ + warmup, begin, end, scores.data());
  });
  rows_ += rows;
}

void DetectorBank::learn(std::span<const double> samples, std::size_t rows, std::size_t begin,
                         std::size_t end) noexcept {
  for (std::size_t row = 0; row < rows; ++row) {
    const double* sample = samples.data() + row * signals();
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(sample[i])) continue;
      const double x = bounded_sample(sample[i]);
      average_[i] += 1.0;
      const double delta = x - mean_[i];
      mean_[i] += delta / average_[i];
      inverse_sigma_[i] += delta * (x - mean_[i]);
    }
  }
}

void DetectorBank::finish_baselines(std::size_t begin, std::size_t end) noexcept {
  for (std::size_t i = begin; i < end; ++i) {
    const double variance = average_[i] > 1.0 ? inverse_sigma_[i] / (average_[i] - 1.0) : 0.0;
    inverse_sigma_[i] = 1.0 / std::max(std::sqrt(variance), smallest_sigma(mean_[i]));
    average_[i] = 0.0;
    upper_since_[i] = lower_since_[i] = static_cast<double>(baseline_rows_);
  }
}

/// 1 over the limit of an average of `age` samples.
double DetectorBank::ewma_factor(std::uint64_t age) const noexcept {
  const double decay = std::pow(1.0 - lambda_, 2.0 * static_cast<double>(age));
  return 1.0 / (limit_ * std::sqrt(lambda_ / (2.0 - lambda_) * (1.0 - decay)));
}

/// Written for the vectoriser: no branch, every quantity in its own array.
void DetectorBank::score(std::span<const double> samples, std::size_t rows, std::uint64_t first_row,
                         std::size_t begin, std::size_t end, double* scores) noexcept {
  const std::size_t width = end - begin;
  double best[kTile] = {};
  const double* __restrict mean = mean_.data() + begin;
  const double* __restrict inverse_sigma = inverse_sigma_.data() + begin;
  double* __restrict average = average_.data() + begin;
  double* __restrict upper = upper_.data() + begin;
  double* __restrict lower = lower_.data() + begin;
  double* __restrict upper_since = upper_since_.data() + begin;
  double* __restrict lower_since = lower_since_.data() + begin;
  const double sum_factor = 1.0 / threshold_;
  for (std::size_t row = 0; row < rows; ++row) {
    const double* __restrict sample = samples.data() + row * signals() + begin;
    const double next = static_cast<double>(first_row + row + 1);
    const double average_factor = ewma_factor(first_row + row + 1 - baseline_rows_);
    for (std::size_t i = 0; i < width; ++i) {
      const double x = sample[i];
      const bool present = x - x == 0.0;  // False for NaN and infinities.
      const double raw = (x - mean[i]) * inverse_sigma[i];
      const double low = raw < 1e6 ? raw : 1e6;
      const double held = low > -1e6 ? low : -1e6;
      const double moved = average[i] + lambda_ * (held - average[i]);
      const double up = upper[i] + held - slack_;
      const double down = lower[i] - held - slack_;
      const double up_sum = up > 0.0 ? up : 0.0;
      const double down_sum = down > 0.0 ? down : 0.0;
      average[i] = present ? moved : average[i];
      upper[i] = present ? up_sum : upper[i];
      lower[i] = present ? down_sum : lower[i];
      upper_since[i] = upper[i] > 0.0 ? upper_since[i] : next;
      lower_since[i] = lower[i] > 0.0 ? lower_since[i] : next;
      const double by_average = std::abs(average[i]) * average_factor;
      const double larger = upper[i] > lower[i] ? upper[i] : lower[i];
      const double by_sum = larger * sum_factor;
      const double louder = by_average > by_sum ? by_average : by_sum;
      best[i] = louder > best[i] ? louder : best[i];
    }
  }
  std::copy(best, best + width, scores + begin);
}

Evidence DetectorBank::evidence(std::size_t signal) const noexcept {
  if (!ready() || rows_ == baseline_rows_) return {};
  const double by_average = std::abs(average_[signal]) * ewma_factor(rows_ - baseline_rows_);
  const bool rising_sum = upper_[signal] >= lower_[signal];
  const double sum = rising_sum ? upper_[signal] : lower_[signal];
  const double by_sum = sum / threshold_;
  const double score = std::max(by_average, by_sum);
  if (score == 0.0) return {};
  const bool rising = by_sum >= by_average ? rising_sum : average_[signal] > 0.0;
  const double since = rising ? upper_since_[signal] : lower_since_[signal];
  const double age = std::max(static_cast<double>(rows_) - since, 1.0);
  const auto ago = static_cast<std::uint64_t>(age - 1.0);
  const std::uint64_t half = onset_half_width(sum / age + slack_);
  return {score, rising ? Direction::rise : Direction::fall, ago, ago + half,
          ago - std::min(ago, half)};
}

void DetectorBank::rearm(std::size_t signal) noexcept {
  if (!ready()) return;
  average_[signal] = upper_[signal] = lower_[signal] = 0.0;
  upper_since_[signal] = lower_since_[signal] = static_cast<double>(rows_);
}

void DetectorBank::reset() noexcept {
  rows_ = 0;
  for (auto* column :
       {&mean_, &inverse_sigma_, &average_, &upper_, &lower_, &upper_since_, &lower_since_}) {
    std::fill(column->begin(), column->end(), 0.0);
  }
}

std::vector<std::byte> DetectorBank::snapshot() const {
  StateWriter archive;
  archive(kMagic, kVersion, static_cast<std::uint64_t>(signals()), baseline_rows_, lambda_, limit_,
          slack_, threshold_, rows_, mean_, inverse_sigma_, average_, upper_, lower_, upper_since_,
          lower_since_);
  archive(checksum(archive.bytes()));
  return archive.take();
}

DetectorBank DetectorBank::restore(std::span<const std::byte> bytes) {
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  std::uint64_t count = 0;
  std::uint64_t baseline = 0;
  Config config;
  StateReader archive(bytes);
  archive(magic, version, count, baseline, config.lambda, config.limit_sigmas, config.slack_sigmas,
          config.threshold_sigmas);
  if (!archive.ok() || magic != kMagic) refuse("not a snapshot");
  if (version != kVersion) refuse(fmt::format("version {} is not {}", version, kVersion));
  // Before anything of that size is allocated.
  constexpr std::size_t kHeader = sizeof magic + sizeof version + 7 * sizeof(double);
  const std::size_t trailer = sizeof(std::uint64_t);
  if (count > kMostSignals || bytes.size() != kHeader + count * bytes_per_signal() + trailer) {
    refuse("its length does not fit");
  }
  std::uint64_t sum = 0;
  StateReader(bytes.last(trailer))(sum);
  if (checksum(bytes.first(bytes.size() - trailer)) != sum) refuse("damaged");
  if (baseline > 1'000'000) refuse("its baseline is out of range");
  config.baseline_samples = static_cast<std::int64_t>(baseline);
  try {
    DetectorBank bank(count, config);
    archive(bank.rows_, bank.mean_, bank.inverse_sigma_, bank.average_, bank.upper_, bank.lower_,
            bank.upper_since_, bank.lower_since_);
    if (!archive.ok()) refuse("its numbers are not finite");
    return bank;
  } catch (const ConfigError& error) {
    refuse(error.what());
  }
}

}  // namespace emdyn::detect
