#!/usr/bin/python3
"""Makes the data and the weights of this example, from nothing but a seed: draws handwriting-like digits, trains a
small network on them, prunes it in three ways with fine-tuning, and writes weights, test set and the accuracies that
the C programs must find. Needs NumPy; takes about half a minute. The results are committed, so this need not be run."""

import json
import struct
import sys

import numpy as np

SIDE, CLASSES = 16, 10
SIZES = [SIDE * SIDE, 256, 128, CLASSES]
TRAIN, TEST = 20000, 1000


# ---- digits: strokes in a unit square (x right, y down), bent, moved and drawn with a round pen ----

def arc(cx, cy, rx, ry, start, end, points=12):
    """Part of an ellipse; angles in degrees, 0 is right, 90 is down."""
    angle = np.radians(np.linspace(start, end, points))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def line(*points):
    return np.array(points, dtype=float)


# Each digit in one or more hands; each hand is a list of strokes.
GLYPHS = [
    [[arc(.5, .5, .3, .4, 0, 360, 20)], [arc(.5, .5, .22, .4, -60, 300, 20)]],
    [[line((.5, .1), (.5, .9))], [line((.32, .28), (.52, .1), (.52, .9))],
     [line((.35, .25), (.52, .1), (.52, .9)), line((.35, .9), (.68, .9))]],
    [[np.concatenate([arc(.5, .33, .27, .23, -170, 40), line((.22, .9), (.8, .9))])],
     [np.concatenate([arc(.48, .32, .27, .22, -180, 60), arc(.35, .82, .13, .08, -60, -300, 8), line((.8, .88))])]],
    [[np.concatenate([arc(.47, .3, .26, .2, -150, 90), arc(.47, .7, .29, .2, -90, 150)])],
     [np.concatenate([line((.22, .1), (.75, .1), (.45, .42)), arc(.45, .66, .29, .24, -80, 150)])]],
    [[line((.62, .9), (.62, .1), (.18, .65), (.85, .65))], [line((.25, .1), (.22, .52), (.78, .52)), line((.7, .1), (.66, .9))]],
    [[np.concatenate([line((.75, .1), (.3, .1), (.27, .45)), arc(.46, .65, .28, .24, -110, 150)])],
     [np.concatenate([line((.3, .12), (.27, .45)), arc(.46, .65, .28, .24, -110, 150)]), line((.3, .12), (.78, .12))]],
    [[np.concatenate([line((.68, .1), (.4, .35)), arc(.5, .66, .27, .24, -160, 200, 18)])],
     [np.concatenate([arc(.62, .5, .38, .4, -100, -180, 8), arc(.5, .68, .26, .22, 180, 540, 18)])]],
    [[line((.2, .1), (.8, .1), (.42, .9))], [line((.2, .1), (.8, .1), (.45, .9)), line((.36, .5), (.74, .5))]],
    [[arc(.5, .29, .22, .19, 90, 450, 16), arc(.5, .69, .27, .21, -90, 270, 16)],
     [np.concatenate([arc(.5, .3, .23, .2, -30, -270, 14), arc(.5, .7, .26, .2, -90, 270, 16), line((.69, .2))])]],
    [[np.concatenate([arc(.48, .34, .25, .23, 0, -360, 18), line((.7, .9))])],
     [np.concatenate([arc(.48, .34, .25, .23, 0, -360, 18), arc(.4, .6, .33, .3, -10, 110, 8)])]],
]


def bend(stroke, random):
    """The same stroke by another hand: a random affine map about the middle and a shake of the points."""
    turn, shear = random.normal(0, .18), random.normal(0, .18)
    scale = random.uniform(.68, 1.08, 2)
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return rotate @ np.array([[scale[0], shear], [0, scale[1]]]), random.normal(0, .06, 2)


def draw(digit, random):
    hand = GLYPHS[digit][random.integers(len(GLYPHS[digit]))]
    matrix, shift = bend(hand, random)
    starts, ends = [], []
    for stroke in hand:
        points = (stroke - .5 + random.normal(0, .024, stroke.shape)) @ matrix.T + .5 + shift
        starts.append(points[:-1])
        ends.append(points[1:])
    a, b = np.concatenate(starts), np.concatenate(ends)
    along = b - a
    pixel = (np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).reshape(-1, 1, 2) + .5) / SIDE
    length = np.maximum((along ** 2).sum(1), 1e-9)
    where = np.clip(((pixel - a) * along).sum(2) / length, 0, 1)
    distance = np.sqrt((((a + where[..., None] * along) - pixel) ** 2).sum(2)).min(1)
    ink = np.clip((random.uniform(.045, .085) - distance) * SIDE * 1.1 + .5, 0, 1) * random.uniform(.7, 1)
    return np.clip(ink + random.normal(0, .16, ink.shape), 0, 1)


def digits(count, random):
    labels = random.integers(0, CLASSES, count)
    images = np.stack([draw(label, random) for label in labels])
    return np.round(images * 255).astype(np.uint8), labels.astype(np.uint8)


# ---- the network: three linear layers with relu between, Adam, softmax cross-entropy ----

def forward(net, x):
    values = [x]
    for i, (w, b) in enumerate(net):
        x = x @ w.T + b
        if i + 1 < len(net):
            x = np.maximum(x, 0)
        values.append(x)
    return values


