"""The callback of Keras."""

import sys

from .shared import TrainerRun, is_number, public


def bases():
    # Importing TensorFlow for somebody who does not use it would take seconds.
    keras = sys.modules.get("keras") or getattr(sys.modules.get("tensorflow"), "keras", None)
    base = getattr(getattr(keras, "callbacks", None), "Callback", None)
    return () if base is None else (base,)


class Methods(TrainerRun):
    """model.fit(callbacks=[emdyn.KerasCallback()]); import keras first. Loss and metrics of every batch, val_… and
    the learning rate of every epoch."""

    def __init__(self, name=None, **options):
        for base in type(self).__mro__:
            if base.__module__.split(".")[0] in ("keras", "tensorflow", "tf_keras"):
                base.__init__(self)
                break
        TrainerRun.__init__(self, name, watch=False, **options)
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
        self._start(public(parameters))

    def on_train_batch_end(self, batch, logs=None):
        self._log(logs or {}, self._step)
        self._step += 1
        if self.run.should_stop and self._keras_model is not None:
            self._keras_model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        values = {k: v for k, v in (logs or {}).items() if str(k).startswith("val_")}
        rate = getattr(getattr(self._keras_model, "optimizer", None), "learning_rate", None)
        if is_number(rate):
            values["learning_rate"] = rate
        self._log(values, self._step)

    def on_train_end(self, logs=None):
        self._end()
