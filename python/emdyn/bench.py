"""Figures of the package: `python -m emdyn.bench --json`. Each stands beside a baseline measured in the same run where
there is one here (river, WeightWatcher, torch, the program itself); rows without have null. Times are medians of
several rounds, those of minutes excepted. The document names the versions of all."""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import emdyn
import emdyn._program


def rounds(work, count, times=5):
    """Nanoseconds a call of what work(count) does `count` times."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work(count)
        found.append((time.perf_counter() - begun) / count * 1e9)
    return statistics.median(found)


def row(name, value, unit, baseline=None, baseline_name=None):
    ratio = value / baseline if baseline else None
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "baseline_name": baseline_name,
            "ratio": ratio}


def logging_rows(folder):
    for detect in (False, True):
        for wait in (True, False):
            count = 10_000 if detect and wait else 100_000
            run = emdyn.init("bench", store=folder, wait=wait, detect=detect, detector="watch", forecast=False)
            log, ten = emdyn.log, {"signal%d" % i: 0.5 for i in range(10)}

            def one(n):
                for step in range(n):
                    log({"loss": 0.25}, step)

            def dict_of_ten(n):
                for step in range(n):
                    log(ten, step)

            how = "%s, %s" % ("waiting" if wait else "dropping", "watched" if detect else "stored only")
            yield row("log of one scalar (%s)" % how, rounds(one, count), "ns")
            yield row("log of a dict of 10 (%s)" % how, rounds(dict_of_ten, count // 10), "ns")
            run._told.update(["points"])
            dropped = run.dropped
            emdyn.finish()
            yield row("points dropped in these loops (%s)" % how, dropped, "points")
    # What a training pays: a ring that the background thread has emptied between two calls.
    run = emdyn.init("bench", store=folder, forecast=False)
    found = []
    for step in range(300):
        begun = time.perf_counter()
        emdyn.log({"loss": 0.25}, step)
        found.append((time.perf_counter() - begun) * 1e9)
        time.sleep(0.001)
    emdyn.finish()
    yield row("log of one scalar, a call a millisecond (auto)", statistics.median(found), "ns")


def river_detector(name):
    try:
        from river import drift
    except ImportError:
        return None
    return {"page_hinkley": drift.PageHinkley, "adwin": drift.ADWIN}.get(name)


def detector_rows():
    import numpy

    values = numpy.random.default_rng(0).standard_normal(200_000)
    for name in ("page_hinkley", "cusum", "ewma", "adwin", "watch", "auto"):
        some = values[:2_000 if name == "auto" else 100_000].tolist()

        def one_by_one(n):
            update = emdyn.Detector(name).update
            for x in some:
                update(x)

        def many(n):
            emdyn.Detector(name).update_many(values[:len(some)])

        river, theirs = river_detector(name), None
        if river is not None:
            def other(n):
                update = river().update
                for x in some:
                    update(x)
            theirs = 1e3 / rounds(other, len(some), 3)
        yield row("Detector(%r).update" % name, 1e3 / rounds(one_by_one, len(some), 3), "M/s", theirs,
                  "river %s" % river.__name__ if river else None)
        yield row("Detector(%r).update_many" % name, 1e3 / rounds(many, len(some), 3), "M/s")


def import_row():
    code = "import time; t = time.perf_counter(); import emdyn; print(time.perf_counter() - t)"
    found = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
             for _ in range(7)]
    return row("import emdyn (without NumPy)", statistics.median(found) * 1e3, "ms")


def small_cnn(torch):
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(32, 64, 3, padding=1), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(64 * 14 * 14, 128), torch.nn.ReLU(),
        torch.nn.Linear(128, 10)), lambda: (torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,)))


def small_gpt(torch):
    class GPT(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(256, 128)
            layer = torch.nn.TransformerEncoderLayer(128, 4, 512, 0.0, batch_first=True)
            self.blocks = torch.nn.TransformerEncoder(layer, 2)
            self.head = torch.nn.Linear(128, 256)

        def forward(self, x):
            mask = torch.triu(torch.full((x.shape[1], x.shape[1]), float("-inf")), 1)
            return self.head(self.blocks(self.words(x), mask)).transpose(1, 2)

    return GPT(), lambda: (lambda x: (x, x))(torch.randint(0, 256, (16, 64)))


def watch_rows(folder, pairs=3, steps=150):
    """Seconds a step with and without, in turns, so that a machine that slows down slows both."""
    try:
        import torch
    except ImportError:
        return
    for name, make in (("small CNN", small_cnn), ("2-layer GPT", small_gpt)):
        def step_seconds(watched):
            torch.manual_seed(0)
            model, batch = make(torch)
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            watch = None
            if watched:
                emdyn.init("bench", store=folder, forecast=False)
                watch = emdyn.watch(model, optimizer)
            begun = 0.0
            for step in range(steps):
                if step == 30:
                    begun = time.perf_counter()
                x, y = batch()
                loss = torch.nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            seconds = (time.perf_counter() - begun) / (steps - 30)
            own = watch.overhead if watch else None
            emdyn.finish()
            return seconds, own

        plain, looked, own = [], [], []
        for _ in range(pairs):
            plain.append(step_seconds(False)[0])
            seconds, share = step_seconds(True)
            looked.append(seconds)
            own.append(share)
        yield row("step of a %s, watched" % name, statistics.median(looked) * 1e3, "ms",
                  statistics.median(plain) * 1e3, "the same without, torch %s" % torch.__version__)
        yield row("overhead of watch on a %s, by itself" % name, 100 * statistics.median(own), "%")


def gpt2_weights(layers):
    """Random weights of the shapes of GPT-2's blocks, with a heavy tail put into each, as trained ones have."""
    import numpy

    random, weights = numpy.random.default_rng(0), {}
    for layer in range(layers):
        for name, rows, columns in (("c_attn", 768, 2304), ("attn.c_proj", 768, 768), ("c_fc", 768, 3072),
                                    ("mlp.c_proj", 3072, 768)):
            tail = random.pareto(2.5, 24)
            left, right = random.standard_normal((rows, 24)), random.standard_normal((24, columns))
            weights["h.%d.%s" % (layer, name)] = (
                0.02 * random.standard_normal((rows, columns)) + 0.001 * (left * tail) @ right).astype("float32")
    return weights


