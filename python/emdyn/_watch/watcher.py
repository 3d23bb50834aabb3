"""emdyn.watch: a PyTorch model looked into while it trains, for a share of its time that the user allows."""

import functools
import inspect
import sys
import time

from .. import _native
from .._run import Event, StopTraining, current, init
from . import loss as loss_tap
from . import measures
from .layers import LayerProbes
from .schedule import SHARES, Clock, Schedule
from .stepping import StepWrapper, closure_of, optimizer_module, with_closure

_MAIN = ("train_loss", "gradient_norm")  # Judged by the run's own detectors; layers by a cheap one.
_LAYER_ALPHA = 1e-6
_QUIET = 25  # Steps around an event told at once in which the run's own detectors need not tell it again.


def watch(model, optimizer=None, *, run=None, every="auto", overhead=0.03, groups=None):
    """Watches a training from inside; one line, before the loop. Returns a Watch; finish() ends it.

    model      nn.Module, also compiled or in DistributedDataParallel (rank 0 logs)
    optimizer  one, or a list; default: whichever steps parameters of the model (torch 2)
    run        default: the one init() started, or a new one
    every      "auto": each group of probes as often as its measured cost allows; or a number of optimizer steps
    overhead   share of the training's time that all of it may cost, in (0, 1)
    groups     of gradients, updates, moments, activations, attention, spectra; default all

    Logged at every optimizer step: train_loss (as backward() was given it: before a scaler; the mean where gradients
    are accumulated), learning_rate. As the schedule allows, by layer: gradient_norm/… (before clipping by
    clip_grad_norm_), update_ratio/…, adam_m_norm/… and adam_v_rms/…, activation_rms/…, activation_max/…,
    dead_share/…, attention_entropy/… (nats), attention_max_logit/…, effective_rank/…, stable_rank/….

    A probe that raises is switched off, with an event; the training never breaks. Raises ConfigError for a model
    without parameters that train, or kinds of models that it cannot look into, naming them.
    """
    import torch

    if not isinstance(model, torch.nn.Module):
        raise _native.ConfigError("watch() takes an nn.Module, got %s" % type(model).__name__)
    if every != "auto" and (not isinstance(every, int) or every < 1):
        raise _native.ConfigError('watch.every must be "auto" or a number of steps >= 1, got %r' % (every,))
    if not 0.0 < overhead < 1.0:
        raise _native.ConfigError("watch.overhead must lie in (0, 1), got %r" % (overhead,))
    wanted = list(SHARES) if groups is None else list(groups)
    for group in wanted:
        if group not in SHARES:
            raise _native.ConfigError("watch: unknown group %r; there are %s" % (group, ", ".join(SHARES)))
    return Watch(torch, model, optimizer, run, Schedule(every, overhead, wanted))


def unwrap(torch, model):
    """(the user's own module, what cannot be looked into and why)."""
    off = {}
    while True:
        kind = type(model).__name__
        if kind == "OptimizedModule":
            model = model._orig_mod
            off["activations"] = off["attention"] = "the model is compiled: hooks inside are not run"
        elif kind in ("DistributedDataParallel", "DataParallel"):
            if kind == "DataParallel":
                off["activations"] = off["attention"] = "DataParallel runs copies of the layers: use DDP"
            model = model.module
        elif kind in ("FullyShardedDataParallel", "DeepSpeedEngine"):
            raise _native.ConfigError(
                "watch: %s shards its parameters, and norms of shards are not norms of layers; log loss and rate with "
                "emdyn.log(), or watch the model where it is whole" % kind)
        else:
            break
    if getattr(model, "_compiled_call_impl", None) is not None:
        off["activations"] = off["attention"] = "the model is compiled: hooks inside are not run"
    if "with_kwargs" not in inspect.signature(torch.nn.Module.register_forward_pre_hook).parameters:
        off["attention"] = "torch before 2.0 does not tell hooks of masks"
    for name, parameter in model.named_parameters():
        if type(parameter).__name__ == "DTensor":
            raise _native.ConfigError("watch: %s is a DTensor, sharded over devices, which is not supported" % name)
    return model, off


