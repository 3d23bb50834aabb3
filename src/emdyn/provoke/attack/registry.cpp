#include "emdyn/provoke/attack/registry.hpp"

#include <array>
#include <utility>

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

/// An entry whose method M is made of a Config that starts from `kDefaults()`.
template <class M, const auto& kFields, auto kDefaults>
struct Attack : AttackEntry {
  constexpr Attack(EntryFacts facts, const AttackTraits& traits)
      : AttackEntry{
            facts, traits,
            [](std::string_view entry, const Params& params) {
              return config_json(kFields, config(entry, params));
            },
            [](std::string_view entry, const Params& params) -> std::unique_ptr<AttackMethod> {
              return std::make_unique<M>(config(entry, params));
            }} {
    EntryFacts::fields = &described;
  }
  static auto config(std::string_view entry, const Params& params) {
    auto config = kDefaults();
    apply_params(entry, kFields, params, config);
    return config;
  }
  static Json described() {
    Json list = describe_fields(kFields);
    for (std::size_t i = 0; i < kFields.size(); ++i)
      list[i]["default"] = field_value(kFields[i], kDefaults());
    return list;
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

constexpr ApgdConfig apgd_dlr() { return {.loss = AttackLoss::logit_ratio}; }
constexpr ApgdConfig apgd_margin() { return {.loss = AttackLoss::margin}; }
constexpr ApgdConfig apgd_t() { return {.loss = AttackLoss::logit_ratio, .targets = 9}; }

constexpr std::string_view kAutoAttackPaper = "Croce, Hein 2020, arXiv:2003.01690";
constexpr std::string_view kStepsCost = "steps gradients and a forward pass a start";

// The only list of attacks. Add yours here.
constexpr auto kAttacks = std::to_array<AttackEntry>({
    Attack<Fgsm, kFgsmFields, &defaults<FgsmConfig>>(
        {.name = "fgsm",
         .summary = "one step of steepest ascent",
         .paper = "Goodfellow, Shlens, Szegedy 2014, arXiv:1412.6572",
         .cost = "one gradient for all radii"},
        {.norms = kAll, .extent = Extent::all_radii, .in_attack = true, .in_evidence = true}),
    Attack<Steps, kStepsFields, &bim>({.name = "bim",
                                       .summary = "steps of steepest ascent from the original",
                                       .paper = "Kurakin et al. 2016, arXiv:1607.02533",
                                       .cost = kStepsCost},
                                      {.norms = kAll}),
    Attack<Steps, kStepsFields, &pgd>(
        {.name = "pgd",
         .summary = "steps of steepest ascent from a random start",
         .paper = "Madry et al. 2017, arXiv:1706.06083; l1: Croce, Hein 2021, arXiv:2103.01208",
         .cost = kStepsCost},
        {.norms = kAll, .in_attack = true, .in_evidence = true}),
    Attack<Steps, kStepsFields, &mi_fgsm>(
        {.name = "mi_fgsm",
         .summary = "steps with momentum, made for transfer from another model",
         .paper = "Dong et al. 2017, arXiv:1710.06081",
         .cost = kStepsCost},
        {.norms = kAll}),
    Attack<Apgd, kApgdFields, &defaults<ApgdConfig>>(
        {.name = "apgd_ce",
         .summary = "steps that choose their own length, on cross entropy",
         .paper = kAutoAttackPaper,
         .cost = kStepsCost},
        {.norms = kAll, .in_attack = true, .on_curves = true}),
    Attack<Apgd, kApgdFields, &apgd_dlr>(
        {.name = "apgd_dlr",
         .summary = "steps that choose their own length, on the ratio of logits",
         .paper = kAutoAttackPaper,
         .cost = kStepsCost},
        {.norms = kAll, .in_attack = true}),
    Attack<Apgd, kApgdFields, &apgd_margin>(
        {.name = "apgd_margin",
         .summary = "steps that choose their own length, on the margin",
         .paper = kAutoAttackPaper,
         .cost = kStepsCost},
        {.norms = kAll}),
    Attack<Apgd, kApgdFields, &apgd_t>(
        {.name = "apgd_t",
         .summary = "steps that choose their own length, towards the nine likeliest classes",
         .paper = kAutoAttackPaper,
         .cost = "steps gradients and a forward pass a start and class"},
        {.norms = kAll, .targeted = false}),
    Attack<Fab, kFabFields, &defaults<FabConfig>>(
        {.name = "fab_t",
         .summary = "projections on linearised boundaries, towards the nine likeliest classes",
         .paper = "Croce, Hein 2020, arXiv:1907.02044",
         .cost = "a gradient and a forward pass a step and class"},
        {.norms = kAll, .extent = Extent::all_radii, .nearest = true}),
    Attack<Square, kSquareFields, &defaults<SquareConfig>>(
        {.name = "square",
         .summary = "random search over square patches",
         .paper = "Andriushchenko et al. 2020, arXiv:1912.00049",
         .cost = "queries forward passes a start"},
        {.norms = kL2Linf, .gradient = false, .on_curves = true}),
    Attack<AutoAttack, kAutoAttackFields, &defaults<AutoAttackConfig>>(
        {.name = "auto_attack",
         .summary = "the standard: apgd_ce, apgd_t, fab_t, square, each on what is left",
         .paper = kAutoAttackPaper,
         .cost = "that of its four attacks, on the points each is left with"},
        {.norms = kAll, .targeted = false, .in_evidence = true}),
    Attack<CarliniWagner, kCarliniWagnerFields, &defaults<CarliniWagnerConfig>>(
        {.name = "carlini_wagner",
         .summary = "distance and margin minimised together",
         .paper = "Carlini, Wagner 2017, arXiv:1608.04644",
         .cost = "up to searches * steps gradients"},
        {.norms = kL2, .extent = Extent::all_radii, .nearest = true}),
    Attack<DeepFool, kDeepFoolFields, &defaults<DeepFoolConfig>>(
        {.name = "deep_fool",
         .summary = "steps to the nearest linearised boundary",
         .paper = "Moosavi-Dezfooli et al. 2016, arXiv:1511.04599",
         .cost = "up to a gradient a step and class"},
        {.norms = kL2Linf, .extent = Extent::all_radii, .nearest = true}),
    Attack<Fmn, kFmnFields, &defaults<FmnConfig>>(
        {.name = "fmn",
         .summary = "gradient steps in a ball that shrinks and grows about the boundary",
         .paper = "Pintor et al. 2021, arXiv:2102.12827",
         .cost = "steps gradients a start"},
        {.norms = kEvery, .extent = Extent::all_radii, .nearest = true}),
    Attack<HopSkipJump, kHopSkipJumpFields, &defaults<HopSkipJumpConfig>>(
        {.name = "hop_skip_jump",
         .summary = "walk along the boundary by classes alone",
         .paper = "Chen, Jordan, Wainwright 2020, arXiv:1904.02144",
         .cost = "queries forward passes, and a step's more"},
        {.norms = kL2Linf, .extent = Extent::all_radii, .gradient = false, .nearest = true}),
    Attack<Spsa, kSpsaFields, &defaults<SpsaConfig>>(
        {.name = "spsa",
         .summary = "gradients estimated from pairs of answers",
         .paper = "Uesato et al. 2018, arXiv:1802.05666",
         .cost = "2 * samples + 1 forward passes a step"},
        {.norms = kAll, .gradient = false}),
    Attack<Universal, kUniversalFields, &defaults<UniversalConfig>>(
        {.name = "universal",
         .summary = "one change for all points",
         .paper = "Moosavi-Dezfooli et al. 2017, arXiv:1610.08401",
         .cost = "a forward pass a point and pass, and deep_fool where it fails"},
        {.norms = kL2Linf, .extent = Extent::all_points, .targeted = false}),
});

constexpr Registry<AttackEntry> kRegistry{{.what = "attack",
                                           .several = "attacks",
                                           .list = "emdyn stress attack --list",
                                           .summary_key = "help",
                                           .fields_key = "settings"},
                                          kAttacks};

consteval std::size_t curve_index(bool gradients) {
  std::size_t i = 0;
  while (!kAttacks[i].on_curves || kAttacks[i].gradient != gradients) ++i;
  return i;  // Neither one left: no constant, so this does not compile.
}

}  // namespace

std::string_view word(Extent extent) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"one_radius", "all_radii", "all_points"};
  return kWords[static_cast<std::size_t>(extent)];
}

const Registry<AttackEntry>& registry() noexcept { return kRegistry; }

std::span<const AttackEntry> attacks() noexcept { return kRegistry.entries(); }

std::vector<std::string> names_of(bool AttackEntry::*fact) {
  std::vector<std::string> names;
  for (const AttackEntry& entry : kAttacks) {
    if (entry.*fact) names.emplace_back(entry.name);
  }
  return names;
}

const AttackEntry& curve_attack(bool gradients) noexcept {
  return gradients ? kAttacks[curve_index(true)] : kAttacks[curve_index(false)];
}

const AttackEntry& find_attack(std::string_view name) { return kRegistry.find(name); }

std::vector<Fact> facts(const AttackEntry& entry) {
  Json norms = Json::array();
  for (const Norm norm : entry.norms) norms.push_back(word(norm));
  return {{"norms", std::move(norms)},
          {"gradient", entry.gradient},
          {"targeted", entry.targeted},
          {"extent", word(entry.extent)}};
}

}  // namespace emdyn::provoke::attack
