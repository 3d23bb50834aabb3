#include "emdyn/model/lab/dynamics/ising.hpp"

#include <cmath>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/lab/dynamics/polynomial.hpp"
#include "emdyn/model/lab/dynamics/simulation.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

/// A square lattice at one temperature after another.
class Lattice {
 public:
  Lattice(std::size_t size, Philox random)
      : size_(size), random_(random), spins_(size * size, 1), stack_() {
    stack_.reserve(size * size);
  }

  /// Turns one cluster. @param join chance that a neighbour of equal sign belongs to it.
  void flip_cluster(double join) {
    const std::size_t spins = spins_.size();
    const auto first = random_.below(static_cast<std::uint32_t>(spins));
    const std::int8_t sign = spins_[first];
    const auto threshold = static_cast<std::uint32_t>(join * 4294967295.0);
    spins_[first] = static_cast<std::int8_t>(-sign);
    stack_.assign(1, first);
    while (!stack_.empty()) {
      const std::size_t at = stack_.back();
      stack_.pop_back();
      for (const std::size_t next : neighbours(at)) {
        if (spins_[next] != sign || random_() >= threshold) continue;
        spins_[next] = static_cast<std::int8_t>(-sign);
        stack_.push_back(static_cast<std::uint32_t>(next));
      }
    }
  }

  double magnetisation() const {
    std::int64_t sum = 0;
    for (const std::int8_t spin : spins_) sum += spin;
    return static_cast<double>(sum) / static_cast<double>(spins_.size());
  }

  /// Of one spin, in units of the coupling.
  double energy() const {
    std::int64_t sum = 0;
    for (std::size_t at = 0; at < spins_.size(); ++at) {
      const std::size_t column = at % size_, row = at / size_;
      const std::size_t right = row * size_ + (column + 1) % size_;
      const std::size_t below = (row + 1) % size_ * size_ + column;
      sum += spins_[at] * (spins_[right] + spins_[below]);
    }
    return -static_cast<double>(sum) / static_cast<double>(spins_.size());
  }

 private:
  std::array<std::size_t, 4> neighbours(std::size_t at) const {
    const std::size_t column = at % size_, row = at - column, all = spins_.size();
    return {row + (column + 1 == size_ ? 0 : column + 1),
            row + (column == 0 ? size_ - 1 : column - 1),
            at + size_ < all ? at + size_ : at + size_ - all,
            at >= size_ ? at - size_ : at + all - size_};
  }

  std::size_t size_;
  Philox random_;
  std::vector<std::int8_t> spins_;
  std::vector<std::uint32_t> stack_;
};

/// Averages of one chain at one temperature.
struct LatticeMoments {
  double m1 = 0.0, m2 = 0.0, m4 = 0.0, e1 = 0.0, e2 = 0.0;
  double binder() const { return 1.0 - m4 / (3.0 * m2 * m2); }
};

LatticeMoments mean_of_chains(std::span<const LatticeMoments> chains,
                              std::optional<std::size_t> without = {}) {
  LatticeMoments sum;
  double count = 0.0;
  for (std::size_t c = 0; c < chains.size(); ++c) {
    if (without == c) continue;
    sum.m1 += chains[c].m1, sum.m2 += chains[c].m2, sum.m4 += chains[c].m4;
    sum.e1 += chains[c].e1, sum.e2 += chains[c].e2;
    count += 1.0;
  }
  return {sum.m1 / count, sum.m2 / count, sum.m4 / count, sum.e1 / count, sum.e2 / count};
}

class IsingLab final : public Simulation {
 public:
  explicit IsingLab(const IsingConfig& config)
      : Simulation({"ising",
                    config_json(kIsingFields, config),
                    config.seed,
                    config.steps,
                    {{"temperature", "in units of the coupling"},
                     {"magnetisation", "mean size of the mean spin"},
                     {"energy", "of a spin"},
                     {"susceptibility", "spins times the variance of the magnetisation over T"},
                     {"heat_capacity", "of a spin"},
                     {"binder", "Binder's cumulant of the lattice"},
                     {"binder_half", "of the lattice of half the size"}}}),
        config_(config) {
    const auto chains = static_cast<std::size_t>(config.chains);
    for (std::size_t i = 0; i < 2 * chains; ++i) {
      const auto size = static_cast<std::size_t>(i < chains ? config.size : config.size / 2);
      lattices_.emplace_back(size, Philox(static_cast<std::uint64_t>(config.seed), i));
    }
  }

