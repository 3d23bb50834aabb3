"""emdyn.Subject: a model that the program may ask over a Unix socket and shared memory.

The protocol stands in src/emdyn/model/pipe/protocol.hpp and docs/stress.md. A connection is served by a thread of its
own; the inputs and answers of a batch lie in memory that the program made and both map.
"""

import atexit
import itertools
import mmap
import os
import shutil
import socket
import struct
import sys
import tempfile
import threading

import numpy

from .._native import ConfigError
from . import models

_MAGIC, _VERSION = 0x4550495059444D45, 1
_GREETING = struct.Struct("<QII")
_INTRODUCTION = struct.Struct("<QIIIIIIQQddd8Q")
_REQUEST = struct.Struct("<IIQQQQ")
_ANSWER = struct.Struct("<IIQ")
_MAP, _FORWARD, _BACKWARD, _HEAD = 1, 2, 3, 4
_KEEP, _FEATURES, _LOGITS = 1, 2, 4
_MOST_TEXT = 4096
_LARGEST_MEMORY = 4 << 30


def _blas_threads(count):
    """Sets the threads of OpenBLAS, which a Debian torch multiplies with and does not steer. Returns how many there
    were; None where it is not loaded."""
    if count is None:
        return None
    import ctypes

    with open("/proc/self/maps") as file:
        paths = {line.split()[-1] for line in file if "libopenblas" in line or "/libblas.so" in line}
    before = None
    for path in paths:
        try:
            library = ctypes.CDLL(path)
            before = library.openblas_get_num_threads()
            library.openblas_set_num_threads(count)
        except (OSError, AttributeError):
            continue
    return before


