#!/usr/bin/python3
"""Makes the weights of this example from nothing but a seed: trains a small convolutional network on drawn digits (those
of ../digits), prunes it to a fifth with fine-tuning, and writes weights and the accuracies on the test set of ../digits
that the C program must find. Needs NumPy; takes two to three minutes. The results are committed, so this need not be run."""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "digits"))
import train as digits  # noqa: E402  the drawing of digits, keep_largest and write_safetensors

SIDE, TRAIN, KEPT = 16, 6000, .2
# name: shape, as convnet.sdl declares it. What is pruned stands in PRUNED.
SHAPES = {"stem": (12, 3, 3, 1), "stem_bias": (12,), "spread1": (3, 3, 12), "expand": (48, 1, 1, 12), "expand_bias": (48,),
          "spread2": (3, 3, 48), "mix": (48, 1, 1, 48), "mix_bias": (48,), "down": (64, 3, 3, 48), "down_bias": (64,),
          "head": (10, 64), "head_bias": (10,)}
PRUNED = ("expand", "mix", "down")


# ---- operations on images [n, h, w, c]: each gives its result and a function from its gradient to theirs ----

def windows(x, stride, pad=1):
    """The nine shifted images that a 3 x 3 window sees: [n, h, w, 9, c]."""
    n, h, w, c = x.shape
    padded = np.zeros((n, h + 2 * pad, w + 2 * pad, c), x.dtype)
    padded[:, pad:pad + h, pad:pad + w] = x
    shifts = [padded[:, ky:ky + h:stride, kx:kx + w:stride] for ky in range(3) for kx in range(3)]
    return np.stack(shifts, axis=3)


