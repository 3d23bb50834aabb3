"""Callbacks of trainers: Hugging Face Trainer, Lightning, Keras. Each starts a run where none is open, logs what the
trainer logs under the trainer's own names, watches the model from inside, and ends the run that it started.

A Stop action on the run ends the training in the trainer's own way.
"""

from ._run import current, init


class _Callback:
    """watch: look into the model too (PyTorch); overhead, every: as of emdyn.watch; others: as of emdyn.init."""

    def __init__(self, name=None, *, watch=True, overhead=0.03, every="auto", run=None, **options):
        self._name, self._watch, self._overhead, self._every = name, watch, overhead, every
        self._options, self.run, self._own = options, run, False

    def _start(self, config):
        self.run = self.run if self.run is not None and not self.run.finished else current()
        if self.run is None:
            self.run, self._own = init(self._name, config=config, **self._options), True
        self.run.stop_by_flag = True

    def _look_into(self, model, optimizer):
        if not self._watch or model is None or self.run.watches:
            return
        from ._watch.watcher import watch

        try:
            watch(model, optimizer, run=self.run, overhead=self._overhead, every=self._every)
        except Exception as error:
            self.run._complain("the model is not watched: %s" % error)

    def _log(self, values, step):
        self.run.log({k: v for k, v in values.items() if _is_number(v)}, step=step)

    def _end(self, status="finished"):
        if self._own and self.run is not None:
            self.run.finish(status)
        elif self.run is not None:
            for watch in self.run.watches:
                watch.stop()


def _is_number(value):
    if isinstance(value, (str, bytes, bool)) or value is None:
        return False
    try:
        float(value)
    except Exception:
        return False
    return True


def _public(values):
    return {k: v for k, v in dict(values).items()
            if not str(k).startswith("_") and isinstance(v, (bool, int, float, str))}


def _optimizer_of(optimizer):
    """The torch optimizer inside what accelerate wraps."""
    for _ in range(4):
        inner = getattr(optimizer, "optimizer", None)
        if inner is None:
            break
        optimizer = inner
    return optimizer


try:
    from transformers import TrainerCallback as _TrainerCallback
except Exception:  # Not installed, or not with this torch: the class below has the same methods.
    class _TrainerCallback:
        pass


class HFCallback(_Callback, _TrainerCallback):
    """Trainer(callbacks=[emdyn.HFCallback()]).

    The loss of every step is taken from the model, before the Trainer averages it; a Trainer logs 0.0 for a loss that
    is not finite, which is told as a gap of its own names only.
    """

    def on_train_begin(self, args, state, control, model=None, optimizer=None, **kwargs):
        if not getattr(state, "is_world_process_zero", True):
            return
        config = _public(vars(args)) if hasattr(args, "__dict__") else {}
        if getattr(state, "max_steps", 0):
            config.setdefault("steps", state.max_steps)
        self._start(config)
        self._look_into(model, _optimizer_of(optimizer))

    def on_log(self, args, state, control, logs=None, **kwargs):
        if self.run is not None and not self.run.finished and logs:
            self._log({k: v for k, v in logs.items() if k not in ("total_flos", "train_runtime")}, state.global_step)

    def on_step_end(self, args, state, control, **kwargs):
        if self.run is not None and self.run.should_stop:
            control.should_training_stop = True
        return control

    def on_train_end(self, args, state, control, **kwargs):
        self._end()


def _lightning_base():
    for name in ("lightning.pytorch.callbacks", "pytorch_lightning.callbacks"):
        try:
            return __import__(name, fromlist=["Callback"]).Callback
        except Exception:
            continue
    return object


class LightningCallback(_Callback, _lightning_base()):
    """L.Trainer(callbacks=[emdyn.LightningCallback()]), of lightning or pytorch_lightning."""

    def on_fit_start(self, trainer, module):
        if not getattr(trainer, "is_global_zero", True):
            return
        config = dict(getattr(module, "hparams", {}) or {})
        steps = getattr(trainer, "max_steps", -1)
        if steps and steps > 0:
            config.setdefault("steps", steps)
        self._start(config)

    def on_train_start(self, trainer, module):
        if self.run is not None:
            optimizers = [_optimizer_of(each) for each in getattr(trainer, "optimizers", [])]
            self._look_into(module, optimizers[0] if optimizers else None)

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        if self.run is None:
            return
        self._log(getattr(trainer, "callback_metrics", {}), trainer.global_step)
        if self.run.should_stop:
            trainer.should_stop = True

    def on_validation_epoch_end(self, trainer, module):
        if self.run is not None and not getattr(trainer, "sanity_checking", False):
            self._log(getattr(trainer, "callback_metrics", {}), trainer.global_step)

    def on_exception(self, trainer, module, error):
        self._end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")

    def on_fit_end(self, trainer, module):
        self._end()


def _keras_base():
    import sys

    # Importing TensorFlow for somebody who does not use it would take seconds.
    keras = sys.modules.get("keras") or getattr(sys.modules.get("tensorflow"), "keras", None)
    return getattr(getattr(keras, "callbacks", None), "Callback", object)


class KerasCallback(_Callback, _keras_base()):
    """model.fit(callbacks=[emdyn.KerasCallback()]); import keras before emdyn.callbacks. Loss and metrics of every
    batch, val_… and the learning rate of every epoch."""

    def __init__(self, name=None, **options):
        base = _keras_base()
        if base is not object and isinstance(self, base):
            base.__init__(self)
        _Callback.__init__(self, name, watch=False, **options)
        self._step = 0
        self._keras_model = None

    def set_model(self, model):
        self._keras_model = model
        try:
            super().set_model(model)
        except AttributeError:
            pass

    def on_train_begin(self, logs=None):
        parameters = getattr(self, "params", None) or {}
        self._start(_public(parameters))

    def on_train_batch_end(self, batch, logs=None):
        self._log(logs or {}, self._step)
        self._step += 1
        if self.run.should_stop and self._keras_model is not None:
            self._keras_model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        values = {k: v for k, v in (logs or {}).items() if str(k).startswith("val_")}
        rate = getattr(getattr(self._keras_model, "optimizer", None), "learning_rate", None)
        if _is_number(rate):
            values["learning_rate"] = rate
        self._log(values, self._step)

    def on_train_end(self, logs=None):
        self._end()
