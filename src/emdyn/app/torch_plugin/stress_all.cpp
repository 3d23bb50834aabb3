#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/app/torch_plugin/corrupt_trial.hpp"
#include "emdyn/app/torch_plugin/ood_trial.hpp"
#include "emdyn/app/torch_plugin/stress_tripwires.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/build_info.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/pipeline/run_report.hpp"
#include "emdyn/provoke/attack/attack.hpp"
#include "emdyn/provoke/certify/certify.hpp"
#include "emdyn/report/stress/evidence.hpp"

namespace emdyn::app::torch_plugin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kWorst = 12;
constexpr std::size_t kLeastReference = 200;  ///< Training examples that scores can learn from.

struct AllRequest {
  SubjectOptions subject;
  double epsilon = 0.1;
  std::string norm = "linf";
  std::vector<std::string> attacks{"fgsm", "pgd", "auto_attack"};
  double time_limit = 600.0;  ///< Of branch and bound.
  std::size_t curve_points = 13;
  std::size_t curve_limit = 300;
  std::size_t side_limit = 1000;  ///< Of corruptions, scores and tripwires.
  std::vector<std::string> strange{};
  std::int64_t seed = 1;
  std::string out = "evidence.html";
};

/// Interrupted by Ctrl-C: unwinds to the verb.
struct Stopped {};

void check_stop(const app::terminal::Console& console) {
  if (console.interrupted()) throw Stopped{};
}

/// What attacks and certificates say of every example at the radius.
struct Verdicts {
  std::vector<provoke::attack::AttackResult> attacks;
  std::optional<provoke::attack::AttackResult> worst;
  std::vector<char> certified;  ///< By the cheap pass or by branch and bound.
  std::vector<char> broken;     ///< By an attack or a counterexample of branch and bound.
  std::size_t certified_cheaply = 0;
  std::int64_t nodes = 0;
  std::string uncovered{};  ///< Why there are no certificates.

  std::size_t broken_count() const {
    return static_cast<std::size_t>(std::ranges::count(broken, 1));
  }
  std::size_t certified_count() const {
    return static_cast<std::size_t>(std::ranges::count(certified, 1));
  }
};

std::optional<provoke::certify::Certifier> make_certifier(const model::Model& model,
                                                          provoke::attack::Norm norm,
                                                          std::string& why_not) {
  if (norm != provoke::attack::Norm::linf && norm != provoke::attack::Norm::l2) {
    why_not = fmt::format("certificates cover linf and l2, not {}", provoke::attack::word(norm));
    return std::nullopt;
  }
  try {
    return std::optional<provoke::certify::Certifier>(std::in_place,
                                                      network_of(model, "certificates"));
  } catch (const ModelError& error) {
    why_not = error.what();
    return std::nullopt;
  }
}

void attack_all(const AllRequest& request, const Subject& subject, provoke::attack::Norm norm,
                app::terminal::Console& console, Verdicts& verdicts) {
  for (const std::string& name : request.attacks) {
    provoke::attack::AttackOptions options;
    options.norm = norm;
    options.epsilons = {request.epsilon};
    options.seed = request.seed;
    options.stop = console.stop_flag();
    options.refine = 0;
    for (const char one : verdicts.certified)
      options.certified.push_back(one != 0 ? request.epsilon : -1.0);
    app::terminal::Progress progress(console, name, subject.dataset.size(), "examples");
    options.progress = [&](const provoke::attack::AttackProgress& now) {
      progress.update(now.done, fmt::format("{} errors", now.errors));
    };
    verdicts.attacks.push_back(
        provoke::attack::run_attack(name, *subject.model, subject.inputs, subject.labels, options));
    check_stop(console);
  }
  verdicts.worst = provoke::attack::worst_case(verdicts.attacks);
  for (std::size_t i = 0; i < verdicts.broken.size(); ++i)
    verdicts.broken[i] = verdicts.worst->broken(i, request.epsilon) ? 1 : 0;
}