def unwindows(grad, shape, stride, pad=1):
    n, h, w, c = shape
    padded = np.zeros((n, h + 2 * pad, w + 2 * pad, c), grad.dtype)
    for k in range(9):
        padded[:, k // 3:k // 3 + h:stride, k % 3:k % 3 + w:stride] += grad[:, :, :, k]
    return padded[:, pad:pad + h, pad:pad + w]


def conv2d(x, w, stride=1):
    size = w.shape[1]
    seen = windows(x, stride) if size == 3 else x
    flat, filters = seen.reshape(-1, w[0].size), w.reshape(len(w), -1)
    y = (flat @ filters.T).reshape(*seen.shape[:3], len(w))

    def back(grad):
        g = grad.reshape(-1, len(w))
        gx = (g @ filters).reshape(seen.shape)
        return unwindows(gx, x.shape, stride) if size == 3 else gx, (g.T @ flat).reshape(w.shape)
    return y, back


def depthwise(x, w):
    seen, taps = windows(x, 1), w.reshape(9, -1)

    def back(grad):
        return (unwindows(grad[:, :, :, None] * taps, x.shape, 1), (seen * grad[:, :, :, None]).sum((0, 1, 2)).reshape(w.shape))
    return (seen * taps).sum(3), back


def maxpool2d(x):
    n, h, w, c = x.shape
    parts = x.reshape(n, h // 2, 2, w // 2, 2, c)
    y = parts.max((2, 4))
    first = parts == y[:, :, None, :, None]
    return y, lambda grad: (first * (grad[:, :, None, :, None] / first.sum((2, 4), keepdims=True))).reshape(x.shape)


# ---- the network ----

def forward(p, x):
    """The result, and a function from its gradient to those of all parameters."""
    a, back_a = conv2d(x, p["stem"])
    a = np.maximum(a + p["stem_bias"], 0)
    b, back_b = maxpool2d(a)
    s1, back_s1 = depthwise(b, p["spread1"])
    c, back_c = conv2d(s1, p["expand"])
    c = np.maximum(c + p["expand_bias"], 0)
    s2, back_s2 = depthwise(c, p["spread2"])
    d, back_d = conv2d(s2, p["mix"])
    d = np.maximum(c + d + p["mix_bias"], 0)
    e, back_e = conv2d(d, p["down"], stride=2)
    e = np.maximum(e + p["down_bias"], 0)
    m = e.mean((1, 2))

    def back(grad):
        g = {"head": grad.T @ m, "head_bias": grad.sum(0)}
        ge = np.broadcast_to((grad @ p["head"])[:, None, None] / (e.shape[1] * e.shape[2]), e.shape) * (e > 0)
        gd, g["down"] = back_e(ge)
        gd = gd * (d > 0)
        gs, g["mix"] = back_d(gd)
        gc, g["spread2"] = back_s2(gs)
        gc = (gc + gd) * (c > 0)
        gs, g["expand"] = back_c(gc)
        gb, g["spread1"] = back_s1(gs)
        ga = back_b(gb) * (a > 0)
        g["stem"] = back_a(ga)[1]
        for name, of in (("down_bias", ge), ("mix_bias", gd), ("expand_bias", gc), ("stem_bias", ga)):
            g[name] = of.sum((0, 1, 2))
        return g
    return m @ p["head"].T + p["head_bias"], back


def loss_gradients(p, x, labels):
    y, back = forward(p, x)
    e = np.exp(y - y.max(1, keepdims=True))
    delta = e / e.sum(1, keepdims=True)
    delta[np.arange(len(x)), labels] -= 1
    return back(delta / len(x))


def train(p, masks, images, labels, epochs, rate, random, batch=50):
    """Adam, its rate falling along half a cosine; what a mask has as zero stays zero."""
    mean, square = ({name: np.zeros_like(w) for name, w in p.items()} for _ in range(2))
    step, steps = 0, epochs * (len(images) // batch)
    for _ in range(epochs):
        order = random.permutation(len(images))
        for at in range(0, len(order) - batch + 1, batch):
            step += 1
            pick = order[at:at + batch]
            now = rate * .5 * (1 + np.cos(np.pi * step / steps))
            for name, grad in loss_gradients(p, images[pick], labels[pick]).items():
                mean[name] += .1 * (grad - mean[name])
                square[name] += .001 * (grad ** 2 - square[name])
                p[name] -= (now * mean[name] / (1 - .9 ** step) /
                            (np.sqrt(square[name] / (1 - .999 ** step)) + 1e-8)).astype(np.float32)
                if name in masks:
                    p[name] *= masks[name]


def accuracy(p, images, labels):
    """With the weights as they are written: rounded to f16; sums in f64."""
    rounded = {name: w.astype(np.float16).astype(np.float64) for name, w in p.items()}
    return float((forward(rounded, images.astype(np.float64))[0].argmax(1) == labels).mean())


def main():
    random = np.random.default_rng(20260229)
    drawn, labels = digits.digits(TRAIN, random)
    images = (drawn.astype(np.float32) / 255).reshape(-1, SIDE, SIDE, 1)
    test = (np.load(os.path.join(HERE, "../digits/images.npy")).astype(np.float32) / 255).reshape(-1, SIDE, SIDE, 1)
    truth = np.load(os.path.join(HERE, "../digits/labels.npy"))
    net = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    for name, w in net.items():
        if not name.endswith("bias"):
            inputs = 9 if name.startswith("spread") else w[0].size
            w[...] = random.normal(0, np.sqrt(2 / inputs), w.shape)
    train(net, {}, images, labels, epochs=6, rate=4e-3, random=random)
    pruned = {name: w.copy() for name, w in net.items()}
    for share in (.5, .3, KEPT):
        masks = {name: digits.keep_largest(np.abs(pruned[name]), share).astype(np.float32) for name in PRUNED}
        for name, mask in masks.items():
            pruned[name] *= mask
        train(pruned, masks, images, labels, epochs=5 if share == KEPT else 1, rate=2e-3, random=random)
    tensors = {f"{kind}.{name}": w.astype(np.float16) for kind, p in (("dense", net), ("pruned", pruned)) for name, w in p.items()}
    digits.write_safetensors(os.path.join(HERE, "weights.safetensors"), tensors)
    with open(os.path.join(HERE, "accuracy.txt"), "w", encoding="ascii") as file:
        for kind, p in (("dense", net), ("pruned", pruned)):
            line = f"{kind} {accuracy(p, test, truth):.3f}"
            print(line, file=file)
            print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
