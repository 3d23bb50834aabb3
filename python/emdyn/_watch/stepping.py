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
            changed = before(optimizer, (optimizer, *args), kwargs)
            if changed is not None:
                (_, *args), kwargs = changed
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


def closure_of(args, kwargs):
    """The closure that an optimizer's step was given, or None. args begin with the optimizer, as torch's hooks have
    it."""
    if kwargs and kwargs.get("closure") is not None:
        return kwargs["closure"]
    return args[1] if args and len(args) > 1 and callable(args[1]) else None


def with_closure(args, kwargs, closure):
    """The same arguments with another closure."""
    if kwargs and kwargs.get("closure") is not None:
        return args, {**kwargs, "closure": closure}
    return (args[0], closure, *args[2:]), kwargs


def optimizer_module():
    return importlib.import_module("torch.optim.optimizer")  # torch.optim hides it under a function's name.
