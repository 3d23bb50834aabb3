"""The five calls of Weights & Biases that scripts use, over emdyn: `import emdyn.wandb as wandb`.

init, log, config, summary, finish; and Histogram, Image, Table, watch, define_metric, which are accepted and told once
that they are not recorded. Nothing leaves the machine.
"""

import sys
import types
import warnings

from . import _run
from ._run import EmdynWarning

_told = set()


def init(project=None, *, name=None, config=None, tags=None, dir=None, resume=None, id=None, group=None, job_type=None,
         notes=None, mode=None, entity=None, reinit=None, save_code=None, settings=None, **unknown):
    """Starts a run; project and group become tags."""
    labels = [str(each) for each in (tags or ())] + ["%s:%s" % (k, v) for k, v in (
        ("project", project), ("group", group), ("job_type", job_type)) if v]
    run = _run.init(name or project or "run", store=dir and "%s/emdyn-store" % dir, config=config, tags=labels)
    return _Run(run)


class _Run:
    """What init() returns: emdyn's run with the names of wandb's."""

    def __init__(self, run):
        self._run = run

    def log(self, data, step=None, commit=None, **unknown):
        log(data, step, commit)

    def finish(self, exit_code=None, quiet=None):
        finish(exit_code)

    def __getattr__(self, name):
        return getattr(self._run, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self._run.__exit__(kind, error, trace)


_pending = {}


def log(data, step=None, commit=None, **unknown):
    """One step's values; commit=False keeps them for the next call, as wandb does. Media are left out, told once."""
    values = {k: v for k, v in data.items() if not _is_media(k, v)}
    if commit is False and step is None:
        _pending.update(values)
        return
    if _pending:
        values = {**_pending, **values}
        _pending.clear()
    _run._native.log(values, step)


def finish(exit_code=None, quiet=None):
    if _pending:
        log({})
    _run.finish("finished" if not exit_code else "failed")


class _Media:
    def __init__(self, *args, **kwargs):
        pass


Histogram = Image = Table = Video = Audio = Html = Object3D = _Media


def _once(text):
    if text not in _told:
        _told.add(text)
        warnings.warn(text, EmdynWarning, stacklevel=3)


def _is_media(name, value):
    if isinstance(value, (_Media, str, list, tuple)) or type(value).__module__.startswith("wandb"):
        _once("%s is of type %s, no number, and is not recorded" % (name, type(value).__name__))
        return True
    return False


def watch(models, *args, **kwargs):
    """emdyn.watch on the model."""
    from ._watch.watcher import watch as look

    try:
        return look(models[0] if isinstance(models, (list, tuple)) else models)
    except Exception as error:
        _once("the model is not watched: %s" % error)


def unwatch(*args, **kwargs):
    run = _run.current()
    for each in run.watches if run else ():
        each.stop()


def define_metric(*args, **kwargs):
    _once("define_metric is accepted and has no effect: emdyn takes the step that log() is given")


def login(*args, **kwargs):
    return True


class _Module(types.ModuleType):
    """config, summary and run are those of the run under way."""

    @property
    def run(self):
        run = _run.current()
        return None if run is None else _Run(run)

    @property
    def config(self):
        run = _run.current()
        if run is None:
            raise _run._native.ConfigError("wandb.config before wandb.init(): call init() first")
        return run.config

    @property
    def summary(self):
        run = _run.current()
        if run is None:
            raise _run._native.ConfigError("wandb.summary before wandb.init(): call init() first")
        return run.summary


sys.modules[__name__].__class__ = _Module
