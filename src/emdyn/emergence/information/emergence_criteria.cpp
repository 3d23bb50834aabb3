#include "emdyn/emergence/information/emergence_criteria.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/gaussian.hpp"
#include "emdyn/emergence/information/measures.hpp"
#include "emdyn/emergence/information/resample.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr std::uint64_t kPartedStream = 0x50534900000000ULL;

/// The criteria from any information between something before and something after; `parts` stands
/// for V.
template <class Information>
EmergenceCriteria criteria_from(std::size_t parts, Information&& information) {
  EmergenceCriteria result;
  const std::size_t macro = parts;
  result.stored = information(macro, macro);
  result.psi = result.stored;
  result.delta = -HUGE_VAL;
  result.gamma = -HUGE_VAL;
  for (std::size_t j = 0; j < parts; ++j) {
    result.psi -= information(j, macro);
    const double downward = information(macro, j);
    double among_parts = 0.0;
    for (std::size_t i = 0; i < parts; ++i) among_parts += information(i, j);
    result.delta = std::max(result.delta, downward - among_parts);
    result.gamma = std::max(result.gamma, downward);
  }
  return result;
}

/// Parts and V, before and after a step, as rows that an estimator can take.
class StepTable {
 public:
  StepTable(const Signals& signals, const Signals& macro, const EmergenceOptions& options)
      : discrete_(options.estimator == CriteriaEstimator::discrete) {
    const auto lag = static_cast<std::size_t>(options.lag);
    const StepPairs parts = steps_of(signals, lag);
    const StepPairs whole = steps_of(macro, lag);
    for (Eigen::Index j = 0; j < signals.cols(); ++j) {
      add(parts.before.col(j), parts.after.col(j));
    }
    add(whole.before, whole.after);
  }

  std::size_t rows() const { return static_cast<std::size_t>(before_.front().rows()); }
  std::size_t parts() const { return before_.size() - 1; }

  /// Criteria with rows [begin, end) left out.
  EmergenceCriteria criteria(std::size_t begin, std::size_t end) const {
    return discrete_ ? discrete_criteria(begin, end) : gaussian_criteria(begin, end);
  }

 private:
  void add(const Signals& before, const Signals& after) {
    before_.push_back(before);
    after_.push_back(after);
    if (!discrete_) return;
    symbols_before_.push_back(symbols(before));
    symbols_after_.push_back(symbols(after));
  }

  static Symbols symbols(const Signals& columns) {
    std::vector<Symbols> each;
    for (Eigen::Index j = 0; j < columns.cols(); ++j) {
      each.push_back(symbols_of({columns.col(j).data(), static_cast<std::size_t>(columns.rows())}));
    }
    return joint_symbols(each);
  }

  static Symbols without_rows(Symbols all, std::size_t begin, std::size_t end) {
    all.values.erase(all.values.begin() + static_cast<std::ptrdiff_t>(begin),
                     all.values.begin() + static_cast<std::ptrdiff_t>(end));
    return all;
  }

  EmergenceCriteria discrete_criteria(std::size_t begin, std::size_t end) const {
    std::vector<Symbols> before;
    std::vector<Symbols> after;
    for (std::size_t j = 0; j < before_.size(); ++j) {
      before.push_back(without_rows(symbols_before_[j], begin, end));
      after.push_back(without_rows(symbols_after_[j], begin, end));
    }
    return criteria_from(parts(), [&](std::size_t i, std::size_t j) {
      return mutual_information(before[i], after[j], BiasCorrection::miller_madow);
    });
  }

  static Signals kept(const std::vector<Signals>& columns, std::size_t begin, std::size_t end) {
    Eigen::Index width = 0;
    for (const Signals& part : columns) width += part.cols();
    const auto first = static_cast<Eigen::Index>(begin);
    const Eigen::Index last = columns.front().rows() - static_cast<Eigen::Index>(end);
    Signals rows(first + last, width);
    Eigen::Index at = 0;
    for (const Signals& part : columns) {
      rows.block(0, at, first, part.cols()) = part.topRows(first);
      rows.block(first, at, last, part.cols()) = part.bottomRows(last);
      at += part.cols();
    }
    return standardised(rows);
  }

