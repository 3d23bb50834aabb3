#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/files/safetensors.hpp"
#include "emdyn/model/lab/classifier/classifier.hpp"
#include "emdyn/model/lab/classifier/flat_network.hpp"
#include "emdyn/model/lab/classifier/training_batch.hpp"
#include "emdyn/model/lab/contract/optimizer.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/model/network/network_shape.hpp"

namespace emdyn::model::lab {
namespace {

constexpr std::size_t kParts = 4;
constexpr std::size_t kTestChunk = 100;
constexpr std::size_t kRobustExamples = 500;
constexpr std::int64_t kRobustSteps = 20;
constexpr std::string_view kFormat = "classifier-checkpoint-1";
enum Stream : std::uint64_t { order_stream = 1, attack_stream = 2, robust_stream = 3 };

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

enum SignalIndex : std::size_t {
  train_loss,
  train_accuracy,
  gradient_norm,
  learning_rate,
  test_loss,
  test_accuracy,
  test_recall,
  test_robust_accuracy
};

std::vector<SignalInfo> signal_infos(bool adversarial) {
  std::vector<SignalInfo> infos = {
      {"train_loss", "mean cross entropy of the last steps' batches, in nats"},
      {"train_accuracy", "share of the last steps' examples that were classified correctly"},
      {"gradient_norm", "mean norm of the last steps' gradients, before clipping"},
      {"learning_rate", "of the last step"},
      {"test_loss", "mean cross entropy of the test examples, in nats"},
      {"test_accuracy", "share of the test examples that are classified correctly"},
      {"test_recall", "mean over classes of the share of its examples that are found"}};
  if (adversarial)
    infos.push_back({"test_robust_accuracy", "share that PGD-20 leaves correct, of the first 500"});
  return infos;
}

struct PartResult {
  double loss = 0.0;
  std::int64_t correct = 0;
};

std::vector<std::int64_t> classes_of(const torch::Tensor& logits) {
  const torch::Tensor found = logits.argmax(1).contiguous();
  const auto* data = found.data_ptr<std::int64_t>();
  return {data, data + found.numel()};
}

/// Sums of several rows of training signals.
struct Recent {
  double loss = 0.0;
  double norm = 0.0;
  std::int64_t correct = 0;
  std::int64_t examples = 0;
  std::int64_t steps = 0;
};

struct TestResult {
  double loss = 0.0;
  std::vector<std::int64_t> confusion;  ///< [true class, found class]
};

}  // namespace

struct ClassifierTraining::Parts {
  ClassifierTask task;
  std::vector<SignalInfo> infos;
  FlatNetwork network;
  Optimizer optimizer;
  std::vector<std::vector<float>> gradients;  ///< One per part; the first becomes the sum.
  std::vector<std::uint32_t> order;
  std::int64_t ordered_epoch = -1;
  std::int64_t done = 0;
  ExperimentResult outcome;

  explicit Parts(ClassifierTask given)
      : task(std::move(given)),
        infos(signal_infos(task.adversarial_epsilon > 0.0)),
        network(task.classifier.signature, task.classifier.layers, kParts),
        optimizer({.kind = OptimizerKind::adamw,
                   .learning_rate = task.settings.learning_rate,
                   .weight_decay = task.settings.weight_decay,
                   .beta2 = 0.999},
                  network.parameters().size()),
        gradients(kParts, std::vector<float>(network.parameters().size())) {
    for (const Examples* examples : {&task.train, &task.test}) {
      if (examples->size() == 0 || examples->shape != task.classifier.signature.input)
        throw ConfigError(fmt::format("{}: examples {} do not fit a network that takes {}",
                                      task.name, model::shape_text(examples->shape),
                                      model::shape_text(task.classifier.signature.input)));
    }
    if (task.resume) read_checkpoint();
  }

  std::int64_t steps_per_epoch() const {
    const auto count = static_cast<std::int64_t>(task.train.size());
    return (count + task.settings.batch - 1) / task.settings.batch;
  }
  std::int64_t steps() const { return task.settings.epochs * steps_per_epoch(); }

