#include "emdyn/probe/registry.hpp"

#include <array>
#include <string>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/probe/activity/activity_profile.hpp"
#include "emdyn/probe/geometry/intrinsic_dimension.hpp"
#include "emdyn/probe/geometry/weight_change.hpp"
#include "emdyn/probe/optimisation/updates.hpp"
#include "emdyn/probe/spectra/correlation_traps.hpp"
#include "emdyn/probe/spectra/heavy_tail.hpp"
#include "emdyn/probe/spectra/marchenko_pastur.hpp"

namespace emdyn::probe {
namespace {

constexpr std::array kWeights{ProbeNeed::weights};
constexpr std::array kWeightsBefore{ProbeNeed::weights, ProbeNeed::earlier_checkpoint};
constexpr std::array kActivations{ProbeNeed::activations};
constexpr std::array kActivationsBefore{ProbeNeed::activations, ProbeNeed::earlier_checkpoint};
constexpr std::array kClasses{ProbeNeed::activations, ProbeNeed::labels, ProbeNeed::weights};
constexpr std::array kAttention{ProbeNeed::attention};
constexpr std::array kGradients{ProbeNeed::gradients};
constexpr std::array kOptimizer{ProbeNeed::optimizer_state};

constexpr std::string_view kExact = "none: an exact function of what is measured";
constexpr std::string_view kJackknife = "jackknife over samples";

template <const auto& kTable>
Json fields_of() {
  return describe_fields(kTable);
}

// The only list of probes. Add yours in its family, in alphabetical order.
constexpr std::array kEntries{
    ProbeEntry{{"activation_moments",
                "mean, variance and kurtosis of all activations, units that never activate",
                kOwnWork, "2 * samples * units"},
               "activity",
               "mean, variance, kurtosis, dead_fraction",
               kExact,
               kActivations,
               ProbeSchedule::every_row},
    ProbeEntry{
        {"activity", "sparsity, dead units, outlier features and kurtosis over units",
         "Dettmers et al., LLM.int8(), 2022; He et al., Understanding and minimising outlier "
         "features, 2024; Lu et al., Dying ReLU and initialization, 2020",
         "3 * samples * units", fields_of<kActivityFields>},
        "activity",
        "sparsity, dead_units, outlier_units, max_to_median, unit_kurtosis",
        kJackknife,
        kActivations,
        ProbeSchedule::every_row},
    ProbeEntry{
        {"attention", "how a head spreads its attention, and its greatest logit",
         "Zhai et al., Stabilizing transformer training by preventing attention entropy collapse, "
         "2023; Wortsman et al., Small-scale proxies for large-scale transformer training "
         "instabilities, 2023",
         "queries * keys exponentials"},
        "activity",
        "entropy, share_of_uniform, max_logit, max_weight",
        "deviation over queries",
        kAttention,
        ProbeSchedule::sparse},
    ProbeEntry{
        {"fourier_concentration",
         "how the power of an embedding is spread over the frequencies of its tokens",
         "Nanda et al., Progress measures for grokking via mechanistic interpretability, 2023",
         "2 * tokens^2 * units"},
        "geometry",
        "gini, top_share, power",
        kExact,
        kWeights,
        ProbeSchedule::sparse},
    ProbeEntry{
        {"levina_bickel", "intrinsic dimension by maximum likelihood over k nearest neighbours",
         "Levina and Bickel, Maximum likelihood estimation of intrinsic dimension, 2004; MacKay "
         "and Ghahramani, comments, 2005",
         "samples^2 * units", fields_of<kLevinaBickelFields>},
        "geometry",
        "dimension",
        "likelihood, corrected for shared neighbours",
        kActivations,
        ProbeSchedule::checkpoint},
    ProbeEntry{
        {"linear_cka",
         "how alike two representations of the same samples are, up to rotation and scale",
         "Kornblith et al., Similarity of neural network representations revisited, 2019; Nguyen, "
         "Raghu and Kornblith, Do wide and deep networks learn the same things?, 2021",
         "min(samples^2 * units, samples * units^2)"},
        "geometry",
        "biased, debiased",
        kJackknife,
        kActivationsBefore,
        ProbeSchedule::checkpoint},
    ProbeEntry{
        {"neural_collapse",
         "NC1 to NC4: variability within classes, simplex of means, self-duality, nearest mean",
         "Papyan, Han and Donoho, Prevalence of neural collapse during the terminal phase of deep "
         "learning training, 2020",
         "12 * samples * units * classes"},
        "geometry",
        "within_variability, mean_equinorm, mean_equiangle, mean_max_angle, self_duality, "
        "disagreement",
        "jackknife over ten groups (NC1), binomial (NC4)",
        kClasses,
        ProbeSchedule::sparse},
    ProbeEntry{
        {"two_nn", "intrinsic dimension from the two nearest neighbours",
         "Facco, d'Errico, Rodriguez and Laio, Estimating the intrinsic dimension of datasets by a "
         "minimal neighborhood information, 2017",
         "samples^2 * units", fields_of<kTwoNnFields>},
        "geometry",
        "dimension",
        "likelihood, corrected for shared neighbours",
        kActivations,
        ProbeSchedule::checkpoint},
    ProbeEntry{
        {"weight_change",
         "relative change, cosine and overlap of leading directions against earlier weights",
         "Gur-Ari, Roberts and Dyer, Gradient descent happens in a tiny subspace, 2018; Musco and "
         "Musco, Randomized block Krylov methods, 2015",
         "rows * columns * min", fields_of<kWeightChangeFields>},
        "geometry",
        "relative, cosine, subspace_overlap",
        kExact,
        kWeightsBefore,
        ProbeSchedule::checkpoint},
    ProbeEntry{
        {"adam_health", "Adam's second moment against epsilon: parameters that no longer learn",
         "Wortsman et al., Small-scale proxies for large-scale transformer training instabilities, "
         "2023",
         "parameters", fields_of<kAdamFields>},
        "optimisation",
        "share_below_epsilon, median_over_epsilon, gradient_rms, lost_share",
        kExact,
        kOptimizer,
        ProbeSchedule::sparse},
    ProbeEntry{
        {"commutator_defect", "whether the order of two batches matters",
         "Xu, Low-dimensional and transversely curved optimization dynamics in grokking, 2026",
         "4 training steps"},
        "optimisation",
        "relative, curvature",
        kExact,
        kGradients,
        ProbeSchedule::checkpoint},
    ProbeEntry{
        {"gradient_noise",
         "the batch size below which twice the batch is nearly twice the progress",
         "McCandlish, Kaplan, Amodei et al., An empirical model of large-batch training, 2018",
         "3 * examples * parameters"},
        "optimisation",
        "gradient_squared, noise, scale",
        "jackknife over examples or pairs of batches",
        kGradients,
        ProbeSchedule::sparse},
    ProbeEntry{{"update_cosine", "cosine between two successive updates",
                "Xing, Arpit, Tsirigotis and Bengio, A walk with SGD, 2018", "parameters"},
               "optimisation",
               "value",
               kExact,
               kGradients,
               ProbeSchedule::every_row},
    ProbeEntry{{"update_to_weight", "length of an update over that of the weights, per layer",
                "Karpathy, CS231n: babysitting the learning process, 2015", "parameters"},
               "optimisation",
               "value",
               kExact,
               kWeightsBefore,
               ProbeSchedule::every_row},
    ProbeEntry{
        {"correlation_traps",
         "outliers that stay when a layer's entries are shuffled: unusually large weights",
         "Martin and Mahoney, Implicit self-regularization in deep neural networks, 2021; Martin "
         "and Hinrichs, SETOL, 2025",
         "rows * columns * min / 2 + 4/3 min^3", fields_of<kCorrelationTrapsFields>},
        "spectra",
        "count, excess, edge",
        kExact,
        kWeights,
        ProbeSchedule::checkpoint},
    ProbeEntry{
        {"heavy_tail",
         "power-law exponent of the greatest eigenvalues, with the search of where they begin",
         "Clauset, Shalizi and Newman, Power-law distributions in empirical data, 2009; Martin and "
         "Mahoney, Implicit self-regularization in deep neural networks, 2021",
         "min^2 after the spectrum", fields_of<kHeavyTailFields>},
        "spectra",
        "alpha, x_min, tail, distance, p_value",
        "likelihood at the chosen x_min; bootstrap with replicates",
        kWeights,
        ProbeSchedule::sparse},
    ProbeEntry{
        {"marchenko_pastur",
         "the bulk of a spectrum that noise explains, its edge, and the spikes beyond it",
         "Marchenko and Pastur, 1967; Gavish and Donoho, The optimal hard threshold for singular "
         "values, 2014; Johnstone, 2001",
         "min * log(min) after the spectrum", fields_of<kMarchenkoPasturFields>},
        "spectra",
        "variance, lower_edge, upper_edge, spikes, spike_share, distance",
        "rigidity of random spectra",
        kWeights,
        ProbeSchedule::sparse},
    ProbeEntry{{"ranks", "norms, stable and effective rank, participation ratio",
                "Rudelson and Vershynin, Sampling from large matrices, 2007; Roy and Vetterli, The "
                "effective rank, 2007; Liu et al., Omnigrok, 2022",
                "rows * columns * min / 2 + 4/3 min^3"},
               "spectra",
               "frobenius_norm, spectral_norm, log_norm, stable_rank, effective_rank, "
               "participation_ratio, numerical_rank",
               kExact,
               kWeights,
               ProbeSchedule::sparse},
};

}  // namespace

std::string_view word(ProbeNeed need) noexcept {
  constexpr std::array<std::string_view, 7> kWords{
      "weights",         "activations",       "labels", "gradients", "attention",
      "optimizer_state", "earlier_checkpoint"};
  return kWords[static_cast<std::size_t>(need)];
}

std::string_view word(ProbeSchedule schedule) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"every_row", "sparse", "checkpoint"};
  return kWords[static_cast<std::size_t>(schedule)];
}

const Registry<ProbeEntry>& probes() noexcept {
  static constexpr Registry<ProbeEntry> kRegistry{{.what = "probe",
                                                   .several = "probes",
                                                   .list = "emdyn probe --list",
                                                   .fields_key = "settings"},
                                                  kEntries};
  return kRegistry;
}

std::vector<Fact> facts(const ProbeEntry& entry) {
  Json needs = Json::array();
  for (const ProbeNeed need : entry.needs) needs.push_back(word(need));
  return {{"family", entry.family},
          {"gives", entry.gives},
          {"needs", std::move(needs)},
          {"schedule", word(entry.schedule)},
          {"error", entry.error}};
}

void to_json(Json& json, const ProbeEntry& entry) {
  json = entry_json(probes().form(), entry, facts(entry));
}

}  // namespace emdyn::probe
