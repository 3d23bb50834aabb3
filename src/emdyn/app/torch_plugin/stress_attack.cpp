#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/listing.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/provoke/trial/attack_trial.hpp"

namespace emdyn::app::torch_plugin {
namespace {

struct AttackRequest {
  SubjectOptions subject;
  std::string source;
  std::string source_architecture;
  std::vector<std::string> attacks =
      provoke::attack::names_of(&provoke::attack::AttackEntry::in_attack);
  std::vector<std::string> settings;
  std::vector<double> epsilons;
  std::string norm = "linf";
  std::int64_t seed = 1;
  double epsilon = 0.1;
  std::size_t curve = 0;
  std::filesystem::path save;
};

/// `attack.name=value` texts, by attack; each attack must be among those that run.
std::map<std::string, Params> settings_of(const AttackRequest& request) {
  std::map<std::string, Params> result;
  for (const auto& [key, value] : app::terminal::parse_settings(request.settings, "--set")) {
    const auto dot = key.find('.');
    const std::string attack = key.substr(0, dot);
    if (dot == std::string::npos ||
        std::ranges::find(request.attacks, attack) == request.attacks.end())
      throw ConfigError(fmt::format("--set takes ATTACK.NAME=VALUE of an attack that runs, got {}",
                                    terminal_safe(key)));
    result[attack][key.substr(dot + 1)] = value;
  }
  return result;
}

/// All options of all attacks, refused before anything is computed.
std::vector<provoke::trial::PlannedAttack> plan(const AttackRequest& request) {
  const auto settings = settings_of(request);
  std::vector<provoke::trial::PlannedAttack> all;
  for (const std::string& name : request.attacks) {
    provoke::attack::find_attack(name);
    provoke::trial::PlannedAttack planned{.name = name};
    planned.options.norm = provoke::attack::norm_from_word(request.norm);
    planned.options.epsilons =
        provoke::trial::radii(request.epsilons, request.curve, request.epsilon);
    if (const auto found = settings.find(name); found != settings.end())
      planned.options.settings = found->second;
    planned.options.seed = request.seed;
    provoke::trial::check(planned);
    all.push_back(std::move(planned));
  }
  return all;
}

void print_report(const provoke::trial::AttackTrial& report, app::terminal::Console& console) {
  const double largest = report.worst.epsilons.back();
  const auto row = [&](std::string_view name, std::size_t errors, const model::Ledger& ledger,
                       double seconds) {
    console.line(fmt::format("{:<16} {:>8} {:>10.2f} % {:>14} {:>14} {:>9.1f} s", name, errors,
                             100.0 * static_cast<double>(errors) /
                                 static_cast<double>(std::max<std::size_t>(report.worst.size(), 1)),
                             ledger.forward, ledger.gradient, seconds));
  };
  console.line(console.bold(fmt::format("{} points, {} <= {}", report.worst.size(),
                                        provoke::attack::word(report.worst.norm), largest)));
  console.line(fmt::format("{:<16} {:>8} {:>12} {:>14} {:>14} {:>11}", "attack", "errors", "share",
                           "forward", "gradient", "time"));
  row("none", report.worst.clean_errors(), {}, 0.0);
  for (const auto& result : report.results)
    row(result.attack, result.errors(largest), result.ledger, result.seconds);
  if (report.results.size() > 1)
    row("worst case", report.worst.errors(largest), report.worst.ledger, report.worst.seconds);
  if (report.curve.points.size() > 1) {
    console.line("");
    for (const auto& point : report.curve.points)
      console.line(fmt::format("  epsilon {:<10.4g} accuracy {:.4f}  [{:.4f}, {:.4f}]",
                               point.position, point.value.estimate, point.value.low,
                               point.value.high));
  }
  if (report.transition) console.line(emergence::describe(*report.transition));
  for (const auto& flag : report.flags)
    console.warn(fmt::format("{} ({:.1f} %): {}", flag.name, 100.0 * flag.share, flag.advice));
}

int list_attacks(bool json, app::terminal::Console& console) {
  const auto& attacks = provoke::attack::registry();
  app::terminal::list_entries("attacks", attacks.form(), described(attacks), json, console);
  return 0;
}

std::unique_ptr<model::Model> load_source(const AttackRequest& request) {
  if (request.source.empty()) return nullptr;
  return provoke::trial::load_model({.model = request.source,
                                     .architecture = request.source_architecture,
                                     .trust = request.subject.trust});
}

bool asked_for(std::span<const std::string> arguments, std::string_view flag) {
  return std::ranges::find(arguments, flag) != arguments.end();
}

int run(const AttackRequest& request, bool json, app::terminal::Console& console) {
  auto planned = plan(request);
  const std::unique_ptr<model::Model> source = load_source(request);
  for (provoke::trial::PlannedAttack& one : planned) one.options.source = source.get();
  const auto subject = load_subject(request.subject, console);
  provoke::trial::AttackTrial trial;
  try {
    const app::terminal::TaskLine line(console);
    trial = provoke::trial::run_attack_trial(subject, planned, line.task());
  } catch (const Task::Stopped&) {
    console.note("interrupted: nothing is printed of attacks that did not end");
    return 130;
  }
  if (!request.save.empty()) {
    const auto broken =
        provoke::trial::broken_examples(subject.model->signature(), trial.worst, subject.labels);
    replace_file(request.save, model::data::npz_of_floats(broken.examples, broken.notes));
  }
  if (json) {
    console.json(Json(trial));
  } else {
    print_report(trial, console);
  }
  return 0;
}

}  // namespace

int run_stress_attack(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("Attack a network's answers on labelled examples within a radius, or many of them.",
               "stress attack");
  AttackRequest request;
  RunOptions running;
  bool list = false;
  app.add_flag("--list", list, "the attacks and their settings; needs nothing else");
  request.subject.add_to(app);
  app.add_option("--attack", request.attacks, "which; may be repeated")
      ->capture_default_str()
      ->allow_extra_args(false);
  app.add_option("--norm", request.norm, "l0, l1, l2 or linf")->capture_default_str();
  auto* epsilon = app.add_option("--epsilon", request.epsilon, "radius")->capture_default_str();
  app.add_option("--epsilons", request.epsilons, "several radii, a,b,c: one run serves them all")
      ->delimiter(',')
      ->excludes(epsilon);
  app.add_option("--curve", request.curve,
                 "that many radii up to --epsilon; from 12 on, says where accuracy breaks")
      ->check(CLI::Range(2, 10000));
  app.add_option("--set", request.settings, "ATTACK.NAME=VALUE; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--source", request.source, "make the rows on this network (transfer)");
  app.add_option("--source-arch", request.source_architecture, "its architecture");
  app.add_option(
      "--save", request.save,
      "write the inputs that broke within the largest radius (npz: x as floats, true labels y, "
      "index among the examples, distance)");
  app.add_option("--seed", request.seed, "of random starts")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{9000000000000000}));
  running.add_to(app);
  if (asked_for(arguments, "--list")) return list_attacks(asked_for(arguments, "--json"), console);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  return run(request, running.json, console);
}

}  // namespace emdyn::app::torch_plugin
