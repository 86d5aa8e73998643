"""spc explain on real layers: the digits example, the Graph Challenge, a DLMC shape at 50 % and N = 512, a dense layer.

explained/NAME.txt holds the text as it was printed, to be read by people; BLESS=1 writes it anew. What the planner decides
(figures of its model, plans, storages) changes whenever it is calibrated and has tests of its own, so it is
compared only for where it stands: numbers as #, and of the lines about plans and storages that there are some."""
import os
import re

import kit
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE, DATA = os.environ["SPC_SOURCE"], os.environ.get("SPC_DATA_DIR", "")
CPU = ("--cpu=znver4", "--backend=interp")
PLANNED = re.compile(r"^( {6,}\S|    (machine|cost|plan) )")


def shape_of(text):
    """The text without what the planner decides; see above."""
    lines = []
    for line in text.split("\ncode by")[0].splitlines():
        if PLANNED.match(line):
            line = "(planned)"
        elif re.match(r"^    +\S.* \d+\.\d\dx +", line) or re.match(r"^    \S+ +(-|[\d.]+ [num]?s) ", line):
            line = "(figures)"
        elif line.startswith(("    weights:", "  scratch", "          ")):
            line = re.sub(r"[\d.]+ ?([KMGT]?B|%)", "#", line).partition(";")[0] if line.startswith("    weights") else "(scratch)"
        if not (lines and lines[-1] == line and line.startswith("(")):
            lines.append(line)
    return "\n".join(lines) + "\n"


