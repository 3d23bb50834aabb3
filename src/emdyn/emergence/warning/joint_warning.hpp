#pragma once
#include <Eigen/Core>
#include <array>
#include <span>
#include <string_view>

#include "emdyn/emergence/warning/early_warning.hpp"

namespace emdyn::emergence {

/// What early warnings follow of several signals together, each of one window alone after its lines
/// were taken off:
/// - covariance_eigenvalue: the largest, signals in units of their deviation in the first window
///   (Held & Kleinen 2004).
/// - shared_variance: its share of all variance.
/// - network_biomarker: mean deviation times mean |correlation|, the signals being one group (Chen,
///   Liu, Liu, Li & Aihara 2012).
/// - jacobian_eigenvalue: largest modulus of the eigenvalues of a local linear map from one sample to
///   the next, weighted towards states like the last one (S-map, Sugihara 1994; Ushio et al. 2018),
///   on at most three principal components; 1 is the border of stability.
/// - prediction_residual: share of the variance that a linear map between delayed states (four
///   delays of these components, reduced to six modes: Hankel dynamic mode decomposition, Arbabi &
///   Mezić 2017) leaves unpredicted.
inline constexpr std::array<std::string_view, 5> kJointIndicatorNames{
    "covariance_eigenvalue", "shared_variance", "network_biomarker", "jacobian_eigenvalue",
    "prediction_residual"};

/// Which way each goes when the system slows down.
inline constexpr std::array<int, kJointIndicatorNames.size()> kJointIndicatorSlowing{1, 1, 1, 1,
                                                                                     -1};

/// The joint indicators in rolling windows, with trends and bands against surrogates whose phases
/// are random but the same for all signals: their spectra and their dependence stay, what grows is
/// lost (Prichard & Theiler 1994). Rows with a gap in any signal are left out, and so are signals
/// that do not change within the first window. Options as for early_warning(); `surrogates` is not
/// used. Cost: O(signals²·window) a window and surrogate.
/// @param signals [rows, signals]. @param positions one a row, ascending.
/// @return no indicators and a note with fewer than two usable signals or two windows.
/// @throws DataError for positions that do not fit or go back, ConfigError for options out of range.
EarlyWarning joint_warning(const Eigen::Ref<const Eigen::MatrixXd>& signals,
                           std::span<const double> positions,
                           const EarlyWarningOptions& options = {});

}  // namespace emdyn::emergence
