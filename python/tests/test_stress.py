"""Attacks, corruptions and scores on a model that stays in this process; guards; and what may go wrong with either."""

import json
import os
import pickle
import socket
import struct
import subprocess
import sys
import threading

import numpy as np
import pytest

import emdyn
from emdyn import _program
from emdyn._pipe import server

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed, stress is NOT tested here")
nn = torch.nn


@pytest.fixture(scope="module")
def plugin():
    try:
        return _program.find(plugin=True)
    except emdyn.UnavailableError as error:
        pytest.skip("SKIPPED: %s; stress is NOT tested here" % error)


def digits(count, seed=0, noise=0.25):
    """Made-up digits in [0, 1]: a pattern a class, in noise. [count, 1, 8, 8], [count]"""
    patterns = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 10, (count,), generator=generator)
    x = patterns[y] + noise * torch.randn(count, 1, 8, 8, generator=generator)
    return x.clamp(0, 1), y


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    made = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(96, 24), nn.ReLU(), nn.Linear(24, 10))
    optimizer = torch.optim.Adam(made.parameters(), lr=3e-3)
    x, y = digits(1500, seed=11)
    for step in range(120):
        part = slice(step * 50 % 1500, step * 50 % 1500 + 50)
        optimizer.zero_grad()
        nn.functional.cross_entropy(made(x[part]), y[part]).backward()
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return made


@pytest.fixture(scope="module")
def files(model, tmp_path_factory):
    """The same model as files, which the program answers for by itself."""
    return emdyn.export(model, torch.zeros(1, 1, 8, 8), tmp_path_factory.mktemp("model") / "net")[0]


def counts(found):
    return found["clean_errors"], [(a["name"], a["errors"], a["forward"], a["gradient"]) for a in found["attacks"]]


def assert_equal_counts(one, other):
    """Errors to the digit; questions too where both torches are one, else but for what last bits decide."""
    assert one["clean_errors"] == other["clean_errors"]
    for a, b in zip(one["attacks"], other["attacks"]):
        assert (a["name"], a["errors"]) == (b["name"], b["errors"])
        for what in ("forward", "gradient"):
            same = torch.__version__.startswith("1.13")
            assert a[what] == b[what] if same else a[what] == pytest.approx(b[what], rel=0.03), a["name"]


def test_equal_to_the_network_in_the_program(plugin, model, files):
    data = digits(60)
    attacks = {"fgsm": {}, "pgd": {"steps": 10}, "square": {"queries": 30}, "apgd_dlr": {"steps": 10}}
    here = emdyn.stress(model, data, epsilon=0.1, attacks=attacks)
    there = emdyn.stress(files, data, epsilon=0.1, attacks=attacks)
    assert_equal_counts(here, there)
    assert here.clean_errors < here.best_attack_errors <= 60
    assert here.asked["gradient"] == sum(a["gradient"] for a in here.attacks) and there.asked is None
    near = {"deep_fool": {}}  # The Jacobian: many gradients of one forward pass.
    l2 = dict(attacks=near, norm="l2", epsilons=[0.2, 0.5])
    assert_equal_counts(emdyn.stress(model, data, **l2), emdyn.stress(files, data, **l2))
    assert "wrong without attack" in repr(here) and "<pre>" in here._repr_html_()


def test_a_model_on_a_gpu(plugin, model):
    if not torch.cuda.is_available():
        pytest.skip("SKIPPED: no GPU here, a model on a device is NOT tested")
    import copy

    data, attacks = digits(60), {"fgsm": {}, "pgd": {"steps": 10}}
    here = emdyn.stress(model, data, epsilon=0.1, attacks=attacks)
    for there in (copy.deepcopy(model).cuda(), copy.deepcopy(model).cuda().half()):
        found = emdyn.stress(there, data, epsilon=0.1, attacks=attacks)
        assert abs(found.best_attack_errors - here.best_attack_errors) <= 2 and next(there.parameters()).is_cuda


def test_nothing_of_the_model_is_changed(plugin, model):
    model.train()
    model[5].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    threads = torch.get_num_threads()
    emdyn.stress(model, digits(10), epsilon=0.1, attacks="pgd")
    assert model.training and not model[5].training and torch.get_num_threads() == threads
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in model.modules())


