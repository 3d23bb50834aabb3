#include "emdyn/collect/store/column_codec.hpp"

#include <bit>
#include <cmath>
#include <cstring>

namespace emdyn::collect::store {
namespace {

using Words = std::array<std::uint64_t, kMaxColumn>;

constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53
constexpr std::size_t kHashSlots = 1024;

std::uint64_t zigzag(std::uint64_t difference) noexcept {
  return (difference << 1) ^ (0 - (difference >> 63));
}

std::uint64_t unzigzag(std::uint64_t word) noexcept { return (word >> 1) ^ (0 - (word & 1)); }

bool all_integers(std::span<const double> values, Words& words) noexcept {
  // The first few tell almost always, so noise costs nothing here.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    if (!(std::abs(value) < kMaxExactInteger)) return false;
    const auto whole = static_cast<std::int64_t>(value);
    // Bits, not ==: −0 is no integer.
    if (std::bit_cast<std::uint64_t>(static_cast<double>(whole)) !=
        std::bit_cast<std::uint64_t>(value)) {
      return false;
    }
    words[i] = static_cast<std::uint64_t>(whole);
  }
  return true;
}

bool all_single(std::span<const double> values, Words& words) noexcept {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto single = static_cast<float>(values[i]);
    if (std::bit_cast<std::uint64_t>(static_cast<double>(single)) !=
        std::bit_cast<std::uint64_t>(values[i])) {
      return false;
    }
    words[i] = std::bit_cast<std::uint32_t>(single);
  }
  return true;
}

/// Distinct words in order of appearance, and the index of each. @return 0 when there are too many.
std::size_t find_dictionary(std::span<const std::uint64_t> words,
                            std::array<std::uint64_t, kMaxDictionary>& dictionary,
                            Words& indexes) noexcept {
  std::array<std::uint16_t, kHashSlots> slots{};
  std::size_t entries = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t word = words[i];
    std::size_t slot = (word * 0x9e3779b97f4a7c15ULL) >> 54;
    while (slots[slot] != 0 && dictionary[slots[slot] - 1U] != word) {
      slot = (slot + 1) % kHashSlots;
    }
    if (slots[slot] == 0) {
      if (entries == kMaxDictionary) return 0;
      dictionary[entries++] = word;
      slots[slot] = static_cast<std::uint16_t>(entries);
    }
    indexes[i] = slots[slot] - 1U;
  }
  return entries;
}

struct Costs {
  std::uint64_t offset = 0;
  std::uint64_t delta = 0;
  std::uint64_t delta_of_deltas = 0;
};

/// The mean step from one word to the next.
std::uint64_t mean_delta(std::span<const std::uint64_t> words) noexcept {
  if (words.size() < 2) return 0;
  const auto whole = static_cast<std::int64_t>(words.back() - words.front());
  return static_cast<std::uint64_t>(whole / static_cast<std::int64_t>(words.size() - 1));
}

/// Bits that each predictor leaves, summed over the column; long columns are sampled, for the
/// answer decides on size only.
Costs measure(std::span<const std::uint64_t> words, std::uint64_t least,
              std::uint64_t mean) noexcept {
  const auto bits = [](std::uint64_t word) {
    return static_cast<std::uint64_t>(std::bit_width(word));
  };
  const std::size_t stride = words.size() < 256 ? 1 : 3;
  Costs costs;
  for (std::size_t i = 0; i < words.size(); i += stride) {
    costs.offset += bits(words[i] - least);
    if (i < 1) continue;
    const std::uint64_t delta = words[i] - words[i - 1];
    costs.delta += bits(zigzag(delta - mean));
    if (i < 2) continue;
    costs.delta_of_deltas += bits(zigzag(delta - (words[i - 1] - words[i - 2])));
  }
  costs.offset *= stride;
  costs.delta *= stride;
  costs.delta_of_deltas *= stride;
  return costs;
}

std::uint64_t least_word(std::span<const std::uint64_t> words, bool is_signed) noexcept {
  const std::uint64_t flip = is_signed ? 1ULL << 63 : 0;
  std::uint64_t least = ~0ULL;
  for (const std::uint64_t word : words) least = std::min(least, word ^ flip);
  return least ^ flip;
}

