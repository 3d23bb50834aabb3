"""init, log, finish and events, and what may go wrong with them."""

import math
import os
import pickle
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

import emdyn


class Scalar:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


def logged(run):
    history = emdyn.open(run.id)
    return {name: history.signal(name) for name in history.signals}


def test_what_is_logged_is_stored(store):
    run = emdyn.init("first", config={"lr": 1e-3, "net": {"depth": 2}}, tags=["a"], seed=7)
    emdyn.log({"loss": 2.5, "acc": 0.5}, step=3)
    emdyn.log({"loss": 1, "nested": {"a": 4.0}})
    emdyn.finish()
    signals = logged(run)
    assert list(signals["loss"].positions) == [3.0, 4.0] and list(signals["loss"].values) == [2.5, 1.0]
    assert list(signals["nested/a"].values) == [4.0]
    history = emdyn.open(run.id)
    assert history.config == {"lr": 1e-3, "net.depth": 2} and history.status == "finished"
    assert emdyn.runs()[0]["tags"] == ["a"]


def test_numbers_of_other_libraries(store):
    run = emdyn.init("numbers")
    emdyn.log({"f32": np.float32(0.5), "one": np.array(2.0), "own": Scalar(3.0), "yes": True, "none": None,
               "huge": 10**400}, step=np.int64(5))
    emdyn.finish()
    signals = logged(run)
    assert {k: v.values[0] for k, v in signals.items()} == {"f32": 0.5, "one": 2.0, "own": 3.0, "yes": 1.0,
                                                            "huge": math.inf}
    assert signals["own"].positions[0] == 5.0


@pytest.mark.parametrize("values, step, says", [
    ({"x": [1, 2]}, 0, "x is of type list"),
    ({"x": "0.5"}, 0, "x is of type str"),
    ({"x": object()}, 0, "x is of type object"),
    ({"x": np.zeros(3)}, 0, "x is of type ndarray"),
    ({1: 2.0}, 0, "name must be a text, got int"),
    ({"x": 1.0}, float("nan"), "step must be a finite number, got nan"),
    ({"x": 1.0}, "7", "step must be a finite number, got '7'"),
    ({"x": 1.0}, math.inf, "step must be a finite number, got inf"),
    ([1.0], 0, "takes a dict of names to numbers, got list"),
])
def test_what_cannot_be_recorded_is_told_once_and_never_raised(store, told, values, step, says):
    run = emdyn.init("bad")
    for _ in range(3):
        emdyn.log(values, step)
    emdyn.log({"good": 1.0}, 1)
    assert sum(says in text for text in told()) == 1
    emdyn.finish()
    assert list(logged(run)) == ["good"]


def test_strict_raises(store):
    emdyn.init("strict", strict=True)
    with pytest.raises(ValueError, match="x is of type list"):
        emdyn.log({"x": []})


def test_non_finite_values_are_data(store):
    run = emdyn.init("nan", wait=True)
    for step in range(5):
        emdyn.log({"loss": float("nan") if step == 3 else 1.0}, step)
    run.flush()
    assert run.alarm.kind == "nonfinite" and run.alarm.position == 3
    emdyn.finish()
    assert math.isnan(logged(run)["loss"].values[3])


def test_without_a_run_and_after_finish(store, told):
    emdyn.log({"x": 1})
    emdyn.log({"x": 1})
    run = emdyn.init("closed")
    run.finish()
    run.finish()
    run.log({"x": 1.0})
    assert sum("without a run" in text for text in told()) == 1
    assert any("after finish()" in text for text in told())


def test_a_second_init_finishes_the_first(store, told):
    first = emdyn.init("one")
    second = emdyn.init("two")
    assert first.finished and emdyn.current() is second
    assert any("it is finished first" in text for text in told())


def test_a_run_of_a_with_block_that_raises_has_failed(store):
    with pytest.raises(ZeroDivisionError):
        with emdyn.init("block") as run:
            1 / 0
    assert emdyn.open(run.id).status == "failed" and emdyn.current() is None


def test_configuration_set_late_is_stored(store):
    run = emdyn.init("late")
    run.config.batch = 32
    run.config.update({"optimizer": {"name": "adam"}})
    run.summary["best"] = 0.9
    emdyn.finish()
    history = emdyn.open(run.id)
    assert history.config == {"batch": 32, "optimizer.name": "adam"}
    assert history.info["notes"]["summary"] == {"best": 0.9}
    with pytest.raises(AttributeError, match="no 'missing'"):
        run.config.missing


