"""emdyn.demo(): a made-up training with a spike and a plateau, watched as a real one."""

import math
import os
import random
import tempfile


def demo(folder=None, steps=3000, quiet=False):
    """Logs a training that falls, spikes and jumps, tells what was noticed as it happened, and writes report.html.

    folder: where store and page go; default a new temporary one. Returns the Report. Needs no torch and no NumPy.
    """
    from ._run import describe, init
    from ._series import report

    folder = folder or tempfile.mkdtemp(prefix="emdyn-demo-")
    noise = random.Random(1)
    told = []

    def tell(event):
        told.append(event)
        if not quiet:
            print("  step %d: %s" % (run._live.next_step, describe(event)))

    run = init("demo", store=os.path.join(folder, "store"), config={"learning_rate": 1e-3, "steps": steps}, wait=True)
    run.on_event(tell)
    if not quiet:
        print("A training of %d steps; what its run notices, as it happens:" % steps)
    for step in range(steps):
        spike = 6.0 * math.exp(-(step - steps // 2) / 6.0) if step >= steps // 2 else 0.0
        learned = 1 / (1 + math.exp(-(step - 0.8 * steps) / (0.01 * steps)))
        run.log({"train_loss": 0.2 + 2 * math.exp(-step / 200) + spike + noise.gauss(0, 0.02),
                 "test_accuracy": min(1.0, max(0.0, 0.1 + 0.85 * learned + noise.gauss(0, 0.01))),
                 "gradient_norm": 1 + 4 * spike + abs(noise.gauss(0, 0.1))}, step=step)
        if step % 50 == 49:
            run.flush()  # A real training is slower than its watcher; this one would be over before anything is told.
    run.finish()
    page = report(run, os.path.join(folder, "report.html"))
    if not quiet:
        print("%d events. %s\n%s" % (len(told), page.headline, page.path))
    return page
