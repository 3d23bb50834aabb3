#include "emdyn/forecast/curves/members.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::forecast {
namespace {

constexpr double kEarly = 0.03;  // The first transients tell little of what follows.
constexpr std::size_t kEnoughLate =
    12;  // Blocks beyond kEarly from which those before are left out.
constexpr std::size_t kEnoughPiece = 6;  // Blocks of the newest piece from which it stands alone.
constexpr double kMostTimesRange = 3.0;  // What a shape may change until x = 8, in ranges seen.
constexpr std::size_t kMostShapes = 6;   // Kept of a family.
constexpr double kBreakWidth = 0.3;
constexpr double kDamping = 1.0;  // Of the local trend: its slope halves about as time doubles.

using Theta = std::array<double, 4>;

/// The shape of a family at x, log x given.
double shape_at(CurveMember member, double x, double log_x, const Theta& theta) noexcept {
  switch (member) {
    case CurveMember::persistence:
      return 0.0;
    case CurveMember::local_trend:
      return x <= 1.0 ? x : 1.0 + (1.0 - std::exp(-kDamping * (x - 1.0))) / kDamping;
    case CurveMember::log_trend:
      return log_x;
    case CurveMember::power_law:
      return theta[1] == 0.0 ? std::exp(-theta[0] * log_x)
                             : std::exp(-theta[0] * std::log(x + theta[1]));
    case CurveMember::exponential:
      return std::exp(-x / theta[0]);
    case CurveMember::logistic:
      return 1.0 / (1.0 + std::exp(-theta[1] * (log_x - theta[0])));
    case CurveMember::gompertz:
      return std::exp(-std::exp(-theta[1] * (log_x - theta[0])));
    case CurveMember::broken_power_law:
      break;
  }
  const double ratio = std::exp((log_x - theta[1]) / kBreakWidth);
  return std::exp(-theta[0] * log_x - theta[2] * kBreakWidth * std::log1p(ratio));
}

template <class Visit>
void each_theta(CurveMember member, Visit visit) {
  constexpr std::array kPowers{0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5};
  constexpr std::array kTaus{0.06, 0.1, 0.17, 0.28, 0.45, 0.75, 1.2, 2.0, 4.0};
  constexpr std::array kMiddles{0.08, 0.15, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0};
  constexpr std::array kSteepness{1.0, 2.0, 4.0, 8.0};
  switch (member) {
    case CurveMember::power_law:
      for (const double c : kPowers) {
        for (const double d : {0.0, 0.05}) visit(Theta{c, d});
      }
      return;
    case CurveMember::exponential:
      for (const double tau : kTaus) visit(Theta{tau});
      return;
    case CurveMember::logistic:
    case CurveMember::gompertz:
      for (const double m : kMiddles) {
        for (const double k : kSteepness) visit(Theta{std::log(m), k});
      }
      return;
    case CurveMember::broken_power_law:
      for (const double c : {0.0, 0.15, 0.4, 1.0}) {
        for (const double d : {0.1, 0.2, 0.4, 0.7}) {
          for (const double e : {-0.3, 0.2, 0.5, 1.0, 2.0}) {
            if (c + e > 0.0) visit(Theta{c, std::log(d), e});
          }
        }
      }
      return;
    default:
      visit(Theta{});
  }
}

/// The blocks that a fit looks at, with weights.
struct FitData {
  std::vector<double> x, log_x, z, weight;
  double range = 0.0;  ///< Of z, what a shape may change in proportion to.

  void take(double at, double value, double its_weight) {
    x.push_back(at);
    log_x.push_back(std::log(at));
    z.push_back(value);
    weight.push_back(its_weight);
  }
};

FitData fit_data(std::span<const double> x, std::span<const double> z, double from,
                 double full_weight_from) {
  FitData data;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] >= from) data.take(x[i], z[i], std::min(1.0, x[i] / full_weight_from));
  }
  const auto [low, high] = std::ranges::minmax(data.z);
  data.range = high - low;
  return data;
}

std::size_t count_from(std::span<const double> x, double from) {
  return static_cast<std::size_t>(x.end() - std::ranges::lower_bound(x, from));
}

struct Solved {
  double slope = 0.0;
  double error = 0.0;  ///< Weighted sum of squares.
};

