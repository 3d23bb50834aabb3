"""Watching a PyTorch training from inside, and acting on it. Without torch all of it is skipped, and pytest says so."""

import math

import numpy as np
import pytest

import emdyn

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed, watching is NOT tested here")
torch.set_num_threads(1)  # Of nets this small more threads only wait for each other.
nn, F = torch.nn, torch.nn.functional


def pictures(count, generator):
    """Ten made-up digits: a fixed pattern a class in noise. [count, 1, 8, 8], [count]"""
    patterns = torch.randn(10, 1, 8, 8, generator=torch.Generator().manual_seed(5))
    labels = torch.randint(0, 10, (count,), generator=generator)
    return patterns[labels] + 0.8 * torch.randn(count, 1, 8, 8, generator=generator), labels


def cnn():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
                         nn.Flatten(), nn.Linear(8 * 64, 32), nn.ReLU(), nn.Linear(32, 10))


class GPT(nn.Module):
    """Two layers, tied to nothing: the least that has attention."""

    def __init__(self, words=20, width=16, heads=2):
        super().__init__()
        torch.manual_seed(2)
        self.embedding = nn.Embedding(words, width)
        self.attn = nn.ModuleList(nn.MultiheadAttention(width, heads, batch_first=True) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.head = nn.Linear(width, words)

    def forward(self, x):
        x = self.embedding(x)
        mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), 1)
        for attn, norm in zip(self.attn, self.norms):
            x = norm(x + attn(x, x, x, attn_mask=mask, need_weights=False)[0])
        return self.head(x)


def train(model, optimizer, steps=40, poison=None, at=300, batch=32, seed=7):
    """A plain loop. Returns the losses."""
    generator, losses = torch.Generator().manual_seed(seed), []
    for step in range(steps):
        x, y = pictures(batch, generator)
        if step == at and poison:
            x = poison(x)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def accuracy(model):
    x, y = pictures(500, torch.Generator().manual_seed(99))
    with torch.no_grad():
        return float((model.eval()(x).argmax(1) == y).float().mean())


def logged(run):
    emdyn.finish()
    return emdyn.open(run.id)


def no_hooks(model):
    from emdyn._watch import loss

    assert not loss.installed() and "__wrapped__" not in vars(torch.Tensor.backward)
    for module in model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks and not module._backward_hooks
    sdpa = getattr(F, "scaled_dot_product_attention", None)
    assert sdpa is None or "layers" not in getattr(sdpa, "__module__", "")


def test_what_is_measured_is_right(store):
    """Against the definitions, with every group at every step."""
    model = cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    run = emdyn.init("right", detect=False)
    emdyn.watch(model, optimizer, every=1)
    expected = []

    class Spy(torch.optim.Adam):
        pass

    generator = torch.Generator().manual_seed(7)
    for step in range(4):
        x, y = pictures(16, generator)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        grads = [p.grad.clone() for p in model.parameters()]
        before = [p.detach().clone() for p in model.parameters()]
        with torch.no_grad():
            hidden = F.relu(F.conv2d(x, before[0], before[1], padding=1))
        optimizer.step()
        state = optimizer.state[model[0].weight]
        bias = optimizer.state[model[0].bias]
        expected.append({
            "train_loss": float(loss.detach()), "learning_rate": 1e-3,
            "gradient_norm": math.sqrt(sum(float(g.square().sum()) for g in grads)),
            "gradient_norm/0": math.sqrt(float(grads[0].square().sum() + grads[1].square().sum())),
            "update_ratio/0": math.sqrt(sum(float((p.detach() - b).square().sum()) for p, b in
                                            zip(list(model.parameters())[:2], before)))
            / math.sqrt(float(before[0].square().sum() + before[1].square().sum())),
            "adam_m_norm/0": math.sqrt(float(state["exp_avg"].square().sum() + bias["exp_avg"].square().sum())),
            "adam_v_rms/0": math.sqrt(float(state["exp_avg_sq"].sum() + bias["exp_avg_sq"].sum()) / (8 * 9 + 8)),
            "activation_rms/1": float(hidden.square().mean().sqrt()), "activation_max/1": float(hidden.max()),
            "dead_share/1": float((hidden.amax((0, 2, 3)) <= 0).float().mean())})
    rank = model[0].weight.detach().reshape(8, 9)
    history = logged(run)
    for name in expected[0]:
        signal = history.signal(name)
        values = [e[name] for e in expected][-len(signal):]  # Hooks on activations stand from the second step on.
        assert len(signal) >= 3
        np.testing.assert_allclose(signal.values, values, rtol=2e-5, err_msg=name)
    s = torch.linalg.svdvals(rank)
    assert any(n.startswith("effective_rank/") for n in history.signals)
    assert history.signal("stable_rank/0").values[0] == pytest.approx(float((s / s[0]).square().sum()), rel=0.02)
    no_hooks(model)


