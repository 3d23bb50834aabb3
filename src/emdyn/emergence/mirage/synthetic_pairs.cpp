#include "emdyn/emergence/mirage/synthetic_pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::emergence::mirage {
namespace {

double between(Philox& random, double low, double high) {
  return low + (high - low) * random.uniform();
}
template <std::size_t N>
double one_of(Philox& random, const std::array<double, N>& choices) {
  return choices[random.below(static_cast<std::uint32_t>(N))];
}
double logistic(double z) { return 1.0 / (1.0 + std::exp(-z)); }

/// The probability per token along u in [0, 1].
struct Course {
  double low = 0.1, high = 0.95;
  double place = 0.5, width = 0.8;
  int shape = 0;  ///< 0 logistic, 1 power law of the surprise, 2 line, 3 jump, 4 bend.
  double exponent = 1.0;

  double operator()(double u) const {
    switch (shape) {
      case 1: {  // Surprise falls as a power of an axis that spans three decades.
        const double top = -std::log(low), rest = -std::log(high);
        return std::exp(-(rest + (top - rest) * std::pow(10.0, -exponent * 3.0 * u)));
      }
      case 2:
        return low + (high - low) * u;
      case 3:
        return u > place ? high : low;
      case 4:
        return low + (high - low) * std::max(0.0, u - place) / (1.0 - place);
      default:
        return low + (high - low) * logistic((u - place) * kLogisticWidth / width);
    }
  }
};

Course smooth_course(Philox& random) {
  Course course;
  course.shape = static_cast<int>(random.below(3));
  course.low = between(random, 0.05, 0.5);
  course.high = between(random, 0.85, 0.99);
  course.place = between(random, 0.3, 0.7);
  course.width = between(random, 0.6, 1.4);
  course.exponent = between(random, 0.15, 0.5);
  return course;
}

Course sudden_course(PairKind kind, Philox& random) {
  Course course;
  course.low = between(random, 0.1, 0.5);
  course.high = between(random, 0.85, 0.99);
  course.place = between(random, 0.3, 0.7);
  course.width = between(random, 0.02, 0.15);
  course.shape = kind == PairKind::sharp_rise ? 0 : kind == PairKind::kink ? 4 : 3;
  return course;
}

double continuous_value(MetricKind kind, double p) {
  switch (kind) {
    case MetricKind::log_likelihood:
      return std::log(p);
    case MetricKind::loss:
      return -std::log(p);
    case MetricKind::perplexity:
      return 1.0 / p;
    case MetricKind::brier:
      return 2.0 * (1.0 - p) * (1.0 - p);
    case MetricKind::error_rate:
      return 1.0 - p;
    default:
      return p;
  }
}

double within(MetricKind kind, double value) {
  switch (kind) {
    case MetricKind::probability:
    case MetricKind::error_rate:
      return std::clamp(value, 0.0, 1.0);
    case MetricKind::brier:
      return std::clamp(value, 0.0, 2.0);
    case MetricKind::log_likelihood:
      return std::min(value, 0.0);
    case MetricKind::loss:
      return std::max(value, 0.0);
    case MetricKind::perplexity:
      return std::max(value, 1.0);
    default:
      return value;
  }
}

/// Share right among `items`; `correlation` ties the items of neighbouring checkpoints, as one test
/// set does.
double graded_share(double rate, double items, Philox& random) {
  double right = 0.0;
  for (int i = 0; i < static_cast<int>(items); ++i) right += random.uniform() < rate ? 1.0 : 0.0;
  return right / items;
}

struct Noise {
  double size, phi, tilt;
};
Noise draw_noise(Philox& random, std::string& words) {
  const Noise noise{one_of(random, std::array{0.005, 0.02, 0.05, 0.1}),
                    one_of(random, std::array{0.0, 0.0, 0.5, 0.8}),
                    one_of(random, std::array{0.0, 0.0, 1.0, -1.0})};
  words = fmt::format("{:g} %{}{}", 100.0 * noise.size,
                      noise.phi > 0.0 ? fmt::format(" AR {:g}", noise.phi) : " white",
                      noise.tilt > 0.0   ? ", growing"
                      : noise.tilt < 0.0 ? ", shrinking"
                                         : "");
  return noise;
}

void add_noise(const Noise& noise, std::span<const double> u, MetricSeries& metric,
               Philox& random) {
  const auto [least, most] = std::ranges::minmax(metric.values);
  const double scale = noise.size * (most - least);
  double state = random.normal();
  for (std::size_t i = 0; i < u.size(); ++i) {
    if (i > 0) state = noise.phi * state + std::sqrt(1.0 - noise.phi * noise.phi) * random.normal();
    metric.values[i] =
        within(metric.kind, metric.values[i] + scale * std::exp(noise.tilt * (u[i] - 0.5)) * state);
  }
}

bool few(PairKind kind) { return kind == PairKind::few_items || kind == PairKind::jump_few_items; }
bool is_artefact(PairKind kind) { return static_cast<int>(kind) < 4; }

double rate_of(const SyntheticPair& pair, const Course& course, double u, double middle,
               double spread) {
  const double p = course(u);
  switch (pair.kind) {
    case PairKind::threshold:
      return math::normal_cdf((p - middle) / spread);
    case PairKind::multiple_choice:
      return 0.25 + 0.75 * math::normal_cdf((p - middle) / spread);
    default:
      return std::pow(p, pair.tokens);
  }
}

}  // namespace

