#include "emdyn/provoke/ood/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
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

template <ScoreMethod M>
Scorer fit_method(const TrainingSet& training, const Params& params) {
  typename M::Config config;
  apply_params(M::kName, M::kFields, params, config);
  const Shape shape = checked_shape(M::kName, training, M::kFitNeeds, M::kScoreNeeds);
  auto method = std::make_shared<BoxedMethod<M>>(config, shape);
  method->learn(training);
  return Scorer(std::move(method));
}

template <ScoreMethod M>
std::shared_ptr<const AnyMethod> load_method(const Params& params, const Shape& shape,
                                             StateReader& archive) {
  typename M::Config config;
  apply_params(M::kName, M::kFields, params, config);
  auto method = std::make_shared<BoxedMethod<M>>(config, shape);
  if (!method->load(archive)) return nullptr;
  return method;
}

template <ScoreMethod M>
constexpr std::string_view moved_name() {
  if constexpr (requires { M::kMoved; }) {
    return M::kMoved;
  } else {
    return {};
  }
}

template <ScoreMethod M>
constexpr ScoreEntry entry() {
  return {{M::kName, M::kSummary, M::kPaper, M::kCost, [] { return describe_fields(M::kFields); }},
          M::kFitNeeds,
          M::kScoreNeeds,
          M::kBank,
          moved_name<M>(),
          &fit_method<M>,
          &load_method<M>};
}

// The only list of scores. Add yours here, in alphabetical order.
// clang-format off
constexpr std::array kEntries{
    entry<AshS>(),
    entry<Dice>(),
    entry<Energy>(),
    entry<Fdbd>(),
    entry<Gen>(),
    entry<GradNorm>(),
    entry<Knn>(),
    entry<Mahalanobis>(),
    entry<MaxLogit>(),
    entry<Msp>(),
    entry<Nci>(),
    entry<NnGuide>(),
    entry<OdinTemperature>(),
    entry<React>(),
    entry<Rmds>(),
    entry<ScaleScore>(),
    entry<She>(),
    entry<Vim>(),
};
// clang-format on

constexpr Registry<ScoreEntry> kRegistry{
    {.what = "out-of-distribution score", .several = "out-of-distribution scores"}, kEntries};

constexpr SnapshotForm kForm{"scorer", 0x444f4f4e59444d45ULL /* "EMDYNOOD" */, 1,
                             "fit and save it again with this version"};
constexpr std::uint64_t kMostColumns = std::uint64_t{1} << 31;

Json needs_json(const Inputs& needs) {
  Json list = Json::array();
  if (needs.features) list.push_back("features");
  if (needs.logits) list.push_back("logits");
  if (needs.labels) list.push_back("labels");
  if (needs.head) list.push_back("head");
  return list;
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
void score_block(const AnyMethod& method, const RowBlock& block, std::span<double> out) {
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
      RowBlock one = block;
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

std::vector<double> Scorer::score(const ScoredBatch& batch) const {
  std::vector<double> out(method_->score_needs().features ? batch.features.rows
                                                          : batch.logits.rows);
  score(batch, out);
  return out;
}

void Scorer::score(const ScoredBatch& batch, std::span<double> out) const {
  const Inputs needs = method_->score_needs();
  check_batch(name(), "features", batch.features, needs.features, shape().features, out.size());
  check_batch(name(), "logits", batch.logits, needs.logits, shape().classes, out.size());
  const std::size_t blocks = (out.size() + kBlockRows - 1) / kBlockRows;
  const auto one = [&](std::size_t b) {
    const std::size_t begin = b * kBlockRows;
    RowBlock block;
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
  StateWriter archive;
  snapshot_detail::begin(archive, kForm, name());
  snapshot_detail::write_params(archive, config());
  archive(shape().features, shape().classes);
  method_->save(archive);
  return snapshot_detail::seal(archive);
}

const Registry<ScoreEntry>& registry() noexcept { return kRegistry; }

std::span<const ScoreEntry> entries() noexcept { return kRegistry.entries(); }

const ScoreEntry& find_entry(std::string_view name) { return kRegistry.find(name); }

std::vector<Fact> facts(const ScoreEntry& entry) {
  return {{"fit_needs", needs_json(entry.fit_needs)},
          {"score_needs", needs_json(entry.score_needs)},
          {"bank", entry.bank},
          {"moved", entry.moved.empty() ? Json(false) : Json(entry.moved)}};
}

Scorer fit(std::string_view name, const TrainingSet& training, const Params& params) {
  return find_entry(name).fit(training, params);
}

Scorer restore(std::span<const std::byte> bytes) {
  StateReader archive = snapshot_detail::open(kForm, bytes);
  const std::string name = snapshot_detail::read_name(archive);
  const Params params = snapshot_detail::read_params(archive);
  Shape shape;
  archive(shape.features, shape.classes);
  if (!archive.ok() || shape.features > kMostColumns || shape.classes > kMostColumns) {
    snapshot_detail::refuse(kForm, "truncated");
  }
  try {
    const ScoreEntry& entry = find_entry(name);
    const Inputs needs = entry.score_needs;
    if ((needs.features && shape.features == 0) || (needs.logits && shape.classes == 0)) {
      snapshot_detail::refuse(kForm, "without a shape");
    }
    auto method = entry.load(params, shape, archive);
    if (!method) snapshot_detail::refuse(kForm, "what it learned does not fit its shape");
    return Scorer(std::move(method));
  } catch (const ConfigError& error) {
    snapshot_detail::refuse(kForm, error.what());
  }
}

}  // namespace emdyn::provoke::ood
