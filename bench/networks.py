"""networks: convolutional networks of the kinds that phones run, with random weights, most of them zero.

    /usr/bin/python3 bench/networks.py FOLDER [--zeros=0.78] [--seed=1] [NAME...]

writes NAME.sdl and NAME.safetensors for bench_network: `landmark` (inverted residuals of relu6, global pool, dense heads),
`palm` (5x5 depthwise residuals with PReLU, a path up, two heads), `blaze` (odd numbers of channels, concatenated heads), `excite`
(squeeze and excitation, hard swish), `resnet` (3x3 convolutions with zeros). The zeros are in 1x1 and k x k filters of over 8 inputs, in
heads and behind global pools too; depthwise ones and the stem are dense. Weights are scaled so that activations keep their size."""
import json
import os
import sys

import numpy as np


class Net:
    """A program as it grows: images are (name, height, width, channels)."""

    def __init__(self, name, size, channels, zeros, seed):
        self.name, self.zeros, self.random = name, zeros, np.random.default_rng(seed)
        self.weights, self.declared, self.body, self.results = {}, [], [], []
        self.shape = (size, size, channels)

    def value(self, text):
        self.body.append(f"    v{len(self.body)} = {text};")
        return f"v{len(self.body) - 1}"

    def weight(self, shape, fan_in, sparse=False, offset=0.0, scale=None):
        name = f"w{len(self.declared)}"
        keep = 1 - self.zeros if sparse else 1
        data = self.random.standard_normal(shape) * (scale if scale is not None else (2 / (fan_in * keep)) ** 0.5) + offset
        if sparse:
            flat = data.reshape(-1)
            flat[self.random.permutation(flat.size)[: int(round(flat.size * self.zeros))]] = 0
        self.weights[name] = data.astype(np.float32)
        dims = ", ".join(map(str, shape))
        self.declared.append(f"weight {name}: f32[{dims}]{' sparse unstructured' if sparse else ''};")
        return name

    def activate(self, x, kind):
        name, h, w, c = x
        if kind == "prelu":
            slope = self.weight((c,), 1, offset=0.25, scale=0.05)
            return self.value(f"where({name} > 0.0, {name}, {name} * {slope})"), h, w, c
        if kind == "hard_swish":
            return self.value(f"{name} * relu6({name} + 3.0) / 6.0"), h, w, c
        return (self.value(f"{kind}({name})"), h, w, c) if kind else x

    def conv(self, x, out, size=1, stride=1, act=None):
        name, h, w, c = x
        weight = self.weight((out, size, size, c), size * size * c, sparse=c > 8)
        bias = self.weight((out,), 1, scale=0.05)
        y = self.value(f"conv2d({name}, {weight}, {bias}, stride={stride}, pad=same)")
        return self.activate((y, -(-h // stride), -(-w // stride), out), act)

    def depthwise(self, x, size=3, stride=1, act=None):
        name, h, w, c = x
        weight, bias = self.weight((size, size, c), size * size), self.weight((c,), 1, scale=0.05)
        y = self.value(f"depthwise_conv2d({name}, {weight}, {bias}, stride={stride}, pad=same)")
        return self.activate((y, -(-h // stride), -(-w // stride), c), act)

    def add(self, a, b, act=None):
        return self.activate((self.value(f"{a[0]} + {b[0]}"), *a[1:]), act)

    def shrink(self, x, out):
        """The other branch where channels grow and pixels halve: the largest of four, and channels of zeros."""
        name, h, w, c = x
        y = self.value(f"maxpool2d({name}, 2)")
        if out > c:
            y = self.value(f"pad({y}, [[0, 0], [0, 0], [0, 0], [0, {out - c}]])")
        return y, h // 2, w // 2, out

    def grow(self, x):
        name, h, w, c = x
        return self.value(f"resize_bilinear({name}, {2 * h}, {2 * w}, half_pixel=true)"), 2 * h, 2 * w, c

    def linear(self, x, size, out):
        weight, bias = self.weight((out, size), size, sparse=True), self.weight((out,), 1, scale=0.05)
        return self.value(f"linear({x}, {weight}, {bias})")

    def result(self, text, shape):
        self.results.append(f"y{len(self.results)}: f32[{', '.join(map(str, shape))}]")
        self.body.append(f"    y{len(self.results) - 1} = {text};")

    def anchors(self, x, outs):
        """A head: a dense 1x1 convolution, its pixels in a list."""
        y = self.conv(x, outs)
        return self.value(f"reshape({y[0]}, [1, {x[1] * x[2]}, {outs}])")

    def write(self, folder):
        h, w, c = self.shape
        with open(os.path.join(folder, self.name + ".sdl"), "w", encoding="ascii") as file:
            file.write("\n".join(self.declared))
            file.write(f"\n\nlayer {self.name}(x: f32[1, {h}, {w}, {c}]) -> ({', '.join(self.results)}) {{\n")
            file.write("\n".join(self.body) + "\n}\n")
        header, at = {}, 0
        for name, data in self.weights.items():
            header[name] = {"dtype": "F32", "shape": list(data.shape), "data_offsets": [at, at + data.nbytes]}
            at += data.nbytes
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(folder, self.name + ".safetensors"), "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for data in self.weights.values():
                file.write(data.tobytes())


def inverted(n, x, out, expansion, size=3, stride=1, act="relu6", excite=False):
    """1x1 up, depthwise, 1x1 down, and the residual where the shapes allow it."""
    y = n.conv(x, expansion, act=act) if expansion != x[3] else x
    y = n.depthwise(y, size, stride, act=act)
    if excite:
        y = squeeze(n, y)
    y = n.conv(y, out)
    return n.add(x, y) if stride == 1 and out == x[3] else y


def squeeze(n, x):
    name, h, w, c = x
    inner = (c // 4 + 7) // 8 * 8
    mean = n.value(f"mean({name}, axis=[1, 2])")
    hidden = n.value(f"relu({n.linear(mean, c, inner)})")
    gate = n.value(f"relu6({n.linear(hidden, inner, c)} + 3.0) / 6.0")
    return n.value(f"{name} * reshape({gate}, [1, 1, 1, {c}])"), h, w, c


def landmark(zeros, seed):
    n = Net("landmark", 224, 3, zeros, seed)
    x = n.conv(("x", 224, 224, 3), 24, 3, 2, "relu6")
    x = inverted(n, x, 16, 24)
    for out, count, stride in ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)):
        for i in range(count):
            x = inverted(n, x, out, 6 * x[3], stride=stride if i == 0 else 1)
    x = n.conv(x, 1152, act="relu6")
    flat = n.value(f"mean({x[0]}, axis=[1, 2])")
    n.result(n.linear(flat, 1152, 63), (1, 63))
    n.result(f"sigmoid({n.linear(flat, 1152, 1)})", (1, 1))
    return n


def palm(zeros, seed):
    n = Net("palm", 192, 3, zeros, seed)
    x = n.conv(("x", 192, 192, 3), 32, 5, 2, "prelu")
    kept = []
    for out, count in ((32, 4), (64, 4), (128, 4), (256, 4), (256, 4)):
        if out != 32:
            y = n.conv(n.depthwise(x, 5, 2), out)
            x = n.activate(n.add(n.shrink(x, out), y), "prelu")
        for _ in range(count):
            x = n.activate(n.add(x, n.conv(n.depthwise(x, 5), out)), "prelu")
        kept.append(x)
    heads = []
    for level in (3, 2):
        x = n.add(n.conv(n.grow(x), kept[level][3], act="prelu"), kept[level])
        for _ in range(2):
            x = n.activate(n.add(x, n.conv(n.depthwise(x, 5), x[3])), "prelu")
        heads.append(x)
    for outs in (2, 6), (36, 108):
        parts = [n.anchors(head, o) for head, o in zip(heads, outs)]
        total = outs[0] * 144 + outs[1] * 576
        width = 1 if outs[0] == 2 else 18
        flat = [n.value(f"reshape({p}, [1, -1, {width}])") for p in parts]
        n.result(f"concat({flat[1]}, {flat[0]}, axis=1)", (1, total // width, width))
    return n


def blaze(zeros, seed):
    n = Net("blaze", 128, 3, zeros, seed)
    x = n.conv(("x", 128, 128, 3), 24, 5, 2, "relu")
    heads = []
    for out, stride in ((24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1), (96, 2),
                        (96, 1), (96, 1), (96, 1), (96, 1)):
        y = n.conv(n.depthwise(x, 5 if stride == 2 else 3, stride), out)
        if stride == 2:
            heads.append(x)
            x = n.add(n.shrink(x, out), y, "relu")
        elif out > x[3]:
            wide = n.value(f"pad({x[0]}, [[0, 0], [0, 0], [0, 0], [0, {out - x[3]}]])")
            x = n.add((wide, x[1], x[2], out), y, "relu")
        else:
            x = n.add(x, y, "relu")
    heads = [heads[-1], x]
    for outs, width in ((2, 6), 1), ((32, 96), 16):
        parts = [n.anchors(head, o) for head, o in zip(heads, outs)]
        flat = [n.value(f"reshape({p}, [1, -1, {width}])") for p in parts]
        n.result(f"concat({flat[0]}, {flat[1]}, axis=1)", (1, (outs[0] * 256 + outs[1] * 64) // width, width))
    return n


def excite(zeros, seed):
    n = Net("excite", 224, 3, zeros, seed)
    x = n.conv(("x", 224, 224, 3), 16, 3, 2, "hard_swish")
    for size, wide, out, excited, act, stride in (
            (3, 16, 16, True, "relu", 2), (3, 72, 24, False, "relu", 2), (3, 88, 24, False, "relu", 1),
            (5, 96, 40, True, "hard_swish", 2), (5, 240, 40, True, "hard_swish", 1), (5, 240, 40, True, "hard_swish", 1),
            (5, 120, 48, True, "hard_swish", 1), (5, 144, 48, True, "hard_swish", 1), (5, 288, 96, True, "hard_swish", 2),
            (5, 576, 96, True, "hard_swish", 1), (5, 576, 96, True, "hard_swish", 1)):
        x = inverted(n, x, out, wide, size, stride, act, excited)
    x = n.conv(x, 576, act="hard_swish")
    flat = n.value(f"mean({x[0]}, axis=[1, 2])")
    hidden = n.linear(flat, 576, 1024)
    hidden = n.value(f"{hidden} * relu6({hidden} + 3.0) / 6.0")
    n.result(n.linear(hidden, 1024, 1000), (1, 1000))
    return n


def resnet(zeros, seed):
    n = Net("resnet", 112, 3, zeros, seed)
    x = n.conv(("x", 112, 112, 3), 32, 3, 2, "relu")
    for out, stride in ((32, 1), (64, 2), (128, 2), (256, 2)):
        y = n.conv(n.conv(x, out, 3, stride, "relu"), out, 3)
        x = n.add(n.conv(x, out, 1, stride) if stride == 2 else x, y, "relu")
        x = n.add(x, n.conv(n.conv(x, out, 3, 1, "relu"), out, 3), "relu")
    flat = n.value(f"mean({x[0]}, axis=[1, 2])")
    n.result(n.linear(flat, 256, 100), (1, 100))
    return n


NETWORKS = {"landmark": landmark, "palm": palm, "blaze": blaze, "excite": excite, "resnet": resnet}


def main():
    options = dict(a[2:].split("=", 1) for a in sys.argv[1:] if a.startswith("--") and "=" in a)
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    if not words or set(options) - {"zeros", "seed"} or set(words[1:]) - set(NETWORKS):
        sys.exit(__doc__)
    os.makedirs(words[0], exist_ok=True)
    for name in words[1:] or NETWORKS:
        NETWORKS[name](float(options.get("zeros", 0.78)), int(options.get("seed", 1))).write(words[0])


if __name__ == "__main__":
    main()
