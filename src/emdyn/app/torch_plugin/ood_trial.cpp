#include "emdyn/app/torch_plugin/ood_trial.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/network/observe.hpp"
#include "emdyn/model/network/shown.hpp"
#include "emdyn/provoke/ood/metrics.hpp"

namespace emdyn::app::torch_plugin {
namespace {

constexpr std::size_t kRocPoints = 120;
constexpr std::size_t kBins = 40;
constexpr double kOdinTemperature = 1000.0;
constexpr std::string_view kOdinScore = "odin_temperature";
constexpr std::int64_t kOdinChunk = 128;

bool reads_features(const provoke::ood::Entry& entry) {
  return entry.fit_needs.features || entry.score_needs.features || entry.fit_needs.head;
}

/// The scores to try, those of features only where the model shows them.
std::vector<std::string> scores_for(const model::Model& model, const OodTrialOptions& options,
                                    std::string& note) {
  std::vector<std::string> names;
  std::vector<std::string_view> left_out;
  for (const provoke::ood::Entry& entry : provoke::ood::entries()) {
    const bool usable = model::shows_features(model) || !reads_features(entry);
    if (options.scores.empty() && usable) names.emplace_back(entry.name);
    if (!usable) left_out.push_back(entry.name);
  }
  for (const std::string& name : options.scores) {
    if (!model::shows_features(model) && reads_features(provoke::ood::find_entry(name))) {
      throw ModelError(fmt::format(
          "stress ood: {} reads features, which this model does not show; scores of logits work "
          "(msp, max_logit, energy, gen, odin_temperature), or give the network as safetensors "
          "with an architecture that ends in a linear layer (docs/models.md)",
          name));
    }
    names.push_back(name);
  }
  if (options.scores.empty() && !left_out.empty())
    note = fmt::format("the model shows no features, so these are left out: {}",
                       fmt::join(left_out, ", "));
  return names;
}

std::vector<std::uint32_t> unsigned_labels(const std::vector<std::int64_t>& labels) {
  return {labels.begin(), labels.end()};
}

/// x + noise·sign(∇ log p(predicted; T)): Liang, Li, Srikant 2018, equation 2.
torch::Tensor odin_inputs(const model::Model& network, const torch::Tensor& inputs, double noise,
                          model::Ledger& ledger) {
  std::vector<torch::Tensor> moved;
  const model::Signature& box = network.signature();
  for (std::int64_t first = 0; first < inputs.size(0); first += kOdinChunk) {
    const auto chunk = inputs.narrow(0, first, std::min(kOdinChunk, inputs.size(0) - first));
    const auto found = network.gradient(
        chunk,
        [](const torch::Tensor& logits) {
          return std::get<0>(at::log_softmax(logits / kOdinTemperature, 1).max(1));
        },
        ledger);
    moved.push_back((chunk + noise * found.input.sign()).clamp(box.low, box.high));
  }
  return moved.empty() ? inputs : at::cat(moved);
}

/// The ROC curve of "strange below the threshold", thinned to few points.
void add_roc(report::OodFinding& finding, std::vector<double> in, std::vector<double> out) {
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

void add_histogram(report::OodFinding& finding, const std::vector<double>& in,
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

OodTrial run_ood_trial(const model::Model& model, const torch::Tensor& train,
                       const std::vector<std::int64_t>& train_labels, const torch::Tensor& familiar,
                       const std::vector<std::int64_t>& labels, const std::vector<StrangeSet>& sets,
                       const OodTrialOptions& options,
                       const std::function<void(const std::string&)>& progress,
                       const std::function<bool()>& cancelled) {
  const auto say = [&](const std::string& what) {
    if (progress) progress(what);
  };
  OodTrial trial;
  const std::vector<std::string> names = scores_for(model, options, trial.note);
  say("looking at the training examples");
  const auto learned = model::observe(model, train, true, trial.ledger, cancelled);
  const auto seen = model::observe(model, familiar, true, trial.ledger, cancelled);
  if (cancelled && cancelled()) return trial;
  trial.examples = seen.rows;
  trial.clean_errors = seen.errors(labels);
  const auto fit_labels = unsigned_labels(train_labels);
  const provoke::ood::Batch learned_batch = batch_of(learned);
  const Head head = head_of(model);
  const provoke::ood::TrainingSet training{learned_batch.features, learned_batch.logits, fit_labels,
                                           head.view()};
  std::vector<provoke::ood::Scorer> scorers;
  for (const std::string& name : names) {
    say(fmt::format("fitting {}", name));
    scorers.push_back(provoke::ood::fit(name, training));
  }
  trial.choice = provoke::ood::choose(scorers, batch_of(seen), unsigned_labels(labels));
  const auto odin_seen = [&](const torch::Tensor& inputs) {
    return model::observe(model, odin_inputs(model, inputs, options.odin_noise, trial.ledger), true,
                          trial.ledger);
  };
  const bool any_odin =
      model.differentiable() && std::ranges::find(names, kOdinScore) != names.end();
  const auto familiar_odin = any_odin ? odin_seen(familiar) : model::Observations{};
  std::vector<std::vector<double>> inside;
  for (const provoke::ood::Scorer& scorer : scorers) inside.push_back(scorer.score(batch_of(seen)));
  const auto judge = [&](const std::string& score, const std::string& set,
                         const std::vector<double>& in, const std::vector<double>& out) {
    const provoke::ood::Separation found = provoke::ood::separation(in, out);
    report::OodFinding finding{.score = score,
                               .set = set,
                               .auroc = found.auroc,
                               .aupr = found.aupr_out,
                               .fpr95 = found.fpr95};
    add_roc(finding, in, out);
    add_histogram(finding, in, out);
    trial.findings.push_back(std::move(finding));
    trial.aupr_in.push_back(found.aupr_in);
  };
  for (const StrangeSet& set : sets) {
    if (cancelled && cancelled()) return trial;
    say(fmt::format("scoring {}", set.name));
    const auto strange = model::observe(model, set.inputs, true, trial.ledger);
    const auto strange_odin = any_odin ? odin_seen(set.inputs) : model::Observations{};
    for (std::size_t s = 0; s < scorers.size(); ++s) {
      judge(names[s], set.name, inside[s], scorers[s].score(batch_of(strange)));
      // The same score after moving the input: what ODIN is.
      if (any_odin && names[s] == kOdinScore)
        judge("odin", set.name, scorers[s].score(batch_of(familiar_odin)),
              scorers[s].score(batch_of(strange_odin)));
    }
  }
  return trial;
}

}  // namespace emdyn::app::torch_plugin