  double rate_at(std::int64_t step) const {
    const TrainingSettings& s = task.settings;
    if (step < s.warmup_steps)
      return s.learning_rate * static_cast<double>(step + 1) / static_cast<double>(s.warmup_steps);
    const double share = static_cast<double>(step) / static_cast<double>(steps());
    if (s.schedule == Schedule::cosine)
      return s.learning_rate * 0.5 * (1.0 + std::cos(std::acos(-1.0) * share));
    if (s.schedule == Schedule::steps)
      return s.learning_rate * (share < 0.5 ? 1.0 : share < 0.75 ? 0.1 : 0.01);
    return s.learning_rate;
  }

  std::span<const std::uint32_t> batch_at(std::int64_t step) {
    const std::int64_t epoch = step / steps_per_epoch();
    if (epoch != ordered_epoch) {
      order.resize(task.train.size());
      std::iota(order.begin(), order.end(), 0U);
      Philox random(static_cast<std::uint64_t>(task.settings.seed),
                    std::uint64_t{order_stream} << 40 | static_cast<std::uint64_t>(epoch));
      shuffle(order, random);
      ordered_epoch = epoch;
    }
    const auto batch = static_cast<std::size_t>(task.settings.batch);
    const std::size_t begin = static_cast<std::size_t>(step % steps_per_epoch()) * batch;
    return std::span(order).subspan(begin, std::min(batch, order.size() - begin));
  }

  Pgd attack(double epsilon, std::int64_t attack_steps) const {
    const model::Signature& signature = task.classifier.signature;
    return {epsilon * (signature.high - signature.low), attack_steps, signature.low,
            signature.high};
  }

  PartResult train_part(std::size_t part, std::span<const std::uint32_t> indices,
                        std::size_t total) {
    model::set_torch_threads(1);
    TrainingBatch batch = batch_of(task.train, indices);
    if (task.adversarial_epsilon > 0.0) {
      const double share = static_cast<double>(done + 1) / static_cast<double>(steps_per_epoch());
      const Philox random(
          static_cast<std::uint64_t>(task.settings.seed),
          std::uint64_t{attack_stream} << 40 | (static_cast<std::uint64_t>(done) * kParts + part));
      batch.inputs = attack(task.adversarial_epsilon * std::min(1.0, share), task.adversarial_steps)
                         .perturb(network.layers(part), batch, random);
    }
    const c10::AutoGradMode with_grad(true);
    const torch::Tensor logits = model::apply(network.layers(part), batch.inputs);
    const torch::Tensor loss = at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Sum);
    network.gradient(part, loss / static_cast<double>(total), gradients[part]);
    return {loss.item<double>(), count_correct(logits.detach(), batch.labels)};
  }

  static std::int64_t count_correct(const torch::Tensor& logits, const torch::Tensor& labels) {
    return logits.argmax(1).eq(labels).sum().item<std::int64_t>();
  }

  /// One step of the optimiser; adds what it saw to `recent`.
  void step(Recent& recent) {
    const auto indices = batch_at(done);
    const std::size_t count = std::min(kParts, indices.size());
    std::array<PartResult, kParts> found{};
    parallel_for(count, [&](std::size_t part) {
      const std::size_t begin = indices.size() * part / count;
      const std::size_t end = indices.size() * (part + 1) / count;
      found[part] = train_part(part, indices.subspan(begin, end - begin), indices.size());
    });
    const double norm = add_gradients(count);
    double loss = 0.0;
    for (const PartResult& part : found) {
      loss += part.loss;
      recent.correct += part.correct;
    }
    if (!std::isfinite(loss) || !std::isfinite(norm))
      throw ModelError(fmt::format("{}: the loss is not finite at step {}; lower learning_rate",
                                   task.name, done));
    const double clip = task.settings.clip_norm;
    if (clip > 0.0 && norm > clip) {
      for (float& value : gradients[0]) value *= static_cast<float>(clip / norm);
    }
    optimizer.set_learning_rate(rate_at(done));
    optimizer.step(gradients[0], network.parameters());
    ++done;
    recent.loss += loss;
    recent.norm += norm;
    recent.examples += static_cast<std::int64_t>(indices.size());
    ++recent.steps;
  }

  /// @return the norm of the sum, which lies in the first part's array.
  double add_gradients(std::size_t count) {
    double square = 0.0;
    for (std::size_t i = 0; i < gradients[0].size(); ++i) {
      float sum = gradients[0][i];
      for (std::size_t part = 1; part < count; ++part) sum += gradients[part][i];
      gradients[0][i] = sum;
      square += static_cast<double>(sum) * static_cast<double>(sum);
    }
    return std::sqrt(square);
  }

