"""Series as arrays and runs as objects: detectors, segmentation, analyses, files, stores, reports."""

import os
import tempfile

from . import _native
from ._run import Run, as_samples, current, store_folder


class Detector:
    """One detector of one signal, sample by sample.

        det = emdyn.Detector("page_hinkley")
        for x in stream:
            det.update(x)
            if det.alarm: ...

    name       of emdyn.detectors(); default "auto"
    alpha      false alarms a sample (a budget), in (0, 0.5]; or
    arm_score  alarm at a score above this; default: a budget of 1e-5 of detectors that have one, else score 1
    others     refractory_samples, hysteresis, front_end, longest_period, calibrator, and the detector's parameters

    alarm      True when the last sample alarmed
    event      of the last alarm: {detector, kind, direction, score, p_value, sample, onset}, or None
    p_value    of the last sample; ready: the baseline is learned; samples: how many were seen

    The state is a plain value: pickle and copy keep all of it, and what is restored goes on bit for bit. What a run
    lets stand beside "auto" (frozen signals, divergence) is not part of it: emdyn.detect() has that.
    Raises ConfigError for an unknown name or parameter, offering the nearest.
    """

    __slots__ = ("_native", "update")

    def __init__(self, name="auto", **options):
        self._take(_native.StreamDetector(name, options))

    def _take(self, native):
        self._native = native
        self.update = native.update  # update(x) -> score, in units of the detector's threshold; NaN is missing.

    def update_many(self, values):
        """Many samples, shape [samples]. Returns (scores, places of alarms), as update() one by one would give."""
        return self._native.update_many(as_samples(values))

    def reset(self):
        """Forgets everything, as if just made."""
        self._native.reset()

    name = property(lambda self: self._native.name)
    config = property(lambda self: self._native.config)
    alarm = property(lambda self: self._native.alarm)
    event = property(lambda self: self._native.event)
    p_value = property(lambda self: self._native.p_value)
    ready = property(lambda self: self._native.ready)
    samples = property(lambda self: self._native.samples)

    def snapshot(self):
        """Versioned bytes: name, options and state."""
        return self._native.snapshot()

    @classmethod
    def restore(cls, snapshot):
        """The bytes may be hostile. Raises DataError where they are no snapshot of this version."""
        made = cls.__new__(cls)
        made._take(_native.StreamDetector.restore(bytes(snapshot)))
        return made

    def __reduce__(self):
        return Detector.restore, (self.snapshot(),)

    def __repr__(self):
        return "<emdyn.Detector %s, %d samples>" % (self.name, self.samples)


