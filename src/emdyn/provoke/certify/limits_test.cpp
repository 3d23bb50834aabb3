#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/certify/certify.hpp"
#include "emdyn/provoke/certify/networks_for_tests.hpp"

// What bounds the work and the region: threads, stops, time, the box.
namespace emdyn::provoke::certify {
namespace {

TEST(Certify, ResultsDoNotDependOnThreads) {
  Philox random(19);
  const Network network = assorted(random);
  const Graph graph = compile(network);
  const torch::Tensor x = uniform_tensor(random, {12, 2, 6, 6});
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 12; ++i)
    labels.push_back(predicted(graph, x.narrow(0, i, 1).contiguous()));
  CertifyOptions options;
  options.node_limit = 30;
  const Certifier certifier(network);
  const auto run = [&](std::size_t threads) {
    const ThreadLimit limit(threads);
    return certifier.certify(x, labels, 0.04, Norm::linf, options);
  };
  const auto one = run(1);
  const auto four = run(4);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].verdict, four[i].verdict);
    EXPECT_EQ(one[i].margin, four[i].margin);
    EXPECT_EQ(one[i].nodes, four[i].nodes);
    EXPECT_EQ(one[i].bounds, four[i].bounds);
    EXPECT_EQ(one[i].counterexample, four[i].counterexample);
  }
}

TEST(Certify, WhatStopsIsUndecided) {
  Philox random(20);
  const Network network = small(random);
  const torch::Tensor x = uniform_tensor(random, {1, 2});
  const std::int64_t label[] = {predicted(compile(network), x)};
  const std::atomic<bool> stop{true};
  const CertifiedPoint point =
      Certifier(network).certify(x, label, 0.1, Norm::linf, {}, Task(&stop))[0];
  EXPECT_EQ(point.verdict, PointVerdict::undecided);
  EXPECT_TRUE(point.cut_short);
}

/// Enough examples that certifying them all takes far longer than stopping does.
struct ManyExamples {
  Philox random{23};
  Network network = assorted(random);
  torch::Tensor inputs;
  std::vector<std::int64_t> labels;

  explicit ManyExamples(std::int64_t count) {
    const Graph graph = compile(network);
    const torch::Tensor some = uniform_tensor(random, {8, 2, 6, 6});
    std::vector<std::int64_t> of_some;
    for (std::int64_t i = 0; i < 8; ++i)
      of_some.push_back(predicted(graph, some.narrow(0, i, 1).contiguous()));
    inputs = some.repeat({count / 8, 1, 1, 1});
    for (std::int64_t i = 0; i < count; ++i)
      labels.push_back(of_some[static_cast<std::size_t>(i % 8)]);
  }
};

