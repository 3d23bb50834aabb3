#include <cmath>
#include <cstdlib>
#include <cstring>
#include <span>

#include "emdyn/core/error.hpp"
#include "emdyn/provoke/guard/guard.hpp"
#include "fuzz.hpp"

namespace {

using namespace emdyn;

constexpr std::size_t kRows = 120;
constexpr std::size_t kFeatures = 4;
constexpr std::size_t kClasses = 2;

/// A small training set, the same every time.
struct Samples {
  std::vector<float> features;
  std::vector<float> logits;
  std::vector<std::uint32_t> labels;
  std::vector<float> weight;
  std::vector<float> bias = std::vector<float>(kClasses, 0.5F);

  Samples() {
    for (std::size_t i = 0; i < kRows * kFeatures; ++i)
      features.push_back(static_cast<float>(i * 7919 % 97) / 97.0F);
    for (std::size_t i = 0; i < kRows * kClasses; ++i)
      logits.push_back(static_cast<float>(i * 104729 % 89) / 20.0F);
    for (std::size_t i = 0; i < kRows; ++i)
      labels.push_back(static_cast<std::uint32_t>(i % kClasses));
    for (std::size_t i = 0; i < kClasses * kFeatures; ++i)
      weight.push_back(static_cast<float>(i * 31 % 17) / 17.0F);
  }
  provoke::ood::TrainingSet training() const {
    return {math::matrix_view(features.data(), kRows, kFeatures),
            math::matrix_view(logits.data(), kRows, kClasses),
            labels,
            {math::matrix_view(weight.data(), kClasses, kFeatures), bias}};
  }
  provoke::guard::Guard fitted(std::span<const std::string_view> panel) const {
    return provoke::guard::Guard::fit(training(), {}, {.bank = 50}, panel);
  }
};

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

std::vector<std::string> emdyn::fuzz::seeds() {
  const Samples samples;
  std::vector<std::string> all;
  constexpr std::string_view one[] = {"energy"};
  for (const provoke::guard::Guard& made :
       {samples.fitted(provoke::guard::Guard::kPanel), samples.fitted(one)}) {
    const auto bytes = made.serialise();
    all.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

/// What is taken for a guard must judge without a fault: p-values in (0, 1], reasons that add up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Samples samples;
  try {
    const provoke::guard::Guard guard =
        provoke::guard::Guard::restore(std::as_bytes(std::span(data, size)));
    const auto verdicts =
        guard.score({math::matrix_view(samples.features.data(), std::size_t{5}, kFeatures),
                     math::matrix_view(samples.logits.data(), std::size_t{5}, kClasses)});
    for (const provoke::guard::InputVerdict& one : verdicts) {
      require(one.p_value > 0.0 && one.p_value <= 1.0);
      require(one.density_p_value > 0.0 && one.density_p_value <= 1.0);
      require(one.predicted < kClasses);
      require(guard.e_value(one) >= 0.0);
    }
    require(!std::isnan(guard.batch_p_value(verdicts)));
  } catch (const emdyn::Error&) {
  }
  return 0;
}
