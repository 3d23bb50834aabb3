#include <nanobind/stl/unique_ptr.h>

#include <memory>

#include "bindings.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/provoke/guard/guard.hpp"
#include "values.hpp"

namespace emdyn::python {
namespace {

namespace guard = provoke::guard;
namespace ood = provoke::ood;

/// Shape [rows, columns].
using Rows = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
/// Shape [entries].
using Floats = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<const std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

ood::Matrix matrix_of(const Rows& rows) {
  return math::matrix_view(rows.data(), rows.shape(0), rows.shape(1));
}

/// A guard as emdyn.Guard holds it: what it learned, without the model.
struct FeatureGuard {
  guard::Guard inside;
};

std::unique_ptr<FeatureGuard> fit(const Rows& features, const Rows& logits, const Labels& labels,
                                  const Rows& weight, const Floats& bias,
                                  const std::optional<Rows>& calm_features,
                                  const std::optional<Rows>& calm_logits,
                                  const nb::dict& settings) {
  guard::GuardOptions options;
  apply_params(guard::GuardOptions::kName, guard::kOptionFields, params_of(settings), options);
  if (calm_features.has_value() != calm_logits.has_value())
    throw ConfigError("guard: calibration needs features and logits");
  const ood::TrainingSet reference{matrix_of(features),
                                   matrix_of(logits),
                                   {labels.data(), labels.shape(0)},
                                   {matrix_of(weight), {bias.data(), bias.shape(0)}}};
  const ood::ScoredBatch calm =
      calm_features ? ood::ScoredBatch{matrix_of(*calm_features), matrix_of(*calm_logits)}
                    : ood::ScoredBatch{};
  const nb::gil_scoped_release release;
  return std::make_unique<FeatureGuard>(FeatureGuard{guard::Guard::fit(reference, calm, options)});
}

Array column(const std::vector<guard::InputVerdict>& verdicts,
             double (*value)(const guard::Guard&, const guard::InputVerdict&),
             const guard::Guard& of) {
  std::vector<double> values;
  values.reserve(verdicts.size());
  for (const guard::InputVerdict& one : verdicts) values.push_back(value(of, one));
  return to_array(std::move(values));
}

nb::dict score(const FeatureGuard& self, const Rows& features, const Rows& logits, double fdr,
               bool online, bool reasons) {
  if (!(fdr > 0.0 && fdr < 1.0))
    throw ConfigError("guard: fdr must lie between 0 and 1, got " + std::to_string(fdr));
  std::vector<guard::InputVerdict> verdicts;
  std::vector<char> flags;
  {
    const nb::gil_scoped_release release;
    verdicts = self.inside.score({matrix_of(features), matrix_of(logits)});
    flags.assign(verdicts.size(), 0);
    if (online) {
      guard::ELond test(fdr);
      for (std::size_t i = 0; i < flags.size(); ++i)
        flags[i] = test.test(self.inside.e_value(verdicts[i])) ? 1 : 0;
    } else if (!verdicts.empty()) {
      std::vector<double> p_values;
      for (const guard::InputVerdict& one : verdicts) p_values.push_back(one.p_value);
      for (const std::size_t i : guard::benjamini_hochberg(p_values, fdr)) flags[i] = 1;
    }
  }
  nb::dict found;
  found["p_value"] = nb::cast(column(
      verdicts, [](const auto&, const auto& one) { return one.p_value; }, self.inside));
  found["e_value"] = nb::cast(column(
      verdicts, [](const auto& of, const auto& one) { return of.e_value(one); }, self.inside));
  found["strangeness"] = nb::cast(column(
      verdicts, [](const auto& of, const auto& one) { return of.deviate(one); }, self.inside));
  found["predicted"] = nb::cast(column(
      verdicts, [](const auto&, const auto& one) { return static_cast<double>(one.predicted); },
      self.inside));
  found["flagged"] = nb::cast(to_array(std::vector<double>(flags.begin(), flags.end())));
  found["batch_p_value"] =
      verdicts.empty() ? nb::none() : nb::object(nb::float_(self.inside.batch_p_value(verdicts)));
  nb::list list;
  for (const guard::InputVerdict& one : verdicts) {
    if (!reasons) break;
    list.append(to_python(Json{{"score", one.score},
                               {"score_p_value", one.score_p_value},
                               {"density_p_value", one.density_p_value},
                               {"features", one.features},
                               {"nearest", one.neighbours}}));
  }
  found["reasons"] = list;
  return found;
}

}  // namespace

void bind_guard(nb::module_& module) {
  nb::class_<FeatureGuard>(module, "FeatureGuard")
      .def_static("fit", &fit, nb::arg("features"), nb::arg("logits"), nb::arg("labels"),
                  nb::arg("weight"), nb::arg("bias"), nb::arg("calm_features").none(),
                  nb::arg("calm_logits").none(), nb::arg("settings"))
      .def("score", &score, nb::arg("features"), nb::arg("logits"), nb::arg("fdr"),
           nb::arg("online"), nb::arg("reasons"))
      .def("snapshot",
           [](const FeatureGuard& self) {
             const auto bytes = self.inside.serialise();
             return nb::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
           })
      .def_static("restore",
                  [](const nb::bytes& bytes) {
                    return std::make_unique<FeatureGuard>(FeatureGuard{guard::Guard::restore(
                        {static_cast<const std::byte*>(bytes.data()), bytes.size()})});
                  })
      .def_prop_ro("panel",
                   [](const FeatureGuard& self) {
                     nb::list names;
                     for (const std::string& name : self.inside.panel()) names.append(name.c_str());
                     return names;
                   })
      .def_prop_ro("classes", [](const FeatureGuard& self) { return self.inside.classes(); })
      .def_prop_ro("features", [](const FeatureGuard& self) { return self.inside.features(); })
      .def_prop_ro("calibration",
                   [](const FeatureGuard& self) { return self.inside.calibration_size(); });
}

}  // namespace emdyn::python
