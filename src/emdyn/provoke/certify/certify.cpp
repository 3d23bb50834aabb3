#include "emdyn/provoke/certify/certify.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <oneapi/tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/provoke/certify/compile.hpp"

namespace emdyn::provoke::certify {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array<std::string_view, 4> kMethods{"interval", "fast_lin", "crown", "alpha_crown"};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One batch, checked and brought to the CPU.
struct Batch {
  torch::Tensor inputs;
  std::size_t count = 0;
  std::size_t size = 0;
  std::span<const float> example(std::size_t i) const {
    return {inputs.data_ptr<float>() + i * size, size};
  }
};

Batch checked(const model::Signature& signature, const torch::Tensor& inputs,
              std::span<const std::int64_t> labels, double epsilon, Norm norm) {
  if (norm != Norm::linf && norm != Norm::l2)
    throw ConfigError("certify: certificates cover the norms linf and l2");
  if (!(epsilon >= 0.0) || !std::isfinite(epsilon))
    throw ConfigError(
        fmt::format("certify: epsilon must be finite and at least 0, got {}", epsilon));
  std::vector<std::int64_t> shape = signature.input;
  shape.insert(shape.begin(), inputs.defined() && inputs.dim() > 0 ? inputs.size(0) : 0);
  if (!inputs.defined() || inputs.sizes() != shape || inputs.scalar_type() != torch::kFloat32)
    throw DataError(fmt::format("certify: inputs must be float32 [{}], one example after the other",
                                fmt::join(shape, ", ")));
  Batch batch{inputs.contiguous(), static_cast<std::size_t>(shape[0]), 1};
  for (const std::int64_t extent : signature.input) batch.size *= static_cast<std::size_t>(extent);
  if (labels.size() != batch.count)
    throw DataError(fmt::format("certify: {} labels for {} inputs; give one for each",
                                labels.size(), batch.count));
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (labels[i] < 0 || labels[i] >= signature.classes)
      throw DataError(
          fmt::format("certify: label {} of example {} is no class; the model has 0 to {}",
                      labels[i], i, signature.classes - 1));
    for (const float x : batch.example(i)) {
      const double value = x;
      if (!(value >= signature.low && value <= signature.high) || !std::isfinite(value))
        throw DataError(fmt::format(
            "certify: example {} holds {}, outside the model's box [{}, {}]; scale the inputs", i,
            value, signature.low, signature.high));
    }
  }
  return batch;
}

// Covers every value that a region of the batch can hold, and epsilon itself.
double magnitude(const Batch& batch, double epsilon) {
  const double largest = batch.count == 0 ? 0.0 : batch.inputs.abs().max().item<double>();
  return largest + 2.0 * epsilon;
}

bool errs(const model::Network& network, std::span<const float> x, std::int64_t label) {
  // Sums of many threads may differ in the last bits.
  thread_local const bool single = [] {
    model::set_torch_threads(1);
    return true;
  }();
  (void)single;
  std::vector<std::int64_t> shape = network.signature().input;
  shape.insert(shape.begin(), 1);
  model::Ledger ledger;
  const torch::Tensor input = torch::empty(shape, torch::kFloat32);
  std::copy(x.begin(), x.end(), input.data_ptr<float>());
  const torch::Tensor logits = network.logits(input, ledger).contiguous();
  const float* values = logits.data_ptr<float>();
  const auto classes = static_cast<std::size_t>(network.signature().classes);
  return model::is_error({values, classes}, static_cast<std::size_t>(label));
}

std::vector<double> copy(std::span<const double> x) { return {x.begin(), x.end()}; }

// What is done of an example: bounds and attacks, or slopes and branch and bound after them.
enum class Stage { cheap, thorough };

