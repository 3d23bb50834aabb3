"""A small network trained for the tests that provoke one, and arrays in numpy's files."""
import io
import json
import math
import pathlib
import struct
import subprocess
import tempfile
import zipfile

from program import EMDYN, ProgramTest, digits_folder


def npy(shape, values, kind="<f4"):
    """The bytes of an npy file of floats, or of whole numbers with kind <i8."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    letter = "f" if kind == "<f4" else "q"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(
        f"<{len(values)}{letter}", *values)


def npz(values, labels=None, shape=(1, 8, 8)):
    size = math.prod(shape)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.npy", npy((len(values) // size, *shape), values))
        if labels is not None:
            archive.writestr("y.npy", npy((len(labels),), labels, "<i8"))
    return packed.getvalue()


class TrainedNetwork(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="emdyn-e2e-")
        cls.addClassCleanup(cls.kept.cleanup)
        folder = pathlib.Path(cls.kept.name)
        cls.data = digits_folder(folder)
        done = subprocess.run(
            [EMDYN, "model", "train", "cnn", "--data", cls.data, "--out", folder / "net", "--store", folder / "store",
             "--set", "epochs=3", "--set", "learning_rate=0.01", "--set", "warmup_steps=5", "--json"],
            capture_output=True, check=True)
        cls.subject = ["--model", json.loads(done.stdout)["model"], "--data", cls.data]
