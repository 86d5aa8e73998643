"""Real networks with answers that others published or computed; needs the data sets of SPC_DATA_DIR."""
import os
import subprocess
import sys

import kit
import numpy as np

DATA = os.environ.get("SPC_DATA_DIR", "")


class Data(kit.Case):
    def test_graph_convolution(self):
        """Two-layer graph convolution over Cora: logits by SciPy in f64, accuracy 0.802 on the test set."""
        folder = os.path.join(DATA, "gnn_cora")
        self.spc("run", f"{folder}/cora.sdl", "-w", f"{folder}/cora.safetensors", "--in", f"w1={folder}/w1.npy",
                 "--in", f"w2={folder}/w2.npy", "--out", "logits=logits.npy")
        logits = np.load(self.path("logits.npy"))
        expected = np.load(f"{folder}/logits.npy")
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
        test, labels = np.load(f"{folder}/test_index.npy"), np.load(f"{folder}/labels.npy")
        if labels.ndim == 2:
            labels = labels.argmax(1)
        self.assertAlmostEqual((logits[test].argmax(1) == labels[test]).mean(), 0.802, places=3)

    def test_graph_challenge(self):
        """120 sparse layers: the categories that are still active are the published ones."""
        folder = os.path.join(DATA, "graphchallenge_1024")
        self.spc("run", f"{folder}/gc1024.sdl", "-w", f"{folder}/gc1024.safetensors", "--in", f"x={folder}/images.npy",
                 "--out", "y=y.npy", *([] if "(" in kit.VERSION else ["--backend=interp"]))
        active = np.flatnonzero(np.load(self.path("y.npy")).sum(1) > 0)
        np.testing.assert_array_equal(active, np.load(f"{folder}/categories.npy").ravel())


    def test_graph_challenge_from_c(self):
        """The same through kernels.h, without any library of spc."""
        folder = os.path.join(DATA, "graphchallenge_1024")
        if "(" not in kit.VERSION:
            self.skipTest("no code generator")
        np.load(f"{folder}/images.npy").tofile(self.path("x.bin"))
        self.spc(f"{folder}/gc1024.sdl", "-w", f"{folder}/gc1024.safetensors", "-o", "gc.so")
        with open(self.path("host.c"), "w") as f:
            f.write("""
#include "gc.h"
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    enum { N = 1200, WIDTH = 1024 };
    float *x = malloc(sizeof(float) * N * WIDTH), *y = malloc(sizeof(float) * N * WIDTH);
    FILE *f = fopen("x.bin", "rb");
    if (!f || fread(x, sizeof(float), N * WIDTH, f) != N * WIDTH || infer(N, x, y, NULL)) return 1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < WIDTH; j++)
            if (y[i * WIDTH + j] != 0) { printf("%d\\n", i); break; }
    return 0;
}
""")
        folder_here = self.path(".")
        subprocess.run(["cc", "-Wall", "-Werror", "host.c", "./gc.so", "-Wl,-rpath,$ORIGIN", "-o", "host"], cwd=folder_here,
                       check=True)
        host = subprocess.run(["./host"], cwd=folder_here, check=True, capture_output=True, text=True)
        active = [int(line) for line in host.stdout.split()]
        np.testing.assert_array_equal(active, np.load(f"{folder}/categories.npy").ravel())


if __name__ == "__main__":
    if not os.path.isdir(os.path.join(DATA, "gnn_cora")) or not os.path.isdir(os.path.join(DATA, "graphchallenge_1024")):
        print(f"skipped: no data sets in SPC_DATA_DIR={DATA}")
        sys.exit(77)
    kit.main()
