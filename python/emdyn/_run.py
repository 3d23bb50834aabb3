"""A run under way: init(), log(), finish(), and the events that come back."""

import atexit
import os
import sys
import threading
import warnings

from . import _native


class EmdynWarning(UserWarning):
    """Something was not recorded; the text says what and how to mend it. Each is told once a run."""


class StopTraining(Exception):
    """Raised in the training's thread by the action Stop; `event` is why."""

    def __init__(self, event):
        super().__init__("stopped by emdyn: %s" % describe(event))
        self.event = event


class Event(dict):
    """Something unusual, as the store has it: a dict whose members are attributes too.

    kind       shift, spike, trend, variance, outlier, nonfinite or gap
    signal     its name
    position   where the alarm fired, in steps (or the run's axis)
    value      the value that alarmed, or the median since the onset, in the signal's unit
    p          chance of a score this high when nothing happens; None where nobody knows
    now        True when it was judged before the optimizer's step that `position` names: SkipBatch can still act
    """

    now = False
    run = None
    watch = None

    @property
    def value(self):
        return self.get("after")

    @property
    def p(self):
        return self.get("p_value")

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError("an event has no %r; it has %s" % (name, ", ".join(self))) from None


def describe(event):
    """An event in a line: "spike of train_loss at 1200 (0.31 -> 8.2, p 1e-9), by surprise"."""
    text = "%s of %s at %g" % (event.get("kind"), event.get("signal"), event.get("position") or 0)
    details = []
    if event.get("before") is not None and event.get("after") is not None:
        details.append("%.4g -> %.4g" % (event["before"], event["after"]))
    if event.get("p_value") is not None:
        details.append("p %.2g" % event["p_value"])
    if details:
        text += " (%s)" % ", ".join(details)
    return text + (", by %s" % event["detector"] if event.get("detector") else "")


class Config(dict):
    """The run's settings: a dict, its keys attributes too; what is set later is stored too."""

    def __init__(self, values, changed):
        super().__init__(values)
        object.__setattr__(self, "_changed", changed)

    def __setitem__(self, name, value):
        super().__setitem__(name, value)
        self._changed()

    def __delitem__(self, name):
        super().__delitem__(name)
        self._changed()

    def update(self, *args, **more):
        super().update(*args, **more)
        self._changed()

    def setdefault(self, name, default=None):
        if name not in self:
            self[name] = default
        return self[name]

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError("the configuration has no %r" % name) from None

    def __setattr__(self, name, value):
        self[name] = value


def flatten(values, prefix="", depth=0):
    """Nested dicts as one, names joined by dots; a run's configuration is flat."""
    flat = {}
    for name, value in dict(values).items():
        key = prefix + str(name)
        if isinstance(value, dict) and depth < 16:
            flat.update(flatten(value, key + ".", depth + 1))
        elif value is None or isinstance(value, (bool, int, float, str)):
            flat[key] = value
        else:
            try:
                flat[key] = float(value)
            except Exception:
                flat[key] = str(value)
    return flat


def store_folder(store=None):
    """The folder of a store: the one given, else $EMDYN_STORE, else emdyn-store."""
    return os.fspath(store) if store is not None else os.environ.get("EMDYN_STORE") or "emdyn-store"