def test_attention_entropy_and_logits(store):
    model = GPT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    run = emdyn.init("gpt", detect=False)
    watch = emdyn.watch(model, optimizer, every=1)
    for step in range(3):
        x = torch.randint(0, 20, (2, 12), generator=torch.Generator().manual_seed(step))
        with torch.no_grad():  # The first layer's logits by hand, before the step.
            e = model.embedding(x)
            w, b = model.attn[0].in_proj_weight, model.attn[0].in_proj_bias
            q, k = (F.linear(e, w[i * 16:(i + 1) * 16], b[i * 16:(i + 1) * 16]).reshape(2, 12, 2, 8).transpose(1, 2)
                    for i in range(2))
            logits = (q @ k.transpose(-2, -1) / math.sqrt(8)).masked_fill(
                torch.triu(torch.ones(12, 12, dtype=torch.bool), 1), -math.inf)
            p = logits.softmax(-1)
            entropy = -(p * torch.where(p > 0, p.log(), p)).sum(-1).mean()
        loss = F.cross_entropy(model(x).transpose(1, 2), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if torch.__version__ < "2":
        assert "masks" in watch.notes()["off"]["attention"]
        return
    history = logged(run)
    assert history.signal("attention_max_logit/attn.0").values[-1] == pytest.approx(float(logits.max()), rel=1e-4)
    assert history.signal("attention_entropy/attn.0").values[-1] == pytest.approx(float(entropy), rel=1e-4)
    assert "attention_entropy/attn.1" in history
    no_hooks(model)


def test_it_changes_nothing(store):
    plain, watched = cnn(), cnn()
    train(plain, torch.optim.SGD(plain.parameters(), lr=0.02, momentum=0.9), 30)
    optimizer = torch.optim.SGD(watched.parameters(), lr=0.02, momentum=0.9)
    emdyn.init("same")
    emdyn.watch(watched, optimizer, every=2)
    train(watched, optimizer, 30)
    emdyn.finish()
    for a, b in zip(plain.parameters(), watched.parameters()):
        assert torch.equal(a, b)
    assert "step" not in vars(optimizer)
    no_hooks(watched)


def test_the_cost_decides_how_often(store):
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    run = emdyn.init("auto")
    watch = emdyn.watch(model, optimizer, overhead=0.5)
    losses = train(model, optimizer, 60)
    notes = watch.notes()
    assert "gradients" in notes["seconds_a_run"]
    for group, cost in notes["seconds_a_run"].items():
        assert cost >= 0 and notes["every"][group] >= 1
    assert 0 < watch.overhead < 1 and notes["steps"] == 60
    history = logged(run)
    np.testing.assert_allclose(history.signal("train_loss").values, losses, rtol=1e-6)
    assert history.info["notes"]["watch"]["steps"] == 60


def test_the_schedule():
    from emdyn._watch.schedule import Schedule, next_round

    assert [next_round(x) for x in (0, 1, 1.1, 2.5, 7, 11, 120, 1e9)] == [1, 1, 2, 5, 10, 20, 200, 100_000]
    schedule = Schedule("auto", 0.03, ["gradients", "spectra"])
    schedule.stepped(0.01)
    assert not schedule.due("gradients", 1) and schedule.due("gradients", 2)
    schedule.ran("gradients", 2, 0.002)  # 0.002 / (0.03 * 0.35 * 0.01) = 19.05
    assert schedule.interval["gradients"] == 20 and schedule.due("gradients", 22) and not schedule.due("gradients", 21)
    schedule.behind = True
    assert not schedule.due("gradients", 22)
    schedule.behind = False
    schedule.switch_off("gradients", "why")
    assert not schedule.due("gradients", 1000)
    fixed = Schedule(7, 0.03, ["gradients"])
    fixed.ran("gradients", 7, 5.0)
    assert fixed.due("gradients", 14)


def broken(x):
    """A batch that ruins the weights: pictures a hundred thousand times too bright, beside labels of others."""
    return x.flip(0) * 1e5


@pytest.mark.parametrize("poison", [broken, lambda x: x * math.nan], ids=["huge", "nan"])
def test_a_poisoned_batch_is_skipped_and_the_training_is_saved(store, poison):
    unwatched = cnn()
    train(unwatched, torch.optim.SGD(unwatched.parameters(), lr=0.02, momentum=0.9), 320, poison)
    assert not accuracy(unwatched) > 0.3  # Ruined.

    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    run = emdyn.init("saved")
    watch = emdyn.watch(model, optimizer)
    action = run.on_event(emdyn.SkipBatch())
    train(model, optimizer, 320, poison)
    assert action.taken == 1 and accuracy(model) > 0.95
    history = logged(run)
    assert watch.notes()["skipped_steps"] == 1
    left_out = [e for e in history.events if "left out" in e["policy"]]
    assert [(e["signal"], e["position"]) for e in left_out] == [("train_loss", 300.0)]
    no_hooks(model)


def test_running_statistics_are_put_back(store):
    def net():
        torch.manual_seed(3)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))

    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    run = emdyn.init("buffers")
    emdyn.watch(model, optimizer)
    action = run.on_event(emdyn.SkipBatch())
    train(model, optimizer, 150, lambda x: x * math.nan, at=140)
    assert action.taken == 1 and torch.isfinite(model[2].running_mean).all() and accuracy(model) > 0.9


