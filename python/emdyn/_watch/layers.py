"""The probes of a model's layers: which tensors each looks at, and hooks that stand for one step only."""

import time

from . import measures

_MOST_HOOKS = 64
_ACTIVATIONS = ("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "GELU", "SiLU", "Mish", "Hardswish", "Softplus", "Tanh",
                "Sigmoid", "Linear", "Conv1d", "Conv2d", "Conv3d")
_GATES = ("ReLU", "ReLU6")


class LayerProbes:
    def __init__(self, torch, model, named):
        self._torch, self._model = torch, model
        self._named = named
        paths = measures.layers_of([name for name, _ in named])
        self.names = list(dict.fromkeys(paths.values()))
        place = {name: i for i, name in enumerate(self.names)}
        self._place = [place[paths[name]] for name, _ in named]
        self._index = {}
        self._before = None
        self._hooks = []
        self._taken = {"activations": [], "attention": []}
        self._seconds = {"activations": 0.0, "attention": 0.0}
        self._hooked = {"activations": False, "attention": False}
        self._inside = None
        self._matrices = [(n, p) for n, p in named if p.dim() >= 2 and min(p.shape[0], p[0].numel()) > 1]
        self._next_matrix = 0
        self._restore_attention = None
        self.left_out = []

    # --- of parameters ---

    def _indices(self, kept):
        """Layer of each kept parameter as a tensor; which are kept rarely changes."""
        key = tuple(kept)
        if key not in self._index:
            self._index.clear()
            device = self._named[0][1].device
            self._index[key] = self._torch.tensor([self._place[i] for i in kept], device=device)
        return self._index[key]

    def _labels(self, prefix):
        return [prefix + "/" + name for name in self.names]

    def gradient_norms(self):
        kept = [i for i, (_, p) in enumerate(self._named)
                if p.grad is not None and p.grad.layout == self._torch.strided]
        if not kept:
            return [], []
        squares = measures.norms(self._torch, [self._named[i][1].grad for i in kept]).square()
        layers = measures.per_layer(self._torch, squares, self._indices(kept), len(self.names))
        return self._labels("gradient_norm"), [layers]

    @property
    def remembers(self):
        return self._before is not None

    def remember_weights(self):
        self._before = [measures.sample(p).clone() for _, p in self._named]
        return [], []

    def update_ratios(self):
        before, self._before = self._before, None
        torch = self._torch
        after = [measures.sample(p) for _, p in self._named]
        index = self._indices(range(len(self._named)))
        moved = measures.norms(torch, torch._foreach_sub(after, before)).square()
        size = measures.norms(torch, before).square()
        count = len(self.names)
        ratio = (measures.per_layer(torch, moved, index, count)
                 / measures.per_layer(torch, size, index, count).clamp_min(1e-30))
        return self._labels("update_ratio"), [ratio]

    def moments(self, optimizer):
        kept, states = [], []
        for i, (_, parameter) in enumerate(self._named):
            state = optimizer.state.get(parameter)
            if state and "exp_avg" in state and "exp_avg_sq" in state:
                kept.append(i)
                states.append((state["exp_avg"], state["exp_avg_sq"]))
        if not kept:
            return [], []
        first, second = measures.moments(self._torch, states, self._indices(kept), len(self.names))
        return self._labels("adam_m_norm") + self._labels("adam_v_rms"), [first, second]

    def next_rank(self):
        """One matrix a call, in turn: a spectrum costs more than any other probe."""
        if not self._matrices:
            return [], []
        name, weight = self._matrices[self._next_matrix % len(self._matrices)]
        self._next_matrix += 1
        found = measures.ranks(self._torch, weight)
        if found is None:
            self._matrices = [each for each in self._matrices if each[0] != name]
            self.left_out.append("ranks of %s: its smaller side is above 1024" % name)
            return [], []
        layer = name.rpartition(".")[0] if name.endswith(".weight") else name
        return ["effective_rank/" + layer, "stable_rank/" + layer], list(found)

    # --- of activations: hooks that stand for one forward pass ---

    def waiting(self, group):
        hooked, self._hooked[group] = self._hooked[group], False
        return hooked

    def seconds(self, group):
        seconds, self._seconds[group] = self._seconds[group], 0.0
        return seconds

    def remove_hooks(self):
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        if self._restore_attention is not None:
            self._restore_attention()
            self._restore_attention = None

    def _evenly(self, modules):
        step = -(-len(modules) // _MOST_HOOKS)
        return modules[::step] if step > 1 else modules

    def _measured(self, group, work):
        """A failure in here would be the training's: it is kept, and raised where it can be told."""
        begun = time.perf_counter()
        try:
            with self._torch.no_grad():
                work()
        except Exception as error:
            self._taken[group].append(error)
        self._seconds[group] += time.perf_counter() - begun

    def hook_activations(self):
        self._hooked["activations"] = True
        found = [(name, module) for name, module in self._model.named_modules()
                 if type(module).__name__ in _ACTIVATIONS]
        for name, module in self._evenly(found):
            self._hooks.append(module.register_forward_hook(self._activation_hook(name, type(module).__name__)))

    def _activation_hook(self, name, kind):
        def hook(module, inputs, output):
            if not module.training or not isinstance(output, self._torch.Tensor):
                return
            self._measured("activations", lambda: self._taken["activations"].append(
                (name, *measures.activation(self._torch, output, kind in _GATES))))
        return hook

    def take_activations(self):
        taken, self._taken["activations"] = self._taken["activations"], []
        _raise_first(taken)
        names, tensors = [], []
        for name, rms, largest, dead in {each[0]: each for each in taken}.values():
            names += ["activation_rms/" + name, "activation_max/" + name]
            tensors += [rms, largest]
            if dead is not None:
                names.append("dead_share/" + name)
                tensors.append(dead)
        return names, tensors

    # --- of attention ---

    def hook_attention(self):
        self._hooked["attention"] = True
        torch = self._torch
        for name, module in self._model.named_modules():
            if isinstance(module, torch.nn.MultiheadAttention):
                self._hooks.append(module.register_forward_pre_hook(self._multihead_hook(name), with_kwargs=True))
            elif "attn" in name.rpartition(".")[2].lower() or "attention" in type(module).__name__.lower():
                self._hooks.append(module.register_forward_pre_hook(self._enter(name)))
        self._patch_attention()

    def _enter(self, name):
        def hook(module, inputs):
            self._inside = name
        return hook

    def _patch_attention(self):
        functional = self._torch.nn.functional
        original = getattr(functional, "scaled_dot_product_attention", None)
        if original is None:
            return

        def attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, **more):
            if self._inside is not False and self._model.training and self._torch.is_grad_enabled():
                name = self._inside or str(len(self._taken["attention"]))
                self._measured("attention", lambda: self._taken["attention"].append(
                    (name, *measures.attention(self._torch, query, key, more.get("scale"), is_causal, attn_mask))))
            return original(query, key, value, attn_mask=attn_mask, dropout_p=dropout_p, is_causal=is_causal, **more)

        functional.scaled_dot_product_attention = attention

        def restore():
            if functional.scaled_dot_product_attention is attention:
                functional.scaled_dot_product_attention = original
            self._inside = None
        self._restore_attention = restore

    def _multihead_hook(self, name):
        def hook(module, inputs, keywords):
            query = inputs[0] if inputs else keywords.get("query")
            key = inputs[1] if len(inputs) > 1 else keywords.get("key")
            self._inside = False  # What it calls inside is measured here already.
            if not module.training or query is None or key is None or module.in_proj_weight is None:
                return
            causal = bool(keywords.get("is_causal"))
            mask = keywords.get("attn_mask")
            if mask is not None and mask.dtype == self._torch.bool:
                mask = ~mask  # Here True means: may not look.
            if mask is not None and mask.dim() == 3:
                mask = mask.reshape(-1, module.num_heads, *mask.shape[-2:])
            self._measured("attention", lambda: self._taken["attention"].append(
                (name, *_multihead(self._torch, module, query, key, causal and mask is None, mask))))
        return hook

    def take_attention(self):
        taken, self._taken["attention"] = self._taken["attention"], []
        _raise_first(taken)
        names, tensors = [], []
        for name, entropy, largest in {each[0]: each for each in taken}.values():
            names += ["attention_entropy/" + name, "attention_max_logit/" + name]
            tensors += [entropy, largest]
        return names, tensors


def _raise_first(taken):
    for each in taken:
        if isinstance(each, Exception):
            raise each


def _multihead(torch, module, query, key, causal, mask):
    """nn.MultiheadAttention's own logits, from its inputs [batch, time, width] (or time first)."""
    if not module.batch_first and query.dim() == 3:
        query, key = query.transpose(0, 1), key.transpose(0, 1)
    if query.dim() == 2:
        query, key = query.unsqueeze(0), key.unsqueeze(0)
    query, key = query.detach()[:2], key.detach()[:2]
    width, heads = module.embed_dim, module.num_heads
    weights, bias = module.in_proj_weight, module.in_proj_bias
    q = torch.nn.functional.linear(query, weights[:width], None if bias is None else bias[:width])
    k = torch.nn.functional.linear(key, weights[width:2 * width], None if bias is None else bias[width:2 * width])
    split = lambda x: x.reshape(x.shape[0], x.shape[1], heads, width // heads).transpose(1, 2)
    return measures.attention(torch, split(q), split(k), None, causal, mask)