 protected:
  void step(std::int64_t step, std::span<double> values) override {
    const double temperature =
        sweep_value(config_.temperature_low, config_.temperature_high, config_.steps, step);
    Row row{temperature, std::vector<LatticeMoments>(lattices_.size())};
    parallel_for(lattices_.size(),
                 [&](std::size_t i) { row.chains[i] = observe(lattices_[i], temperature); });
    const auto [whole, half] = halves(row);
    const LatticeMoments mean = mean_of_chains(whole);
    const auto spins = static_cast<double>(config_.size * config_.size);
    values[0] = temperature;
    values[1] = mean.m1;
    values[2] = mean.e1;
    values[3] = spins * (mean.m2 - mean.m1 * mean.m1) / temperature;
    values[4] = spins * (mean.e2 - mean.e1 * mean.e1) / (temperature * temperature);
    values[5] = mean.binder();
    values[6] = mean_of_chains(half).binder();
    rows_.push_back(std::move(row));
  }

  void finish(ExperimentResult& result) const override {
    const double critical = 2.0 / std::log(1.0 + std::sqrt(2.0));
    result.data["critical_temperature"] = critical;
    const auto all = crossing({});
    const auto chains = static_cast<std::size_t>(config_.chains);
    std::vector<double> pseudo;  // Of the jackknife over chains.
    for (std::size_t c = 0; c < chains && all; ++c) {
      const auto left = crossing(c);
      if (!left) return;
      const auto n = static_cast<double>(chains);
      pseudo.push_back(n * *all - (n - 1.0) * *left);
    }
    if (pseudo.empty()) return;
    series::Interval measured = interval_of(pseudo);
    measured.estimate = *all;
    result.truth.push_back(
        {"critical temperature", critical, measured, "Onsager (1944): 2/ln(1 + sqrt 2)"});
  }

 private:
  struct Row {
    double temperature = 0.0;
    std::vector<LatticeMoments> chains{};  ///< Those of the whole size, then those of half of it.
  };
  std::pair<std::span<const LatticeMoments>, std::span<const LatticeMoments>> halves(
      const Row& row) const {
    const std::span<const LatticeMoments> all(row.chains);
    const auto chains = static_cast<std::size_t>(config_.chains);
    return {all.first(chains), all.subspan(chains)};
  }

  LatticeMoments observe(Lattice& lattice, double temperature) const {
    const double join = 1.0 - std::exp(-2.0 / temperature);
    for (std::int64_t i = 0; i < config_.clusters / 2; ++i) lattice.flip_cluster(join);
    LatticeMoments sum;
    for (std::int64_t i = 0; i < config_.clusters; ++i) {
      lattice.flip_cluster(join);
      const double m = std::fabs(lattice.magnetisation()), e = lattice.energy();
      sum.m1 += m, sum.m2 += m * m, sum.m4 += m * m * m * m;
      sum.e1 += e, sum.e2 += e * e;
    }
    const auto n = static_cast<double>(config_.clusters);
    return {sum.m1 / n, sum.m2 / n, sum.m4 / n, sum.e1 / n, sum.e2 / n};
  }

  double binder_difference(const Row& row, std::optional<std::size_t> without) const {
    const auto [whole, half] = halves(row);
    return mean_of_chains(whole, without).binder() - mean_of_chains(half, without).binder();
  }

  /// Where the cumulant of the larger lattice falls below that of the smaller one: the root of a
  /// cubic through the six temperatures around it, for the difference bends there.
  std::optional<double> crossing(std::optional<std::size_t> without) const {
    for (std::size_t i = 1; i < rows_.size(); ++i) {
      const double before = binder_difference(rows_[i - 1], without);
      const double after = binder_difference(rows_[i], without);
      if (!(before > 0.0 && after <= 0.0)) continue;
      double low = rows_[i - 1].temperature, high = rows_[i].temperature;
      const double straight = low + (high - low) * before / (before - after);
      std::vector<double> x, y;
      for (std::size_t k = i < 3 ? 0 : i - 3; k < std::min(i + 3, rows_.size()); ++k) {
        x.push_back(rows_[k].temperature - straight);
        y.push_back(binder_difference(rows_[k], without));
      }
      const auto fit = fit_polynomial(x, y, 3);
      if (!fit) return straight;
      const auto value = [&](double t) {
        const auto& c = fit->coefficients;
        const double d = t - straight;
        return c[0] + d * (c[1] + d * (c[2] + d * c[3]));
      };
      if (!(value(low) > 0.0 && value(high) <= 0.0)) return straight;
      for (int step = 0; step < 50; ++step) {
        const double middle = 0.5 * (low + high);
        (value(middle) > 0.0 ? low : high) = middle;
      }
      return 0.5 * (low + high);
    }
    return std::nullopt;
  }

  IsingConfig config_;
  std::vector<Lattice> lattices_{};
  std::vector<Row> rows_{};
};

}  // namespace

std::unique_ptr<Experiment> make_ising(const Params& params) {
  IsingConfig config;
  apply_params("ising", kIsingFields, params, config);
  if (config.size % 2 != 0) throw ConfigError("ising.size must be even");
  if (config.temperature_low > config.temperature_high)
    throw ConfigError("ising.temperature_low must not exceed ising.temperature_high");
  return std::make_unique<IsingLab>(config);
}

}  // namespace emdyn::model::lab::dynamics
