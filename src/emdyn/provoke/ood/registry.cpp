#include "emdyn/provoke/ood/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/provoke/ood/contract/method.hpp"
#include "emdyn/provoke/ood/scores/gaussian_scores.hpp"
#include "emdyn/provoke/ood/scores/head_scores.hpp"
#include "emdyn/provoke/ood/scores/logit_scores.hpp"
#include "emdyn/provoke/ood/scores/neighbour_scores.hpp"
#include "emdyn/provoke/ood/scores/shaping_scores.hpp"
#include "emdyn/provoke/ood/scores/vim.hpp"
#include "emdyn/provoke/ood/training_check.hpp"

namespace emdyn::provoke::ood {
namespace {

/// A score by name, to be fitted or to be filled from bytes.
struct Plan {
  Entry entry;
  std::shared_ptr<const AnyMethod> (*load)(const Params&, const Shape&, ArchiveReader&);
};

template <Method M>
Scorer fit_method(const TrainingSet& training, const Params& params) {
  typename M::Config config;
  apply_params(M::kName, M::kFields, params, config);
  const Shape shape = checked_shape(M::kName, training, M::kFitNeeds, M::kScoreNeeds);
  auto method = std::make_shared<BoxedMethod<M>>(config, shape);
  method->learn(training);
  return Scorer(std::move(method));
}

template <Method M>
std::shared_ptr<const AnyMethod> load_method(const Params& params, const Shape& shape,
                                             ArchiveReader& archive) {
  typename M::Config config;
  apply_params(M::kName, M::kFields, params, config);
  auto method = std::make_shared<BoxedMethod<M>>(config, shape);
  if (!method->load(archive)) return nullptr;
  return method;
}

template <Method M>
constexpr Plan plan() {
  return {{M::kName, M::kSummary, M::kPaper, M::kCost, M::kFitNeeds, M::kScoreNeeds, M::kBank,
           [] { return describe_fields(M::kFields); }, &fit_method<M>},
          &load_method<M>};
}

// The only list of scores. Add yours here, in alphabetical order.
// clang-format off
constexpr std::array kPlans{
    plan<AshS>(),
    plan<Dice>(),
    plan<Energy>(),
    plan<Fdbd>(),
    plan<Gen>(),
    plan<GradNorm>(),
    plan<Knn>(),
    plan<Mahalanobis>(),
    plan<MaxLogit>(),
    plan<Msp>(),
    plan<Nci>(),
    plan<NnGuide>(),
    plan<OdinTemperature>(),
    plan<React>(),
    plan<Rmds>(),
    plan<ScaleScore>(),
    plan<She>(),
    plan<Vim>(),
};
// clang-format on

constexpr auto kEntries = [] {
  std::array<Entry, kPlans.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = kPlans[i].entry;
  return all;
}();

constexpr std::uint64_t kMagic = 0x444f4f4e59444d45ULL;  // "EMDYNOOD"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kLongestText = 256;
constexpr std::uint64_t kMostColumns = std::uint64_t{1} << 31;

std::size_t find_index(std::string_view name) {
  std::array<std::string_view, kEntries.size()> known;
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].name == name) return i;
    known[i] = kEntries[i].name;
  }
  const auto near = nearest_word(name, known);
  throw ConfigError(fmt::format(
      "unknown out-of-distribution score \"{}\"{}; known: {}", terminal_safe(name),
      near ? fmt::format(" (did you mean {}?)", *near) : std::string(), fmt::join(known, ", ")));
}

std::uint64_t checksum(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: finds accidents, not intent.
  for (const std::byte byte : bytes) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211ULL;
  }
  return hash;
}

[[noreturn]] void refuse(std::string_view why) {
  throw DataError(fmt::format("scorer bytes: {}; fit and save it again with this version", why));
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest(value.get<double>());
  return value.dump();
}

bool row_finite(const float* row, std::size_t count) noexcept {
  // The exponent is all ones for infinities and NaN only.
  std::uint32_t bad = 0;
  for (std::size_t j = 0; j < count; ++j) {
    const auto bits = std::bit_cast<std::uint32_t>(row[j]);
    bad |= static_cast<std::uint32_t>((bits & 0x7f800000U) == 0x7f800000U);
  }
  return bad == 0;
}

void check_batch(std::string_view name, std::string_view what, const Matrix& matrix, bool needed,
                 std::uint64_t columns, std::size_t rows) {
  if (!needed) return;
  if (matrix.columns != columns || matrix.rows != rows ||
      (matrix.columns > 1 && matrix.column_stride != 1)) {
    throw DataError(
        fmt::format("{}: the batch's {} must be row-major [{}, {}] as fitted, got [{}, {}]", name,
                    what, rows, columns, matrix.rows, matrix.columns));
  }
}

