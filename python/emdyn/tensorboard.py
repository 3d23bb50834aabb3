"""TensorBoard's SummaryWriter over emdyn: `from emdyn.tensorboard import SummaryWriter`.

add_scalar, add_scalars, add_hparams, flush and close are recorded; what has no numbers of one dimension (images,
histograms, graphs, …) is accepted and told once that it is not.
"""

import time
import warnings

from . import _run
from ._run import EmdynWarning, Run, store_folder

_IGNORED = ("add_histogram", "add_histogram_raw", "add_image", "add_images", "add_image_with_boxes", "add_figure",
            "add_video", "add_audio", "add_text", "add_graph", "add_embedding", "add_pr_curve", "add_pr_curve_raw",
            "add_mesh", "add_custom_scalars", "add_onnx_graph", "add_tensor")


class SummaryWriter:
    """log_dir names the run; comment is added to the name. The store is $EMDYN_STORE, else ./emdyn-store."""

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix="",
                 **options):
        self.log_dir = str(log_dir or "runs/%s%s" % (time.strftime("%b%d_%H-%M-%S"), comment))
        self._run = Run(self.log_dir, store_folder(), {}, **options)
        self._own = _run.current() is None
        if self._own:
            _run._set_current(self._run)  # So that emdyn.watch() finds it.
        self._told = set()

    @property
    def run(self):
        return self._run

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        self._run.log_value(tag, scalar_value, global_step)

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        self._run.log({"%s/%s" % (main_tag, k): v for k, v in tag_scalar_dict.items()}, global_step)

    def add_hparams(self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None):
        self._run.config.update(hparam_dict)
        self._run.summary.update(metric_dict)

    def flush(self):
        self._run.flush()

    def close(self):
        self._run.finish()

    def get_logdir(self):
        return self.log_dir

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __getattr__(self, name):
        if name not in _IGNORED:
            raise AttributeError("SummaryWriter has no %r" % name)

        def ignored(*args, **kwargs):
            if name not in self._told:
                self._told.add(name)
                warnings.warn("%s is not recorded: emdyn keeps scalars" % name, EmdynWarning, stacklevel=2)
        return ignored
