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

    def check_faces(self):
        """output0.npy and output1.npy against the float64 reference."""
        for i in (0, 1):
            expected = np.load(os.path.join(DATA, "face_detector", f"output{i}.npy"))
            np.testing.assert_allclose(np.load(self.path(f"output{i}.npy")).reshape(expected.shape), expected, rtol=0,
                                       atol=1e-4 * np.abs(expected).max())

    def test_face_detector(self):
        """A pruned convolutional network of 160 operations, by everything that can run it."""
        folder = os.path.join(DATA, "face_detector")
        built = [name for name in ("llvm", "gccjit") if f"{name} (" in kit.VERSION]
        for backend in ["reference", "interp"] + built:
            with self.subTest(backend=backend):
                self.spc("run", f"{folder}/face_detector.sdl", "-w", f"{folder}/face_detector.safetensors", "--in",
                         f"image={folder}/image.npy", "--out", "output0=output0.npy", "--out", "output1=output1.npy",
                         f"--backend={backend}")
                self.check_faces()

    @kit.needs_compiler
    def test_face_detector_from_c(self):
        """The same through kernels.h; on two tasks at a time, without any library of spc."""
        folder = os.path.join(DATA, "face_detector")
        np.load(f"{folder}/image.npy").tofile(self.path("image.bin"))
        self.spc(f"{folder}/face_detector.sdl", "-w", f"{folder}/face_detector.safetensors", "-o", "face.so")
        with open(self.path("host.c"), "w") as f:
            f.write("""
#include "face.h"
#include <stdio.h>
static float image[192 * 192 * 3], boxes[2304 * 16], scores[2304];
static void backwards(void *ctx, void (*task)(void *, size_t), void *arg, size_t tasks)
{
    (void)ctx;
    while (tasks--) task(arg, tasks);
}
int main(void)
{
    spc_exec exec = {.size = sizeof exec, .parallel_for = backwards, .threads = 2};
    FILE *in = fopen("image.bin", "rb"), *out = fopen("out.bin", "wb");
    if (!in || !out || fread(image, sizeof image, 1, in) != 1 || detect(image, boxes, scores, &exec)) return 1;
    fwrite(boxes, sizeof boxes, 1, out);
    fwrite(scores, sizeof scores, 1, out);
    return fclose(out);
}
""")
        here = self.path(".")
        subprocess.run(["cc", "-Wall", "-Werror", "host.c", "./face.so", "-Wl,-rpath,$ORIGIN", "-o", "host"], cwd=here,
                       check=True)
        subprocess.run(["./host"], cwd=here, check=True)
        out = np.fromfile(self.path("out.bin"), np.float32)
        np.save(self.path("output0.npy"), out[:2304 * 16])
        np.save(self.path("output1.npy"), out[2304 * 16:])
        self.check_faces()


if __name__ == "__main__":
    if not all(os.path.isdir(os.path.join(DATA, name)) for name in ("gnn_cora", "graphchallenge_1024", "face_detector")):
        print(f"skipped: no data sets in SPC_DATA_DIR={DATA}")
        sys.exit(77)
    kit.main()