class Subject:
    """A model that other processes may ask, as long as this one lives: `emdyn stress attack --model ADDRESS …`.

        with emdyn.Subject(model, x[:2]) as subject:
            print(subject.address)                    # pipe:/tmp/emdyn-…/model.sock
            subject.wait()

    model     an nn.Module on any device, or a function of a batch [n, ...] to logits [n, classes]: of NumPy arrays, of
              JAX arrays (then it has gradients), of tensors with backend="torch"
    example   inputs of shape [n, ...] as the model takes them, at least one
    low, high the input box: every value of an input lies in it
    gradient  of a NumPy function: gradient(x, by_logits) -> array like x, the gradient of sum(logits * by_logits);
              without it only attacks that need none work
    backend   "torch", "jax" or "numpy"; default: by the model and what it answers
    device    of torch; default: that of the model's first parameter
    workers   batches answered at once; default: one a core on a CPU, else 2
    timeout   seconds within which any batch is answered: the asking side gives up after them
    path      of the socket; default: a new private folder

    The model is in evaluation mode until close(), then as it was; its parameters and their gradients are never touched.
    A torch module that ends in a linear layer shows what that layer sees, for scores of features.
    asked: {"forward": …, "gradient": …} examples so far; error: what the model raised last, or None.
    Raises ConfigError, or ModelError where the model does not answer logits.
    """

    def __init__(self, model, example, *, low=0.0, high=1.0, gradient=None, backend=None, device=None, workers=None,
                 timeout=600.0, path=None):
        if not low < high:
            raise ConfigError("Subject: low must be below high, got %r and %r" % (low, high))
        if not 0.0 < timeout <= 1e6:
            raise ConfigError("Subject.timeout must lie in (0, 1e6] seconds, got %r" % (timeout,))
        self._closed, self._listening, self._folder, self._threads_before = False, None, None, None
        self.model = models.adapt(model, example, gradient, backend, device)
        self.asked, self.error = {"forward": 0, "gradient": 0}, None
        on_cpu = getattr(self.model, "device", "cpu") == "cpu"
        self.workers = workers or (len(os.sched_getaffinity(0)) if on_cpu else 2)
        if not 1 <= self.workers <= 256:
            raise ConfigError("Subject.workers must lie in [1, 256], got %r" % (workers,))
        self._box, self._timeout = (float(low), float(high)), float(timeout)
        self._lock, self._tickets, self._kept = threading.Lock(), itertools.count(1), {}
        self._open, self._ended = set(), threading.Event()
        try:
            self._listen(path)
        except OSError as error:
            self.model.close()
            raise ConfigError("Subject: no socket at %s: %s" % (path or self._folder, error)) from None

    def _listen(self, path):
        if path is None:
            self._folder = tempfile.mkdtemp(prefix="emdyn-")
            path = os.path.join(self._folder, "model.sock")
        self.address = "pipe:" + os.fspath(path)
        self._path = os.fspath(path)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(self._path)
        os.chmod(self._path, 0o600)
        self._listening.listen(256)
        self._one_thread_a_worker()
        atexit.register(self.close)
        threading.Thread(target=self._accept, daemon=True, name="emdyn-subject").start()

    def _one_thread_a_worker(self):
        """A batch is one worker's: torch's own threads would only wait for each other, and sums depend on them."""
        torch = sys.modules.get("torch")
        if torch is not None and self.workers > 1 and isinstance(self.model, models.Torch):
            self._threads_before = torch.get_num_threads(), _blas_threads(1)
            torch.set_num_threads(1)

    def wait(self):
        """Until close(), or Ctrl-C."""
        try:
            while not self._ended.wait(0.5):
                pass
        except KeyboardInterrupt:
            self.close()

    def close(self):
        """No answers any more; the model is as it was."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            atexit.unregister(self.close)
            connections = list(self._open)
        for each in (self._listening, *connections):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._listening.close()
        self._kept.clear()
        self.model.close()
        if self._threads_before is not None:
            sys.modules["torch"].set_num_threads(self._threads_before[0])
            _blas_threads(self._threads_before[1])
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        elif os.path.exists(self._path):
            os.unlink(self._path)
        self._ended.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return "<emdyn.Subject %s, %s to %d logits>" % (self.address, list(self.model.shape), self.model.classes)

    # --- threads ---

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=_Connection(self, connection).serve, daemon=True, name="emdyn-subject").start()

    def introduction(self):
        """What the other side is told first."""
        model, shape = self.model, list(self.model.shape)
        text = b"the model's inputs have %d dimensions, at most 8 are known" % len(shape) if len(shape) > 8 else b""
        return _INTRODUCTION.pack(
            _MAGIC, _VERSION, 1 if text else 0, min(len(shape), 8), int(model.differentiable), self.workers, len(text),
            model.classes, 0 if model.head is None else model.head[0].shape[1], *self._box, self._timeout,
            *(shape + [0] * 8)[:8]) + text

    def keep(self, graph, owner):
        with self._lock:
            ticket = next(self._tickets)
            self._kept[ticket] = owner, graph
        return ticket

    def kept(self, ticket):
        with self._lock:
            if ticket not in self._kept:
                raise ConfigError("no graph %d is kept here" % ticket)
            return self._kept[ticket][1]

    def forget(self, ticket):
        with self._lock:
            self._kept.pop(ticket, None)

    def forget_all_of(self, owner):
        with self._lock:
            for ticket in [t for t, (whose, _) in self._kept.items() if whose is owner]:
                del self._kept[ticket]

    def count(self, what, examples):
        with self._lock:
            self.asked[what] += examples


class _Connection:
    """One connection: its memory, and the requests that come over it in their order."""

    def __init__(self, subject, connection):
        self._subject, self._socket = subject, connection
        self._rows, self._memory = 0, None

    def serve(self):
        subject = self._subject
        with subject._lock:
            if subject._closed:
                self._socket.close()
                return
            subject._open.add(self._socket)
        try:
            if subject._threads_before is not None:
                sys.modules["torch"].set_num_threads(1)  # OpenMP keeps it by thread.
            self._answer_all()
        except (OSError, struct.error):
            pass  # The other side ended.
        finally:
            subject.forget_all_of(self)
            with subject._lock:
                subject._open.discard(self._socket)
            self._socket.close()

    def _answer_all(self):
        peer = struct.unpack("3i", self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if peer[1] not in (0, os.geteuid()):
            return
        magic, version, _ = _GREETING.unpack(self._socket.recv(_GREETING.size))
        if magic != _MAGIC:
            return
        self._socket.send(self._subject.introduction())  # Of its version: the other side says what does not fit.
        while version == _VERSION:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _REQUEST.size, 1)
            if not data:
                return
            ticket, text = 0, b""
            try:
                ticket = self._work(*_REQUEST.unpack(data), descriptors)
            except Exception as error:
                self._subject.error = error
                text = ("%s: %s" % (type(error).__name__, error)).encode("utf-8", "replace")[:_MOST_TEXT]
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
            self._socket.send(_ANSWER.pack(1 if text else 0, len(text), ticket) + text)

    def _work(self, operation, flags, rows, ticket, released, size, descriptors):
        if released:
            self._subject.forget(released)
        if operation == _MAP:
            return self._map(rows, size, descriptors)
        if self._memory is None or rows > self._rows:
            raise ConfigError("%d examples do not fit the memory, which has room for %d" % (rows, self._rows))
        if operation == _FORWARD:
            return self._forward(rows, flags)
        if operation == _BACKWARD:
            return self._backward(rows, flags, ticket)
        if operation == _HEAD:
            return self._head()
        raise ConfigError("operation %d is not known here" % operation)

    def _map(self, rows, size, descriptors):
        model = self._subject.model
        width = int(numpy.prod(model.shape))
        features = 0 if model.head is None else model.head[0].shape[1]
        parts = [width, model.classes, features, model.classes, features, width]
        floats = max(rows * sum(parts), model.classes * (features + 1) if features else 0)
        if len(descriptors) != 1 or rows < 1 or size != 4 * floats or size > _LARGEST_MEMORY:
            raise ConfigError("memory of %d bytes does not fit %d examples" % (size, rows))
        if os.fstat(descriptors[0]).st_size != size:
            raise ConfigError("the memory is not as large as was said")
        memory = mmap.mmap(descriptors[0], size)
        self._memory, self._rows = numpy.frombuffer(memory, numpy.float32), rows
        ends = list(itertools.accumulate(rows * part for part in parts))
        self._areas = [self._memory[begin:end].reshape(rows, part)
                       for begin, end, part in zip([0, *ends], ends, parts)]
        return 0

    def _forward(self, rows, flags):
        model, keep = self._subject.model, bool(flags & _KEEP)
        self._subject.count("gradient" if keep else "forward", rows)
        x = self._areas[0][:rows].reshape(rows, *model.shape)
        if not isinstance(model, models.Torch):
            x = x.copy()  # A function may keep what it is given.
        logits, features, graph = model.forward(x, keep)
        self._areas[1][:rows] = logits
        if flags & _FEATURES:
            self._areas[2][:rows] = features
        return self._subject.keep(graph, self) if keep else 0

    def _backward(self, rows, flags, ticket):
        graph = self._subject.kept(ticket)
        made = self._subject.model.backward(
            graph, self._areas[3][:rows].copy() if flags & _LOGITS else None,
            self._areas[4][:rows].copy() if flags & _FEATURES else None)
        self._areas[5][:rows] = made.reshape(rows, -1)
        return 0

    def _head(self):
        weight, bias = self._subject.model.head
        self._memory[:weight.size] = weight.reshape(-1)
        self._memory[weight.size:weight.size + bias.size] = bias
        return 0
