#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/scaling/capability.hpp"
#include "emdyn/emergence/scaling/monotone_link.hpp"
#include "emdyn/emergence/scaling/nelder_mead.hpp"
#include "emdyn/emergence/scaling/scale_curve.hpp"
#include "emdyn/emergence/scaling/size_law.hpp"

namespace emdyn::emergence::scaling {
namespace {

using ::testing::ElementsAre;

std::vector<double> log_spaced(double low, double high, int n) {
  std::vector<double> out;
  for (int i = 0; i < n; ++i)
    out.push_back(low * std::pow(high / low, static_cast<double>(i) / (n - 1)));
  return out;
}
template <class F>
std::vector<double> of(const std::vector<double>& x, F&& f) {
  std::vector<double> out;
  for (const double each : x) out.push_back(f(each));
  return out;
}

TEST(NelderMead, FindsTheValleyOfRosenbrock) {
  const auto rosenbrock = [](std::span<const double> x) {
    return std::pow(1 - x[0], 2) + 100 * std::pow(x[1] - x[0] * x[0], 2);
  };
  const Minimum found =
      nelder_mead(rosenbrock, std::vector<double>{-1.2, 1}, std::vector<double>{.5, .5}, 2000);
  EXPECT_NEAR(found.at[0], 1.0, 1e-3);
  EXPECT_NEAR(found.at[1], 1.0, 1e-3);
}

TEST(ScaleCurve, RecoversAPowerLaw) {
  const auto x = log_spaced(1e18, 1e22, 12);
  const ScaleCurve fit = fit_curve(CurveKind::power_law, x,
                                   of(x, [](double c) { return 1.7 + 400 * std::pow(c, -.12); }));
  EXPECT_NEAR(fit.parameters[0], 1.7, 1e-3);
  EXPECT_NEAR(fit.parameters[2], .12, 1e-4);
  EXPECT_NEAR(fit(1e24), 1.7 + 400 * std::pow(1e24, -.12), 1e-3);
}

TEST(ScaleCurve, RecoversALogisticAndKeepsItsBounds) {
  const auto x = log_spaced(1e7, 1e11, 30);
  const auto truth = [](double n) {
    return .25 + .6 / (1 + std::exp(-1.5 * (std::log(n) - std::log(2e9))));
  };
  const ScaleCurve fit = fit_curve(CurveKind::logistic, x, of(x, truth), {0, 1});
  for (const double n : {1e8, 2e9, 5e10}) EXPECT_NEAR(fit(n), truth(n), .03);
  // Only the foot is seen: no bound is crossed beyond it.
  const auto foot = log_spaced(1e7, 1e9, 12);
  const ScaleCurve bounded =
      fit_curve(CurveKind::logistic, foot,
                of(foot, [](double n) { return std::pow(n / 1e10, 1.0); }), {0, 1});
  EXPECT_LE(bounded(1e14), 1.0);
}

// Caballero et al. 2023, equation 1, with one break: slopes −c0 before and −(c0 + c1) after it.
TEST(ScaleCurve, BnslFollowsABreakThatAPowerLawMisses) {
  const auto x = log_spaced(1, 1e6, 40);
  const auto truth = [](double n) {
    return .1 + 2 * std::pow(n, -.05) * std::pow(1 + std::pow(n / 1e3, 1 / .3), -.5 * .3);
  };
  const auto y = of(x, truth);
  const ScaleCurve broken = fit_curve(CurveKind::bnsl, x, y),
                   power = fit_curve(CurveKind::power_law, x, y);
  EXPECT_LT(broken.rest, 1e-3 * power.rest);
  EXPECT_LT(broken.bic(), power.bic());
  EXPECT_NEAR(broken(1e7), truth(1e7), .02);
}

TEST(ScaleCurve, FallsBackWithFewPoints) {
  const std::vector<double> x{1, 10, 100}, y{1, 2, 3};
  EXPECT_EQ(fit_curve(CurveKind::bnsl, x, y).kind, CurveKind::log_linear);
  EXPECT_EQ(
      fit_curve(CurveKind::power_law, std::vector<double>{5, 5}, std::vector<double>{1, 3}).kind,
      CurveKind::constant);
  EXPECT_EQ(fit_curve(CurveKind::log_linear, std::vector<double>{1, -1, 100},
                      std::vector<double>{1, 9, kUnknown})
                .kind,
            CurveKind::constant);
  EXPECT_THROW(fit_curve(CurveKind::power_law, std::vector<double>{0.0}, std::vector<double>{1}),
               DataError);
  EXPECT_THROW(fit_curve(CurveKind::power_law, x, std::vector<double>{1}), DataError);
  EXPECT_THROW(fit_curve(CurveKind::bnsl, x, y, {}, 4), ConfigError);
}

TEST(ScaleCurve, OrderDoesNotMatter) {
  const std::vector<double> x{1, 10, 100, 1000, 1e4}, y{5, 3, 2.2, 1.9, 1.8};
  const std::vector<double> xr{1e4, 10, 1000, 1, 100}, yr{1.8, 3, 1.9, 5, 2.2};
  EXPECT_NEAR(fit_curve(CurveKind::power_law, x, y)(1e5),
              fit_curve(CurveKind::power_law, xr, yr)(1e5), 1e-9);
}

TEST(Isotonic, PoolsAdjacentViolators) {
  EXPECT_THAT(isotonic(std::vector<double>{1, 3, 2, 4}), ElementsAre(1, 2.5, 2.5, 4));
  EXPECT_THAT(isotonic(std::vector<double>{3, 2, 1}), ElementsAre(2, 2, 2));
  // Weighted mean of 3 (twice) and 0.
  EXPECT_THAT(isotonic(std::vector<double>{3, 0}, std::vector<double>{2, 1}), ElementsAre(2, 2));
  EXPECT_THROW(isotonic(std::vector<double>{1, 2}, std::vector<double>{1}), DataError);
}

TEST(MonotoneLink, IsMonotoneThroughTheBlocksAndConstantBeyond) {
  const MonotoneLink link(std::vector<double>{5, 1, 3, 2, 4},
                          std::vector<double>{.2, .9, .6, .5, .2});
  EXPECT_TRUE(link.falls());
  double before = link(0.0);
  for (double x = 0.0; x <= 6.0; x += .05) {
    EXPECT_LE(link(x), before + 1e-12);
    before = link(x);
  }
  EXPECT_DOUBLE_EQ(link(0.0), .9);
  EXPECT_DOUBLE_EQ(link(9.0), .2);
  EXPECT_EQ(MonotoneLink(std::vector<double>{1, 2}, std::vector<double>{3, 3})(1.5), 3.0);
  EXPECT_THROW(MonotoneLink(std::vector<double>{kUnknown}, std::vector<double>{1}), DataError);
}

std::vector<ScaleModel> grid_of_models() {
  std::vector<ScaleModel> models;
  for (const double n : {1e7, 1e8, 4e8}) {
    for (const double d : {1e8, 1e9, 1e10, 1e11}) models.push_back({"m", "f", n, d, 6 * n * d});
  }
  return models;
}

TEST(SizeLaw, RecoversExponentsOnTheGrid) {
  const auto models = grid_of_models();
  std::vector<double> loss;
  for (const ScaleModel& m : models)
    loss.push_back(1.69 + 406.4 * std::pow(m.parameters, -.35) + 410.7 * std::pow(m.tokens, -.30));
  const SizeLaw law = fit_size_law(models, loss);
  EXPECT_NEAR(law.floor, 1.69, 1e-6);
  EXPECT_NEAR(law.alpha, .35, 1e-9);
  EXPECT_NEAR(law.beta, .30, 1e-9);
  const ScaleModel large{"l", "f", 7e9, 1.4e11, 0};
  EXPECT_NEAR(law(large), 1.69 + 406.4 * std::pow(7e9, -.35) + 410.7 * std::pow(1.4e11, -.30),
              1e-6);
}

TEST(SizeLaw, ASizeThatDoesNotVaryGetsNoTerm) {
  std::vector<ScaleModel> models{{"a", "", 1e7, kUnknown, kUnknown},
                                 {"b", "", 1e8, kUnknown, kUnknown},
                                 {"c", "", 1e9, kUnknown, kUnknown}};
  const SizeLaw law = fit_size_law(models, std::vector<double>{4, 3, 2.5});
  EXPECT_EQ(law.of_tokens, 0.0);
  EXPECT_NEAR(law(models[1]), 3.0, .1);
  EXPECT_THROW(fit_size_law(models, std::vector<double>{kUnknown, -1, 0}), DataError);
}

ScaleData one_factor(int models, int metrics, double noise) {
  ScaleData data;
  data.values.resize(models, metrics);
  Philox random(3);
  for (int m = 0; m < metrics; ++m)
    data.metrics.push_back({"t" + std::to_string(m), MetricScale::share});
  for (int i = 0; i < models; ++i) {
    data.models.push_back(
        {"m" + std::to_string(i), "f", std::pow(10.0, 7 + i * .2), kUnknown, kUnknown});
    for (int m = 0; m < metrics; ++m) {
      data.values(i, m) = 1 / (1 + std::exp(-(.3 * i - 2 + .1 * m + noise * random.normal())));
    }
  }
  return data;
}

TEST(Capability, OneFactorExplainsOneFactorDataAlsoWithGaps) {
  ScaleData data = one_factor(15, 8, .05);
  const Capability whole = capability(data);
  EXPECT_GT(whole.explained[0], .98);
  for (int i = 1; i < 15; ++i) EXPECT_GT(whole.scores(i, 0), whole.scores(i - 1, 0));
  for (int i = 0; i < 15; ++i) data.values(i, (3 * i) % 8) = kUnknown;
  const Capability gaps = capability(data);
  EXPECT_EQ(gaps.missing, 15u);
  for (int i = 0; i < 15; ++i) EXPECT_NEAR(gaps.scores(i, 0), whole.scores(i, 0), .35);
}

TEST(Capability, Edges) {
  ScaleData data = one_factor(4, 3, 0);
  data.values.col(1).setConstant(.5);
  EXPECT_NEAR(capability(data).loadings(1, 0), 0.0, 1e-12);
  EXPECT_THROW(capability(data, 4), ConfigError);
  EXPECT_THROW(capability(ScaleData{}), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::scaling
