#include "emdyn/forecast/curves/blocks.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kBeginsEarly = 0.2;  // Share of now up to which a first position counts from 0.
constexpr double kDense = 4.0;        // Records a block from which their scatter tells the noise.
constexpr double kLate = 0.5;         // Noise is that of x beyond.
constexpr double kMostMemory = 0.95;
constexpr double kStepFactor = 1.5;
constexpr double kTimesGlide = 4.0;  // A step is so many times the moves before it.

double square(double x) noexcept { return x * x; }

double origin_of(const History& history) {
  const double first = history.positions.front();
  const double last = history.positions.back();
  if (first >= 0.0 && first <= kBeginsEarly * last) return 0.0;
  // The first record stands one mean step behind the beginning.
  return first - (last - first) / static_cast<double>(history.positions.size() - 1);
}

/// Cuts the records into blocks; `owner` gets the block of each record.
void cut(const History& history, CurveBlocks& blocks, std::vector<std::size_t>& owner) {
  const std::size_t n = history.values.size();
  const bool each_its_own = n <= CurveBlocks::kMostBlocks;
  std::vector<double> values;
  double x_sum = 0.0;
  std::size_t last_bin = 0;
  const auto close = [&] {
    if (values.empty()) return;
    blocks.x.push_back(x_sum / static_cast<double>(values.size()));
    blocks.z.push_back(math::median(values));
    blocks.in_last = values.size();
    values.clear();
    x_sum = 0.0;
  };
  owner.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double x = blocks.x_of(history.positions[i]);
    const double root = std::sqrt(std::clamp(x, 0.0, 1.0));
    const auto bin =
        std::min(static_cast<std::size_t>(root * static_cast<double>(CurveBlocks::kMostBlocks)),
                 CurveBlocks::kMostBlocks - 1);
    if (each_its_own || bin != last_bin) close();
    last_bin = bin;
    values.push_back(blocks.link.forward(history.values[i]));
    x_sum += x;
    owner[i] = blocks.x.size();
  }
  close();
}

/// The blocks' line at x: what a record is compared with.
double line_at(const CurveBlocks& blocks, double x, std::size_t block) {
  const std::size_t last = blocks.x.size() - 1;
  std::size_t a = block;
  if (x < blocks.x[block] && block > 0) a = block - 1;
  if (a == last) a = last - 1;
  const double width = blocks.x[a + 1] - blocks.x[a];
  if (!(width > 0.0)) return blocks.z[block];
  return blocks.z[a] + (blocks.z[a + 1] - blocks.z[a]) * (x - blocks.x[a]) / width;
}

double sigma_of(std::span<const double> residuals) {
  const double robust = math::kMadToSigma * math::mad(residuals);
  if (robust > 0.0) return robust;
  double sum = 0.0;
  for (const double each : residuals) sum += square(each);
  return std::sqrt(sum / static_cast<double>(residuals.size()));
}

/// Lag-1 autocorrelation of residuals whose extremes are drawn in.
double memory_of(std::span<const double> residuals, double sigma) {
  double products = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    const double here = std::clamp(residuals[i], -3.0 * sigma, 3.0 * sigma);
    squares += square(here);
    if (i + 1 == residuals.size()) break;
    products += here * std::clamp(residuals[i + 1], -3.0 * sigma, 3.0 * sigma);
  }
  return squares > 0.0 ? std::clamp(products / squares, 0.0, kMostMemory) : 0.0;
}

void dense_noise(const History& history, const std::vector<std::size_t>& owner,
                 CurveBlocks& blocks) {
  std::vector<double> residuals;
  for (std::size_t i = 0; i < history.values.size(); ++i) {
    const double x = blocks.x_of(history.positions[i]);
    if (x < kLate) continue;
    residuals.push_back(blocks.link.forward(history.values[i]) - line_at(blocks, x, owner[i]));
  }
  blocks.noise = sigma_of(residuals);
  blocks.memory = memory_of(residuals, blocks.noise);
}

/// Of few records: what three neighbours leave of a line through two of them.
void sparse_noise(CurveBlocks& blocks) {
  std::vector<double> residuals;
  const std::size_t n = blocks.x.size();
  for (std::size_t i = std::max<std::size_t>(n / 3, 1); i + 1 < n; ++i) {
    const double share = (blocks.x[i] - blocks.x[i - 1]) / (blocks.x[i + 1] - blocks.x[i - 1]);
    const double line = blocks.z[i - 1] + share * (blocks.z[i + 1] - blocks.z[i - 1]);
    const double deviations = std::sqrt(1.0 + square(1.0 - share) + square(share));
    residuals.push_back((blocks.z[i] - line) / deviations);
  }
  blocks.noise = sigma_of(residuals);
}

