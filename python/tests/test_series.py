"""Detectors, arrays, files, stores, probes, reports."""

import copy
import json
import math
import pickle
import subprocess

import numpy as np
import pytest

import emdyn


def shifted(seed=0, before=400, after=200, size=4.0):
    noise = np.random.default_rng(seed)
    return np.r_[noise.standard_normal(before), noise.standard_normal(after) + size]


def test_a_detector_hears_a_shift():
    det = emdyn.Detector("cusum")
    alarms = []
    for place, x in enumerate(shifted()):
        det.update(x)
        if det.alarm:
            alarms.append(place)
    assert alarms and 400 <= alarms[0] < 420 and det.event["direction"] == "rise"
    assert det.samples == 600 and det.ready and "cusum" in repr(det)
    det.reset()
    assert det.samples == 0 and det.event is None


@pytest.mark.parametrize("entry", [d["name"] for d in emdyn.detectors()])
def test_every_detector_of_the_registry(entry):
    """One by one and together are equal, through a pickle in the middle, with missing samples between."""
    values = np.clip(shifted(2, 120, 60), -3, 6)
    domain = next(d for d in emdyn.detectors() if d["name"] == entry).get("domain")
    if domain == "binary":
        values = (values > 1).astype(float)
    elif domain in ("unit_interval", "count"):
        values = np.abs(values) / 6 if domain == "unit_interval" else np.floor(np.abs(values))
    values[50] = math.nan
    try:
        one = emdyn.Detector(entry)
    except emdyn.ConfigError as error:
        assert "row" in str(error)
        return
    many = emdyn.Detector(entry)
    scores, places = many.update_many(values)
    first = [one.update(x) for x in values[:100]]
    restored, copied = pickle.loads(pickle.dumps(one)), copy.deepcopy(one)
    rest = [one.update(x) for x in values[100:]]
    assert first + rest == list(scores) and scores[50] == 0.0
    assert [restored.update(x) for x in values[100:]] == rest == [copied.update(x) for x in values[100:]]
    assert restored.samples == 180 and restored.event == one.event == many.event


def test_detectors_refuse_by_name():
    for wrong, says in (("cusun", "did you mean"), ("mahalanobis", "row")):
        with pytest.raises(emdyn.ConfigError, match=says):
            emdyn.Detector(wrong)
    with pytest.raises(emdyn.ConfigError, match="alpha"):
        emdyn.Detector("ewma", alpha=2)
    with pytest.raises(emdyn.ConfigError, match="no_such"):
        emdyn.Detector("ewma", no_such=2)
    with pytest.raises(emdyn.ConfigError, match="exclude each other"):
        emdyn.Detector("ewma", alpha=0.1, arm_score=2)
    with pytest.raises(TypeError):
        emdyn.Detector("ewma").update("3")


def test_snapshots_may_be_hostile():
    det = emdyn.Detector("ewma")
    det.update_many(shifted())
    good = det.snapshot()
    noise = np.random.default_rng(3)
    for cut in (b"", good[:10], good[:-1], good + b"x", b"\0" * len(good)):
        with pytest.raises(emdyn.DataError):
            emdyn.Detector.restore(cut)
    for _ in range(200):
        bytes_ = bytearray(good)
        bytes_[noise.integers(len(good))] ^= int(noise.integers(1, 256))
        with pytest.raises(emdyn.DataError):
            emdyn.Detector.restore(bytes(bytes_))


def test_detect_gives_what_the_program_gives(tmp_path, program):
    values = shifted(5)
    (tmp_path / "x.csv").write_text("step,loss\n" + "".join("%d,%r\n" % each for each in enumerate(values.tolist())))
    for detector in ("auto", "cusum", "ewma"):
        done = subprocess.run([program, "detect", str(tmp_path / "x.csv"), "--detector", detector, "--json"],
                              capture_output=True, text=True)
        said = json.loads(done.stdout)
        events = said["events"] if "events" in said else said["series"][0]["events"]
        found = emdyn.detect(values, detector, signal="loss").events
        strip = lambda list_: [(e["kind"], e["position"], e["score"], e["p_value"]) for e in list_]
        assert strip(found) == strip(events) and found


def test_detect_scores_and_its_refusals():
    found = emdyn.detect([0.0, math.nan, 1.0] * 30)
    assert found.scores.shape == (90,) and math.isnan(found.scores[1]) and found.events[0]["kind"] == "nonfinite"
    with pytest.raises(emdyn.ConfigError, match="2 positions for 3 values"):
        emdyn.detect([1, 2, 3], positions=[1, 2])
    with pytest.raises(emdyn.ConfigError, match="one dimension"):
        emdyn.detect(np.zeros((3, 3)))
    with pytest.raises(emdyn.ConfigError):
        emdyn.detect(["a"])
    with pytest.raises(AttributeError, match="no 'colour'"):
        found.colour


