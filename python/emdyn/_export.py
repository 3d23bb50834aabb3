"""emdyn.export: a torch module as safetensors and an architecture file (docs/models.md), traced by torch.fx."""

import os

from . import _safetensors
from ._native import ModelError


def export(model, example, path, *, classes=None, low=0.0, high=1.0, name=None):
    """Writes PATH.safetensors and PATH.toml, which `emdyn model`, `stress` and `guard` read. Returns both paths.

    model    nn.Module that maps [batch, …] to logits [batch, classes]; it is switched to eval() for the time
    example  one example or a batch of them, a tensor of the model's input type: [batch, …]
    low, high  the input box; values outside it cannot be attacked

    The architecture file knows a chain of linear, conv, pooling, flatten, activations, normalisations, attention and
    LSTM layers, with residual sums around parts of it. Raises ModelError that names the first thing it does not know,
    and where the answers of model and files could differ (a dilated convolution, say).
    """
    import torch

    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            logits = model(example)
        if not isinstance(logits, torch.Tensor) or logits.dim() != 2:
            raise ModelError("export: the model must answer one tensor [batch, classes], got %s"
                             % (list(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__))
        layers = _Tracer(torch, model).layers()
    finally:
        model.train(was_training)
    path = os.fspath(path)
    for ending in (".safetensors", ".toml"):
        path = path[:-len(ending)] if path.endswith(ending) else path
    weights = {}
    text = _architecture(layers, weights, list(example.shape[1:]), int(logits.shape[1]) if classes is None else classes,
                         low, high, name or type(model).__name__)
    _safetensors.write(path + ".safetensors", {k: v.float() for k, v in weights.items()})
    with open(path + ".toml", "w", encoding="utf-8") as file:
        file.write(text)
    return path + ".safetensors", path + ".toml"


class _Layer:
    def __init__(self, kind, keys=None, tensors=None, body=None, shortcut=None):
        self.kind, self.keys, self.tensors = kind, keys or {}, tensors or {}
        self.body, self.shortcut = body, shortcut


def _one(name, what, values):
    """A pair that the file has as one number."""
    values = values if isinstance(values, (tuple, list)) else (values,)
    if len(set(values)) != 1:
        raise ModelError("export: %s has %s %s; the architecture file has one number for both directions"
                         % (name, what, tuple(values)))
    return int(values[0])


def _refuse(name, why):
    raise ModelError("export: %s: %s" % (name, why))


def _conv(name, m):
    if isinstance(m.padding, str):
        _refuse(name, 'padding="%s" is not known to the architecture file: give it as a number' % m.padding)
    if _one(name, "dilation", m.dilation) != 1:
        _refuse(name, "dilated convolutions are not known to the architecture file")
    if m.padding_mode != "zeros" and _one(name, "padding", m.padding) != 0:
        _refuse(name, "only zeros are padded, not %s" % m.padding_mode)
    keys = {"stride": _one(name, "stride", m.stride), "padding": _one(name, "padding", m.padding), "groups": m.groups,
            "bias": m.bias is not None}
    return [_Layer("conv", keys, _tensors(m, "weight", "bias"))]


def _tensors(m, *names):
    return {n: getattr(m, n) for n in names if getattr(m, n, None) is not None}


def _pool(kind):
    def make(name, m):
        if getattr(m, "ceil_mode", False):
            _refuse(name, "ceil_mode is not known to the architecture file")
        if kind == "max_pool" and _one(name, "dilation", m.dilation) != 1:
            _refuse(name, "dilated pooling is not known to the architecture file")
        padding = _one(name, "padding", m.padding)
        if kind == "avg_pool" and padding and not m.count_include_pad:
            _refuse(name, "count_include_pad=False is not known to the architecture file")
        return [_Layer(kind, {"kernel": _one(name, "kernel", m.kernel_size),
                              "stride": _one(name, "stride", m.stride), "padding": padding})]
    return make


def _batch_norm(name, m):
    if not m.affine or m.running_mean is None:
        _refuse(name, "batch norm needs affine=True and track_running_stats=True")
    return [_Layer("batch_norm", {"epsilon": m.eps}, _tensors(m, "weight", "bias", "running_mean", "running_var"))]


def _layer_norm(name, m):
    if len(m.normalized_shape) != 1 or m.weight is None:
        _refuse(name, "layer norm over the last axis only, with weights")
    return [_Layer("layer_norm", {"epsilon": m.eps, "bias": m.bias is not None}, _tensors(m, "weight", "bias"))]


def _gelu(name, m):
    if getattr(m, "approximate", "none") != "none":
        _refuse(name, "gelu with approximate=\"tanh\" is not known to the architecture file")
    return [_Layer("gelu")]


def _plain(kind):
    return lambda name, m: [_Layer(kind)]


def _flatten(name, m):
    if m.start_dim != 1 or m.end_dim != -1:
        _refuse(name, "flatten takes whole examples: start_dim=1, end_dim=-1")
    return [_Layer("flatten")]


_MODULES = {
    "Linear": lambda name, m: [_Layer("linear", {"bias": m.bias is not None}, _tensors(m, "weight", "bias"))],
    "Conv2d": _conv,
    "MaxPool2d": _pool("max_pool"),
    "AvgPool2d": _pool("avg_pool"),
    "BatchNorm2d": _batch_norm,
    "BatchNorm1d": _batch_norm,
    "LayerNorm": _layer_norm,
    "Flatten": _flatten,
    "ReLU": _plain("relu"), "SiLU": _plain("silu"), "Tanh": _plain("tanh"), "Sigmoid": _plain("sigmoid"),
    "GELU": _gelu,
    "LeakyReLU": lambda name, m: [_Layer("leaky_relu", {"slope": m.negative_slope})],
    "Identity": lambda name, m: [], "Dropout": lambda name, m: [], "Dropout2d": lambda name, m: [],
}
_FUNCTIONS = {"relu": "relu", "gelu": "gelu", "silu": "silu", "tanh": "tanh", "sigmoid": "sigmoid"}


class _Tracer:
    """Reads the graph of torch.fx as a chain with residual sums."""

    def __init__(self, torch, model):
        self._torch = torch
        try:
            self._graph = torch.fx.symbolic_trace(model)
        except Exception as error:
            raise ModelError("export: torch.fx cannot trace %s: %s" % (type(model).__name__, error)) from None
        self._modules = dict(self._graph.named_modules())

    def layers(self):
        nodes = list(self._graph.graph.nodes)
        result = [n for n in nodes if n.op == "output"][0].args[0]
        inputs = [n for n in nodes if n.op == "placeholder"]
        if len(inputs) != 1:
            raise ModelError("export: the model takes %d inputs; the architecture file has one" % len(inputs))
        return self._chain(inputs[0], result)

    def _chain(self, start, end):
        """Layers that lead from one node to another."""
        parts, node = [], end
        while node is not start:
            made, node = self._step(node, start)
            parts.append(made)
        return [layer for part in reversed(parts) for layer in part]

    def _step(self, node, start):
        """(layers of this node, the node before)."""
        if node.op == "placeholder":
            raise ModelError("export: the input goes somewhere that is no residual sum; only chains are known")
        if self._is_sum(node):
            return self._residual(node)
        if node.op == "call_module":
            module = self._modules[node.target]
            kind = type(module).__name__
            if kind == "AdaptiveAvgPool2d":
                return self._global_pool(node, module), node.args[0]
            if kind not in _MODULES:
                _refuse(node.target, "%s is not known to the architecture file (docs/models.md lists what is)" % kind)
            return _MODULES[kind](node.target, module), node.args[0]
        name = node.target if node.op == "call_method" else getattr(node.target, "__name__", str(node.target))
        if name in _FUNCTIONS:
            if name == "gelu" and node.kwargs.get("approximate", "none") != "none":
                _refuse(node.name, "gelu with approximate=\"tanh\" is not known to the architecture file")
            return [_Layer(_FUNCTIONS[name])], node.args[0]
        if name == "dropout":
            return [], node.args[0]
        if name == "flatten":
            first = node.args[1] if len(node.args) > 1 else node.kwargs.get("start_dim", 0)
            if first != 1:
                _refuse(node.name, "flatten takes whole examples: start_dim=1")
            return [_Layer("flatten")], node.args[0]
        if name in ("max_pool2d", "avg_pool2d", "_max_pool2d", "boolean_dispatch"):
            return self._functional_pool(node, name), node.args[0]
        if name in ("view", "reshape"):
            if len(node.args) == 3 and node.args[2] == -1:
                return [_Layer("flatten")], node.args[0]
        _refuse(node.name, "%s is not known to the architecture file (docs/models.md lists what is)" % name)

    def _functional_pool(self, node, name):
        def given(place, key, default):
            return node.args[place] if len(node.args) > place else node.kwargs.get(key, default)
        kernel = given(1, "kernel_size", None)
        stride = given(2, "stride", None) or kernel
        kind = "avg_pool" if "avg" in name else "max_pool"
        if node.kwargs.get("ceil_mode") or node.kwargs.get("dilation", 1) not in (1, (1, 1)):
            _refuse(node.name, "ceil_mode and dilation are not known to the architecture file")
        return [_Layer(kind, {"kernel": _one(node.name, "kernel", kernel), "stride": _one(node.name, "stride", stride),
                              "padding": _one(node.name, "padding", given(3, "padding", 0))})]

    def _global_pool(self, node, module):
        _refuse(node.target, "AdaptiveAvgPool2d depends on the input's size: write AvgPool2d with that size")

    def _is_sum(self, node):
        import operator

        named = getattr(node.target, "__name__", node.target)
        return (node.op == "call_function" and node.target in (operator.add, operator.iadd, self._torch.add)
                or node.op == "call_method" and named in ("add", "add_"))

    def _residual(self, node):
        if len(node.args) != 2 or not all(isinstance(a, self._torch.fx.Node) for a in node.args) or node.kwargs:
            _refuse(node.name, "a sum with a constant is not known to the architecture file")
        left, right = node.args
        fork = _common(left, right)
        if fork is None:
            _refuse(node.name, "the sum joins parts that come from nowhere in common")
        body, shortcut = self._chain(fork, left), self._chain(fork, right)
        if not body:
            body, shortcut = shortcut, body
        return [_Layer("residual", body=body, shortcut=shortcut)], fork


def _ancestors(node):
    found, queue = [], [node]
    while queue:
        each = queue.pop(0)
        if each not in found:
            found.append(each)
            queue += each.all_input_nodes
    return found


def _common(left, right):
    """The nearest node that both come from."""
    seen = set(_ancestors(right))
    for node in _ancestors(left):
        if node in seen:
            return node
    return None


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(float(value)) if isinstance(value, float) else str(value)


def _architecture(layers, weights, shape, classes, low, high, name):
    lines = ["# Written by emdyn.export.", "[model]", 'name = "%s"' % name.replace('"', ""),
             "input = %s" % shape, "classes = %d" % classes, "low = %s" % _value(float(low)),
             "high = %s" % _value(float(high)), ""]

    def put(layers, table, prefix):
        for place, layer in enumerate(layers):
            own = prefix + str(place)
            lines.append("[[%s]]" % table)
            lines.append('kind = "%s"' % layer.kind)
            lines.extend("%s = %s" % (k, _value(v)) for k, v in layer.keys.items())
            lines.append("")
            for key, tensor in layer.tensors.items():
                weights[own + "." + key] = tensor.detach()
            if layer.body is not None:
                put(layer.body, table + ".body", own + ".body.")
            if layer.shortcut:
                put(layer.shortcut, table + ".shortcut", own + ".shortcut.")

    put(layers, "layer", "")
    return "\n".join(lines)
