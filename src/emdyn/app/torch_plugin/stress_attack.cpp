#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/listing.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/model/network/adapters.hpp"
#include "emdyn/provoke/attack/attack.hpp"

namespace emdyn::app::torch_plugin {
namespace {

/// Transitions are fitted to as many radii or more.
constexpr std::size_t kLeastCurve = 12;

struct AttackRequest {
  SubjectOptions subject;
  std::filesystem::path source;
  std::filesystem::path source_architecture;
  std::vector<std::string> attacks{"fgsm", "pgd", "apgd_ce", "apgd_dlr"};
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

std::vector<double> radii(const AttackRequest& request) {
  std::vector<double> list = request.epsilons;
  for (std::size_t k = 0; k < request.curve; ++k)
    list.push_back(request.epsilon * static_cast<double>(k + 1) /
                   static_cast<double>(request.curve));
  if (list.empty()) return {request.epsilon};
  list.push_back(0.0);  // Known from the clean answers.
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

/// All options of all attacks, refused before anything is computed.
std::vector<provoke::attack::AttackOptions> plan(const AttackRequest& request,
                                                 const app::terminal::Console& console) {
  const auto settings = settings_of(request);
  std::vector<provoke::attack::AttackOptions> all;
  for (const std::string& name : request.attacks) {
    const provoke::attack::AttackEntry& entry = provoke::attack::find_attack(name);
    provoke::attack::AttackOptions options;
    options.norm = provoke::attack::norm_from_word(request.norm);
    if (std::ranges::find(entry.norms, options.norm) == entry.norms.end())
      throw ConfigError(
          fmt::format("{}: no attack in {}; see emdyn stress attack --list", name, request.norm));
    options.epsilons = radii(request);
    if (const auto found = settings.find(name); found != settings.end())
      options.settings = found->second;
    (void)entry.settings(name, options.settings);
    options.seed = request.seed;
    options.stop = console.stop_flag();
    all.push_back(options);
  }
  return all;
}

Json attack_json(const provoke::attack::AttackResult& result) {
  const double largest = result.epsilons.back();
  Json errors = Json::array();
  for (const double epsilon : result.epsilons)
    errors.push_back({{"epsilon", epsilon}, {"errors", result.errors(epsilon)}});
  return {{"name", result.attack},
          {"errors", result.errors(largest)},
          {"errors_by_epsilon", std::move(errors)},
          {"forward", result.ledger.forward},
          {"gradient", result.ledger.gradient},
          {"seconds", result.seconds},
          {"transfer", result.transfer},
          {"settings", result.settings},
          {"flags", result.flags}};
}

std::optional<emergence::TransitionFit> transition_of(const series::StressCurve& curve) {
  if (curve.points.size() < kLeastCurve) return std::nullopt;
  std::vector<double> positions;
  std::vector<double> values;
  for (const auto& point : curve.points) {
    positions.push_back(point.position);
    values.push_back(point.value.estimate);
  }
  return emergence::fit_transition(curve.order_parameter, series::Axis::epsilon, positions, values);
}

struct AttackReport {
  std::vector<provoke::attack::AttackResult> results;
  provoke::attack::AttackResult worst;
  series::StressCurve curve;
  std::optional<emergence::TransitionFit> transition;
  std::vector<provoke::attack::Flag> flags;
  double seconds = 0.0;

  std::size_t best() const {
    std::size_t most = 0;
    for (const auto& result : results) most = std::max(most, result.errors(worst.epsilons.back()));
    return most;
  }
};

Json report_json(const AttackRequest& request, const AttackReport& report) {
  const double largest = report.worst.epsilons.back();
  Json attacks = Json::array();
  for (const auto& result : report.results) attacks.push_back(attack_json(result));
  Json json{{"points", report.worst.size()},
            {"norm", request.norm},
            {"epsilon", largest},
            {"clean_errors", report.worst.clean_errors()},
            {"attacks", std::move(attacks)},
            {"best_attack_errors", report.worst.errors(largest)},
            {"best_single_attack_errors", report.best()},
            {"curve", report.curve},
            {"flags", report.flags},
            {"seconds", report.seconds}};
  json["transition"] = report.transition ? Json(report.transition->transition) : Json();
  return json;
}

void print_report(const AttackReport& report, app::terminal::Console& console) {
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

/// The nearest success of every broken point.
void save_broken(const std::filesystem::path& path, const model::Signature& signature,
                 const provoke::attack::AttackResult& worst,
                 const std::vector<std::int64_t>& labels) {
  model::data::Dataset broken{.name = "broken", .shape = signature.input};
  const torch::Tensor rows = worst.adversarial.contiguous();
  for (std::size_t i = 0; i < worst.size(); ++i) {
    if (worst.outcome[i] != provoke::attack::Outcome::broken) continue;
    const float* first = rows.data_ptr<float>() + i * broken.example_size();
    broken.values.insert(broken.values.end(), first, first + broken.example_size());
    broken.labels.push_back(labels[i]);
  }
  if (broken.labels.empty())
    throw DataError("stress attack: nothing broke, so there is nothing to save");
  replace_file(path, model::data::npz_bytes(broken));
}

std::unique_ptr<model::Model> load_source(const AttackRequest& request) {
  if (request.source.empty()) return nullptr;
  return model::load_model(request.source, request.source_architecture, request.subject.trust);
}

bool asked_for(std::span<const std::string> arguments, std::string_view flag) {
  return std::ranges::find(arguments, flag) != arguments.end();
}

int run(const AttackRequest& request, bool json, app::terminal::Console& console) {
  auto options = plan(request, console);
  const std::unique_ptr<model::Model> source = load_source(request);
  Subject subject = load_subject(request.subject);
  const model::Signature& signature = subject.model->signature();
  subject.inputs = subject.inputs.clamp(signature.low, signature.high);  // What rounding left.
  AttackReport report;
  for (std::size_t i = 0; i < options.size(); ++i) {
    options[i].source = source.get();
    app::terminal::Progress progress(console, request.attacks[i],
                                     static_cast<std::uint64_t>(subject.inputs.size(0)), "points");
    options[i].progress = [&](const provoke::attack::AttackProgress& now) {
      progress.update(now.done, fmt::format("{} errors", now.errors));
    };
    report.results.push_back(provoke::attack::run_attack(
        request.attacks[i], *subject.model, subject.inputs, subject.labels, options[i]));
    report.seconds += report.results.back().seconds;
    if (report.results.back().interrupted) {
      console.clear_status();
      console.note("interrupted: nothing is printed of attacks that did not end");
      return 130;
    }
  }
  console.clear_status();
  report.worst = provoke::attack::worst_case(report.results);
  report.curve = provoke::attack::stress_curve(report.worst);
  report.transition = transition_of(report.curve);
  for (const auto& result : report.results) {
    for (const provoke::attack::Flag& flag : result.flags) {
      const auto same = [&](const provoke::attack::Flag& known) { return known.name == flag.name; };
      if (std::ranges::none_of(report.flags, same)) report.flags.push_back(flag);
    }
  }
  for (const provoke::attack::Flag& flag : provoke::attack::compare(report.results))
    report.flags.push_back(flag);
  if (!request.save.empty()) save_broken(request.save, signature, report.worst, subject.labels);
  if (json) {
    console.json(report_json(request, report));
  } else {
    print_report(report, console);
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
  app.add_option("--save", request.save,
                 "write the inputs that broke, with their true labels (npz)");
  app.add_option("--seed", request.seed, "of random starts")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{9000000000000000}));
  running.add_to(app);
  if (asked_for(arguments, "--list")) return list_attacks(asked_for(arguments, "--json"), console);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  return run(request, running.json, console);
}

}  // namespace emdyn::app::torch_plugin
