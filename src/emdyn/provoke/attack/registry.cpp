#include "emdyn/provoke/attack/registry.hpp"

#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/provoke/attack/methods/apgd.hpp"
#include "emdyn/provoke/attack/methods/auto_attack.hpp"
#include "emdyn/provoke/attack/methods/carlini_wagner.hpp"
#include "emdyn/provoke/attack/methods/deep_fool.hpp"
#include "emdyn/provoke/attack/methods/fab.hpp"
#include "emdyn/provoke/attack/methods/fmn.hpp"
#include "emdyn/provoke/attack/methods/gradient_steps.hpp"
#include "emdyn/provoke/attack/methods/hop_skip_jump.hpp"
#include "emdyn/provoke/attack/methods/spsa.hpp"
#include "emdyn/provoke/attack/methods/square.hpp"
#include "emdyn/provoke/attack/methods/universal.hpp"

namespace emdyn::provoke::attack {
namespace {

constexpr std::array kEvery{Norm::l0, Norm::l1, Norm::l2, Norm::linf};
constexpr std::array kAll{Norm::l1, Norm::l2, Norm::linf};
constexpr std::array kL2{Norm::l2};
constexpr std::array kL2Linf{Norm::l2, Norm::linf};

/// Functions of an entry whose method M is made of a Config that starts from `kDefaults()`.
template <class M, const auto& kFields, auto kDefaults>
struct Made {
  static auto config(std::string_view name, const Params& params) {
    auto config = kDefaults();
    apply_params(name, kFields, params, config);
    return config;
  }
  static Json fields() {
    Json list = describe_fields(kFields);
    for (std::size_t i = 0; i < kFields.size(); ++i)
      list[i]["default"] = field_value(kFields[i], kDefaults());
    return list;
  }
  static constexpr AttackEntry of(AttackEntry entry) {
    entry.fields = &fields;
    entry.settings = [](std::string_view name, const Params& params) {
      return config_json(kFields, config(name, params));
    };
    entry.make = [](std::string_view name, const Params& params) -> std::unique_ptr<Method> {
      return std::make_unique<M>(config(name, params));
    };
    return entry;
  }
};

template <class Config>
constexpr Config defaults() {
  return Config{};
}

constexpr StepsConfig bim() { return {.steps = 10, .step = 0.2, .random_start = false}; }
constexpr StepsConfig pgd() { return {}; }
constexpr StepsConfig mi_fgsm() {
  return {.steps = 10, .step = 0.1, .random_start = false, .decay = 1.0};
}

constexpr ApgdConfig apgd_dlr() { return {.loss = LossKind::logit_ratio}; }
constexpr ApgdConfig apgd_margin() { return {.loss = LossKind::margin}; }
constexpr ApgdConfig apgd_t() { return {.loss = LossKind::logit_ratio, .targets = 9}; }

constexpr std::string_view kAutoAttackPaper = "Croce, Hein 2020, arXiv:2003.01690";

// The only list of attacks. Add yours here.
constexpr std::array kEntries{
    Made<Fgsm, kFgsmFields, &defaults<FgsmConfig>>::of(
        {.name = "fgsm",
         .help = "one step of steepest ascent",
         .paper = "Goodfellow, Shlens, Szegedy 2014, arXiv:1412.6572",
         .norms = kAll,
         .extent = Extent::all_radii}),
    Made<Steps, kStepsFields, &bim>::of({.name = "bim",
                                         .help = "steps of steepest ascent from the original",
                                         .paper = "Kurakin et al. 2016, arXiv:1607.02533",
                                         .norms = kAll}),
    Made<Steps, kStepsFields, &pgd>::of(
        {.name = "pgd",
         .help = "steps of steepest ascent from a random start",
         .paper = "Madry et al. 2017, arXiv:1706.06083; l1: Croce, Hein 2021, arXiv:2103.01208",
         .norms = kAll}),
    Made<Steps, kStepsFields, &mi_fgsm>::of(
        {.name = "mi_fgsm",
         .help = "steps with momentum, made for transfer from another model",
         .paper = "Dong et al. 2017, arXiv:1710.06081",
         .norms = kAll}),
    Made<Apgd, kApgdFields, &defaults<ApgdConfig>>::of(
        {.name = "apgd_ce",
         .help = "steps that choose their own length, on cross entropy",
         .paper = kAutoAttackPaper,
         .norms = kAll}),
    Made<Apgd, kApgdFields, &apgd_dlr>::of({.name = "apgd_dlr",
                                            .help = "the same on the ratio of logits",
                                            .paper = kAutoAttackPaper,
                                            .norms = kAll}),
    Made<Apgd, kApgdFields, &apgd_margin>::of({.name = "apgd_margin",
                                               .help = "the same on the margin",
                                               .paper = kAutoAttackPaper,
                                               .norms = kAll}),
    Made<Apgd, kApgdFields, &apgd_t>::of({.name = "apgd_t",
                                          .help = "the same towards the nine likeliest classes",
                                          .paper = kAutoAttackPaper,
                                          .norms = kAll,
                                          .targeted = false}),
    Made<Fab, kFabFields, &defaults<FabConfig>>::of(
        {.name = "fab_t",
         .help = "projections on linearised boundaries, towards the nine likeliest classes",
         .paper = "Croce, Hein 2020, arXiv:1907.02044",
         .norms = kAll,
         .extent = Extent::all_radii}),
    Made<Square, kSquareFields, &defaults<SquareConfig>>::of(
        {.name = "square",
         .help = "random search over square patches",
         .paper = "Andriushchenko et al. 2020, arXiv:1912.00049",
         .norms = kL2Linf,
         .gradient = false}),
    Made<AutoAttack, kAutoAttackFields, &defaults<AutoAttackConfig>>::of(
        {.name = "auto_attack",
         .help = "the standard: apgd_ce, apgd_t, fab_t, square, each on what is left",
         .paper = kAutoAttackPaper,
         .norms = kAll,
         .targeted = false}),
    Made<CarliniWagner, kCarliniWagnerFields, &defaults<CarliniWagnerConfig>>::of(
        {.name = "carlini_wagner",
         .help = "distance and margin minimised together",
         .paper = "Carlini, Wagner 2017, arXiv:1608.04644",
         .norms = kL2,
         .extent = Extent::all_radii}),
    Made<DeepFool, kDeepFoolFields, &defaults<DeepFoolConfig>>::of(
        {.name = "deep_fool",
         .help = "steps to the nearest linearised boundary",
         .paper = "Moosavi-Dezfooli et al. 2016, arXiv:1511.04599",
         .norms = kL2Linf,
         .extent = Extent::all_radii}),
    Made<Fmn, kFmnFields, &defaults<FmnConfig>>::of(
        {.name = "fmn",
         .help = "gradient steps in a ball that shrinks and grows about the boundary",
         .paper = "Pintor et al. 2021, arXiv:2102.12827",
         .norms = kEvery,
         .extent = Extent::all_radii}),
    Made<HopSkipJump, kHopSkipJumpFields, &defaults<HopSkipJumpConfig>>::of(
        {.name = "hop_skip_jump",
         .help = "walk along the boundary by classes alone",
         .paper = "Chen, Jordan, Wainwright 2020, arXiv:1904.02144",
         .norms = kL2Linf,
         .extent = Extent::all_radii,
         .gradient = false}),
    Made<Spsa, kSpsaFields, &defaults<SpsaConfig>>::of(
        {.name = "spsa",
         .help = "gradients estimated from pairs of answers",
         .paper = "Uesato et al. 2018, arXiv:1802.05666",
         .norms = kAll,
         .gradient = false}),
    Made<Universal, kUniversalFields, &defaults<UniversalConfig>>::of(
        {.name = "universal",
         .help = "one change for all points",
         .paper = "Moosavi-Dezfooli et al. 2017, arXiv:1610.08401",
         .norms = kL2Linf,
         .extent = Extent::all_points,
         .targeted = false}),
};

}  // namespace

std::span<const AttackEntry> attacks() noexcept { return kEntries; }

const AttackEntry& find_attack(std::string_view name) {
  std::array<std::string_view, kEntries.size()> known;
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].name == name) return kEntries[i];
    known[i] = kEntries[i].name;
  }
  std::string list;
  for (const std::string_view each : known) list.append(list.empty() ? "" : ", ").append(each);
  const auto near = nearest_word(name, known);
  throw ConfigError("no attack is called " + terminal_safe(name) +
                    (near ? " (did you mean " + std::string(*near) + "?)" : "") +
                    "; known: " + list);
}

}  // namespace emdyn::provoke::attack