  TestResult test() const {
    const auto classes = static_cast<std::size_t>(task.classifier.signature.classes);
    const std::size_t count = task.test.size();
    const std::size_t chunks = (count + kTestChunk - 1) / kTestChunk;
    std::vector<double> losses(chunks);
    std::vector<std::int64_t> predicted(count);
    parallel_for(chunks, [&](std::size_t chunk) {
      model::set_torch_threads(1);
      const c10::AutoGradMode without(false);
      const std::size_t begin = chunk * kTestChunk;
      std::vector<std::uint32_t> indices(std::min(kTestChunk, count - begin));
      std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(begin));
      const TrainingBatch batch = batch_of(task.test, indices);
      const torch::Tensor logits = model::apply(network.layers(0), batch.inputs);
      losses[chunk] =
          at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Sum).item<double>();
      std::ranges::copy(classes_of(logits), predicted.begin() + static_cast<std::ptrdiff_t>(begin));
    });
    TestResult result{
        std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(count),
        std::vector<std::int64_t>(classes * classes)};
    for (std::size_t i = 0; i < count; ++i)
      ++result.confusion[static_cast<std::size_t>(task.test.labels[i]) * classes +
                         static_cast<std::size_t>(predicted[i])];
    return result;
  }

  double robust_accuracy() const {
    const std::size_t count = std::min(kRobustExamples, task.test.size());
    const std::size_t chunks = (count + kTestChunk - 1) / kTestChunk;
    std::vector<std::int64_t> correct(chunks);
    parallel_for(chunks, [&](std::size_t chunk) {
      model::set_torch_threads(1);
      const std::size_t begin = chunk * kTestChunk;
      std::vector<std::uint32_t> indices(std::min(kTestChunk, count - begin));
      std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(begin));
      const TrainingBatch batch = batch_of(task.test, indices);
      const Philox random(static_cast<std::uint64_t>(task.settings.seed),
                          std::uint64_t{robust_stream} << 40 | chunk);
      const torch::Tensor x =
          attack(task.adversarial_epsilon, kRobustSteps).perturb(network.layers(0), batch, random);
      const c10::AutoGradMode without(false);
      correct[chunk] = count_correct(model::apply(network.layers(0), x), batch.labels);
    });
    return static_cast<double>(std::accumulate(correct.begin(), correct.end(), std::int64_t{0})) /
           static_cast<double>(count);
  }

  void add_training(const Recent& recent, std::vector<Sample>& samples) const {
    const auto examples = static_cast<double>(recent.examples);
    samples.push_back({train_loss, recent.loss / examples});
    samples.push_back({train_accuracy, static_cast<double>(recent.correct) / examples});
    samples.push_back({gradient_norm, recent.norm / static_cast<double>(recent.steps)});
    samples.push_back({learning_rate, rate_at(done - 1)});
  }

  void add_test(std::vector<Sample>& samples) {
    const auto start = Clock::now();
    const TestResult result = test();
    const auto classes = static_cast<std::size_t>(task.classifier.signature.classes);
    std::int64_t correct = 0;
    double recall_sum = 0.0;
    int present = 0;
    Json recalls = Json::array();
    Json rows = Json::array();
    for (std::size_t c = 0; c < classes; ++c) {
      const std::span row = std::span(result.confusion).subspan(c * classes, classes);
      const auto total = std::accumulate(row.begin(), row.end(), std::int64_t{0});
      const double recall = static_cast<double>(row[c]) / static_cast<double>(total);
      correct += row[c];
      if (total > 0) recall_sum += recall;
      present += total > 0 ? 1 : 0;
      recalls.push_back(total > 0 ? Json(recall) : Json());
      rows.push_back(std::vector<std::int64_t>(row.begin(), row.end()));
    }
    samples.push_back({test_loss, result.loss});
    samples.push_back(
        {test_accuracy, static_cast<double>(correct) / static_cast<double>(task.test.size())});
    samples.push_back({test_recall, recall_sum / present});
    outcome.data["test_accuracy"] = samples[samples.size() - 2].value;
    outcome.data["test_loss"] = result.loss;
    outcome.data["recall"] = std::move(recalls);
    outcome.data["confusion"] = std::move(rows);
    if (task.adversarial_epsilon > 0.0) {
      samples.push_back({test_robust_accuracy, robust_accuracy()});
      outcome.data["test_robust_accuracy"] = samples.back().value;
    }
    outcome.seconds_in_probes += seconds_since(start);
  }

  void write_checkpoint() const {
    if (task.checkpoint.empty()) return;
    const auto flat = [](std::string name, std::span<const float> values) {
      return model::StoredTensor{std::move(name),
                                 {static_cast<std::int64_t>(values.size())},
                                 {values.begin(), values.end()}};
    };
    model::write_safetensors(task.checkpoint,
                             {.metadata = {{"format", std::string(kFormat)},
                                           {"configuration", json_text(task.configuration)},
                                           {"step", std::to_string(done)}},
                              .tensors = {flat("parameters", network.parameters()),
                                          flat("adam_first", optimizer.first()),
                                          flat("adam_second", optimizer.second())}});
  }

  void read_checkpoint() {
    const auto content = model::read_safetensors(task.checkpoint);
    const std::string shown = terminal_safe(task.checkpoint.string());
    const auto text = [&](const char* key) {
      const auto found = content.metadata.find(key);
      return found == content.metadata.end() ? std::string() : found->second;
    };
    if (text("format") != kFormat || content.tensors.size() != 3)
      throw DataError(fmt::format("{}: no checkpoint of a classifier's training", shown));
    if (text("configuration") != json_text(task.configuration))
      throw DataError(
          fmt::format("{}: belongs to other settings ({}); give the same ones, or another --out",
                      shown, terminal_safe(text("configuration"))));
    const auto step = parse_double(text("step"));
    if (!step || *step < 0.0 || *step > static_cast<double>(steps()) ||
        std::ranges::any_of(content.tensors, [&](const model::StoredTensor& tensor) {
          return tensor.values.size() != network.parameters().size();
        }))
      throw DataError(fmt::format("{}: its step or sizes do not fit the network", shown));
    done = static_cast<std::int64_t>(*step);
    // By name: adam_first, adam_second, parameters.
    optimizer.restore(done, content.tensors[0].values, content.tensors[1].values);
    std::ranges::copy(content.tensors[2].values, network.parameters().begin());
  }

  void run(SampleSink& sink, const Task& until) {
    const auto start = Clock::now();
    Recent recent;
    std::vector<Sample> samples;
    outcome.data["resumed_at"] = done;
    while (done < steps() && !until.stopped()) {
      step(recent);
      const bool epoch_ends = done % steps_per_epoch() == 0;
      if (done % task.settings.log_every != 0 && !epoch_ends) continue;
      samples.clear();
      add_training(recent, samples);
      recent = {};
      if (epoch_ends) {
        add_test(samples);
        write_checkpoint();
      }
      const auto before = Clock::now();
      sink.row(done, samples);
      outcome.seconds_in_sink += seconds_since(before);
    }
    if (done < steps()) write_checkpoint();
    if (!outcome.data.contains("test_accuracy")) {  // Stopped early, or nothing was left to do.
      samples.clear();
      add_test(samples);
    }
    outcome.steps = done;
    outcome.interrupted = done < steps();
    outcome.seconds = seconds_since(start);
  }
};

ClassifierTraining::ClassifierTraining(ClassifierTask task)
    : parts_(std::make_unique<Parts>(std::move(task))) {}
ClassifierTraining::~ClassifierTraining() = default;

std::string_view ClassifierTraining::name() const noexcept { return parts_->task.name; }
Json ClassifierTraining::configuration() const { return parts_->task.configuration; }
std::uint64_t ClassifierTraining::seed() const noexcept {
  return static_cast<std::uint64_t>(parts_->task.settings.seed);
}
std::int64_t ClassifierTraining::steps() const noexcept { return parts_->steps(); }
std::span<const SignalInfo> ClassifierTraining::signals() const noexcept { return parts_->infos; }

ExperimentResult ClassifierTraining::run(SampleSink& sink, const Task& until) {
  parts_->run(sink, until);
  return parts_->outcome;
}

model::Network ClassifierTraining::network() const { return parts_->network.network(); }

}  // namespace emdyn::model::lab