// One example from bounds to branch and bound.
class Decision {
 public:
  /// `stream` is of the attacks' random starts.
  Decision(const model::Network& network, const Graph& graph, const Region& region,
           std::size_t label, std::uint64_t stream, const CertifyOptions& options, const Task& task)
      : network_(network),
        graph_(graph),
        region_(region),
        label_(label),
        random_(options.seed, stream),
        options_(options),
        task_(task) {
    for (std::size_t t = 0; t < graph.outputs(); ++t)
      if (t != label) targets_.push_back(t);
    bounds_.assign(graph.outputs(), std::numeric_limits<double>::infinity());
  }

  CertifiedPoint run(Stage stage, const std::vector<std::vector<double>>& rounding,
                     Backward& backward) {
    if (stage == Stage::cheap &&
        errs(network_, region_.rounded(region_.centre()), static_cast<std::int64_t>(label_))) {
      point_.clean_error = true;
      point_.verdict = PointVerdict::attacked;
      point_.counterexample = region_.rounded(region_.centre());
      point_.margin = -std::numeric_limits<double>::infinity();
      return std::move(point_);
    }
    RegionAnalysis analysis(graph_, rounding, region_, options_.method, backward, task_);
    dual_.emplace(region_, analysis.units(), task_);
    decide(stage, analysis);
    point_.bounds = analysis.bounds() + dual_->bounds();
    point_.open_units = static_cast<std::int64_t>(analysis.units().size());
    point_.margin = *std::min_element(bounds_.begin(), bounds_.end());
    return std::move(point_);
  }

 private:
  bool stopped() const noexcept { return task_.stopped(); }

  // Drops targets whose margin is proved.
  void drop() {
    std::erase_if(targets_, [&](std::size_t t) { return bounds_[t] > 0.0; });
  }

  void decide(Stage stage, RegionAnalysis& analysis) {
    for (const std::size_t t : targets_) bounds_[t] = analysis.interval_margin(label_, t);
    drop();
    const bool substitutes = options_.method != BoundMethod::interval && !analysis.stopped();
    if (substitutes && !targets_.empty()) back_substitute(analysis);
    if (targets_.empty()) {
      point_.verdict = PointVerdict::certified;
      return;
    }
    if (options_.method == BoundMethod::interval) return;
    if (analysis.stopped()) return cut();
    if (stage == Stage::cheap) {
      if (options_.attack && !attacked() && stopped()) cut();
      return;
    }
    if (options_.method == BoundMethod::alpha_crown) {
      optimise(analysis);
      if (point_.verdict != PointVerdict::undecided) return;
      if (stopped()) return cut();
    }
    branch(analysis);
  }

  void back_substitute(const RegionAnalysis& analysis) {
    const std::vector<Form> forms = analysis.margins(label_, targets_);
    margins_.resize(graph_.outputs());
    const Relaxation choice = dual_->initial(
        options_.method == BoundMethod::fast_lin ? SlopeRule::parallel : SlopeRule::adaptive);
    for (std::size_t k = 0; k < targets_.size(); ++k) {
      const std::size_t t = targets_[k];
      margins_[t] = forms[k];
      const double bound =
          dual_->bound(margins_[t], 1.0, choice) - analysis.margin_rounding(label_, t);
      if (bound > bounds_[t]) bounds_[t] = bound;
    }
    drop();
    // The most endangered first: for attacks the likeliest to win.
    std::stable_sort(targets_.begin(), targets_.end(),
                     [&](std::size_t a, std::size_t b) { return bounds_[a] < bounds_[b]; });
  }

  bool verify(std::span<const double> x) {
    std::vector<float> rounded = region_.rounded(x);
    if (!errs(network_, rounded, static_cast<std::int64_t>(label_))) return false;
    point_.verdict = PointVerdict::attacked;
    point_.counterexample = std::move(rounded);
    return true;
  }

  bool attack_from(const Form& margin, std::vector<double> start) {
    return descend(*dual_, region_, margin, std::move(start), {},
                   [&](std::span<const double> x) { return verify(x); });
  }

