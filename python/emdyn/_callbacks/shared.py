"""What the callbacks of all trainers share."""

from .._run import current, init


class TrainerRun:
    """A run under a trainer: starts one where none is open, and ends the one that it started.

    watch: look into the model too (PyTorch); overhead, every: as of emdyn.watch; others: as of emdyn.init.
    """

    def __init__(self, name=None, *, watch=True, overhead=0.03, every="auto", run=None, **options):
        self._name, self._watch, self._overhead, self._every = name, watch, overhead, every
        self._options, self.run, self._own = options, run, False

    def _start(self, config):
        self.run = self.run if self.run is not None and not self.run.finished else current()
        if self.run is None:
            self.run, self._own = init(self._name, config=config, **self._options), True
        self.run.stop_by_flag = True

    def _look_into(self, model, optimizer):
        if not self._watch or model is None or any(each.active for each in self.run.watches):
            return
        from .._watch.watcher import watch

        try:
            watch(model, optimizer, run=self.run, overhead=self._overhead, every=self._every)
        except Exception as error:
            self.run._complain("the model is not watched: %s" % error)

    def _log(self, values, step):
        self.run.log({k: v for k, v in values.items() if is_number(v)}, step=step)

    def _end(self, status="finished"):
        if self.run is None or self.run.finished:
            return
        if self._own:
            self.run.finish(status)
        else:
            for watch in self.run.watches:
                watch.stop()


def is_number(value):
    if isinstance(value, (str, bytes, bool)) or value is None:
        return False
    try:
        float(value)
    except Exception:
        return False
    return True


def public(values):
    """What of a trainer's settings can be kept with a run."""
    return {k: v for k, v in dict(values).items()
            if not str(k).startswith("_") and isinstance(v, (bool, int, float, str))}


def optimizer_of(optimizer):
    """The torch optimizer inside what accelerate or Lightning wraps."""
    for _ in range(4):
        inner = getattr(optimizer, "optimizer", None)
        if inner is None:
            break
        optimizer = inner
    return optimizer
