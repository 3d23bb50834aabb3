#include "emdyn/model/lab/dynamics/hierarchy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/model/lab/dynamics/simulation.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

constexpr int kIterations = 12;  // Of the map, a step: six doublings between its two decisions.
constexpr std::int64_t kMostElements = 1000;
constexpr std::size_t kInterventionGroups = 10;
constexpr std::uint64_t kInterventionStream = 0x484945ULL << 32;

/// An element: its sign and its chaotic phase.
struct Element {
  bool on = false;
  double u = 0.3;
};

/// The phase's place under the map's invariant law, uniform in [0, 1].
double share_below(double u) { return 2.0 / std::numbers::pi * std::asin(std::sqrt(u)); }

double iterated(double u, math::Moments* stretching = nullptr) {
  for (int i = 0; i < kIterations / 2; ++i) {
    if (stretching != nullptr)
      stretching->add(std::log(std::max(std::fabs(4.0 - 8.0 * u), 1e-300)));
    u = 4.0 * u * (1.0 - u);
    // Rounding can reach the fixed point at 0, which the map itself almost never does.
    if (!(u > 0.0)) u = 0.3;
  }
  return u;
}

void next_state(Element& element, bool majority, const HierarchyConfig& config,
                math::Moments* stretching = nullptr) {
  element.u = iterated(element.u, stretching);
  const bool follows = share_below(element.u) < config.coupling;
  element.u = iterated(element.u, stretching);
  const bool turned = share_below(element.u) < config.disorder;
  element.on = !(follows ? majority : element.on) != turned;
}

Element random_element(Philox& random) {
  const bool on = random.below(2) == 1;
  const double s = std::sin(0.5 * std::numbers::pi * random.uniform());
  return {on, s * s};
}

std::size_t count_on(std::span<const Element> elements) {
  return static_cast<std::size_t>(std::ranges::count(elements, true, &Element::on));
}

/// Entropy of a coin, nats.
double coin_entropy(double p) {
  const auto part = [](double q) { return q > 0.0 ? -q * std::log(q) : 0.0; };
  return part(p) + part(1.0 - p);
}

/// Effective information of a chain of two states from the chances of state 1 after each.
double two_state_information(double after_0, double after_1) {
  return coin_entropy(0.5 * (after_0 + after_1)) -
         0.5 * (coin_entropy(after_0) + coin_entropy(after_1));
}

double binomial_chance(std::int64_t k, std::int64_t n, double p) {
  return math::binomial_cdf(static_cast<double>(k), static_cast<double>(n), p) -
         (k > 0 ? math::binomial_cdf(static_cast<double>(k - 1), static_cast<double>(n), p) : 0.0);
}

/// Chance that more than half of a block is on next, of which `ones` are on now.
double majority_next(std::int64_t ones, std::int64_t block, bool majority,
                     const HierarchyConfig& config) {
  const auto chance = [&](bool own) {
    const auto after = [&](bool followed) {
      return followed ? config.disorder : 1.0 - config.disorder;
    };
    return config.coupling * after(majority) + (1.0 - config.coupling) * after(own);
  };
  double sum = 0.0;
  for (std::int64_t i = 0; i <= ones; ++i) {
    const std::int64_t more = block / 2 - i;  // The others must exceed it.
    const double rest = more < 0
                            ? 1.0
                            : math::binomial_sf(static_cast<double>(more),
                                                static_cast<double>(block - ones), chance(false));
    sum += binomial_chance(i, ones, chance(true)) * rest;
  }
  return sum;
}

std::int64_t elements_of(const HierarchyConfig& config) {
  std::int64_t count = 1;
  for (std::int64_t i = 0; i < config.levels && count <= kMostElements; ++i)
    count *= config.branching;
  return count;
}

std::size_t block_of(const HierarchyConfig& config, std::int64_t level) {
  return static_cast<std::size_t>(
      std::llround(std::pow(static_cast<double>(config.branching), static_cast<double>(level))));
}

/// How often the majority of blocks of one size was on after it was off, and after it was on.
struct Transitions {
  std::array<double, 2> times{}, on_after{};
  double information() const {
    return two_state_information(on_after[0] / std::max(times[0], 1.0),
                                 on_after[1] / std::max(times[1], 1.0));
  }
};
/// One a scale.
using ScaleTransitions = std::vector<Transitions>;

ScaleTransitions intervene(const HierarchyConfig& config, std::size_t times, Philox random) {
  const auto count = static_cast<std::size_t>(elements_of(config));
  ScaleTransitions all(static_cast<std::size_t>(config.levels) + 1);
  std::vector<Element> before(count), after;
  for (std::size_t t = 0; t < times; ++t) {
    for (Element& element : before) element = random_element(random);
    const bool majority = 2 * count_on(before) > count;
    after = before;
    for (Element& element : after) next_state(element, majority, config);
    for (std::size_t level = 0; level < all.size(); ++level) {
      const std::size_t block = block_of(config, static_cast<std::int64_t>(level));
      for (std::size_t first = 0; first < count; first += block) {
        const bool was = 2 * count_on(std::span(before).subspan(first, block)) > block;
        const bool is = 2 * count_on(std::span(after).subspan(first, block)) > block;
        all[level].times[was] += 1.0;
        all[level].on_after[was] += is ? 1.0 : 0.0;
      }
    }
  }
  return all;
}