/// A method with the rows of one block; rows that are not finite are taken out first.
void score_block(const AnyMethod& method, const Block& block, std::span<double> out) {
  const Shape& shape = method.shape();
  const Inputs needs = method.score_needs();
  std::array<bool, kBlockRows> bad{};
  bool any_bad = false;
  for (std::size_t i = 0; i < block.rows; ++i) {
    bad[i] = (needs.features && !row_finite(block.feature_row(i), shape.features)) ||
             (needs.logits && !row_finite(block.logit_row(i), shape.classes));
    any_bad = any_bad || bad[i];
  }
  if (!any_bad) {
    method.score(block, out);
  } else {
    for (std::size_t i = 0; i < block.rows; ++i) {
      if (bad[i]) continue;
      Block one = block;
      one.rows = 1;
      if (needs.features) one.features = block.feature_row(i);
      if (needs.logits) one.logits = block.logit_row(i);
      method.score(one, out.subspan(i, 1));
    }
  }
  for (std::size_t i = 0; i < block.rows; ++i) {
    const bool lowest = bad[i] || std::isnan(out[i]);
    out[i] = lowest ? kLowestScore
                    : std::clamp(out[i], kLowestScore, std::numeric_limits<double>::max());
  }
}

}  // namespace

Scorer::Scorer(std::shared_ptr<const AnyMethod> method) : method_(std::move(method)) {}

std::string_view Scorer::name() const noexcept { return method_->name(); }
Json Scorer::config() const { return method_->config(); }
Shape Scorer::shape() const noexcept { return method_->shape(); }

std::vector<double> Scorer::score(const Batch& batch) const {
  std::vector<double> out(method_->score_needs().features ? batch.features.rows
                                                          : batch.logits.rows);
  score(batch, out);
  return out;
}

void Scorer::score(const Batch& batch, std::span<double> out) const {
  const Inputs needs = method_->score_needs();
  check_batch(name(), "features", batch.features, needs.features, shape().features, out.size());
  check_batch(name(), "logits", batch.logits, needs.logits, shape().classes, out.size());
  const std::size_t blocks = (out.size() + kBlockRows - 1) / kBlockRows;
  const auto one = [&](std::size_t b) {
    const std::size_t begin = b * kBlockRows;
    Block block;
    block.rows = std::min(kBlockRows, out.size() - begin);
    if (needs.features) {
      block.feature_stride = batch.features.row_stride;
      block.features = batch.features.data + begin * block.feature_stride;
    }
    if (needs.logits) {
      block.logit_stride = batch.logits.row_stride;
      block.logits = batch.logits.data + begin * block.logit_stride;
    }
    score_block(*method_, block, out.subspan(begin, block.rows));
  };
  if (blocks == 1) return one(0);
  parallel_for(blocks, one);
}

std::vector<std::byte> Scorer::serialise() const {
  ArchiveWriter archive;
  archive(kMagic, kVersion);
  archive.text(name());
  const Json parameters = config();
  archive(static_cast<std::uint32_t>(parameters.size()));
  for (const auto& [key, value] : parameters.items()) {
    archive.text(key);
    archive.text(text_of(value));
  }
  archive(shape().features, shape().classes);
  method_->save(archive);
  archive(checksum(archive.bytes()));
  return std::move(archive.bytes());
}

std::span<const Entry> entries() noexcept { return kEntries; }

const Entry& find_entry(std::string_view name) { return kEntries[find_index(name)]; }

Scorer fit(std::string_view name, const TrainingSet& training, const Params& params) {
  return find_entry(name).fit(training, params);
}

Scorer restore(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  if (bytes.size() < sizeof sum) refuse("too short");
  ArchiveReader(bytes.last(sizeof sum))(sum);
  bytes = bytes.first(bytes.size() - sizeof sum);
  ArchiveReader archive(bytes);
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  archive(magic, version);
  if (!archive.ok() || magic != kMagic) refuse("not a scorer");
  if (version != kVersion) refuse(fmt::format("version {} is not {}", version, kVersion));
  if (checksum(bytes) != sum) refuse("damaged");
  const std::string name = archive.text(kLongestText);
  std::uint32_t count = 0;
  archive(count);
  Params params;
  for (std::uint32_t i = 0; i < count && archive.ok(); ++i) {
    std::string key = archive.text(kLongestText);
    params.insert_or_assign(std::move(key), archive.text(kLongestText));
  }
  Shape shape;
  archive(shape.features, shape.classes);
  if (!archive.ok() || shape.features > kMostColumns || shape.classes > kMostColumns) {
    refuse("truncated");
  }
  try {
    const Plan& plan = kPlans[find_index(name)];
    const Inputs needs = plan.entry.score_needs;
    if ((needs.features && shape.features == 0) || (needs.logits && shape.classes == 0)) {
      refuse("without a shape");
    }
    auto method = plan.load(params, shape, archive);
    if (!method) refuse("what it learned does not fit its shape");
    return Scorer(std::move(method));
  } catch (const ConfigError& error) {
    refuse(terminal_safe(error.what()));
  }
}

}  // namespace emdyn::provoke::ood
