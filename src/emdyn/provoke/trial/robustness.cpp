#include "emdyn/provoke/trial/robustness.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "emdyn/core/build_info.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/provoke/attack/attack.hpp"
#include "emdyn/provoke/certify/certify.hpp"
#include "emdyn/provoke/trial/corrupt_trial.hpp"
#include "emdyn/provoke/trial/ood_trial.hpp"
#include "emdyn/provoke/trial/tripwires.hpp"

namespace emdyn::provoke::trial {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kWorst = 12;
constexpr std::size_t kLeastReference = 200;  ///< Training examples that scores can learn from.

/// The same task, whose parts go by one name.
Task named(const Task& task, std::string name) {
  if (!task.has_listener()) return task;
  return task.with([task, name = std::move(name)](const TaskProgress& part) {
    TaskProgress whole = part;
    whole.what = name;
    task.tell(whole);
  });
}

/// What attacks and certificates say of every example at the radius.
struct Judged {
  std::vector<attack::AttackResult> attacks{};
  std::optional<attack::AttackResult> worst{};
  std::vector<char> certified{};  ///< By the cheap pass or by branch and bound.
  std::vector<char> broken{};     ///< By an attack or a counterexample of branch and bound.
  std::size_t certified_cheaply = 0;
  std::int64_t nodes = 0;

  std::size_t broken_count() const {
    return static_cast<std::size_t>(std::ranges::count(broken, 1));
  }
  std::size_t certified_count() const {
    return static_cast<std::size_t>(std::ranges::count(certified, 1));
  }
};

/// One test from certificates to the page's records.
class Robustness {
 public:
  Robustness(const Subject& subject, const RobustnessOptions& options, const Task& task)
      : subject_(subject), options_(options), task_(task) {
    if (options_.attacks.empty())
      options_.attacks = attack::names_of(&attack::AttackEntry::in_evidence);
    for (const std::string& name : options_.attacks) (void)attack::find_attack(name);
    make_certifier();
  }

  StressEvidence run() {
    const auto start = Clock::now();
    judge();
    describe();
    add_worst();
    evidence_.curves.push_back(curve());
    const model::data::Dataset part = first_of(subject_.dataset, options_.side_limit);
    or_note("No corruptions", [&] { add_corruptions(part); });
    or_note("No scores of strange inputs or tripwires", [&] { add_strange(part); });
    evidence_.ledger = ledger_;
    evidence_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return std::move(evidence_);
  }

 private:
  void make_certifier() {
    if (options_.norm != attack::Norm::linf && options_.norm != attack::Norm::l2) {
      uncovered_ =
          fmt::format("certificates cover linf and l2, not {}", attack::word(options_.norm));
      return;
    }
    try {
      certifier_.emplace(model::network_of(*subject_.model, "certificates"));
    } catch (const ModelError& error) {
      uncovered_ = error.what();
    }
  }

  void judge() {
    judged_.certified.assign(subject_.size(), 0);
    judged_.broken.assign(subject_.size(), 0);
    if (certifier_) {
      const auto margins = certifier_->lower_bounds(
          subject_.inputs, subject_.labels, options_.epsilon, options_.norm,
          certify::BoundMethod::crown, named(task_, "certificates first"));
      task_.check();
      for (std::size_t i = 0; i < margins.size(); ++i) judged_.certified[i] = margins[i] > 0.0;
      judged_.certified_cheaply = judged_.certified_count();
    }
    attack_all();
    if (certifier_) settle();
  }

  void attack_all() {
    attack::AttackOptions options{
        .norm = options_.norm, .epsilons = {options_.epsilon}, .seed = options_.seed, .refine = 0};
    for (const char one : judged_.certified)
      options.certified.push_back(one != 0 ? options_.epsilon : -1.0);
    for (const std::string& name : options_.attacks) {
      judged_.attacks.push_back(attack::run_attack(name, *subject_.model, subject_.inputs,
                                                   subject_.labels, options, task_));
      task_.check();
    }
    judged_.worst = attack::worst_case(judged_.attacks);
    for (std::size_t i = 0; i < judged_.broken.size(); ++i)
      judged_.broken[i] = judged_.worst->broken(i, options_.epsilon) ? 1 : 0;
  }