/// Of all groups together, with the interval of the jackknife over groups: what is left of the bias
/// of counts is that of all interventions, not of a group's.
series::Interval pooled_information(const std::vector<ScaleTransitions>& groups,
                                    std::size_t level) {
  const auto information = [&](std::size_t without) {
    Transitions sum;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (std::size_t s = 0; s < 2 && g != without; ++s) {
        sum.times[s] += groups[g][level].times[s];
        sum.on_after[s] += groups[g][level].on_after[s];
      }
    }
    return sum.information();
  };
  const auto n = static_cast<double>(groups.size());
  const double all = information(groups.size());
  std::vector<double> pseudo;
  for (std::size_t g = 0; g < groups.size(); ++g)
    pseudo.push_back(n * all - (n - 1.0) * information(g));
  return interval_of(pseudo);
}

class HierarchyLab final : public Simulation {
 public:
  explicit HierarchyLab(const HierarchyConfig& config)
      : Simulation({"hierarchy",
                    config_json(kHierarchyFields, config),
                    config.seed,
                    config.steps,
                    {{"micro", "sign of the first element, 0 or 1"},
                     {"micro_phase", "its chaotic phase"},
                     {"meso", "share of ones in the first block half-way up"},
                     {"macro", "share of ones of all elements"}}}),
        config_(config) {
    Philox random(static_cast<std::uint64_t>(config.seed));
    elements_.resize(static_cast<std::size_t>(elements_of(config)));
    for (Element& element : elements_) element = random_element(random);
  }

 protected:
  void step(std::int64_t step, std::span<double> values) override {
    const std::size_t count = elements_.size();
    if (step > 0) {
      const bool majority = 2 * count_on(elements_) > count;
      for (Element& element : elements_) next_state(element, majority, config_, &stretching_);
    }
    const std::size_t block = block_of(config_, (config_.levels + 1) / 2);
    values[0] = elements_[0].on ? 1.0 : 0.0;
    values[1] = elements_[0].u;
    values[2] = static_cast<double>(count_on(std::span(elements_).first(block))) /
                static_cast<double>(block);
    values[3] = static_cast<double>(count_on(elements_)) / static_cast<double>(count);
  }

  void finish(ExperimentResult& result) const override {
    const std::vector<double> theory = hierarchy_information(config_);
    std::vector<ScaleTransitions> groups(kInterventionGroups);
    const auto times = static_cast<std::size_t>(config_.interventions) / kInterventionGroups;
    parallel_for(groups.size(), [&](std::size_t g) {
      groups[g] =
          intervene(config_, times,
                    Philox(static_cast<std::uint64_t>(config_.seed), kInterventionStream + g));
    });
    Json rows = Json::array();
    for (std::size_t level = 0; level < theory.size(); ++level) {
      const series::Interval measured = pooled_information(groups, level);
      const std::size_t block = block_of(config_, static_cast<std::int64_t>(level));
      rows.push_back({{"elements", block},
                      {"effective_information", measured.estimate},
                      {"low", measured.low},
                      {"high", measured.high},
                      {"theory", theory[level]}});
      result.truth.push_back({fmt::format("effective information of {} {}", block,
                                          block == 1 ? "element" : "elements"),
                              theory[level], measured, "exact, by binomials"});
    }
    result.data["along_scale"] = std::move(rows);
    const double error =
        stretching_.count() > 1
            ? 1.645 * stretching_.stddev() / std::sqrt(static_cast<double>(stretching_.count()))
            : 0.0;
    const double exponent = stretching_.mean();
    result.truth.push_back({"Lyapunov exponent of an element",
                            std::numbers::ln2,
                            {exponent - error, exponent, exponent + error, 0.9},
                            "logistic map at 4 (Ott 1993): ln 2"});
  }

 private:
  HierarchyConfig config_;
  std::vector<Element> elements_{};
  math::Moments stretching_{};
};

}  // namespace

std::vector<double> hierarchy_information(const HierarchyConfig& config) {
  const std::int64_t count = elements_of(config);
  std::vector<double> information;
  for (std::int64_t level = 0; level <= config.levels; ++level) {
    const auto block = static_cast<std::int64_t>(block_of(config, level));
    std::array<double, 2> after{};
    for (std::int64_t ones = 0; ones <= block; ++ones) {
      const std::int64_t more = count / 2 - ones;  // The rest must exceed it.
      const double majority = more < 0 ? 1.0
                                       : math::binomial_sf(static_cast<double>(more),
                                                           static_cast<double>(count - block), 0.5);
      const double next = majority * majority_next(ones, block, true, config) +
                          (1.0 - majority) * majority_next(ones, block, false, config);
      after[2 * ones > block] += 2.0 * binomial_chance(ones, block, 0.5) * next;
    }
    information.push_back(two_state_information(after[0], after[1]));
  }
  return information;
}

std::unique_ptr<Experiment> make_hierarchy(const Params& params) {
  HierarchyConfig config;
  apply_params("hierarchy", kHierarchyFields, params, config);
  if (config.branching % 2 == 0)
    throw ConfigError(fmt::format("hierarchy.branching must be odd, got {}: a majority needs one",
                                  config.branching));
  if (elements_of(config) > kMostElements) {
    throw ConfigError(fmt::format("hierarchy.levels: {}^{} elements are more than {}",
                                  config.branching, config.levels, kMostElements));
  }
  return std::make_unique<HierarchyLab>(config);
}

}  // namespace emdyn::model::lab::dynamics