def test_what_breaks_is_given_back(plugin, model):
    x, y = digits(40)
    found = emdyn.stress(model, (x, y), epsilon=0.15, attacks="pgd", keep=True)
    broken = found.adversarial
    assert len(broken["x"]) == found.best_attack_errors > 0
    with torch.no_grad():
        taken = model.eval()(torch.from_numpy(broken["x"])).argmax(1).numpy()
    assert (taken != broken["y"]).all() and (broken["y"] == y[broken["index"]].numpy()).all()
    assert np.abs(broken["x"] - x[broken["index"]].numpy()).max() <= 0.15 + 1e-6


def test_corruptions_and_scores(plugin, model, files):
    data, train = digits(60), digits(300, seed=2)
    fog = dict(what="corrupt", corruption=["gaussian_noise", "contrast"])
    here, there = emdyn.stress(model, data, **fog), emdyn.stress(files, data, **fog)
    strip = lambda found: {k: v for k, v in found.items() if k != "seconds"}
    assert strip(here) == strip(there) and here.asked["gradient"] == 0
    ood = dict(what="ood", train=train, strange=1 - data[0], score=["energy", "mahalanobis", "odin_temperature"])
    here, there = emdyn.stress(model, data, **ood), emdyn.stress(files, data, **ood)
    rows = lambda found: [(f["set"], f["score"], round(f["auroc"], 3)) for f in found["scores"]]
    assert len(rows(here)) >= 9 and rows(here) == rows(there)  # The features, and the last layer itself, came across.


def test_everything_on_one_page(plugin, model, tmp_path):
    found = emdyn.stress(model, digits(40), what="all", train=digits(200, seed=2), epsilon=0.1, attacks=["fgsm"],
                         curve_limit=10, side_limit=30, page=tmp_path / "page.html")
    assert found.best_attack_errors >= found.clean_errors and found.certified_bound is None
    assert "<iframe" in found._repr_html_() and (tmp_path / "page.html").stat().st_size > 10_000


def affine(seed=3):
    random = np.random.default_rng(seed)
    weight, bias = random.standard_normal((3, 12)).astype(np.float32), random.standard_normal(3).astype(np.float32)
    x = random.random((50, 3, 4)).astype(np.float32)
    return (lambda x: x.reshape(len(x), -1) @ weight.T + bias, lambda x, by: (by @ weight).reshape(x.shape),
            (x, (x.reshape(50, -1) @ weight.T + bias).argmax(1)), weight, bias)


def test_functions_of_numpy(plugin):
    function, gradient, data, weight, bias = affine()
    found = emdyn.stress(function, data, gradient=gradient, attacks=["fgsm", "pgd"], epsilon=0.05)
    # Of an affine model FGSM is exact between two classes, and never finds more than there is.
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    with torch.no_grad():
        module[1].weight.copy_(torch.from_numpy(weight))
        module[1].bias.copy_(torch.from_numpy(bias))
    assert counts(found) == counts(emdyn.stress(module, data, attacks=["fgsm", "pgd"], epsilon=0.05))
    assert found.best_attack_errors > 0 == found.clean_errors
    black = emdyn.stress(function, data, attacks={"square": {"queries": 200}}, epsilon=0.05)
    assert 0 < black.best_attack_errors <= 50 and black.asked["gradient"] == 0
    with pytest.raises(emdyn.Error, match="black box has none; use square"):
        emdyn.stress(function, data, attacks="pgd")


def test_functions_of_jax(plugin):
    jax = pytest.importorskip("jax", reason="SKIPPED: jax is not installed")
    function, gradient, data, weight, bias = affine()
    answer = jax.jit(lambda x: x.reshape(len(x), -1) @ weight.T + bias)
    with_jax = emdyn.stress(answer, data, attacks=["fgsm", "pgd"], epsilon=0.05)
    assert counts(with_jax) == counts(emdyn.stress(function, data, gradient=gradient, attacks=["fgsm", "pgd"],
                                                   epsilon=0.05))


def test_datasets_loaders_and_answers_with_names(plugin, model):
    x, y = digits(30)
    data = torch.utils.data.TensorDataset(x, y)

    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = model

        def forward(self, pixels):
            return {"logits": self.inside(pixels)}

    from emdyn._stress import pairs

    for given in (data, torch.utils.data.DataLoader(data, batch_size=7)):
        found = pairs(given)
        assert (found[0] == x.numpy()).all() and (found[1] == y.numpy()).all()
        assert len(pairs(given, 8)[0]) == 8
    named = emdyn.stress(Named(), torch.utils.data.DataLoader(data, batch_size=7), attacks="fgsm", limit=8)
    assert named.points == 8 and named.asked["gradient"] > 0