/// Branch and bound on what is neither certified nor broken.
void settle(const AllRequest& request, const Subject& subject, provoke::attack::Norm norm,
            const provoke::certify::Certifier& certifier, app::terminal::Console& console,
            Verdicts& verdicts) {
  std::vector<std::int64_t> open;
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < verdicts.broken.size(); ++i) {
    if (verdicts.broken[i] != 0 || verdicts.certified[i] != 0) continue;
    open.push_back(static_cast<std::int64_t>(i));
    labels.push_back(subject.labels[i]);
  }
  if (open.empty()) return;
  app::terminal::Progress progress(console, "branch and bound", open.size(), "examples");
  provoke::certify::CertifyOptions options;
  options.seconds = request.time_limit;
  options.seed = static_cast<std::uint64_t>(request.seed);
  options.stop = console.stop_flag();
  options.progress = [&](std::size_t decided, std::size_t) { progress.update(decided); };
  const auto points = certifier.certify(subject.inputs.index_select(0, torch::tensor(open)), labels,
                                        request.epsilon, norm, options);
  check_stop(console);
  for (std::size_t k = 0; k < points.size(); ++k) {
    const auto i = static_cast<std::size_t>(open[k]);
    verdicts.certified[i] = points[k].verdict == provoke::certify::PointVerdict::certified ? 1 : 0;
    verdicts.broken[i] = points[k].verdict == provoke::certify::PointVerdict::attacked ? 1 : 0;
    verdicts.nodes += points[k].nodes;
  }
}

Verdicts judge(const AllRequest& request, const Subject& subject, provoke::attack::Norm norm,
               const std::optional<provoke::certify::Certifier>& certifier,
               app::terminal::Console& console) {
  Verdicts verdicts;
  verdicts.certified.assign(subject.dataset.size(), 0);
  verdicts.broken.assign(subject.dataset.size(), 0);
  if (certifier) {
    console.status("certificates first: what is certified need not be attacked");
    const auto margins =
        certifier->lower_bounds(subject.inputs, subject.labels, request.epsilon, norm);
    for (std::size_t i = 0; i < margins.size(); ++i) verdicts.certified[i] = margins[i] > 0.0;
    verdicts.certified_cheaply = verdicts.certified_count();
    check_stop(console);
  }
  attack_all(request, subject, norm, console, verdicts);
  if (certifier) settle(request, subject, norm, *certifier, console, verdicts);
  return verdicts;
}

report::CurveFinding finding_of(series::StressCurve curve, series::Axis axis) {
  std::vector<double> positions;
  std::vector<double> values;
  for (const auto& point : curve.points) {
    positions.push_back(point.position);
    values.push_back(point.value.estimate);
  }
  const auto fit = emergence::fit_transition(curve.order_parameter, axis, positions, values);
  report::CurveFinding finding{.curve = std::move(curve)};
  finding.words = fit.note.empty() ? emergence::describe(fit) : fit.note;
  finding.transition = pipeline::fitted_transition(fit);
  return finding;
}

/// The attack of a curve: one by gradients where the model has them.
std::string_view curve_attack(const model::Model& model) {
  return model.differentiable() ? "apgd_ce" : "square";
}

/// Accuracy at many radii of a part of the examples: attacked in one run, certified at each.
report::CurveFinding robustness_curve(const AllRequest& request, const Subject& subject,
                                      provoke::attack::Norm norm,
                                      const std::optional<provoke::certify::Certifier>& certifier,
                                      app::terminal::Console& console) {
  const std::size_t rows = std::min(request.curve_limit, subject.dataset.size());
  const torch::Tensor inputs = subject.inputs.narrow(0, 0, static_cast<std::int64_t>(rows));
  const std::vector<std::int64_t> labels(
      subject.labels.begin(), subject.labels.begin() + static_cast<std::ptrdiff_t>(rows));
  provoke::attack::AttackOptions options;
  options.norm = norm;
  options.seed = request.seed;
  options.stop = console.stop_flag();
  options.certified.assign(rows, -1.0);
  for (std::size_t k = 0; k < request.curve_points; ++k) {
    options.epsilons.push_back(2.0 * request.epsilon * static_cast<double>(k) /
                               static_cast<double>(request.curve_points - 1));
  }
  if (certifier) {
    std::vector<char> still(rows, 1);
    for (const double epsilon : options.epsilons) {
      console.status(fmt::format("certifying at ε = {:.3g}", epsilon));
      const auto margins = certifier->lower_bounds(inputs, labels, epsilon, norm);
      for (std::size_t i = 0; i < rows; ++i) {
        still[i] = still[i] != 0 && margins[i] > 0.0;
        if (still[i] != 0) options.certified[i] = epsilon;
      }
      check_stop(console);
    }
  }
  console.status("attacking at every radius of the curve");
  const auto result = provoke::attack::run_attack(curve_attack(*subject.model), *subject.model,
                                                  inputs, labels, options);
  check_stop(console);
  return finding_of(
      provoke::attack::stress_curve(result, certifier ? options.certified : std::vector<double>{}),
      series::Axis::epsilon);
}

