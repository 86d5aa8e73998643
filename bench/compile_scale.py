"""compile_scale: time and memory of the spc command against the number of layers, which both are to be linear in.

    /usr/bin/python3 bench/compile_scale.py build/bin/spc [--layers=1,10,100,1000] [--forms=chain,apart,shapes]

Each row is one run of `spc model.sdl -w model.safetensors --cache=none -o kernels.so` on 2:4 weights that are random and
all different, small, so that compiling is what takes the time. Forms:
    chain   one SDL layer of N linear + relu, all [64, 64]: equal kernels are to be compiled once
    apart   N SDL layers of one linear + relu each, all [64, 64]: the same, and N functions
    shapes  as apart, with another shape for every layer: nothing is equal
Columns: seconds of processor time (a shared machine's wall clock tells more about its other tenants), milliseconds per
layer, peak memory, distinct kernels in the library, where a kernel has a variant for small batches. Needs NumPy.
"""
import json
import os
import struct
import sys
import tempfile

import numpy as np


def shape_of(form, i):
    """Of layer i. Multiples of 4 for 2:4; a different pair for every i."""
    return (4 * (i % 32 + 1), 4 * (i // 32 + 1)) if form == "shapes" else (64, 64)


def write_model(path, form, count):
    lines = ["dim batch;"]
    for i in range(count):
        rows, cols = shape_of(form, i)
        lines.append(f"weight w{i}: f32[{rows}, {cols}] sparse 2:4;")
    if form == "chain":
        lines.append("layer net(x: f32[batch, 64]) -> y: f32[batch, 64] {")
        for i in range(count):
            lines.append(f"    {'y' if i == count - 1 else f'a{i}'} = relu(linear({f'a{i - 1}' if i else 'x'}, w{i}));")
        lines.append("}")
    else:
        for i in range(count):
            rows, cols = shape_of(form, i)
            lines.append(f"layer f{i}(x: f32[batch, {cols}]) -> y: f32[batch, {rows}] {{ y = relu(linear(x, w{i})); }}")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def write_weights(path, form, count):
    rng = np.random.default_rng(1)
    header, blobs, at = {}, [], 0
    for i in range(count):
        rows, cols = shape_of(form, i)
        weight = rng.standard_normal((rows, cols // 4, 4), np.float32)
        np.put_along_axis(weight, rng.permuted(np.tile(np.arange(4), (rows, cols // 4, 1)), axis=2)[..., :2], 0, axis=2)
        header[f"w{i}"] = {"dtype": "F32", "shape": [rows, cols], "data_offsets": [at, at + weight.nbytes]}
        at += weight.nbytes
        blobs.append(weight.tobytes())
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for blob in blobs:
            file.write(blob)


def run(command):
    """Seconds of processor time and the largest resident set in MiB, of the child and the linker that it starts."""
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def distinct_kernels(spc, folder):
    listing = os.path.join(folder, "kernels.ir")
    run([spc, f"{folder}/model.sdl", "-w", f"{folder}/model.safetensors", "--emit=kernel", "-o", listing])
    with open(listing) as file:
        return sum(line.startswith("kernel ") for line in file)


def main():
    options = dict(argument[2:].split("=", 1) for argument in sys.argv[1:] if argument.startswith("--") and "=" in argument)
    operands = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if len(operands) != 1 or options.keys() - {"layers", "forms"}:
        sys.exit(__doc__)
    spc = os.path.abspath(operands[0])
    print(f"{'form':8}{'layers':>8}{'seconds':>10}{'ms/layer':>10}{'peak MiB':>10}{'kernels':>9}")
    for form in options.get("forms", "chain,apart,shapes").split(","):
        for count in map(int, options.get("layers", "1,10,100,1000").split(",")):
            with tempfile.TemporaryDirectory(prefix="spc-scale-") as folder:
                write_model(f"{folder}/model.sdl", form, count)
                write_weights(f"{folder}/model.safetensors", form, count)
                seconds, peak = run([spc, f"{folder}/model.sdl", "-w", f"{folder}/model.safetensors", "--cache=none", "-o",
                                     f"{folder}/kernels.so"])
                kernels = distinct_kernels(spc, folder)
            print(f"{form:8}{count:8}{seconds:10.3f}{1e3 * seconds / count:10.2f}{peak:10.1f}{kernels:9}", flush=True)


if __name__ == "__main__":
    main()
