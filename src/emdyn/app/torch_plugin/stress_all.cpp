#include <fmt/format.h>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/provoke/attack/registry.hpp"
#include "emdyn/provoke/trial/robustness.hpp"
#include "emdyn/report/stress/evidence_page.hpp"

namespace emdyn::app::torch_plugin {
namespace {

struct AllRequest {
  SubjectOptions subject;
  provoke::trial::RobustnessOptions options;
  std::string norm = "linf";
  std::string out = "evidence.html";
};

void print(const provoke::trial::StressEvidence& evidence, app::terminal::Console& console) {
  console.line(
      fmt::format("{} of {} wrong without attack; {} with; {} certified bound; {} undecided",
                  evidence.clean_errors, evidence.examples, *evidence.best_attack_errors,
                  evidence.certified_bound ? std::to_string(*evidence.certified_bound) : "no",
                  evidence.undecided ? std::to_string(*evidence.undecided) : "all others"));
}

int run(AllRequest request, bool json, app::terminal::Console& console) {
  request.options.norm = provoke::attack::norm_from_word(request.norm);
  for (const std::string& name : request.options.attacks) provoke::attack::find_attack(name);
  const auto subject = load_subject(request.subject, console);
  const app::terminal::TaskLine line(console);
  const auto evidence = provoke::trial::robustness(subject, request.options, line.task());
  replace_file(request.out, report::render_evidence(evidence));
  console.clear_status();
  if (json) {
    Json document = evidence;
    document["report"] = request.out;
    console.json(document);
    return 0;
  }
  print(evidence, console);
  console.note(fmt::format("evidence: {}", terminal_safe(request.out)));
  return 0;
}

void add_options(CLI::App& app, AllRequest& request) {
  auto& options = request.options;
  request.subject.add_to(app);
  app.add_option("--epsilon", options.epsilon, "radius of the attacks")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--norm", request.norm, "linf, l2, l1 or l0")->capture_default_str();
  options.attacks = provoke::attack::names_of(&provoke::attack::AttackEntry::in_evidence);
  app.add_option("--attack", options.attacks, "which; may be repeated")
      ->capture_default_str()
      ->allow_extra_args(false);
  app.add_option("--time-limit", options.time_limit,
                 "seconds of branch and bound on what bounds and attacks leave open")
      ->check(CLI::Range(0.0, 1e7))
      ->capture_default_str();
  app.add_option("--curve-limit", options.curve_limit, "examples of the robustness curve")
      ->check(CLI::Range(1, 100000000))
      ->capture_default_str();
  app.add_option("--side-limit", options.side_limit,
                 "examples of corruptions, scores and tripwires")
      ->check(CLI::Range(10, 100000000))
      ->capture_default_str();
  app.add_option("--ood", options.strange, "strange examples; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--seed", options.seed, "of random starts, noise and splits")
      ->capture_default_str();
  app.add_option("--out", request.out, "the page to write")->capture_default_str();
}

}  // namespace

int run_stress_all(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app(
      "Certificates, attacks, branch and bound, robustness curve, corruptions, strange inputs and "
      "tripwires, on one page.",
      "stress all");
  AllRequest request;
  RunOptions running;
  add_options(app, request);
  running.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  try {
    return run(std::move(request), running.json, console);
  } catch (const Task::Stopped&) {
    console.note("interrupted: no page is written of a test that did not end");
    return 130;
  }
}

}  // namespace emdyn::app::torch_plugin