class Explain(kit.Case):
    def compare(self, name, *arguments):
        text = self.spc("explain", *arguments, *CPU)
        path = os.path.join(HERE, "explained", name + ".txt")
        if os.environ.get("BLESS"):
            with open(path, "w") as file:
                file.write(text.split("\ncode by")[0].rstrip("\n") + "\n")
        with open(path) as file:
            self.assertEqual(shape_of(text), shape_of(file.read()))
        self.check_figures(text)
        self.assertEqual(text, self.spc("explain", *arguments, *CPU))  # the same in every run
        return text

    def check_figures(self, text):
        """What must hold of any plan: gains are quotients of the times beside them, no NaN, no empty choice."""
        self.assertNotRegex(text, r"(?i)\b(nan|inf)\b")
        unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
        rows = re.findall(r"^ +\S+ +([\d.]+) ([num]?s) +([\d.]+) ([num]?s) +([\d.]+)x ", text, re.M)
        self.assertTrue(rows)
        for chosen, a, dense, b, gain in rows:
            quotient = float(dense) * unit[b] / (float(chosen) * unit[a])
            self.assertAlmostEqual(float(gain) / quotient, 1, delta=0.02 + 0.006 / float(gain))

    def test_digits(self):
        folder = os.path.join(SOURCE, "examples", "digits")
        weights = [w for kind in ("dense", "unstructured", "nm", "block") for w in ("-w", os.path.join(folder, kind + ".safetensors"))]
        text = self.compare("digits", os.path.join(folder, "digits.sdl"), *weights, "--dim=batch=1,64")
        for part in ("1055 of 65536 elements", "2:4; ", "block(8, 4); ", "unstructured; ", "blocks hold non-zeros"):
            self.assertIn(part, text)

    def test_graph_challenge(self):
        folder = os.path.join(DATA, "graphchallenge_1024")
        if not os.path.exists(os.path.join(folder, "gc1024.sdl")):
            self.skipTest(f"{folder} is not there")
        text = self.compare("graph_challenge", os.path.join(folder, "gc1024.sdl"), "-w", os.path.join(folder, "gc1024.safetensors"), "--dim=n=1200")
        self.assertIn("120 kernels, 1 different one", text)
        self.assertIn("weight w1 and 29 like it", text)
        self.assertLess(len(text.splitlines()), 60)

    def half_of_dlmc(self):
        """The shape of a Transformer's first feed-forward layer in DLMC, every second element by a hash of its place."""
        place = np.arange(2048 * 512, dtype=np.uint64).reshape(2048, 512)
        kept = (place * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) % np.uint64(2) == 0
        np.save(self.path("w.npy"), np.where(kept, 1, 0).astype(np.float32))

    def test_dlmc_at_half(self):
        self.half_of_dlmc()
        self.write("dlmc.sdl", "dim n;\nweight w: f32[2048, 512] sparse unstructured;\nlayer ffn(x: f32[512, n]) -> y: f32[2048, n] { y = matmul(w, x); }\n")
        text = self.compare("dlmc_half", "dlmc.sdl", "-w", "w=w.npy", "--dim=n=512")
        self.assertIn("unstructured; ", text)
        self.assertIn("pays below", text)

    def test_dense_layer(self):
        np.save(self.path("w.npy"), np.ones((256, 512), np.float32))
        self.write("dense.sdl", "dim batch;\nweight w: f32[256, 512];\nlayer fc(x: f32[batch, 512]) -> y: f32[batch, 256] { y = relu(linear(x, w)); }\n")
        text = self.compare("dense", "dense.sdl", "-w", "w=w.npy", "--dim=batch=1,128")
        self.assertIn("no sparse kernel", text)
        self.assertIn("0 of 131072 elements (0.0 %) are zero", text)

    def test_dense_with_zeros_gets_a_hint(self):
        w = np.zeros((64, 64), np.float32)
        w[::3] = 1
        np.save(self.path("w.npy"), w)
        self.write("m.sdl", "dim batch;\nweight w: f32[64, 64];\nlayer fc(x: f32[batch, 64]) -> y: f32[batch, 64] { y = linear(x, w); }\n")
        self.assertIn("sparse unstructured", self.spc("explain", "m.sdl", "-w", "w=w.npy", *CPU))

    def test_why_dense_by_hand(self):
        self.half_of_dlmc()
        self.write("m.sdl", "dim n;\nweight w: f32[2048, 512] sparse unstructured;\nlayer f(x: f32[512, n]) -> y: f32[2048, n] { y = matmul(w, x); }\n")
        text = self.spc("explain", "m.sdl", "-w", "w=w.npy", "--plan=@f.0 store=dense:4", *CPU)
        self.assertIn("dense because the plan of the user says so", text)
        self.assertIn("(the best sparse one)", text)

    def test_late_bound(self):
        self.write("m.sdl", "dim n;\nweight w: f32[64, 64] sparse unstructured(density=0.2);\nlayer f(x: f32[64, n]) -> y: f32[64, n] { y = matmul(w, x); }\n")
        text = self.spc("explain", "m.sdl", *CPU)
        self.assertIn("density, row lengths and bytes are missing; the planner counts on density 0.2 by the hint", text)

    def test_dims(self):
        self.write("m.sdl", "dim n = 8..64 step 8;\ndim m;\nweight w: f32[64, 64];\nlayer f(x: f32[64, n]) -> y: f32[64, n] { y = matmul(w, x); }\n"
                            "layer g(x: f32[64, m]) -> y: f32[64, m] { y = matmul(w, x); }\nlayer fixed(x: f32[64, 5]) -> y: f32[64, 5] { y = matmul(w, x); }\n"
                            "layer other(x: f32[n]) -> y: f32[n] { y = exp(x); }\n")
        text = self.spc("explain", "m.sdl", *CPU)
        for part in ("n=8 ", "n=32 ", "n=64 ", "m=512 ", "its size", "multiplies by no weight"):
            self.assertIn(part, text)
        self.assertNotIn("n=512", text)
        self.assertIn("m=7 ", self.spc("explain", "m.sdl", "--dim=m=7", "--dim=n=16", *CPU))

    def test_budget(self):
        """Storages beyond the budget are left out and named; what is no number is refused."""
        self.write("b.sdl", "dim n; weight w: f32[1024, 512] sparse unstructured(density=0.4);\n"
                            "layer f(x: f32[n, 512]) -> y: f32[n, 1024] { y = linear(x, w); }\n")
        stores = lambda text: set(re.findall(r"^ +(?:when \S+|else): store=(\S+)", text, re.M))
        free = stores(self.spc("explain", "b.sdl", "--budget=0", *CPU))
        self.assertGreater(len(free), 1)
        tight = self.spc("explain", "b.sdl", "--budget=0.1", *CPU)
        self.assertIn("take over 0.1 times the dense bytes (--budget): ", tight)
        self.assertLessEqual(len(stores(tight)), 1)
        self.assertNotIn("left out", self.spc("explain", "b.sdl", "--budget=50", *CPU))
        self.spc("explain", "b.sdl", "--budget=half", status=2)
        self.assertIn('"half" is no number of times', self.err)



if __name__ == "__main__":
    kit.main()