class _Bag(dict):
    """A dict whose members are attributes too; what the program prints with --json."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError("there is no %r here, only %s" % (name, ", ".join(self))) from None


class Detection(_Bag):
    """What detect() found: `events` (a list of dicts), `scores` and `p_values`, arrays of shape [samples]; NaN where a
    value is not finite."""


def detect(values, detector="auto", *, positions=None, signal="", **options):
    """Looks for alarms in a series, as `emdyn detect` does: equal samples and options give equal events.

    values     shape [samples]; NaN and infinities raise `nonfinite` events and are otherwise passed over
    positions  shape [samples]; default 0, 1, …; one that goes back opens a segment
    signal     a name: beside "auto" stands what trainings die of, by the role of the name ("train_loss")
    options    as of Detector
    Returns a Detection. Raises ConfigError.
    """
    found = _native.detect(as_samples(values), None if positions is None else as_samples(positions), signal, detector,
                           options)
    return Detection(found)


def segment(values, *, positions=None, **settings):
    """Cuts a finished series into regimes, with hindsight: {change_points, segments, …} as `emdyn segment --json`.

    values, positions  shape [samples]
    settings           search, regime, noise, penalty, min_length, expected_length, level
    Raises ConfigError for a setting out of range.
    """
    return _Bag(_native.segment(as_samples(values), None if positions is None else as_samples(positions), settings))


class Signal:
    """A named sequence. positions, values: float64 arrays of shape [points]; seconds: wall time or None; axis: what
    positions count; segments: where each segment starts."""

    __slots__ = ("name", "axis", "positions", "values", "seconds", "segments")

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values[name])

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        import numpy

        return numpy.array(self.values, dtype=dtype)

    def to_pandas(self):
        """A pandas.Series with the positions as its index."""
        import pandas

        return pandas.Series(self.values, index=pandas.Index(self.positions, name=self.axis), name=self.name)

    def to_polars(self):
        """A polars.DataFrame of two columns: the axis and the signal."""
        import polars

        return polars.DataFrame({self.axis: self.positions, self.name: self.values})

    def __repr__(self):
        return "<emdyn.Signal %s, %d points>" % (self.name, len(self))


class History:
    """A run that was read: of a store, a file, or arrays. signals: names; signal(name); events, transitions, …"""

    def __init__(self, native):
        self._native = native

    info = property(lambda self: self._native.info)
    id = property(lambda self: self.info["id"])
    name = property(lambda self: self.info["name"])
    config = property(lambda self: self.info["configuration"])
    status = property(lambda self: self.info["status"])
    signals = property(lambda self: self._native.signals)
    events = property(lambda self: self._native.records("events"))
    transitions = property(lambda self: self._native.records("transitions"))
    forecasts = property(lambda self: self._native.records("forecasts"))
    attributions = property(lambda self: self._native.records("attributions"))

    def signal(self, name):
        """A Signal. Raises DataError for an unknown name, offering the nearest."""
        return Signal(self._native.signal(name))

    def __getitem__(self, name):
        return self.signal(name)

    def __contains__(self, name):
        return name in self.signals

    def to_pandas(self):
        """A pandas.DataFrame, a column a signal, positions as its index (the last value where one repeats)."""
        import pandas

        columns = {}
        for name in self.signals:
            series = self.signal(name).to_pandas()
            columns[name] = series[~series.index.duplicated(keep="last")]
        return pandas.DataFrame(columns)

    def to_polars(self):
        """A polars.DataFrame in long form: signal, position, value."""
        import polars

        parts = [self.signal(name) for name in self.signals]
        frames = [polars.DataFrame({"signal": [s.name] * len(s), "position": s.positions, "value": s.values})
                  for s in parts]
        return polars.concat(frames) if frames else polars.DataFrame()

    def analyze(self, **options):
        return analyze(self, **options)

    def forecast(self, **options):
        return forecast(self, **options)

    def report(self, path=None, **options):
        return report(self, path, **options)

    def _repr_html_(self):
        return report(self)._repr_html_()

    def __repr__(self):
        return "<emdyn.History %s, %d signals>" % (self.id or self.name, len(self.signals))


def open(run, store=None):
    """The run of the store by its id, the unique beginning of one, or its name. Raises DataError, ConfigError."""
    return History(_native.open(store_folder(store), str(run)))


def runs(store=None):
    """What the store has, oldest first: a list of dicts (id, name, status, signals, points, events, …)."""
    return _native.runs(store_folder(store))


def read(path):
    """The runs of a file or folder in any format that `emdyn import` knows: a list of History. Raises DataError."""
    return [History(each) for each in _native.read(os.fspath(path))]


def _history(what):
    """Whatever means one run: a History, a Run, an id, a path, an array, a dict of arrays."""
    if isinstance(what, History):
        return what
    if isinstance(what, Run):
        if not what.finished:
            what.flush()
        return open(what.id, what.store)
    if isinstance(what, dict):
        signals = {}
        for name, values in what.items():
            pair = values if isinstance(values, tuple) and len(values) == 2 else None
            numbers = as_samples(pair[1] if pair else values)
            signals[str(name)] = (as_samples(pair[0]) if pair else _counted(numbers), numbers)
        return History(_native.history("arrays", signals, {}))
    if isinstance(what, (str, os.PathLike)):
        text = os.fspath(what)
        if os.path.exists(text):
            found = read(text)
            if len(found) != 1:
                raise _native.ConfigError("%s holds %d runs: name one with emdyn.read(path)[i]" % (text, len(found)))
            return found[0]
        return open(text)
    if what is None and current() is not None:
        return _history(current())
    numbers = as_samples(what)
    return History(_native.history("array", {"value": (_counted(numbers), numbers)}, {}))


def _counted(numbers):
    import numpy

    return numpy.arange(len(numbers), dtype=numpy.float64)


def analyze(run, **options):
    """What changed suddenly, whether a metric only makes it look so, and what came before: as `emdyn analyze --json`.

    run      a History, a Run, an id, a path, an array [samples], or a dict of names to arrays (or to pairs
             (positions, values))
    options  signals (names), false_discoveries, alpha, min_size, window, interactions
    """
    return _Bag(_history(run)._native.analyze(options))


def forecast(run, *, deadline=None, at=None, level=0.9):
    """How likely the target is before the deadline: as `emdyn forecast --json`. Raises ConfigError without a deadline
    (given, or the run's setting "steps")."""
    return _Bag(_history(run)._native.forecast(deadline, at, level))


class Report:
    """A page that was written: path, headline, bytes. In a notebook it shows itself."""

    def __init__(self, values):
        self.path, self.headline, self.bytes = values["path"], values["headline"], values["bytes"]

    def _repr_html_(self):
        import html

        with io_open(self.path, encoding="utf-8") as file:
            page = html.escape(file.read(), quote=True)
        return '<iframe srcdoc="%s" style="width:100%%;height:720px;border:0" title="emdyn report"></iframe>' % page

    def __repr__(self):
        return "<emdyn.Report %s: %s>" % (self.path, self.headline)


io_open = __builtins__["open"] if isinstance(__builtins__, dict) else __builtins__.open


def report(run=None, path=None, *, deadline=None):
    """Writes one self-contained HTML page of a run (default: the one under way) and returns it as a Report.

    path: default a file in the temporary folder. Raises StoreError where it cannot be written.
    """
    history = _history(run)
    if path is None:
        descriptor, path = tempfile.mkstemp(prefix="emdyn-", suffix=".html")
        os.close(descriptor)
    return Report(history._native.report(os.fspath(path), deadline))


def detectors():
    """Every detector: a list of dicts with name, summary, parameters, cost, paper."""
    return _native.detectors()


def probes():
    """Every probe of the library: what it measures, needs, costs and cites."""
    return _native.probes()


def probe(model, against=None, **settings):
    """Measures weights layer by layer: heavy tails, noise bulk and spikes, ranks, norms; as `emdyn probe --json`.

    model     a path of safetensors, an nn.Module, a state_dict, or a dict of names to arrays of any shape
    against   another one: change of each layer
    settings  least_tail, replicates, level, traps, directions, largest_side, seed
    Returns {path, files, parameters, layers: [{name, shape, tail, ranks, …}]}. Raises DataError, ConfigError.
    """
    from ._safetensors import as_file

    with as_file(model) as path, as_file(against) as other:
        found = _native.probe(path, other, settings)
    if not isinstance(model, (str, os.PathLike)):
        found["path"] = type(model).__name__
    return _Bag(found)