def test_rollback_puts_weights_and_optimizer_back(store):
    model = cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    run = emdyn.init("rollback")
    watch = emdyn.watch(model, optimizer, groups=[])
    action = run.on_event(emdyn.Rollback(20))
    train(model, optimizer, 60, lambda x: x * math.nan, at=55)
    assert action.taken == 1 and watch.rolled_back_to == 20
    assert all(torch.isfinite(p).all() for p in model.parameters())
    # 21 steps up to the copy, and those after the step that was left out.
    assert int(optimizer.state[model[0].weight]["step"]) == 21 + 4


def test_stop_and_lower_rate(store):
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    run = emdyn.init("stop")
    emdyn.watch(model, optimizer, groups=[])
    lower = run.on_event(emdyn.LowerRate(0.5, kinds=("nonfinite",)))
    run.on_event(emdyn.Stop())
    with pytest.raises(emdyn.StopTraining, match="nonfinite of train_loss at 9"):
        # The run's detectors tell at a step boundary once they have looked: within some hundred quick steps.
        train(model, optimizer, 5000, lambda x: x * math.nan, at=9)
    assert run.should_stop and lower.taken == 1 and optimizer.param_groups[0]["lr"] == 0.01
    for wrong in (lambda: emdyn.LowerRate(1.5), lambda: emdyn.Stop(by="mail"), lambda: emdyn.Rollback(0)):
        with pytest.raises(ValueError):
            wrong()


def test_an_action_without_a_watch_says_so(store, told):
    run = emdyn.init("no watch", wait=True)
    run.on_event(emdyn.LowerRate(signal=None))
    for step in range(5):
        emdyn.log({"train_loss": math.nan if step == 3 else 1.0}, step)
    run.flush()
    assert any("call emdyn.watch(model, optimizer)" in text for text in told())


def test_a_probe_that_raises_is_switched_off_with_an_event(store, told, monkeypatch):
    from emdyn._watch import measures

    def fails(*args):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(measures, "activation", fails)
    monkeypatch.setattr(measures, "ranks", fails)
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    run = emdyn.init("fails")
    watch = emdyn.watch(model, optimizer, every=1)
    assert len(train(model, optimizer, 10)) == 10
    assert set(watch.notes()["off"]) - {"attention"} == {"activations", "spectra"}
    history = logged(run)
    events = {e["signal"]: e for e in history.events if e["detector"] == "watch"}
    assert set(events) == {"probe/activations", "probe/spectra"}
    assert "no such kernel" in events["probe/spectra"]["policy"] and events["probe/spectra"]["kind"] == "gap"
    assert any("activations is switched off" in text for text in told())
    assert len(history.signal("gradient_norm")) == 9
    no_hooks(model)