  EmergenceCriteria gaussian_criteria(std::size_t begin, std::size_t end) const {
    const Signals before = kept(before_, begin, end);
    const Signals after = kept(after_, begin, end);
    const auto count = static_cast<std::size_t>(before.rows());
    const Eigen::MatrixXd cross = before.transpose() * after / static_cast<double>(count);
    const double bias = 2.0 * gaussian_entropy_bias(1, count) - gaussian_entropy_bias(2, count);
    return criteria_from(parts(), [&](std::size_t i, std::size_t j) {
      const Eigen::Index width_i = before_[i].cols();
      const Eigen::Index width_j = after_[j].cols();
      if (width_i > 1 || width_j > 1) {
        Signals both(before.rows(), width_i + width_j);
        both << before.middleCols(static_cast<Eigen::Index>(i), width_i),
            after.middleCols(static_cast<Eigen::Index>(j), width_j);
        return gaussian_information(covariance_of(both), static_cast<std::size_t>(width_i),
                                    static_cast<std::size_t>(width_j), 0, count);
      }
      const double r = cross(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
      // A copy without noise has no finite information; what rounding leaves is its bound.
      return -0.5 * std::log(std::max(1.0 - r * r, 1e-15)) - bias;
    });
  }

  bool discrete_;
  std::vector<Signals> before_{}, after_{};  ///< The last is V.
  std::vector<Symbols> symbols_before_{}, symbols_after_{};
};

Criterion criterion(double value, std::vector<double> left_out, std::vector<double> surrogates,
                    double level) {
  Criterion result;
  result.value = jackknife_interval(value, left_out, level);
  if (surrogates.empty()) {
    result.null_low = result.null_high = std::numeric_limits<double>::quiet_NaN();
    return result;
  }
  result.p_value = upper_p_value(value, surrogates);
  result.null_low = math::quantile(surrogates, 0.5 * (1.0 - level));
  result.null_high = math::quantile(surrogates, 0.5 * (1.0 + level));
  return result;
}

std::vector<double> column(const std::vector<EmergenceCriteria>& list,
                           double EmergenceCriteria::*member) {
  std::vector<double> values;
  for (const EmergenceCriteria& one : list) values.push_back(one.*member);
  return values;
}

/// The same parts, each turned by a time of its own: nothing is shared.
std::vector<EmergenceCriteria> without_interaction(const Signals& signals, const MacroOf& macro,
                                                   const EmergenceOptions& options) {
  std::vector<EmergenceCriteria> found(static_cast<std::size_t>(options.surrogates));
  parallel_for(found.size(), [&](std::size_t k) {
    Philox random(static_cast<std::uint64_t>(options.seed), kPartedStream + k);
    std::vector<std::size_t> shifts(static_cast<std::size_t>(signals.cols()));
    for (std::size_t& shift : shifts) {
      shift = random_turn(static_cast<std::size_t>(signals.rows()), random);
    }
    const Signals parted = turned(signals, shifts);
    found[k] = StepTable(parted, macro(parted), options).criteria(0, 0);
  });
  return found;
}

Signals mean_of(const Signals& signals) { return standardised(signals).rowwise().mean(); }

Signals parity_of(const Signals& signals) {
  const bool bits = (signals.array() == 0.0 || signals.array() == 1.0).all();
  Signals parity(signals.rows(), 1);
  for (Eigen::Index i = 0; i < signals.rows(); ++i) {
    int ones = 0;
    for (Eigen::Index j = 0; j < signals.cols(); ++j) {
      ones += bits ? signals(i, j) > 0.5 : signals(i, j) > 0.0;
    }
    parity(i, 0) = ones % 2;
  }
  return parity;
}

}  // namespace

