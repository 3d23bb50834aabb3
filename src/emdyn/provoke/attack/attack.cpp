#include "emdyn/provoke/attack/attack.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <mutex>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/provoke/attack/contract/search.hpp"
#include "emdyn/provoke/attack/radii.hpp"

namespace emdyn::provoke::attack {
namespace {

/// Everything of a run that its chunks read.
struct Run {
  const AttackEntry* entry = nullptr;
  std::unique_ptr<AttackMethod> method;
  const model::Model* model = nullptr;
  const AttackOptions* options = nullptr;
  const Task* task = nullptr;
  std::vector<double> epsilons;
  torch::Tensor inputs;
  const std::vector<std::int64_t>* labels = nullptr;
  std::size_t size = 0;
  std::vector<float> rounding;  ///< Of each point, as Point has it; empty while points are settled.

  std::span<const float> values(std::size_t i) const {
    return {inputs.data_ptr<float>() + i * size, size};
  }
};

bool stopped(const Run& run) { return run.task->stopped(); }

void check_inputs(const Run& run, std::size_t count) {
  const model::Signature& signature = run.model->signature();
  if (!std::isfinite(signature.low) || !std::isfinite(signature.high) ||
      !(signature.low < signature.high))
    throw ModelError(fmt::format("attack: the model's box must be finite, got [{}, {}]",
                                 signature.low, signature.high));
  const auto low = static_cast<float>(signature.low);
  const auto high = static_cast<float>(signature.high);
  for (std::size_t i = 0; i < count; ++i) {
    for (const float value : run.values(i)) {
      if (!(value >= low && value <= high)) {
        throw DataError(fmt::format(
            "attack: point {} holds {}, outside the model's box [{}, {}]; scale the inputs, or "
            "give the model the box they live in",
            i, value, signature.low, signature.high));
      }
    }
  }
}

void check_classes(const std::vector<std::int64_t>& classes, std::string_view what,
                   std::size_t count, std::int64_t known) {
  if (classes.size() != count)
    throw ConfigError(
        fmt::format("attack: {} points need as many {}, got {}", count, what, classes.size()));
  for (std::size_t i = 0; i < count; ++i) {
    if (classes[i] < 0 || classes[i] >= known)
      throw ConfigError(fmt::format("attack: {} of point {} must be 0 to {}, got {}", what, i,
                                    known - 1, classes[i]));
  }
}

void check_options(const Run& run, std::size_t count) {
  const AttackEntry& entry = *run.entry;
  const AttackOptions& options = *run.options;
  if (std::ranges::find(entry.norms, options.norm) == entry.norms.end()) {
    std::string known;
    for (const Norm norm : entry.norms) known.append(known.empty() ? "" : ", ").append(word(norm));
    throw ConfigError(
        fmt::format("{}: no attack in {}; it knows {}", entry.name, word(options.norm), known));
  }
  for (const double epsilon : options.epsilons) {
    if (!(epsilon >= 0.0) || !std::isfinite(epsilon))
      throw ConfigError(
          fmt::format("{}: epsilon must be >= 0 and finite, got {}", entry.name, epsilon));
  }
  if (options.epsilons.empty() && !entry.nearest)
    throw ConfigError(
        fmt::format("{}: needs an epsilon; deep_fool, fmn and fab go as near as "
                    "they can without one",
                    entry.name));
  if (!options.targets.empty() && !entry.targeted)
    throw ConfigError(fmt::format("{}: cannot be sent towards a class", entry.name));
  if (options.source != nullptr && entry.extent != Extent::one_radius)
    throw ConfigError(
        fmt::format("{}: cannot be transferred; mi_fgsm, pgd and apgd can", entry.name));
  if (options.source != nullptr && options.source->signature() != run.model->signature())
    throw ConfigError(
        fmt::format("{}: source and model must take the same inputs and give as many "
                    "classes",
                    entry.name));
  const model::Model& made_on = options.source != nullptr ? *options.source : *run.model;
  if (entry.gradient && !made_on.differentiable())
    throw ModelError(fmt::format(
        "{}: needs gradients, and a black box has none; use square, hop_skip_jump or spsa",
        entry.name));
  if (!options.certified.empty() && options.certified.size() != count)
    throw ConfigError(fmt::format("{}: {} points need as many certified radii, got {}", entry.name,
                                  count, options.certified.size()));
  if (options.chunk < 1 || options.refine < 0)
    throw ConfigError(fmt::format("{}: chunk must be >= 1 and refine >= 0, got {} and {}",
                                  entry.name, options.chunk, options.refine));
}

std::int64_t count_of(std::size_t size) { return static_cast<std::int64_t>(size); }

/// Logits of all points as they are, in blocks of fixed size.
torch::Tensor clean_logits(const Run& run, std::size_t count) {
  torch::Tensor logits = torch::zeros({count_of(count), run.model->signature().classes});
  const auto block = static_cast<std::size_t>(run.options->chunk);
  parallel_for((count + block - 1) / block, [&](std::size_t i) {
    if (stopped(run)) return;
    at::set_num_threads(1);
    model::Ledger ledger;
    const auto begin = count_of(i * block);
    const auto end = count_of(std::min(count, (i + 1) * block));
    logits.slice(0, begin, end).copy_(run.model->logits(run.inputs.slice(0, begin, end), ledger));
  });
  return logits;
}

std::span<const float> logit_row(const torch::Tensor& logits, std::size_t i) {
  const auto width = static_cast<std::size_t>(logits.size(1));
  return {logits.data_ptr<float>() + i * width, width};
}

std::vector<Point> points_of(const Run& run, std::span<const std::size_t> indices) {
  std::vector<Point> points;
  for (const std::size_t i : indices) {
    Point point{i, run.values(i), static_cast<std::size_t>((*run.labels)[i])};
    if (!run.options->targets.empty())
      point.target = static_cast<std::size_t>(run.options->targets[i]);
    if (!run.options->certified.empty()) point.certified = run.options->certified[i];
    if (!run.rounding.empty()) point.rounding = run.rounding[i];
    points.push_back(point);
  }
  return points;
}

/// Sixteen units in the last place of each point's greatest logit.
std::vector<float> roundings(const torch::Tensor& logits, std::size_t count) {
  std::vector<float> result;
  for (std::size_t i = 0; i < count; ++i) {
    float largest = 0.0F;
    for (const float value : logit_row(logits, i))
      if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    result.push_back(16.0F * std::numeric_limits<float>::epsilon() * largest);
  }
  return result;
}

SearchTask task_of(const Run& run) {
  const AttackOptions& options = *run.options;
  return {.model = options.source != nullptr ? options.source : run.model,
          .norm = options.norm,
          .epsilons = run.epsilons,
          .active_set = options.active_set,
          .transfer = options.source != nullptr,
          .seed = static_cast<std::uint64_t>(options.seed),
          .work = run.task->with({})};
}

/// What a chunk found for one point.
struct Found {
  double distance = std::numeric_limits<double>::infinity();
  std::vector<float> row;
  model::Ledger queries;
  model::Ledger source;
  bool attacked = false;
  bool flat = false;
};

void collect(const Search& search, std::size_t slot, Found& found) {
  found.flat = search.flat(slot);
  found.attacked = true;
  found.queries += {search.forwards(slot), search.gradients(slot)};
  if (search.distance(slot) < found.distance) {
    found.distance = search.distance(slot);
    found.row.assign(search.found(slot).begin(), search.found(slot).end());
  }
}

/// Rows made on the source, then shown once to the model.
void transfer_chunk(const Run& run, const std::vector<Point>& points, std::vector<Found>& found) {
  SearchTask target = task_of(run);
  target.model = run.model;
  target.transfer = false;
  for (std::size_t k = run.epsilons.size(); k-- > 0 && !stopped(run);) {
    if (run.epsilons[k] <= 0.0) continue;
    Search source(task_of(run), points);
    Search judge(target, points);
    source.set_epsilon(run.epsilons[k]);
    const Slots asked = source.open();
    run.method->run(source);
    Rows rows(points.size(), run.size);
    for (const std::size_t slot : asked) {
      const auto made = source.found(slot);
      std::ranges::copy(made.empty() ? points[slot].values : made, rows[slot].begin());
    }
    const Rows logits = judge.logits(asked, rows);
    for (std::size_t i = 0; i < asked.size(); ++i) judge.offer(asked[i], rows[asked[i]], logits[i]);
    for (const std::size_t slot : asked) {
      collect(judge, slot, found[slot]);
      found[slot].source += {source.forwards(slot), source.gradients(slot)};
      found[slot].flat = source.flat(slot);
    }
  }
}

std::vector<Found> attack_chunk(const Run& run, std::span<const std::size_t> indices) {
  at::set_num_threads(1);  // Of this thread; OpenBLAS was told once for all.
  std::vector<Found> found(indices.size());
  const std::vector<Point> points = points_of(run, indices);
  if (run.options->source != nullptr) {
    transfer_chunk(run, points, found);
    return found;
  }
  Search search(task_of(run), points);
  if (run.entry->extent == Extent::all_radii) {
    const Slots asked = search.open();
    run.method->run(search);
    if (run.entry->nearest && run.options->refine > 0) {
      refine(search, asked, run.options->refine);
      if (run.entry->gradient) polish(search, asked);
    }
  } else {
    descend(*run.method, search, run.entry->gradient && run.entry->extent == Extent::one_radius);
  }
  if (search.stopped()) {  // What was found stands; what was not may still be there.
    for (std::size_t slot = 0; slot < found.size(); ++slot) {
      collect(search, slot, found[slot]);
      found[slot].attacked = std::isfinite(search.distance(slot));
    }
    return found;
  }
  for (std::size_t slot = 0; slot < found.size(); ++slot) collect(search, slot, found[slot]);
  return found;
}

/// Whether a second look at the first points gives other logits.
bool randomised(const Run& run, AttackResult& result) {
  const std::int64_t count = std::min({run.inputs.size(0), run.options->chunk, std::int64_t{32}});
  const torch::Tensor inputs = run.inputs.slice(0, 0, count);
  const torch::Tensor once = run.model->logits(inputs, result.ledger);
  const torch::Tensor twice = run.model->logits(inputs, result.ledger);
  return !torch::equal(once, twice);
}

bool probabilities(const torch::Tensor& logits, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0.0;
    for (const float value : logit_row(logits, i)) {
      if (!(value >= 0.0F)) return false;
      sum += static_cast<double>(value);
    }
    if (std::abs(sum - 1.0) > 1e-3) return false;
  }
  return count > 0;
}

/// Share of points whose greatest logit is not alone.
double ties(const torch::Tensor& logits, std::size_t count) {
  std::size_t tied = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<const float> row = logit_row(logits, i);
    tied += std::ranges::count(row, *std::ranges::max_element(row)) > 1 ? 1U : 0U;
  }
  return count > 0 ? static_cast<double>(tied) / static_cast<double>(count) : 0.0;
}

