"""kit: what the tests of the command share: a folder per test, running the command, writing weights files.

Needs NumPy; without it the tests are skipped, saying so (exit status 77)."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    print("skipped: these tests need NumPy")
    sys.exit(77)

SPC = os.environ["SPC"]
# The tests of compiled code skip, saying so, where no code generator is built in.
VERSION = subprocess.run([SPC, "--version"], capture_output=True, text=True).stdout
needs_compiler = unittest.skipUnless("(" in VERSION, "no code generator is built in")
# Libraries with a sanitizer in them link only into programs that have it, too, which a host's compiler knows nothing of.
sanitized = b"__asan_init" in open(SPC, "rb").read() or b"__tsan_init" in open(SPC, "rb").read()
needs_plain_libraries = unittest.skipIf(sanitized, "built with a sanitizer")
NAMES = {"float32": "F32", "float16": "F16", "float64": "F64", "int8": "I8", "uint8": "U8", "int32": "I32", "int64": "I64",
         "uint16": "BF16", "bool": "BOOL"}

FFN = """dim batch;
const d = 24, h = 40;
weight w1: f32[h, d] sparse unstructured;
weight b1: f32[h];
weight w2: f32[d, h] sparse 2:4 from "fc2.weight";
layer ffn(x: f32[batch, d]) -> y: f32[batch, d] {
    a = relu(linear(x, w1, b1));
    y = x + linear(a, w2);
}
"""


def write_safetensors(path, tensors):
    """tensors: name -> array; uint16 arrays are written as BF16."""
    header, blobs, at = {}, [], 0
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        header[name] = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
        blobs.append(array.tobytes())
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for blob in blobs:
            file.write(blob)


def sparse(rng, rows, cols, density):
    """Whole numbers, so that every sum of f32 is exact."""
    values = rng.integers(1, 4, (rows, cols)) * rng.choice([-1, 1], (rows, cols))
    return (values * (rng.random((rows, cols)) < density)).astype(np.float32)


def two_in_four(rng, rows, cols):
    matrix = sparse(rng, rows, cols, 1.0)
    for row in range(rows):
        for group in range(0, cols, 4):
            matrix[row, group + rng.permutation(4)[:2]] = 0
    return matrix


def ffn_weights(seed=1):
    rng = np.random.default_rng(seed)
    return {"w1": sparse(rng, 40, 24, 0.3), "b1": rng.integers(-3, 4, 40).astype(np.float32), "fc2.weight": two_in_four(rng, 24, 40)}


def ffn_expected(w, x):
    return x + np.maximum(x @ w["w1"].T + w["b1"], 0) @ w["fc2.weight"].T


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="spc-test-")
        self.dir = self.folder.name
        self.env = dict(os.environ, XDG_CACHE_HOME=self.path("cache"), LC_ALL="C")

    def tearDown(self):
        self.folder.cleanup()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def ffn(self):
        """The example with its weights, as files; returns the weights."""
        weights = ffn_weights()
        self.write("ffn.sdl", FFN)
        write_safetensors(self.path("ffn.safetensors"), weights)
        return weights

    def spc(self, *arguments, status=0, stdin=None, env=None):
        done = subprocess.run([SPC, *arguments], cwd=self.dir, env=env or self.env, input=stdin, capture_output=True, timeout=120)
        self.out, self.err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        self.raw = done.stdout
        self.assertEqual(done.returncode, status, f"spc {' '.join(arguments)}\n{self.err}")
        return self.out

    def bytes_of(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def files(self):
        """All there is in the folder, but for the cache."""
        return sorted(name for name in os.listdir(self.dir) if name != "cache")

    def assertSays(self, *parts):
        for part in parts:
            self.assertIn(part, self.err)


def main():
    unittest.main(verbosity=1)
