"""The callback of Lightning."""

import importlib
import sys

from .shared import TrainerRun, is_number, optimizer_of

_HOMES = ("lightning.pytorch.callbacks", "pytorch_lightning.callbacks")


def bases():
    """Callback of the Lightning that the script imported (of both, where it imported both)."""
    found = tuple(sys.modules[name].Callback for name in _HOMES if name in sys.modules)
    if found:
        return found
    for name in _HOMES:
        try:
            return (importlib.import_module(name).Callback,)
        except Exception:
            continue
    return ()


class Methods(TrainerRun):
    """L.Trainer(callbacks=[emdyn.LightningCallback()]), of lightning or pytorch_lightning.

    `train_loss` is the loss of every optimizer step as backward() got it (a mean where gradients are accumulated);
    what the module logs keeps its names, each value once, at the trainer's global step.
    """

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
            optimizers = [optimizer_of(each) for each in getattr(trainer, "optimizers", [])]
            self._look_into(module, optimizers[0] if optimizers else None)

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx, *more):
        if self.run is None:
            return
        self._log_news(trainer)
        if self.run.should_stop:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer, module):
        self._log_news(trainer)

    def on_validation_end(self, trainer, module):
        self._log_news(trainer)

    def _log_news(self, trainer):
        """What the module logged since: the trainer shows old values until there are new ones. Its loss is left out
        where it has the name that watch() gives it: one signal, one meaning."""
        if self.run is None or getattr(trainer, "sanity_checking", False):
            return
        metrics = dict(getattr(trainer, "callback_metrics", {}))
        if self.run.watches:
            metrics.pop("train_loss", None)
        step, news = trainer.global_step, {}
        seen = self.__dict__.setdefault("_seen", {})
        for name, value in metrics.items():
            if name in seen and seen[name][0] is value:
                continue
            number = float(value) if is_number(value) else None
            # An epoch ends with the last step's values again.
            if number is not None and seen.get(name, ())[1:] != (step, number):
                news[name] = number
            seen[name] = (value, step, number)
        if news:
            self._log(news, step)

    def on_exception(self, trainer, module, error):
        self._end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")

    def on_fit_end(self, trainer, module):
        self._end()
