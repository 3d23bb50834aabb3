"""Callbacks, with the real trainers where they are installed, else with a stated stand-in that calls the same methods
in the same order."""

import types

import numpy as np
import pytest

import emdyn


def names_of(run):
    return emdyn.open(run.id).signals


def test_hf_callback_as_a_trainer_calls_it(store):
    """A stand-in: transformers itself is tested below where it is installed."""
    callback = emdyn.HFCallback("hf", watch=False)
    args = types.SimpleNamespace(learning_rate=1e-4, output_dir="x", _n_gpu=0)
    state = types.SimpleNamespace(max_steps=3, global_step=0, is_world_process_zero=True)
    control = types.SimpleNamespace(should_training_stop=False)
    callback.on_train_begin(args, state, control, model=None)
    for step in range(1, 4):
        state.global_step = step
        callback.on_step_end(args, state, control)
        callback.on_log(args, state, control, logs={"loss": 1.0 / step, "epoch": step, "text": "no"})
    callback.run.should_stop = True
    callback.on_step_end(args, state, control)
    callback.on_train_end(args, state, control)
    history = emdyn.open(callback.run.id)
    assert control.should_training_stop and history.status == "finished"
    assert list(history.signal("loss").positions) == [1, 2, 3] and history.config["steps"] == 3


def test_keras_callback_as_a_model_calls_it(store):
    """A stand-in: Keras itself is tested below where it is installed."""
    callback = emdyn.KerasCallback("keras")
    model = types.SimpleNamespace(stop_training=False, optimizer=types.SimpleNamespace(learning_rate=0.01))
    callback._keras_model = model
    callback.on_train_begin()
    for batch in range(3):
        callback.on_train_batch_end(batch, {"loss": 1.0 - 0.1 * batch})
    callback.on_epoch_end(0, {"loss": 0.9, "val_loss": 1.1})
    callback.run.should_stop = True
    callback.on_train_batch_end(3, {"loss": 0.5})
    callback.on_train_end()
    history = emdyn.open(callback.run.id)
    assert model.stop_training and set(history.signals) == {"loss", "val_loss", "learning_rate"}
    assert len(history.signal("loss")) == 4


def test_lightning_callback_as_a_trainer_calls_it(store):
    """A stand-in: Lightning itself is tested below where it is installed."""
    callback = emdyn.LightningCallback("lightning", watch=False)
    trainer = types.SimpleNamespace(is_global_zero=True, max_steps=3, global_step=0, should_stop=False, optimizers=[],
                                    callback_metrics={}, sanity_checking=False)
    module = types.SimpleNamespace(hparams={"width": 4})
    callback.on_fit_start(trainer, module)
    callback.on_train_start(trainer, module)
    for step in range(1, 4):
        trainer.global_step, trainer.callback_metrics = step, {"loss": 1.0 / step}
        callback.on_train_batch_end(trainer, module, None, None, step)
    callback.run.should_stop = True
    callback.on_train_batch_end(trainer, module, None, None, 3)
    callback.on_exception(trainer, module, RuntimeError())
    history = emdyn.open(callback.run.id)
    assert trainer.should_stop and history.status == "failed" and history.config == {"width": 4, "steps": 3}


def hugging_face():
    return (pytest.importorskip("transformers", reason="SKIPPED: transformers is not installed"),
            pytest.importorskip("torch"), pytest.importorskip("accelerate"))


def arguments(transformers, folder, **settings):
    """TrainingArguments of any version: the one that keeps a Trainer on the CPU has had two names."""
    import inspect

    known = inspect.signature(transformers.TrainingArguments).parameters
    return transformers.TrainingArguments(
        output_dir=str(folder), report_to=[], disable_tqdm=True, save_strategy="no", **settings,
        **{"use_cpu" if "use_cpu" in known else "no_cuda": True})


def regression(torch, poison=None):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(4, 1)

        def forward(self, x, labels):
            answer = self.linear(x).squeeze(-1)
            return {"loss": ((answer - labels) ** 2).mean(), "logits": answer}

    torch.manual_seed(0)
    return Model(), [{"x": torch.full((4,), float("nan")) if i == poison else torch.randn(4),
                      "labels": torch.tensor(1.0)} for i in range(64)]


def test_the_real_trainer(store, tmp_path):
    transformers, torch, _ = hugging_face()
    model, data = regression(torch)
    args = arguments(transformers, tmp_path, max_steps=12, per_device_train_batch_size=8, logging_steps=4,
                     gradient_accumulation_steps=2)
    callback = emdyn.HFCallback("trainer", every=2)
    transformers.Trainer(model=model, args=args, train_dataset=data, callbacks=[callback]).train()
    history = emdyn.open(callback.run.id)
    assert history.status == "finished" and list(history.signal("train_loss").positions) == list(range(12))
    assert list(history.signal("loss").positions) == [4, 8, 12] and "gradient_norm/linear" in history
    every_four = history.signal("train_loss").values.reshape(3, 4).mean(1)
    np.testing.assert_allclose(every_four, history.signal("loss").values, rtol=2e-3)
    assert history.config["steps"] == 12
    summary = history.info["notes"]["summary"]  # The Trainer's own last word on the whole run.
    assert summary["train_loss"] == pytest.approx(history.signal("train_loss").values.mean(), rel=2e-3)