def gradients(net, x, labels):
    values = forward(net, x)
    e = np.exp(values[-1] - values[-1].max(1, keepdims=True))
    delta = e / e.sum(1, keepdims=True)
    delta[np.arange(len(x)), labels] -= 1
    delta /= len(x)
    out = []
    for i in reversed(range(len(net))):
        out.append((delta.T @ values[i], delta.sum(0)))
        delta = (delta @ net[i][0]) * (values[i] > 0)
    return out[::-1]


def train(net, masks, images, labels, epochs, rate, random, batch=64):
    state = [[np.zeros_like(p) for p in [*pair, *pair]] for pair in net]  # means, then mean squares
    step, steps = 0, epochs * (len(images) // batch)
    for _ in range(epochs):
        order = random.permutation(len(images))
        for at in range(0, len(order) - batch + 1, batch):
            step += 1
            pick = order[at:at + batch]
            now = rate * .5 * (1 + np.cos(np.pi * step / steps))
            for (pair, grads, s, mask) in zip(net, gradients(net, images[pick], labels[pick]), state, masks):
                for k in range(2):
                    grad = grads[k] + (1e-4 * pair[k] if k == 0 else 0)
                    s[k] += .1 * (grad - s[k])
                    s[k + 2] += .001 * (grad ** 2 - s[k + 2])
                    pair[k] -= (now * s[k] / (1 - .9 ** step) /
                                (np.sqrt(s[k + 2] / (1 - .999 ** step)) + 1e-8)).astype(np.float32)
                pair[0] *= mask


def accuracy(net, images, labels):
    """With the weights as they are written: rounded to f16; sums in f64."""
    net = [[p.astype(np.float16).astype(np.float64) for p in pair] for pair in net]
    return float((forward(net, images.astype(np.float64))[-1].argmax(1) == labels).mean())


# ---- pruning: what each pattern keeps of a matrix; the last layer (10 rows) stays dense ----

def keep_largest(score, share):
    kept = np.zeros(score.size, dtype=bool)
    kept[np.argsort(-score, axis=None, kind="stable")[:round(share * score.size)]] = True
    return kept.reshape(score.shape)


def unstructured(w, share):
    return keep_largest(np.abs(w), share)


def two_of_four(w, _):
    groups = np.abs(w).reshape(len(w), -1, 4)
    order = np.argsort(-groups, axis=2, kind="stable")
    kept = np.zeros(groups.shape, dtype=bool)
    np.put_along_axis(kept, order[:, :, :2], True, axis=2)
    return kept.reshape(w.shape)


def blocks(w, share):
    r, c = 8, 4
    norms = (w.reshape(w.shape[0] // r, r, w.shape[1] // c, c) ** 2).sum((1, 3))
    return np.repeat(np.repeat(keep_largest(norms, share), r, axis=0), c, axis=1)


def pruned(net, pattern, shares, data, random):
    """Prunes in steps, so that the weights that stay learn to make up for those that go."""
    net = [[p.copy() for p in pair] for pair in net]
    for share in shares:
        masks = [pattern(w, share).astype(np.float32) for w, _ in net[:-1]] + [np.ones_like(net[-1][0])]
        for pair, mask in zip(net, masks):
            pair[0] *= mask
        train(net, masks, *data, epochs=8 if share == shares[-1] else 2, rate=1e-3, random=random)
    return net


# ---- files ----

def csr(w):
    """A matrix as the three tensors of compressed rows; 256 columns fit a byte."""
    rows, cols = np.nonzero(w)
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(w)))])
    return {".crow_indices": start.astype(np.int32), ".col_indices": cols.astype(np.uint8),
            ".values": w[rows, cols].astype(np.float16)}


def tensors_of(name, net):
    tensors = {}
    for i, (w, b) in enumerate(net, 1):
        compressed = name in ("unstructured", "block") and i < len(net)
        parts = csr(w) if compressed else {"": w.astype(np.float16)}
        tensors.update({f"{name}.w{i}{part}": data for part, data in parts.items()})
        tensors[f"{name}.b{i}"] = b.astype(np.float16)
    return tensors


def write_safetensors(path, tensors):
    names = {"float16": "F16", "int32": "I32", "uint8": "U8"}
    header, data = {}, b""
    for name, tensor in sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize):
        header[name] = {"dtype": names[tensor.dtype.name], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + tensor.nbytes]}
        data += tensor.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    random = np.random.default_rng(20240229)
    train_set, test_set = digits(TRAIN, random), digits(TEST, random)
    data = train_set[0].astype(np.float32) / 255, train_set[1]
    dense = [[(random.normal(0, 1, (o, i)) * np.sqrt(2 / i)).astype(np.float32), np.zeros(o, np.float32)]
             for i, o in zip(SIZES, SIZES[1:])]
    train(dense, [1, 1, 1], *data, epochs=14, rate=2e-3, random=random)
    nets = {
        "dense": dense,
        "unstructured": pruned(dense, unstructured, [.5, .3, .2, .15, .1], data, random),
        "nm": pruned(dense, two_of_four, [.5], data, random),
        "block": pruned(dense, blocks, [.6, .4, .3, .25], data, random),
    }
    images = test_set[0].astype(np.float32) / 255
    with open("accuracy.txt", "w", encoding="ascii") as file:
        for name, net in nets.items():
            write_safetensors(f"{name}.safetensors", tensors_of(name, net))
            line_of = f"{name} {accuracy(net, images, test_set[1]):.3f}"
            print(line_of, file=file)
            print(line_of, file=sys.stderr)
    np.save("images.npy", test_set[0].reshape(TEST, SIDE * SIDE))
    np.save("labels.npy", test_set[1])


if __name__ == "__main__":
    main()