/// a and b of z = a + b·shape by weighted least squares; b held to what the data can hold.
Solved solve(const FitData& data, std::span<const double> shape, double reach) {
  double w = 0, s = 0, z = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    w += data.weight[i];
    s += data.weight[i] * shape[i];
    z += data.weight[i] * data.z[i];
  }
  const double shape_mean = s / w;
  const double z_mean = z / w;
  double ss = 0, sz = 0, zz = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const double ds = shape[i] - shape_mean;
    const double dz = data.z[i] - z_mean;
    ss += data.weight[i] * ds * ds;
    sz += data.weight[i] * ds * dz;
    zz += data.weight[i] * dz * dz;
  }
  Solved solved;
  if (ss > 1e-24) solved.slope = sz / ss;
  const double most = kMostTimesRange * data.range;
  if (std::abs(solved.slope * reach) > most)
    solved.slope = std::copysign(most / std::max(reach, 1e-300), solved.slope);
  solved.error = std::max(0.0, zz - 2.0 * solved.slope * sz + solved.slope * solved.slope * ss);
  return solved;
}

/// Shapes weighted by e^(−n/2·(error/least − 1)), n a third of the blocks: they are no independent
/// witnesses.
void weigh(std::vector<FittedMember::Shape>& shapes, std::size_t blocks) {
  double least = shapes.front().weight;
  for (const auto& shape : shapes) least = std::min(least, shape.weight);
  const double half_n = std::max(1.0, static_cast<double>(blocks) / 6.0);
  for (auto& shape : shapes) {
    const double excess =
        least > 0.0 ? shape.weight / least - 1.0 : (shape.weight > 0.0 ? 1e9 : 0.0);
    shape.weight = std::exp(-half_n * excess);
  }
  std::ranges::stable_sort(shapes,
                           [](const auto& a, const auto& b) { return a.weight > b.weight; });
  if (shapes.size() > kMostShapes) shapes.resize(kMostShapes);
  double sum = 0.0;
  for (const auto& shape : shapes) sum += shape.weight;
  for (auto& shape : shapes) shape.weight /= sum;
}

FittedMember fit_one(CurveMember member, const FitData& data) {
  FittedMember fitted;
  fitted.member = member;
  fitted.low = -kMostTimesRange * data.range;
  fitted.high = kMostTimesRange * data.range;
  if (member == CurveMember::persistence || data.x.size() < 3) return fitted;
  std::vector<double> shape(data.x.size());
  constexpr double kFar = 8.0;
  const double log_far = std::log(kFar);
  each_theta(member, [&](const Theta& theta) {
    for (std::size_t i = 0; i < shape.size(); ++i)
      shape[i] = shape_at(member, data.x[i], data.log_x[i], theta);
    const double reach =
        std::abs(shape_at(member, kFar, log_far, theta) - shape_at(member, 1.0, 0.0, theta));
    const Solved solved = solve(data, shape, reach);
    fitted.shapes.push_back({solved.error, solved.slope, theta});
  });
  weigh(fitted.shapes, data.x.size());
  return fitted;
}

}  // namespace

std::string_view word(CurveMember member) noexcept {
  constexpr std::array<std::string_view, kCurveMembers> kWords{
      "persistence", "local_trend", "log_trend", "power_law",
      "exponential", "logistic",    "gompertz",  "broken_power_law"};
  return kWords[static_cast<std::size_t>(member)];
}

double FittedMember::gain(double x) const noexcept {
  double sum = 0.0;
  const double log_x = std::log(x);
  for (const Shape& shape : shapes) {
    sum += shape.weight * shape.slope *
           (shape_at(member, x, log_x, shape.theta) - shape_at(member, 1.0, 0.0, shape.theta));
  }
  return std::isfinite(sum) ? std::clamp(sum, low, high) : 0.0;
}

std::array<FittedMember, kCurveMembers> fit_members(std::span<const double> x,
                                                    std::span<const double> z, double piece) {
  double from = 0.0;
  if (count_from(x, kEarly) >= kEnoughLate) from = kEarly;
  if (piece > from && count_from(x, piece) >= kEnoughPiece) from = piece;
  const auto late = [&](double begin) {
    return count_from(x, std::max(from, begin)) >= 4 ? std::max(from, begin) : from;
  };
  const FitData whole = fit_data(x, z, from, 0.25);
  const FitData half = fit_data(x, z, late(0.5), 0.25);
  const FitData third = fit_data(x, z, late(2.0 / 3.0), 0.25);
  std::array<FittedMember, kCurveMembers> fitted;
  for (std::size_t i = 0; i < kCurveMembers; ++i) {
    const auto member = static_cast<CurveMember>(i);
    const FitData& data = member == CurveMember::local_trend ? third
                          : member == CurveMember::log_trend ? half
                                                             : whole;
    fitted[i] = fit_one(member, data);
  }
  return fitted;
}

}  // namespace emdyn::forecast