  bool attacked() {
    const Relaxation choice = dual_->initial(SlopeRule::adaptive);
    for (const std::size_t t : targets_) {
      if (stopped()) return false;
      (void)dual_->bound(margins_[t], 1.0, choice);
      if (attack_from(margins_[t], dual_->minimiser())) return true;
      if (attack_from(margins_[t], copy(region_.centre()))) return true;
    }
    for (int restart = 0; restart < options_.restarts; ++restart) {
      for (const std::size_t t : targets_) {
        if (stopped()) return false;
        std::vector<double> start(region_.centre().begin(), region_.centre().end());
        for (double& x : start) x += region_.epsilon() * (2.0 * random_.uniform() - 1.0);
        region_.project(start);
        if (attack_from(margins_[t], std::move(start))) return true;
      }
    }
    return false;
  }

  void optimise(RegionAnalysis& analysis) {
    analysis.tighten(options_.iterations);
    roots_.resize(graph_.outputs());
    for (const std::size_t t : targets_) {
      if (stopped()) break;
      Relaxation choice = dual_->initial(SlopeRule::adaptive);
      const double rounding = analysis.margin_rounding(label_, t);
      const Dual::Ascent ascent{.iterations = 2 * options_.iterations, .stop_above = rounding};
      bounds_[t] = std::max(bounds_[t], dual_->ascend(margins_[t], 1.0, choice, ascent) - rounding);
      if (bounds_[t] <= 0.0 && options_.attack && attack_from(margins_[t], dual_->minimiser()))
        return;
      roots_[t] = std::move(choice);
    }
    drop();
    if (targets_.empty()) point_.verdict = PointVerdict::certified;
  }

  void branch(const RegionAnalysis& analysis) {
    for (const std::size_t t : targets_) {
      if (point_.nodes >= options_.node_limit) return;
      if (stopped()) return cut();
      const Relaxation root = roots_.empty() ? dual_->initial(SlopeRule::adaptive) : roots_[t];
      BranchOptions branching;
      branching.node_limit = options_.node_limit - point_.nodes;
      const BranchResult result = branch_and_bound(
          region_, analysis.units(), margins_[t], analysis.margin_rounding(label_, t), root,
          branching, [&](std::span<const double> x) { return options_.attack && verify(x); },
          *dual_);
      point_.nodes += result.nodes;
      bounds_[t] = std::max(bounds_[t], result.bound);
      if (result.outcome == BranchOutcome::attacked) return;
      if (result.outcome == BranchOutcome::undecided) {
        if (stopped()) cut();
        return;
      }
    }
    point_.verdict = PointVerdict::certified;
  }

  void cut() { point_.cut_short = true; }

  const model::Network& network_;
  const Graph& graph_;
  const Region& region_;
  std::size_t label_;
  Philox random_;
  const CertifyOptions& options_;
  Task task_;
  std::optional<Dual> dual_{};
  std::vector<std::size_t> targets_{};  // Not yet proved.
  std::vector<double> bounds_{};        // Per class; infinity for the label.
  std::vector<Form> margins_{};
  std::vector<Relaxation> roots_{};
  CertifiedPoint point_{};
};

void check(const CertifyOptions& options) {
  if (options.iterations < 0 || options.restarts < 0 || options.node_limit < 0 ||
      !(options.seconds >= 0.0) || !(options.seconds_per_point >= 0.0))
    throw ConfigError(
        "certify: iterations, restarts, node_limit, seconds and seconds_per_point must be at least "
        "0");
}

// Whether anything comes after bounds and attacks.
bool goes_on(const CertifyOptions& options) {
  return options.method == BoundMethod::alpha_crown ||
         (options.method != BoundMethod::interval && options.node_limit > 0);
}

Clock::time_point after(Clock::time_point from, double seconds) {
  return seconds > 0.0 && seconds < 1e9 ? from + std::chrono::duration_cast<Clock::duration>(
                                                     std::chrono::duration<double>(seconds))
                                        : Clock::time_point::max();
}

}  // namespace

