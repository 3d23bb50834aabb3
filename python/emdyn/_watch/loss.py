"""The loss as it is: taken where backward() begins, before any tool scales or averages it.

Three places tell it. A model's output that carries `.loss` (Hugging Face) is taken first; what a GradScaler is handed
comes next; else the scalar that backward() is called on. While anything is watched these functions of torch are ours:
Tensor.backward, autograd.backward, GradScaler.scale, clip_grad_norm_. They are put back when the last watch ends.
"""

import threading

_lock = threading.RLock()
_taps = []
_originals = []


class Tap:
    """What one watch hears of the step under way."""

    def __init__(self):
        self.losses = []       # Of this step: several where gradients are accumulated.
        self.from_output = []  # The same, told by the model's own outputs.
        self.scaled = False    # The next backward() is of a loss that scale() saw.
        self.scaler = None
        self.clipped = None    # Norm before clipping, as clip_grad_norm_ returned it.
        self.parameters = frozenset()

    def take(self):
        """(the step's loss, a tensor of one entry, or None; how many backward() calls made it; the norm before
        clipping). On a CPU a tensor's arithmetic costs tens of microseconds: none where there is one loss."""
        losses = self.from_output or self.losses
        count = len(losses)
        self.losses, self.from_output, self.scaled = [], [], False
        clipped, self.clipped = self.clipped, None
        if not losses:
            return None, 0, clipped
        if count == 1:
            return losses[0], 1, clipped
        total = losses[0].float().reshape(())
        for loss in losses[1:]:
            total = total + loss.to(total.device).float().reshape(())
        return total / count, count, clipped


def _scalar(tensor):
    return getattr(tensor, "numel", lambda: 0)() == 1


def _heard_backward(tensor):
    for tap in _taps:
        if tap.scaled:
            tap.scaled = False
        elif _scalar(tensor):
            tap.losses.append(tensor.detach())


def _wrap(owner, name, make):
    original = owner.__dict__.get(name) if isinstance(owner, type) else getattr(owner, name, None)
    if original is None:
        return
    wrapped = make(original)
    wrapped.__wrapped__ = original
    setattr(owner, name, wrapped)
    _originals.append((owner, name, original, wrapped))


def _install(torch):
    def tensor_backward(original):
        def backward(self, *args, **kwargs):
            try:
                _heard_backward(self)
            except Exception:
                pass
            return original(self, *args, **kwargs)
        return backward

    def scale(original):
        def scale(self, outputs, *args, **kwargs):
            if _scalar(outputs):
                for tap in _taps:
                    tap.losses.append(outputs.detach())
                    tap.scaled, tap.scaler = True, self
            return original(self, outputs, *args, **kwargs)
        return scale

    def clip(original):
        def clip_grad_norm_(parameters, *args, **kwargs):
            parameters = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
            total = original(parameters, *args, **kwargs)
            if (kwargs.get("norm_type") or (args[1] if len(args) > 1 else 2.0)) == 2.0:
                for tap in _taps:
                    # Only where it is of the whole model: a part's norm is not the model's.
                    if tap.parameters and len(parameters) >= len(tap.parameters):
                        tap.clipped = total.detach()
            return total
        return clip_grad_norm_

    _wrap(torch.Tensor, "backward", tensor_backward)
    scalers = {getattr(getattr(torch, "amp", None), "GradScaler", None), torch.cuda.amp.GradScaler}
    for kind in scalers - {None}:
        if "scale" in kind.__dict__:
            _wrap(kind, "scale", scale)
    _wrap(torch.nn.utils, "clip_grad_norm_", clip)
    if hasattr(torch.nn.utils, "clip_grad"):
        _wrap(torch.nn.utils.clip_grad, "clip_grad_norm_", clip)


def add(torch, tap):
    with _lock:
        if not _taps:
            _install(torch)
        _taps.append(tap)


def remove(tap):
    with _lock:
        if tap in _taps:
            _taps.remove(tap)
        if _taps:
            return
        while _originals:
            owner, name, original, wrapped = _originals.pop()
            current = owner.__dict__.get(name)
            if current is wrapped:  # Else somebody wrapped it again: ours only passes on by now.
                setattr(owner, name, original)


def installed():
    """Names of torch's functions that are ours at the moment."""
    return [name for _, name, _, _ in _originals]