@pytest.mark.parametrize("change, says", [
    (dict(data=5), "a Dataset, a DataLoader or a path"),
    (dict(data=(torch.zeros(3, 1, 8, 8), torch.zeros(2, dtype=torch.long))), "labels must be 3 whole numbers"),
    (dict(data=(torch.zeros(3, 1, 8, 8), torch.zeros(3))), "whole numbers"),
    (dict(data=(torch.zeros(0, 1, 8, 8), torch.zeros(0, dtype=torch.long))), "shape"),
    (dict(data=(torch.full((3, 1, 8, 8), 2.0), torch.zeros(3, dtype=torch.long))), r"\[0, 1\]"),
    (dict(data=(torch.full((3, 1, 8, 8), float("nan")), torch.zeros(3, dtype=torch.long))), "finite"),
    (dict(data=(torch.zeros(3, 1, 8, 8), torch.full((3,), 12))), "12"),
    (dict(attacks="pdg"), "pgd"),
    (dict(attacks={"pgd": {"stepz": 3}}), "steps"),
    (dict(norm="l3"), "l3"),
    (dict(epsilon=-1), "epsilon"),
    (dict(what="everything"), "attack, corrupt, ood, all"),
    (dict(low=1.0, high=0.0), "low must be below high"),
    (dict(timeout=0), "timeout"),
    (dict(workers=1000), "workers"),
    (dict(what="corrupt", keep=True), "keep=True is for attacks"),
])
def test_bad_input_is_named(plugin, model, change, says):
    given = dict(dict(data=digits(5)), **change)
    with pytest.raises(emdyn.Error, match=says) as raised:
        emdyn.stress(model, given.pop("data"), **given)
    assert "\n" not in str(raised.value)


def test_a_model_that_fails_is_told_with_its_own_words(plugin, model):
    asked = []

    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = model

        def forward(self, x):
            asked.append(len(x))
            if len(asked) > 4:
                raise RuntimeError("the third layer is on fire")
            return self.inside(x)

    with pytest.raises(emdyn.Error, match="RuntimeError: the third layer is on fire") as raised:
        emdyn.stress(Fails(), digits(20), attacks="pgd", epsilon=0.1)
    assert isinstance(raised.value.__cause__, RuntimeError)
    for answers, says in ((lambda x: x.sum(), "logits"), (lambda x: np.zeros((len(x), 1)), "classes"),
                          (lambda x: np.full((len(x), 3), np.nan), "not finite")):
        with pytest.raises(emdyn.Error, match=says):
            emdyn.stress(answers, digits(5))
    for wrong in (7, nn.Sequential(nn.Flatten(), nn.Linear(64, 1))):
        with pytest.raises(emdyn.Error):
            emdyn.stress(wrong, digits(5))


def test_the_owners_death_is_one_line(plugin, tmp_path):
    """The process that owns the model ends while it is asked: the program says so and ends."""
    np.savez(tmp_path / "data.npz", x=np.zeros((5, 4), np.float32), y=np.zeros(5, np.int64))
    owner = subprocess.Popen([sys.executable, "-B", "-c", """
import emdyn, numpy, os
asked = []
def model(x):
    asked.append(1)
    if len(asked) > 2: os._exit(1)
    return x[:, :3] + numpy.arange(3)
with emdyn.Subject(model, numpy.zeros((1, 4))) as subject:
    print(subject.address, flush=True)
    subject.wait()
"""], stdout=subprocess.PIPE, text=True)
    address = owner.stdout.readline().strip()
    found = subprocess.run([plugin, "stress", "attack", "--model", address, "--data", str(tmp_path / "data.npz"),
                            "--attack", "square"], capture_output=True, text=True, timeout=60)
    owner.wait(60)
    assert found.returncode == 3 and "the process that owns the model ended" in found.stderr.splitlines()[-1]
    found = subprocess.run([plugin, "stress", "attack", "--model", address, "--data", str(tmp_path / "data.npz")],
                           capture_output=True, text=True, timeout=60)
    assert found.returncode == 3 and "no model answers there" in found.stderr