report::Picture picture_of(const torch::Tensor& example, const model::Signature& signature) {
  torch::Tensor image = example;
  while (image.dim() > 3) image = image[0];  // The first frame of a sequence.
  if (image.dim() != 3) return {};
  report::Picture picture{.channels = static_cast<std::size_t>(image.size(0)),
                          .height = static_cast<std::size_t>(image.size(1)),
                          .width = static_cast<std::size_t>(image.size(2))};
  const torch::Tensor unit =
      ((image - signature.low) / (signature.high - signature.low)).contiguous();
  const float* first = unit.data_ptr<float>();
  picture.values.assign(first, first + unit.numel());
  return picture;
}

/// Those broken by the smallest changes.
void add_worst(const Subject& subject, const provoke::attack::AttackResult& worst,
               report::Evidence& evidence) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < worst.size(); ++i) {
    if (worst.outcome[i] == provoke::attack::Outcome::broken) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return worst.distance[i]; });
  order.resize(std::min(order.size(), kWorst));
  model::Ledger ledger;
  for (const std::size_t i : order) {
    const auto row = static_cast<std::int64_t>(i);
    const torch::Tensor after = worst.adversarial.narrow(0, row, 1);
    const auto taken = subject.model->logits(after, ledger).argmax(1).item<std::int64_t>();
    evidence.worst.push_back({picture_of(subject.inputs[row], subject.model->signature()),
                              picture_of(after[0], subject.model->signature()),
                              fmt::format("class {}", subject.labels[i]),
                              fmt::format("class {}", taken),
                              fmt::format("example {}, {} {:.3g}", i,
                                          provoke::attack::word(worst.norm), worst.distance[i])});
  }
}

Json tripwire_rows(const std::vector<report::TripwireFinding>& findings) {
  Json rows = Json::array();
  for (const report::TripwireFinding& one : findings) {
    rows.push_back({{"tripwire", one.name},
                    {"attack", one.attack},
                    {"detected", one.plain},
                    {"adaptive_detected", one.adaptive}});
  }
  return rows;
}

/// Corruptions, strange inputs, tripwires: on a part of the examples.
void add_sides(const AllRequest& request, const Subject& subject, const Verdicts& verdicts,
               app::terminal::Console& console, report::Evidence& evidence, model::Ledger& ledger) {
  const auto say = [&](const std::string& what) { console.status(what); };
  const auto cancelled = [&] { return console.interrupted(); };
  model::data::Dataset part = subject.dataset;
  const std::size_t rows = std::min(request.side_limit, part.size());
  part.values.resize(rows * part.example_size());
  part.labels.resize(rows);
  try {
    const CorruptTrial corrupted = run_corrupt_trial(
        *subject.model, part, {.seed = static_cast<std::uint64_t>(request.seed)}, say, cancelled);
    check_stop(console);
    evidence.corruption_set = corrupted.constants;
    evidence.corruptions = corrupted.findings;
    evidence.curves.push_back(finding_of(corrupted.curve, series::Axis::severity));
    ledger += corrupted.ledger;
  } catch (const Error& error) {
    evidence.notes.push_back(fmt::format("No corruptions: {}", error.what()));
  }
  try {
    const model::data::Dataset train = load_examples(
        request.subject.data, "train", 10 * request.side_limit, subject.model->signature(), true);
    if (train.size() < kLeastReference)
      throw DataError(
          fmt::format("{} training examples; {} are needed", train.size(), kLeastReference));
    const torch::Tensor inputs = model::examples(part);
    auto sets = made_sets(inputs, subject.model->signature(), rows,
                          static_cast<std::uint64_t>(request.seed));
    for (const std::string& path : request.strange) {
      sets.push_back({terminal_safe(path), model::examples(load_examples(
                                               path, "", 0, subject.model->signature(), false))});
    }
    const torch::Tensor train_inputs = model::examples(train);
    const OodTrial ood = run_ood_trial(*subject.model, train_inputs, train.labels, inputs,
                                       part.labels, sets, {}, say, cancelled);
    check_stop(console);
    evidence.ood = ood.findings;
    if (!ood.note.empty()) evidence.notes.push_back(ood.note);
    ledger += ood.ledger;
    say("trying the tripwires");
    add_tripwires({.subject = subject,
                   .train_inputs = train_inputs,
                   .train_labels = train.labels,
                   .broken = verdicts.broken,
                   .part = rows,
                   .epsilon = request.epsilon,
                   .seed = request.seed},
                  cancelled, evidence, ledger);
    check_stop(console);
  } catch (const Error& error) {
    evidence.notes.push_back(
        fmt::format("No scores of strange inputs or tripwires: {}", error.what()));
  }
}

