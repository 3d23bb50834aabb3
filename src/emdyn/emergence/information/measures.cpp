#include "emdyn/emergence/information/measures.hpp"

#include <fmt/format.h>

#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/information/dynamical_independence.hpp"
#include "emdyn/emergence/information/dynamics.hpp"
#include "emdyn/emergence/information/effective_information.hpp"
#include "emdyn/emergence/information/emergence_criteria.hpp"
#include "emdyn/emergence/information/group_search.hpp"

namespace emdyn::emergence::information {
namespace {

Json no_fields() { return Json::array(); }
Json estimate_fields() { return describe_fields(kEstimateFields); }
Json history_fields() {
  Json fields = describe_fields(kHistoryFields);
  for (const Json& field : describe_fields(kEstimateFields)) fields.push_back(field);
  return fields;
}
Json emergence_fields() { return describe_fields(kEmergenceFields); }

constexpr std::string_view kRosas2019 =
    "Rosas, Mediano, Gastpar & Jensen, Physical Review E 100 (2019)";
constexpr std::string_view kRosas2020 =
    "Rosas, Mediano, Jensen, Seth et al., PLoS Computational Biology 16 (2020)";

// The only list of measures. Add yours here, in alphabetical order.
constexpr std::array kMeasures{
    MeasureEntry{"active_information_storage", "what the next value owes to the signal's own past",
                 "Lizier, Prokopenko & Zomaya, Information Sciences 208 (2012)",
                 "O(T log T) a history", MeasureSubject::series, false, history_fields},
    MeasureEntry{"conditional_mutual_information", "what two parts share beyond what a third tells",
                 "Frenzel & Pompe, Physical Review Letters 99 (2007)", "O(T log T)",
                 MeasureSubject::pair, false, estimate_fields},
    MeasureEntry{kDeltaName, "what the whole tells of a part's future beyond the parts", kRosas2020,
                 "O(n²·T)", MeasureSubject::group, false, emergence_fields},
    MeasureEntry{"dual_total_correlation", "what the parts share, each counted once", "Han (1978)",
                 "O(n³) of a covariance", MeasureSubject::group, false, no_fields},
    MeasureEntry{"dynamical_dependence", "what the rest tells of a macro variable's future",
                 "Barnett & Seth, Physical Review E 108 (2023)", "O(n³·starts·steps)",
                 MeasureSubject::linear_system, false,
                 [] { return describe_fields(kIndependenceFields); }},
    MeasureEntry{"effective_information", "what a mechanism says when its states are set evenly",
                 "Hoel, Albantakis & Tononi, PNAS 110 (2013)", "O(n²)", MeasureSubject::chain,
                 false, [] { return describe_fields(kScaleFields); }},
    MeasureEntry{kGammaName, "what the whole tells of its parts' future", kRosas2020, "O(n²·T)",
                 MeasureSubject::group, false, emergence_fields},
    MeasureEntry{"integrated_information", "the sixteen ways two parts carry information in time",
                 "Mediano, Rosas et al., arXiv:2109.13186 (2021)", "O(T)",
                 MeasureSubject::two_parts, false, no_fields},
    MeasureEntry{kMutualInformationName, "what two parts tell of each other",
                 "Shannon (1948); Kraskov, Stögbauer & Grassberger, Physical Review E 69 (2004)",
                 "O(T log T)", MeasureSubject::pair, false, estimate_fields},
    MeasureEntry{kOInformationName, "redundancy (above 0) or synergy (below 0) of a group",
                 kRosas2019, "O(n³) of a covariance", MeasureSubject::group, false,
                 [] { return describe_fields(kGroupSearchFields); }},
    MeasureEntry{kPsiName, "what the whole tells of its own future beyond the parts", kRosas2020,
                 "O(n·T)", MeasureSubject::group, false, emergence_fields},
    MeasureEntry{"s_information", "total plus dual total correlation: dependence of either kind",
                 kRosas2019, "O(n³) of a covariance", MeasureSubject::group, false, no_fields},
    MeasureEntry{kTotalCorrelationName, "what the parts lose when taken one by one",
                 "Watanabe (1960)", "O(n³) of a covariance", MeasureSubject::group, false,
                 no_fields},
    MeasureEntry{kTransferEntropyName, "what the source's past tells beyond the target's own past",
                 "Schreiber, Physical Review Letters 85 (2000)", "O(T log T) a history",
                 MeasureSubject::pair, true, history_fields},
};

}  // namespace

std::span<const MeasureEntry> measures() noexcept { return kMeasures; }

const MeasureEntry& find_measure(std::string_view name) {
  std::array<std::string_view, kMeasures.size()> known;
  for (std::size_t i = 0; i < kMeasures.size(); ++i) {
    if (kMeasures[i].name == name) return kMeasures[i];
    known[i] = kMeasures[i].name;
  }
  const auto near = nearest_word(name, known);
  throw ConfigError(fmt::format("unknown measure \"{}\"{}; known: {}", terminal_safe(name),
                                near ? fmt::format(" (did you mean {}?)", *near) : std::string(),
                                fmt::join(known, ", ")));
}

}  // namespace emdyn::emergence::information
