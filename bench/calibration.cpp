#include "calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "emdyn/core/parallel.hpp"
#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/math/distributions.hpp"
#include "null_streams.hpp"

namespace emdyn::bench {
namespace {

constexpr std::array kLevels{1e-2, 1e-3, 1e-4};
constexpr std::array<std::string_view, 3> kLevelNames{"1e-2", "1e-3", "1e-4"};

/// What one stream gave: samples that had a p-value, and those at or below each level.
struct Count {
  double samples = 0.0;
  std::array<double, kLevels.size()> below{};

  void take(double p) noexcept {
    samples += 1.0;
    for (std::size_t i = 0; i < kLevels.size(); ++i) below[i] += p <= kLevels[i] ? 1.0 : 0.0;
  }
};

struct Stream {
  Null null;
  std::vector<double> raw;
  std::vector<double> residuals;  // Of the front end.
  std::size_t warm = 0;           // Samples before its first residual.
};

Stream make_stream(Null null, std::size_t number, std::size_t length) {
  Stream stream{null, std::vector<double>(length), std::vector<double>(length), 0};
  fill(null, number, stream.raw);
  detect::FrontEnd front_end;
  for (std::size_t t = 0; t < length; ++t) {
    if (!front_end.ready()) stream.warm = t + 1;
    stream.residuals[t] = front_end.update(stream.raw[t]);
  }
  return stream;
}

bool fits(const detect::Entry& entry, Null null) {
  return entry.domain != detect::Domain::count || null == Null::poisson;
}

/// The samples as the detector takes them.
double sample_of(const detect::Entry& entry, const Stream& stream, bool front_end, std::size_t t) {
  const double value = front_end ? stream.residuals[t] : stream.raw[t];
  if (entry.domain == detect::Domain::unit_interval) return math::normal_cdf(value);
  if (entry.domain == detect::Domain::binary) {
    return value > (front_end ? 0.74 : error_level(stream.null)) ? 1.0 : 0.0;
  }
  return value;
}

Count count_detector(const detect::Entry& entry, const Stream& stream) {
  const bool front_end = !entry.alarms_itself && (entry.front_end || !independent(stream.null));
  const auto detector = entry.make({});
  detect::AlarmPolicy policy({.trusts_null = entry.calibrated});
  Count count;
  for (std::size_t t = front_end ? stream.warm : 0; t < stream.raw.size(); ++t) {
    const double score = detector->update(sample_of(entry, stream, front_end, t));
    if (!detector->ready()) continue;
    if (entry.alarms_itself) {  // Its own policies gave this p.
      count.take(detector->p_value().value_or(1.0));
      continue;
    }
    const bool ready = policy.ready(detector->p_value());
    const auto decision = policy.step(score, detector->p_value());
    if (ready) count.take(decision.p_value);
    if (decision.alarm) detector->rearm();
  }
  return count;
}

/// The plain z-score of everyone's first script.
Count count_baseline(const Stream& stream) {
  Count count;
  double n = 0.0;
  double mean = 0.0;
  double squares = 0.0;
  for (const double sample : stream.raw) {
    const double delta = sample - mean;
    if (n >= 30.0) count.take(math::two_sided_normal(delta / std::sqrt(squares / (n - 1.0))));
    n += 1.0;
    mean += delta / n;
    squares += delta * (sample - mean);
  }
  return count;
}

struct Estimate {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// Ratio of sums over streams, and Student's t interval of their spread around it.
Estimate estimate(std::span<const Count> streams, std::size_t level) {
  double samples = 0.0;
  double below = 0.0;
  for (const Count& stream : streams) {
    samples += stream.samples;
    below += stream.below[level];
  }
  if (samples == 0.0) return {};
  const double rate = below / samples;
  double squares = 0.0;
  for (const Count& stream : streams) {
    const double error = stream.below[level] - rate * stream.samples;
    squares += error * error;
  }
  const double n = static_cast<double>(streams.size());
  // One alarm's worth of doubt, so that no alarms at all is no certainty.
  const double error = std::sqrt(n / (n - 1.0) * squares + (below == 0.0 ? 1.0 : 0.0)) / samples;
  const double reach = math::student_t_quantile(0.975, n - 1.0) * error;
  const double nominal = kLevels[level];
  return {rate / nominal, std::max(rate - reach, 0.0) / nominal, (rate + reach) / nominal};
}

bool meets_band(const Estimate& found, Null null) {
  const double low = independent(null) ? 0.8 : 0.5;
  const double high = independent(null) ? 1.25 : 2.0;
  return found.high >= low && found.low <= high;
}

std::vector<const detect::Entry*> chosen(const std::vector<std::string>& names) {
  std::vector<const detect::Entry*> entries;
  for (const std::string& name : names) entries.push_back(&detect::find_entry(name));
  if (!names.empty()) return entries;
  for (const detect::Entry& entry : detect::entries()) entries.push_back(&entry);
  return entries;
}

}  // namespace

std::vector<Row> bench_calibration(const CalibrationOptions& options, const Task& task) {
  const auto entries = chosen(options.detectors);
  const std::size_t length = options.samples / options.streams;
  std::vector<Row> rows;
  std::mutex lock;
  std::size_t done = 0;
  const auto tell = [&](Null null) {
    if (!task.has_listener()) return;
    const std::scoped_lock held(lock);
    task.tell({.what = "calibration",
               .done = ++done,
               .planned = std::size(kNulls) * options.streams,
               .unit = "streams",
               .note = word(null)});
  };
  for (const Null null : kNulls) {
    std::vector<std::vector<Count>> counts(entries.size(), std::vector<Count>(options.streams));
    std::vector<Count> baseline(options.streams);
    parallel_for(options.streams, [&](std::size_t number) {
      const Stream stream = make_stream(null, number, length);
      baseline[number] = count_baseline(stream);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (task.stopped()) return;
        if (fits(*entries[i], null)) counts[i][number] = count_detector(*entries[i], stream);
      }
      tell(null);
    });
    task.check();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!fits(*entries[i], null)) continue;
      for (std::size_t level = 0; level < kLevels.size(); ++level) {
        const Estimate found = estimate(counts[i], level);
        Row row{fmt::format("{}/{}/{}", entries[i]->name, word(null), kLevelNames[level]),
                found.value, "empirical/nominal", estimate(baseline, level).value,
                "z-score, plug-in moments, normal tail"};
        row.low = found.low;
        row.high = found.high;
        row.passes = meets_band(found, null);
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

}  // namespace emdyn::bench
