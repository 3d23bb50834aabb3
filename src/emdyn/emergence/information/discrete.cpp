#include "emdyn/emergence/information/discrete.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::emergence::information {
namespace {

using boost::math::digamma;

std::vector<std::size_t> order_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return values[a] != values[b] ? values[a] < values[b] : a < b;
  });
  return order;
}

double grassberger_term(std::uint64_t count) {
  const auto n = static_cast<double>(count);
  const double sign = count % 2 == 0 ? 1.0 : -1.0;
  return digamma(n) + 0.5 * sign * (digamma(0.5 * (n + 1.0)) - digamma(0.5 * n));
}

std::vector<std::uint64_t> counts_of(const Symbols& x) {
  std::vector<std::uint64_t> counts(x.kinds, 0);
  for (const std::uint32_t value : x.values) ++counts[value];
  return counts;
}

void require_equal_lengths(std::size_t a, std::size_t b) {
  if (a != b) {
    throw DataError(fmt::format("symbols: columns of {} and {} moments; they must be equal", a, b));
  }
}

/// Pairs become dense symbols in order of (a, b).
Symbols pair_symbols(const Symbols& a, const Symbols& b) {
  require_equal_lengths(a.values.size(), b.values.size());
  std::vector<std::uint64_t> codes(a.values.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[i] = static_cast<std::uint64_t>(a.values[i]) * b.kinds + b.values[i];
  }
  std::vector<std::uint64_t> kinds = codes;
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  Symbols joint;
  joint.kinds = static_cast<std::uint32_t>(kinds.size());
  joint.values.reserve(codes.size());
  for (const std::uint64_t code : codes) {
    joint.values.push_back(static_cast<std::uint32_t>(
        std::lower_bound(kinds.begin(), kinds.end(), code) - kinds.begin()));
  }
  return joint;
}

}  // namespace

Symbols symbols_of(std::span<const double> values) {
  Symbols symbols;
  symbols.values.resize(values.size());
  const std::vector<std::size_t> order = order_of(values);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || values[order[i]] != values[order[i - 1]]) ++symbols.kinds;
    symbols.values[order[i]] = symbols.kinds - 1;
  }
  return symbols;
}

Symbols equal_frequency_symbols(std::span<const double> values, std::size_t bins) {
  if (bins < 2 || bins > values.size()) {
    throw ConfigError(fmt::format("information.bins must be in [2, {}] for {} rows, got {}",
                                  values.size(), values.size(), bins));
  }
  const std::vector<std::size_t> order = order_of(values);
  Symbols symbols;
  symbols.values.resize(values.size());
  std::size_t bin = bins;  // Of the run of equal values before; none yet.
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool tied = i > 0 && values[order[i]] == values[order[i - 1]];
    if (!tied) {
      const std::size_t own = i * bins / order.size();
      if (own != bin) ++symbols.kinds;
      bin = own;
    }
    symbols.values[order[i]] = symbols.kinds - 1;
  }
  return symbols;
}

Symbols joint_symbols(std::span<const Symbols> columns) {
  if (columns.empty()) throw DataError("symbols: a joint of no columns was asked for");
  Symbols joint = columns[0];
  for (const Symbols& column : columns.subspan(1)) joint = pair_symbols(joint, column);
  return joint;
}

double entropy_of_counts(std::span<const std::uint64_t> counts, BiasCorrection correction) {
  std::uint64_t total = 0;
  std::uint64_t seen = 0;
  for (const std::uint64_t count : counts) {
    total += count;
    seen += count > 0;
  }
  if (total == 0) throw DataError("entropy: nothing was counted; at least one sample is needed");
  const auto n = static_cast<double>(total);
  double sum = 0.0;
  for (const std::uint64_t count : counts) {
    if (count == 0) continue;
    const auto c = static_cast<double>(count);
    sum += c * (correction == BiasCorrection::grassberger ? grassberger_term(count) : std::log(c));
  }
  const double estimate = std::log(n) - sum / n;
  const bool madow = correction == BiasCorrection::miller_madow;
  return madow ? estimate + (static_cast<double>(seen) - 1.0) / (2.0 * n) : estimate;
}

double entropy(const Symbols& x, BiasCorrection correction) {
  return entropy_of_counts(counts_of(x), correction);
}

double mutual_information(const Symbols& x, const Symbols& y, BiasCorrection correction) {
  return entropy(x, correction) + entropy(y, correction) - entropy(pair_symbols(x, y), correction);
}

double conditional_mutual_information(const Symbols& x, const Symbols& y, const Symbols& z,
                                      BiasCorrection correction) {
  const Symbols xz = pair_symbols(x, z);
  return entropy(xz, correction) + entropy(pair_symbols(y, z), correction) -
         entropy(pair_symbols(xz, y), correction) - entropy(z, correction);
}

double likelihood_ratio_p_value(const Symbols& x, const Symbols& y, const Symbols& z) {
  const bool conditioned = !z.values.empty();
  const double information = conditioned
                                 ? conditional_mutual_information(x, y, z, BiasCorrection::plug_in)
                                 : mutual_information(x, y, BiasCorrection::plug_in);
  double freedom = 0.0;
  if (conditioned) {
    std::vector<std::uint32_t> kinds_x(z.kinds, 0);
    std::vector<std::uint32_t> kinds_y(z.kinds, 0);
    // Each (x, z) that occurs is one symbol; its z is the class it belongs to.
    const auto count_kinds = [&](const Symbols& part, std::vector<std::uint32_t>& kinds) {
      const Symbols pairs = pair_symbols(part, z);
      std::vector<bool> seen(pairs.kinds, false);
      for (std::size_t i = 0; i < pairs.values.size(); ++i) {
        if (seen[pairs.values[i]]) continue;
        seen[pairs.values[i]] = true;
        ++kinds[z.values[i]];
      }
    };
    count_kinds(x, kinds_x);
    count_kinds(y, kinds_y);
    for (std::size_t c = 0; c < z.kinds; ++c) {
      if (kinds_x[c] > 0) freedom += (kinds_x[c] - 1.0) * (kinds_y[c] - 1.0);
    }
  } else {
    freedom = (x.kinds - 1.0) * (y.kinds - 1.0);
  }
  if (!(freedom > 0.0)) return 1.0;
  const double statistic = 2.0 * static_cast<double>(x.values.size()) * information;
  return math::chi_squared_sf(std::max(statistic, 0.0), freedom);
}

}  // namespace emdyn::emergence::information
