// What every attack of the registry promises.
#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/attack/attack.hpp"
#include "emdyn/provoke/attack/methods/apgd.hpp"
#include "emdyn/provoke/attack/methods/spsa.hpp"
#include "emdyn/provoke/attack/methods/square.hpp"
#include "emdyn/provoke/attack/test_models.hpp"

namespace emdyn::provoke::attack {
namespace {

using testing::Affine;

/// A small convolutional network on [2, 6, 6] images in [-1, 1]; four classes.
struct Images {
  torch::Tensor kernel = testing::normal({3, 2, 3, 3}, 5) * 0.5;
  torch::Tensor head = testing::normal({4, 3 * 16}, 6) * 0.5;
  model::FunctionModel model{{.input = {2, 6, 6}, .classes = 4, .low = -1, .high = 1},
                             [this](const torch::Tensor& x) {
                               return at::linear(at::relu(at::conv2d(x, kernel)).flatten(1), head);
                             }};
  torch::Tensor inputs = testing::uniform({20, 2, 6, 6}, -1, 1, 7);
  std::vector<std::int64_t> labels = testing::answers(model, inputs);
};

/// Settings that keep a test quick.
Params quick(std::string_view name) {
  if (name == "square") return {{"queries", "300"}};
  if (name == "auto_attack") return {{"steps", "20"}, {"queries", "200"}};
  if (name == "carlini_wagner") return {{"steps", "100"}, {"searches", "3"}};
  if (name == "hop_skip_jump") return {{"queries", "1500"}};
  if (name == "spsa") return {{"steps", "10"}, {"samples", "32"}};
  return {};
}

double radius(Norm norm) {
  return norm == Norm::linf ? 0.2 : norm == Norm::l2 ? 1.2 : norm == Norm::l1 ? 5.0 : 8.0;
}

AttackOptions options_for(const AttackEntry& entry, Norm norm) {
  AttackOptions options;
  options.norm = norm;
  options.epsilons = {radius(norm)};
  options.settings = quick(entry.name);
  options.chunk = 8;
  return options;
}

void expect_equal(const AttackResult& a, const AttackResult& b, std::string_view what) {
  EXPECT_TRUE(torch::equal(a.adversarial, b.adversarial)) << what;
  EXPECT_EQ(a.distance, b.distance) << what;
  EXPECT_EQ(a.queries, b.queries) << what;
  EXPECT_EQ(a.ledger, b.ledger) << what;
}

TEST(AttackContract, KeepsBallAndBoxAndSaysWhatItFound) {
  const Images images;
  for (const AttackEntry& entry : attacks()) {
    for (const Norm norm : entry.norms) {
      const auto what = std::string(entry.name) + " " + std::string(word(norm));
      const auto result = run_attack(entry.name, images.model, images.inputs, images.labels,
                                     options_for(entry, norm));
      const double epsilon = radius(norm);
      EXPECT_GT(result.errors(epsilon), 0U) << what;
      EXPECT_LE(result.adversarial.max().item<float>(), 1.0F) << what;
      EXPECT_GE(result.adversarial.min().item<float>(), -1.0F) << what;
      const auto answers = testing::answers(images.model, result.adversarial);
      for (std::size_t i = 0; i < result.size(); ++i) {
        const auto at = static_cast<std::int64_t>(i);
        const auto size = static_cast<std::size_t>(images.inputs[at].numel());
        const std::span<const float> origin(images.inputs[at].data_ptr<float>(), size);
        const std::span<const float> row(result.adversarial[at].data_ptr<float>(), size);
        const bool broken = result.outcome[i] == PointOutcome::broken;
        EXPECT_EQ(broken, std::isfinite(result.distance[i])) << what;
        EXPECT_EQ(distance(norm, origin, row), broken ? result.distance[i] : 0.0) << what;
        EXPECT_EQ(answers[i] != images.labels[i], broken) << what;
        if (entry.extent != Extent::all_radii && broken) {
          EXPECT_LE(result.distance[i], epsilon) << what;
        }
        EXPECT_GE(result.queries[i].forward, 1) << what;
        if (entry.extent != Extent::all_points) {
          EXPECT_EQ(result.queries[i].gradient > 0, entry.gradient) << what;
        }
      }
      EXPECT_EQ(result.settings["seed"], 1) << what;
    }
  }
}

TEST(AttackContract, EqualResultsForEveryNumberOfThreads) {
  const Images images;
  for (const AttackEntry& entry : attacks()) {
    const Norm norm = entry.norms.back();
    const auto run = [&](std::size_t threads) {
      const ThreadLimit limit(threads);
      return run_attack(entry.name, images.model, images.inputs, images.labels,
                        options_for(entry, norm));
    };
    expect_equal(run(1), run(2), entry.name);
  }
}

TEST(AttackContract, BlackBoxesRefuseGradientAttacks) {
  const Images images;
  const testing::BlackBox black(images.model);
  for (const AttackEntry& entry : attacks()) {
    const auto options = options_for(entry, entry.norms.back());
    if (entry.gradient) {
      try {
        run_attack(entry.name, black, images.inputs, images.labels, options);
        ADD_FAILURE() << entry.name;
      } catch (const ModelError& error) {
        EXPECT_NE(std::string(error.what()).find("use square"), std::string::npos) << error.what();
      }
    } else {
      const auto result = run_attack(entry.name, black, images.inputs, images.labels, options);
      EXPECT_EQ(result.ledger.gradient, 0) << entry.name;
    }
  }
}

TEST(AttackContract, TargetsAreReached) {
  const Images images;
  for (const AttackEntry& entry : attacks()) {
    AttackOptions options = options_for(entry, entry.norms.back());
    options.epsilons = {0.6};
    for (const std::int64_t label : images.labels) options.targets.push_back((label + 1) % 4);
    if (!entry.targeted) {
      EXPECT_THROW(run_attack(entry.name, images.model, images.inputs, images.labels, options),
                   ConfigError);
      continue;
    }
    const auto result = run_attack(entry.name, images.model, images.inputs, images.labels, options);
    const auto answers = testing::answers(images.model, result.adversarial);
    EXPECT_GT(result.errors(1e9), 0U) << entry.name;
    for (std::size_t i = 0; i < result.size(); ++i)
      EXPECT_EQ(std::isfinite(result.distance[i]), answers[i] == options.targets[i]) << entry.name;
  }
}

TEST(AttackContract, SequencesAndVectorsWorkToo) {
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{12}, {4, 3}, {2, 1, 2, 3}}) {
    const Affine affine = Affine::random(3, 12, -1, 1, 91, shape);
    std::vector<std::int64_t> sizes = shape;
    sizes.insert(sizes.begin(), 10);
    const torch::Tensor inputs = testing::uniform(sizes, -1, 1, 92);
    const auto labels = testing::answers(affine.model, inputs);
    for (const AttackEntry& entry : attacks()) {
      for (const Norm norm : entry.norms) {
        const auto result =
            run_attack(entry.name, affine.model, inputs, labels, options_for(entry, norm));
        EXPECT_EQ(result.adversarial.sizes(), inputs.sizes()) << entry.name;
        EXPECT_GT(result.errors(radius(norm)), 0U) << entry.name << " " << word(norm);
      }
    }
  }
}