std::string_view word(PairKind kind) noexcept {
  constexpr std::array<std::string_view, kPairKinds> kWords{
      "power_of_smooth", "threshold", "multiple_choice", "few_items", "jump",
      "sharp_rise",      "kink",      "jump_few_items"};
  return kWords[static_cast<std::size_t>(kind)];
}

SyntheticPair synthetic_pair(std::uint64_t seed, std::uint64_t number) {
  Philox random(seed, number);
  SyntheticPair pair;
  pair.kind = static_cast<PairKind>(number % kPairKinds);
  pair.truth = is_artefact(pair.kind) ? MirageVerdict::artefact : MirageVerdict::real;
  pair.items = few(pair.kind) ? std::round(between(random, 10, 40))
                              : one_of(random, std::array{200.0, 1000.0, 5000.0});
  pair.tokens = one_of(random, std::array{2.0, 4.0, 5.0, 10.0, 20.0, 50.0});
  pair.chance = pair.kind == PairKind::multiple_choice ? 0.25 : 0.0;
  const Course course =
      is_artefact(pair.kind) ? smooth_course(random) : sudden_course(pair.kind, random);
  const auto points = static_cast<std::size_t>(
      one_of(random, std::array{6.0, 8.0, 11.0, 16.0, 27.0, 40.0, 60.0, 120.0}));
  const bool log_axis = course.shape == 1 || random.uniform() < 0.5;
  const double middle = course(between(random, 0.4, 0.7));
  const double spread = between(random, 0.02, 0.1);
  constexpr std::array kKinds{MetricKind::probability, MetricKind::log_likelihood,
                              MetricKind::loss,        MetricKind::perplexity,
                              MetricKind::brier,       MetricKind::error_rate};
  pair.continuous.kind = kKinds[random.below(kKinds.size())];
  pair.continuous.name = std::string(word(pair.continuous.kind));
  pair.graded.kind = MetricKind::graded;
  pair.graded.name = "exact_match";
  std::vector<double> coordinates;
  for (std::size_t i = 0; i < points; ++i) {
    const double u = static_cast<double>(i) / static_cast<double>(points - 1);
    const double position =
        log_axis ? std::round(1000.0 * std::pow(10.0, 3.0 * u)) : 1000.0 * (1.0 + 2.0 * u);
    coordinates.push_back(u);
    pair.graded.positions.push_back(position);
    pair.graded.values.push_back(
        graded_share(rate_of(pair, course, u, middle, spread), pair.items, random));
    pair.continuous.positions.push_back(position);
    pair.continuous.values.push_back(continuous_value(pair.continuous.kind, course(u)));
  }
  add_noise(draw_noise(random, pair.noise), coordinates, pair.continuous, random);
  return pair;
}

}  // namespace emdyn::emergence::mirage
