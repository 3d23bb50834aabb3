"""The callback of Hugging Face's Trainer."""

from .shared import TrainerRun, optimizer_of, public

_CLOSING = "train_runtime"  # Only the Trainer's last words hold it: means over the run, no values of a step.


def bases():
    try:
        from transformers import TrainerCallback
    except Exception:  # Not installed, or not with this torch: the class has the same methods.
        return ()
    return (TrainerCallback,)


class Methods(TrainerRun):
    """Trainer(callbacks=[emdyn.HFCallback()]).

    The loss of every step is taken from the model, before the Trainer averages it, as `train_loss`; what the Trainer
    logs keeps its names. A Trainer logs 0.0 for a loss that is not finite: only `train_loss` shows it as it was. What
    it tells of the whole run at its end goes into the run's summary.
    """

    def on_train_begin(self, args, state, control, model=None, optimizer=None, **kwargs):
        if not getattr(state, "is_world_process_zero", True):
            return
        config = public(vars(args)) if hasattr(args, "__dict__") else {}
        if getattr(state, "max_steps", 0):
            config.setdefault("steps", state.max_steps)
        self._start(config)
        self._look_into(model, optimizer_of(optimizer))

    def on_log(self, args, state, control, logs=None, **kwargs):
        if self.run is None or self.run.finished or not logs:
            return
        if _CLOSING in logs:
            self.run.summary.update({k: v for k, v in logs.items() if k != "epoch"})
            return
        self._log({k: v for k, v in logs.items() if k != "total_flos"}, state.global_step)

    def on_step_end(self, args, state, control, **kwargs):
        if self.run is not None and self.run.should_stop:
            control.should_training_stop = True
        return control

    def on_train_end(self, args, state, control, **kwargs):
        self._end()
