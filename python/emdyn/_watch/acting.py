"""Ready actions for run.on_event: each is called with an event in the training's thread."""

from .._run import StopTraining

_BAD = ("spike", "nonfinite", "outlier", "shift", "trend")


class Action:
    """Acts on events of `signal` (default: the training loss that watch() takes) whose kind is one of `kinds` and whose
    direction is no fall. Derive from it and give it act(event, watch)."""

    def __init__(self, signal="train_loss", kinds=_BAD):
        self.signals = {signal} if isinstance(signal, str) else None if signal is None else set(signal)
        self.kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        self.taken = 0

    def arm(self, watch):
        """A watch begins, or the action comes to one that runs."""

    def wants(self, event):
        return ((self.signals is None or event.get("signal") in self.signals) and event.get("kind") in self.kinds
                and event.get("direction") != "fall")

    def __call__(self, event):
        if self.wants(event):
            if self.act(event, event.watch) is not False:
                self.taken += 1

    def act(self, event, watch):
        raise NotImplementedError


def _need(watch, action):
    if watch is None:
        raise RuntimeError("%s needs a watched optimizer: call emdyn.watch(model, optimizer)" % type(action).__name__)
    return watch


class SkipBatch(Action):
    """Leaves the optimizer's step out, of the very batch whose loss alarms: the weights never see it.

    Only events judged before the step (`event.now`) can be acted on, so the loss must be heard by watch(): on a GPU it
    is fetched at every step, which waits for the device. buffers: running statistics (batch norm) that the bad batch
    touched are put back too, at the cost of a copy of them a step. most: consecutive batches left out at most, after
    which training goes on, for then it is no outlier but the new normal.
    """

    def __init__(self, signal="train_loss", kinds=("spike", "nonfinite", "outlier", "shift"), buffers=True, most=5):
        super().__init__(signal, kinds)
        self.buffers, self.most = buffers, most

    def arm(self, watch):
        watch.judge_now(keep_buffers=self.buffers)

    def act(self, event, watch):
        if not event.now:
            return False
        return _need(watch, self).skip(self.most)


class Rollback(Action):
    """Puts weights and optimizer back to where they were at least `steps` steps before, and leaves this step out.

    Copies are taken every `steps` steps while the loss is finite; two are kept, on the model's device.
    """

    def __init__(self, steps=100, signal="train_loss", kinds=("nonfinite", "shift", "trend", "spike"), most=3):
        super().__init__(signal, kinds)
        if int(steps) < 1:
            raise ValueError("Rollback.steps must be >= 1, got %s" % steps)
        self.steps, self.most = int(steps), most

    def arm(self, watch):
        watch.judge_now()
        watch.keep_copies(self.steps)

    def act(self, event, watch):
        return False if self.taken >= self.most else _need(watch, self).roll_back()


class Stop(Action):
    """Ends the training: raises StopTraining in its thread; with by="flag" only sets run.should_stop."""

    def __init__(self, signal="train_loss", kinds=("nonfinite", "shift", "trend"), by="raise"):
        super().__init__(signal, kinds)
        if by not in ("raise", "flag"):
            raise ValueError('Stop.by must be "raise" or "flag", got %r' % (by,))
        self.by = by

    def act(self, event, watch):
        if event.run is not None:
            event.run.should_stop = True
        if self.by == "raise" and not getattr(event.run, "stop_by_flag", False):
            self.taken += 1
            raise StopTraining(event)


class LowerRate(Action):
    """Multiplies the learning rate of every group by `factor`, not below `lowest`; what a scheduler starts from too.

    A scheduler that computes its rates from its own base overrides it at its next step: pass it as `scheduler`.
    """

    def __init__(self, factor=0.5, lowest=0.0, signal="train_loss", kinds=_BAD, scheduler=None):
        super().__init__(signal, kinds)
        if not 0.0 < factor < 1.0:
            raise ValueError("LowerRate.factor must lie in (0, 1), got %s" % factor)
        self.factor, self.lowest, self.scheduler = factor, lowest, scheduler

    def act(self, event, watch):
        for optimizer in _need(watch, self).optimizers:
            for group in optimizer.param_groups:
                for name in ("lr", "initial_lr"):
                    if name in group:
                        group[name] = max(self.lowest, group[name] * self.factor)
        if self.scheduler is not None:
            self.scheduler.base_lrs = [max(self.lowest, rate * self.factor) for rate in self.scheduler.base_lrs]