TEST(AttackContract, SettingsAreNamedAndChecked) {
  for (const AttackEntry& entry : attacks()) {
    EXPECT_FALSE(entry.paper.empty());
    EXPECT_FALSE(entry.norms.empty());
    EXPECT_EQ(entry.fields().size(), entry.settings(entry.name, {}).size());
    for (const Json& field : entry.fields()) {
      const auto name = field["name"].get<std::string>();
      EXPECT_THROW(entry.make(entry.name, {{name, "no number"}}), ConfigError);
      EXPECT_EQ(entry.settings(entry.name, {})[name], field["default"]);
    }
    EXPECT_THROW(entry.make(entry.name, {{"nothing", "1"}}), ConfigError);
  }
}

TEST(AttackContract, OneRunServesTheRadiiOfEveryAttack) {
  const Images images;
  for (const AttackEntry& entry : attacks()) {
    AttackOptions options = options_for(entry, entry.norms.back());
    options.epsilons = {0.05, 0.1, 0.2, 0.3};
    const auto result = run_attack(entry.name, images.model, images.inputs, images.labels, options);
    for (std::size_t k = 1; k < 4; ++k)
      EXPECT_LE(result.errors(options.epsilons[k - 1]), result.errors(options.epsilons[k]))
          << entry.name;
    EXPECT_GT(result.errors(0.3), 0U) << entry.name;
  }
}