def probe_rows(layers):
    """Layer spectra, whole, beside WeightWatcher on the same numbers."""
    weights = gpt2_weights(layers)
    begun = time.perf_counter()
    ours = emdyn.probe(weights)
    seconds = time.perf_counter() - begun
    theirs, name = None, None
    try:
        import torch
        import weightwatcher

        module = torch.nn.ModuleDict()
        for key, value in weights.items():
            linear = torch.nn.Linear(value.shape[1], value.shape[0], bias=False)
            linear.weight.data = torch.from_numpy(value)
            module[key.replace(".", "_")] = linear
        begun = time.perf_counter()
        table = weightwatcher.WeightWatcher(model=module).analyze()
        theirs, name = time.perf_counter() - begun, "weightwatcher %s" % weightwatcher.__version__
        assert len(table) == len(ours.layers)
    except ImportError:
        pass
    yield row("probe of %d matrices of GPT-2's shapes (%.0f million weights)" % (
        len(weights), sum(w.size for w in weights.values()) / 1e6), seconds, "s", theirs, name)


def stress_rows(folder):
    """PGD-40 on 1,000 made-up digits, the network in this process and in the program's: the counts must be equal."""
    try:
        import torch

        emdyn._program.find(plugin=True)
    except (ImportError, emdyn.UnavailableError):
        return
    generator = torch.Generator().manual_seed(0)
    patterns = torch.rand(10, 1, 28, 28, generator=generator)
    y = torch.randint(0, 10, (3000,), generator=generator)
    x = (0.5 * patterns[y] + 0.5 * torch.rand(3000, 1, 28, 28, generator=generator)).clamp(0, 1)
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.ReLU(),
                          nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.ReLU(), nn.Flatten(),
                          nn.Linear(32 * 49, 100), nn.ReLU(), nn.Linear(100, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for step in range(60):
        part = slice(1000 + step * 64 % 1900, 1064 + step * 64 % 1900)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[part]), y[part]).backward()
        optimizer.step()
    files = emdyn.export(model, x[:1], folder + "/net")[0]
    over, inside = [], []
    for _ in range(3):
        found = [emdyn.stress(each, (x[:1000], y[:1000]), epsilon=0.1, attacks={"pgd": {"steps": 40}})
                 for each in (model, files)]
        over.append(found[0].attacks[0]["seconds"])
        inside.append(found[1].attacks[0]["seconds"])
    yield row("PGD-40 over a pipe: %d of 1,000 break, %d gradients" % (
        found[0].best_attack_errors, found[0].asked["gradient"]), statistics.median(over), "s",
        statistics.median(inside), "in the program: %d break" % found[1].best_attack_errors)


def versions():
    import importlib.metadata

    found = {"emdyn": emdyn.__version__, "python": platform.python_version()}
    for name in ("numpy", "torch", "river", "weightwatcher"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def main():
    parser = argparse.ArgumentParser(prog="python -m emdyn.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--only", default="", help="import, log, detect, watch, stress or probe")
    parser.add_argument("--layers", type=int, default=12, help="blocks of GPT-2's shapes that are probed")
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        parts = {"import": lambda: [import_row()], "log": lambda: logging_rows(folder), "detect": detector_rows,
                 "watch": lambda: watch_rows(folder), "stress": lambda: stress_rows(folder),
                 "probe": lambda: probe_rows(given.layers)}
        for name, part in parts.items():
            if not given.only or given.only == name:
                for each in part():
                    rows.append(each)
                    if not given.json:
                        print("%-62s %10.4g %-4s %s" % (each["name"], each["value"], each["unit"], "" if not
                              each["baseline"] else "%.2f x %s" % (each["ratio"], each["baseline_name"])))
    if given.json:
        print(json.dumps({"rows": rows, "versions": versions()}, indent=1))


if __name__ == "__main__":
    main()
