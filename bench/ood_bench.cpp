#include "ood_bench.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/ood/registry.hpp"

namespace emdyn::bench {
namespace {

constexpr double kSecondsEach = 0.2;

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Processor seconds of one call, over as many calls as fit the time.
template <class Call>
double seconds_a_call(Call&& call) {
  call();
  std::size_t calls = 0;
  const double start = thread_seconds();
  double now = start;
  do {
    call();
    ++calls;
    now = thread_seconds();
  } while (now - start < kSecondsEach);
  return (now - start) / static_cast<double>(calls);
}

using Vector = std::vector<double>;

/// Features after a ReLU around one pattern a class, a random head and its logits.
struct Data {
  std::size_t d, k;
  std::vector<float> features, logits, weight, bias;
  std::vector<std::uint32_t> labels;

  Data(std::size_t rows, const OodBenchOptions& options, std::uint64_t seed)
      : d(options.features), k(options.classes) {
    Philox head(1);
    for (std::size_t i = 0; i < k * d; ++i) {
      weight.push_back(static_cast<float>(head.normal() / std::sqrt(static_cast<double>(d))));
    }
    bias.assign(k, 0.1F);
    Philox random(seed);
    for (std::size_t i = 0; i < rows; ++i) {
      labels.push_back(random.below(static_cast<std::uint32_t>(k)));
      for (std::size_t j = 0; j < d; ++j) {
        const double mean = 8.0 * static_cast<double>(weight[labels[i] * d + j]);
        features.push_back(static_cast<float>(std::max(0.0, mean + random.normal())));
      }
      for (std::size_t c = 0; c < k; ++c) logits.push_back(bias[c]);
      for (std::size_t c = 0; c < k; ++c) {
        for (std::size_t j = 0; j < d; ++j) {
          logits[i * k + c] += weight[c * d + j] * features[i * d + j];
        }
      }
    }
  }
  provoke::ood::TrainingSet training() const {
    return {math::matrix_view(features.data(), labels.size(), d),
            math::matrix_view(logits.data(), labels.size(), k),
            labels,
            {math::matrix_view(weight.data(), k, d), bias}};
  }
};

/// Scores as their formulae read, for one sample, in double precision.
class Naive {
 public:
  explicit Naive(const Data& data) : data_(data), means_(data.k, Vector(data.d, 0.0)) {
    for (std::size_t i = 0; i < data.labels.size(); ++i) {
      for (std::size_t j = 0; j < data.d; ++j) {
        means_[data.labels[i]][j] += static_cast<double>(data.features[i * data.d + j]);
      }
      bank_.push_back(unit(&data.features[i * data.d]));
    }
    const double count = static_cast<double>(data.labels.size()) / static_cast<double>(data.k);
    for (Vector& mean : means_) {
      for (double& value : mean) value /= count;
    }
    // Any matrices of these sizes cost what a fitted precision and projection cost.
    square_.assign(data.d * data.d, 0.01);
  }

  /// Nothing for scores without a formula of their own here.
  std::function<double(const float*, const float*)> find(std::string_view name) const {
    if (name == "msp") return [this](auto*, auto* l) { return 1.0 / sum_exp(l, 1.0); };
    if (name == "energy") {
      return [this](auto*, auto* l) { return std::log(sum_exp(l, 1.0)); };
    }
    if (name == "gen") return [this](auto*, auto* l) { return gen(l); };
    if (name == "mahalanobis") return [this](auto* x, auto*) { return nearest(x, 1); };
    if (name == "rmds") return [this](auto* x, auto*) { return nearest(x, 2); };
    if (name == "vim") return [this](auto* x, auto* l) { return vim(x, l); };
    if (name == "knn") return [this](auto* x, auto*) { return knn(x); };
    if (name == "grad_norm") return [this](auto* x, auto* l) { return grad_norm(x, l); };
    return {};
  }

