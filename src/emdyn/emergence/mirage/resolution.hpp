#pragma once

/// How many test items a graded metric needs before a smooth rise can be seen in it.
namespace emdyn::emergence::mirage {

/// Items that show at least one success with probability `power` when each succeeds with
/// probability `rate`: ⌈ln(1 − power)/ln(1 − rate)⌉. For metrics that guessing never gets right.
/// @throws ConfigError unless 0 < rate < 1 and 0 < power < 1.
double items_to_see(double rate, double power = 0.9);

/// Items that tell `rate` from `chance` in a two-sided test at `alpha` with probability `power`, by
/// the normal approximation (Fleiss, "Statistical Methods for Rates and Proportions", ch. 2):
/// ⌈((z_{α/2}√(c(1−c)) + z_β√(q(1−q)))/(q − c))²⌉.
/// @throws ConfigError unless both lie in (0, 1) and differ.
double items_to_tell(double rate, double chance, double alpha = 0.05, double power = 0.9);

/// Probability that `items` items tell `rate` from `chance` at `alpha`, one-sided and exact: the
/// binomial tail beyond the least count whose tail under `chance` is at most alpha. chance = 0: any
/// success tells.
/// @throws ConfigError for items < 1 or probabilities outside [0, 1].
double power_of_items(double items, double rate, double chance, double alpha = 0.05);

}  // namespace emdyn::emergence::mirage
