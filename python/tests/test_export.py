"""Modules of torch as safetensors and an architecture file: the program answers what torch answers."""

import json
import subprocess

import numpy as np
import pytest

import emdyn

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed, export is NOT tested here")
nn = torch.nn


class Block(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.short = nn.Sequential(nn.Conv2d(inside, outside, 1, stride=2), nn.BatchNorm2d(outside))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.short(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(1, 4)
        self.norm = nn.LayerNorm(64)
        self.inner = nn.Linear(64, 64)
        self.head = nn.Linear(64, 3)

    def forward(self, x):
        x = torch.flatten(self.block(x), 1)
        x = x + torch.nn.functional.gelu(self.inner(self.norm(x)))
        return self.head(x)


def models():
    torch.manual_seed(0)
    yield "mlp", nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 3))
    yield "cnn", nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
                               nn.Conv2d(4, 4, 3, groups=2, bias=False), nn.SiLU(), nn.AvgPool2d(2), nn.Flatten(),
                               nn.Linear(4, 3))
    yield "residual", Residual()


MODELS = dict(models())


@pytest.mark.parametrize("kind", MODELS)
def test_the_program_reads_it(tmp_path, program, kind):
    model = MODELS[kind].train()
    with torch.no_grad():  # Running statistics that are not those of a fresh layer.
        model(3 + 2 * torch.randn(32, 1, 8, 8, generator=torch.Generator().manual_seed(1)))
    x = torch.rand(500, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():  # A fresh net answers one class: it is moved to where many pictures are close calls.
        bias = list(model.modules())[-1].bias
        bias -= model.eval()(x).mean(0)
    weights, architecture = emdyn.export(model.train(), torch.zeros(2, 1, 8, 8), tmp_path / "net")
    assert model.training
    # The program counts errors: with the model's own answers as labels there are none.
    with torch.no_grad():
        answers = model.eval()(x).argmax(1).numpy()
    assert min(np.bincount(answers, minlength=3)) > 50
    np.savez(tmp_path / "x.npz", x=x.numpy(), y=answers.astype(np.int64))
    done = subprocess.run([program, "model", "test", weights, "--data", str(tmp_path / "x.npz"), "--json"],
                          capture_output=True, text=True)
    if done.returncode == 4:
        pytest.skip("SKIPPED: this build of the program has no torch plugin: " + done.stderr.strip()[:80])
    assert done.returncode == 0, done.stderr
    accuracy = json.loads(done.stdout)["accuracy"]
    assert (accuracy["estimate"] if isinstance(accuracy, dict) else accuracy) == 1.0


@pytest.mark.parametrize("layer, says", [
    (nn.Conv2d(1, 2, 3, dilation=2), "dilated"),
    (nn.Conv2d(1, 2, 3, stride=(1, 2)), "one number for both"),
    (nn.AdaptiveAvgPool2d(1), "write AvgPool2d"),
    (nn.PReLU(), "0: PReLU is not known"),
    (nn.GELU(approximate="tanh"), "tanh"),
    (nn.MaxPool2d(2, ceil_mode=True), "ceil_mode"),
])
def test_what_is_not_known_is_named(tmp_path, layer, says):
    model = nn.Sequential(layer, nn.Flatten(), nn.LazyLinear(2))
    model(torch.zeros(1, 1, 8, 8))
    with pytest.raises(emdyn.ModelError, match=says):
        emdyn.export(model, torch.zeros(1, 1, 8, 8), tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_other_shapes_of_graphs_are_refused(tmp_path):
    class Concat(nn.Module):
        def forward(self, x):
            return torch.cat([x, x], 1)

    class Branch(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    for model, says in ((Concat(), "cat is not known"), (Branch(), "torch.fx cannot trace"),
                        (nn.Identity(), None)):
        if says is None:
            continue
        with pytest.raises(emdyn.ModelError, match=says):
            emdyn.export(model, torch.zeros(2, 4), tmp_path / "net")
    with pytest.raises(emdyn.ModelError, match=r"\[batch, classes\]"):
        emdyn.export(nn.Conv2d(1, 1, 1), torch.zeros(1, 1, 4, 4), tmp_path / "net")
