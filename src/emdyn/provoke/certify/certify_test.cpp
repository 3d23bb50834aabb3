#include "emdyn/provoke/certify/certify.hpp"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/certify/compile.hpp"
#include "emdyn/provoke/certify/networks_for_tests.hpp"

namespace emdyn::provoke::certify {
namespace {

using testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> logits(const Graph& graph, std::span<const double> x) {
  return graph.evaluate(x);
}

double margin(const std::vector<double>& values, std::size_t label) {
  double least = kInfinity;
  for (std::size_t t = 0; t < values.size(); ++t)
    if (t != label) least = std::min(least, values[label] - values[t]);
  return least;
}

// Least margin of a network 2-4-3-3 over a box: a piecewise linear function takes it at a corner
// of the pieces, and every piece is bounded by lines that are here: of the first layer, of the
// second for each of the 16 patterns of the first, and the sides of the box.
double exact_margin(const Network& network, const Graph& graph, const Region& region,
                    std::size_t label) {
  const auto weight = network.layers()[0].tensor("weight").to(torch::kFloat64);
  const auto bias = network.layers()[0].tensor("bias").to(torch::kFloat64);
  const auto weight2 = network.layers()[2].tensor("weight").to(torch::kFloat64);
  const auto bias2 = network.layers()[2].tensor("bias").to(torch::kFloat64);
  std::vector<std::array<double, 3>> lines;  // a x + b y + c = 0
  const auto add = [&](const torch::Tensor& w, const torch::Tensor& b) {
    for (std::int64_t r = 0; r < w.size(0); ++r)
      lines.push_back({w[r][0].item<double>(), w[r][1].item<double>(), b[r].item<double>()});
  };
  add(weight, bias);
  for (int pattern = 0; pattern < 16; ++pattern) {
    const torch::Tensor on = torch::tensor(
        {pattern & 1, pattern >> 1 & 1, pattern >> 2 & 1, pattern >> 3 & 1}, torch::kFloat64);
    add(at::matmul(weight2 * on, weight), at::matmul(weight2 * on, bias) + bias2);
  }
  for (const double x : {region.lower()[0], region.upper()[0]}) lines.push_back({1, 0, -x});
  for (const double y : {region.lower()[1], region.upper()[1]}) lines.push_back({0, 1, -y});
  double least = kInfinity;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto& [a, b, c] = lines[i];
      const auto& [d, e, f] = lines[j];
      const double determinant = a * e - b * d;
      if (std::abs(determinant) < 1e-12) continue;
      const double point[2] = {(b * f - c * e) / determinant, (c * d - a * f) / determinant};
      bool inside = true;
      for (std::size_t k = 0; k < 2; ++k)
        inside =
            inside && point[k] >= region.lower()[k] - 1e-9 && point[k] <= region.upper()[k] + 1e-9;
      if (inside) least = std::min(least, margin(logits(graph, point), label));
    }
  }
  return least;
}

std::span<const float> values(const torch::Tensor& x) {
  return {x.data_ptr<float>(), static_cast<std::size_t>(x.numel())};
}

TEST(Certify, BranchAndBoundIsExactOnTinyNetworks) {
  Philox random(11);
  int certified = 0;
  int attacked = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const Network network = small(random);
    const Graph graph = compile(network);
    const torch::Tensor x = uniform_tensor(random, {1, 2});
    const std::int64_t label[] = {predicted(graph, x)};
    const double epsilon = 0.05 + 0.5 * random.uniform();
    const Region region(values(x), epsilon, Norm::linf, 0.0, 1.0);
    const double exact = exact_margin(network, graph, region, static_cast<std::size_t>(label[0]));
    const CertifiedPoint point = Certifier(network).certify(x, label, epsilon, Norm::linf)[0];
    EXPECT_LE(point.margin, exact + 1e-9);
    if (exact > 1e-6) {
      EXPECT_EQ(point.verdict, PointVerdict::certified)
          << "trial " << trial << ", margin " << exact;
      ++certified;
    } else if (exact < -1e-4) {
      ASSERT_EQ(point.verdict, PointVerdict::attacked) << "trial " << trial << ", margin " << exact;
      EXPECT_TRUE(region.contains(point.counterexample));
      model::Ledger ledger;
      const torch::Tensor answer =
          network.logits(torch::tensor(point.counterexample).view({1, 2}), ledger);
      EXPECT_NE(answer.argmax().item<std::int64_t>(), label[0]);
      ++attacked;
    }
  }
  EXPECT_GT(certified, 10);
  EXPECT_GT(attacked, 10);
}

