"""Writes training.csv beside it: the log of a small network that learns the parity of three bits of twelve.

Its story: for a long time nothing is learned but chance (a plateau), one batch is poisoned at step 600 (a spike), then
accuracy jumps within a few hundred steps. Needs nothing but Python; the numbers are those of a real training."""
import csv
import math
import pathlib
import random

BITS, WIDTH, BATCH, STEPS, RATE, POISONED = 12, 32, 32, 2500, 0.2, 600


def examples(draw, count):
    bits = [[draw.choice((-1.0, 1.0)) for _ in range(BITS)] for _ in range(count)]
    return bits, [x[0] * x[1] * x[2] for x in bits]


class Network:
    def __init__(self, draw):
        self.inner = [[draw.gauss(0, BITS ** -0.5) for _ in range(BITS)] + [0.0] for _ in range(WIDTH)]
        self.outer = [draw.gauss(0, WIDTH ** -0.5) for _ in range(WIDTH)]

    def hidden(self, x):
        return [max(0.0, row[BITS] + sum(w * v for w, v in zip(row, x))) for row in self.inner]

    def answer(self, x):
        return sum(w * h for w, h in zip(self.outer, self.hidden(x)))

    def step(self, batch, labels, rate):
        """One step of gradient descent; gives the answers before it and the length of the gradient."""
        inner = [[0.0] * (BITS + 1) for _ in range(WIDTH)]
        outer = [0.0] * WIDTH
        answers = []
        for x, y in zip(batch, labels):
            hidden = self.hidden(x)
            answers.append(sum(w * h for w, h in zip(self.outer, hidden)))
            slope = -y / (1.0 + math.exp(min(60.0, y * answers[-1]))) / len(batch)
            for k, h in enumerate(hidden):
                if h <= 0.0:
                    continue
                outer[k] += slope * h
                back = slope * self.outer[k]
                row = inner[k]
                for j, v in enumerate(x):
                    row[j] += back * v
                row[BITS] += back
        norm = math.sqrt(sum(g * g for row in inner for g in row) + sum(g * g for g in outer))
        rate /= max(1.0, norm)  # Gradients are clipped at length 1.
        for k in range(WIDTH):
            self.outer[k] -= rate * outer[k]
            self.inner[k] = [w - rate * g for w, g in zip(self.inner[k], inner[k])]
        return answers, norm


def judged(answers, labels):
    """Mean loss and accuracy."""
    margins = [a * y for a, y in zip(answers, labels)]
    loss = sum(math.log1p(math.exp(-abs(m))) + max(0.0, -m) for m in margins) / len(margins)
    return loss, sum(m > 0.0 for m in margins) / len(margins)


def main():
    draw = random.Random(5)
    network = Network(draw)
    held, held_labels = examples(draw, 400)
    with open(pathlib.Path(__file__).with_name("training.csv"), "w", newline="") as file:
        log = csv.writer(file, lineterminator="\n")
        log.writerow(["step", "train_loss", "train_accuracy", "grad_norm", "val_loss", "val_accuracy"])
        for step in range(1, STEPS + 1):
            batch, labels = examples(draw, BATCH)
            if step == POISONED:
                batch = [[8.0 * v for v in x] for x in batch]
            answers, norm = network.step(batch, labels, RATE)
            row = [step, *(f"{value:.4f}" for value in judged(answers, labels)), f"{norm:.4f}", "", ""]
            if step % 50 == 0:
                row[4:] = [f"{value:.4f}" for value in judged([network.answer(x) for x in held], held_labels)]
            log.writerow(row)


main()
