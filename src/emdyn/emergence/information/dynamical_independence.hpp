#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/information/linear_system.hpp"

namespace emdyn::emergence::information {

/// Transfer entropy, in nats, from the system to the macro variable Y = L x beyond Y's own past: 0
/// when Y is dynamically independent, a process with laws of its own.
/// Source: Barnett & Seth, "Dynamical Independence: Discovering Emergent Macroscopic Processes in
/// Complex Dynamical Systems", Physical Review E 108 (2023).
/// @param projection L [dimensions, signals] of full row rank; only its row space matters.
double dynamical_dependence(const VectorAutoregression& system,
                            const Eigen::Ref<const Eigen::MatrixXd>& projection);

struct IndependenceOptions {
  std::int64_t starts = 20;  ///< Random row spaces the descent begins at.
  std::int64_t steps = 400;  ///< Of each descent.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "dynamical_independence";
};

inline constexpr std::array kIndependenceFields{
    Field<IndependenceOptions>{"starts", &IndependenceOptions::starts, 1, 10000,
                               "random starts of the descent"},
    Field<IndependenceOptions>{"steps", &IndependenceOptions::steps, 1, 100000, "of each descent"},
    Field<IndependenceOptions>{"seed", &IndependenceOptions::seed, 0, 9e15, "of the starts"},
};

/// The macro variable of one dimension count that depends least on the rest.
struct MacroVariable {
  Eigen::MatrixXd projection{};  ///< [dimensions, signals], rows of unit length, orthogonal after
                                 ///< whitening by the residual covariance.
  double dependence = 0.0;       ///< Nats.
};

/// Descends the sum of squared responses of Y to what is outside it (a polynomial that is 0 exactly
/// at dynamical independence) on the Grassmannian, from many starts, then chooses by dependence. A
/// local method: the least found, not a proof that there is no less.
/// @throws DataError for dimensions outside [1, signals − 1] or a system that is not stationary.
MacroVariable least_dependent(const VectorAutoregression& system, std::size_t dimensions,
                              const IndependenceOptions& options = {});

/// The least dependent macro variable of every dimension 1 … signals − 1: emergence along scale.
std::vector<MacroVariable> dependence_along_scale(const VectorAutoregression& system,
                                                  const IndependenceOptions& options = {});

}  // namespace emdyn::emergence::information