TEST(Certify, MethodsAreOrderedAndBelowTheExactMargin) {
  Philox random(12);
  for (int trial = 0; trial < 40; ++trial) {
    const Network network = small(random);
    const Graph graph = compile(network);
    const Certifier certifier(network);
    const torch::Tensor x = uniform_tensor(random, {1, 2});
    const std::int64_t label[] = {predicted(graph, x)};
    const double epsilon = 0.4 * random.uniform();
    const auto bound = [&](BoundMethod method) {
      return certifier.lower_bounds(x, label, epsilon, Norm::linf, method)[0];
    };
    const double interval = bound(BoundMethod::interval);
    const double crown = bound(BoundMethod::crown);
    const double alpha = bound(BoundMethod::alpha_crown);
    EXPECT_LE(interval, bound(BoundMethod::fast_lin));
    EXPECT_LE(interval, crown);
    EXPECT_LE(crown, alpha);
    EXPECT_LE(alpha, exact_margin(network, graph, Region(values(x), epsilon, Norm::linf, 0, 1),
                                  static_cast<std::size_t>(label[0])) +
                         1e-12);
  }
}

TEST(Certify, BoundsByHand) {
  const Network network{{.input = {1}, .classes = 2, .low = -1, .high = 1},
                        {fc(torch::tensor({{1.F}, {-1.F}}), torch::zeros({2})), relu(),
                         fc(torch::tensor({{0.F, -1.F}, {0.F, 0.F}}), torch::tensor({1.F, 0.F}))}};
  const std::int64_t label[] = {0};
  const Certifier certifier(network);
  const torch::Tensor x = at::zeros({1, 1});
  // margin = 1 - relu(-x): 1 - epsilon, which every method reaches.
  for (const BoundMethod method :
       {BoundMethod::interval, BoundMethod::fast_lin, BoundMethod::crown}) {
    EXPECT_NEAR(certifier.lower_bounds(x, label, 0.5, Norm::linf, method)[0], 0.5, 1e-9);
    EXPECT_NEAR(certifier.lower_bounds(x, label, 1.0, Norm::linf, method)[0], 0.0, 1e-9);
  }
  // relu(x) + relu(-x) = |x| <= epsilon: intervals add both ends, to 1 - 2 epsilon; the two upper
  // lines (z + e) / 2 and (e - z) / 2 add up to e, so back-substitution is exact.
  const Network both{{.input = {1}, .classes = 2, .low = -1, .high = 1},
                     {fc(torch::tensor({{1.F}, {-1.F}}), torch::zeros({2})), relu(),
                      fc(torch::tensor({{-1.F, -1.F}, {0.F, 0.F}}), torch::tensor({1.F, 0.F}))}};
  const Certifier second(both);
  EXPECT_NEAR(second.lower_bounds(x, label, 0.75, Norm::linf, BoundMethod::interval)[0], -0.5,
              1e-9);
  EXPECT_NEAR(second.lower_bounds(x, label, 0.75, Norm::linf, BoundMethod::crown)[0], 0.25, 1e-9);
}