void diagnose(const Run& run, const torch::Tensor& logits, std::size_t attacked, std::size_t flat,
              AttackResult& result) {
  if (result.size() > 0 && !stopped(run) && randomised(run, result)) {
    result.flags.push_back({"randomised", 1.0,
                            "equal inputs give different logits: attack the average of many "
                            "passes, or the result only shows how hard the noise is to follow"});
  }
  if (!stopped(run) && probabilities(logits, result.size())) {
    result.flags.push_back({"probabilities", 1.0,
                            "the outputs look like probabilities, whose gradients vanish where "
                            "the model is sure: give the logits before the softmax"});
  }
  if (const double tied = stopped(run) ? 0.0 : ties(logits, result.size()); tied > 0.0) {
    result.flags.push_back({"equal_logits", tied,
                            "the greatest logit is not alone, and the first class is taken: a "
                            "network whose units died, or outputs that were rounded"});
  }
  const double share =
      attacked > 0 ? static_cast<double>(flat) / static_cast<double>(attacked) : 0.0;
  if (run.entry->gradient && share > 0.05) {
    result.flags.push_back({"zero_gradients", share,
                            "points without any slope withstand every gradient: attack with "
                            "square or hop_skip_jump, or a differentiable stand-in (BPDA)"});
  }
}