 private:
  Vector unit(const float* x) const {
    Vector u(x, x + data_.d);
    double norm = 0.0;
    for (const double value : u) norm += value * value;
    for (double& value : u) value /= std::sqrt(norm);
    return u;
  }
  double sum_exp(const float* l, double t) const {
    double sum = 0.0;
    for (std::size_t c = 0; c < data_.k; ++c) sum += std::exp(static_cast<double>(l[c]) / t);
    return sum;
  }
  double gen(const float* l) const {
    const double sum = sum_exp(l, 1.0);
    Vector p(data_.k);
    for (std::size_t c = 0; c < data_.k; ++c) p[c] = std::exp(static_cast<double>(l[c])) / sum;
    std::sort(p.rbegin(), p.rend());
    double score = 0.0;
    for (const double each : p) score -= std::pow(each, 0.1) * std::pow(1.0 - each, 0.1);
    return score;
  }
  /// xᵀ·P·x of one vector.
  double form(const Vector& x) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < data_.d; ++i) {
      double part = 0.0;
      for (std::size_t j = 0; j < data_.d; ++j) part += square_[i * data_.d + j] * x[j];
      sum += x[i] * part;
    }
    return sum;
  }
  double nearest(const float* x, int forms) const {
    double best = HUGE_VAL;
    Vector gap(data_.d);
    for (const Vector& mean : means_) {
      for (std::size_t j = 0; j < data_.d; ++j) gap[j] = static_cast<double>(x[j]) - mean[j];
      best = std::min(best, form(gap));
    }
    return forms == 1 ? -best : form(gap) - best;
  }
  double vim(const float* x, const float* l) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < data_.d / 2; ++i) {
      double part = 0.0;
      for (std::size_t j = 0; j < data_.d; ++j) {
        part += square_[i * data_.d + j] * static_cast<double>(x[j]);
      }
      sum += part * part;
    }
    return std::log(sum_exp(l, 1.0)) - std::sqrt(sum);
  }
  double knn(const float* x) const {
    const Vector u = unit(x);
    Vector distances;
    for (const Vector& each : bank_) {
      double squared = 0.0;
      for (std::size_t j = 0; j < data_.d; ++j) squared += (u[j] - each[j]) * (u[j] - each[j]);
      distances.push_back(squared);
    }
    std::nth_element(distances.begin(), distances.begin() + 49, distances.end());
    return -std::sqrt(distances[49]);
  }
  double grad_norm(const float* x, const float* l) const {
    const double sum = sum_exp(l, 1.0);
    double norm = 0.0;
    for (std::size_t c = 0; c < data_.k; ++c) {
      const double residual =
          static_cast<double>(data_.k) * std::exp(static_cast<double>(l[c])) / sum - 1.0;
      for (std::size_t j = 0; j < data_.d; ++j)
        norm += std::abs(residual * static_cast<double>(x[j]));
    }
    return norm;
  }

  const Data& data_;
  std::vector<Vector> means_;
  std::vector<Vector> bank_;
  Vector square_;
};

double baseline_seconds(const Naive& naive, std::string_view name, const Data& batch,
                        double& sink) {
  const auto score = naive.find(name);
  if (!score) return 0.0;
  std::size_t i = 0;
  return seconds_a_call([&] {
    sink += score(&batch.features[i * batch.d], &batch.logits[i * batch.k]);
    i = (i + 1) % batch.labels.size();
  });
}

}  // namespace

std::vector<Row> ood_rows(const OodBenchOptions& options) {
  const ThreadLimit one_core(1);
  const Data training(options.bank, options, 2);
  const Data batch(options.batch, options, 3);
  const Naive naive(training);
  const provoke::ood::TrainingSet views = batch.training();
  std::vector<double> out(options.batch);
  std::vector<Row> rows;
  double all = 0.0;
  double sink = 0.0;
  for (const provoke::ood::ScoreEntry& entry : provoke::ood::entries()) {
    const provoke::ood::Scorer scorer = entry.fit(training.training(), {});
    const double seconds = seconds_a_call([&] {
      scorer.score({views.features, views.logits}, out);
      sink += out[0];
    });
    const double value = 1e6 * seconds / static_cast<double>(options.batch);
    if (entry.name != "odin_temperature") all += value;
    const double baseline = 1e6 * baseline_seconds(naive, entry.name, batch, sink);
    rows.push_back({std::string(entry.name), value, "us/sample", {}, ""});
    if (baseline > 0.0) {
      rows.back().baseline = baseline;
      rows.back().baseline_name = "its formula in double precision, one sample at a time";
    }
  }
  rows.push_back({"all", std::isfinite(sink) ? all : NAN, "us/sample", {}, ""});
  return rows;
}

}  // namespace emdyn::bench