TEST(Certify, AffineIsExactInBothNorms) {
  Philox random(13);
  for (const bool box : {false, true}) {
    const Network network{
        {.input = {6}, .classes = 3, .low = box ? 0.0 : -1e6, .high = box ? 1.0 : 1e6},
        {fc(random, 6, 3)}};
    const Graph graph = compile(network);
    const torch::Tensor x = uniform_tensor(random, {1, 6});
    const std::int64_t label[] = {predicted(graph, x)};
    const double epsilon = 0.3;
    const Region linf(values(x), epsilon, Norm::linf, network.signature().low,
                      network.signature().high);
    const torch::Tensor w = network.layers()[0].tensor("weight").to(torch::kFloat64);
    const std::vector<double> clean = graph.evaluate(linf.centre());
    double exact_linf = kInfinity;
    double exact_l2 = kInfinity;
    for (std::int64_t t = 0; t < 3; ++t) {
      if (t == label[0]) continue;
      const torch::Tensor d = w[label[0]] - w[t];
      const double start =
          clean[static_cast<std::size_t>(label[0])] - clean[static_cast<std::size_t>(t)];
      double corner = start;
      for (std::size_t i = 0; i < 6; ++i) {
        const double c = d[static_cast<std::int64_t>(i)].item<double>();
        corner += c * ((c > 0 ? linf.lower()[i] : linf.upper()[i]) - linf.centre()[i]);
      }
      exact_linf = std::min(exact_linf, corner);
      // The multiplier of the ball by bisection: shorter steps for a larger one.
      double low = 0.0;
      double high = 1e6;
      double value = start;
      for (int round = 0; round < 200; ++round) {
        const double step = 0.5 * (low + high);
        double length = 0.0;
        value = start;
        for (std::size_t i = 0; i < 6; ++i) {
          const double c = d[static_cast<std::int64_t>(i)].item<double>();
          const double move = std::clamp(-step * c, linf.lower()[i] - linf.centre()[i],
                                         linf.upper()[i] - linf.centre()[i]);
          length += move * move;
          value += c * move;
        }
        (length > epsilon * epsilon ? high : low) = step;
      }
      exact_l2 = std::min(exact_l2, value);
    }
    const Certifier certifier(network);
    for (const BoundMethod method :
         {BoundMethod::interval, BoundMethod::crown, BoundMethod::alpha_crown}) {
      EXPECT_NEAR(certifier.lower_bounds(x, label, epsilon, Norm::linf, method)[0], exact_linf,
                  1e-6);
      EXPECT_NEAR(certifier.lower_bounds(x, label, epsilon, Norm::l2, method)[0], exact_l2, 1e-6);
    }
  }
}

TEST(Certify, CompiledNetworkComputesWhatTheModelComputes) {
  Philox random(14);
  const Network network = assorted(random);
  const Graph graph = compile(network);
  for (int trial = 0; trial < 10; ++trial) {
    const torch::Tensor x = uniform_tensor(random, {1, 2, 6, 6});
    model::Ledger ledger;
    const torch::Tensor expected = network.logits(x, ledger);
    const std::vector<double> found =
        graph.evaluate(std::vector<double>(values(x).begin(), values(x).end()));
    ASSERT_EQ(found.size(), 3U);
    for (std::int64_t k = 0; k < 3; ++k)
      EXPECT_NEAR(found[static_cast<std::size_t>(k)], expected[0][k].item<double>(), 1e-4);
  }
}