Json all_settings(const Run& run) {
  const AttackOptions& options = *run.options;
  Json json = run.entry->settings(run.entry->name, options.settings);
  json["seed"] = options.seed;
  json["active_set"] = options.active_set;
  json["chunk"] = options.chunk;
  json["refine"] = options.refine;
  return json;
}

AttackResult empty_result(const Run& run, std::size_t count) {
  AttackResult result;
  result.attack = run.entry->name;
  result.norm = run.options->norm;
  result.epsilons = run.epsilons;
  result.settings = all_settings(run);
  result.targeted = !run.options->targets.empty();
  result.transfer = run.options->source != nullptr;
  result.adversarial = run.inputs.clone();
  result.distance.assign(count, std::numeric_limits<double>::infinity());
  result.outcome.assign(count, PointOutcome::not_reached);
  result.queries.assign(count, {});
  return result;
}

/// Settles the points that need no attack. @return the others.
std::vector<std::size_t> settle(const Run& run, const torch::Tensor& logits, AttackResult& result) {
  std::vector<std::size_t> todo;
  std::vector<std::size_t> all(result.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const std::vector<Point> points = points_of(run, all);
  const double largest =
      run.epsilons.empty() ? std::numeric_limits<double>::infinity() : run.epsilons.back();
  for (std::size_t i = 0; i < result.size(); ++i) {
    result.queries[i].forward = 1;
    if (is_success(points[i], logit_row(logits, i))) {
      result.outcome[i] = PointOutcome::clean_error;
      result.distance[i] = 0.0;
    } else if (points[i].certified >= largest) {
      result.outcome[i] = PointOutcome::certified;
    } else {
      todo.push_back(i);
    }
  }
  return todo;
}

class Tally {
 public:
  Tally(const Run& run, std::size_t count, std::size_t left, std::size_t errors)
      : run_(run), count_(count), done_(count - left), errors_(errors) {
    tell();
  }
  void add(const std::vector<Found>& found) {
    if (!run_.task->has_listener()) return;
    const std::scoped_lock lock(mutex_);
    done_ += found.size();
    for (const Found& each : found)
      errors_ += std::isfinite(each.distance) &&
                         (run_.epsilons.empty() || each.distance <= run_.epsilons.back())
                     ? 1U
                     : 0U;
    tell();
  }

 private:
  void tell() const {
    run_.task->tell({.what = run_.entry->name,
                     .done = done_,
                     .planned = count_,
                     .unit = "examples",
                     .note = fmt::format("{} errors", errors_)});
  }

  const Run& run_;
  std::mutex mutex_;
  std::size_t count_;
  std::size_t done_;
  std::size_t errors_;  // Within the largest radius, so far.
};

void attack_all(const Run& run, const std::vector<std::size_t>& todo, AttackResult& result,
                std::size_t& attacked, std::size_t& flat) {
  const std::size_t chunk = run.entry->extent == Extent::all_points
                                ? std::max<std::size_t>(todo.size(), 1)
                                : static_cast<std::size_t>(run.options->chunk);
  const std::size_t chunks = (todo.size() + chunk - 1) / chunk;
  std::vector<std::vector<Found>> found(chunks);
  Tally tally(run, result.size(), todo.size(), result.clean_errors());
  parallel_for(chunks, [&](std::size_t i) {
    if (stopped(run)) return;
    found[i] = attack_chunk(
        run, std::span(todo).subspan(i * chunk, std::min(chunk, todo.size() - i * chunk)));
    tally.add(found[i]);
  });
  for (std::size_t i = 0; i < chunks; ++i) {
    for (std::size_t k = 0; k < found[i].size(); ++k) {
      const Found& one = found[i][k];
      const std::size_t at = todo[i * chunk + k];
      result.queries[at] += one.queries;
      result.ledger += one.source;
      if (!one.attacked) continue;
      ++attacked;
      flat += one.flat ? 1U : 0U;
      result.outcome[at] =
          std::isfinite(one.distance) ? PointOutcome::broken : PointOutcome::resisted;
      result.distance[at] = one.distance;
      if (!one.row.empty())
        std::ranges::copy(one.row, result.adversarial.data_ptr<float>() + at * run.size);
    }
  }
}

}  // namespace