std::string_view word(PointVerdict verdict) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"certified", "attacked", "undecided"};
  return kWords[static_cast<std::size_t>(verdict)];
}

std::string_view word(BoundMethod method) noexcept {
  return kMethods[static_cast<std::size_t>(method)];
}

BoundMethod method_from_word(std::string_view word) {
  const auto found = std::ranges::find(kMethods, word);
  if (found == kMethods.end()) {
    throw ConfigError(fmt::format("certify: no method is called {}; known: {}", terminal_safe(word),
                                  fmt::join(kMethods, ", ")));
  }
  return static_cast<BoundMethod>(found - kMethods.begin());
}

void to_json(Json& json, const CertifiedPoint& point) {
  json = {{"verdict", word(point.verdict)}, {"clean_error", point.clean_error},
          {"cut_short", point.cut_short},   {"margin", number_or_null(point.margin)},
          {"nodes", point.nodes},           {"bounds", point.bounds},
          {"seconds", point.seconds}};
}

Tally tally(std::span<const CertifiedPoint> points) noexcept {
  Tally all;
  all.examples = static_cast<std::int64_t>(points.size());
  for (const CertifiedPoint& point : points) {
    all.clean_errors += point.clean_error;
    all.certified += point.verdict == PointVerdict::certified;
    all.attacked += point.verdict == PointVerdict::attacked;
    all.undecided += point.verdict == PointVerdict::undecided;
    all.cut_short += point.cut_short;
    all.nodes += point.nodes;
    all.bounds += point.bounds;
    all.open_units += point.open_units;
  }
  return all;
}

void to_json(Json& json, const Tally& tally) {
  json = {{"examples", tally.examples},
          {"clean_errors", tally.clean_errors},
          {"certified", tally.certified},
          {"certified_bound", tally.examples - tally.certified},
          {"attacked", tally.attacked},
          {"undecided", tally.undecided},
          {"cut_short", tally.cut_short},
          {"ledger",
           {{"nodes", tally.nodes}, {"bounds", tally.bounds}, {"open_units", tally.open_units}}}};
}

Certifier::Certifier(const model::Network& network) : network_(network), graph_(compile(network)) {}

std::vector<CertifiedPoint> Certifier::certify(const torch::Tensor& inputs,
                                               std::span<const std::int64_t> labels, double epsilon,
                                               Norm norm, const CertifyOptions& options,
                                               const Task& task) const {
  check(options);
  const Batch batch = checked(network_.signature(), inputs, labels, epsilon, norm);
  const auto rounding = graph_.rounding(magnitude(batch, epsilon));
  const Task limited = task.with({}).until(after(Clock::now(), options.seconds));
  const double low = options.box ? network_.signature().low : -HUGE_VAL;
  const double high = options.box ? network_.signature().high : HUGE_VAL;
  std::vector<CertifiedPoint> points(batch.count);
  std::mutex lock;
  std::size_t decided = 0;
  tbb::enumerable_thread_specific<std::unique_ptr<Backward>> workspaces;
  const auto work = [&](std::size_t i, Stage stage) {
    const Clock::time_point begin = Clock::now();
    if (limited.stopped()) {
      if (stage == Stage::cheap) points[i].margin = -std::numeric_limits<double>::infinity();
      points[i].cut_short = true;
      return;
    }
    std::unique_ptr<Backward>& workspace = workspaces.local();
    if (!workspace) workspace = std::make_unique<Backward>(graph_);
    const Region region(batch.example(i), epsilon, norm, low, high);
    const double left = options.seconds_per_point - points[i].seconds;
    Decision decision(network_, graph_, region, static_cast<std::size_t>(labels[i]), i, options,
                      options.seconds_per_point > 0.0
                          ? limited.until(after(begin, std::max(left, 1e-9)))
                          : limited);
    CertifiedPoint found = decision.run(stage, rounding, *workspace);
    found.margin = stage == Stage::cheap ? found.margin : std::max(found.margin, points[i].margin);
    found.bounds += points[i].bounds;
    found.seconds = points[i].seconds + seconds_since(begin);
    points[i] = std::move(found);
  };
  const auto tell = [&] {
    if (!task.has_listener()) return;
    const std::lock_guard guard(lock);
    task.tell({.what = "certify", .done = ++decided, .planned = batch.count, .unit = "examples"});
  };
  const auto left_open = [&](std::size_t i) {
    return points[i].verdict == PointVerdict::undecided && !points[i].cut_short && goes_on(options);
  };
  parallel_for(batch.count, [&](std::size_t i) {
    work(i, Stage::cheap);
    if (!left_open(i)) tell();
  });
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < batch.count; ++i)
    if (left_open(i)) open.push_back(i);
  std::ranges::stable_sort(open, std::greater{}, [&](std::size_t i) { return points[i].margin; });
  parallel_for(open.size(), [&](std::size_t k) {
    work(open[k], Stage::thorough);
    tell();
  });
  return points;
}

