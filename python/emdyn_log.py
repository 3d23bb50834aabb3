"""Writes a training log that `emdyn watch` follows and `emdyn import` reads.

One file, standard library only; copy it beside your training script.

    import emdyn_log

    with emdyn_log.Logger("runs/first.jsonl", run="first", config={"lr": 1e-3}) as logger:
        for step in range(1000):
            logger.log(step, loss=loss, accuracy=accuracy)
            logger.log(step, {"val/accuracy": value})     # names that are no Python names

or, without an object (writes to $EMDYN_LOG, by default emdyn.jsonl):

    emdyn_log.log(step, loss=loss)

Each call appends one line of JSON, in one write to a file opened for appending, so that threads,
forked workers and whoever reads the file see whole lines. NaN and infinities are written as the
texts "NaN", "Infinity" and "-Infinity", so that every line is valid JSON; emdyn reads them as
numbers. Anything float() takes is a value: NumPy and PyTorch scalars too. None is a missing value.

Logging never stops a training: what goes wrong is told once on stderr (strict=True raises instead).
"""

import atexit
import json
import math
import os
import sys
import threading
import time
import weakref

__all__ = ["Logger", "init", "log"]

_RESERVED = ("_step", "_time", "_emdyn")
_DEEPEST = 16
_loggers = weakref.WeakSet()


class Logger:
    """A log of one run.

    path    the file; folders on the way to it are made. An existing file is appended to.
    run     the run's name; by default the file's name.
    config  a dict of settings, kept with the run; may nest.
    strict  raise instead of warning once.
    flush_seconds  0: every line is written at once. Above: lines wait in memory up to so many
            seconds (or 64 KiB), which suits thousands of lines a second; close() writes the rest.
    """

    def __init__(self, path, run=None, config=None, strict=False, flush_seconds=0.0):
        self.path = os.fspath(path)
        self.strict = strict
        self.flush_seconds = float(flush_seconds)
        self._lock = threading.Lock()
        self._descriptor = None
        self._pending = []
        self._pending_bytes = 0
        self._pending_since = 0.0
        self._torn = False  # The last write failed midway: its line must end before the next.
        self._warned = set()
        self._closed = False
        _loggers.add(self)
        header = {"_emdyn": 1, "_time": time.time()}
        if run is not None:
            header["run"] = str(run)
        if config:
            header["config"] = self._clean(config)
        self._guard(self._open)
        self._guard(self._append, header)

    def log(self, step, values=None, **more):
        """Logs the values of one step; `values` is a dict of names to numbers (it may nest)."""
        self._guard(self._log, step, values, more)

    def flush(self):
        """Writes lines that wait in memory."""
        self._guard(self._flush)

    def close(self):
        """Writes what waits and closes the file. Later calls of log() are ignored, with a warning."""
        self._guard(self._close)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    # --- below: may raise; called through _guard only ---

    def _guard(self, action, *arguments):
        try:
            action(*arguments)
        except Exception as error:  # Whatever it is, it is not worth a training.
            if self.strict:
                raise
            self._warn("%s: %s" % (type(error).__name__, error))

    def _warn(self, text):
        if text in self._warned or len(self._warned) >= 20:
            return
        self._warned.add(text)
        try:
            sys.stderr.write("emdyn_log: %s: %s (told once)\n" % (self.path, text))
        except Exception:
            pass

    def _open(self):
        folder = os.path.dirname(self.path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(self.path, flags, 0o666)
        size = os.fstat(self._descriptor).st_size
        if size > 0:
            os.lseek(self._descriptor, size - 1, os.SEEK_SET)
            self._torn = os.read(self._descriptor, 1) != b"\n"

    def _log(self, step, values, more):
        if self._closed:
            raise ValueError("log() after close()")
        number = self._number(step)
        if isinstance(number, str):
            raise ValueError("step must be a finite number, got %r" % (step,))
        line = {"_step": number, "_time": time.time()}
        for source in (values or {}, more):
            for name, value in self._clean(source).items():
                if name in _RESERVED:
                    self._warn("the name %s is taken and not logged" % name)
                else:
                    line[name] = value
        self._append(line)

    def _clean(self, values, depth=0):
        """The dict with every value something that JSON has."""
        clean = {}
        for name, value in values.items():
            if value is None or isinstance(value, (bool, str)):
                clean[str(name)] = value
            elif isinstance(value, dict):
                if depth < _DEEPEST:
                    clean[str(name)] = self._clean(value, depth + 1)
                else:
                    self._warn("%s nests too deeply and is not logged" % name)
            else:
                try:
                    clean[str(name)] = self._number(value)
                except Exception as error:
                    if self.strict:
                        raise
                    self._warn("%s is no number and is not logged (%s)" % (name, error))
        return clean

    @staticmethod
    def _number(value):
        if type(value) is int and abs(value) < 2**53:
            return value
        try:
            value = float(value)
        except OverflowError:  # An int beyond the range of doubles.
            value = math.inf if value > 0 else -math.inf
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return value

    def _append(self, line):
        text = json.dumps(line, allow_nan=False, separators=(",", ":")).encode("utf-8") + b"\n"
        with self._lock:
            if not self._pending:
                self._pending_since = time.monotonic()
            self._pending.append(text)
            self._pending_bytes += len(text)
            waited = time.monotonic() - self._pending_since
            if waited >= self.flush_seconds or self._pending_bytes >= 65536:
                self._write()

    def _flush(self):
        with self._lock:
            self._write()

    def _write(self):
        """Writes what waits; the lock is held. What cannot be written is dropped: memory stays bounded."""
        data = b"".join(self._pending)
        self._pending = []
        self._pending_bytes = 0
        if not data:
            return
        if self._descriptor is None:
            self._open()
        if self._torn:
            data = b"\n" + data
        self._torn = True
        while data:
            data = data[os.write(self._descriptor, data):]
        self._torn = False

    def _close(self):
        self._closed = True
        try:
            self._flush()
        finally:
            with self._lock:
                if self._descriptor is not None:
                    os.close(self._descriptor)
                    self._descriptor = None

    def _after_fork(self):
        """In a forked child: the parent's lock may be held for ever, its waiting lines are its own."""
        self._lock = threading.Lock()
        self._pending = []
        self._pending_bytes = 0


_default = None
_default_lock = threading.Lock()


def init(path=None, run=None, config=None, **options):
    """Makes (or replaces) the logger that log() of this module writes to, and returns it."""
    global _default
    with _default_lock:
        if _default is not None:
            _default.close()
        _default = Logger(path or os.environ.get("EMDYN_LOG") or "emdyn.jsonl", run, config, **options)
        return _default


def log(step, values=None, **more):
    """Logs to the module's logger; the first call makes one."""
    logger = _default if _default is not None else init()
    logger.log(step, values, **more)


def _after_fork_in_child():
    global _default_lock
    _default_lock = threading.Lock()
    for logger in list(_loggers):
        logger._after_fork()


def _at_exit():
    for logger in list(_loggers):
        if not logger._closed:
            logger.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
