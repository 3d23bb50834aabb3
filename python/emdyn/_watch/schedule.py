"""How often each group of probes runs, so that all of them together cost what the user allows."""

import time

# Shares of the allowed overhead. What is left is for loss and learning rate, which stand at every step.
SHARES = {"gradients": 0.35, "updates": 0.15, "moments": 0.1, "activations": 0.2, "attention": 0.1, "spectra": 0.1}
_STEPS = (1, 2, 5)
_MOST = 100_000
_SMOOTHING = 0.2


class Clock:
    """Seconds that a stretch of work costs: those of the host and, on a GPU, those of the device, without waiting."""

    def __init__(self, torch, cuda):
        self._torch, self._cuda = torch, cuda
        self._open = []  # (group, start, end) of events on the device that are not read yet.

    def start(self):
        if not self._cuda:
            return time.perf_counter(), None
        event = self._torch.cuda.Event(enable_timing=True)
        event.record()
        return time.perf_counter(), event

    def stop(self, group, started):
        begun, first = started
        if first is not None:
            last = self._torch.cuda.Event(enable_timing=True)
            last.record()
            self._open.append((group, first, last))
        return time.perf_counter() - begun

    def finished(self):
        """(group, seconds on the device) of what is done by now."""
        while self._open and self._open[0][2].query():
            group, first, last = self._open.pop(0)
            yield group, first.elapsed_time(last) / 1e3


class Schedule:
    """every: "auto", or a number of steps for all groups. overhead: share of the step's time, in (0, 1)."""

    def __init__(self, every, overhead, groups):
        self.every, self.overhead = every, overhead
        self.cost = dict.fromkeys(groups)  # Seconds a run; None: not measured yet.
        self.interval = {}
        self.off = {}  # Group: why.
        self.step_seconds = None
        self.behind = False  # More was spent so far than is allowed: what the schedule says waits.
        self._next = {}
        # The groups' first runs are spread: none shares a step with another.
        for place, group in enumerate(groups):
            self._next[group] = 2 + place if every == "auto" else every
            self.interval[group] = every if every != "auto" else 10

    def due(self, group, step):
        waits = self.behind and self.every == "auto"
        return group in self._next and group not in self.off and step >= self._next[group] and not waits

    def ran(self, group, step, seconds):
        """A run of the group at `step` took so long."""
        old = self.cost[group]
        # The first run pays for memory and kernels that later ones find: it is forgotten at the second.
        self.cost[group] = seconds if old is None or self.interval.get((group, "runs"), 0) == 1 else (
            old + _SMOOTHING * (seconds - old))
        self.interval[(group, "runs")] = self.interval.get((group, "runs"), 0) + 1
        if self.every == "auto":
            self._choose(group)
        self._next[group] = step + self.interval[group]

    def correct(self, group, seconds):
        """The device took longer than the host."""
        if self.cost.get(group) is not None and seconds > self.cost[group]:
            self.cost[group] = seconds

    def stepped(self, seconds):
        """A whole step took so long, our own work left out."""
        old = self.step_seconds
        self.step_seconds = seconds if old is None else old + 0.05 * (min(seconds, 10 * old) - old)

    def switch_off(self, group, why):
        self.off[group] = why

    def _choose(self, group):
        if not self.step_seconds:
            return
        wanted = self.cost[group] / (self.overhead * SHARES[group] * self.step_seconds)
        now = self.interval[group]
        # A cadence that changed at every run would look like changes of the signal.
        if 0.7 * now <= wanted <= now:
            return
        self.interval[group] = next_round(wanted)


def next_round(wanted):
    """The next of 1, 2, 5, 10, 20, 50, … at or above."""
    scale = 1
    while scale < _MOST:
        for step in _STEPS:
            if step * scale >= wanted:
                return step * scale
        scale *= 10
    return _MOST