/// Simple exponential smoothing of the late blocks; its rate is the one that foretold each next
/// block best. Source: Hyndman et al., "Forecasting with Exponential Smoothing" (2008).
void smooth_level(CurveBlocks& blocks) {
  const std::size_t n = blocks.z.size();
  const std::size_t begin = n > 24 ? n - 24 : 0;
  double best = std::numeric_limits<double>::infinity();
  for (const double rate : {1.0, 0.7, 0.5, 0.35, 0.2, 0.1}) {
    double level = blocks.z[begin];
    double error = 0.0;
    for (std::size_t i = begin + 1; i < n; ++i) {
      error += std::abs(blocks.z[i] - level);
      level += rate * (blocks.z[i] - level);
    }
    if (!(error < 0.98 * best)) continue;  // The quicker one unless a slower is clearly better.
    best = error;
    blocks.smoothing = rate;
    const double spread = std::sqrt((1.0 + blocks.memory) / (1.0 - blocks.memory) /
                                    static_cast<double>(blocks.in_last));
    blocks.level_noise = blocks.noise * std::min(1.0, spread) * std::sqrt(rate / (2.0 - rate));
  }
}

double late_cadence(const History& history, const CurveBlocks& blocks) {
  std::vector<double> gaps;
  const std::size_t n = history.positions.size();
  for (std::size_t i = n - std::min<std::size_t>(n - 1, 65); i < n; ++i)
    gaps.push_back(history.positions[i] - history.positions[i - 1]);
  const double gap = math::median(gaps) / (blocks.now - blocks.origin);
  return gap > 0.0 ? gap : 1.0 / static_cast<double>(n);
}

}  // namespace

double CurveBlocks::level_at(std::size_t last) const noexcept {
  std::size_t i = last > 24 ? last - 24 : 0;
  double smooth = z[i];
  while (++i <= last) smooth += smoothing * (z[i] - smooth);
  return smooth;
}

double CurveBlocks::plausible(double at_z) const noexcept {
  const auto [low, high] = std::ranges::minmax(z);
  const double beyond = (link.kind == LinkKind::log ? 1.0 : 2.0) * (high - low);
  return std::clamp(at_z, low - beyond, high + beyond);
}

std::optional<double> last_step(const History& schedule) {
  std::optional<double> found;
  double usual = 0.0;  // The largest move of late, as a logarithm; it fades.
  for (std::size_t i = 1; i < schedule.values.size(); ++i) {
    const double before = schedule.values[i - 1];
    const double after = schedule.values[i];
    if (!(before > 0.0) || !(after > 0.0)) continue;
    const double move = std::abs(std::log(after / before));
    const bool step = move > std::log(kStepFactor) && move > kTimesGlide * usual && i >= 4;
    if (step) found = schedule.positions[i];
    usual = step ? usual : std::max(move, 0.95 * usual);
  }
  return found;
}

std::optional<CurveBlocks> curve_blocks(std::string_view name, const History& history,
                                        const History& schedule) {
  if (history.values.size() < kFewestRecords) return std::nullopt;
  if (!(history.positions.back() > history.positions.front())) return std::nullopt;
  CurveBlocks blocks;
  blocks.link = choose_link(name, history.values);
  blocks.origin = origin_of(history);
  blocks.now = history.positions.back();
  blocks.records = history.values.size();
  std::vector<std::size_t> owner;
  cut(history, blocks, owner);
  if (blocks.x.size() < 4) return std::nullopt;
  // A position of exactly 0 would have no logarithm.
  for (double& x : blocks.x) x = std::max(x, 1e-6);
  const double a_block =
      static_cast<double>(history.values.size()) / static_cast<double>(blocks.x.size());
  if (a_block >= kDense) {
    dense_noise(history, owner, blocks);
  } else {
    sparse_noise(blocks);
  }
  smooth_level(blocks);
  blocks.level = blocks.level_at(blocks.x.size() - 1);
  blocks.cadence = late_cadence(history, blocks);
  if (const auto step = last_step(schedule)) {
    const double x = blocks.x_of(*step);
    if (x > 0.0 && x < 1.0) blocks.piece = x;
  }
  return blocks;
}

}  // namespace emdyn::forecast
