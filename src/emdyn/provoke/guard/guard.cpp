#include "emdyn/provoke/guard/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::provoke::guard {
namespace {

constexpr std::string_view kMagic = "emdyn guard 1";
constexpr std::size_t kLeastCalibration = 40;  // Half of them rank: p from 1/21 on.
/// Features and classes of a stored guard: products of two stay within 64 bits.
constexpr std::uint64_t kMostColumns = std::uint64_t{1} << 31U;

/// Rows of a matrix, copied in the order of `rows`.
std::vector<float> gather(const provoke::ood::Matrix& matrix, std::span<const std::uint64_t> rows) {
  std::vector<float> values;
  values.reserve(rows.size() * matrix.columns);
  for (const std::uint64_t row : rows) {
    const float* first = matrix.data + row * matrix.row_stride;
    values.insert(values.end(), first, first + matrix.columns);
  }
  return values;
}

/// Some rows of the features and logits of a batch, with their own storage.
struct Part {
  std::vector<std::uint64_t> rows;
  std::vector<float> features;
  std::vector<float> logits;
  std::vector<std::uint32_t> labels;
  provoke::ood::Shape shape;

  Part(const provoke::ood::Matrix& all_features, const provoke::ood::Matrix& all_logits,
       std::span<const std::uint32_t> all_labels, std::vector<std::uint64_t> chosen)
      : rows(std::move(chosen)),
        features(gather(all_features, rows)),
        logits(gather(all_logits, rows)),
        shape{all_features.columns, all_logits.columns} {
    if (all_labels.empty()) return;
    for (const std::uint64_t row : rows) labels.push_back(all_labels[row]);
  }
  provoke::ood::ScoredBatch batch() const {
    return {math::matrix_view(features.data(), rows.size(), shape.features),
            math::matrix_view(logits.data(), rows.size(), shape.classes)};
  }
};

std::vector<std::uint64_t> numbers(std::size_t count) {
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  return all;
}

bool finite(const float* values, std::size_t count) noexcept {
  return std::all_of(values, values + count, [](float v) { return std::isfinite(v); });
}

std::uint32_t largest(const float* logits, std::size_t classes) noexcept {
  return static_cast<std::uint32_t>(std::max_element(logits, logits + classes) - logits);
}

void require_reference(const provoke::ood::TrainingSet& reference) {
  if (reference.features.rows == 0 || reference.features.columns == 0)
    throw DataError("guard: there are no features to learn from");
  if (reference.labels.size() != reference.features.rows ||
      reference.logits.rows != reference.features.rows) {
    throw DataError(
        fmt::format("guard: {} rows of features, {} of logits and {} labels; give as "
                    "many of each",
                    reference.features.rows, reference.logits.rows, reference.labels.size()));
  }
  for (const std::uint32_t label : reference.labels) {
    if (label >= reference.logits.columns) {
      throw DataError(fmt::format("guard: label {} in a network of {} classes", label,
                                  reference.logits.columns));
    }
  }
}

/// What the scores learn from, and what calibrates: its first half ranks, its second half gives
/// p-values.
struct Split {
  Part fit;
  Part ranks;
  Part p_values;
};

Split split(const provoke::ood::TrainingSet& reference,
            const provoke::ood::ScoredBatch& calibration, const GuardOptions& options) {
  Philox random(static_cast<std::uint64_t>(options.seed));
  std::vector<std::uint64_t> order = numbers(reference.features.rows);
  shuffle(order, random);
  provoke::ood::ScoredBatch calm = calibration;
  std::vector<std::uint64_t> held;
  if (calibration.features.rows == 0) {
    const auto kept =
        static_cast<std::size_t>(options.fit_share * static_cast<double>(reference.features.rows));
    held.assign(order.begin() + static_cast<std::ptrdiff_t>(kept), order.end());
    order.resize(kept);
    calm = {reference.features, reference.logits};
  } else {
    held = numbers(calibration.features.rows);
    shuffle(held, random);
  }
  if (held.size() < kLeastCalibration) {
    throw DataError(fmt::format("guard: {} calibration examples; at least {} are needed",
                                held.size(), kLeastCalibration));
  }
  std::ranges::sort(order);
  const auto middle = held.begin() + static_cast<std::ptrdiff_t>(held.size() / 2);
  return {Part(reference.features, reference.logits, reference.labels, std::move(order)),
          Part(calm.features, calm.logits, {}, {held.begin(), middle}),
          Part(calm.features, calm.logits, {}, {middle, held.end()})};
}

}  // namespace

void to_json(Json& json, const Neighbour& neighbour) {
  json = {{"index", neighbour.index}, {"label", neighbour.label}, {"distance", neighbour.distance}};
}

void to_json(Json& json, const FeatureShare& share) {
  json = {{"feature", share.feature},
          {"value", share.value},
          {"expected", share.expected},
          {"share", share.share}};
}

