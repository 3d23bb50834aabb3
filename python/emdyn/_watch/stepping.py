"""How a watch comes to an optimizer's step on any torch."""

import functools
import importlib


class StepWrapper:
    """The optimizer's step with our hooks around it, for torch before 2.0."""

    def __init__(self, optimizer, before, after):
        self._optimizer, self._had = optimizer, optimizer.__dict__.get("step")
        original = optimizer.step

        @functools.wraps(original)
        def step(*args, **kwargs):
            before(optimizer)
            result = original(*args, **kwargs)
            after(optimizer)
            return result

        self._step = optimizer.step = step

    def remove(self):
        if self._optimizer.__dict__.get("step") is not self._step:
            return  # Wrapped again: ours does nothing by now.
        if self._had is None:
            del self._optimizer.step
        else:
            self._optimizer.step = self._had


def optimizer_module():
    return importlib.import_module("torch.optim.optimizer")  # torch.optim hides it under a function's name.
