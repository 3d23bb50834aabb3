#include "emdyn/detect/bank.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/detect/state.hpp"
#include "emdyn/detect/tails.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kTile = 256;  // Signals whose state stays in the first-level cache.
constexpr std::uint64_t kMagic = 0x4b4e41424e59444dULL;
constexpr std::uint32_t kVersion = 2;
constexpr double kNoDecay = 1e-20;  // 1 minus it is 1: the EWMA's limits are at their widest.

constexpr std::uint64_t kMostSignals = 100'000'000;

[[noreturn]] void refuse(std::string_view why) {
  throw DataError(fmt::format("bank snapshot: {}; take a new one with this version", why));
}

}  // namespace

/// Some rows of some neighbouring signals.
struct DetectorBank::Block {
  std::span<const double> samples;
  std::size_t rows = 0;
  std::uint64_t first_row = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

DetectorBank::DetectorBank(std::size_t signals, const Config& config)
    : config_(checked("bank", kFields, config)),
      forget_((1.0 - config.lambda) * (1.0 - config.lambda)),
      inverse_limit_(1.0 /
                     (config.limit_sigmas * std::sqrt(config.lambda / (2.0 - config.lambda)))),
      inverse_threshold_(1.0 / config.threshold_sigmas),
      mean_(signals),
      inverse_sigma_(signals),
      average_(signals),
      decay_(signals),
      upper_(signals),
      lower_(signals),
      upper_since_(signals),
      lower_since_(signals) {}

void DetectorBank::update(std::span<const double> samples, std::span<double> scores,
                          InstructionSet set) {
  const std::size_t count = signals();
  if (scores.size() != count || (count > 0 && samples.size() % count != 0)) {
    throw ConfigError(fmt::format(
        "bank.update needs rows of {} samples and as many scores, got {} samples and {} scores",
        count, samples.size(), scores.size()));
  }
  if (count == 0) return;
  const std::size_t rows = samples.size() / count;
  parallel_for((count + kTile - 1) / kTile, [&](std::size_t tile) {
    const std::size_t begin = tile * kTile;
    run_tile({samples, rows, rows_, begin, std::min(begin + kTile, count)}, set, scores.data());
  });
  rows_ += rows;
}

void DetectorBank::run_tile(const Block& block, InstructionSet set, double* scores) noexcept {
  double best[kTile] = {};
  std::size_t warming[kTile];
  std::size_t warming_count = 0;
  bool steady = true;
  for (std::size_t i = block.begin; i < block.end; ++i) {
    if (decay_[i] <= 0.0) warming[warming_count++] = i;
    steady = steady && decay_[i] == kNoDecay;
  }
  if (steady) {
    run_with(set, [&]() EMDYN_INLINE_BODY { score_rows<true>(block, best); });
  } else if (warming_count == 0) {
    run_with(set, [&]() EMDYN_INLINE_BODY { score_rows<false>(block, best); });
  } else {
    for (std::size_t row = 0; row < block.rows; ++row) {
      const Block one{block.samples.subspan(row * signals(), signals()), 1, block.first_row + row,
                      block.begin, block.end};
      run_with(set, [&]() EMDYN_INLINE_BODY { score_rows<false>(one, best); });
      std::size_t left = 0;
      for (std::size_t k = 0; k < warming_count; ++k) {
        learn(warming[k], one.samples[warming[k]]);
        if (!ready(warming[k])) warming[left++] = warming[k];
      }
      warming_count = left;
    }
  }
  std::copy(best, best + (block.end - block.begin), scores + block.begin);
}

void DetectorBank::learn(std::size_t signal, double sample) noexcept {
  if (!std::isfinite(sample)) return;
  const double x = bounded_sample(sample);
  decay_[signal] -= 1.0;
  const double delta = x - mean_[signal];
  mean_[signal] += delta / -decay_[signal];
  inverse_sigma_[signal] += delta * (x - mean_[signal]);
  if (-decay_[signal] == static_cast<double>(config_.baseline_samples)) finish_baseline(signal);
}

void DetectorBank::finish_baseline(std::size_t signal) noexcept {
  const double variance = inverse_sigma_[signal] / (-decay_[signal] - 1.0);
  inverse_sigma_[signal] = 1.0 / std::max(std::sqrt(variance), smallest_sigma(mean_[signal]));
  decay_[signal] = 1.0;
}

/// Written for the vectoriser: no branch, every quantity in its own array, and the operations of
/// Ewma and Cusum in their order. Signals that warm up are passed over.
/// @tparam kSteady every average is so old that its limits no longer widen.
template <bool kSteady>
EMDYN_INLINE_BODY inline void DetectorBank::score_rows(const Block& block, double* best) noexcept {
  const std::size_t width = block.end - block.begin;
  const double* __restrict mean = mean_.data() + block.begin;
  const double* __restrict inverse_sigma = inverse_sigma_.data() + block.begin;
  double* __restrict average = average_.data() + block.begin;
  double* __restrict decay = decay_.data() + block.begin;
  double* __restrict upper = upper_.data() + block.begin;
  double* __restrict lower = lower_.data() + block.begin;
  double* __restrict upper_since = upper_since_.data() + block.begin;
  double* __restrict lower_since = lower_since_.data() + block.begin;
  double* __restrict most = best;
  const double lambda = config_.lambda;
  const double slack = config_.slack_sigmas;
  const double forget = forget_;
  const double inverse_limit = inverse_limit_;
  const double inverse_threshold = inverse_threshold_;
  for (std::size_t row = 0; row < block.rows; ++row) {
    const double* __restrict sample = block.samples.data() + row * signals() + block.begin;
    const double next = static_cast<double>(block.first_row + row + 1);
    for (std::size_t i = 0; i < width; ++i) {
      const double x = sample[i];
      const bool finite = x - x == 0.0;  // False for NaN and infinities.
      const bool present = kSteady ? finite : finite & (decay[i] > 0.0);
      const double above = x > -kLargestSample ? x : -kLargestSample;
      const double bounded = above < kLargestSample ? above : kLargestSample;
      const double raw = (bounded - mean[i]) * inverse_sigma[i];
      const double low = raw > -1e6 ? raw : -1e6;
      const double z = low < 1e6 ? low : 1e6;
      const double moved = average[i] + lambda * (z - average[i]);
      const double up = upper[i] + z - slack;
      const double down = lower[i] - z - slack;
      const double up_held = up < 1e12 ? up : 1e12;
      const double down_held = down < 1e12 ? down : 1e12;
      average[i] = present ? moved : average[i];
      upper[i] = present ? (up > 0.0 ? up_held : 0.0) : upper[i];
      lower[i] = present ? (down > 0.0 ? down_held : 0.0) : lower[i];
      upper_since[i] = upper[i] > 0.0 ? upper_since[i] : next;
      lower_since[i] = lower[i] > 0.0 ? lower_since[i] : next;
      double by_average = std::abs(average[i]) * inverse_limit;
      if constexpr (!kSteady) {
        const double decayed = decay[i] * forget;
        const double held = decayed > kNoDecay ? decayed : kNoDecay;
        decay[i] = present ? held : decay[i];
        by_average /= std::sqrt(1.0 - held);
      }
      const double larger = upper[i] > lower[i] ? upper[i] : lower[i];
      const double by_sum = larger * inverse_threshold;
      const double louder = by_average > by_sum ? by_average : by_sum;
      const double score = present ? louder : 0.0;
      most[i] = score > most[i] ? score : most[i];
    }
  }
}

double DetectorBank::by_average(std::size_t signal) const noexcept {
  const double gap = 1.0 - decay_[signal];
  return gap > 0.0 ? std::abs(average_[signal]) * inverse_limit_ / std::sqrt(gap) : 0.0;
}

void DetectorBank::merge(const DetectorBank& other) {
  const auto warms_up = [](double decay) { return decay <= 0.0; };
  if (!(config_ == other.config_) || signals() != other.signals()) {
    throw ConfigError(
        "bank.merge needs two banks of the same configuration and number of signals; make both "
        "alike");
  }
  if (!std::ranges::all_of(decay_, warms_up) || !std::ranges::all_of(other.decay_, warms_up)) {
    throw ConfigError(
        "bank.merge joins baselines that are still learned, and one is in use already; raise "
        "bank.baseline_samples or merge earlier");
  }
  for (std::size_t i = 0; i < signals(); ++i) {
    const double here = -decay_[i];
    const double there = -other.decay_[i];
    if (there == 0.0) continue;
    const double count = here + there;
    const double delta = other.mean_[i] - mean_[i];
    mean_[i] += delta * there / count;
    inverse_sigma_[i] += other.inverse_sigma_[i] + delta * delta * here * there / count;
    decay_[i] = -count;
    if (count >= static_cast<double>(config_.baseline_samples)) finish_baseline(i);
  }
  rows_ += other.rows_;
  for (auto* since : {&upper_since_, &lower_since_}) {
    std::ranges::fill(*since, static_cast<double>(rows_));
  }
}

Evidence DetectorBank::evidence(std::size_t signal) const noexcept {
  if (!ready(signal)) return {};
  const double average = by_average(signal);
  const bool rising_sum = upper_[signal] >= lower_[signal];
  const double sum = rising_sum ? upper_[signal] : lower_[signal];
  const double by_sum = sum * inverse_threshold_;
  const double score = std::max(average, by_sum);
  if (score == 0.0) return {};
  const bool rising = by_sum >= average ? rising_sum : average_[signal] > 0.0;
  const double since = rising ? upper_since_[signal] : lower_since_[signal];
  const double age = std::max(static_cast<double>(rows_) - since, 1.0);
  const auto ago = static_cast<std::uint64_t>(age - 1.0);
  const std::uint64_t half = onset_half_width(sum / age + config_.slack_sigmas);
  return {score, rising ? Direction::rise : Direction::fall, ago, ago + half,
          ago - std::min(ago, half)};
}

void DetectorBank::rearm(std::size_t signal) noexcept {
  if (!ready(signal)) return;
  decay_[signal] = 1.0;
  average_[signal] = upper_[signal] = lower_[signal] = 0.0;
  upper_since_[signal] = lower_since_[signal] = static_cast<double>(rows_);
}

void DetectorBank::reset() noexcept {
  rows_ = 0;
  for (auto* column : {&mean_, &inverse_sigma_, &average_, &decay_, &upper_, &lower_, &upper_since_,
                       &lower_since_}) {
    std::fill(column->begin(), column->end(), 0.0);
  }
}

std::vector<std::byte> DetectorBank::snapshot() const {
  StateWriter archive;
  archive(kMagic, kVersion, static_cast<std::uint64_t>(signals()),
          static_cast<std::uint64_t>(config_.baseline_samples), config_.lambda,
          config_.limit_sigmas, config_.slack_sigmas, config_.threshold_sigmas, rows_, mean_,
          inverse_sigma_, average_, decay_, upper_, lower_, upper_since_, lower_since_);
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
    archive(bank.rows_, bank.mean_, bank.inverse_sigma_, bank.average_, bank.decay_, bank.upper_,
            bank.lower_, bank.upper_since_, bank.lower_since_);
    if (!archive.ok() || !bank.sound()) refuse("its numbers are out of range");
    return bank;
  } catch (const ConfigError& error) {
    refuse(error.what());
  }
}

/// What the loops rely on; the rest only has to be a number.
bool DetectorBank::sound() const noexcept {
  for (std::size_t i = 0; i < signals(); ++i) {
    const bool warms_up = decay_[i] <= 0.0;
    if (!(decay_[i] <= 1.0) || decay_[i] <= -static_cast<double>(config_.baseline_samples)) {
      return false;
    }
    if (warms_up && decay_[i] != std::floor(decay_[i])) return false;
    if (!warms_up && decay_[i] < kNoDecay) return false;
    if (!(inverse_sigma_[i] >= 0.0) || (!warms_up && inverse_sigma_[i] == 0.0)) return false;
    if (!(std::abs(mean_[i]) <= kLargestSample) || !(std::abs(average_[i]) <= 1e6)) return false;
    for (const double sum : {upper_[i], lower_[i]}) {
      if (!(sum >= 0.0 && sum <= 1e12)) return false;
    }
    for (const double since : {upper_since_[i], lower_since_[i]}) {
      if (!(since >= 0.0 && since <= static_cast<double>(rows_))) return false;
    }
  }
  return true;
}

}  // namespace emdyn::detect
