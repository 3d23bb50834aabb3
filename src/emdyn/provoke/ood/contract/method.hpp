#pragma once
#include <concepts>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "emdyn/core/field.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"

namespace emdyn::provoke::ood {

/// A score as a plain value: `M(config)` is empty, `learn` fits it, `score` scores one block of
/// finite rows, each row on its own. `valid` says whether what was loaded from bytes fits the
/// shape and the parameters, so that scoring stays within its arrays.
template <class M>
concept ScoreMethod = requires(M& method, const M& fitted, const typename M::Config& config,
                               const TrainingSet& training, const Shape& shape,
                               const RowBlock& block, std::span<double> out, StateWriter& writer,
                               StateReader& reader) {
  { M::kName } -> std::convertible_to<std::string_view>;
  { M::kSummary } -> std::convertible_to<std::string_view>;
  { M::kPaper } -> std::convertible_to<std::string_view>;
  { M::kCost } -> std::convertible_to<std::string_view>;
  { M::kFitNeeds } -> std::convertible_to<Inputs>;
  { M::kScoreNeeds } -> std::convertible_to<Inputs>;
  { M::kBank } -> std::convertible_to<bool>;
  M(config);
  method.learn(training, shape);
  fitted.score(block, shape, out);
  { fitted.valid(shape) } -> std::same_as<bool>;
  M::state(fitted, writer);
  M::state(method, reader);
};

/// One virtual call a block.
class AnyMethod {
 public:
  virtual ~AnyMethod() = default;
  virtual std::string_view name() const noexcept = 0;
  virtual Json config() const = 0;
  virtual Inputs score_needs() const noexcept = 0;
  virtual void score(const RowBlock& block, std::span<double> out) const = 0;
  virtual void save(StateWriter& archive) const = 0;
  const Shape& shape() const noexcept { return shape_; }

 protected:
  explicit AnyMethod(const Shape& shape) noexcept : shape_(shape) {}
  Shape shape_;
};

template <ScoreMethod M>
class BoxedMethod final : public AnyMethod {
 public:
  BoxedMethod(const typename M::Config& config, const Shape& shape)
      : AnyMethod(shape), config_(config), method_(config) {}

  void learn(const TrainingSet& training) { method_.learn(training, shape_); }
  /// False when the bytes do not make a usable method.
  bool load(StateReader& archive) {
    M::state(method_, archive);
    return archive.ok() && archive.at_end() && method_.valid(shape_);
  }

  std::string_view name() const noexcept override { return M::kName; }
  Json config() const override { return config_json(M::kFields, config_); }
  Inputs score_needs() const noexcept override { return M::kScoreNeeds; }
  void score(const RowBlock& block, std::span<double> out) const override {
    method_.score(block, shape_, out);
  }
  void save(StateWriter& archive) const override { M::state(method_, archive); }

 private:
  typename M::Config config_;
  M method_;
};

}  // namespace emdyn::provoke::ood