def spiking(steps=500, at=400, seed=1):
    noise = random.Random(seed)
    return [2 * 0.99**s + noise.gauss(0, 0.02) + (9 if s == at else 0) for s in range(steps)]


def test_events_come_to_the_thread_that_logs(store):
    run = emdyn.init("spike", wait=True)
    got, threads = [], []
    run.on_event(lambda event: (got.append(event), threads.append(threading.get_ident())))
    run.on_event(got.append, kind="trend")  # Only of that kind: nothing here.
    for step, value in enumerate(spiking()):
        emdyn.log({"loss": value}, step)
    run.flush()
    assert [(e.kind, e.signal, e.position) for e in got] == [("spike", "loss", 400.0)]
    assert got[0].value > 8 and got[0].p < 1e-5 and got[0].run is run and not got[0].now
    assert threads == [threading.get_ident()]
    assert run.alarm == got[0]
    run.alarm = None
    assert run.alarm is None
    with pytest.raises(AttributeError, match="an event has no 'colour'"):
        got[0].colour


def test_the_events_are_those_of_every_other_door(store):
    values = spiking()
    run = emdyn.init("doors", wait=True)
    run.log_many("train_loss", values)
    emdyn.finish()
    strip = lambda events: [{k: v for k, v in e.items() if k != "run"} for e in events]
    assert strip(emdyn.open(run.id).events) == strip(emdyn.detect(values, signal="train_loss").events) != []


def test_a_handler_that_raises_is_switched_off(store, told):
    run = emdyn.init("raises", wait=True)
    calls = []

    @run.on_event
    def bad(event):
        calls.append(event)
        raise KeyError("oops")

    for step, value in enumerate(spiking()):
        emdyn.log({"loss": value, "other": value}, step)
    run.flush()
    assert len(calls) == 1 and any("bad raised KeyError" in text for text in told())
    with pytest.raises(TypeError, match="function of one event"):
        run.on_event(3)


def test_stop_passes_through_log(store):
    run = emdyn.init("stop", wait=True)
    run.on_event(emdyn.Stop(signal="loss", kinds="spike"))
    with pytest.raises(emdyn.StopTraining, match="spike of loss at 400") as raised:
        for step, value in enumerate(spiking(100_000)):
            emdyn.log({"loss": value}, step)
            if step % 50 == 0:
                run.flush()
    assert raised.value.event.run is run and run.should_stop


def test_waiting_loses_nothing(store):
    run = emdyn.init("tight", wait=True, detect=False)
    for step in range(50_000):
        emdyn.log({"x": 0.5}, step)
    emdyn.finish()
    assert run.dropped == 0 and len(emdyn.open(run.id).signal("x")) == 50_000


def test_log_many(store):
    run = emdyn.init("many", detect=False)
    run.log_many("x", np.arange(20_000.0))
    with pytest.raises(emdyn.ConfigError, match="2 steps for 3 values"):
        run.log_many("y", [1, 2, 3], [1, 2])
    with pytest.raises(emdyn.ConfigError, match="one dimension"):
        run.log_many("y", np.zeros((2, 2)))
    emdyn.finish()
    assert list(emdyn.open(run.id).signal("x").values) == list(range(20_000))


def test_threads_log_together(store):
    run = emdyn.init("threads", wait=True, detect=False)
    def work(k):
        for step in range(2000):
            run.log({"t%d" % k: step}, step)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    emdyn.finish()
    assert [list(s.values) for s in logged(run).values()] == [list(range(2000))] * 4


@pytest.mark.parametrize("options, says", [
    ({"detector": "cusun"}, "did you mean \"cusum\""),
    ({"alpha": 0.9}, "alpha"),
    ({"axis": "metres"}, "metres"),
    ({"no_such": 1}, "no_such"),
])
def test_bad_options_name_what_is_wrong(store, options, says):
    with pytest.raises(emdyn.Error, match=says):
        emdyn.init("bad", **options)
    assert emdyn.current() is None


def test_a_store_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(emdyn.Error):
        emdyn.init("x", store=tmp_path / "file" / "store")


