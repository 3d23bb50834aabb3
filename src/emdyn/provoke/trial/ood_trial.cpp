#include "emdyn/provoke/trial/ood_trial.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/network/observe.hpp"
#include "emdyn/model/network/shown.hpp"
#include "emdyn/provoke/ood/metrics.hpp"
#include "emdyn/provoke/ood/network/of_network.hpp"
#include "emdyn/provoke/trial/subject.hpp"

namespace emdyn::provoke::trial {
namespace {

constexpr std::size_t kRocPoints = 120;
constexpr std::size_t kBins = 40;
constexpr std::int64_t kGradientChunk = 128;

/// The scores to try, those of features only where the model shows them.
std::vector<std::string> scores_for(const model::Model& model, const OodTrialOptions& options,
                                    std::string& note) {
  std::vector<std::string> names;
  std::vector<std::string_view> left_out;
  std::vector<std::string_view> of_logits;
  for (const ood::ScoreEntry& entry : ood::entries()) {
    const bool usable = model::shows_features(model) || !entry.reads_features();
    if (options.scores.empty() && usable) names.emplace_back(entry.name);
    if (!usable) left_out.push_back(entry.name);
    if (!entry.reads_features()) of_logits.push_back(entry.name);
  }
  for (const std::string& name : options.scores) {
    if (!model::shows_features(model) && ood::find_entry(name).reads_features()) {
      throw ModelError(fmt::format(
          "stress ood: {} reads features, which this model does not show; scores of logits work "
          "({}), or give the network as safetensors with an architecture that ends in a linear "
          "layer (docs/models.md)",
          name, fmt::join(of_logits, ", ")));
    }
    names.push_back(name);
  }
  if (options.scores.empty() && !left_out.empty())
    note = fmt::format("the model shows no features, so these are left out: {}",
                       fmt::join(left_out, ", "));
  return names;
}

/// x + noise·sign(∇ log p(predicted; T)): Liang, Li, Srikant 2018, equation 2.
torch::Tensor moved_inputs(const model::Model& network, const torch::Tensor& inputs,
                           double temperature, double noise, model::Ledger& ledger,
                           const Task& task) {
  std::vector<torch::Tensor> moved;
  const model::Signature& box = network.signature();
  for (std::int64_t first = 0; first < inputs.size(0); first += kGradientChunk) {
    task.check();
    const auto chunk = inputs.narrow(0, first, std::min(kGradientChunk, inputs.size(0) - first));
    const auto found = network.gradient(
        chunk,
        [&](const torch::Tensor& logits) {
          return std::get<0>(at::log_softmax(logits / temperature, 1).max(1));
        },
        ledger);
    moved.push_back((chunk + noise * found.input.sign()).clamp(box.low, box.high));
  }
  return moved.empty() ? inputs : at::cat(moved);
}

/// The ROC curve of "strange below the threshold", thinned to few points.
void add_roc(OodFinding& finding, std::vector<double> in, std::vector<double> out) {
  std::ranges::sort(in);
  std::ranges::sort(out);
  for (std::size_t k = 0; k <= kRocPoints; ++k) {
    // Thresholds at quantiles of either side, so that both ends of the curve are drawn.
    for (const auto* side : {&in, &out}) {
      const std::size_t at = std::min(side->size() - 1, k * side->size() / kRocPoints);
      const double threshold = (*side)[at];
      const auto below = [&](const std::vector<double>& all) {
        return static_cast<double>(std::ranges::upper_bound(all, threshold) - all.begin()) /
               static_cast<double>(all.size());
      };
      finding.roc_false.push_back(below(in));
      finding.roc_true.push_back(below(out));
    }
  }
  std::ranges::sort(finding.roc_false);
  std::ranges::sort(finding.roc_true);
}

void add_histogram(OodFinding& finding, const std::vector<double>& in,
                   const std::vector<double>& out) {
  std::vector<double> all(in);
  all.insert(all.end(), out.begin(), out.end());
  std::ranges::sort(all);
  // The middle 99 %: one far score would squeeze everything else into a bin.
  const double low = all[all.size() / 200];
  const double high = all[all.size() - 1 - all.size() / 200];
  if (!(high > low)) return;
  for (std::size_t i = 0; i <= kBins; ++i)
    finding.edges.push_back(low + (high - low) * static_cast<double>(i) / kBins);
  const auto counted = [&](const std::vector<double>& values) {
    std::vector<std::uint64_t> bins(kBins, 0);
    for (const double value : values) {
      const double place = std::clamp((value - low) / (high - low) * kBins, 0.0, kBins - 1.0);
      ++bins[static_cast<std::size_t>(place)];
    }
    return bins;
  };
  finding.inside = counted(in);
  finding.outside = counted(out);
}

}  // namespace

std::vector<StrangeSet> made_sets(const torch::Tensor& examples, const model::Signature& signature,
                                  std::size_t count, std::uint64_t seed) {
  const std::int64_t rows = std::min(static_cast<std::int64_t>(count), examples.size(0));
  const torch::Tensor like = examples.narrow(0, 0, rows);
  const double middle = 0.5 * (signature.low + signature.high);
  const double half = 0.5 * (signature.high - signature.low);
  std::vector<StrangeSet> sets;
  const auto noise = [&](const std::string& name, std::uint64_t stream, auto&& draw) {
    Philox random(seed, stream);
    torch::Tensor made = at::empty(like.sizes());
    float* values = made.data_ptr<float>();
    for (std::int64_t i = 0; i < made.numel(); ++i) {
      values[i] = static_cast<float>(std::clamp(draw(random), signature.low, signature.high));
    }
    sets.push_back({name, made});
  };
  noise("gaussian_noise", 1, [&](Philox& r) { return middle + half * r.normal(); });
  noise("bernoulli_noise", 2,
        [&](Philox& r) { return r.below(2) == 0 ? signature.low : signature.high; });
  noise("uniform_noise", 3, [&](Philox& r) { return middle + half * (2.0 * r.uniform() - 1.0); });
  sets.push_back({"negatives", (signature.low + signature.high) - like});
  return sets;
}

StrangeSet strange_set(const std::string& path, const model::Signature& signature) {
  const model::data::Dataset examples = load_examples(path, "", 0, signature, false);
  const std::filesystem::path place(path);
  const std::string stem =
      (std::filesystem::is_directory(place) ? place : place.parent_path()).filename().string();
  return {stem.empty() ? path : stem, model::examples(examples)};
}

void to_json(Json& json, const OodTrial& trial) {
  json = {{"examples", trial.examples},
          {"clean_errors", trial.clean_errors},
          {"chosen", trial.choice.name},
          {"chosen_because", trial.choice.reason},
          {"note", trial.note.empty() ? Json(nullptr) : Json(trial.note)},
          {"scores", trial.findings},
          {"ledger", trial.ledger}};
}

namespace {

OodFinding judge(const std::string& score, const std::string& set, const std::vector<double>& in,
                 const std::vector<double>& out) {
  const ood::Separation found = ood::separation(in, out);
  OodFinding finding{.score = score,
                     .set = set,
                     .auroc = found.auroc,
                     .aupr_in = found.aupr_in,
                     .aupr_out = found.aupr_out,
                     .fpr95 = found.fpr95};
  add_roc(finding, in, out);
  add_histogram(finding, in, out);
  return finding;
}

/// A fitted score, and what it makes of the familiar examples.
struct Tried {
  ood::Scorer scorer;
  std::vector<double> inside{};
  std::string moved{};  ///< Its paper's name for it on moved inputs; empty: not tried.
  std::vector<double> inside_moved{};

