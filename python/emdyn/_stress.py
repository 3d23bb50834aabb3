"""emdyn.stress: attacks, corruptions and strange inputs on a model that stays where it is."""

import contextlib
import os
import tempfile

from . import _program
from ._native import ConfigError, DataError
from ._pipe import models
from ._pipe.server import Subject
from ._series import _Bag

_WHAT = ("attack", "corrupt", "ood", "all")


class Stress(_Bag):
    """What a test found: what `emdyn stress WHAT --json` prints. what: which; asked: examples the model was asked for,
    {"forward", "gradient"}; adversarial: with keep=True {"x", "y", "index", "distance"} of the inputs that broke; page:
    the path of what="all"'s page of evidence, which a notebook shows."""

    what = ""
    asked = None
    adversarial = None
    page = None

    def __repr__(self):
        if "points" in self:
            return "<emdyn.Stress %s <= %g: %d of %d wrong without attack, %d with>" % (
                self["norm"], self["epsilon"], self["clean_errors"], self["points"], self["best_attack_errors"])
        return "<emdyn.Stress %s: %s>" % (self.what, ", ".join(self))

    def _repr_html_(self):
        import html

        if self.page is None:
            return "<pre>%s</pre>" % html.escape(repr(self))
        with open(self.page, encoding="utf-8") as file:
            return '<iframe srcdoc="%s" style="width:100%%;height:720px;border:0" title="emdyn stress"></iframe>' % (
                html.escape(file.read(), quote=True))


def stress(model, data, *, epsilon=8 / 255, norm="linf", attacks=None, what="attack", epsilons=None, train=None,
           strange=None, limit=0, seed=1, low=0.0, high=1.0, gradient=None, backend=None, device=None, workers=None,
           timeout=600.0, threads=0, keep=False, page=None, quiet=True, **options):
    """Provokes a classifier, whatever it is made of and wherever it runs; it is asked, never copied or changed.

    model     an nn.Module, a function of a batch (NumPy, JAX; see emdyn.Subject), the path of a safetensors file with
              its architecture file, or an address "pipe:…"
    data      (x, y): inputs [n, ...] in the box [low, high] and labels [n]; a torch Dataset or DataLoader of such
              pairs; or the path of data that the program reads
    what      "attack": how many answers break within epsilon; "corrupt": errors under noise, blur, weather, …;
              "ood": how well scores tell strange inputs from familiar ones; "all": everything, with a page of evidence
    epsilon, norm, epsilons   radius in l0, l1, l2 or linf; several radii cost about as much as one
    attacks   names, or a dict of names to settings: {"pgd": {"steps": 40}}; default: those of `emdyn stress attack`
    train     of "ood" and "all": (x, y) that the scores learn from
    strange   of "ood" and "all": arrays of strange inputs or paths, one, a list, or a dict by names; noise is made
              anyway
    keep      also give the inputs that broke
    limit     only the first so many examples; 0 for all
    threads   of the attack; 0 for all cores. Results do not depend on it
    page      where what="all" writes its page; default: a temporary file
    options   further options of the verb: corruption=["fog"], curve=12, time_limit=60, …
    gradient, backend, device, workers, timeout: as of emdyn.Subject

    Needs the program with its torch plugin (Debian's package of emdyn, or $EMDYN_PROGRAM); your own torch may be any.
    Returns a Stress. Raises ConfigError, DataError, ModelError; UnavailableError where there is no such program.
    """
    if what not in _WHAT:
        raise ConfigError('stress.what must be one of %s, got %r' % (", ".join(_WHAT), what))
    if keep and what != "attack":
        raise ConfigError("stress: keep=True is for attacks")
    _program.find(plugin=True)
    with contextlib.ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="emdyn-", dir=_shared_memory()))
        arguments = ["stress", what]
        examples = _Examples(folder, data, train, limit)
        subject = None
        if isinstance(model, (str, os.PathLike)):
            arguments += ["--model", os.fspath(model)]
        else:
            subject = held.enter_context(Subject(
                model, examples.first(), low=low, high=high, gradient=gradient, backend=backend, device=device,
                workers=workers, timeout=timeout))
            arguments += ["--model", subject.address]
        arguments += ["--data", examples.path, "--seed", seed, "--threads", threads]
        if limit:
            arguments += ["--limit", limit]
        arguments += _of_attacks(what, epsilon, norm, epsilons, attacks) + _of_options(options)
        arguments += _of_strange(folder, strange)
        if what == "all":
            page = os.fspath(page) if page is not None else _new_page()
            arguments += ["--out", page]
        broken = os.path.join(folder, "broken.npz")
        if keep:
            arguments += ["--save", broken]
        found = Stress(_program.run(arguments, plugin=True, quiet=quiet,
                                    failed=lambda: subject.error if subject else None))
        found.what, found.page = what, page if what == "all" else None
        found.asked = dict(subject.asked) if subject else None
        found.adversarial = _read(broken) if keep else None
    return found


