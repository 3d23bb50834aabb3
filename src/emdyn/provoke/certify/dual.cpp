#include "emdyn/provoke/certify/dual.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::provoke::certify {

void Line::set(double low, double high) noexcept {
  lower = low;
  upper = high;
  if (low >= 0.0 || high <= 0.0) {
    slope = low >= 0.0 ? 1.0 : 0.0;
    intercept = 0.0;
    return;
  }
  slope = high / (high - low);
  // A line above the convex max(z, 0) at both ends is above it in between.
  intercept = std::max(-slope * low, high - slope * high);
  intercept += 4.0 * std::numeric_limits<double>::epsilon() * std::max(high, -low);
}

Relaxation Dual::initial(SlopeRule slopes) const {
  Relaxation choice;
  for (const Unit& unit : units_) {
    const Line& line = unit.line;
    choice.line.push_back(line);
    choice.side.push_back(line.lower >= 0.0   ? Side::active
                          : line.upper <= 0.0 ? Side::inactive
                                              : Side::open);
    choice.beta.push_back(0.0);
    const double adaptive = line.upper > -line.lower ? 1.0 : 0.0;
    choice.alpha.push_back(slopes == SlopeRule::parallel ? line.slope : adaptive);
  }
  return choice;
}

void Dual::prepare() { c_.assign(region_.size() + units_.size(), 0.0); }

double Dual::bound(const Form& objective, double sign, const Relaxation& choice) {
  ++bounds_;
  prepare();
  objective.add_to(c_, sign);
  double value = sign * objective.constant;
  double rounding = 0.0;
  const std::size_t n = region_.size();
  for (std::size_t j = units_.size(); j-- > 0;) {
    const double q = c_[n + j];
    const Unit& unit = units_[j];
    double s = 0.0;
    switch (choice.side[j]) {
      case Side::open:
        if (q == 0.0) continue;
        s = q * (q > 0.0 ? choice.alpha[j] : choice.line[j].slope);
        if (q < 0.0) value += q * choice.line[j].intercept;
        break;
      case Side::active:
        s = q - choice.beta[j];
        rounding += choice.beta[j] * unit.rounding;
        break;
      case Side::inactive:
        s = choice.beta[j];
        rounding += choice.beta[j] * unit.rounding;
        break;
    }
    if (s == 0.0) continue;
    value += s * unit.form.constant;
    unit.form.add_to(c_, s);
  }
  return value + region_.minimum(std::span(c_).first(n)) - rounding;
}

void Dual::relaxed_values(const Relaxation& choice) {
  const std::size_t n = region_.size();
  v_.assign(n + units_.size(), 0.0);
  z_.assign(units_.size(), 0.0);
  region_.minimiser(std::span(c_).first(n), std::span(v_).first(n));
  for (std::size_t j = 0; j < units_.size(); ++j) {
    const double q = c_[n + j];
    if (q == 0.0 && choice.side[j] == Side::open) continue;  // Nothing depends on it.
    const Unit& unit = units_[j];
    const double z = unit.form.at(v_);
    z_[j] = z;
    switch (choice.side[j]) {
      case Side::open:
        v_[n + j] =
            q > 0.0 ? choice.alpha[j] * z : choice.line[j].slope * z + choice.line[j].intercept;
        break;
      case Side::active:
        v_[n + j] = z;
        break;
      case Side::inactive:
        break;
    }
  }
}

double Dual::ascend(const Form& objective, double sign, Relaxation& choice, const Ascent& ascent) {
  constexpr double kDecay1 = 0.9;  // Adam's, as published.
  constexpr double kDecay2 = 0.999;
  constexpr double kCooling = 0.98;
  const std::size_t n = region_.size();
  double best = bound(objective, sign, choice);
  if (best > ascent.stop_above) return best;
  Relaxation found = choice;
  std::vector<double> mean(units_.size(), 0.0);
  std::vector<double> square(units_.size(), 0.0);
  std::vector<double> scale(units_.size(), 0.0);
  double largest = 0.0;
  for (std::size_t j = 0; j < units_.size(); ++j) largest = std::max(largest, std::abs(c_[n + j]));
  for (std::size_t j = 0; j < units_.size(); ++j)
    scale[j] = std::max(std::abs(c_[n + j]), 0.01 * largest);
  double rate = ascent.learning_rate;
  double power1 = 1.0;
  double power2 = 1.0;
  for (int iteration = 0; iteration < ascent.iterations && !stopped(); ++iteration) {
    relaxed_values(choice);
    power1 *= kDecay1;
    power2 *= kDecay2;
    bool moved = false;
    for (std::size_t j = 0; j < units_.size(); ++j) {
      const bool open = choice.side[j] == Side::open;
      const double q = c_[n + j];
      const double unscaled = open                             ? (q > 0.0 ? q * z_[j] : 0.0)
                              : choice.side[j] == Side::active ? -z_[j]
                                                               : z_[j];
      const double g = open ? unscaled : unscaled * scale[j];
      mean[j] = kDecay1 * mean[j] + (1.0 - kDecay1) * g;
      square[j] = kDecay2 * square[j] + (1.0 - kDecay2) * g * g;
      if (mean[j] == 0.0) continue;
      const double step =
          rate * (mean[j] / (1.0 - power1)) / (std::sqrt(square[j] / (1.0 - power2)) + 1e-12);
      double& value = open ? choice.alpha[j] : choice.beta[j];
      const double before = value;
      value = open ? std::clamp(value + step, 0.0, 1.0) : std::max(0.0, value + step * scale[j]);
      moved = moved || value != before;
    }
    if (!moved) break;
    rate *= kCooling;
    const double value = bound(objective, sign, choice);
    if (value > best) {
      best = value;
      found = choice;
      if (best > ascent.stop_above) return best;
    }
  }
  choice = std::move(found);
  return bound(objective, sign, choice);
}

std::vector<double> Dual::minimiser() const {
  std::vector<double> at(region_.size());
  region_.minimiser(std::span(c_).first(at.size()), at);
  return at;
}

double Dual::exact(const Form& objective, std::span<const double> x) {
  const std::size_t n = region_.size();
  v_.resize(n + units_.size());
  z_.resize(units_.size());
  std::copy(x.begin(), x.end(), v_.begin());
  for (std::size_t j = 0; j < units_.size(); ++j) {
    z_[j] = units_[j].form.at(v_);
    v_[n + j] = std::max(0.0, z_[j]);
  }
  return objective.at(v_);
}

std::span<const double> Dual::gradient(const Form& objective) {
  prepare();
  objective.add_to(c_, 1.0);
  const std::size_t n = region_.size();
  for (std::size_t j = units_.size(); j-- > 0;) {
    const double q = c_[n + j];
    if (q != 0.0 && z_[j] > 0.0) units_[j].form.add_to(c_, q);
  }
  return std::span(c_).first(n);
}

}  // namespace emdyn::provoke::certify