def test_a_subject_lives_as_long_as_its_block(tmp_path):
    with emdyn.Subject(lambda x: x, np.zeros((1, 3)), path=tmp_path / "m.sock") as subject:
        assert subject.address == "pipe:%s" % (tmp_path / "m.sock") and (tmp_path / "m.sock").exists()
        assert os.stat(tmp_path / "m.sock").st_mode & 0o777 == 0o600
        with pytest.raises(emdyn.ConfigError, match="no socket"):
            emdyn.Subject(lambda x: x, np.zeros((1, 3)), path=tmp_path / "m.sock")
    assert not (tmp_path / "m.sock").exists() and not [t for t in threading.enumerate() if t.name == "emdyn-subject"
                                                       and t.is_alive() and t.join(5)]
    subject.close()
    for wrong in ({"example": 5.0}, {"example": np.zeros((0, 3))}, {"backend": "caffe"}, {"example": "abc"}):
        with pytest.raises(emdyn.ConfigError):
            emdyn.Subject(lambda x: x, **{"example": np.zeros((1, 3)), **wrong})


def test_the_end_of_the_process_leaves_nothing_behind(tmp_path):
    done = subprocess.run([sys.executable, "-B", "-c", "import emdyn, numpy\n"
                           "s = emdyn.Subject(lambda x: x, numpy.zeros((1, 3)))\nprint(s.address)"],
                          capture_output=True, text=True, timeout=60, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.stdout.startswith("pipe:%s" % tmp_path) and not done.stderr and not list(tmp_path.iterdir())


class Client:
    """The other side of the protocol, to say things that the program never says."""

    def __init__(self, subject):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(20)
        self.socket.connect(subject.address[5:])

    def greet(self, magic=server._MAGIC, version=1):
        self.socket.send(struct.pack("<QII", magic, version, 0))
        return self.socket.recv(8192)

    def ask(self, *numbers, descriptors=()):
        socket.send_fds(self.socket, [server._REQUEST.pack(*numbers)], descriptors)
        data = self.socket.recv(8192)
        status, length, ticket = server._ANSWER.unpack(data[:16])
        assert len(data) == 16 + length
        return status, data[16:].decode()


def test_nonsense_over_the_socket_is_answered_or_cut():
    with emdyn.Subject(lambda x: x * 2, np.zeros((1, 3)), workers=2) as subject:
        assert Client(subject).greet(magic=1) == b""
        stranger = Client(subject)
        assert server._INTRODUCTION.unpack(stranger.greet(version=9)[:136])[1] == 1 and stranger.socket.recv(99) == b""
        client = Client(subject)
        said = server._INTRODUCTION.unpack(client.greet())
        assert said[7] == 3 and said[12:15] == (3, 0, 0)
        memory = os.memfd_create("test")
        os.ftruncate(memory, 4 * 2 * 12)
        for request, descriptors, says in (
                ((2, 0, 1, 0, 0, 0), [], "do not fit the memory"), ((1, 0, 2, 0, 0, 7), [memory], "does not fit"),
                ((1, 0, 2, 0, 0, 4 * 2 * 12), [], "does not fit"),
                ((1, 0, 1 << 40, 0, 0, 4 << 40), [memory], "does not fit"),
                ((1, 0, 4, 0, 0, 4 * 4 * 12), [memory], "not as large")):
            status, text = client.ask(*request, descriptors=descriptors)
            assert status == 1 and says in text, (request, text)
        assert client.ask(1, 0, 2, 0, 0, 4 * 2 * 12, descriptors=[memory]) == (0, "")
        for request, says in (((2, 0, 3, 0, 0, 0), "do not fit"), ((3, 4, 1, 77, 0, 0), "no graph 77"),
                              ((9, 0, 0, 0, 0, 0), "operation 9")):
            status, text = client.ask(*request)
            assert status == 1 and says in text
        os.pwrite(memory, np.arange(6, dtype=np.float32).tobytes(), 0)
        assert client.ask(2, 0, 2, 0, 0, 0) == (0, "")
        assert list(np.frombuffer(os.pread(memory, 24, 24), np.float32)) == [0, 2, 4, 6, 8, 10]
        os.close(memory)


def test_where_the_program_is_looked_for(monkeypatch, tmp_path):
    program = tmp_path / "emdyn"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    monkeypatch.setenv("EMDYN_PROGRAM", str(program))
    monkeypatch.delenv("EMDYN_PLUGIN", raising=False)
    assert _program.find() == str(program)
    with pytest.raises(emdyn.UnavailableError, match="has no torch plugin"):
        _program.find(plugin=True)
    (tmp_path / "libemdyn_torch.so").write_bytes(b"")
    assert _program.find(plugin=True) == str(program)
    script = tmp_path / "script" / "emdyn"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.delenv("EMDYN_PROGRAM")
    monkeypatch.delenv("EMDYN", raising=False)
    monkeypatch.setenv("PATH", "%s:%s" % (script.parent, tmp_path))
    assert _program.find(plugin=True) == str(program)  # Not this package's own script.


# --- the guard ---


def test_a_guard_says_what_the_program_says(plugin, model, files, tmp_path):
    (x, y), calm, inputs = digits(300, seed=2), digits(200, seed=3), digits(40, seed=4)
    strange = torch.cat([inputs[0], 1 - inputs[0][:10]])
    guard = emdyn.Guard.fit(model, (x, y), calibration=calm)
    found = guard.score(strange, fdr=0.2)
    np.savez(tmp_path / "fit.npz", x=x, y=y)
    np.savez(tmp_path / "calm.npz", x=calm[0], y=calm[1])
    np.savez(tmp_path / "strange.npz", x=strange, y=np.zeros(50, np.int64))
    with_model = ["--model", files, "--json"]
    out = tmp_path / "guard.bin"
    run = lambda *arguments: subprocess.run([plugin, "guard", *map(str, arguments), *with_model], capture_output=True,
                                            text=True, timeout=120, check=True).stdout
    run("fit", "--data", tmp_path / "fit.npz", "--calibration", tmp_path / "calm.npz", "--out", out)
    told = json.loads(run("score", "--guard", out, "--data", tmp_path / "strange.npz", "--fdr", 0.2))["verdicts"]
    np.testing.assert_allclose(found.p_value, [v["p_value"] for v in told], atol=0.02)
    assert list(found.predicted) == [v["predicted"] for v in told]
    assert np.mean(found.flagged == [v["flagged"] for v in told]) > 0.95
    assert found.p_value[40:].mean() < 0.1 < found.p_value[:40].mean() and guard.panel == ["energy", "mahalanobis",
                                                                                         "knn", "vim"]
    assert len(found.reasons) == 50 and {"score", "features", "nearest"} <= set(found.reasons[0])
    (tmp_path / "ours.bin").write_bytes(guard.snapshot())  # One format, two doors.
    told = json.loads(run("score", "--guard", tmp_path / "ours.bin", "--data", tmp_path / "strange.npz"))
    assert told["inputs"] == 50


def test_p_values_hold_their_level(model):
    guard = emdyn.Guard.fit(model, digits(400, seed=2), calibration=digits(600, seed=3)[0])
    p = guard.score(digits(1500, seed=5)[0], reasons=False).p_value
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level * (1 - level) * (1 / 1500 + 1 / 300))