def _shared_memory():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _new_page():
    handle, path = tempfile.mkstemp(prefix="emdyn-", suffix=".html")
    os.close(handle)
    return path


def _of_attacks(what, epsilon, norm, epsilons, attacks):
    if what not in ("attack", "all"):
        return []
    arguments = ["--norm", norm]
    if epsilons is not None:
        if what == "all":
            raise ConfigError("stress: epsilons= is for attacks alone; what='all' draws its curve from epsilon")
        arguments += ["--epsilons", ",".join("%.17g" % each for each in epsilons)]
    else:
        arguments += ["--epsilon", "%.17g" % epsilon]
    if isinstance(attacks, str):
        attacks = [attacks]
    for name in attacks or ():
        arguments += ["--attack", name]
    for name, settings in attacks.items() if isinstance(attacks, dict) else ():
        for key, value in dict(settings).items():
            arguments += ["--set", "%s.%s=%s" % (name, key, str(value).lower() if isinstance(value, bool) else value)]
    return arguments


def _of_strange(folder, strange):
    """A set is called after the folder that it lies in."""
    if not isinstance(strange, dict):
        many = strange if isinstance(strange, (list, tuple)) else [] if strange is None else [strange]
        strange = {"strange" if len(many) == 1 else "strange%d" % i: each for i, each in enumerate(many)}
    arguments = []
    for name, each in strange.items():
        if not isinstance(each, (str, os.PathLike)):
            own = os.path.join(folder, "".join(c if c.isalnum() or c in "-_ " else "_" for c in str(name)))
            os.makedirs(own, exist_ok=True)
            each = _write(own, "x", x=models.as_floats(each, "strange"))
        arguments += ["--ood", each]
    return arguments


def _of_options(options):
    arguments = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        for each in value if isinstance(value, (list, tuple)) else [value]:
            arguments += [flag, each] if each is not True else [flag]
    return arguments


class _Examples:
    """The data as a file that the program reads, and a look at the first of it."""

    def __init__(self, folder, data, train, limit):
        if isinstance(data, (str, os.PathLike)):
            if train is not None:
                raise ConfigError("stress: train= goes with arrays; a path holds its own training part")
            self.path, self._x = os.fspath(data), None
            return
        x, y = pairs(data, limit)
        if train is None:
            self.path = _write(folder, "examples", x=x, y=y)
        else:
            learned, labels = pairs(train)
            self.path = _write(folder, "examples", x_test=x, y_test=y, x_train=learned, y_train=labels)
        self._x = x

    def first(self):
        if self._x is None:
            raise ConfigError("stress: a model in this process needs its data as arrays: data=(x, y)")
        return self._x[:2]


def pairs(data, limit=0):
    """(x float32 [n, ...], y int64 [n]) of arrays, a Dataset or a DataLoader. Raises ConfigError, DataError."""
    import numpy

    if not isinstance(data, (tuple, list)) or len(data) != 2:
        data = _collected(data, limit)
    x, y = models.as_floats(data[0], "inputs"), data[1]
    y = y.detach().cpu().numpy() if hasattr(y, "detach") else numpy.asarray(y)
    if x.ndim < 2 or len(x) == 0:
        raise DataError("data must be (x, y) with x of shape [examples, ...], got shape %s" % (list(x.shape),))
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise DataError("labels must be %d whole numbers, got shape %s of %s" % (len(x), list(y.shape), y.dtype))
    count = limit or len(x)
    return x[:count], y[:count].astype(numpy.int64)


def _collected(data, limit):
    """Inputs and labels of a DataLoader (batches) or a Dataset (single examples)."""
    import numpy

    batches = hasattr(data, "batch_size") and hasattr(data, "__iter__")
    if not batches and not (hasattr(data, "__getitem__") and hasattr(data, "__len__")):
        raise ConfigError("data must be (x, y), a Dataset, a DataLoader or a path, got %s" % type(data).__name__)
    inputs, labels, count = [], [], 0
    for pair in data if batches else (data[i] for i in range(min(len(data), limit or len(data)))):
        if not isinstance(pair, (tuple, list)) or len(pair) < 2:
            raise DataError("each item of the data must be a pair (x, y), got %s" % type(pair).__name__)
        x = models.as_floats(pair[0], "inputs")
        y = pair[1].detach().cpu().numpy() if hasattr(pair[1], "detach") else numpy.asarray(pair[1])
        inputs.append(x if batches else x[None])
        labels.append(y.reshape(-1))
        count += len(inputs[-1])
        if limit and count >= limit:
            break
    if not inputs:
        raise DataError("the data holds no examples")
    return numpy.concatenate(inputs), numpy.concatenate(labels)


def _write(folder, name, **arrays):
    import numpy

    path = os.path.join(folder, name + ".npz")
    numpy.savez(path, **arrays)
    return path


def _read(path):
    import numpy

    with numpy.load(path) as file:
        return {name: file[name] for name in file.files}
