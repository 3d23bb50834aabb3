#include "emdyn/stress/registry.hpp"

#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/stress/gradient_steps.hpp"

namespace emdyn::stress {
namespace {

constexpr std::array kAll{Norm::l1, Norm::l2, Norm::linf};

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

}  // namespace emdyn::stress
