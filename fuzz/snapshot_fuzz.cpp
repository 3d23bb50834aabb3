#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/detect/live/many_signals.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"
#include "fuzz.hpp"

// Snapshots of detectors of series, of detectors of rows and of one detector over many signals.
// Each input is tried as it is and with its checksum made right, so that what lies behind the
// checksum is reached too. What is restored must run: scores are numbers, >= 0, and its own
// snapshot restores.
namespace {

using namespace emdyn;
using namespace emdyn::detect;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kChannels = 3;

std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void require(bool good, std::string_view of, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(of.size()), of.data(), what);
  std::abort();
}

std::uint64_t sum_at_end(std::span<const std::byte> bytes) {
  return checksum(bytes.first(bytes.size() - sizeof(std::uint64_t)));
}

/// A sample that may be anything finite.
double sample(Philox& random) {
  const std::uint32_t die = random.below(16);
  const double value = random.normal();
  return die == 0 ? value * 1e300 : die == 1 ? 0.0 : die == 2 ? 1e-310 : value;
}

void run_series(std::span<const std::byte> bytes) {
  const auto detector = restore(bytes);
  const std::string_view name = detector->name();
  require(snapshot(*restore(snapshot(*detector))) == snapshot(*detector), name, "round trip");
  Philox random(3);
  for (int i = 0; i < 120; ++i) {
    require(detector->update(sample(random)) >= 0.0, name, "score >= 0");
    const Evidence evidence = detector->evidence();
    require(evidence.onset_earliest_ago >= evidence.onset_samples_ago &&
                evidence.onset_samples_ago >= evidence.onset_latest_ago,
            name, "onset in order");
    if (const auto p = detector->p_value()) require(*p >= 0.0 && *p <= 1.0, name, "p in [0, 1]");
    if (i == 60) detector->skip(3);
    if (i == 80) detector->rearm();
  }
  (void)detector->shares();
  (void)restore(snapshot(*detector));
  (void)detector->clone();
  detector->reset();
}

void run_rows(std::span<const std::byte> bytes) {
  const auto detector = restore_vector(bytes);
  const std::string_view name = detector->name();
  Philox random(4);
  std::vector<double> row(detector->channels());
  std::vector<double> shares(detector->channels());
  for (int i = 0; i < 40; ++i) {
    for (double& value : row) value = random.below(9) == 0 ? std::nan("") : sample(random);
    require(detector->update({row}) >= 0.0, name, "score >= 0");
    if (i % 8 == 0) detector->attribution(shares);
    for (const double share : shares)
      require(share >= 0.0 && share <= 1.001, name, "share in [0, 1]");
    if (const auto p = detector->p_value()) require(*p >= 0.0 && *p <= 1.0, name, "p in [0, 1]");
  }
  (void)restore_vector(snapshot(*detector));
  detector->reset();
}

template <class Method>
void run_many(std::span<const std::byte> bytes) {
  using Many = ManySignals<Method>;
  Many many = Many::restore(bytes);
  Philox random(5);
  std::vector<double> samples(8 * many.signals());
  std::vector<double> scores(many.signals());
  for (double& value : samples) value = sample(random);
  for (int i = 0; i < 4; ++i) many.update(samples, scores);
  for (std::size_t i = 0; i < many.signals(); ++i) {
    require(scores[i] >= 0.0, "many_signals", "score >= 0");
    (void)many.evidence(i);
    many.rearm(i);
  }
  require(Many::restore(many.snapshot()) == many, "many_signals", "round trip");
}

template <class Run>
void attempt(std::span<const std::byte> bytes, Run run) {
  try {
    run(bytes);
  } catch (const DataError&) {  // Refused: as it should be. Anything else ends the program.
  }
}

void attempt_all(std::span<const std::byte> bytes) {
  attempt(bytes, run_series);
  attempt(bytes, run_rows);
  attempt(bytes, run_many<Cusum>);
  attempt(bytes, run_many<Ddm>);
  attempt(bytes, run_many<ECusum>);
  attempt(bytes, run_many<ESr>);
  attempt(bytes, run_many<Eddm>);
  attempt(bytes, run_many<Ewma>);
  attempt(bytes, run_many<EwmaCusum>);
  attempt(bytes, run_many<HddmA>);
  attempt(bytes, run_many<HddmW>);
  attempt(bytes, run_many<KSigma>);
  attempt(bytes, run_many<PageHinkley>);
}

}  // namespace

std::vector<std::string> emdyn::fuzz::seeds() {
  std::vector<std::string> seeds;
  Philox random(1);
  for (const Entry& entry : entries()) {
    const auto detector = entry.make({});
    if (entry.name != "auto") seeds.push_back(text_of(snapshot(*detector)));
    for (int i = 0; i < 150; ++i) {
      const bool errors = entry.domain == Domain::binary || entry.domain == Domain::count;
      detector->update(errors ? random.below(2) : random.uniform());
    }
    // The ensemble's arrays are large and make slow seeds: a small one stands for it.
    if (entry.name != "auto") seeds.push_back(text_of(snapshot(*detector)));
  }
  seeds.push_back(text_of(snapshot(*make_detector("auto", {{"history", "64"}}))));
  for (const VectorEntry& entry : vector_entries()) {
    Params small;
    if (entry.name == "random_cut_forest")
      small = {{"trees", "2"}, {"rows", "8"}, {"shingle", "2"}};
    if (entry.name == "half_space_trees") small = {{"trees", "2"}, {"depth", "3"}};
    if (entry.name == "loda") small = {{"projections", "3"}, {"bins", "4"}};
    if (entry.name == "newma") small = {{"features", "4"}};
    if (entry.name == "xstream") small = {{"projections", "3"}, {"chains", "1"}, {"depth", "1"}};
    const auto detector = entry.make(small, kChannels);
    std::array<double, kChannels> row{};
    for (int i = 0; i < 90; ++i) {
      for (double& value : row) value = random.normal();
      detector->update({row});
    }
    seeds.push_back(text_of(snapshot(*detector)));
  }
  const auto many_seed = [&]<class Method>(ManySignals<Method> many) {
    std::vector<double> samples;
    for (int i = 0; i < 3 * 150; ++i) samples.push_back(random.below(2));
    std::vector<double> scores(3);
    many.update(samples, scores);
    seeds.push_back(text_of(many.snapshot()));
  };
  many_seed(ManySignals<EwmaCusum>(3, {.baseline_samples = 4}));
  many_seed(ManySignals<Cusum>(3, {}));
  many_seed(ManySignals<Ddm>(3, {}));
  many_seed(ManySignals<ESr>(3, {}));
  many_seed(ManySignals<Eddm>(3, {}));
  many_seed(ManySignals<Ewma>(3, {}));
  many_seed(ManySignals<HddmA>(3, {}));
  many_seed(ManySignals<HddmW>(3, {}));
  many_seed(ManySignals<KSigma>(3, {}));
  many_seed(ManySignals<PageHinkley>(3, {}));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(size);
  std::copy_n(reinterpret_cast<const std::byte*>(data), size, bytes.begin());
  attempt_all(bytes);
  if (size < sizeof(std::uint64_t)) return 0;
  StateWriter sum;
  sum(sum_at_end(bytes));
  std::ranges::copy(sum.bytes(), bytes.end() - sizeof(std::uint64_t));
  attempt_all(bytes);
  return 0;
}
