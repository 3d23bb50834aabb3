#include "emdyn/emergence/transition/transition.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::emergence {
namespace {

using series::TransitionKind;
using series::TransitionModel;

struct Data {
  std::vector<double> positions{};
  std::vector<double> values{};
};

/// mean(position) + Gaussian noise at count positions, `gap` apart.
template <class Mean>
Data sample(std::size_t count, double gap, double sd, Mean&& mean, std::uint64_t seed = 1) {
  Philox random(seed);
  Data data;
  for (std::size_t i = 0; i < count; ++i) {
    data.positions.push_back(gap * static_cast<double>(i));
    data.values.push_back(mean(data.positions.back()) + sd * random.normal());
  }
  return data;
}

TransitionFit fit(const Data& data, const TransitionOptions& options = {}) {
  return fit_transition("y", series::Axis::step, data.positions, data.values, options);
}

double logistic(double z) { return 1.0 / (1.0 + std::exp(-z)); }

TEST(Transition, Sigmoid) {
  // Middle 1500, scale 50: 10 % at 1500 − 50·ln 9, width 2·50·ln 9.
  const Data data =
      sample(300, 10.0, 0.01, [](double x) { return 0.02 + 0.96 * logistic((x - 1500.0) / 50.0); });
  const TransitionFit result = fit(data);
  const series::Transition& t = result.transition;
  EXPECT_EQ(t.kind, TransitionKind::rise);
  EXPECT_EQ(t.model, TransitionModel::sigmoid);
  EXPECT_EQ(t.direction, series::Direction::rise);
  ASSERT_TRUE(t.onset && t.width && t.size && t.sharpness);
  EXPECT_NEAR(t.onset->estimate, 1500.0 - 50.0 * std::log(9.0), 5.0);
  EXPECT_LT(t.onset->low, t.onset->estimate);
  EXPECT_GT(t.onset->high, t.onset->estimate);
  EXPECT_LT(t.onset->high - t.onset->low, 20.0);
  EXPECT_NEAR(*t.width, 100.0 * std::log(9.0), 8.0);
  EXPECT_NEAR(*t.size, 0.96, 0.01);
  EXPECT_NEAR(*t.before, 0.02, 0.01);
  EXPECT_NEAR(*t.after, 0.98, 0.01);
  EXPECT_DOUBLE_EQ(*t.sharpness, *t.size / *t.width);
  EXPECT_GT(*t.evidence.bic_gain, 100.0);
  EXPECT_LE(*t.evidence.p_value, 0.05);
  EXPECT_EQ(result.models.front().model, TransitionModel::sigmoid);
  EXPECT_EQ(result.models.front().bic, 0.0);
  EXPECT_GT(result.models.back().bic, 0.0);
  EXPECT_NEAR(result.noise_sd, 0.01, 0.002);
  EXPECT_NEAR(result.curve(0.0), 0.02, 0.01);
  EXPECT_NEAR(result.curve(1500.0), 0.5, 0.02);
  EXPECT_EQ(evaluate(result.curve, std::vector<double>{2990.0})[0], result.curve(2990.0));
  EXPECT_NE(describe(result).find("sigmoid fits best"), std::string::npos);
}

TEST(Transition, LopsidedRise) {
  // Gompertz curve exp(−e^−z): 10 % at z = −ln ln 10, 90 % at −ln(−ln .9). A logistic is far off.
  const Data data =
      sample(300, 10.0, 0.01, [](double x) { return std::exp(-std::exp(-(x - 1500.0) / 80.0)); });
  const auto t = fit(data).transition;
  EXPECT_EQ(t.model, TransitionModel::sigmoid);
  EXPECT_NEAR(t.onset->estimate, 1500.0 - 80.0 * std::log(std::log(10.0)), 5.0);
  EXPECT_NEAR(*t.width, 80.0 * (std::log(std::log(10.0)) - std::log(-std::log(0.9))), 12.0);
}

TEST(Transition, FallAndOffsetsAndUnits) {
  // Shifting and scaling values and stretching positions changes nothing but units.
  const Data data = sample(200, 1.0, 0.02, [](double x) { return logistic((100.0 - x) / 4.0); });
  const auto plain = fit(data).transition;
  EXPECT_EQ(plain.kind, TransitionKind::fall);
  EXPECT_LT(*plain.size, 0.0);
  EXPECT_LT(*plain.sharpness, 0.0);
  Data moved = data;
  for (double& y : moved.values) y = 1e6 + 1e-3 * y;
  for (double& x : moved.positions) x *= 1e9;
  const auto other = fit(moved).transition;
  EXPECT_EQ(other.kind, TransitionKind::fall);
  EXPECT_NEAR(other.onset->estimate / 1e9, plain.onset->estimate, 0.2);
  EXPECT_NEAR(*other.size * 1e3, *plain.size, 0.01);
}

TEST(Transition, JumpLiesBetweenTwoSamples) {
  const Data data = sample(200, 10.0, 0.05, [](double x) { return x < 995.0 ? 0.0 : 1.0; });
  const auto t = fit(data).transition;
  EXPECT_EQ(t.model, TransitionModel::jump);
  EXPECT_EQ(t.kind, TransitionKind::rise);
  EXPECT_DOUBLE_EQ(t.onset->estimate, 991.0);  // 10 % of the way from 990 to 1000
  EXPECT_LE(t.onset->low, 990.0 + 1e-9);
  EXPECT_GE(t.onset->high, 1000.0 - 1e-9);
  EXPECT_NEAR(*t.size, 1.0, 0.03);
}

TEST(Transition, KinkSpikeAndCollapse) {
  const Data kink = sample(200, 1.0, 0.3, [](double x) { return x < 100 ? 0.0 : 0.5 * (x - 100); });
  const auto bent = fit(kink).transition;
  EXPECT_EQ(bent.model, TransitionModel::kink);
  EXPECT_EQ(bent.kind, TransitionKind::bend);
  EXPECT_NEAR(bent.onset->estimate, 100.0, 3.0);
  EXPECT_NEAR(*bent.slope_before, 0.0, 0.01);
  EXPECT_NEAR(*bent.slope_after, 0.5, 0.01);
  EXPECT_FALSE(bent.size || bent.before || bent.after);

  const Data spike =
      sample(300, 1.0, 0.05, [](double x) { return x > 150 && x < 162 ? 5.0 : 2.0; });
  const auto up = fit(spike).transition;
  EXPECT_EQ(up.kind, TransitionKind::spike);
  EXPECT_EQ(up.model, TransitionModel::rise_and_collapse);
  EXPECT_NEAR(up.onset->estimate, 150.5, 2.0);
  EXPECT_NEAR(*up.before, 2.0, 0.05);
  EXPECT_NEAR(*up.size, 3.0, 0.25);
  EXPECT_NEAR(*up.ended, 162.0, 2.0);

  const Data lost = sample(300, 1.0, 0.02, [](double x) {
    return logistic((x - 80.0) / 4.0) - logistic((x - 220.0) / 4.0);
  });
  const auto collapse = fit(lost).transition;
  EXPECT_EQ(collapse.kind, TransitionKind::collapse);
  EXPECT_EQ(collapse.direction, series::Direction::fall);
  EXPECT_NEAR(collapse.onset->estimate, 220.0 - 4.0 * std::log(9.0), 2.0) << "dated at its fall";
  EXPECT_NEAR(*collapse.before, 1.0, 0.02);
  EXPECT_NEAR(*collapse.after, 0.0, 0.02);
  EXPECT_LT(*collapse.size, -0.9);
}

TEST(Transition, SmoothCurvesAreNotTransitions) {
  const auto loss =
      fit(sample(400, 10.0, 0.02, [](double x) { return 3.0 * std::pow(x + 20, -0.3); }));
  EXPECT_EQ(loss.transition.kind, TransitionKind::none);
  EXPECT_EQ(loss.transition.model, TransitionModel::power_law);
  EXPECT_FALSE(loss.transition.onset || loss.transition.width || loss.transition.size);
  ASSERT_TRUE(loss.transition.evidence.bic_gain && loss.transition.evidence.p_value);
  const auto noise = fit(sample(400, 10.0, 1.0, [](double) { return 0.0; }));
  EXPECT_EQ(noise.transition.kind, TransitionKind::none);
  EXPECT_EQ(noise.transition.model, TransitionModel::constant);
  EXPECT_NE(describe(noise).find("constant is enough"), std::string::npos);
}

TEST(Transition, SmallChangesDoNotCountWhenAskedSo) {
  const Data data =
      sample(300, 1.0, 0.001, [](double x) { return 0.05 * logistic((x - 150) / 5); });
  EXPECT_EQ(fit(data).transition.kind, TransitionKind::rise);
  TransitionOptions options;
  options.min_size = 0.1;
  EXPECT_EQ(fit(data, options).transition.kind, TransitionKind::none);
}

TEST(Transition, LogarithmicAndRepeatedPositions) {
  // Checkpoints at powers of two, each evaluated twice; a capability that appears at 2^20.
  Philox random(3);
  Data data;
  for (int i = 0; i < 60; ++i) {
    for (int twice = 0; twice < 2; ++twice) {
      data.positions.push_back(std::exp2(i * 0.5));
      data.values.push_back(0.25 + 0.6 * logistic((i - 40) / 1.2) + 0.01 * random.normal());
    }
  }
  const auto result =
      fit_transition("accuracy", series::Axis::parameters, data.positions, data.values);
  EXPECT_EQ(result.points, 60U);
  EXPECT_EQ(result.transition.kind, TransitionKind::rise);
  EXPECT_EQ(result.transition.control_parameter, "parameters");
  EXPECT_NEAR(std::log2(result.transition.onset->estimate), 0.5 * (40 - 1.2 * std::log(9.0)), 0.3);
}

TEST(Transition, FewEqualAndNonFiniteValues) {
  const double nan = std::nan("");
  const auto few = fit_transition("y", series::Axis::step, std::vector<double>{1, 2, 3},
                                  std::vector<double>{1, 2, 9});
  EXPECT_EQ(few.transition.kind, TransitionKind::none);
  EXPECT_FALSE(few.transition.evidence.p_value);
  EXPECT_NE(few.note.find("3 finite points"), std::string::npos);
  EXPECT_EQ(fit_transition("y", series::Axis::step, {}, {}).transition.kind, TransitionKind::none);
  EXPECT_EQ(describe(few), few.note);

  const auto equal = fit(sample(100, 1.0, 0.0, [](double) { return 0.1; }));
  EXPECT_EQ(equal.note, "all values are equal");
  EXPECT_DOUBLE_EQ(equal.curve(50.0), 0.1);
  const auto one_place = fit_transition("y", series::Axis::step, std::vector<double>(50, 7.0),
                                        std::vector<double>(50, nan));
  EXPECT_EQ(one_place.dropped, 50U);

  Data holes = sample(300, 10.0, 0.02, [](double x) { return logistic((x - 1500.0) / 60.0); });
  for (std::size_t i = 5; i < 300; i += 7) holes.values[i] = nan;
  holes.values[100] = std::numeric_limits<double>::infinity();
  const auto with_holes = fit(holes);
  EXPECT_EQ(with_holes.dropped, 44U);
  EXPECT_EQ(with_holes.transition.kind, TransitionKind::rise);
  EXPECT_NEAR(with_holes.transition.onset->estimate, 1500 - 60 * std::log(9.0), 12.0);
}

TEST(Transition, Rejects) {
  const std::vector<double> three{1, 2, 3};
  EXPECT_THROW(fit_transition("y", series::Axis::step, three, std::vector<double>{1, 2}),
               DataError);
  EXPECT_THROW(fit_transition("y", series::Axis::step, std::vector<double>{1, 3, 2}, three),
               DataError);
  EXPECT_THROW(
      fit_transition("y", series::Axis::step, std::vector<double>{1, std::nan(""), 2}, three),
      DataError);
  TransitionOptions options;
  options.alpha = 2.0;
  EXPECT_THROW(fit_transition("y", series::Axis::step, three, three, options), ConfigError);
}

TEST(Transition, SameWhateverTheThreads) {
  const Data data = sample(150, 1.0, 0.1, [](double x) { return logistic((x - 75.0) / 6.0); });
  const auto text = [&] { return json_text(Json(fit(data).transition)); };
  const std::string many = text();
  EXPECT_EQ(text(), many);
  const ThreadLimit one(1);
  EXPECT_EQ(text(), many);
}

TEST(Transition, OfASignalUsesItsLastSegment) {
  series::Signal signal{.name = "accuracy"};
  for (int i = 0; i < 50; ++i) signal.append(i, 100.0);
  const Data data = sample(120, 1.0, 0.01, [](double x) { return logistic((x - 60.0) / 3.0); });
  for (std::size_t i = 0; i < data.values.size(); ++i) {
    signal.append(data.positions[i], data.values[i]);
  }
  const auto result = fit_transition(signal);
  EXPECT_EQ(result.points, 120U);
  EXPECT_EQ(result.transition.order_parameter, "accuracy");
  EXPECT_EQ(result.transition.kind, TransitionKind::rise);
}

}  // namespace
}  // namespace emdyn::emergence