  /// Branch and bound on what is neither certified nor broken.
  void settle() {
    std::vector<std::int64_t> open;
    std::vector<std::int64_t> labels;
    for (std::size_t i = 0; i < judged_.broken.size(); ++i) {
      if (judged_.broken[i] != 0 || judged_.certified[i] != 0) continue;
      open.push_back(static_cast<std::int64_t>(i));
      labels.push_back(subject_.labels[i]);
    }
    if (open.empty()) return;
    certify::CertifyOptions options;
    options.seconds = options_.time_limit;
    options.seed = static_cast<std::uint64_t>(options_.seed);
    const auto points = certifier_->certify(subject_.inputs.index_select(0, torch::tensor(open)),
                                            labels, options_.epsilon, options_.norm, options,
                                            named(task_, "branch and bound"));
    task_.check();
    for (std::size_t k = 0; k < points.size(); ++k) {
      const auto i = static_cast<std::size_t>(open[k]);
      judged_.certified[i] = points[k].verdict == certify::PointVerdict::certified ? 1 : 0;
      judged_.broken[i] = points[k].verdict == certify::PointVerdict::attacked ? 1 : 0;
      judged_.nodes += points[k].nodes;
    }
  }

  /// What several attacks flag is told once.
  void diagnose(const attack::Flag& flag) {
    const bool told = std::ranges::any_of(evidence_.diagnosis,
                                          [&](const auto& one) { return one.flag == flag.name; });
    if (!told) evidence_.diagnosis.push_back({flag.name, flag.advice});
  }

  /// The figures of the judgement, as records.
  void describe() {
    evidence_.title = evidence_.model = subject_.source.model;
    evidence_.program_version = fmt::format("{} {}", kVersion, kCommit);
    evidence_.data = subject_.source.data;
    evidence_.examples = subject_.size();
    evidence_.clean_errors = judged_.worst->clean_errors();
    evidence_.norm = attack::word(options_.norm);
    evidence_.epsilon = options_.epsilon;
    for (const attack::AttackResult& one : judged_.attacks) {
      evidence_.attacks.push_back(
          {one.attack, one.errors(options_.epsilon), static_cast<std::uint64_t>(one.ledger.forward),
           static_cast<std::uint64_t>(one.ledger.gradient), one.seconds, ""});
      ledger_ += one.ledger;
      for (const attack::Flag& flag : one.flags) diagnose(flag);
    }
    for (const attack::Flag& flag : attack::compare(judged_.attacks)) diagnose(flag);
    evidence_.best_attack_errors = judged_.broken_count();
    if (certifier_) {
      evidence_.certified_bound = evidence_.examples - judged_.certified_count();
      evidence_.undecided = *evidence_.certified_bound - *evidence_.best_attack_errors;
    } else {
      evidence_.notes.push_back(fmt::format("No certificates: {}", uncovered_));
    }
    evidence_.settings = {{"attacks", options_.attacks},
                          {"seed", options_.seed},
                          {"branch_and_bound_seconds_most", options_.time_limit},
                          {"certified_by_bounds_alone", judged_.certified_cheaply},
                          {"branch_and_bound_nodes", judged_.nodes},
                          {"curve_examples", std::min(options_.curve_limit, subject_.size())},
                          {"other_examples", std::min(options_.side_limit, subject_.size())}};
  }

  Picture picture_of(const torch::Tensor& example) const {
    const model::Signature& signature = subject_.model->signature();
    torch::Tensor image = example;
    while (image.dim() > 3) image = image[0];  // The first frame of a sequence.
    if (image.dim() != 3) return {};
    Picture picture{.channels = static_cast<std::size_t>(image.size(0)),
                    .height = static_cast<std::size_t>(image.size(1)),
                    .width = static_cast<std::size_t>(image.size(2))};
    const torch::Tensor unit =
        ((image - signature.low) / (signature.high - signature.low)).contiguous();
    const float* first = unit.data_ptr<float>();
    picture.values.assign(first, first + unit.numel());
    return picture;
  }

