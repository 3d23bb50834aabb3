#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/attack/contract/norm.hpp"
#include "emdyn/provoke/certify/certify.hpp"

namespace emdyn::app::torch_plugin {
namespace {

/// What a call may take where --time-limit says nothing else.
constexpr double kSecondsMost = 1800.0;

struct CertifyRequest {
  SubjectOptions subject{};
  std::string norm = "linf";
  std::string method = "alpha_crown";
  double epsilon = 0.1;
  bool points = false;
  provoke::certify::CertifyOptions options{};
};

Json limit_or_null(double seconds) { return seconds > 0.0 ? Json(seconds) : Json(nullptr); }

Json document_of(const CertifyRequest& request,
                 const std::vector<provoke::certify::CertifiedPoint>& points, double seconds) {
  Json document{{"epsilon", request.epsilon},
                {"norm", request.norm},
                {"method", request.method},
                {"box", request.options.box},
                {"seconds", seconds},
                {"limits",
                 {{"nodes_per_point", request.options.node_limit},
                  {"seconds", limit_or_null(request.options.seconds)},
                  {"seconds_per_point", limit_or_null(request.options.seconds_per_point)}}}};
  document.update(Json(provoke::certify::tally(points)));
  if (request.points) document["points"] = points;
  return document;
}

void print(const CertifyRequest& request,
           const std::vector<provoke::certify::CertifiedPoint>& points, double seconds,
           app::terminal::Console& console) {
  const provoke::certify::Tally totals = provoke::certify::tally(points);
  console.line(fmt::format("{} examples, {} radius {:g}{}, {:.1f} s", totals.examples, request.norm,
                           request.epsilon, request.options.box ? "" : " outside the input box too",
                           seconds));
  console.line(fmt::format("  {:>6} certified   no input in the radius changes the answer",
                           totals.certified));
  console.line(fmt::format("  {:>6} attacked    with a counterexample; {} are wrong as they are",
                           totals.attacked, totals.clean_errors));
  console.line(fmt::format(
      "  {:>6} undecided{}", totals.undecided,
      totals.cut_short > 0 ? fmt::format("   {} of them cut short", totals.cut_short) : ""));
  console.line(fmt::format("errors between {} and {}; {} nodes, {} bounds", totals.attacked,
                           totals.examples - totals.certified, totals.nodes, totals.bounds));
  if (totals.cut_short > 0 && !console.interrupted())
    console.note(
        fmt::format("time ran out; --time-limit (now {:g} s in all) and --time-per-point "
                    "allow more",
                    request.options.seconds));
}

}  // namespace

int run_stress_certify(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app(
      "Proves that no input within a radius changes the answer, finds one that does, or says that "
      "neither was reached.",
      "stress certify");
  CertifyRequest request;
  request.options.seconds = kSecondsMost;
  RunOptions running;
  request.subject.add_to(app);
  app.add_option("--epsilon", request.epsilon, "radius");
  app.add_option("--norm", request.norm, "linf or l2")->check(CLI::IsMember({"linf", "l2"}));
  app.add_option("--method", request.method, "bounds: interval, fast_lin, crown or alpha_crown")
      ->check(CLI::IsMember({"interval", "fast_lin", "crown", "alpha_crown"}));
  app.add_option("--nodes", request.options.node_limit,
                 "of branch and bound, per example; 0: bounds and attacks alone")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  app.add_option("--time-limit", request.options.seconds,
                 "seconds in all, 0 for no limit; what they cut short is undecided, and may vary")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e9));
  app.add_option("--time-per-point", request.options.seconds_per_point,
                 "seconds of one thread per example; 0 for no limit")
      ->check(CLI::Range(0.0, 1e9));
  bool no_box = false;
  app.add_flag(
      "--no-box", no_box,
      "do not cut the ball with the model's input box: comparable with papers that do not");
  app.add_option("--seed", request.options.seed, "of the attacks' random starts");
  app.add_flag("--points", request.points, "every example's verdict in the JSON");
  running.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  if (!(request.epsilon >= 0.0) || !std::isfinite(request.epsilon))
    throw ConfigError(
        fmt::format("--epsilon must be finite and at least 0, got {}", request.epsilon));
  request.options.box = !no_box;
  request.options.method = provoke::certify::method_from_word(request.method);
  if (request.options.method == provoke::certify::BoundMethod::interval)
    request.options.node_limit = 0;

  const auto subject = load_subject(request.subject, console);
  const provoke::certify::Certifier certifier(model::network_of(*subject.model, "stress certify"));
  const ThreadLimit limit(running.threads);
  const app::terminal::TaskLine line(console);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<provoke::certify::CertifiedPoint> points = certifier.certify(
      subject.inputs, subject.labels, request.epsilon,
      provoke::attack::norm_from_word(request.norm), request.options, line.task());
  const double seconds = seconds_since(start);
  console.clear_status();
  if (console.interrupted()) {
    console.note("interrupted: what was not reached counts as undecided");
  }
  if (running.json) {
    console.json(document_of(request, points, seconds));
  } else {
    print(request, points, seconds, console);
  }
  return console.interrupted() ? 130 : 0;
}

}  // namespace emdyn::app::torch_plugin