class Run:
    """A run that is being logged; made by init().

    log(values, step=None)  the same as emdyn.log, to this run
    id, name, config, summary, store
    alarm                   the newest event, or None; `run.alarm = None` forgets it
    should_stop             set by Stop(by="flag"), for loops that look at it
    """

    def __init__(self, name=None, store=None, config=None, strict=False, **options):
        self.name = name or "run"
        self.store = store_folder(store)
        self.strict = bool(strict)
        self.should_stop = False
        self.summary = {}
        self.watches = []
        self._told = set()
        self._handlers = []
        self._forgotten = None
        self._own_alarm = None
        self._lock = threading.RLock()
        self._pid = os.getpid()
        config = {} if config is None else config
        if not isinstance(config, dict):
            config = vars(config)  # argparse and dataclasses
        self._live = _native.LiveRun(self.store, self.name, flatten(config), options, self._complain)
        self.config = Config(config, self._config_changed)
        self.log = self._live.log
        self.log_value = self._live.log_value

    @property
    def id(self):
        return self._live.id

    @property
    def points(self):
        """Points stored so far."""
        return self._live.points

    @property
    def dropped(self):
        """Points lost because they came faster than they could be looked at; init(wait=True) loses none."""
        return self._live.dropped

    @property
    def finished(self):
        return self._live.closed

    def log_many(self, name, values, steps=None):
        """A whole array of one signal, shape [points]; waits until it is stored, and drops nothing.

        Raises ConfigError where steps and values differ in length.
        """
        self._live.log_many(name, as_samples(values), None if steps is None else as_samples(steps))

    def flush(self):
        """Returns when everything logged so far is judged and on disk. Raises StoreError where the disk refused."""
        self._live.flush()
        self.deliver()

    def on_event(self, handler, signal=None, kind=None):
        """Calls handler(event) in the training's thread, at the step boundary after an event.

        A step boundary is the next log() of the thread that called init(), or the optimizer's step where watch() is
        on. signal, kind: only events of that name (or of the names in a list). Returns the handler.

        What a handler raises is told as a warning and switches it off; StopTraining and KeyboardInterrupt pass.
        """
        if not callable(handler):
            raise TypeError("on_event takes a function of one event, got %s" % type(handler).__name__)
        self._handlers.append((handler, _names(signal), _names(kind)))
        self._live.on_pending(self.deliver)
        for watch in self.watches:
            watch.armed_by(handler)
        return handler

    @property
    def alarm(self):
        """The newest event, or None."""
        newest = self._own_alarm or self._live.last_event
        if newest is None or newest == self._forgotten:
            return None
        return newest if isinstance(newest, Event) else self._event(newest)

    @alarm.setter
    def alarm(self, value):
        self._own_alarm, self._forgotten = None, self._live.last_event
        if value is not None:
            raise ValueError("run.alarm can only be set to None, which forgets the newest event")

    def deliver(self):
        """Hands events that wait to the handlers. log() and watch() call it."""
        if not self._live.has_events:
            return
        for event in self._live.take_events():
            if any(watch.told(event) for watch in self.watches):
                continue
            self._own_alarm = None
            self.tell(self._event(event))

    def tell(self, event):
        """Hands one event to the handlers that want it."""
        for entry in list(self._handlers):
            handler, signals, kinds = entry
            if (signals and event.get("signal") not in signals) or (kinds and event.get("kind") not in kinds):
                continue
            try:
                handler(event)
            except StopTraining:
                raise
            except Exception as error:
                self._handlers.remove(entry)
                self._complain("on_event: %s raised %s: %s; it is switched off"
                               % (getattr(handler, "__name__", type(handler).__name__), type(error).__name__, error))

    def record(self, event, now=False, watch=None):
        """Stores an event that was judged outside the run's own detectors, and tells it."""
        event = self._event(event)
        event["run"] = self.id
        event.now, event.watch = now, watch
        try:
            self._live.record(event)
        except Exception as error:  # A full disk, say: the training and its actions go on.
            self._complain("the event is not stored: %s" % error)
        self._own_alarm = event
        self.tell(event)

    def finish(self, status="finished"):
        """Stores everything and closes the run. status: finished, interrupted or failed. A second call does nothing."""
        global _current
        if self._live.closed or os.getpid() != self._pid:
            return
        for watch in list(self.watches):
            watch.stop()
        try:
            self._live.flush()
            self.deliver()
            notes = {"points": self.points, "dropped": self.dropped}
            if self.summary:
                notes["summary"] = flatten(self.summary)
            for watch in self.watches:
                notes["watch"] = watch.notes()
            self._live.set_notes(notes)
        except StopTraining:
            pass
        except _native.Error as error:
            self._complain(str(error))
        try:
            self._live.finish(status)
        except _native.Error as error:
            self._complain("the run is not complete on disk: %s" % error)
        if self.dropped:
            self._complain("%d points came faster than they could be looked at and were dropped: "
                           "emdyn.init(..., wait=True) waits instead" % self.dropped)
        if _current is self:
            _set_current(None)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.finish("finished" if kind is None else "interrupted" if kind is KeyboardInterrupt else "failed")

    def __repr__(self):
        return "<emdyn.Run %s %r in %s, %d points%s>" % (
            self.id, self.name, self.store, self.points, ", finished" if self.finished else "")

    def _event(self, values):
        event = Event(values)
        event.run = self
        if self.watches:
            event.watch = self.watches[-1]
        return event

    def _config_changed(self):
        if not self._live.closed:
            self._live.set_configuration(flatten(self.config))

    def _complain(self, text):
        if self.strict:
            raise ValueError(text)
        with self._lock:
            if text in self._told or len(self._told) >= 50:
                return
            self._told.add(text)
        warnings.warn(text, EmdynWarning, stacklevel=3)