class Watch:
    """What watch() started. overhead: share of the time it took so far; step: optimizer steps seen."""

    def __init__(self, torch, model, optimizer, run, schedule):
        self._torch = torch
        self.step = 0
        self.active = False
        self.optimizers = []
        self._handles = []
        self.schedule = schedule
        self.model, off = unwrap(torch, model)
        self._named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        if not self._named:
            raise _native.ConfigError("watch: the model has no parameters that train")
        self.device = self._named[0][1].device
        self._named = [(n, p) for n, p in self._named if p.device == self.device]
        if optimizer is not None:
            self.optimizers = list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer]
            for each in self.optimizers:
                if not hasattr(each, "param_groups"):
                    raise _native.ConfigError("watch: %s is no torch optimizer" % type(each).__name__)
        elif not hasattr(optimizer_module(), "register_optimizer_step_pre_hook"):
            raise _native.ConfigError("watch: torch %s does not tell which optimizer steps: pass optimizer="
                                      % torch.__version__)
        self.rank = _rank(torch)
        self.run = run or current()
        if self.rank != 0:
            return  # The gradients are the same on every rank; one tells.
        self.run = self.run or init()
        for group, why in off.items():
            schedule.switch_off(group, why)
        cuda = self.device.type == "cuda"
        self._lazy = self.device.type != "cpu"  # Reading a value would wait for the device.
        self._clock = Clock(torch, cuda)
        self._layers = LayerProbes(torch, self.model, self._named)
        self._tap = loss_tap.Tap()
        self._tap.parameters = frozenset(id(p) for _, p in self._named)
        self._row = ([], [])
        self._sent = []
        self._sizes = []
        self._started = self._boundary = None
        self._spent = self._spent_before = 0.0
        self._awaited = False  # A closure's pass is still to come in this step.
        self._skip = False
        self._skipped = self._in_a_row = 0
        self._guard = None
        self._told_at = None
        self._buffers = None
        self._copies, self._copy_every = [], 0
        self._begin()

    # --- beginning and end ---

    def _begin(self):
        torch = self._torch
        loss_tap.add(torch, self._tap)
        self._handles.append(self.model.register_forward_hook(self._heard_output))
        modern = hasattr(torch.optim.Optimizer, "register_step_pre_hook")
        if not self.optimizers:
            module = optimizer_module()
            self._handles.append(module.register_optimizer_step_pre_hook(self._before))
            self._handles.append(module.register_optimizer_step_post_hook(self._after))
        for optimizer in self.optimizers:
            if modern:
                self._handles.append(optimizer.register_step_pre_hook(self._before))
                self._handles.append(optimizer.register_step_post_hook(self._after))
            else:
                self._handles.append(StepWrapper(optimizer, self._before, self._after))
        self.active = True
        self.run.watches.append(self)
        for handler, _, _ in self.run._handlers:
            self.armed_by(handler)

    def armed_by(self, handler):
        arm = getattr(handler, "arm", None)
        if arm:
            arm(self)
        elif not self._lazy:
            self.judge_now()

    def stop(self):
        """Takes every hook out. What is on its way is still logged."""
        if not self.active:
            return
        self.active = False
        loss_tap.remove(self._tap)
        self._layers.remove_hooks()
        for handle in self._handles:
            handle.remove()
        self._handles = []
        try:
            self._receive(everything=True)
        except Exception as error:
            self.run._complain("watch: the last rows are lost: %s" % error)

    @property
    def overhead(self):
        """Share of the wall time since the first step that was spent in here; None before the second step."""
        if self._started is None or self.step < 2:
            return None
        return self._spent / max(time.perf_counter() - self._started, 1e-9)

    def notes(self):
        """What the run keeps of it: overhead, steps, cost and cadence of each group, what is off and why."""
        if self.rank != 0:
            return {"rank": self.rank}
        schedule = self.schedule
        return {"steps": self.step, "skipped_steps": self._skipped, "overhead": self.overhead,
                "allowed_overhead": schedule.overhead, "step_seconds": schedule.step_seconds,
                "seconds_a_run": {g: c for g, c in schedule.cost.items() if c is not None},
                "every": {g: schedule.interval[g] for g in schedule.cost},
                "off": dict(schedule.off), "left_out": list(self._layers.left_out)}

    # --- what actions ask for ---

    def judge_now(self, keep_buffers=False):
        """From now on the loss is judged before each optimizer step, so that the step can be left out."""
        if self._guard is None:
            self._guard = self._new_guard()
        if keep_buffers and self._buffers is None:
            kept = [b for b in self.model.buffers() if b.is_floating_point()]
            self._buffers = [(b, b.detach().clone()) for b in kept]

    @staticmethod
    def _new_guard():
        return _native.SignalWatch("train_loss", "watch", {})

    def keep_copies(self, every):
        """From now on weights and optimizer are copied every so many steps, for roll_back()."""
        self._copy_every = min(every, self._copy_every) if self._copy_every else every

    def skip(self, most=5):
        """Leaves the optimizer step at hand out. Returns False where the last `most` were left out already."""
        if self._in_a_row >= most:
            return False
        self._skip = True
        return True

    def roll_back(self):
        """Puts weights and optimizer back to the older of the copies and leaves this step out. False without one."""
        if not self._copies:
            return False
        at, weights, buffers, optimizers = self._copies[0]
        with self._torch.no_grad():
            for parameter, kept in weights:
                parameter.copy_(kept)
            for buffer, kept in buffers:
                buffer.copy_(kept)
        for optimizer, state in optimizers:
            optimizer.load_state_dict(_copied(self._torch, state))
        self._copies = self._copies[:1]
        self._guard = self._new_guard()  # What is normal there is learned anew: else going back would itself alarm.
        self._skip = True
        self.rolled_back_to = at
        return True

    def told(self, event):
        """Whether the run's own detectors tell what was told before the step already."""
        return (self._told_at is not None and event.get("signal") == "train_loss"
                and abs(event.get("position", 0) - self._told_at) <= _QUIET)

    # --- hooks: nothing of ours may reach the training ---

    def _heard_output(self, module, inputs, output):
        if module.training and self.active:
            loss = output.get("loss") if isinstance(output, dict) else getattr(output, "loss", None)
            if loss is not None and getattr(loss, "numel", lambda: 0)() == 1:
                self._tap.from_output.append(loss.detach())

    def _before(self, optimizer, args=None, kwargs=None):
        if self.active and self._mine(optimizer):
            found = closure_of(args, kwargs)
            if found is not None:  # The pass is yet to come, inside the step: what is ours waits for it.
                self._awaited = True
                return with_closure(args, kwargs, self._around(found, optimizer))
            self._timed(self._before_step, optimizer)
        return None

    def _after(self, optimizer, args=None, kwargs=None):
        if self._awaited:  # A closure that the optimizer did not call.
            self._awaited = False
            self._timed(self._before_step, optimizer)
        self._timed(self._after_step, optimizer)

    def _around(self, closure, optimizer):
        @functools.wraps(closure)
        def evaluated(*args, **kwargs):
            value = closure(*args, **kwargs)
            if self._awaited:
                self._awaited = False
                self._timed(self._before_step, optimizer)
            elif self.active:
                self._tap.take()  # A line search's later looks are no steps.
            return value

        return evaluated

    def _timed(self, work, optimizer):
        if not self.active or not self._mine(optimizer):
            return
        begun = time.perf_counter()
        try:
            work(optimizer, begun)
        except (StopTraining, KeyboardInterrupt):
            raise
        except Exception as error:
            self._fail("watch", error)
            self.stop()
        finally:
            self._spent += time.perf_counter() - begun

    def _mine(self, optimizer):
        if self.optimizers:
            return optimizer is self.optimizers[0]
        ours = self._tap.parameters
        if any(id(p) in ours for group in optimizer.param_groups for p in group["params"]):
            self.optimizers = [optimizer]  # The first that steps one of ours.
            return True
        return False

    def _before_step(self, optimizer, now):
        if self._boundary is not None:
            self.schedule.stepped(max(now - self._boundary - (self._spent - self._spent_before), 1e-9))
        else:
            self._started = now
        self.schedule.behind = self._spent > self.schedule.overhead * (now - self._started)
        self._boundary, self._spent_before = now, self._spent
        self._receive()
        loss, _, clipped = self._tap.take()
        self._layers.remove_hooks()
        self._log_rates(optimizer)
        if loss is not None:
            self._take_loss(loss)
        self._collect("activations", self._layers.take_activations)
        self._collect("attention", self._layers.take_attention)
        if self.schedule.due("gradients", self.step):
            self._run_group("gradients", lambda: self._gradients(optimizer, clipped))
        self.run.deliver()
        if self._skip:
            self._leave_out()
        elif self.schedule.due("updates", self.step):
            self._run_group("updates", self._layers.remember_weights)

    def _after_step(self, optimizer, now):
        schedule, layers = self.schedule, self._layers
        if layers.remembers:
            self._run_group("updates", layers.update_ratios)
        if schedule.due("moments", self.step) and not self._skip:
            self._run_group("moments", lambda: layers.moments(optimizer))
        if schedule.due("spectra", self.step):
            self._run_group("spectra", layers.next_rank)
        self._send()
        if self._buffers is not None and not self._skip:
            for buffer, kept in self._buffers:
                kept.copy_(buffer.detach())
        if self._copy_every and not self._skip and self.step % self._copy_every == 0 and self._loss_is_finite:
            self._copy()
        self._in_a_row = self._in_a_row + 1 if self._skip else 0
        self._skip = False
        self.step += 1
        for group, hooks in (("activations", layers.hook_activations), ("attention", layers.hook_attention)):
            if schedule.due(group, self.step):
                self._guarded(group, hooks)

    # --- pieces ---

    _loss_is_finite = True

    def _take_loss(self, loss):
        if self._lazy and self._guard is None:
            self._add(["train_loss"], [loss])
            return
        value = float(loss)
        self._loss_is_finite = value - value == 0.0
        self.run.log_value("train_loss", value, self.step)
        if self._guard is None:
            return
        for found in self._guard.push(self.step, value):
            event = Event(found, run=self.run.id)
            event.run, event.now, event.watch = self.run, True, self
            self._told_at = self.step
            before = self._skip
            self.run._own_alarm = event
            self.run.tell(event)
            if self._skip and not before:
                event["policy"] = event.get("policy", "") + "; the optimizer step was left out"
                self.run._live.record(event)

    def _leave_out(self):
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None
        with self._torch.no_grad():
            for buffer, kept in self._buffers or ():
                buffer.copy_(kept)
        self._skipped += 1

    def _log_rates(self, optimizer):
        for place, group in enumerate(optimizer.param_groups[:8]):
            name = "learning_rate" if place == 0 else "learning_rate/%d" % place
            rate = group.get("lr")
            if isinstance(rate, (int, float)):
                self.run.log_value(name, rate, self.step)
            elif rate is not None and not self._lazy:
                self.run.log_value(name, float(rate), self.step)

    def _gradients(self, optimizer, clipped):
        names, tensors = self._layers.gradient_norms()
        if not names:
            return [], []
        scale = getattr(optimizer, "grad_scale", None)  # Of fused optimizers, which unscale as they step.
        layers = tensors[0] / scale if scale is not None else tensors[0]
        total = layers.square().sum().sqrt()
        if clipped is not None:  # What clipping divided all of them by is given back.
            clipped = clipped.to(layers.device).float()
            layers, total = layers * (clipped / total.clamp_min(1e-30)), clipped
        names, tensors = ["gradient_norm"] + names, [total, layers]
        if self._tap.scaler is not None and getattr(self._tap.scaler, "_scale", None) is not None:
            names, tensors = names + ["amp_scale"], tensors + [self._tap.scaler._scale]
        return names, tensors

    def _copy(self):
        torch = self._torch
        weights = [(p, p.detach().clone()) for _, p in self._named]
        buffers = [(b, b.detach().clone()) for b in self.model.buffers()]
        optimizers = [(o, _copied(torch, o.state_dict())) for o in self.optimizers]
        self._copies = self._copies[-1:] + [(self.step, weights, buffers, optimizers)]

    def _collect(self, group, take):
        if self._layers.waiting(group):
            begun = time.perf_counter()
            self._guarded(group, lambda: self._add(*take()))
            inside = self._layers.seconds(group)  # Of the model's forward pass: nobody else counts it.
            self._spent += inside
            self.schedule.ran(group, self.step, inside + time.perf_counter() - begun)

    def _run_group(self, group, work):
        started = self._clock.start()
        self._guarded(group, lambda: self._add(*(work() or ([], []))))
        self.schedule.ran(group, self.step, self._clock.stop(group, started))
        for done, seconds in self._clock.finished():
            self.schedule.correct(done, seconds)

    def _guarded(self, group, work):
        try:
            with self._torch.no_grad():  # Here and not around every step: entering it costs microseconds.
                work()
        except Exception as error:
            self.schedule.switch_off(group, "%s: %s" % (type(error).__name__, error))
            self._layers.remove_hooks()
            self._fail(group, error)

    def _fail(self, what, error):
        text = "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:300])
        try:
            self.run.record({"run": self.run.id, "signal": "probe/" + what, "position": self.step, "axis": "step",
                             "detector": "watch", "policy": "switched off: " + text, "score": None, "p_value": None,
                             "direction": "none", "onset": None, "kind": "gap", "shares": [], "before": None,
                             "after": None})
        except Exception:
            pass
        self.run._complain("watch: %s is switched off: %s" % (what, text))

    # --- one transfer for a step's values ---

    def _add(self, names, tensors):
        self._row[0].extend(names)
        self._row[1].extend(tensors)

    def _send(self):
        names, tensors = self._row
        if not names:
            return
        self._row = ([], [])
        row = self._torch.cat([t.detach().reshape(-1).float() for t in tensors])
        if not self._lazy:
            self._log_row(self.step, names, row.tolist())
            return
        if self.device.type == "cuda":
            host = self._torch.empty(row.shape, dtype=row.dtype, pin_memory=True)
            host.copy_(row, non_blocking=True)
            done = self._torch.cuda.Event()
            done.record()
            self._sent.append((self.step, names, host, done))
        else:
            self._log_row(self.step, names, row.cpu().tolist())

    def _receive(self, everything=False):
        while self._sent and (everything or self._sent[0][3].query()):
            step, names, host, done = self._sent.pop(0)
            done.synchronize()
            self._log_row(step, names, host.tolist())

    def _log_row(self, step, names, values):
        layers = [i for i, name in enumerate(names) if name not in _MAIN]
        for i, name in enumerate(names):
            if name in _MAIN:
                self.run.log_value(name, values[i], step)
        if layers:
            for event in self.run._live.log_row([names[i] for i in layers], [values[i] for i in layers], step,
                                                _LAYER_ALPHA):
                self.run.record(event, watch=self)


def _copied(torch, value):
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {k: _copied(torch, v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(torch, v) for v in value)
    return value


def _rank(torch):
    distributed = getattr(torch, "distributed", None)
    if distributed is not None and "torch.distributed" in sys.modules and distributed.is_available():
        if distributed.is_initialized():
            return distributed.get_rank()
    return 0