  double temperature() const { return scorer.config().at("temperature").get<double>(); }
};

/// One trial from the training examples to the last set.
class Trying {
 public:
  Trying(const model::Model& model, const OodTrialOptions& options, const Task& task)
      : model_(model), options_(options), task_(task) {}

  void learn(const std::vector<std::string>& names, const torch::Tensor& train,
             const std::vector<std::int64_t>& labels) {
    task_.tell({.what = "looking at the training examples"});
    const auto seen = look(train);
    const std::vector<std::uint32_t> classes = ood::labels_of(labels);
    const ood::ScoredBatch batch = ood::batch_of(seen);
    const ood::Head head = ood::head_of(model_);
    const ood::TrainingSet training{batch.features, batch.logits, classes, head.view()};
    for (const std::string& name : names) {
      task_.check();
      task_.tell({.what = "fitting scores",
                  .done = tried_.size(),
                  .planned = names.size(),
                  .unit = "scores",
                  .note = name});
      tried_.push_back({ood::fit(name, training)});
      if (model_.differentiable()) tried_.back().moved = ood::find_entry(name).moved;
    }
  }

  void meet_familiar(const torch::Tensor& inputs, const std::vector<std::int64_t>& labels) {
    const auto seen = look(inputs);
    trial.examples = seen.rows;
    trial.clean_errors = seen.errors(labels);
    std::vector<ood::Scorer> scorers;
    for (const Tried& one : tried_) scorers.push_back(one.scorer);
    trial.choice = ood::choose(scorers, ood::batch_of(seen), ood::labels_of(labels));
    for (Tried& one : tried_) {
      task_.check();
      one.inside = one.scorer.score(ood::batch_of(seen));
      if (!one.moved.empty()) one.inside_moved = score_moved(one, inputs);
    }
  }

  void meet(const StrangeSet& set) {
    const auto seen = look(set.inputs);
    for (const Tried& one : tried_) {
      task_.check();
      const std::string name(one.scorer.name());
      trial.findings.push_back(
          judge(name, set.name, one.inside, one.scorer.score(ood::batch_of(seen))));
      if (!one.moved.empty())
        trial.findings.push_back(
            judge(one.moved, set.name, one.inside_moved, score_moved(one, set.inputs)));
    }
  }

  OodTrial trial{};

 private:
  model::Observations look(const torch::Tensor& inputs) {
    auto seen = model::observe(model_, inputs, true, trial.ledger, task_);
    task_.check();
    return seen;
  }
  std::vector<double> score_moved(const Tried& one, const torch::Tensor& inputs) {
    const auto seen = look(
        moved_inputs(model_, inputs, one.temperature(), options_.odin_noise, trial.ledger, task_));
    return one.scorer.score(ood::batch_of(seen));
  }

  const model::Model& model_;
  const OodTrialOptions& options_;
  const Task& task_;
  std::vector<Tried> tried_{};
};

}  // namespace

OodTrial run_ood_trial(const model::Model& model, const torch::Tensor& train,
                       const std::vector<std::int64_t>& train_labels, const torch::Tensor& familiar,
                       const std::vector<std::int64_t>& labels, const std::vector<StrangeSet>& sets,
                       const OodTrialOptions& options, const Task& task) {
  Trying trying(model, options, task);
  trying.learn(scores_for(model, options, trying.trial.note), train, train_labels);
  trying.meet_familiar(familiar, labels);
  for (std::size_t k = 0; k < sets.size(); ++k) {
    task.tell({.what = "scoring strange inputs",
               .done = k,
               .planned = sets.size(),
               .unit = "sets",
               .note = sets[k].name});
    trying.meet(sets[k]);
  }
  return std::move(trying.trial);
}

}  // namespace emdyn::provoke::trial
