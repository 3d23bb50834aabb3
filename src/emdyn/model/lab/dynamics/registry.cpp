#include "emdyn/model/lab/dynamics/registry.hpp"

#include <array>

#include "emdyn/model/lab/dynamics/bifurcation.hpp"
#include "emdyn/model/lab/dynamics/hierarchy.hpp"
#include "emdyn/model/lab/dynamics/ising.hpp"
#include "emdyn/model/lab/dynamics/kuramoto.hpp"
#include "emdyn/model/lab/dynamics/percolation.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

constexpr std::string_view kStrogatz = "Strogatz, Nonlinear Dynamics and Chaos (1994)";

Json bifurcation_fields() { return describe_fields(kBifurcationFields); }

// The only list of labs without a network. Add yours here.
constexpr std::array kSimulations{
    ExperimentEntry{
        {"fold", "an equilibrium that slowly loses its stability and vanishes", kStrogatz,
         "O(steps substeps)", bifurcation_fields},
        "the state and the control parameter",
        "bifurcation where the control is 0; before it recovery at rate 2 sqrt(control)",
        false,
        [](const Params& params) { return make_bifurcation(Bifurcation::fold, params); }},
    ExperimentEntry{
        {"hopf", "an equilibrium that slowly gives way to a cycle", kStrogatz, "O(steps substeps)",
         bifurcation_fields},
        "both coordinates, the radius and the control parameter",
        "bifurcation where the control is 0; before it recovery at rate control, beyond it a cycle "
        "of radius sqrt(-control)",
        false,
        [](const Params& params) { return make_bifurcation(Bifurcation::hopf, params); }},
    ExperimentEntry{
        {"transcritical", "a population that slowly dies out", kStrogatz, "O(steps substeps)",
         bifurcation_fields},
        "the state and the control parameter",
        "bifurcation where the control is 0; before it recovery at rate control",
        false,
        [](const Params& params) { return make_bifurcation(Bifurcation::transcritical, params); }},
    ExperimentEntry{
        {"no_transition", "the null of the three before: noise about an equilibrium that stays",
         "Ornstein & Uhlenbeck, Physical Review 36 (1930)", "O(steps)",
         [] { return describe_fields(kNullFields); }},
        "the state and the rate of recovery",
        "no transition; autocorrelation exp(-rate dt), variance noise^2/(2 rate)",
        false,
        make_null},
    ExperimentEntry{
        {"kuramoto", "oscillators that fall into step as their coupling grows",
         "Kuramoto (1975); Strogatz, Physica D 143 (2000)", "O(steps oscillators time)",
         [] { return describe_fields(kKuramotoFields); }},
        "order, its fluctuation and the share of locked oscillators, along the coupling",
        "critical coupling 2/(pi g(0)); lorentzian: order sqrt(1 - K_c/K)",
        false,
        make_kuramoto},
    ExperimentEntry{
        {"ising", "spins on a square lattice that lose their order as it grows warm",
         "Onsager, Physical Review 65 (1944); Wolff, Physical Review Letters 62 (1989)",
         "O(steps chains clusters size^2)", [] { return describe_fields(kIsingFields); }},
        "magnetisation, energy, their fluctuations and Binder's cumulant, along the temperature",
        "critical temperature 2/ln(1 + sqrt 2)",
        false,
        make_ising},
    ExperimentEntry{
        {"percolation", "a giant component that appears as a random graph gets its links",
         "Erdos & Renyi (1960); Newman & Ziff, Physical Review Letters 85 (2000)",
         "O(graphs nodes)", [] { return describe_fields(kPercolationFields); }},
        "shares of the two largest components, along the mean degree",
        "critical mean degree 1; share of the giant component S = 1 - exp(-cS)",
        false,
        make_percolation},
    ExperimentEntry{
        {"hierarchy", "coupled chaotic maps: chaos below, predictability above, uncertain between",
         kOwnWork, "O((steps + interventions) elements)",
         [] { return describe_fields(kHierarchyFields); }},
        "one element, a block half-way up and the whole",
        "effective information rises with scale to that of the whole, with coupling 0 falls; an "
        "element's Lyapunov exponent is ln 2",
        false,
        make_hierarchy},
};

constexpr Registry<ExperimentEntry> kRegistry{kExperimentForm, kSimulations};

}  // namespace

const Registry<ExperimentEntry>& registry() noexcept { return kRegistry; }

}  // namespace emdyn::model::lab::dynamics