TEST(Apgd, BestLossNeverFalls) {
  const Images images;
  for (const Norm norm : {Norm::l1, Norm::l2, Norm::linf}) {
    std::vector<Point> points;
    for (std::int64_t i = 0; i < 20; ++i)
      points.push_back({static_cast<std::size_t>(i),
                        {images.inputs[i].data_ptr<float>(), 72},
                        static_cast<std::size_t>(images.labels[static_cast<std::size_t>(i)])});
    Search search({.model = &images.model, .norm = norm, .active_set = false}, points);
    search.set_epsilon(0.3 * radius(norm));
    std::vector<double> best(20, -1e300);
    std::vector<int> looks(20, 0);
    Apgd({.steps = 50}).run(search, [&](std::size_t slot, double loss, double so_far) {
      // A new radius begins anew (l1: three of them, 15, 15 and 20 steps).
      const bool fresh = norm == Norm::l1 && (looks[slot] == 15 || looks[slot] == 30);
      if (!fresh) {
        EXPECT_GE(so_far, best[slot]);
      }
      EXPECT_GE(so_far, loss);
      best[slot] = so_far;
      ++looks[slot];
    });
    EXPECT_EQ(looks[0], 50);
  }
}

TEST(Square, NeverOverBudget) {
  const Images images;
  for (const Norm norm : {Norm::l2, Norm::linf}) {
    AttackOptions options;
    options.norm = norm;
    options.epsilons = {0.02};
    options.settings = {{"queries", "77"}};
    const auto result = run_attack("square", images.model, images.inputs, images.labels, options);
    for (std::size_t i = 0; i < result.size(); ++i) {
      EXPECT_LE(result.queries[i].forward, 1 + 77);
      if (result.outcome[i] == PointOutcome::resisted) {
        EXPECT_EQ(result.queries[i].forward, 1 + 77);
      }
    }
  }
}

// The published schedule for 10,000 queries.
TEST(Square, ShareHalvesAsPublished) {
  EXPECT_EQ(square_share(0.8, 0, 10000), 0.8);
  EXPECT_EQ(square_share(0.8, 10, 10000), 0.8);
  EXPECT_EQ(square_share(0.8, 11, 10000), 0.4);
  EXPECT_EQ(square_share(0.8, 51, 10000), 0.2);
  EXPECT_EQ(square_share(0.8, 8001, 10000), 0.8 / 512);
  EXPECT_EQ(square_share(0.8, 100, 5000), 0.2);  // At the place of 200 of 10,000.
}