Guard Guard::fit(const provoke::ood::TrainingSet& reference,
                 const provoke::ood::ScoredBatch& calibration, const GuardOptions& options,
                 std::span<const std::string_view> panel, const Task& task) {
  checked(GuardOptions::kName, kOptionFields, options);
  require_reference(reference);
  if (panel.empty()) throw ConfigError("guard: the panel needs at least one score");
  Guard guard;
  guard.options_ = options;
  guard.shape_ = {reference.features.columns, reference.logits.columns};
  if (calibration.features.rows > 0) guard.check(calibration);
  const Split parts = split(reference, calibration, options);
  const provoke::ood::ScoredBatch learned = parts.fit.batch();
  const provoke::ood::TrainingSet training{learned.features, learned.logits, parts.fit.labels,
                                           reference.head};
  for (const std::string_view name : panel) {
    task.check();
    task.tell({.what = "fitting the guard",
               .done = guard.scorers_.size(),
               .planned = panel.size(),
               .unit = "scores",
               .note = name});
    guard.scorers_.push_back(provoke::ood::fit(name, training));
    guard.ranks_.emplace_back(guard.scorers_.back().score(parts.ranks.batch()));
  }
  task.check();
  guard.reference_ = ReferencePanel(training, guard.shape_.classes, parts.fit.rows,
                                    static_cast<std::size_t>(options.bank));
  guard.density_ = KernelDensity(training.features, training.labels, guard.shape_.classes);
  // What a calm input looks like, by the same code that judges inputs later.
  std::vector<double> strangeness;
  std::vector<double> densities;
  for (const InputVerdict& one : guard.score(parts.p_values.batch())) {
    strangeness.push_back(one.score_p_value);
    densities.push_back(one.log_density);
  }
  guard.strangeness_ = provoke::guard::ConformalCalibration(strangeness);
  guard.densities_ = provoke::guard::ConformalCalibration(densities);
  return guard;
}

double Guard::rank(std::size_t score, double value) const {
  const std::vector<double>& calm = ranks_[score].scores();
  const double within = ranks_[score].p_value(value);
  if (value >= calm.front()) return within;
  // Below everything calm the rank goes on falling, so that strange inputs still have an order.
  const double unit = calm[calm.size() / 2] - calm[calm.size() / 20];
  const double beyond = calm.front() - value;
  if (!(unit > 0.0)) return within * 0.5;
  return within / (1.0 + std::min(beyond / unit, 1e12));
}

std::vector<InputVerdict> Guard::score(const provoke::ood::ScoredBatch& batch) const {
  check(batch);
  std::vector<std::vector<double>> scores;
  for (const provoke::ood::Scorer& scorer : scorers_) scores.push_back(scorer.score(batch));
  std::vector<InputVerdict> verdicts(batch.features.rows);
  parallel_for(verdicts.size(), [&](std::size_t i) {
    InputVerdict& verdict = verdicts[i];
    const float* features = batch.features.data + i * batch.features.row_stride;
    const float* logits = batch.logits.data + i * batch.logits.row_stride;
    std::size_t strangest = 0;
    verdict.score_p_value = HUGE_VAL;
    for (std::size_t s = 0; s < scorers_.size(); ++s) {
      const double p = rank(s, scores[s][i]);
      if (p >= verdict.score_p_value) continue;
      verdict.score_p_value = p;
      strangest = s;
    }
    verdict.score = scorers_[strangest].name();
    verdict.p_value = strangeness_.p_value(verdict.score_p_value);
    if (!finite(features, shape_.features) || !finite(logits, shape_.classes)) {
      verdict.log_density = provoke::ood::kLowestScore;
      verdict.density_p_value = densities_.p_value(provoke::ood::kLowestScore);
      return;  // A row that is not finite has no direction and no neighbours.
    }
    verdict.predicted = largest(logits, shape_.classes);
    verdict.log_density = density_.log_density({features, shape_.features}, verdict.predicted);
    verdict.density_p_value = densities_.p_value(verdict.log_density);
    explain(batch, i, verdict);
  });
  return verdicts;
}

void Guard::explain(const provoke::ood::ScoredBatch& batch, std::size_t row,
                    InputVerdict& verdict) const {
  const std::span<const float> features(batch.features.data + row * batch.features.row_stride,
                                        shape_.features);
  verdict.features = reference_.shares(features, verdict.predicted,
                                       static_cast<std::size_t>(options_.top_features));
  verdict.neighbours = reference_.nearest(features, static_cast<std::size_t>(options_.neighbours));
}