void predict(std::span<const std::uint64_t> words, std::uint64_t least, std::uint64_t mean,
             Residuals& out) noexcept {
  const std::size_t count = words.size();
  if (out.predictor == Differencing::offset) {
    out.first = least;
    for (std::size_t i = 0; i < count; ++i) out.words[i] = words[i] - least;
    return;
  }
  out.first = words[0];
  out.words[0] = 0;
  if (out.predictor == Differencing::delta) {
    out.second = mean;
    for (std::size_t i = 1; i < count; ++i) out.words[i] = zigzag(words[i] - words[i - 1] - mean);
    return;
  }
  out.second = count > 1 ? words[1] - words[0] : 0;
  if (count > 1) out.words[1] = 0;
  for (std::size_t i = 2; i < count; ++i) {
    out.words[i] = zigzag(words[i] - 2 * words[i - 1] + words[i - 2]);
  }
}

void restore_words(Residuals& in) noexcept {
  std::uint64_t word = in.first;
  if (in.predictor == Differencing::offset) {
    for (std::size_t i = 0; i < in.count; ++i) in.words[i] += in.first;
  } else if (in.predictor == Differencing::delta) {
    in.words[0] = word;
    for (std::size_t i = 1; i < in.count; ++i) {
      in.words[i] = word += unzigzag(in.words[i]) + in.second;
    }
  } else {
    std::uint64_t delta = in.second;
    in.words[0] = word;
    for (std::size_t i = 1; i < in.count; ++i) {
      delta += unzigzag(in.words[i]);
      in.words[i] = word += delta;
    }
  }
}

}  // namespace

void to_residuals(std::span<const double> values, Residuals& out) noexcept {
  Words words;
  const std::size_t count = values.size();
  if (all_integers(values, words)) {
    out.kind = WordKind::integer;
  } else if (all_single(values, words)) {
    out.kind = WordKind::bits32;
  } else {
    out.kind = WordKind::bits64;
    std::memcpy(words.data(), values.data(), count * sizeof(double));
  }
  out.count = count;
  out.second = 0;
  out.entries = 0;
  const std::span<const std::uint64_t> used(words.data(), count);
  const std::uint64_t least = least_word(used, out.kind == WordKind::integer);
  const std::uint64_t mean = mean_delta(used);
  const Costs costs = measure(used, least, mean);
  std::uint64_t best = costs.offset;
  out.predictor = Differencing::offset;
  if (costs.delta < best) {
    best = costs.delta;
    out.predictor = Differencing::delta;
  }
  if (costs.delta_of_deltas < best) {
    best = costs.delta_of_deltas;
    out.predictor = Differencing::delta_of_deltas;
  }
  if (best > 8 * count && out.kind != WordKind::integer) {
    Words doubles;
    std::memcpy(doubles.data(), values.data(), count * sizeof(double));
    const std::size_t entries =
        find_dictionary(std::span(doubles.data(), count), out.dictionary, out.words);
    const auto index_bits = static_cast<std::uint64_t>(std::bit_width(entries));
    if (entries > 0 && 64 * entries + index_bits * count < best) {
      out.kind = WordKind::dictionary;
      out.predictor = Differencing::offset;
      out.first = 0;
      out.entries = entries;
      return;
    }
  }
  predict(used, least, mean, out);
}

bool from_residuals(Residuals& in, std::span<double> out) noexcept {
  if (in.kind == WordKind::dictionary) {
    for (std::size_t i = 0; i < in.count; ++i) {
      if (in.words[i] >= in.entries) return false;
      out[i] = std::bit_cast<double>(in.dictionary[in.words[i]]);
    }
    return true;
  }
  restore_words(in);
  for (std::size_t i = 0; i < in.count; ++i) {
    const std::uint64_t word = in.words[i];
    if (in.kind == WordKind::integer) {
      out[i] = static_cast<double>(static_cast<std::int64_t>(word));
    } else if (in.kind == WordKind::bits32) {
      out[i] = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(word)));
    } else {
      out[i] = std::bit_cast<double>(word);
    }
  }
  return true;
}

}  // namespace emdyn::collect::store