def test_segment_and_analyze():
    values = shifted(1)
    changes = emdyn.segment(values).change_points
    assert [c["index"] for c in changes] == [400]
    with pytest.raises(emdyn.ConfigError, match="regime"):
        emdyn.segment(values, regime="square")
    found = emdyn.analyze({"loss": values, "calm": np.random.default_rng(8).standard_normal(600)})
    assert found.changed == 1 and found.transitions[0]["order_parameter"] == "loss"
    steps = np.arange(0, 6000, 10.0)
    moved = emdyn.analyze({"loss": (steps, values)}).transitions[0]["onset"]["estimate"]
    assert 3900 < moved < 4100
    with pytest.raises(emdyn.ConfigError, match="no option colour"):
        emdyn.analyze(values, colour=1)


def test_files_runs_and_reports(tmp_path, store):
    (tmp_path / "log.jsonl").write_text("".join('{"_step":%d,"loss":%r}\n' % (s, x) for s, x in enumerate(shifted(1))))
    history, = emdyn.read(tmp_path / "log.jsonl")
    assert history.signals == ["loss"] and len(history["loss"]) == 600 and "loss" in history
    np.testing.assert_array_equal(np.asarray(history["loss"]), shifted(1))
    with pytest.raises(emdyn.DataError, match='did you mean "loss"'):
        history.signal("los")
    with pytest.raises(emdyn.DataError):
        emdyn.read(tmp_path / "absent.csv")
    page = history.report(tmp_path / "report.html")
    assert page.bytes == (tmp_path / "report.html").stat().st_size and "<iframe" in page._repr_html_()
    assert history.analyze().changed == 1
    with pytest.raises(emdyn.ConfigError, match="deadline"):
        emdyn.forecast(history)
    assert emdyn.forecast(history, deadline=1000)["forecast"]["status"] in ("ok", "abstained")


def test_runs_of_a_store(store):
    run = emdyn.init("stored", config={"steps": 10})
    emdyn.log({"loss": 1.0})
    assert emdyn.analyze(run)["changed"] == 0  # One that is under way.
    emdyn.finish()
    assert [r["name"] for r in emdyn.runs()] == ["stored"]
    assert emdyn.open("stored").id == emdyn.open(run.id[:6]).id == run.id
    with pytest.raises(emdyn.DataError):
        emdyn.open("nobody")


def test_tables(store):
    history = emdyn.History(emdyn._native.history("x", {"a": (np.arange(3.0), np.ones(3))}, {}))
    pandas = pytest.importorskip("pandas", reason="SKIPPED: pandas is not installed")
    assert list(history.to_pandas()["a"]) == [1.0] * 3 and isinstance(history["a"].to_pandas(), pandas.Series)


def test_probe_measures_arrays(tmp_path):
    noise = np.random.default_rng(4)
    rank_one = np.outer(noise.standard_normal(40), noise.standard_normal(30)).astype(np.float32)
    found = emdyn.probe({"noise": noise.standard_normal((64, 32)).astype(np.float32), "one": rank_one,
                         "bias": np.ones(4)})
    layers = {layer["name"]: layer for layer in found.layers}
    assert abs(layers["one"]["ranks"]["stable_rank"] - 1) < 1e-4 and layers["bias"]["norm"] == pytest.approx(2.0)
    assert layers["noise"]["ranks"]["effective_rank"] > 25
    changed = emdyn.probe({"w": rank_one}, against={"w": 2 * rank_one}).layers[0]["change"]
    assert changed["cosine"] == pytest.approx(1.0, abs=1e-5)
    for wrong in ({}, 5, {"w": np.array(["a"])}):
        with pytest.raises(emdyn.ConfigError):
            emdyn.probe(wrong)
    assert {"family", "cost", "paper"} <= set(emdyn.probes()[0])


def test_demo(tmp_path):
    page = emdyn.demo(tmp_path, steps=600, quiet=True)
    events = emdyn.open("demo", tmp_path / "store").events
    assert page.bytes > 10_000 and any(e["kind"] == "spike" and 290 <= e["position"] <= 310 for e in events)


def test_every_name_is_there_and_typed():
    import pathlib

    stub = (pathlib.Path(emdyn.__file__).parent / "__init__.pyi").read_text()
    for name in emdyn.__all__:
        assert getattr(emdyn, name) is not None
        assert name in stub, "%s has no type in __init__.pyi" % name
        if callable(getattr(emdyn, name)):
            assert getattr(emdyn, name).__doc__, "%s has no docstring" % name
    with pytest.raises(AttributeError):
        emdyn.no_such_name
