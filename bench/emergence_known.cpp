#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/effective_information.hpp"
#include "emdyn/emergence/information/emergence_criteria.hpp"
#include "emdyn/emergence/information/gaussian.hpp"
#include "emdyn/emergence/information/ksg.hpp"
#include "emdyn/emergence/information/multivariate.hpp"
#include "emdyn/emergence/information/phiid.hpp"
#include "emdyn/math/kendall.hpp"
#include "emdyn/model/lab/dynamics/percolation.hpp"
#include "emergence_bench.hpp"

namespace emdyn::bench {
namespace {

using namespace emergence::information;
using Outcomes = std::vector<std::vector<int>>;

constexpr double kNats = std::numbers::ln2;  // Of a bit.

/// The largest difference of known answers from the printed digits.
class Answers {
 public:
  /// @param digits half a unit of the last printed digit.
  void compare(double value, double printed, double digits = 5e-7) {
    ++count_;
    if (!(std::fabs(value - printed) <= digits)) ++missed_;
  }
  std::size_t count() const { return count_; }
  std::size_t missed() const { return missed_; }

 private:
  std::size_t count_ = 0, missed_ = 0;
};

Law gate(std::size_t inputs, int (*output)(const std::vector<int>&)) {
  Outcomes rows;
  for (std::size_t code = 0; code < (std::size_t{1} << inputs); ++code) {
    std::vector<int> row;
    for (std::size_t i = 0; i < inputs; ++i) row.push_back(static_cast<int>(code >> i & 1));
    row.push_back(output(row));
    rows.push_back(std::move(row));
  }
  return Law(rows);
}

void compare_group(Answers& answers, const Togetherness& found, double total, double dual,
                   double unit, double digits) {
  answers.compare(found.total_correlation / unit, total, digits);
  answers.compare(found.dual_total_correlation / unit, dual, digits);
  answers.compare(found.o_information / unit, total - dual, 2.0 * digits);
  answers.compare(found.s_information / unit, total + dual, 2.0 * digits);
}

void compare_groups(Answers& answers) {
  const auto parity = [](const std::vector<int>& row) {
    int sum = 0;
    for (const int bit : row) sum ^= bit;
    return sum;
  };
  const auto all_on = [](const std::vector<int>& row) { return row[0] & row[1]; };
  const auto of = [](const Law& law) {
    return togetherness(law.entropies(), all_of(law.variables()));
  };
  compare_group(answers, of(gate(2, parity)), 1.0, 2.0, kNats, 1e-9);
  compare_group(answers, of(Law(Outcomes{{0, 0, 0}, {1, 1, 1}})), 2.0, 1.0, kNats, 1e-9);
  compare_group(answers, of(gate(3, parity)), 1.0, 3.0, kNats, 1e-9);
  compare_group(answers, of(gate(2, all_on)), 0.811278124, 1.0, kNats, 1e-9);
  struct Equicorrelated {
    Eigen::Index parts;
    double rho, total, dual;
  };
  for (const Equicorrelated& each : {Equicorrelated{3, .5, .346574, .261624},
                                     {3, .9, 1.787775, 1.084454},
                                     {5, .5, .836988, .440076},
                                     {3, -.3, .195781, .250096}}) {
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Constant(each.parts, each.parts, each.rho);
    covariance.diagonal().setOnes();
    compare_group(answers, gaussian_togetherness(covariance), each.total, each.dual, 1.0, 1e-6);
  }
}

void compare_pairs(Answers& answers) {
  const std::array<std::pair<double, double>, 6> pairs{
      {{.1, .005025}, {.3, .047155}, {.5, .143841}, {.6, .223144}, {.9, .830366}, {.99, 1.958518}}};
  for (const auto& [rho, information] : pairs) {
    Eigen::Matrix2d covariance;
    covariance << 1.0, rho, rho, 1.0;
    answers.compare(gaussian_information(covariance, 1, 1, 0), information);
  }
}

/// Two bits before and after a step; `after` maps x, y and two coins.
template <class After>
Law step_law(After after) {
  Outcomes rows;
  for (int code = 0; code < 16; ++code) {
    const int x = code & 1, y = code >> 1 & 1;
    const auto [u, v] = after(x, y, code >> 2 & 1, code >> 3 & 1);
    rows.push_back({x, y, u, v, x ^ y, u ^ v});
  }
  return Law(rows);
}

void compare_emergence(Answers& answers) {
  struct Criteria {
    Law law;
    double psi, delta, gamma, total;
  };
  const Criteria laws[] = {
      {step_law([](int x, int y, int a, int) { return std::pair(x ^ y, a); }), 0, 1, 1, 1},
      {step_law([](int x, int y, int a, int) { return std::pair(a, a ^ x ^ y); }), 1, 0, 0, 1},
      {step_law([](int x, int y, int, int) { return std::pair(x, y); }), 1, -1, 0, 2},
      {step_law([](int, int, int a, int b) { return std::pair(a, b); }), 0, 0, 0, 0},
      {step_law([](int x, int y, int, int) { return std::pair(y, x); }), 1, -1, 0, 2}};
  for (const Criteria& each : laws) {
    const auto found = emergence_criteria(each.law.entropies(), {{0}, {1}}, {{2}, {3}}, {4}, {5});
    answers.compare(found.psi / kNats, each.psi);
    answers.compare(found.delta / kNats, each.delta);
    answers.compare(found.gamma / kNats, each.gamma);
    const Atoms atoms = integrated_information(each.law, {{0}, {1}, {2}, {3}}, Redundancy::mmi);
    answers.compare(atoms.total() / kNats, each.total);
  }
  const Atoms copies = integrated_information(laws[2].law, {{0}, {1}, {2}, {3}}, Redundancy::mmi);
  answers.compare(copies.at("sts") / kNats, 2.0);
  answers.compare(copies.at("xts") / kNats, -1.0);
  answers.compare(copies.at("rts") / kNats, 1.0);
}

void compare_chains(Answers& answers) {
  Eigen::MatrixXd hoel = Eigen::MatrixXd::Zero(8, 8);
  hoel.topLeftCorner(7, 7).setConstant(1.0 / 7.0);
  hoel(7, 7) = 1.0;
  const CausalEmergence found = causal_emergence(hoel);
  answers.compare(found.micro.effective_information / kNats, 0.543564);
  answers.compare(found.best.information.effective_information / kNats, 1.0);
  Eigen::MatrixXd turn = Eigen::MatrixXd::Zero(8, 8);
  for (Eigen::Index i = 0; i < 8; ++i) turn(i, (i + 1) % 8) = 1.0;
  answers.compare(effective_information(turn).effective_information / kNats, 3.0);
  Eigen::MatrixXd falls = Eigen::MatrixXd::Zero(8, 8);
  falls.col(0).setOnes();
  answers.compare(effective_information(falls).effective_information / kNats, 0.0);
  answers.compare(effective_information(falls).determinism / kNats, 3.0);
  Eigen::Matrix2d noisy;
  noisy << .9, .1, .1, .9;
  answers.compare(effective_information(noisy).effective_information / kNats, 0.531004);
}

double seconds_of(const auto& work) {
  double best = HUGE_VAL;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

Signals correlated(Eigen::Index rows, Eigen::Index columns, double rho, std::uint64_t seed) {
  Philox random(seed, 0x4b5347);
  Signals signals(rows, columns);
  for (Eigen::Index t = 0; t < rows; ++t) {
    const double shared = random.normal();
    for (Eigen::Index j = 0; j < columns; ++j)
      signals(t, j) = std::sqrt(rho) * shared + std::sqrt(1.0 - rho) * random.normal();
  }
  return signals;
}

}  // namespace

std::vector<Row> known_answer_rows(const EmergenceBenchOptions&) {
  Answers answers;
  compare_groups(answers);
  compare_pairs(answers);
  compare_emergence(answers);
  compare_chains(answers);
  for (const auto& [count, deviation] :
       {std::pair<std::size_t, double>{20, .16222}, {50, .09759}, {100, .06783}, {500, .02992}})
    answers.compare(math::kendall_null_sd(count), deviation, 5e-6);
  for (const auto& [degree, share] :
       {std::pair{1.1, .176134}, {1.5, .582812}, {2.0, .796812}, {3.0, .940480}})
    answers.compare(model::lab::dynamics::giant_share(degree), share);
  Row row = at_most("known/missed", static_cast<double>(answers.missed()), 0.0, "answers");
  row.baseline = static_cast<double>(answers.count());
  row.baseline_name = "answers compared";
  return {row};
}

std::vector<Row> information_speed_rows(const EmergenceBenchOptions& options) {
  std::vector<Row> rows;
  const Eigen::MatrixXd covariance = covariance_of(correlated(2000, 20, .3, options.seed));
  ScoredGroups groups;
  const double all = seconds_of([&] { groups = o_information_of_all(covariance, 10); });
  rows.push_back(at_most("speed/o_information_20_of_10", 1e3 * all, 10.0, "ms"));
  double largest = 0.0;
  for (std::size_t i = 0; i < groups.masks.size(); i += 1847) {
    const Parts group = groups.group(i);
    const std::vector<Eigen::Index> at(group.begin(), group.end());
    largest = std::max(largest, std::fabs(groups.o_information[i] -
                                          gaussian_togetherness(covariance(at, at)).o_information));
  }
  rows.push_back(at_most("speed/o_information_against_single", largest, 1e-9, "nats"));
  constexpr Eigen::Index kPoints = 100'000;
  const Signals pair =
      prepared_for_neighbours(correlated(kPoints, 2, .6, options.seed), options.seed);
  double information = 0.0;
  const double ksg = seconds_of([&] {
    information = ksg_total_correlation({pair.col(0), pair.col(1)}, {.neighbours = 4});
  });
  rows.push_back(at_most("speed/ksg_100000_points", ksg, 1.0, "s"));
  rows.push_back(
      at_most("speed/ksg_error", std::fabs(information + .5 * std::log(1.0 - .36)), .01, "nats"));
  return rows;
}

}  // namespace emdyn::bench
