"""One way to ask a model of any framework: logits, features, and gradients by its inputs.

Every kind has
    shape, classes      of one input; how many logits
    differentiable      whether backward() works
    head                (weight [classes, d], bias [classes]) of a last linear layer that shows its input, or None
    forward(x, keep)    x: float32 [n, *shape] -> (logits [n, classes], features [n, d] or None, kept)
    backward(kept, by_logits, by_features)   gradients by the outputs (either may be None) -> by the inputs
    close()             puts the model back as it was
Calls may come from several threads at once.
"""

import sys
import threading

import numpy

from .._native import ConfigError, ModelError

_TRIED = 2  # Examples of the trial pass.


def as_floats(values, what="inputs"):
    """A contiguous float32 array of what the user has: NumPy, torch on any device, JAX, lists."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if hasattr(values, "float") else values).numpy()
    try:
        return numpy.ascontiguousarray(values, dtype=numpy.float32)
    except (TypeError, ValueError) as error:
        raise ConfigError("%s must be numbers in an array [examples, ...]: %s" % (what, error)) from None


def adapt(model, example, gradient=None, backend=None, device=None):
    """The model in the one form. example: a few inputs, [n, ...]; it is asked about the first two.

    gradient, backend, device: as of emdyn.Subject. Raises ConfigError, or ModelError for what it answers.
    """
    example = as_floats(example, "example")
    if example.ndim < 2 or len(example) == 0:
        raise ConfigError("example must be inputs of shape [examples, ...] with at least one, got shape %s"
                          % (list(example.shape),))
    if backend not in (None, "torch", "jax", "numpy"):
        raise ConfigError('backend must be "torch", "jax" or "numpy", got %r' % (backend,))
    torch = sys.modules.get("torch")
    if backend == "torch" or (backend is None and torch is not None and isinstance(model, torch.nn.Module)):
        if gradient is not None:
            raise ConfigError("gradient= is for models of NumPy; torch differentiates its own")
        import torch

        return Torch(torch, model, example, device)
    if not callable(model):
        raise ConfigError("the model must be an nn.Module or a function of a batch, got %s" % type(model).__name__)
    if backend == "jax" or (backend is None and gradient is None and _answers_jax(model, example)):
        return Jax(model, example)
    return Plain(model, example, gradient)


def _answers_jax(model, example):
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(model(example[:_TRIED]), jax.Array)


def _logits(answer, rows):
    """Logits [rows, classes] of whatever a model gives, as a float32 array."""
    logits = as_floats(answer, "logits")
    if logits.ndim != 2 or len(logits) != rows or logits.shape[1] < 2:
        raise ModelError("the model must answer logits [%d, classes], got shape %s" % (rows, list(logits.shape)))
    return logits


class Plain:
    """A function of NumPy arrays, with or without a function of its gradients."""

    head = None

    def __init__(self, model, example, gradient=None):
        self._model, self._gradient = model, gradient
        self.shape, self.differentiable = example.shape[1:], gradient is not None
        logits = self.forward(example[:_TRIED], False)[0]
        self.classes = logits.shape[1]
        if gradient is not None:
            self.backward(example[:_TRIED], logits, None)

    def forward(self, x, keep):
        return _logits(self._model(x), len(x)), None, x if keep else None

    def backward(self, kept, by_logits, by_features):
        made = as_floats(self._gradient(kept, by_logits), "gradient")
        if made.shape != kept.shape:
            raise ModelError("gradient(x, by_logits) must answer an array like x, %s, got shape %s"
                             % (list(kept.shape), list(made.shape)))
        return made

    def close(self):
        pass


class Jax:
    """A function of JAX arrays. Batches are padded to powers of two: a jitted function is compiled a few times, not
    for every number of examples that an attack comes down to."""

    head = None
    differentiable = True

    def __init__(self, model, example):
        import jax

        self._jax, self._model = jax, model
        self.shape = example.shape[1:]
        self.classes = self.forward(example[:_TRIED], False)[0].shape[1]

    def _padded(self, x):
        room = 1 << (len(x) - 1).bit_length()
        return x if room == len(x) else numpy.concatenate([x, numpy.repeat(x[-1:], room - len(x), 0)])

    def forward(self, x, keep):
        padded = self._jax.numpy.asarray(self._padded(x))
        if not keep:
            answer, back = self._model(padded), None
        else:
            answer, back = self._jax.vjp(self._model, padded)
        logits = _logits(numpy.asarray(answer), len(padded))[:len(x)]
        return logits, None, (back, len(x), len(padded), answer.dtype) if keep else None

    def backward(self, kept, by_logits, by_features):
        back, rows, room, kind = kept
        slope = numpy.zeros((room, self.classes), numpy.float32)
        slope[:rows] = by_logits
        return as_floats(numpy.asarray(back(self._jax.numpy.asarray(slope, kind))[0])[:rows])

    def close(self):
        pass


class Torch:
    """A module (or a function of tensors), asked in evaluation mode on its own device, in its own precision."""

    def __init__(self, torch, model, example, device=None):
        self._torch = torch
        while type(model).__name__ in ("OptimizedModule", "DistributedDataParallel", "DataParallel"):
            # Compiled again for every batch size; or asked from threads that know no process group.
            model = getattr(model, "_orig_mod", None) or model.module
        self._model, self._modes, self._hook = model, [], None
        first = None
        if isinstance(model, torch.nn.Module):
            self._modes = [module for module in model.modules() if module.training]
            model.eval()
            held = [*model.parameters(), *model.buffers()]
            first = next((p for p in held if p.is_floating_point()), None)
        self._device = torch.device(device) if device is not None else first.device if first is not None else "cpu"
        self._kind = first.dtype if first is not None else torch.float32
        self.device = torch.device(self._device).type
        self.shape, self.differentiable, self.head = example.shape[1:], True, None
        self._seen = threading.local()
        try:
            self._try(example[:_TRIED])
        except BaseException:
            self.close()
            raise

    def _try(self, x):
        """A pass that tells the number of classes, whether there are gradients, and the last linear layer."""
        torch, calls, hooks = self._torch, [], []
        if isinstance(self._model, torch.nn.Module):
            for module in self._model.modules():
                if isinstance(module, torch.nn.Linear):
                    hooks.append(module.register_forward_hook(lambda m, i, o: calls.append((m, i[0], o))))
        try:
            leaf = self._leaf(x).requires_grad_(True)
            with torch.enable_grad():
                logits = self._ask(leaf)
        finally:
            for hook in hooks:
                hook.remove()
        self.classes = logits.shape[1]
        self.differentiable = logits.requires_grad
        if not calls:
            return
        last, seen, answer = calls[-1]
        # Only where it is the very last step, on one vector an example, are its inputs what scores call features.
        if (sum(call[0] is last for call in calls) == 1 and seen.dim() == 2 and answer.shape == logits.shape
                and torch.equal(answer.float(), logits.float())):
            bias = last.bias if last.bias is not None else torch.zeros(self.classes)
            self.head = as_floats(last.weight), as_floats(bias)
            self._hook = last.register_forward_pre_hook(self._hear)

    def _hear(self, module, inputs):
        self._seen.features = inputs[0]

    def _leaf(self, x):
        # A copy: the memory is written over before a kept graph is differentiated.
        return self._torch.tensor(x, device=self._device, dtype=self._kind)

    def _ask(self, x):
        answer = self._model(x)
        if isinstance(answer, dict):
            answer = answer.get("logits", answer)
        elif not isinstance(answer, self._torch.Tensor):
            answer = getattr(answer, "logits", answer)
        if isinstance(answer, (tuple, list)) and answer:
            answer = answer[0]
        if not isinstance(answer, self._torch.Tensor) or answer.dim() != 2 or answer.shape[0] != x.shape[0]:
            raise ModelError("the model must answer a tensor of logits [%d, classes] (or .logits), got %s" % (
                x.shape[0], list(answer.shape) if isinstance(answer, self._torch.Tensor) else type(answer).__name__))
        if answer.shape[1] < 2:
            raise ModelError("the model answers one number an input; attacks need logits of two classes or more")
        return answer

    def forward(self, x, keep):
        leaf = self._leaf(x)
        if keep:
            with self._torch.enable_grad():
                logits = self._ask(leaf.requires_grad_(True))
        else:
            with self._torch.no_grad():
                logits = self._ask(leaf)
        features = self._seen.__dict__.pop("features", None)
        return as_floats(logits), None if features is None else as_floats(features), (
            (leaf, logits, features) if keep else None)

    def backward(self, kept, by_logits, by_features):
        leaf, logits, features = kept
        outputs, slopes = [], []
        for output, slope in ((logits, by_logits), (features, by_features)):
            if slope is not None:
                outputs.append(output)
                slopes.append(self._torch.tensor(slope, device=output.device, dtype=output.dtype))
        made, = self._torch.autograd.grad(outputs, [leaf], slopes, retain_graph=True, allow_unused=True)
        return numpy.zeros(leaf.shape, numpy.float32) if made is None else as_floats(made)

    def close(self):
        if self._hook is not None:
            self._hook.remove()
            self._hook = None
        for module in self._modes:
            module.training = True
        self._modes = []