report::Evidence evidence_of(const AllRequest& request, const Subject& subject,
                             const Verdicts& verdicts, model::Ledger& ledger) {
  report::Evidence evidence;
  evidence.title = request.subject.model;
  evidence.program_version = std::string(kVersion) + " " + std::string(kCommit);
  evidence.model = request.subject.model;
  evidence.data = request.subject.data;
  evidence.examples = subject.dataset.size();
  evidence.clean_errors = verdicts.worst->clean_errors();
  evidence.norm = request.norm;
  evidence.epsilon = request.epsilon;
  for (const provoke::attack::AttackResult& one : verdicts.attacks) {
    evidence.attacks.push_back({one.attack, one.errors(request.epsilon),
                                static_cast<std::uint64_t>(one.ledger.forward),
                                static_cast<std::uint64_t>(one.ledger.gradient), one.seconds, ""});
    ledger += one.ledger;
    for (const provoke::attack::Flag& flag : one.flags)
      evidence.diagnosis.push_back({flag.name, flag.advice});
  }
  for (const provoke::attack::Flag& flag : provoke::attack::compare(verdicts.attacks))
    evidence.diagnosis.push_back({flag.name, flag.advice});
  evidence.best_attack_errors = verdicts.broken_count();
  if (verdicts.uncovered.empty()) {
    evidence.certified_bound = evidence.examples - verdicts.certified_count();
    evidence.undecided = *evidence.certified_bound - *evidence.best_attack_errors;
  } else {
    evidence.notes.push_back(fmt::format("No certificates: {}", verdicts.uncovered));
  }
  evidence.settings = {{"attacks", request.attacks},
                       {"seed", request.seed},
                       {"branch_and_bound_seconds_most", request.time_limit},
                       {"certified_by_bounds_alone", verdicts.certified_cheaply},
                       {"branch_and_bound_nodes", verdicts.nodes},
                       {"curve_examples", std::min(request.curve_limit, subject.dataset.size())},
                       {"other_examples", std::min(request.side_limit, subject.dataset.size())}};
  add_worst(subject, *verdicts.worst, evidence);
  return evidence;
}

