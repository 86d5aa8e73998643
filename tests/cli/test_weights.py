"""Weights from every kind of file, and libraries whose weights are bound when they are loaded."""
import ctypes
import os
import subprocess

import kit
import numpy as np

MODEL = """dim n;
weight w: f32[3, 4] sparse unstructured;
layer f(x: f32[n, 4]) -> y: f32[n, 3] { y = linear(x, w); }
"""

HOST = r"""
#include <spc/spc_rt.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    float x[3 * 24], y[3 * 24];
    spc_tensor in = {x, SPC_F32, 2, {3, 24}}, out = {y, SPC_F32, 2, {3, 24}};
    spc_module *m;
    spc_status status = spc_module_open(argv[1], &m);
    for (int i = 2; i < argc && !status; i++) status = spc_module_bind_file(m, argv[i]);
    for (int i = 0; i < 3 * 24; i++) x[i] = (float)(i % 7 - 3);
    if (!status) status = spc_run(m, "ffn", &in, 1, &out, 1, NULL);
    if (status) fprintf(stderr, "%s\n", spc_module_error(m));
    for (int i = 0; i < 3 * 24 && !status; i++) printf("%.9g\n", (double)y[i]);
    spc_module_free(m);
    return (int)status;
}
"""


class Files(kit.Case):
    def result(self, *weights):
        """The weights as f sees them: x is the unit matrix."""
        self.write("m.sdl", MODEL)
        np.save(self.path("x.npy"), np.eye(4, dtype=np.float32))
        self.spc("run", "m.sdl", *weights, "--in", "x=x.npy", "--out", "y=y.npy")
        return np.load(self.path("y.npy")).T

    def test_matrix_market(self):
        self.write("w.mtx", "%%MatrixMarket matrix coordinate real general\n3 4 2\n3 1 -2.5\n1 4 7\n")
        np.testing.assert_array_equal(self.result("-w", "w=w.mtx"), [[0, 0, 0, 7], [0, 0, 0, 0], [-2.5, 0, 0, 0]])
        self.write("w.mtx", "%%MatrixMarket matrix array integer general\n3 4\n" + "".join(f"{i}\n" for i in range(12)))
        np.testing.assert_array_equal(self.result("-w", "w=w.mtx"), np.arange(12).reshape(4, 3).T)

    def test_dlmc_and_seed(self):
        self.write("w.smtx", "3, 4, 3\n0 2 2 3 \n1 3 0\n")
        pattern = np.array([[0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]], np.float32)
        np.testing.assert_array_equal(self.result("-w", "w=w.smtx"), pattern)
        random = self.result("-w", "w=w.smtx", "--seed", "5")
        np.testing.assert_array_equal(random != 0, pattern != 0)
        self.assertTrue((np.abs(random[pattern != 0]) <= 1).all() and (random != pattern).any())
        np.testing.assert_array_equal(self.result("-w", "w=w.smtx", "--seed=5", "--backend=reference"), random)
        self.assertTrue((self.result("-w", "w=w.smtx", "--seed=6") != random).any())
        self.spc("check", "m.sdl", "-w", "w=w.smtx", "--seed=7")
        self.spc("check", "m.sdl", "-w", "w=w.smtx", "--seed=x", status=2)

    def test_wrong_files(self):
        self.write("m.sdl", MODEL)
        self.write("w.mtx", "%%MatrixMarket matrix coordinate real general\n3 4 2\n3 1 1\n3 1 2\n")
        self.spc("m.sdl", "-w", "w=w.mtx", "-o", "k.so", status=1)
        self.assertEqual(self.err, "w.mtx:4:1: error: row 3, column 1 is given again, after line 3\n")
        self.write("w.smtx", "4, 3, 0\n0 0 0 0 0\n\n")
        self.spc("m.sdl", "-w", "w=w.smtx", "-o", "k.so", status=1)
        self.assertSays("w.smtx: w: error: it is pattern[4, 3], but weight 'w' is declared f32[3, 4]")
        self.spc("m.sdl", "-w", "w.smtx", "-o", "k.so", status=2)
        self.spc("m.sdl", "-w", "w=none.mtx", "-o", "k.so", status=3)
        self.assertEqual(self.files(), ["m.sdl", "w.mtx", "w.smtx"])


@kit.needs_plain_libraries
class Late(kit.Case):
    def host(self, *arguments, status=0):
        if not os.path.exists(self.path("host")):
            self.write("host.c", HOST)
            include, library = os.path.join(os.environ["SPC_SOURCE"], "include"), os.environ["SPC_RT_LIB"]
            subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", f"-I{include}", "host.c", library,
                            f"-Wl,-rpath,{os.path.dirname(library)}", "-o", "host"], cwd=self.dir, check=True)
        done = subprocess.run(["./host", *arguments], cwd=self.dir, capture_output=True, text=True)
        self.err = done.stderr
        self.assertEqual(done.returncode, status, self.err)
        return done.stdout

    @kit.needs_compiler
    def test_as_embedded_bit_for_bit(self):
        weights = self.ffn()
        self.spc("ffn.sdl", "-o", "late.so")
        self.assertIn("called directly it returns SPC_E_ARG", self.bytes_of("late.h").decode())
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "whole.so")
        text = self.host("late.so", "ffn.safetensors")
        self.assertEqual(text, self.host("whole.so"))
        x = np.array([i % 7 - 3 for i in range(72)], np.float32).reshape(3, 24)
        np.testing.assert_array_equal(np.array(text.split(), np.float64), kit.ffn_expected(weights, x).ravel())
        self.assertLess(os.path.getsize(self.path("late.so")), os.path.getsize(self.path("whole.so")))

    @kit.needs_compiler
    def test_what_is_refused(self):
        weights = self.ffn()
        self.spc("ffn.sdl", "-o", "late.so")
        self.host("late.so", status=1)
        self.assertSays('w1 (tensor "w1")', 'w2 (tensor "fc2.weight")', 'b1 (tensor "b1")')
        self.host("late.so", "none.safetensors", status=3)
        weights["fc2.weight"][1, :4] = 1
        kit.write_safetensors(self.path("bad.safetensors"), weights)
        self.host("late.so", "bad.safetensors", status=4)
        self.assertSays("bad.safetensors: fc2.weight[1, 2]: error: 1 breaks the pattern 2:4")
        self.spc("ffn.sdl", "-w", "bad.safetensors", "-o", "k.so", status=1) # the same words
        self.assertSays("bad.safetensors: fc2.weight[1, 2]: error: 1 breaks the pattern 2:4")

    @kit.needs_compiler
    def test_direct_calls(self):
        self.ffn()
        self.spc("ffn.sdl", "-o", "late.so")
        x, y = np.zeros((1, 24), np.float32), np.zeros((1, 24), np.float32)
        function = ctypes.CDLL(self.path("late.so")).ffn
        self.assertEqual(function(ctypes.c_int64(1), *(v.ctypes.data_as(ctypes.c_void_p) for v in (x, y)), None), 1)

    @kit.needs_compiler
    def test_same_bytes_twice(self):
        self.ffn()
        self.spc("ffn.sdl", "-o", "late.so", "--cache=none")
        first = self.bytes_of("late.so")
        self.spc("ffn.sdl", "-o", "late.so")
        self.assertEqual(first, self.bytes_of("late.so"))


if __name__ == "__main__":
    kit.main()
