#pragma once
#include <functional>

/// Average run lengths of the CUSUM and EWMA charts on independent normal samples, and the
/// thresholds that give a wanted one. A run length counts samples up to and with the first alarm,
/// from a fresh start. `shift` and `scale`: the samples have mean `shift` and deviation `scale` in
/// units of the baseline the chart believes in, so that the run length in control (0, 1), after a
/// change, and with a baseline that was estimated come from the same function.
///
/// The run length solves a Fredholm equation, here by Gauss-Legendre quadrature (the Markov chain
/// of Brook & Evans with nodes instead of states), exact to about six digits. Siegmund's
/// approximation is within 1 % for the CUSUM at slack 0.5 but has no such promise elsewhere.
///
/// Cost: a linear system of 81 unknowns, about a tenth of a millisecond; the EWMA's start limits
/// add about 10 steps / lambda of 6,400 kernel values each; thresholds take about 50 of them.
/// Source: Brook & Evans, "An Approach to the Probability Distribution of CUSUM Run Length",
/// Biometrika 59 (1972); Crowder, "A Simple Method for Studying Run-Length Distributions of
/// Exponentially Weighted Moving Average Charts", Technometrics 29 (1987); van Dobben de Bruyn,
/// "Cumulative Sum Tests" (1968) for two sides; Shin, Ramdas, Rinaldo, "E-detectors" (2024).
namespace emdyn::detect {

/// Two-sided tabular CUSUM, as Cusum. @param slack >= 0 and threshold > 0, in deviations.
double cusum_run_length(double slack, double threshold, double shift = 0.0, double scale = 1.0);
/// One side of it.
double one_sided_cusum_run_length(double slack, double threshold, double shift = 0.0,
                                  double scale = 1.0);
/// EWMA chart with transition limits, as Ewma. @param lambda in (0, 1], limit > 0 in deviations of
/// the average.
double ewma_run_length(double lambda, double limit, double shift = 0.0, double scale = 1.0);
/// The same chart with the limits it tends to from the start.
double ewma_steady_limits_run_length(double lambda, double limit, double shift = 0.0,
                                     double scale = 1.0);

/// Cusum::Config::threshold_sigmas for a run length in control.
/// @throws ConfigError unless arl0 is in [2, 1e9] and slack in [0.05, 5].
double cusum_threshold(double arl0_samples, double slack);
/// Ewma::Config::limit_sigmas. @throws ConfigError unless arl0 is in [2, 1e9], lambda in [0.01, 1].
double ewma_limit(double arl0_samples, double lambda);
/// KSigma::Config::k of a known baseline: exact. @throws ConfigError unless arl0 >= 2.
double k_sigma_limit(double arl0_samples);

/// P(sample <= x) of a known law on [0, 1].
using SampleCdf = std::function<double(double x)>;

/// Run length of one side (Side::rise) of the e-detectors ESr and ECusum with a given mean, on
/// independent samples of a known law: a Markov chain of 200 cells of the evidence's logarithm,
/// extrapolated from 100 and 200 to none; within 1 % for laws with a density. About 10 ms.
/// @param alpha, bet, mean as in EDetector::Config.
double e_sr_run_length(double alpha, double bet, double mean, const SampleCdf& law);
double e_cusum_run_length(double alpha, double bet, double mean, const SampleCdf& law);

/// EDetector::Config::alpha for a run length in control where the law is known. 1 / arl0 promises
/// at least that run length whatever the law, and gives up to fifty times as much; this gives
/// the one asked for. At most 0.5, the largest alpha there is, which gives more where little was
/// asked for.
/// @throws ConfigError unless arl0 is in [2, 1e9], bet in [0.001, 1] and mean in [0.001, 0.999].
double e_sr_alpha(double arl0_samples, double bet, double mean, const SampleCdf& law);
double e_cusum_alpha(double arl0_samples, double bet, double mean, const SampleCdf& law);

}  // namespace emdyn::detect