// Another thread asks for the stop once the work is under way; what was reached stands, the rest is
// said to be unknown.
TEST(Certify, LowerBoundsStopFromAnotherThread) {
  const ManyExamples many(80'000);
  std::stop_source source;
  std::atomic<std::uint64_t> done{0};
  std::jthread stopper([&] {
    while (done == 0) std::this_thread::yield();
    source.request_stop();
  });
  const auto margins =
      Certifier(many.network)
          .lower_bounds(many.inputs, many.labels, 0.02, Norm::linf, BoundMethod::crown,
                        Task(source.get_token(), [&](const TaskProgress& now) {
                          EXPECT_EQ(now.planned, 80'000U);
                          done = now.done;
                        }));
  const auto reached = std::ranges::count_if(margins, [](double m) { return std::isfinite(m); });
  EXPECT_GT(reached, 0);
  EXPECT_LT(reached, 40'000);
}

TEST(Certify, BranchAndBoundStopsInsideAnExample) {
  const ManyExamples many(8);
  std::stop_source source;
  CertifyOptions options;
  options.node_limit = std::int64_t{1} << 40;  // Alone it would not end.
  options.attack = false;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    source.request_stop();
  });
  const auto points =
      Certifier(many.network)
          .certify(many.inputs, many.labels, 0.5, Norm::l2, options, Task(source.get_token()));
  for (const CertifiedPoint& point : points)
    EXPECT_TRUE(point.verdict != PointVerdict::undecided || point.cut_short);
}

TEST(Certify, WordsAndTallies) {
  for (const BoundMethod method :
       {BoundMethod::interval, BoundMethod::fast_lin, BoundMethod::crown, BoundMethod::alpha_crown})
    EXPECT_EQ(method_from_word(word(method)), method);
  EXPECT_THROW((void)method_from_word("crowm"), ConfigError);
  std::vector<CertifiedPoint> points(4);
  points[0].verdict = PointVerdict::certified;
  points[0].nodes = 3;
  points[1].verdict = PointVerdict::attacked;
  points[1].clean_error = true;
  points[1].margin = -std::numeric_limits<double>::infinity();
  points[2].cut_short = true;
  const Json json = tally(points);
  EXPECT_EQ(json["certified_bound"], 3);
  EXPECT_EQ(json["undecided"], 2);
  EXPECT_EQ(json["ledger"]["nodes"], 3);
  EXPECT_TRUE(Json(points[1])["margin"].is_null());
  EXPECT_EQ(Json(points[2])["verdict"], "undecided");
}

TEST(Certify, TimeLimitsHoldInsideAPoint) {
  Philox random(22);
  const Network network = assorted(random);
  const Graph graph = compile(network);
  const torch::Tensor x = uniform_tensor(random, {6, 2, 6, 6});
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 6; ++i)
    labels.push_back(predicted(graph, x.narrow(0, i, 1).contiguous()));
  // Gone before the first block of back-substitution: intervals and clean answers remain.
  for (const bool each : {true, false}) {
    CertifyOptions options;
    (each ? options.seconds_per_point : options.seconds) = 1e-9;
    for (const CertifiedPoint& point :
         Certifier(network).certify(x, labels, 0.2, Norm::linf, options)) {
      EXPECT_EQ(point.nodes, 0);
      EXPECT_EQ(point.bounds, 0);
      EXPECT_TRUE(point.verdict != PointVerdict::undecided || point.cut_short);
    }
  }
  CertifyOptions generous;
  generous.node_limit = 20;
  const auto without = Certifier(network).certify(x, labels, 0.05, Norm::l2, generous);
  generous.seconds = 1e6;
  generous.seconds_per_point = 1e6;
  const auto with = Certifier(network).certify(x, labels, 0.05, Norm::l2, generous);
  for (std::size_t i = 0; i < with.size(); ++i) {
    EXPECT_EQ(with[i].verdict, without[i].verdict);
    EXPECT_EQ(with[i].margin, without[i].margin);
  }
}

TEST(Certify, TheBoxCutsTheBallUnlessToldNotTo) {
  // Logits x + 0.05 and 0 at x = 0: only inputs below the box change the answer.
  Layer layer{.kind = LayerKind::linear,
              .name = "0",
              .tensors = {{"weight", torch::tensor({{1.F}, {0.F}})},
                          {"bias", torch::tensor({0.05F, 0.F})}}};
  const Network network{{.input = {1}, .classes = 2}, {layer}};
  const std::int64_t label[] = {0};
  const torch::Tensor x = torch::zeros({1, 1});
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    CertifyOptions options;
    EXPECT_EQ(Certifier(network).certify(x, label, 0.1, norm, options)[0].verdict,
              PointVerdict::certified);
    options.box = false;
    const CertifiedPoint point = Certifier(network).certify(x, label, 0.1, norm, options)[0];
    EXPECT_EQ(point.verdict, PointVerdict::attacked);
    EXPECT_LT(point.counterexample[0], -0.05F);
    options.attack = false;
    EXPECT_NEAR(Certifier(network).certify(x, label, 0.1, norm, options)[0].margin, -0.05, 1e-6);
  }
}

}  // namespace
}  // namespace emdyn::provoke::certify