def child(code, **more):
    return subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **more})


def test_the_end_of_the_process_finishes_the_run(store):
    for code, status in (("", "finished"), ("raise SystemExit(3)", "finished"), ("1/0", "failed")):
        done = child("import emdyn; r = emdyn.init('exit'); emdyn.log({'x': 1.0}); print(r.id, flush=True)\n" + code)
        history = emdyn.open(done.stdout.strip())
        assert history.status == status and list(history.signal("x").values) == [1.0], done.stderr
    assert "leaked" not in done.stderr


def test_forked_children_neither_log_nor_hang(store):
    done = child("""
import emdyn, os, warnings
warnings.simplefilter("ignore")
run = emdyn.init("fork")
emdyn.log({"x": 1.0}, 0)
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        emdyn.log({"x": 99.0}, 1)
        run.finish()
        raise SystemExit(0)          # Through the interpreter's own end.
    assert os.waitpid(pid, 0)[1] == 0
emdyn.log({"x": 2.0}, 2)
emdyn.finish()
print(run.id)""")
    assert done.returncode == 0, done.stderr
    history = emdyn.open(done.stdout.strip())
    assert list(history.signal("x").values) == [1.0, 2.0] and history.status == "finished"


def test_children_of_multiprocessing_have_no_run(store):
    done = child("""
import multiprocessing, emdyn
def work():
    import warnings; warnings.simplefilter("ignore")
    emdyn.log({"x": 5.0})
    return emdyn.current() is None
if __name__ == "__main__":
    run = emdyn.init("spawn")
    context = multiprocessing.get_context("fork")
    process = context.Process(target=work); process.start(); process.join()
    assert process.exitcode == 0
    emdyn.finish()
    print(run.points)""")
    assert done.returncode == 0 and done.stdout.strip() == "0", done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full") or os.geteuid() != 0, reason="needs to mount a small disk")
def test_a_full_disk_does_not_stop_the_training(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("SKIPPED: no small disk can be mounted here")
    try:
        done = child("""
import emdyn, random, os
run = emdyn.init("full", store=os.environ["DISK"] + "/store", wait=True, detect=False)
for step in range(60_000):
    emdyn.log({"a": random.random()}, step)
emdyn.finish()
print("trained")""", DISK=str(disk))
        assert done.stdout.strip() == "trained" and done.returncode == 0, done.stderr
        assert "EmdynWarning" in done.stderr
    finally:
        subprocess.run(["umount", str(disk)])


def test_errors_are_pythons_too():
    assert issubclass(emdyn.ConfigError, ValueError) and issubclass(emdyn.StoreError, OSError)
    assert issubclass(emdyn.DataError, emdyn.Error)


def test_the_shims(store, told):
    import emdyn.wandb as wandb
    from emdyn.tensorboard import SummaryWriter

    run = wandb.init(project="p", config={"lr": 0.1})
    wandb.log({"a": 1.0}, commit=False)
    wandb.log({"b": 2.0})
    wandb.log({"a": 3.0, "hist": wandb.Histogram([1, 2])}, step=7)
    wandb.config.batch = 4
    wandb.config.update({"depth": 3})
    wandb.summary["best"] = 1.5
    wandb.finish()
    history = emdyn.open(run.id)
    assert list(history.signal("a").positions) == [0, 7] and list(history.signal("b").values) == [2.0]
    assert history.config == {"lr": 0.1, "batch": 4, "depth": 3}
    assert history.info["notes"]["summary"] == {"best": 1.5} and emdyn.runs()[0]["tags"] == ["project:p"]
    assert any("hist is of type" in text for text in told())
    with pytest.raises(emdyn.ConfigError, match="call init"):
        wandb.config

    with SummaryWriter("runs/x") as writer:
        for step in range(3):
            writer.add_scalar("loss/train", 1.0 / (step + 1), step)
        writer.add_scalars("both", {"a": 1, "b": 2}, 3)
        writer.add_histogram("weights", [1, 2], 3)
        with pytest.raises(AttributeError):
            writer.no_such_thing()
    history = emdyn.open(writer.run.id)
    assert history.name == "runs/x" and list(history.signal("loss/train").positions) == [0, 1, 2]
    assert list(history.signal("both/b").values) == [2.0]