def test_clipped_gradients_are_logged_as_they_were(store):
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    run = emdyn.init("clip", detect=False)
    emdyn.watch(model, optimizer, every=1, groups=["gradients"])
    norms = []
    for step in range(3):
        x, y = pictures(16, torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        norms.append(math.sqrt(sum(float(p.grad.square().sum()) for p in model.parameters())))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
    history = logged(run)
    np.testing.assert_allclose(history.signal("gradient_norm").values, norms[1:], rtol=1e-4)
    total = np.sqrt(sum(history.signal(n).values ** 2 for n in history.signals if n.startswith("gradient_norm/")))
    np.testing.assert_allclose(total, norms[1:], rtol=1e-4)


def test_accumulated_gradients(store):
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    run = emdyn.init("accumulate", detect=False)
    emdyn.watch(model, optimizer, groups=[])
    means = []
    for step in range(3):
        optimizer.zero_grad()
        losses = []
        for part in range(4):
            x, y = pictures(8, torch.Generator().manual_seed(10 * step + part))
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            losses.append(float(loss.detach()))
        optimizer.step()
        means.append(np.mean(losses))
    signal = logged(run).signal("train_loss")
    np.testing.assert_allclose(signal.values, means, rtol=1e-5)
    assert list(signal.positions) == [0, 1, 2]


@pytest.mark.parametrize("kind", ["SGD", "LBFGS"])
def test_a_step_that_computes_its_loss_itself(store, kind):
    """optimizer.step(closure): the loss is heard in its own step, so that a broken batch can be left out."""
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    more = {"max_iter": 3} if kind == "LBFGS" else {}
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.05, **more)
    run = emdyn.init("closure")
    emdyn.watch(model, optimizer, every=1)
    skip = run.on_event(emdyn.SkipBatch())
    generator, first = torch.Generator().manual_seed(1), []
    for step in range(40):
        x = torch.randn(16, 4, generator=generator)
        if step == 30:
            x = x * float("nan")
        asked = []

        def closure():
            optimizer.zero_grad()
            loss = (model(x).squeeze(1) - x.sum(1)).square().mean()
            loss.backward()
            asked.append(float(loss.detach()))
            return loss

        optimizer.step(closure) if step % 2 else optimizer.step(closure=closure)
        first.append(asked[0])
    history = logged(run)
    np.testing.assert_allclose(history.signal("train_loss").values, first, rtol=1e-6)
    assert list(history.signal("train_loss").positions) == list(range(40))
    assert skip.taken == 1 and torch.isfinite(model.weight).all()
    assert len(history.signal("gradient_norm")) >= 35
    no_hooks(model)


LOADING = """
import sys, torch, emdyn, warnings

class Data(torch.utils.data.Dataset):
    def __len__(self): return 32
    def __getitem__(self, i):
        warnings.simplefilter("ignore")
        emdyn.log({"inside": float(i)})      # A worker's own calls are not the run's.
        return torch.ones(2) * i

if __name__ == "__main__":
    for how in ("fork", "spawn"):
        emdyn.init(how, store=sys.argv[1])
        model = torch.nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
        emdyn.watch(model, optimizer)
        for x in torch.utils.data.DataLoader(Data(), batch_size=8, num_workers=1, multiprocessing_context=how):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
        emdyn.finish()
"""


def test_workers_of_a_data_loader(store, tmp_path):
    import subprocess
    import sys

    (tmp_path / "loading.py").write_text(LOADING)
    done = subprocess.run([sys.executable, "-B", str(tmp_path / "loading.py"), store], capture_output=True, text=True,
                          timeout=240)
    assert done.returncode == 0, done.stderr
    assert len(emdyn.runs(store)) == 2
    for how in ("fork", "spawn"):
        history = emdyn.open(how, store)
        assert history.status == "finished" and len(history.signal("train_loss")) == 4 and "inside" not in history


def test_a_scaler_does_not_hide_the_loss(store):
    scaler = (torch.amp.GradScaler("cpu", init_scale=1024.0) if hasattr(torch.amp, "GradScaler") else None)
    if scaler is None or not scaler.is_enabled():
        pytest.skip("SKIPPED: this torch scales gradients on a GPU only")
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    run = emdyn.init("amp", detect=False)
    emdyn.watch(model, optimizer, every=1, groups=["gradients"])
    losses = []
    for step in range(4):
        x, y = pictures(16, torch.Generator().manual_seed(step))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x).float(), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(float(loss.detach()))
    history = logged(run)
    np.testing.assert_allclose(history.signal("train_loss").values, losses, rtol=1e-5)
    assert history.signal("gradient_norm").values.max() < 100 and set(history.signal("amp_scale").values) == {1024.0}


def test_a_loss_inside_the_models_answer_comes_first(store):
    class Answer(dict):
        __getattr__ = dict.__getitem__

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = cnn()

        def forward(self, x, y):
            logits = self.net(x)
            return Answer(loss=F.cross_entropy(logits, y), logits=logits)

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    run = emdyn.init("answer", detect=False)
    emdyn.watch(model, optimizer, groups=[])
    losses = []
    for step in range(3):
        answer = model(*pictures(16, torch.Generator().manual_seed(step)))
        optimizer.zero_grad()
        (answer.loss / 8).backward()  # As trainers do that accumulate.
        optimizer.step()
        losses.append(float(answer.loss))
    np.testing.assert_allclose(logged(run).signal("train_loss").values, losses, rtol=1e-5)