Json document_of(const report::Evidence& evidence, const std::string& out) {
  Json attacks = Json::array();
  for (const report::AttackFinding& one : evidence.attacks) {
    attacks.push_back({{"name", one.name},
                       {"errors", one.errors},
                       {"forward", one.forward},
                       {"gradient", one.gradient},
                       {"seconds", one.seconds}});
  }
  Json curves = Json::array();
  for (const report::CurveFinding& one : evidence.curves) {
    curves.push_back({{"curve", one.curve},
                      {"transition", one.transition ? Json(one.transition->record) : Json(nullptr)},
                      {"words", one.words}});
  }
  Json corruptions = Json::array();
  for (const report::CorruptionFinding& one : evidence.corruptions)
    corruptions.push_back({{"name", one.name}, {"error_rate", one.error_rate}});
  Json ood = Json::array();
  for (const report::OodFinding& one : evidence.ood)
    ood.push_back(
        {{"set", one.set}, {"score", one.score}, {"auroc", one.auroc}, {"fpr95", one.fpr95}});
  Json diagnosis = Json::array();
  for (const report::DiagnosisFinding& one : evidence.diagnosis)
    diagnosis.push_back({{"flag", one.flag}, {"advice", one.advice}});
  const auto or_null = [](const std::optional<std::uint64_t>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  return {{"examples", evidence.examples},
          {"norm", evidence.norm},
          {"epsilon", evidence.epsilon},
          {"clean_errors", evidence.clean_errors},
          {"attacks", std::move(attacks)},
          {"best_attack_errors", or_null(evidence.best_attack_errors)},
          {"certified_bound", or_null(evidence.certified_bound)},
          {"undecided", or_null(evidence.undecided)},
          {"curves", std::move(curves)},
          {"corruptions", std::move(corruptions)},
          {"ood", std::move(ood)},
          {"tripwires", tripwire_rows(evidence.tripwires)},
          {"diagnosis", std::move(diagnosis)},
          {"notes", evidence.notes},
          {"settings", evidence.settings},
          {"ledger", evidence.ledger},
          {"report", out},
          {"seconds", evidence.seconds}};
}

int run(const AllRequest& request, bool json, app::terminal::Console& console) {
  const auto start = Clock::now();
  const provoke::attack::Norm norm = provoke::attack::norm_from_word(request.norm);
  for (const std::string& name : request.attacks) provoke::attack::find_attack(name);
  const Subject subject = load_subject(request.subject);
  std::string uncovered;
  const auto certifier = make_certifier(*subject.model, norm, uncovered);
  Verdicts verdicts = judge(request, subject, norm, certifier, console);
  verdicts.uncovered = uncovered;
  model::Ledger ledger;
  report::Evidence evidence = evidence_of(request, subject, verdicts, ledger);
  evidence.curves.push_back(robustness_curve(request, subject, norm, certifier, console));
  add_sides(request, subject, verdicts, console, evidence, ledger);
  evidence.ledger = {{"forward", ledger.forward}, {"gradient", ledger.gradient}};
  evidence.seconds = seconds_since(start);
  replace_file(request.out, report::render_evidence(evidence));
  console.clear_status();
  if (json) {
    console.json(document_of(evidence, request.out));
    return 0;
  }
  console.line(
      fmt::format("{} of {} wrong without attack; {} with; {} certified bound; {} undecided",
                  evidence.clean_errors, evidence.examples, *evidence.best_attack_errors,
                  evidence.certified_bound ? std::to_string(*evidence.certified_bound) : "no",
                  evidence.undecided ? std::to_string(*evidence.undecided) : "all others"));
  console.note(fmt::format("evidence: {}", terminal_safe(request.out)));
  return 0;
}

}  // namespace

int run_stress_all(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app(
      "Certificates, attacks, branch and bound, robustness curve, corruptions, strange inputs and "
      "tripwires, on one page.",
      "stress all");
  AllRequest request;
  RunOptions running;
  request.subject.add_to(app);
  app.add_option("--epsilon", request.epsilon, "radius of the attacks")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--norm", request.norm, "linf, l2, l1 or l0")->capture_default_str();
  app.add_option("--attack", request.attacks, "which; may be repeated")
      ->capture_default_str()
      ->allow_extra_args(false);
  app.add_option("--time-limit", request.time_limit,
                 "seconds of branch and bound on what bounds and attacks leave open")
      ->check(CLI::Range(0.0, 1e7))
      ->capture_default_str();
  app.add_option("--curve-limit", request.curve_limit, "examples of the robustness curve")
      ->check(CLI::Range(1, 100000000))
      ->capture_default_str();
  app.add_option("--side-limit", request.side_limit,
                 "examples of corruptions, scores and tripwires")
      ->check(CLI::Range(10, 100000000))
      ->capture_default_str();
  app.add_option("--ood", request.strange, "strange examples; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--seed", request.seed, "of random starts, noise and splits")
      ->capture_default_str();
  app.add_option("--out", request.out, "the page to write")->capture_default_str();
  running.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  try {
    return run(request, running.json, console);
  } catch (const Stopped&) {
    console.clear_status();
    console.note("interrupted: no page is written of a test that did not end");
    return 130;
  }
}

}  // namespace emdyn::app::torch_plugin
