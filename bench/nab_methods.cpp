#include "nab_methods.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/alarm/surprise_scale.hpp"
#include "emdyn/detect/ensemble/auto_detector.hpp"
#include "emdyn/detect/ensemble/history_match.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::bench {
namespace {

using Scores = std::vector<double>;
using Values = std::span<const double>;

constexpr std::size_t kEpisode = 100;

/// Keeps a score only where it is above all of the last 100.
Scores records_only(const Scores& scores) {
  Scores kept(scores.size(), 0.0);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto here = scores.begin() + static_cast<std::ptrdiff_t>(i);
    const auto from = here - static_cast<std::ptrdiff_t>(std::min(i, kEpisode));
    if (from == here || *std::max_element(from, here) < *here) kept[i] = *here;
  }
  return kept;
}

Scores zscore(Values values) {
  math::Moments past;
  Scores scores(values.size(), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (past.count() > 1 && past.stddev() > 0.0) {
      scores[i] = std::abs(values[i] - past.mean()) / past.stddev();
    }
    past.add(values[i]);
  }
  return scores;
}

/// 1 minus the normal tail beyond the sample; mean and deviation of the last 6,400 samples, taken
/// anew after each of the first 6,400 and then after every hundred.
Scores windowed_gaussian(Values values) {
  constexpr std::size_t kWindow = 6400;
  constexpr std::size_t kStep = 100;
  Scores scores(values.size(), 0.0);
  math::Moments window;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (window.count() > 1 && window.stddev() > 0.0) {
      scores[i] = 1.0 - math::normal_sf(std::abs(values[i] - window.mean()) / window.stddev());
    }
    if (i < kWindow) {
      window.add(values[i]);
    } else if ((i + 1) % kStep == 0) {
      window = {};
      for (const double value : values.subspan(i + 1 - kWindow, kWindow)) window.add(value);
    }
  }
  return scores;
}

Scores at_random(Values values) {
  Philox random(values.size());
  Scores scores(values.size());
  for (double& score : scores) score = random.uniform();
  return scores;
}

Scores registered(const detect::Entry& entry, Values values) {
  Scores samples(values.begin(), values.end());
  if (entry.front_end) {
    detect::FrontEnd front_end;
    for (double& sample : samples) sample = front_end.update(sample);
  }
  Scores scores(values.size());
  entry.make({})->score(samples, scores);
  return scores;
}

/// 1 - p, what `emdyn detect --scores` prints.
Scores one_minus_p(Values values) {
  const auto detector = detect::make_detector("auto");
  detect::AlarmPolicy policy({.trusts_null = true});
  Scores scores(values.size(), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double score = detector->update(values[i]);
    const auto decision = policy.step(score, detector->p_value());
    scores[i] = 1.0 - decision.p_value;
    if (decision.alarm) detector->rearm();
  }
  return scores;
}

Scores member(std::size_t length, Values values) {
  const math::Moments moments = [&] {
    math::Moments first;
    for (const double value : values.first(std::min<std::size_t>(values.size(), 32))) {
      first.add(value);
    }
    return first;
  }();
  const double unit = std::max(moments.stddev(), std::abs(moments.mean()) * 1e-6 + 1e-12);
  detect::HistoryMatch match(4096);
  detect::SurpriseScale scale;
  Scores scores(values.size(), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    match.push(static_cast<float>((values[i] - moments.mean()) / unit));
    const double distance = match.distance(length);
    if (distance < 0.0) continue;
    scores[i] = scale.surprise(distance);
    scale.learn(distance);
  }
  return records_only(scores);
}

void add_rows(const std::string& name, std::span<const NabFile> files,
              std::span<const Scores> scores, std::vector<Row>& rows) {
  for (const NabProfile& profile : kNabProfiles) {
    const NabScore best = nab_optimise(files, scores, profile);
    rows.push_back({name + "/" + std::string(profile.name), best.normalised, "nab", {}, "zscore"});
  }
}

void add_frozen_rows(std::span<const NabFile> files, std::span<const Scores> scores,
                     std::vector<Row>& rows) {
  // The textbook level, one in 500 samples, and the budget that alarms are told within by default.
  const double budget = std::log10(detect::AlarmPolicy::Config{}.alpha) /
                        std::log10(detect::AutoDetector::Config{}.alarm_rate);
  for (const auto& [name, level] : {std::pair{"auto_frozen/", 1.0}, {"auto_budget/", budget}}) {
    for (const NabProfile& profile : kNabProfiles) {
      const NabScore frozen = nab_score(files, scores, profile, level);
      rows.push_back({name + std::string(profile.name), frozen.normalised, "nab", {}, "zscore"});
    }
  }
}

/// The profile's row of the baseline goes beside every other.
void set_baselines(std::vector<Row>& rows) {
  for (const NabProfile& profile : kNabProfiles) {
    const std::string ending = "/" + std::string(profile.name);
    const auto baseline = std::ranges::find(rows, "zscore" + ending, &Row::name);
    for (Row& row : rows) {
      if (row.name.ends_with(ending)) row.baseline = baseline->value;
    }
  }
}

}  // namespace

std::vector<StreamScorer> nab_baselines() {
  return {{"null", [](Values values) { return Scores(values.size(), 0.0); }},
          {"random", at_random},
          {"zscore", zscore},
          {"zscore_records", [](Values values) { return records_only(zscore(values)); }},
          {"windowed_gaussian", windowed_gaussian}};
}

std::vector<StreamScorer> nab_members() {
  std::vector<StreamScorer> members;
  for (std::size_t i = 0; i < detect::HistoryMatch::kLengths; ++i) {
    members.push_back({"auto_member_" + std::to_string(detect::HistoryMatch::kLength[i]),
                       [i](Values values) { return member(i, values); }});
  }
  return members;
}

std::vector<Row> nab_rows(std::span<const NabFile> files) {
  std::vector<StreamScorer> methods;
  for (const detect::Entry& entry : detect::entries()) {
    if (entry.domain != detect::Domain::real) continue;
    methods.push_back(
        {std::string(entry.name), [&entry](Values values) { return registered(entry, values); }});
  }
  methods.push_back({"auto_one_minus_p", one_minus_p});
  for (auto& method : nab_members()) methods.push_back(std::move(method));
  for (auto& method : nab_baselines()) methods.push_back(std::move(method));
  std::vector<std::vector<Scores>> all(methods.size(), std::vector<Scores>(files.size()));
  parallel_for(methods.size() * files.size(), [&](std::size_t i) {
    const std::size_t file = i % files.size();
    all[i / files.size()][file] = methods[i / files.size()].score(files[file].values);
  });
  std::vector<Row> rows;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    add_rows(methods[i].name, files, all[i], rows);
    if (methods[i].name == "auto") add_frozen_rows(files, all[i], rows);
  }
  set_baselines(rows);
  return rows;
}

std::vector<Row> bench_nab(const std::filesystem::path& folder) {
  return nab_rows(load_nab(folder));
}

}  // namespace emdyn::bench