def test_a_compiled_model(store):
    if not hasattr(torch, "compile"):
        pytest.skip("SKIPPED: this torch does not compile")
    model = torch.compile(cnn(), backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    run = emdyn.init("compiled", detect=False)
    watch = emdyn.watch(model, optimizer, every=1)
    losses = train(model, optimizer, 4)
    assert "compiled" in watch.notes()["off"]["activations"]
    history = logged(run)
    np.testing.assert_allclose(history.signal("train_loss").values, losses, rtol=1e-5)
    assert "gradient_norm/0" in history and "update_ratio/0" in history


def test_ddp_on_one_rank(store, tmp_path):
    distributed = torch.distributed
    if not distributed.is_available() or not distributed.is_gloo_available():
        pytest.skip("SKIPPED: this torch has no gloo")
    distributed.init_process_group("gloo", init_method="file://%s/rendezvous" % tmp_path, rank=0, world_size=1)
    try:
        model = nn.parallel.DistributedDataParallel(cnn())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
        run = emdyn.init("ddp", detect=False)
        emdyn.watch(model, optimizer, every=1)
        losses = train(model, optimizer, 4)
        history = logged(run)
        np.testing.assert_allclose(history.signal("train_loss").values, losses, rtol=1e-5)
        assert "activation_rms/0" in history and "gradient_norm/0" in history
    finally:
        distributed.destroy_process_group()


def test_other_ranks_are_quiet(store, monkeypatch):
    from emdyn._watch import watcher

    monkeypatch.setattr(watcher, "_rank", lambda torch: 1)
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    emdyn.init("rank 1")
    watch = emdyn.watch(model, optimizer)
    train(model, optimizer, 3)
    assert not watch.active and watch.notes() == {"rank": 1} and emdyn.current().points == 0


class FullyShardedDataParallel(nn.Module):
    pass


@pytest.mark.parametrize("make, says", [
    (lambda: (nn.ReLU(), None), "no parameters that train"),
    (lambda: ("model", None), "takes an nn.Module, got str"),
    (lambda: (cnn(), "adam"), "str is no torch optimizer"),
    (lambda: (FullyShardedDataParallel(), None), "FullyShardedDataParallel shards"),
], ids=["none", "text", "optimizer", "fsdp"])
def test_refused_by_name(store, make, says):
    model, optimizer = make()
    if optimizer is None and isinstance(model, nn.Module) and list(model.parameters()):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(emdyn.ConfigError, match=says):
        emdyn.watch(model, optimizer or torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1))
    for wrong in (dict(every=0), dict(overhead=2), dict(groups=["colours"])):
        with pytest.raises(emdyn.ConfigError):
            emdyn.watch(cnn(), torch.optim.SGD(cnn().parameters(), lr=0.1), **wrong)


def test_without_an_optimizer(store):
    model = cnn()
    if not hasattr(torch.optim.Optimizer, "register_step_pre_hook"):
        with pytest.raises(emdyn.ConfigError, match="pass optimizer="):
            emdyn.watch(model)
        return
    run = emdyn.init("found", detect=False)
    emdyn.watch(model, every=1)
    other = nn.Linear(2, 2)
    optimizer, foreign = torch.optim.SGD(model.parameters(), lr=0.02), torch.optim.SGD(other.parameters(), lr=5.0)
    other(torch.ones(1, 2)).sum().backward()
    foreign.step()
    losses = train(model, optimizer, 3)
    assert set(logged(run).signal("learning_rate").values) == {0.02}


def test_tensors_are_logged(store, told):
    run = emdyn.init("tensors")
    weight = torch.ones((), requires_grad=True)
    emdyn.log({"loss": weight * 2, "cpu": torch.tensor([3.0]), "bf16": torch.tensor(0.5, dtype=torch.bfloat16),
               "long": torch.zeros(2)}, 0)
    history = logged(run)
    assert {n: history.signal(n).values[0] for n in history.signals} == {"loss": 2.0, "cpu": 3.0, "bf16": 0.5}
    assert any("long is of type Tensor" in text for text in told())


def test_a_model_is_probed():
    layers = emdyn.probe(cnn()).layers
    assert [layer["name"] for layer in layers if layer["ranks"]] == ["0.weight", "2.weight", "5.weight", "7.weight"]
    half = emdyn.probe({"w": torch.eye(8).bfloat16()}).layers[0]
    assert half["type"] == "BF16" and half["norm"] == pytest.approx(math.sqrt(8))