double Guard::batch_p_value(std::span<const InputVerdict> verdicts) const {
  // Mann-Whitney: U counts the pairs in which the input is less strange than the calm example.
  const auto m = static_cast<double>(verdicts.size());
  const auto n = static_cast<double>(strangeness_.size());
  if (verdicts.empty()) return 1.0;
  const std::vector<double>& calm = strangeness_.scores();
  std::vector<double> pooled = calm;
  double u = 0.0;
  for (const InputVerdict& one : verdicts) {
    const auto [low, high] = std::equal_range(calm.begin(), calm.end(), one.score_p_value);
    u += static_cast<double>(low - calm.begin()) + 0.5 * static_cast<double>(high - low);
    pooled.push_back(one.score_p_value);
  }
  std::ranges::sort(pooled);
  double ties = 0.0;
  for (std::size_t i = 0; i < pooled.size();) {
    std::size_t j = i;
    while (j < pooled.size() && pooled[j] == pooled[i]) ++j;
    const auto t = static_cast<double>(j - i);
    ties += t * t * t - t;
    i = j;
  }
  const double all = m + n;
  const double variance = m * n / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
  if (!(variance > 0.0)) return 1.0;
  const double z = (u + 0.5 - m * n / 2.0) / std::sqrt(variance);
  return math::normal_sf(-z);
}

double Guard::deviate(const InputVerdict& verdict) const noexcept {
  const double rank = static_cast<double>(strangeness_.rank(verdict.score_p_value));
  return math::normal_isf((rank - 0.5) / (static_cast<double>(strangeness_.size()) + 1.0));
}

double Guard::e_value(const InputVerdict& verdict) const noexcept {
  return strangeness_.e_value(verdict.score_p_value);
}

void Guard::check(const provoke::ood::ScoredBatch& batch) const {
  if (batch.features.columns != shape_.features || batch.logits.columns != shape_.classes ||
      batch.features.rows != batch.logits.rows) {
    throw DataError(
        fmt::format("guard: it was fitted on {} features and {} logits; got [{}, {}] and [{}, {}]",
                    shape_.features, shape_.classes, batch.features.rows, batch.features.columns,
                    batch.logits.rows, batch.logits.columns));
  }
}

std::vector<std::string> Guard::panel() const {
  std::vector<std::string> names;
  for (const provoke::ood::Scorer& scorer : scorers_) names.emplace_back(scorer.name());
  return names;
}

std::vector<std::byte> Guard::serialise() const {
  StateWriter archive;
  archive.text(kMagic);
  archive(shape_.features, shape_.classes, options_.fit_share, options_.neighbours, options_.bank,
          options_.top_features, options_.seed, std::uint64_t{scorers_.size()});
  for (std::size_t s = 0; s < scorers_.size(); ++s) {
    const std::vector<std::byte> bytes = scorers_[s].serialise();
    archive.text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    archive(sized(ranks_[s].scores()));
  }
  archive(sized(strangeness_.scores()), reference_, density_, sized(densities_.scores()));
  return archive.take();
}

Guard Guard::restore(std::span<const std::byte> bytes) {
  const auto refuse = [](bool good) {
    if (!good) throw DataError("guard: these bytes are no guard of this version; fit it again");
  };
  StateReader archive(bytes);
  refuse(archive.text(64) == kMagic);
  Guard guard;
  GuardOptions& options = guard.options_;
  std::uint64_t scorers = 0;
  archive(guard.shape_.features, guard.shape_.classes, options.fit_share, options.neighbours,
          options.bank, options.top_features, options.seed, scorers);
  refuse(archive.ok() && scorers >= 1 && scorers <= 64 && guard.shape_.features <= kMostColumns &&
         guard.shape_.classes <= kMostColumns);
  try {
    checked(GuardOptions::kName, kOptionFields, options);
  } catch (const ConfigError&) {
    refuse(false);
  }
  for (std::uint64_t s = 0; s < scorers; ++s) {
    const std::string text = archive.text(bytes.size());
    refuse(archive.ok());
    guard.scorers_.push_back(provoke::ood::restore(std::as_bytes(std::span(text))));
    std::vector<double> ranks;
    archive(sized(ranks));
    const provoke::ood::Shape own = guard.scorers_.back().shape();
    refuse(archive.ok() && !ranks.empty() && std::ranges::is_sorted(ranks) &&
           (own.features == 0 || own.features == guard.shape_.features) &&
           (own.classes == 0 || own.classes == guard.shape_.classes));
    guard.ranks_.emplace_back(ranks);
  }
  std::vector<double> strangeness;
  std::vector<double> densities;
  archive(sized(strangeness), guard.reference_, guard.density_, sized(densities));
  refuse(archive.ok() && archive.at_end() && !strangeness.empty() && guard.shape_.classes > 0 &&
         std::ranges::is_sorted(strangeness) && std::ranges::is_sorted(densities) &&
         !densities.empty() &&
         guard.reference_.valid(guard.shape_.features, guard.shape_.classes) &&
         guard.density_.valid(guard.shape_.features, guard.shape_.classes));
  guard.strangeness_ = provoke::guard::ConformalCalibration(strangeness);
  guard.densities_ = provoke::guard::ConformalCalibration(densities);
  return guard;
}

}  // namespace emdyn::provoke::guard