def _names(given):
    return None if given is None else {given} if isinstance(given, str) else set(given)


def as_samples(values):
    """A contiguous float64 array of one dimension. Raises ConfigError for anything else."""
    import numpy

    if hasattr(values, "detach"):
        values = values.detach().cpu()
    try:
        array = numpy.ascontiguousarray(values, dtype=numpy.float64)
    except (TypeError, ValueError) as error:
        raise _native.ConfigError("expected numbers of one dimension: %s" % error) from None
    if array.ndim != 1:
        raise _native.ConfigError("expected one dimension, shape [samples], got shape %s: pass one series"
                                  % (list(array.shape),))
    return array


_current = None
_absent_told = False


def _absent():
    global _absent_told
    if not _absent_told:
        _absent_told = True
        warnings.warn("emdyn.log() without a run is not recorded: call emdyn.init() first", EmdynWarning, stacklevel=3)


def _set_current(run):
    global _current, _absent_told
    _current, _absent_told = run, False
    _native.set_current(None if run is None else run._live, _absent)


def current():
    """The run that init() started, or None."""
    return _current


def init(name=None, *, store=None, config=None, tags=(), seed=None, axis="step", detector="auto", alpha=None,
         detect=True, false_discovery_rate=0.0, wait=False, forecast=True, deadline=None, strict=False, **settings):
    """Starts a run and makes it the one emdyn.log() writes to.

    name      of the run; names may repeat, ids do not
    store     folder of runs; default $EMDYN_STORE, else ./emdyn-store, made when missing
    config    a dict, an argparse.Namespace or a dataclass; nested dicts are flattened with dots
    axis      what positions count: step, tokens, flops, parameters, seconds
    detector  any name of emdyn.detectors() of one signal; its parameters follow as keywords
    alpha     false alarms a sample, in (0, 0.5]; default 1e-5 of detectors with a budget
    detect    False: points are stored and nobody looks at them
    false_discovery_rate  > 0: share of false alarms over all signals of the run, at most
    wait      True: log() waits where points come faster than they are judged; False: such points are lost and counted
    forecast, deadline    live forecasts before that position (default: the setting "steps"; without one there are none)
    strict    what cannot be recorded raises ValueError instead of warning once

    A run that is still open is finished first. Raises ConfigError for an option out of range, StoreError where the
    store cannot be written.
    """
    if _current is not None:
        _current._complain("init() while run %s is open: it is finished first" % _current.id)
        _current.finish()
    options = dict(tags=list(tags), seed=seed, axis=axis, wait=wait, detect=detect, forecast=forecast,
                   deadline=deadline, false_discovery_rate=false_discovery_rate)
    detection = dict(settings, detector=detector)
    if alpha is not None:
        detection["alpha"] = alpha
    run = Run(name, store, config, strict, detection=detection, **options)
    _set_current(run)
    return run


def finish(status="finished"):
    """Finishes the run that init() started; without one it does nothing."""
    if _current is not None:
        _current.finish(status)


def _at_exit():
    run = _current
    if run is None:
        return
    kind = getattr(sys, "last_type", None)
    run.finish("finished" if kind is None else "interrupted" if kind is KeyboardInterrupt else "failed")
    _native.set_current(None, None)


_native.set_current(None, _absent)
atexit.register(_at_exit)
