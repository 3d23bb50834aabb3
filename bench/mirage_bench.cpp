#include "mirage_bench.hpp"

#include <array>
#include <cmath>
#include <string>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/mirage/synthetic_pairs.hpp"

namespace emdyn::bench {
namespace {

using namespace emergence::mirage;

struct Counts {
  double right = 0, wrong = 0, undecided = 0, false_real = 0, artefacts = 0;
  void add(MirageVerdict truth, MirageVerdict verdict) {
    if (verdict == MirageVerdict::undecided)
      ++undecided;
    else
      ++(verdict == truth ? right : wrong);
    if (truth != MirageVerdict::artefact) return;
    ++artefacts;
    false_real += verdict == MirageVerdict::real ? 1.0 : 0.0;
  }
  double right_share() const { return right / std::max(right + wrong, 1.0); }
};

MirageVerdict by_score(const SyntheticPair& pair) {
  const double graded = std::abs(emergence_score(pair.graded.values).value_or(0.0));
  const double continuous = std::abs(emergence_score(pair.continuous.values).value_or(0.0));
  return continuous > 0.5 * graded ? MirageVerdict::real : MirageVerdict::artefact;
}

}  // namespace

std::vector<Row> bench_mirage(const MirageBenchOptions& options) {
  std::vector<MirageVerdict> verdicts(options.pairs), scored(options.pairs);
  parallel_for(options.pairs, [&](std::size_t i) {
    const SyntheticPair pair = synthetic_pair(options.seed, i);
    verdicts[i] = judge(pair.graded, &pair.continuous, series::Axis::step,
                        {.items = pair.items, .chance = pair.chance})
                      .verdict;
    scored[i] = by_score(pair);
  });
  Counts all, baseline;
  std::array<Counts, kPairKinds> kinds{};
  for (std::size_t i = 0; i < options.pairs; ++i) {
    const SyntheticPair pair = synthetic_pair(options.seed, i);
    all.add(pair.truth, verdicts[i]);
    baseline.add(pair.truth, scored[i]);
    kinds[static_cast<std::size_t>(pair.kind)].add(pair.truth, verdicts[i]);
  }
  const double pairs = static_cast<double>(options.pairs);
  const double false_real = all.false_real / std::max(all.artefacts, 1.0);
  std::vector<Row> rows;
  const auto row = [&](std::string name, double value, std::optional<double> beside,
                       std::optional<bool> passes) {
    rows.push_back({std::move(name),
                    value,
                    "share",
                    beside,
                    beside ? "emergence score alone" : "",
                    {},
                    {},
                    passes});
  };
  row("right", all.right_share(), baseline.right_share(), all.right_share() >= 0.95);
  row("false_real", false_real, baseline.false_real / std::max(baseline.artefacts, 1.0),
      false_real <= 0.05);
  row("decided", (all.right + all.wrong) / pairs, 1.0, std::nullopt);
  for (std::size_t k = 0; k < kPairKinds; ++k) {
    const std::string name(word(static_cast<PairKind>(k)));
    const Counts& count = kinds[k];
    const double n = std::max(count.right + count.wrong + count.undecided, 1.0);
    row(name + "/right", count.right / n, std::nullopt, std::nullopt);
    row(name + "/wrong", count.wrong / n, std::nullopt, std::nullopt);
    row(name + "/undecided", count.undecided / n, std::nullopt, std::nullopt);
  }
  return rows;
}

}  // namespace emdyn::bench
