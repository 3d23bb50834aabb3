#include "emdyn/emergence/scaling/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/scaling/scale_curve.hpp"

namespace emdyn::emergence::scaling {
namespace {

constexpr std::array kMethods{
    ScaleMethod{"persistence", "the largest model seen that is not larger", "", true, false,
                methods::persistence},
    ScaleMethod{"other_models", "the mean of the models seen", "", true, false,
                methods::other_models},
    ScaleMethod{"log_linear", "a line in log FLOPs", "", true, false, methods::log_linear},
    ScaleMethod{"power_law", "a power law with offset in FLOPs", "Kaplan et al. 2020", true, false,
                methods::power_law},
    ScaleMethod{"bnsl", "a broken power law in FLOPs, one break", "Caballero et al. 2023", false,
                false, methods::bnsl},
    ScaleMethod{"capability",
                "principal component of the metrics, its law in sizes, a sigmoid to each metric",
                "Ruan et al. 2024", false, true, methods::capability_sigmoid},
    ScaleMethod{"monotone_link", "as loss_link, with an isotonic link in place of the sigmoid",
                "Ayer et al. 1955", false, true, methods::monotone_link},
    ScaleMethod{
        "loss_link",
        "the losses' laws in sizes, a sigmoid from loss to each metric, neighbours' residuals",
        "Hoffmann et al. 2022; Gadre et al. 2024", false, true, methods::loss_link}};

double flops_of(const ScaleModel& model) { return std::exp(log_size(model, series::Axis::flops)); }

Eigen::MatrixXd blank(const ScaleData& seen, std::span<const ScaleModel> targets) {
  return Eigen::MatrixXd::Constant(static_cast<Eigen::Index>(targets.size()), seen.values.cols(),
                                   kUnknown);
}

double within(double value, MetricScale scale) {
  return scale == MetricScale::share ? std::clamp(value, 0.0, 1.0) : value;
}

/// Fits a curve in FLOPs for each family of the targets and each metric.
Eigen::MatrixXd curves_in_flops(CurveKind kind, const ScaleData& seen,
                                std::span<const ScaleModel> targets) {
  Eigen::MatrixXd out = blank(seen, targets);
  std::map<std::string, std::vector<std::size_t>> families;
  for (std::size_t t = 0; t < targets.size(); ++t) families[targets[t].family].push_back(t);
  for (const auto& [family, members] : families) {
    const std::vector<std::size_t> rows = rows_for(seen, family);
    std::vector<double> sizes;
    for (const std::size_t r : rows) sizes.push_back(flops_of(seen.models[r]));
    parallel_for(seen.metrics.size(), [&](std::size_t m) {
      std::vector<double> values;
      bool any = false;
      for (const std::size_t r : rows) {
        values.push_back(seen.values(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(m)));
        any = any || (std::isfinite(values.back()) && sizes[values.size() - 1] > 0.0);
      }
      if (!any) return;
      const ScaleCurve curve = fit_curve(kind, sizes, values);
      for (const std::size_t t : members) {
        out(static_cast<Eigen::Index>(t), static_cast<Eigen::Index>(m)) =
            within(curve(flops_of(targets[t])), seen.metrics[m].scale);
      }
    });
  }
  return out;
}

}  // namespace

std::span<const ScaleMethod> scale_methods() noexcept { return kMethods; }

const ScaleMethod& scale_method(std::string_view name) {
  std::string known;
  for (const ScaleMethod& method : kMethods) {
    if (method.name == name) return method;
    known += (known.empty() ? "" : ", ") + std::string(method.name);
  }
  throw ConfigError(
      fmt::format("no scaling method \"{}\" (methods: {})", terminal_safe(name), known));
}

std::vector<std::size_t> rows_for(const ScaleData& seen, std::string_view family) {
  std::vector<std::size_t> own, all;
  for (std::size_t r = 0; r < seen.models.size(); ++r) {
    all.push_back(r);
    if (seen.models[r].family == family) own.push_back(r);
  }
  return own.size() >= kFamilyModels ? own : all;
}

namespace methods {

Eigen::MatrixXd persistence(const ScaleData& seen, std::span<const ScaleModel> targets) {
  Eigen::MatrixXd out = blank(seen, targets);
  constexpr double kSame = 1e-9;  // Of ln size.
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const std::vector<std::size_t> rows = rows_for(seen, targets[t].family);
    const double size = log_size(targets[t], series::Axis::flops);
    for (Eigen::Index m = 0; m < seen.values.cols(); ++m) {
      double below = -std::numeric_limits<double>::infinity(),
             above = std::numeric_limits<double>::infinity();
      for (const std::size_t r : rows) {
        if (!std::isfinite(seen.values(static_cast<Eigen::Index>(r), m))) continue;
        const double other = log_size(seen.models[r], series::Axis::flops);
        if (other <= size + kSame)
          below = std::max(below, other);
        else
          above = std::min(above, other);
      }
      const double chosen = std::isfinite(below) ? below : above;
      double sum = 0.0, count = 0.0;
      for (const std::size_t r : rows) {
        const double value = seen.values(static_cast<Eigen::Index>(r), m);
        if (!std::isfinite(value) ||
            !(std::abs(log_size(seen.models[r], series::Axis::flops) - chosen) <= kSame))
          continue;
        sum += value;
        count += 1.0;
      }
      if (count > 0.0) out(static_cast<Eigen::Index>(t), m) = sum / count;
    }
  }
  return out;
}

Eigen::MatrixXd other_models(const ScaleData& seen, std::span<const ScaleModel> targets) {
  Eigen::MatrixXd out = blank(seen, targets);
  for (Eigen::Index m = 0; m < seen.values.cols(); ++m) {
    double sum = 0.0, count = 0.0;
    for (const double value : seen.values.col(m)) {
      if (!std::isfinite(value)) continue;
      sum += value;
      count += 1.0;
    }
    if (count > 0.0) out.col(m).setConstant(sum / count);
  }
  return out;
}

Eigen::MatrixXd log_linear(const ScaleData& seen, std::span<const ScaleModel> targets) {
  return curves_in_flops(CurveKind::log_linear, seen, targets);
}
Eigen::MatrixXd power_law(const ScaleData& seen, std::span<const ScaleModel> targets) {
  return curves_in_flops(CurveKind::power_law, seen, targets);
}
Eigen::MatrixXd bnsl(const ScaleData& seen, std::span<const ScaleModel> targets) {
  return curves_in_flops(CurveKind::bnsl, seen, targets);
}

}  // namespace methods
}  // namespace emdyn::emergence::scaling