  /// Those broken by the smallest changes.
  void add_worst() {
    const attack::AttackResult& worst = *judged_.worst;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < worst.size(); ++i) {
      if (worst.outcome[i] == attack::PointOutcome::broken) order.push_back(i);
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return worst.distance[i]; });
    order.resize(std::min(order.size(), kWorst));
    model::Ledger ignored;
    for (const std::size_t i : order) {
      const auto row = static_cast<std::int64_t>(i);
      const torch::Tensor after = worst.adversarial.narrow(0, row, 1);
      const auto taken = subject_.model->logits(after, ignored).argmax(1).item<std::int64_t>();
      evidence_.worst.push_back(
          {picture_of(subject_.inputs[row]), picture_of(after[0]),
           fmt::format("class {}", subject_.labels[i]), fmt::format("class {}", taken),
           fmt::format("example {}, {} {:.3g}", i, attack::word(worst.norm), worst.distance[i])});
    }
  }

  /// Per example, the largest of ascending radii up to which all are certified; else -1.
  std::vector<double> certified_radii(const torch::Tensor& inputs,
                                      const std::vector<std::int64_t>& labels,
                                      const std::vector<double>& epsilons) const {
    std::vector<double> certified(labels.size(), -1.0);
    std::vector<char> still(labels.size(), 1);
    for (std::size_t k = 0; k < epsilons.size(); ++k) {
      task_.tell(
          {.what = "certifying the curve", .done = k, .planned = epsilons.size(), .unit = "radii"});
      const auto margins = certifier_->lower_bounds(inputs, labels, epsilons[k], options_.norm,
                                                    certify::BoundMethod::crown, task_.with({}));
      task_.check();
      for (std::size_t i = 0; i < labels.size(); ++i) {
        still[i] = still[i] != 0 && margins[i] > 0.0;
        if (still[i] != 0) certified[i] = epsilons[k];
      }
    }
    return certified;
  }

  /// Accuracy at many radii of a part of the examples: attacked in one run, certified at each.
  CurveFinding curve() const {
    const std::size_t rows = std::min(options_.curve_limit, subject_.size());
    const torch::Tensor inputs = subject_.inputs.narrow(0, 0, static_cast<std::int64_t>(rows));
    const std::vector<std::int64_t> labels(
        subject_.labels.begin(), subject_.labels.begin() + static_cast<std::ptrdiff_t>(rows));
    attack::AttackOptions options{.norm = options_.norm, .seed = options_.seed};
    for (std::size_t k = 0; k < options_.curve_points; ++k) {
      options.epsilons.push_back(2.0 * options_.epsilon * static_cast<double>(k) /
                                 static_cast<double>(options_.curve_points - 1));
    }
    options.certified.assign(rows, -1.0);
    if (certifier_) options.certified = certified_radii(inputs, labels, options.epsilons);
    const auto& attack = attack::curve_attack(subject_.model->differentiable());
    const auto result = attack::run_attack(attack.name, *subject_.model, inputs, labels, options,
                                           named(task_, "attacking at every radius"));
    task_.check();
    return curve_finding(
        attack::stress_curve(result, certifier_ ? options.certified : std::vector<double>{}),
        series::Axis::epsilon);
  }

  /// What cannot be tried is said, and the rest goes on.
  template <class Try>
  void or_note(std::string_view without, Try&& part) {
    try {
      part();
    } catch (const Error& error) {
      evidence_.notes.push_back(fmt::format("{}: {}", without, error.what()));
    }
  }

  void add_corruptions(const model::data::Dataset& part) {
    const CorruptTrial trial = run_corrupt_trial(
        *subject_.model, part, {.seed = static_cast<std::uint64_t>(options_.seed)}, task_);
    evidence_.corruption_set = trial.constants;
    evidence_.corruptions = trial.findings;
    evidence_.curves.push_back(curve_finding(trial.curve, series::Axis::severity));
    ledger_ += trial.ledger;
  }

  model::data::Dataset reference() const {
    model::data::Dataset train = load_examples(
        subject_.source.data, "train", 10 * options_.side_limit, subject_.model->signature(), true);
    if (train.size() < kLeastReference)
      throw DataError(
          fmt::format("{} training examples; {} are needed", train.size(), kLeastReference));
    return train;
  }

  void add_strange(const model::data::Dataset& part) {
    const model::data::Dataset train = reference();
    const model::Signature& signature = subject_.model->signature();
    const torch::Tensor inputs = model::examples(part);
    const torch::Tensor train_inputs = model::examples(train);
    auto sets =
        made_sets(inputs, signature, part.size(), static_cast<std::uint64_t>(options_.seed));
    for (const std::string& path : options_.strange)
      sets.push_back(
          {terminal_safe(path), model::examples(load_examples(path, "", 0, signature, false))});
    const OodTrial ood = run_ood_trial(*subject_.model, train_inputs, train.labels, inputs,
                                       part.labels, sets, {}, task_);
    evidence_.ood = ood.findings;
    if (!ood.note.empty()) evidence_.notes.push_back(ood.note);
    ledger_ += ood.ledger;
    const TripwireTrial tripwires = try_tripwires({.subject = subject_,
                                                   .train_inputs = train_inputs,
                                                   .train_labels = train.labels,
                                                   .broken = judged_.broken,
                                                   .part = part.size(),
                                                   .epsilon = options_.epsilon,
                                                   .seed = options_.seed},
                                                  task_);
    evidence_.tripwires = tripwires.findings;
    if (!tripwires.note.empty()) evidence_.notes.push_back(tripwires.note);
    ledger_ += tripwires.ledger;
  }

  const Subject& subject_;
  RobustnessOptions options_;
  const Task& task_;
  std::optional<certify::Certifier> certifier_{};
  std::string uncovered_{};  ///< Why there are no certificates.
  Judged judged_{};
  model::Ledger ledger_{};
  StressEvidence evidence_{};
};

}  // namespace

StressEvidence robustness(const Subject& subject, const RobustnessOptions& options,
                          const Task& task) {
  return Robustness(subject, options, task).run();
}

}  // namespace emdyn::provoke::trial