std::vector<double> Certifier::lower_bounds(const torch::Tensor& inputs,
                                            std::span<const std::int64_t> labels, double epsilon,
                                            Norm norm, BoundMethod method, const Task& task) const {
  CertifyOptions options;
  options.method = method;
  options.attack = false;
  options.node_limit = 0;
  const std::vector<CertifiedPoint> points = certify(inputs, labels, epsilon, norm, options, task);
  std::vector<double> margins;
  for (const CertifiedPoint& point : points) margins.push_back(point.margin);
  return margins;
}

std::vector<double> Certifier::largest_epsilon(const torch::Tensor& inputs,
                                               std::span<const std::int64_t> labels, Norm norm,
                                               double highest, double tolerance,
                                               const CertifyOptions& options,
                                               const Task& task) const {
  if (!(tolerance > 0.0)) throw ConfigError("certify: tolerance must be above 0");
  (void)checked(network_.signature(), inputs, labels, highest, norm);
  const std::size_t count = labels.size();
  std::vector<double> low(count, -1.0);
  std::vector<double> high(count, highest);
  std::vector<std::size_t> left(count);
  for (std::size_t i = 0; i < count; ++i) left[i] = i;
  const Task each = task.with({});
  // Every round certifies each example at an epsilon of its own.
  const auto round = [&](const std::vector<double>& epsilons) {
    std::vector<std::uint8_t> proved(count);
    parallel_for(left.size(), [&](std::size_t k) {
      const std::size_t i = left[k];
      const std::vector<CertifiedPoint> one =
          certify(inputs.narrow(0, static_cast<std::int64_t>(i), 1), labels.subspan(i, 1),
                  epsilons[i], norm, options, each);
      proved[i] = one[0].verdict == PointVerdict::certified;
    });
    return proved;
  };
  const std::vector<std::uint8_t> clean = round(std::vector<double>(count, 0.0));
  std::erase_if(left, [&](std::size_t i) { return clean[i] == 0; });
  for (const std::size_t i : left) low[i] = 0.0;
  const std::vector<std::uint8_t> all = round(high);
  for (const std::size_t i : left)
    if (all[i] != 0) low[i] = highest;
  std::vector<double> middle(count, 0.0);
  for (;;) {
    std::erase_if(left, [&](std::size_t i) { return high[i] - low[i] <= tolerance; });
    if (left.empty() || task.stopped()) return low;
    for (const std::size_t i : left) middle[i] = 0.5 * (low[i] + high[i]);
    const std::vector<std::uint8_t> proved = round(middle);
    for (const std::size_t i : left) (proved[i] != 0 ? low[i] : high[i]) = middle[i];
  }
}

}  // namespace emdyn::provoke::certify