EmergenceCriteria emergence_criteria(const EntropyOf& entropy, const std::vector<Parts>& before,
                                     const std::vector<Parts>& after, const Parts& macro_before,
                                     const Parts& macro_after) {
  if (before.size() < 2 || before.size() != after.size()) {
    throw DataError(
        fmt::format("emergence_criteria: {} parts before and {} after; at least 2 and "
                    "equally many are needed",
                    before.size(), after.size()));
  }
  return criteria_from(before.size(), [&](std::size_t i, std::size_t j) {
    return mutual_information(entropy, i < before.size() ? before[i] : macro_before,
                              j < after.size() ? after[j] : macro_after);
  });
}

MacroOf macro_of(const SignalsView& signals, Macro macro) {
  if (macro == Macro::parity) return parity_of;
  if (macro == Macro::mean) return mean_of;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance_of(standardised(signals)));
  const Eigen::VectorXd direction = solver.eigenvectors().col(signals.cols() - 1);
  return [direction](const Signals& rows) -> Signals { return standardised(rows) * direction; };
}

EmergenceFound find_emergence(const SignalsView& signals, const EmergenceOptions& options) {
  // Before anything is learned from the signals.
  require_usable("emergence_criteria", signals, 2);
  return find_emergence(signals, macro_of(signals, options.macro), options);
}

EmergenceFound find_emergence(const SignalsView& signals, const MacroOf& macro,
                              const EmergenceOptions& options) {
  checked(EmergenceOptions::kName, kEmergenceFields, options);
  if (signals.cols() < 2) {
    throw DataError(fmt::format("emergence_criteria: {} parts were given; at least 2 are needed",
                                signals.cols()));
  }
  constexpr std::size_t kFewestSteps = 20;
  require_usable("emergence_criteria", signals,
                 kFewestSteps + static_cast<std::size_t>(options.lag));
  const Signals parts = signals;
  const Signals whole = macro(parts);
  require_usable("emergence_criteria.macro", whole, static_cast<std::size_t>(parts.rows()));
  const StepTable table(parts, whole, options);
  const EmergenceCriteria value = table.criteria(0, 0);
  EmergenceFound found;
  found.steps = table.rows();
  std::vector<EmergenceCriteria> left_out(
      options.blocks >= 2 ? std::min(static_cast<std::size_t>(options.blocks), found.steps / 2)
                          : 0);
  parallel_for(left_out.size(), [&](std::size_t b) {
    left_out[b] =
        table.criteria(b * found.steps / left_out.size(), (b + 1) * found.steps / left_out.size());
  });
  const std::vector<EmergenceCriteria> null = without_interaction(parts, macro, options);
  const auto judged = [&](double EmergenceCriteria::*member) {
    return criterion(value.*member, column(left_out, member), column(null, member), options.level);
  };
  found.psi = judged(&EmergenceCriteria::psi);
  found.delta = judged(&EmergenceCriteria::delta);
  found.gamma = judged(&EmergenceCriteria::gamma);
  const double rare = 1.0 - options.level;
  found.emergent = (value.psi > 0.0 && found.psi.p_value <= rare) ||
                   (value.delta > 0.0 && found.delta.p_value <= rare);
  return found;
}

std::vector<series::Interaction> records(const std::vector<std::string>& parts,
                                         const EmergenceFound& found,
                                         const EmergenceOptions& options) {
  std::vector<series::Interaction> list;
  const auto add = [&](std::string_view measure, const Criterion& criterion) {
    series::Interaction record;
    record.parts = parts;
    record.measure = measure;
    record.value = criterion.value;
    if (options.surrogates > 0) record.null = {criterion.p_value, "independent_parts"};
    record.estimator = kCriteriaEstimatorWords[static_cast<std::size_t>(options.estimator)];
    list.push_back(std::move(record));
  };
  add(kPsiName, found.psi);
  add(kDeltaName, found.delta);
  add(kGammaName, found.gamma);
  return list;
}

}  // namespace emdyn::emergence::information
