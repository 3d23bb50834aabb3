#include "emdyn/provoke/attack/methods/auto_attack.hpp"

#include "emdyn/provoke/attack/methods/apgd.hpp"
#include "emdyn/provoke/attack/methods/fab.hpp"
#include "emdyn/provoke/attack/methods/square.hpp"

namespace emdyn::provoke::attack {

void AutoAttack::run(Search& search) const {
  Apgd({.steps = config_.steps}).run(search);
  Apgd({.steps = config_.steps, .loss = AttackLoss::logit_ratio, .targets = config_.targets})
      .run(search);
  Fab({.steps = config_.steps, .targets = config_.targets}).run(search);
  if (search.norm() != Norm::l1) Square({.queries = config_.queries}).run(search);
}

}  // namespace emdyn::provoke::attack
