"""Callbacks of trainers: HFCallback (Hugging Face Trainer), LightningCallback, KerasCallback. Each starts a run where
none is open, logs what the trainer logs under the trainer's own names, watches the model from inside, and ends the run
that it started.

A Stop action on the run ends the training in the trainer's own way.
"""

import importlib

_MODULES = {"HFCallback": "hugging_face", "LightningCallback": "lightning", "KerasCallback": "keras"}
_made = {}

__all__ = list(_MODULES)


def __getattr__(name):
    """The class is made when it is asked for: its base is the trainer's own, which is imported only for its users."""
    if name not in _MODULES:
        raise AttributeError("module 'emdyn.callbacks' has no attribute %r" % name)
    module = importlib.import_module("._callbacks." + _MODULES[name], __package__)
    bases = module.bases()
    if (name, bases) not in _made:
        _made[name, bases] = type(name, (module.Methods, *bases),
                                  {"__doc__": module.Methods.__doc__, "__module__": __name__})
    return _made[name, bases]


def __dir__():
    return sorted(_MODULES)
