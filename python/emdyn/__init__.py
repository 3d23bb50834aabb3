"""Detect, predict and explain emergent behaviour of models while they train.

    import emdyn

    run = emdyn.init("first", config={"lr": 1e-3, "steps": 10_000})
    emdyn.watch(model, optimizer)              # PyTorch, from inside
    for batch in data:
        ...
        emdyn.log({"loss": loss})
    emdyn.finish()

What was logged stands in a store (a folder, $EMDYN_STORE or ./emdyn-store); the program `emdyn` reads the same store.
"""

import importlib

from ._native import (
    ConfigError,
    DataError,
    Error,
    ModelError,
    StoreError,
    UnavailableError,
    log,
    version as __version__,
)
from ._run import Config, EmdynWarning, Event, Run, StopTraining, current, finish, init

# Imported when they are asked for: a training that only logs pays for nothing else.
_LAZY = {
    "Detector": "_series",
    "Detection": "_series",
    "History": "_series",
    "Report": "_series",
    "Signal": "_series",
    "analyze": "_series",
    "detect": "_series",
    "detectors": "_series",
    "forecast": "_series",
    "open": "_series",
    "probe": "_series",
    "probes": "_series",
    "read": "_series",
    "report": "_series",
    "runs": "_series",
    "segment": "_series",
    "watch": "_watch.watcher",
    "Watch": "_watch.watcher",
    "Action": "_watch.acting",
    "LowerRate": "_watch.acting",
    "Rollback": "_watch.acting",
    "SkipBatch": "_watch.acting",
    "Stop": "_watch.acting",
    "HFCallback": "callbacks",
    "KerasCallback": "callbacks",
    "LightningCallback": "callbacks",
    "Guard": "_guard",
    "Screening": "_guard",
    "Stress": "_stress",
    "Subject": "_pipe.server",
    "stress": "_stress",
    "export": "_export",
    "demo": "_demo",
}

__all__ = [
    "Config", "ConfigError", "DataError", "EmdynWarning", "Error", "Event", "ModelError", "Run", "StopTraining",
    "StoreError", "UnavailableError", "__version__", "current", "finish", "init", "log", *_LAZY,
]


def __getattr__(name):
    if name in _LAZY:
        value = getattr(importlib.import_module("." + _LAZY[name], __name__), name)
        if _LAZY[name] != "callbacks":  # Their bases depend on what is imported by now.
            globals()[name] = value
        return value
    raise AttributeError("module 'emdyn' has no attribute %r" % name)


def __dir__():
    return sorted(__all__)
