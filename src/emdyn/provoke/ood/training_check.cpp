#include "emdyn/provoke/ood/training_check.hpp"

#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::provoke::ood {
namespace {

void check_matrix(std::string_view name, std::string_view what, const Matrix& matrix) {
  if (matrix.rows == 0 || matrix.columns == 0) {
    throw DataError(fmt::format("{} needs {} to be fitted on; none given", name, what));
  }
  if (matrix.columns > 1 && matrix.column_stride != 1) {
    throw DataError(fmt::format("{}: {} must be row-major; copy them first", name, what));
  }
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    for (std::size_t j = 0; j < matrix.columns; ++j) {
      if (!std::isfinite(matrix.data[i * matrix.row_stride + j])) {
        throw DataError(fmt::format(
            "{}: {} hold a value that is not finite at row {}, column {}; leave that row out", name,
            what, i, j));
      }
    }
  }
}

/// The one number of columns the parts that know it agree on.
std::size_t agreed(std::string_view name, std::string_view what, std::size_t first,
                   std::size_t second) {
  if (first != 0 && second != 0 && first != second) {
    throw DataError(
        fmt::format("{}: the training set's parts have {} and {} {}", name, first, second, what));
  }
  return first != 0 ? first : second;
}

void check_labels(std::string_view name, const TrainingSet& training, std::size_t rows,
                  std::size_t classes) {
  if (training.labels.size() != rows) {
    throw DataError(fmt::format("{} needs one label a training sample: {} samples, {} labels", name,
                                rows, training.labels.size()));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    if (training.labels[i] >= classes) {
      throw DataError(fmt::format("{}: label {} of row {} is not below the {} classes", name,
                                  training.labels[i], i, classes));
    }
  }
}

}  // namespace

Shape checked_shape(std::string_view name, const TrainingSet& training, const Inputs& fit_needs,
                    const Inputs& score_needs) {
  if (fit_needs.features) check_matrix(name, "features", training.features);
  if (fit_needs.logits) check_matrix(name, "logits", training.logits);
  if (fit_needs.features && fit_needs.logits && training.features.rows != training.logits.rows) {
    throw DataError(fmt::format("{}: {} rows of features but {} of logits", name,
                                training.features.rows, training.logits.rows));
  }
  const LinearHead& head = training.head;
  if (fit_needs.head) {
    check_matrix(name, "the head's weights", head.weight);
    check_matrix(name, "the head's biases", {head.bias.data(), 1, head.bias.size(), 0, 1});
    if (head.bias.size() != head.weight.rows) {
      throw DataError(fmt::format("{}: the head has {} rows of weights but {} biases", name,
                                  head.weight.rows, head.bias.size()));
    }
  }
  Shape shape;
  shape.features = agreed(name, "features", training.features.columns, head.weight.columns);
  shape.classes = agreed(name, "classes", training.logits.columns, head.weight.rows);
  if (fit_needs.labels) {
    if (shape.classes == 0) {  // Only the labels know.
      for (const std::uint32_t label : training.labels) {
        shape.classes = std::max<std::uint64_t>(shape.classes, std::uint64_t{label} + 1);
      }
    }
    check_labels(name, training, training.features.rows, shape.classes);
  }
  if (score_needs.features && shape.features == 0) {
    throw DataError(fmt::format("{}: say how many features (columns of features)", name));
  }
  if (score_needs.logits && shape.classes == 0) {
    throw DataError(fmt::format("{}: say how many classes (columns of logits)", name));
  }
  return shape;
}

}  // namespace emdyn::provoke::ood