def test_the_real_trainer_is_saved_and_stopped(store, tmp_path):
    """A broken batch never reaches the weights; and a Stop ends the training in the Trainer's own way."""
    transformers, torch, _ = hugging_face()
    model, data = regression(torch, poison=50)
    run = emdyn.init("saved")
    skip = run.on_event(emdyn.SkipBatch())
    callback = emdyn.HFCallback(run=run)
    args = arguments(transformers, tmp_path, num_train_epochs=4, per_device_train_batch_size=4, logging_steps=4)
    transformers.Trainer(model=model, args=args, train_dataset=data, callbacks=[callback]).train()
    assert skip.taken == 4 and torch.isfinite(model.linear.weight).all()  # Once an epoch.
    run.on_event(emdyn.Stop(kinds="nonfinite"))
    trainer = transformers.Trainer(model=model, args=args, train_dataset=data, callbacks=[emdyn.HFCallback(run=run)])
    trainer.train()
    assert run.should_stop and 0 < trainer.state.global_step < 64


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def lightning(request):
    pytest.importorskip("torch")
    return pytest.importorskip(request.param, reason="SKIPPED: %s is not installed" % request.param)


def lightning_module(lightning, optimizer=None):
    import torch

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(4, 1)
            self.losses = []

        def training_step(self, batch, index):
            loss = self.linear(batch).square().mean()
            self.losses.append(float(loss.detach()))
            self.log("loss", loss)
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", self.linear(batch).square().mean())

        def configure_optimizers(self):
            return (optimizer or torch.optim.SGD)(self.parameters(), lr=0.1)

    torch.manual_seed(0)
    return Module()


def lightning_trainer(lightning, folder, callback, **settings):
    return lightning.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False,
                             enable_model_summary=False, callbacks=[callback], default_root_dir=str(folder),
                             log_every_n_steps=1, **settings)


def loader(count=80, poison=None):
    import torch

    x = torch.randn(count, 4, generator=torch.Generator().manual_seed(3))
    if poison is not None:
        x[poison] = float("nan")
    return torch.utils.data.DataLoader(x, batch_size=8)


@pytest.mark.filterwarnings("ignore")
def test_the_real_lightning(store, tmp_path, lightning):
    callback = emdyn.LightningCallback("lightning", every=2)
    module = lightning_module(lightning)
    trainer = lightning_trainer(lightning, tmp_path, callback, max_epochs=2, num_sanity_val_steps=1)
    trainer.fit(module, loader(), loader(16))
    history = emdyn.open(callback.run.id)
    assert history.status == "finished" and list(history.signal("train_loss").positions) == list(range(20))
    np.testing.assert_allclose(history.signal("train_loss").values, module.losses, rtol=1e-6)
    np.testing.assert_allclose(history.signal("loss").values, module.losses, rtol=1e-6)
    assert len(history.signal("val_loss")) == 2 and "gradient_norm/linear" in history
    assert list(history.signal("val_loss").positions) == [10, 20]


@pytest.mark.filterwarnings("ignore")
def test_the_real_lightning_is_saved(store, tmp_path, lightning):
    """Lightning computes the loss inside the optimizer's step; the step of a broken batch is left out all the same."""
    import torch

    run = emdyn.init("saved")
    skip = run.on_event(emdyn.SkipBatch())
    module = lightning_module(lightning)
    lightning_trainer(lightning, tmp_path, emdyn.LightningCallback(run=run), max_epochs=1).fit(module, loader(80, 41))
    assert skip.taken == 1 and torch.isfinite(module.linear.weight).all()
    emdyn.finish()
    assert {e["position"] for e in emdyn.open(run.id).events if e["signal"] == "train_loss"} == {5}


@pytest.mark.filterwarnings("ignore")
def test_the_real_lightning_accumulates_and_searches_lines(store, tmp_path, lightning):
    import torch

    callback = emdyn.LightningCallback("accumulated")
    module = lightning_module(lightning)
    lightning_trainer(lightning, tmp_path, callback, max_epochs=1, accumulate_grad_batches=5).fit(module, loader())
    # Lightning divides each loss by the number of batches before backward().
    np.testing.assert_allclose(emdyn.open(callback.run.id).signal("train_loss").values,
                               np.reshape(module.losses, (2, 5)).mean(1) / 5, rtol=1e-5)
    emdyn.finish()
    callback = emdyn.LightningCallback("lbfgs")
    module = lightning_module(lightning, lambda parameters, lr: torch.optim.LBFGS(parameters, lr=lr, max_iter=4))
    lightning_trainer(lightning, tmp_path, callback, max_epochs=1).fit(module, loader())
    found = emdyn.open(callback.run.id).signal("train_loss").values
    assert len(found) == 10 and len(module.losses) > 10 and found[0] == pytest.approx(module.losses[0])


def test_the_real_keras(store, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="SKIPPED: keras is not installed")
    if keras.config.backend() != "torch":
        pytest.skip("SKIPPED: keras has another backend here")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).standard_normal((64, 4)).astype("float32")
    callback = emdyn.KerasCallback("keras")
    model.fit(x, x[:, :1], batch_size=8, epochs=2, validation_split=0.25, verbose=0, callbacks=[callback])
    history = emdyn.open(callback.run.id)
    assert history.status == "finished" and len(history.signal("loss")) == 12 and len(history.signal("val_loss")) == 2