std::string_view word(PointOutcome outcome) noexcept {
  constexpr std::array<std::string_view, 5> kWords{"clean_error", "certified", "broken", "resisted",
                                                   "not_reached"};
  return kWords[static_cast<std::size_t>(outcome)];
}

std::size_t AttackResult::errors(double epsilon) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(distance, [&](double each) { return each <= epsilon; }));
}

std::size_t AttackResult::clean_errors() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(outcome, PointOutcome::clean_error));
}

AttackResult run_attack(std::string_view name, const model::Model& model,
                        const torch::Tensor& inputs, const std::vector<std::int64_t>& labels,
                        const AttackOptions& options, const Task& task) {
  const auto start = std::chrono::steady_clock::now();
  Run run;
  run.entry = &find_attack(name);
  run.method = run.entry->make(run.entry->name, options.settings);
  run.model = &model;
  run.options = &options;
  run.task = &task;
  run.labels = &labels;
  run.epsilons = options.epsilons;
  std::ranges::sort(run.epsilons);
  model::set_torch_threads(1);
  if (inputs.dim() == 0 || inputs.scalar_type() != torch::kFloat32 ||
      inputs.sizes().slice(1) != torch::IntArrayRef(model.signature().input))
    throw DataError(fmt::format("attack: inputs must be float32 [n, {}]",
                                fmt::join(model.signature().input, ", ")));
  run.inputs = inputs.detach().contiguous();
  const auto count = static_cast<std::size_t>(inputs.size(0));
  run.size = count == 0 ? 0 : static_cast<std::size_t>(inputs.numel()) / count;
  check_options(run, count);
  check_classes(labels, "labels", count, model.signature().classes);
  if (!options.targets.empty())
    check_classes(options.targets, "targets", count, model.signature().classes);
  check_inputs(run, count);

  AttackResult result = empty_result(run, count);
  const torch::Tensor logits = clean_logits(run, count);
  if (!stopped(run)) {
    std::size_t attacked = 0;
    std::size_t flat = 0;
    const std::vector<std::size_t> todo = settle(run, logits, result);
    run.rounding = roundings(logits, count);
    attack_all(run, todo, result, attacked, flat);
    diagnose(run, logits, attacked, flat, result);
  }
  for (const model::Ledger& each : result.queries) result.ledger += each;
  result.interrupted = stopped(run);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace emdyn::provoke::attack
