"""emdyn.Guard: how strange is a single input to a model, and why."""

from . import _native
from ._native import ConfigError, DataError
from ._pipe import models
from ._series import _Bag
from ._stress import pairs

_BATCH = 256


class Screening(_Bag):
    """What a guard says of inputs, arrays of shape [n]:

    p_value      chance of an input as strange as this one when nothing is wrong (split conformal)
    flagged      True: strange at the false discovery rate asked for
    predicted    the class that the model takes it for
    e_value      for tests that go on for ever; strangeness: the same as a standard normal deviate, for detectors
    reasons      a dict an input: score (of the panel) that finds it strangest, features, nearest reference examples
    batch_p_value   of all of them as a whole
    """

    def __repr__(self):
        return "<emdyn.Screening %d of %d inputs flagged>" % (int(self["flagged"].sum()), len(self["flagged"]))


class Guard:
    """A guard of a classifier's inputs; `emdyn guard` computes the same (docs/guard.md).

        guard = emdyn.Guard.fit(model, (x, y), calibration=x_new)
        found = guard.score(inputs)
        found.flagged, found.p_value, found.reasons[0]

    It reads what the last linear layer of a torch model sees, else the logits. P-values hold for inputs exchangeable
    with the calibration examples, which must be new to the model; against somebody who means harm they are a tripwire
    only.

    The guard pickles without its model: guard.attach(model) gives it one again. notes: what limits its p-values.
    """

    def __init__(self, native, model=None, notes=()):
        self._native, self._model, self.notes = native, model, list(notes)

    @classmethod
    def fit(cls, model, data, *, calibration=None, limit=0, backend=None, device=None, **settings):
        """model: as of emdyn.stress; data: (x, y), a Dataset or a DataLoader of in-distribution examples.

        calibration  inputs [n, ...] that the model was not trained on (labels beside them are ignored), at least 40;
                     default: half of the data is held out, which makes p-values too small if it was trained on them
        settings     fit_share, neighbours, bank, top_features, seed (docs/guard.md)
        Raises ConfigError, DataError, ModelError.
        """
        x, y = pairs(data, limit)
        asked = models.adapt(model, x[:2], backend=backend, device=device)
        try:
            logits, features = _seen(asked, x)
            calm = None
            if calibration is not None:
                calm = _seen(asked, _inputs(calibration, asked.shape))
            weight, bias = asked.head if asked.head is not None else _identity(asked.classes)
        finally:
            asked.close()
        if y.min() < 0 or y.max() >= asked.classes:
            raise DataError("labels must be 0 to %d, got %d to %d" % (asked.classes - 1, y.min(), y.max()))
        native = _native.FeatureGuard.fit(
            features, logits, y.astype("uint32"), weight, bias, None if calm is None else calm[1],
            None if calm is None else calm[0], settings)
        notes = []
        if calm is None:
            notes.append("calibrated on examples held out of the data: if the model was trained on them, p-values of "
                         "new inputs come out too small; give calibration= then")
        if asked.head is None:
            notes.append("the model shows no features (a torch module that ends in a linear layer does): its logits "
                         "stand in for them")
        return cls(native, (model, backend, device), notes)

    def attach(self, model, backend=None, device=None):
        """The model that score() asks from now on; returns the guard."""
        self._model = model, backend, device
        return self

    def score(self, inputs, *, fdr=0.1, online=False, reasons=True):
        """inputs [n, ...] -> Screening. fdr: share of false flags among the flags, on average, in (0, 1); online: flags
        are decided one input after the other (e-LOND). Raises DataError for another model's features."""
        if self._model is None:
            raise ConfigError("this guard was restored without a model: call guard.attach(model) first, or "
                              "score_features(features, logits)")
        model, backend, device = self._model
        x = models.as_floats(inputs)
        if x.ndim < 2 or len(x) == 0:
            raise DataError("inputs must have the shape [examples, ...], got %s" % (list(x.shape),))
        asked = models.adapt(model, x[:2], backend=backend, device=device)
        try:
            logits, features = _seen(asked, x)
        finally:
            asked.close()
        return self.score_features(features, logits, fdr=fdr, online=online, reasons=reasons)

    def score_features(self, features, logits, *, fdr=0.1, online=False, reasons=True):
        """The same of features [n, d] and logits [n, classes] that are there already."""
        found = self._native.score(models.as_floats(features, "features"), models.as_floats(logits, "logits"), fdr,
                                   online, reasons)
        found["flagged"] = found["flagged"].astype(bool)
        found["predicted"] = found["predicted"].astype("int64")
        return Screening(found)

    panel = property(lambda self: self._native.panel)
    calibration = property(lambda self: self._native.calibration)

    def snapshot(self):
        """Versioned bytes; `emdyn guard score --guard FILE` reads them too."""
        return self._native.snapshot()

    @classmethod
    def restore(cls, snapshot, model=None):
        """The bytes may be hostile. Raises DataError where they are no guard of this version."""
        return cls(_native.FeatureGuard.restore(bytes(snapshot)), None if model is None else (model, None, None))

    def __reduce__(self):
        return Guard.restore, (self.snapshot(),), {"notes": self.notes}

    def __setstate__(self, state):
        self.notes = state["notes"]

    def __repr__(self):
        return "<emdyn.Guard by %s, %d calibration examples>" % (", ".join(self.panel), self.calibration)


def _inputs(values, shape):
    if isinstance(values, (tuple, list)) and len(values) == 2 and getattr(values[0], "ndim", 0) == len(shape) + 1:
        values = values[0]
    x = models.as_floats(values, "calibration")
    if x.shape[1:] != tuple(shape):
        raise DataError("calibration must have the shape [n, %s], got %s"
                        % (", ".join(map(str, shape)), list(x.shape)))
    return x


def _seen(asked, x):
    """(logits, features) of all inputs, batch by batch; the logits are the features of a model that shows none."""
    import numpy

    logits, features = [], []
    for first in range(0, len(x), _BATCH):
        one, seen, _ = asked.forward(x[first:first + _BATCH], False)
        logits.append(one)
        features.append(one if asked.head is None else seen)
    return numpy.concatenate(logits), numpy.concatenate(features)


def _identity(classes):
    import numpy

    return numpy.eye(classes, dtype=numpy.float32), numpy.zeros(classes, numpy.float32)
