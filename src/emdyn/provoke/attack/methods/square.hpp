#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct SquareConfig {
  std::int64_t queries = 5000;
  double p = 0.8;
  std::int64_t restarts = 1;
  static constexpr std::string_view kName = "square";
};
inline constexpr std::array kSquareFields{
    Field<SquareConfig>{"queries", &SquareConfig::queries, 1, 10000000, "forward passes per start"},
    Field<SquareConfig>{"p", &SquareConfig::p, 1e-6, 1.0, "share of the values first changed"},
    Field<SquareConfig>{"restarts", &SquareConfig::restarts, 1, 1000, "starts per point"},
};

/// Random search over square patches of extreme changes, without gradients: Andriushchenko, Croce,
/// Flammarion, Hein, "Square attack: a query-efficient black-box adversarial attack via random
/// search", ECCV 2020, with its halving schedule for p rescaled to the number of queries. Images
/// [channel, height, width], films as more channels, sequences [time, d] as one channel; a vector
/// is an image of height 1 whose patches are runs of values. In linf and l2. Never more than
/// `queries` forward passes a start.
class Square final : public AttackMethod {
 public:
  explicit Square(const SquareConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  SquareConfig config_;
};

/// Share of the values that a patch covers at a query, 0 to queries − 1.
double square_share(double p, std::int64_t query, std::int64_t queries) noexcept;

}  // namespace emdyn::provoke::attack
