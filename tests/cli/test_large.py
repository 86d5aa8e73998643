"""Weights of over 2 GB: they compile to a library, and it runs. Takes minutes, 8 GB of memory and 12 GB of disk space, so
it runs only where SPC_TEST_LARGE=1 asks for it: SPC_TEST_LARGE=1 ctest -L large."""
import os
import shutil
import struct
import subprocess
import sys

import kit
import numpy as np

ROWS, COLS, LAYERS = 8192, 16384, 5


class Large(kit.Case):
    def test_over_two_gigabytes(self):
        if shutil.disk_usage(self.dir).free < 12 << 30:
            print("skipped: under 12 GB of disk space")
            sys.exit(77)
        rng = np.random.default_rng(1)
        text = "dim n;\n"
        tensors = []
        for i in range(LAYERS):
            text += f"weight w{i}: f32[{ROWS}, {COLS}] sparse unstructured;\n"
            text += f"layer f{i}(x: f32[n, {COLS}]) -> y: f32[n, {ROWS}] {{ y = linear(x, w{i}); }}\n"
            tensors.append(f"w{i}")
        self.write("big.sdl", text)
        expected = []
        x = rng.integers(-2, 3, (2, COLS)).astype(np.float32)
        size = ROWS * COLS * 4
        header = "{" + ",".join(f'"{n}":{{"dtype":"F32","shape":[{ROWS},{COLS}],"data_offsets":[{i * size},{(i + 1) * size}]}}'
                                for i, n in enumerate(tensors)) + "}"
        header += " " * (-len(header) % 8)
        with open(self.path("big.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header.encode())
            for _ in tensors:
                w = rng.integers(-1, 2, (ROWS, COLS), np.int8).astype(np.float32)
                w[:, rng.random(COLS) < 0.5] = 0  # a third of the elements is not zero
                expected.append(x @ w.T)
                file.write(w.tobytes())
        self.spc_long("big.sdl", "-w", "big.safetensors", "-o", "k.so")
        self.assertGreater(os.path.getsize(self.path("k.so")), 2 << 30)
        self.call(x, expected)

    def spc_long(self, *arguments):
        subprocess.run([kit.SPC, *arguments], cwd=self.dir, env=self.env, check=True, timeout=1500)

    def call(self, x, expected):
        import ctypes
        library = ctypes.CDLL(self.path("k.so"))
        y = np.zeros((2, ROWS), np.float32)
        for i, wanted in enumerate(expected):
            function = getattr(library, f"f{i}")
            status = function(ctypes.c_int64(2), x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p), None)
            self.assertEqual(status, 0)
            np.testing.assert_array_equal(y, wanted)


if __name__ == "__main__":
    if os.environ.get("SPC_TEST_LARGE") != "1":
        print("skipped: set SPC_TEST_LARGE=1 to run it")
        sys.exit(77)
    kit.main()
