"""A small convolutional network on made-up digits; at step 300 one batch is broken. Without emdyn the training is
ruined, with SkipBatch it is not. Run: python poisoned_batch.py [STORE]"""

import sys

import torch

import emdyn


def digits(count, generator):
    """Ten patterns in noise. [count, 1, 8, 8], [count]"""
    patterns = torch.randn(10, 1, 8, 8, generator=torch.Generator().manual_seed(5))
    labels = torch.randint(0, 10, (count,), generator=generator)
    return patterns[labels] + 0.8 * torch.randn(count, 1, 8, 8, generator=generator), labels


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3, padding=1), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Linear(8 * 64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))


def train(store=None):
    """Returns the accuracy on new digits; watched where a store is given."""
    model, generator = network(), torch.Generator().manual_seed(7)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    if store:
        run = emdyn.init("digits", store=store, config={"learning_rate": 0.02, "steps": 400})
        emdyn.watch(model, optimizer)
        run.on_event(emdyn.SkipBatch())
        run.on_event(lambda event: print("  step %d: %s of %s" % (event.position, event.kind, event.signal)))
    for step in range(400):
        x, y = digits(32, generator)
        if step == 300:
            x = x.flip(0) * 1e5  # Labels of other pictures, a hundred thousand times too bright.
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if store:
        emdyn.finish()
        print("  overhead %.1f %%, steps left out: %d" % (
            100 * run.watches[0].notes()["overhead"], run.watches[0].notes()["skipped_steps"]))
    x, y = digits(500, generator)
    with torch.no_grad():
        return float((model.eval()(x).argmax(1) == y).float().mean())


def main(store):
    torch.set_num_threads(1)
    alone = train()
    print("without emdyn: accuracy %.2f" % alone)
    print("with SkipBatch:")
    saved = train(store)
    print("  accuracy %.2f; emdyn report digits --store %s" % (saved, store))
    return alone, saved


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "emdyn-store")
