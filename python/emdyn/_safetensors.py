"""Writes safetensors: https://github.com/huggingface/safetensors has the format (a length, a JSON header, bytes)."""

import contextlib
import json
import os
import struct
import tempfile

from ._native import ConfigError

_TYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}


def _bytes_of(name, tensor):
    """(type, shape, bytes) of a torch tensor or whatever NumPy takes."""
    import numpy

    kind = str(getattr(tensor, "dtype", "")).replace("torch.", "")
    if hasattr(tensor, "detach"):  # torch: NumPy has no bfloat16, so bytes are taken as integers.
        tensor = tensor.detach().cpu().contiguous()
        if kind == "bfloat16":
            import torch

            array = tensor.view(torch.int16).numpy()
        else:
            array = tensor.numpy()
    else:
        array = numpy.asarray(tensor)
        kind = array.dtype.name
    if kind not in _TYPES:
        raise ConfigError("%s has type %s, which safetensors does not have: convert it to float32" % (name, kind))
    return _TYPES[kind], list(array.shape), numpy.ascontiguousarray(array).tobytes()


def write(path, tensors):
    """tensors: a dict of names to arrays or torch tensors."""
    header, parts, place = {}, [], 0
    for name, tensor in tensors.items():
        kind, shape, data = _bytes_of(name, tensor)
        header[str(name)] = {"dtype": kind, "shape": shape, "data_offsets": [place, place + len(data)]}
        parts.append(data)
        place += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for data in parts:
            file.write(data)


@contextlib.contextmanager
def as_file(model):
    """The path of a model's weights: its own, or a file for the time of the call. None stays None."""
    if model is None or isinstance(model, (str, os.PathLike)):
        yield None if model is None else os.fspath(model)
        return
    if hasattr(model, "state_dict"):
        model = model.state_dict()
    if not isinstance(model, dict) or not model:
        raise ConfigError("expected a path, a module, a state_dict or a dict of names to arrays, got %s"
                          % ("an empty one" if isinstance(model, dict) else type(model).__name__))
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    handle, path = tempfile.mkstemp(prefix="emdyn-", suffix=".safetensors", dir=folder)
    os.close(handle)
    try:
        write(path, model)
        yield path
    finally:
        os.unlink(path)