TEST(Certify, ConvolutionEqualsItsDenseMatrix) {
  Philox random(15);
  const Layer layer = conv(random, 2, 4, 4, 2, 1, 2);
  const Layer last = fc(random, 4 * 3 * 3, 3);
  const Layer flat{.kind = LayerKind::flatten, .name = "flatten"};
  const Network network{{.input = {2, 6, 6}, .classes = 3}, {layer, relu(), flat, last}};
  const torch::Tensor basis = at::eye(72).view({72, 2, 6, 6});
  const torch::Tensor offset = model::apply(layer, at::zeros({1, 2, 6, 6})).view({36});
  const torch::Tensor matrix = (model::apply(layer, basis).view({72, 36}) - offset).t();
  const Network dense{{.input = {72}, .classes = 3},
                      {fc(matrix.contiguous(), offset), relu(), last}};
  const torch::Tensor x = uniform_tensor(random, {4, 2, 6, 6});
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 4; ++i)
    labels.push_back(predicted(compile(network), x.narrow(0, i, 1).contiguous()));
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    for (const BoundMethod method : {BoundMethod::interval, BoundMethod::crown}) {
      const auto a = Certifier(network).lower_bounds(x, labels, 0.1, norm, method);
      const auto b = Certifier(dense).lower_bounds(x.view({4, 72}), labels, 0.1, norm, method);
      for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
    }
  }
}

// Pools, residuals, leaky units and normalisations: no point of the region is below any bound.
TEST(Certify, NoSampledPointIsBelowABound) {
  Philox random(16);
  for (int trial = 0; trial < 4; ++trial) {
    const Network network = assorted(random);
    const Graph graph = compile(network);
    const Certifier certifier(network);
    const torch::Tensor x = uniform_tensor(random, {1, 2, 6, 6});
    const std::int64_t label[] = {predicted(graph, x)};
    for (const Norm norm : {Norm::linf, Norm::l2}) {
      const double epsilon = norm == Norm::linf ? 0.03 : 0.25;
      const Region region(values(x), epsilon, norm, 0.0, 1.0);
      double highest = -kInfinity;
      for (const BoundMethod method : {BoundMethod::interval, BoundMethod::fast_lin,
                                       BoundMethod::crown, BoundMethod::alpha_crown})
        highest = std::max(highest, certifier.lower_bounds(x, label, epsilon, norm, method)[0]);
      for (int sample = 0; sample < 300; ++sample) {
        std::vector<double> point(region.centre().begin(), region.centre().end());
        for (double& value : point)
          value += epsilon * (sample % 2 == 0          ? 2.0 * random.uniform() - 1.0
                              : random.uniform() < 0.5 ? -1.0
                                                       : 1.0);
        region.project(point);
        ASSERT_GE(margin(logits(graph, point), static_cast<std::size_t>(label[0])), highest);
      }
    }
  }
}

TEST(Certify, WithoutARadiusTheBoundIsTheMargin) {
  Philox random(17);
  const Network network = assorted(random);
  const Graph graph = compile(network);
  const torch::Tensor x = uniform_tensor(random, {1, 2, 6, 6});
  const std::int64_t label[] = {predicted(graph, x)};
  const double clean =
      margin(logits(graph, std::vector<double>(values(x).begin(), values(x).end())),
             static_cast<std::size_t>(label[0]));
  double rounding = 0.0;
  const std::vector<double> logit_rounding = graph.rounding(1.0).back();
  for (const double each : logit_rounding) rounding = std::max(rounding, each);
  EXPECT_LT(rounding, 1e-4);  // Four rounds of a pool of nine in a row multiply it.
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    for (const BoundMethod method :
         {BoundMethod::interval, BoundMethod::crown, BoundMethod::alpha_crown}) {
      const double bound = Certifier(network).lower_bounds(x, label, 0.0, norm, method)[0];
      EXPECT_LE(bound, clean);
      // Every node widens intervals by its share.
      EXPECT_GE(bound, clean - 2.0 * static_cast<double>(graph.nodes.size()) * rounding);
    }
  }
  EXPECT_EQ(Certifier(network).certify(x, label, 0.0, Norm::linf)[0].verdict,
            PointVerdict::certified);
}

TEST(Certify, ACleanErrorIsItsOwnCounterexample) {
  Philox random(18);
  const Network network = small(random);
  const torch::Tensor x = uniform_tensor(random, {1, 2});
  const std::int64_t wrong[] = {(predicted(compile(network), x) + 1) % 3};
  const CertifiedPoint point = Certifier(network).certify(x, wrong, 0.1, Norm::linf)[0];
  EXPECT_EQ(point.verdict, PointVerdict::attacked);
  EXPECT_TRUE(point.clean_error);
  EXPECT_THAT(point.counterexample, testing::ElementsAreArray(values(x)));
}