// On x'Ax + b'x every pair of samples gives v v'(2Ax + b), whose mean is the gradient.
TEST(Spsa, UnbiasedOnQuadratics) {
  const torch::Tensor a = testing::normal({6, 6}, 21);
  const torch::Tensor b = testing::normal({6}, 22);
  const std::vector<float> x{0.3F, -0.2F, 0.5F, 0.1F, -0.4F, 0.2F};
  const auto function = [&](const Rows& rows) {
    std::vector<double> values;
    for (std::size_t i = 0; i < rows.count(); ++i) {
      double value = 0.0;
      for (std::int64_t j = 0; j < 6; ++j) {
        const double xj = static_cast<double>(rows[i][static_cast<std::size_t>(j)]);
        value += b[j].item<double>() * xj;
        for (std::int64_t k = 0; k < 6; ++k)
          value += a[j][k].item<double>() * xj *
                   static_cast<double>(rows[i][static_cast<std::size_t>(k)]);
      }
      values.push_back(value);
    }
    return values;
  };
  Philox random(23);
  const auto got = spsa_gradient(function, x, 0.5, 4000, random);
  const torch::Tensor at = torch::tensor(std::vector<float>(x));
  const torch::Tensor exact = at::mv(a + a.t(), at) + b;
  const double size = exact.norm().item<double>();
  for (std::int64_t j = 0; j < 6; ++j)  // Four standard errors.
    EXPECT_NEAR(got[static_cast<std::size_t>(j)], exact[j].item<double>(),
                4.0 * size / std::sqrt(4000.0));
}

// Moving all points along the same line breaks as many as lie near enough to the boundary.
TEST(Universal, OneChangeBreaksAClass) {
  const Affine affine = Affine::random(2, 20, -5, 5, 11);
  const torch::Tensor all = testing::uniform({80, 20}, -1, 1, 12);
  const auto answers = testing::answers(affine.model, all);
  const torch::Tensor w = affine.weight[1] - affine.weight[0];
  std::vector<torch::Tensor> one_class;
  double farthest = 0.0;
  for (std::int64_t i = 0; i < 80; ++i) {
    if (answers[static_cast<std::size_t>(i)] != 0) continue;
    one_class.push_back(all[i]);
    const double gap = (at::dot(w, all[i]) + affine.bias[1] - affine.bias[0]).item<double>();
    farthest = std::max(farthest, std::abs(gap) / w.norm().item<double>());
  }
  const torch::Tensor inputs = at::stack(one_class);
  AttackOptions options;
  options.norm = Norm::l2;
  options.epsilons = {1.05 * farthest};
  options.settings = {{"fooling_rate", "1"}};
  const std::vector<std::int64_t> labels(one_class.size(), 0);
  const auto result = run_attack("universal", affine.model, inputs, labels, options);
  EXPECT_EQ(result.errors(options.epsilons[0]), one_class.size());
  // One change for all.
  const torch::Tensor change = result.adversarial - inputs;
  EXPECT_LT((change - change[0]).abs().max().item<double>(), 1e-5);
}

TEST(Compare, BlackBoxBeatsMaskedGradients) {
  const Images images;
  // Rounding hides every slope; answers still show where the boundary is.
  const model::FunctionModel masked(images.model.signature(), [&](const torch::Tensor& x) {
    model::Ledger ledger;
    return images.model.logits((x * 10).round() / 10, ledger);
  });
  const auto labels = testing::answers(masked, images.inputs);
  AttackOptions options;
  options.epsilons = {0.2};
  std::vector<AttackResult> results;
  results.push_back(run_attack("pgd", masked, images.inputs, labels, [&] {
    AttackOptions still = options;
    still.settings = {{"random_start", "false"}};
    return still;
  }()));
  results.push_back(run_attack("square", masked, images.inputs, labels, options));
  options.source = &images.model;
  results.push_back(run_attack("mi_fgsm", masked, images.inputs, labels, options));
  const auto flags = compare(results);
  ASSERT_EQ(flags.size(), 2U);
  EXPECT_EQ(flags[0].name, "black_box_wins");
  EXPECT_EQ(flags[1].name, "transfer_wins");
  const auto worst = worst_case(results);
  EXPECT_GE(worst.errors(0.2), results[1].errors(0.2));
  EXPECT_EQ(worst.ledger.gradient, results[0].ledger.gradient + results[2].ledger.gradient);
}

}  // namespace
}  // namespace emdyn::provoke::attack
