"""What is measured, as tensors on the model's own device: nothing here waits for a GPU.

Shapes are torch's. Every function returns ([names], [tensors of no dimensions, or of one dimension as long as names]).
"""

_LAYERS = 64
_SAMPLE = 1 << 16  # Entries of a tensor that stand for all where every entry would cost too much.
_LARGEST_SIDE = 1024
_ACTIVATION_ENTRIES = 1 << 20


def layers_of(named, most=_LAYERS):
    """Parameter names to layer names: the module's path, shortened from its end until there are at most `most`."""
    paths = {name: name.rpartition(".")[0] or name for name in named}
    depth = max((path.count(".") + 1 for path in paths.values()), default=1)
    while len(set(paths.values())) > most and depth > 1:
        depth -= 1
        paths = {name: ".".join(path.split(".")[:depth]) for name, path in paths.items()}
    return paths


def sample(tensor):
    """Evenly spaced entries, at most _SAMPLE of them, as one dimension."""
    flat = tensor.detach().reshape(-1)
    step = -(-flat.numel() // _SAMPLE)
    return flat[::step] if step > 1 else flat


def norms(torch, tensors):
    """Euclidean norm of each, shape [tensors], float32."""
    return torch.stack([each.float() for each in torch._foreach_norm(tensors)])


def per_layer(torch, squares, index, count):
    """Root of the sums of `squares` [tensors] over layers: [count]."""
    return torch.zeros(count, dtype=squares.dtype, device=squares.device).index_add_(0, index, squares).sqrt()


def moments(torch, states, index, count):
    """Adam's moments: norm of the first, root of the mean of the second, both [count] by layer.

    states: [(exp_avg, exp_avg_sq)] in the order of index.
    """
    first = norms(torch, [m for m, _ in states]).square()
    second = torch.stack([v.float() for v in torch._foreach_norm([v for _, v in states], 1)])
    sizes = torch.tensor([float(v.numel()) for _, v in states], device=second.device)
    zeros = torch.zeros(count, device=second.device)
    mean = zeros.index_add(0, index, second) / zeros.index_add(0, index, sizes)
    return per_layer(torch, first, index, count), mean.sqrt()


def activation(torch, output, gates):
    """(root mean square, largest magnitude, share of dead units or None) of a layer's output.

    output  [batch, features], [batch, channels, …] or [batch, time, features]
    gates   the layer is one that closes (ReLU and its kin): a unit is dead when it is at or below 0 for the whole batch
    """
    x = output.detach()
    if x.dim() > 1 and x.numel() > _ACTIVATION_ENTRIES:
        x = x[:max(1, _ACTIVATION_ENTRIES * x.shape[0] // x.numel())]
    x = x.float()
    rms, largest = x.square().mean().sqrt(), x.abs().max()
    if not gates or x.dim() < 2:
        return rms, largest, None
    unit = 1 if x.dim() >= 4 else x.dim() - 1
    others = [d for d in range(x.dim()) if d != unit]
    return rms, largest, (x.amax(dim=others) <= 0).float().mean()


def attention(torch, query, key, scale=None, causal=False, mask=None):
    """(mean entropy in nats, largest logit) of attention, of at most 2 examples and 64 queries each.

    query, key  [batch, heads, time, width] (fewer key heads are repeated); mask: boolean (True: may look) or added
    """
    q, k = query.detach()[:2].float(), key.detach()[:2].float()
    if q.dim() == 3:
        q, k = q.unsqueeze(1), k.unsqueeze(1)
    if k.shape[1] != q.shape[1]:
        k = k.repeat_interleave(q.shape[1] // k.shape[1], 1)
    times = q.shape[2]
    rows = torch.arange(times, device=q.device)[::max(1, times // 64)]
    logits = q[:, :, rows] @ k.transpose(-2, -1) * (scale if scale is not None else q.shape[-1] ** -0.5)
    if causal:
        later = torch.arange(k.shape[2], device=q.device)[None, :] > rows[:, None]
        logits = logits.masked_fill(later, float("-inf"))
    elif mask is not None:
        mask = mask.detach()
        mask = mask[..., rows, :] if mask.dim() >= 2 and mask.shape[-2] == times else mask
        if mask.dim() == 4:
            mask = mask[:2]
        logits = logits.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else logits + mask.float()
    log_p = torch.log_softmax(logits, -1)
    p = log_p.exp()
    entropy = -(p * log_p.masked_fill(p == 0, 0.0)).sum(-1).mean()
    return entropy, logits.max()


def ranks(torch, weight):
    """(effective rank, stable rank) of a weight as a matrix [out, everything else]; None where it is too large.

    Effective rank: exp of the entropy of the singular values as shares (Roy & Vetterli, "The Effective Rank: A Measure
    of Effective Dimensionality", 2007). Stable rank: squared Frobenius norm over the squared largest singular value.
    """
    matrix = weight.detach().reshape(weight.shape[0], -1).float()
    if min(matrix.shape) > _LARGEST_SIDE:
        return None
    values = torch.linalg.svdvals(matrix)
    shares = values / values.sum()
    entropy = -(shares * torch.log(shares.clamp_min(1e-30))).sum()
    return entropy.exp(), (values / values[0]).square().sum()
