#include <cmath>
#include <cstdlib>
#include <cstring>
#include <span>

#include "emdyn/core/error.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/registry.hpp"
#include "fuzz.hpp"

namespace {

using namespace emdyn;

constexpr std::size_t kRows = 40;
constexpr std::size_t kFeatures = 6;
constexpr std::size_t kClasses = 3;

/// A small training set, the same every time.
struct Samples {
  std::vector<float> features;
  std::vector<float> logits;
  std::vector<std::uint32_t> labels;
  std::vector<float> weight;
  std::vector<float> bias = std::vector<float>(kClasses, 0.5F);

  Samples() {
    for (std::size_t i = 0; i < kRows * kFeatures; ++i) {
      features.push_back(static_cast<float>(i * 7919 % 97) / 97.0F);
    }
    for (std::size_t i = 0; i < kRows * kClasses; ++i) {
      logits.push_back(static_cast<float>(i * 104729 % 89) / 20.0F);
    }
    for (std::size_t i = 0; i < kRows; ++i)
      labels.push_back(static_cast<std::uint32_t>(i % kClasses));
    for (std::size_t i = 0; i < kClasses * kFeatures; ++i) {
      weight.push_back(static_cast<float>(i * 31 % 17) / 17.0F);
    }
  }
  provoke::ood::TrainingSet training() const {
    return {math::matrix_view(features.data(), kRows, kFeatures),
            math::matrix_view(logits.data(), kRows, kClasses),
            labels,
            {math::matrix_view(weight.data(), kClasses, kFeatures), bias}};
  }
};

void try_bytes(std::span<const std::byte> bytes) {
  static const Samples samples;
  try {
    const provoke::ood::Scorer scorer = provoke::ood::restore(bytes);
    const provoke::ood::TrainingSet batch = samples.training();
    for (const double score : scorer.score({batch.features, batch.logits})) {
      if (!std::isfinite(score)) std::abort();
    }
  } catch (const emdyn::Error&) {
  }
}

}  // namespace

std::vector<std::string> emdyn::fuzz::seeds() {
  const Samples samples;
  std::vector<std::string> all;
  for (const provoke::ood::ScoreEntry& entry : provoke::ood::entries()) {
    const auto bytes = entry.fit(samples.training(), {}).serialise();
    all.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

/// As the bytes are, and with a checksum that fits them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  try_bytes(bytes);
  if (size < sizeof(std::uint64_t)) return 0;
  const std::uint64_t hash = checksum(std::span(bytes).first(size - sizeof(std::uint64_t)));
  std::memcpy(bytes.data() + size - sizeof hash, &hash, sizeof hash);
  try_bytes(bytes);
  return 0;
}