TEST(Certify, LargestEpsilonOfAnAffineModelIsItsDistance) {
  const Network network{{.input = {2}, .classes = 2, .low = -9, .high = 9},
                        {fc(torch::tensor({{3.F, 4.F}, {0.F, 0.F}}), torch::zeros({2}))}};
  const Certifier certifier(network);
  const std::int64_t labels[] = {0, 1};
  const torch::Tensor x = torch::tensor({{1.F, 1.F}, {1.F, 1.F}});
  const auto linf = certifier.largest_epsilon(x, labels, Norm::linf, 4.0, 1e-6);
  const auto l2 = certifier.largest_epsilon(x, labels, Norm::l2, 4.0, 1e-6);
  EXPECT_NEAR(linf[0], 1.0, 2e-6);  // 7 / (3 + 4)
  EXPECT_NEAR(l2[0], 1.4, 2e-6);    // 7 / 5
  EXPECT_LT(linf[1], 0.0);          // Wrong to begin with.
  EXPECT_EQ(certifier.largest_epsilon(x, labels, Norm::l2, 0.5, 1e-6)[0], 0.5);
}

template <class Error, class Call>
std::string message(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Certify, RefusesWhatItCannotProve) {
  Philox random(21);
  const Network gelu{
      {.input = {2}, .classes = 3},
      {fc(random, 2, 4), Layer{.kind = LayerKind::gelu, .name = "act1"}, fc(random, 4, 3)}};
  EXPECT_THAT(message<ModelError>([&] { Certifier{gelu}; }),
              testing::AllOf(HasSubstr("act1"), HasSubstr("gelu")));
  Layer steep{.kind = LayerKind::leaky_relu, .name = "steep"};
  steep.slope = 1.5;
  const Network leaky{{.input = {2}, .classes = 3}, {fc(random, 2, 3), steep}};
  EXPECT_THAT(message<ModelError>([&] { Certifier{leaky}; }), HasSubstr("steep"));

  const Network network = small(random);
  const Certifier certifier(network);
  const torch::Tensor x = uniform_tensor(random, {1, 2});
  const std::int64_t label[] = {0};
  const std::int64_t wrong[] = {3};
  const auto run = [&](const torch::Tensor& inputs, std::span<const std::int64_t> labels,
                       double epsilon) {
    (void)certifier.certify(inputs, labels, epsilon, Norm::linf);
  };
  EXPECT_THAT(message<ConfigError>([&] { run(x, label, -0.1); }), HasSubstr("epsilon"));
  EXPECT_THAT(message<ConfigError>([&] { run(x, label, NAN); }), HasSubstr("epsilon"));
  EXPECT_THAT(message<DataError>([&] { run(x, wrong, 0.1); }), HasSubstr("label 3"));
  EXPECT_THAT(message<DataError>([&] { run(x, {}, 0.1); }), HasSubstr("0 labels"));
  EXPECT_THAT(message<DataError>([&] { run(x * NAN, label, 0.1); }), HasSubstr("example 0"));
  EXPECT_THAT(message<DataError>([&] { run(x + 5.0, label, 0.1); }), HasSubstr("box"));
  EXPECT_THAT(message<DataError>([&] {
                run(at::zeros({1, 3}), label, 0.1);
              }),
              HasSubstr("float32"));
  CertifyOptions options;
  options.node_limit = -1;
  EXPECT_THROW((void)certifier.certify(x, label, 0.1, Norm::linf, options), ConfigError);
  EXPECT_THAT(message<ConfigError>([&] { (void)certifier.certify(x, label, 0.1, Norm::l1); }),
              HasSubstr("linf and l2"));
}

}  // namespace
}  // namespace emdyn::provoke::certify