def test_a_guard_pickles_without_its_model(model):
    guard = emdyn.Guard.fit(model, digits(300, seed=2))
    assert "held out" in guard.notes[0]
    inputs = digits(20, seed=4)[0]
    later = pickle.loads(pickle.dumps(guard))
    with pytest.raises(emdyn.ConfigError, match="guard.attach"):
        later.score(inputs)
    one, other = guard.score(inputs), later.attach(model).score(inputs)
    np.testing.assert_array_equal(one.p_value, other.p_value)
    assert later.notes == guard.notes and one.reasons == other.reasons and later.snapshot() == guard.snapshot()
    online = guard.score(inputs, online=True)
    assert online.flagged.dtype == bool and 0 < online.batch_p_value <= 1
    for spoiled in (b"", b"nonsense", guard.snapshot()[:-1], guard.snapshot()[:60] + b"x" + guard.snapshot()[61:]):
        with pytest.raises(emdyn.DataError):
            emdyn.Guard.restore(spoiled)


def test_guards_of_functions_and_bad_input(model):
    function, _, data, _, _ = affine()
    many = np.random.default_rng(0).random((200, 3, 4)).astype(np.float32)
    guard = emdyn.Guard.fit(function, (many, function(many).argmax(1)))
    assert any("no features" in note for note in guard.notes) and len(guard.score(data[0]).p_value) == 50
    for change, says in (((data[0][:20], data[1][:20]), "at least 40"),
                         ((many, np.full(200, 3)), "labels must be 0 to 2")):
        with pytest.raises(emdyn.DataError, match=says):
            emdyn.Guard.fit(function, change)
    for wrong, says in ((dict(colour=1), "colour"), (dict(fit_share=2), "fit_share")):
        with pytest.raises(emdyn.ConfigError, match=says):
            emdyn.Guard.fit(function, (many, function(many).argmax(1)), **wrong)
    with pytest.raises(emdyn.ConfigError, match="fdr"):
        guard.score(data[0], fdr=2.0)
    with pytest.raises(emdyn.Error):
        guard.attach(model).score(digits(3)[0])  # Another model's features.
    with pytest.raises(emdyn.DataError, match="shape"):
        guard.score(np.zeros(3))
