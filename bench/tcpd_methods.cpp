#include "tcpd_methods.hpp"

#include <cmath>
#include <utility>

#include "emdyn/core/philox.hpp"
#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/ensemble/level_change.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/emergence/segment/segment.hpp"

namespace emdyn::bench {
namespace {

using Values = std::span<const double>;
using emergence::segment::Noise;
using emergence::segment::Regime;
using emergence::segment::SearchMethod;

constexpr std::size_t kFewestForSegment = 12;  // Two regimes can be told apart.

Segmenter segmenter(std::string name, SearchMethod search, Regime regime,
                    Noise noise = Noise::null_model) {
  emergence::segment::SegmentOptions options;
  options.search = search;
  options.regime = regime;
  options.noise = noise;
  return {std::move(name), [options](std::span<const double> values) {
            std::vector<std::size_t> found;
            for (const auto& change : emergence::segment::segment(values, options).changes) {
              found.push_back(change.index);
            }
            return found;
          }};
}

/// Change points where a sample lies more than three deviations from the mean of the `window`
/// samples before it; learning starts anew there.
std::vector<std::size_t> three_sigma(std::span<const double> values, std::size_t window) {
  constexpr std::size_t kLearn = 10;
  std::vector<std::size_t> found;
  std::size_t from = 0;
  for (std::size_t i = kLearn; i < values.size(); ++i) {
    const std::size_t first = i - from > window ? i - window : from;
    const double n = static_cast<double>(i - first);
    if (i - first < kLearn) continue;
    double mean = 0.0;
    for (std::size_t k = first; k < i; ++k) mean += values[k] / n;
    double square = 0.0;
    for (std::size_t k = first; k < i; ++k) square += (values[k] - mean) * (values[k] - mean);
    if (std::abs(values[i] - mean) <= 3.0 * std::sqrt(square / (n - 1.0))) continue;
    found.push_back(i);
    from = i;
  }
  return found;
}

/// One change point per hundred samples on average, anywhere.
std::vector<std::size_t> at_random(std::span<const double> values) {
  Philox random(values.size());
  std::vector<std::size_t> found;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (random.below(100) == 0) found.push_back(i);
  }
  return found;
}

/// Change points as a stream shows them: sample by sample, the onset as it is estimated when the
/// alarm fires, nothing later used. After an alarm the detector learns anew.
Segmenter online(std::string_view detector) {
  return {std::string(detector) + "_online", [detector](std::span<const double> values) {
            const detect::Entry& entry = detect::find_entry(detector);
            const auto watching = entry.make({});
            detect::FrontEnd front_end;
            std::vector<std::size_t> found;
            for (std::size_t i = 0; i < values.size(); ++i) {
              const double sample = entry.front_end ? front_end.update(values[i]) : values[i];
              if (watching->update(sample) <= 1.0) continue;
              const auto ago = watching->evidence().onset_samples_ago;
              if (ago <= i) found.push_back(i - static_cast<std::size_t>(ago));
              watching->reset();
            }
            return found;
          }};
}

/// What `emdyn detect` runs: auto within `budget` false alarms a sample, rearmed after each alarm,
/// every change at the onset of its alarm.
std::vector<std::size_t> detect_online(std::span<const double> values, double budget) {
  const auto watching = detect::make_detector("auto");
  detect::AlarmPolicy policy({.alpha = budget, .trusts_null = true});
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double score = watching->update(values[i]);
    if (!policy.step(score, watching->p_value()).alarm) continue;
    const auto ago = watching->evidence().onset_samples_ago;
    if (ago <= i) found.push_back(i - static_cast<std::size_t>(ago));
    watching->rearm();
  }
  return found;
}

/// A member of auto alone, within the whole budget, begun anew at each step it finds.
std::vector<std::size_t> level_online(std::span<const double> values, double budget) {
  detect::LevelChange level;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    level.push(values[i]);  // The series are standardised.
    if (level.p_value() > budget) continue;
    found.push_back(i - static_cast<std::size_t>(level.onset_samples_ago()));
    level.restart_at_step();
  }
  return found;
}

/// `emdyn watch --detector watch`: every shift it reports, at its onset.
std::vector<std::size_t> watch_online(std::span<const double> values) {
  detect::DetectOptions options;
  options.detector = detect::kWatch;
  detect::SeriesDetector watch("", series::Axis::step, options);
  std::vector<series::Event> events;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    events.clear();
    (void)watch.push(static_cast<double>(i), values[i], events);
    for (const series::Event& event : events) {
      const double onset = event.onset ? event.onset->estimate : event.position;
      if (event.kind == series::EventKind::shift) found.push_back(static_cast<std::size_t>(onset));
    }
  }
  return found;
}

/// The default of `segment` asked again with every sample, of what came since the last change.
std::vector<std::size_t> segment_online(std::span<const double> values) {
  std::vector<std::size_t> found;
  std::size_t from = 0;
  for (std::size_t i = kFewestForSegment; i <= values.size(); ++i) {
    if (i - from < kFewestForSegment) continue;
    const auto changes = emergence::segment::segment(values.subspan(from, i - from), {}).changes;
    if (changes.empty()) continue;
    from += changes.front().index;
    found.push_back(from);
  }
  return found;
}

}  // namespace

std::vector<Segmenter> online_segmenters() {
  std::vector<Segmenter> methods{{"segment_online", segment_online},
                                 {"watch_online", watch_online}};
  // The default budget, and that of the textbook thresholds of the detectors below.
  const double usual = detect::AlarmPolicy::Config{}.alpha;
  for (const auto& [ending, budget] : {std::pair{"", usual}, {"_1_in_500", 2e-3}}) {
    methods.push_back({std::string("detect_online") + ending,
                       [budget](Values values) { return detect_online(values, budget); }});
    methods.push_back({std::string("auto_member_level_online") + ending,
                       [budget](Values values) { return level_online(values, budget); }});
  }
  for (const std::string_view name :
       {"auto", "bocpd", "focus", "cusum", "ewma", "page_hinkley", "adwin", "kswin"}) {
    methods.push_back(online(name));
  }
  return methods;
}

std::vector<Segmenter> retrospective_segmenters() {
  return {
      segmenter("segment", SearchMethod::pelt, Regime::trend),
      segmenter("segment_autoregressive", SearchMethod::pelt, Regime::trend, Noise::autoregressive),
      segmenter("binary_trend", SearchMethod::binary, Regime::trend),
      segmenter("pelt_mean", SearchMethod::pelt, Regime::mean),
      segmenter("pelt_mean_differences", SearchMethod::pelt, Regime::mean, Noise::differences),
      segmenter("binary_mean", SearchMethod::binary, Regime::mean),
      segmenter("pelt_mean_variance", SearchMethod::pelt, Regime::mean_variance),
      segmenter("pelt_distribution", SearchMethod::pelt, Regime::distribution),
      segmenter("bocpd_map", SearchMethod::bocpd, Regime::mean),
      {"zscore", [](std::span<const double> v) { return three_sigma(v, v.size()); }},
      {"windowed_gaussian", [](std::span<const double> v) { return three_sigma(v, 50); }},
      {"random", at_random},
  };
}

std::vector<Row> bench_tcpd(const std::filesystem::path& folder) {
  const auto series = load_tcpd(folder);
  auto methods = retrospective_segmenters();
  for (auto& method : online_segmenters()) methods.push_back(std::move(method));
  return tcpd_rows(series, methods);
}

}  // namespace emdyn::bench
