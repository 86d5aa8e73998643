"""Wrong programs and data (1), a world that does not play along (3): what is said, and that nothing is left behind."""
import os
import signal
import subprocess
import time

import kit
import numpy as np


class Failures(kit.Case):
    def compile(self, status, *more):
        before = self.files()
        self.spc("ffn.sdl", "-o", "k.so", *more, status=status)
        self.assertEqual(self.files(), before)

    def test_missing_model(self):
        self.spc("none.sdl", "-o", "k.so", status=3)
        self.assertSays("none.sdl: error:")

    def test_wrong_program(self):
        self.write("bad.sdl", "dim n;\nlayer f(x: f32[n]) -> y: f32[n] {\n    y = relu(z);\n}\n")
        self.spc("bad.sdl", "-o", "k.so", status=1)
        self.assertSays("bad.sdl:3:14: error:", "^")
        self.assertEqual(self.files(), ["bad.sdl"])

    def test_empty_program(self):
        self.write("bad.sdl", "")
        self.spc("bad.sdl", "-o", "k.so", status=1)

    def test_missing_tensors_are_all_named(self):
        weights = self.ffn()
        kit.write_safetensors(self.path("part.safetensors"), {"b1": weights["b1"]})
        self.compile(1, "-w", "part.safetensors")
        self.assertSays("ffn.sdl:3:", "ffn.sdl:5:", "fc2.weight")

    def test_wrong_shape(self):
        weights = self.ffn()
        weights["w1"] = weights["w1"][:, :20]
        kit.write_safetensors(self.path("w.safetensors"), weights)
        self.compile(1, "-w", "w.safetensors")
        self.assertSays("w.safetensors: w1: error:", "20", "24")

    def test_found_twice(self):
        weights = self.ffn()
        kit.write_safetensors(self.path("w.safetensors"), {"b1": weights["b1"]})
        self.compile(1, "-w", "ffn.safetensors", "-w", "w.safetensors")
        self.assertSays("w.safetensors: b1: error:", "twice", "ffn.safetensors")

    def test_contract_violation_has_coordinates(self):
        weights = self.ffn()
        w2 = weights["fc2.weight"]
        w2[:] = 0
        w2[5, 8:11] = 2.5
        w2[7, 0:4] = 1
        kit.write_safetensors(self.path("w.safetensors"), weights)
        self.compile(1, "-w", "w.safetensors")
        self.assertSays("w.safetensors: fc2.weight[5, 10]: error:", "2.5", "3")

    def test_broken_safetensors(self):
        self.ffn()
        with open(self.path("w.safetensors"), "wb") as file:
            file.write(b"\xff" * 64)
        self.compile(1, "-w", "w.safetensors")
        self.assertSays("w.safetensors: error: ")
        self.assertEqual(self.err.count("error:"), 1)

    def test_other_files_in_place_of_safetensors(self):
        self.ffn()
        for begin, says in ((b"PK\3\4\x14\0\x08\x08", "a ZIP archive, as torch.save"), (b"\x80\2\x8a\nl\xfc\x9cF", "a Python pickle"),
                            (b"\x93NUMPY\1\0v\0", "a NumPy array"), (b"version https://git-lfs", "a pointer that Git LFS left")):
            with open(self.path("model.pt"), "wb") as file:
                file.write(begin + b"x" * 64)
            self.compile(1, "-w", "model.pt")
            self.assertSays("model.pt: error: not a safetensors file but " + says)

    def test_missing_tensor_and_those_of_its_shape(self):
        weights = self.ffn()
        weights["layers.0.weight"] = weights.pop("w1")
        kit.write_safetensors(self.path("w.safetensors"), weights)
        self.compile(1, "-w", "w.safetensors")
        self.assertSays('tensor "w1" is in none', 'they have "layers.0.weight" of its shape: name the tensor with from')
        self.assertNotIn("fc2", self.err)

    def test_plan_that_fits_no_kernel(self):
        self.ffn()
        for line, says in (("@fnn.0 store=csr", "no layer 'fnn'"), ("@ffn.7 store=csr", "layer 'ffn' has no kernel 7: it has 2")):
            self.spc("ffn.sdl", "-w", "ffn.safetensors", "--emit=kernel", "--plan", f"@*.* unroll=2\n{line}")
            self.assertSays("<plan>:2:1: warning: " + says)

    def test_check_without_memory(self):
        self.ffn()
        env = dict(self.env, ASAN_OPTIONS="allocator_may_return_null=1", TSAN_OPTIONS="allocator_may_return_null=1") # where sanitizers are built in
        self.spc("check", "ffn.sdl", "-w", "ffn.safetensors", "--dim=batch=1000000000000000", status=3, env=env)
        self.assertSays("no memory for the inputs and results")

    def test_missing_weights_file(self):
        self.ffn()
        self.compile(3, "-w", "none.safetensors")
        self.assertSays("none.safetensors")

    def test_running_needs_weights(self):
        """Only what is compiled may leave its weights to whoever loads it."""
        self.ffn()
        np.save(self.path("x.npy"), np.zeros((1, 24), np.float32))
        for command in (("run", "ffn.sdl", "--in", "x=x.npy"), ("check", "ffn.sdl")):
            self.spc(*command, status=1)
            self.assertSays("ffn.sdl:3:8: error: no data for weight", "ffn.sdl:5:8: error: no data for weight")

    @kit.needs_compiler
    def test_layer_named_like_libc(self):
        text = "dim n;\nlayer exp(x: f32[n]) -> y: f32[n] { y = relu(x); }\n"
        self.write("e.sdl", text)
        self.spc("e.sdl", "-o", "k.so", status=1)
        self.assertSays("e.sdl:2:", "--prefix")
        self.assertEqual(self.files(), ["e.sdl"])
        self.spc("e.sdl", "-o", "k.so", "--prefix=net_")
        self.write("c.sdl", text.replace("exp", "while"))
        self.spc("c.sdl", "--emit=header", status=1)

    @kit.needs_compiler
    def test_unwritable_output(self):
        self.ffn()
        given = ("ffn.sdl", "-w", "ffn.safetensors")
        before = self.files()
        self.spc(*given, "-o", "none/k.so", status=3)
        self.assertSays("none/k.so: error:")
        os.mkdir(self.path("k.so"))
        self.spc(*given, "-o", "k.so", status=3)
        os.rmdir(self.path("k.so"))
        self.assertEqual(self.files(), before)

    @kit.needs_compiler
    def test_header_cannot_be_put_in_place(self):
        """Both or neither: a folder stands where the header should."""
        self.ffn()
        os.mkdir(self.path("k.h"))
        before = self.files()
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "k.so", status=3)
        self.assertEqual(self.files(), before)

    @kit.needs_compiler
    def test_outputs_that_clash(self):
        self.ffn()
        given = ("ffn.sdl", "-w", "ffn.safetensors")
        before = self.files()
        for output, more in (("ffn.sdl", ()), ("ffn.safetensors", ()), ("k.h", ()), ("k.so", ("-MF", "k.so")), ("k.so", ("-MF", "k.h"))):
            self.spc(*given, "-o", output, *more, status=2)
            self.assertEqual(self.files(), before)
        self.spc(*given, "--emit=graph", "-o", "ffn.sdl", status=2)
        self.assertSays("replace an input")

    @kit.needs_compiler
    def test_full_device(self):
        self.ffn()
        for kind in ("header", "kernel", "so"):
            self.spc("ffn.sdl", "-w", "ffn.safetensors", f"--emit={kind}", "-o", "/dev/full", status=3)
            self.assertSays("No space left")
        with open("/dev/full", "w") as full:
            done = subprocess.run([kit.SPC, "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 3)

    def test_memory_limit(self):
        self.ffn()
        self.compile(3, "-w", "ffn.safetensors", "--memory=20K")
        self.assertSays("memory")

    def test_results_all_or_none(self):
        self.write("two.sdl", "dim n;\nlayer f(x: f32[n]) -> (a: f32[n], b: f32[n]) { a = x + x; b = relu(x); }\n")
        np.save(self.path("x.npy"), np.arange(4, dtype=np.float32))
        before = self.files()
        self.spc("run", "two.sdl", "--in", "x=x.npy", "--out", "a=a.npy", "--out", "b=none/b.npy", status=3)
        self.assertEqual(self.files(), before)

    def test_wrong_inputs(self):
        self.ffn()
        given = ("run", "ffn.sdl", "-w", "ffn.safetensors", "--out", "y=y.npy", "--in", "x=x.npy")
        before = self.files() + ["x.npy"]
        for array, says in ((np.zeros((2, 24)), "f64"), (np.zeros((2, 23), np.float32), "23"), (np.zeros(24, np.float32), "f32[24]")):
            np.save(self.path("x.npy"), array)
            self.spc(*given, status=1)
            self.assertSays(says)
        self.write("x.npy", "not an array")
        self.spc(*given, status=1)
        self.spc(*given[:-1], "x=none.npy", status=3)
        self.assertEqual(self.files(), sorted(before))

    def test_dim_outside_contract(self):
        self.write("c.sdl", "dim n = 4..8 step 2;\nlayer f(x: f32[n]) -> y: f32[n] { y = x + x; }\n")
        for extent, status in ((4, 0), (5, 1), (8, 0), (10, 1), (2, 1)):
            np.save(self.path("x.npy"), np.zeros(extent, np.float32))
            self.spc("run", "c.sdl", "--in", "x=x.npy", status=status)

    def test_contract_of_a_called_layer(self):
        self.write("c.sdl", "dim m = 4..8 step 2;\ndim n, k;\nlayer g(x: f32[m]) -> y: f32[(m / 4) * 4] { y = x * k; }\n"
                            "layer f(x: f32[n]) -> y: f32[n] { y = g(x); }\n")
        for backend in (["--backend=interp"], ["--backend=reference"], []):
            for extent, status in ((4, 0), (5, 1), (6, 1), (8, 0), (12, 1)):
                np.save(self.path("x.npy"), np.full(extent, 2, np.float32))
                self.spc("run", "c.sdl", "--layer=f", "--in", "x=x.npy", "--dim=k=3", "--out", "y=y.npy", *backend, status=status)
                if status == 0:
                    self.assertEqual(np.load(self.path("y.npy")).tolist(), [6] * extent)

    @kit.needs_compiler
    def test_signal_leaves_nothing(self):
        rng = np.random.default_rng(3)
        self.write("big.sdl", "dim n;\nweight w: f32[2000, 3000] sparse unstructured;\n"
                              "layer f(x: f32[n, 3000]) -> y: f32[n, 2000] { y = linear(x, w); }\n")
        kit.write_safetensors(self.path("big.safetensors"), {"w": kit.sparse(rng, 2000, 3000, 0.5)})
        before = self.files()
        interrupted = 0
        for number in (signal.SIGINT, signal.SIGTERM) * 6:
            process = subprocess.Popen([kit.SPC, "big.sdl", "-w", "big.safetensors", "-o", "k.so"], cwd=self.dir, env=self.env)
            while process.poll() is None and self.files() == before:
                time.sleep(0.0005)
            process.send_signal(number)
            if process.wait(60) == -number:
                interrupted += 1
                left = [name for name in self.files() if name not in ("k.so", "k.h")]
                self.assertEqual(left, before)
            for name in ("k.so", "k.h"):
                if os.path.exists(self.path(name)):
                    os.remove(self.path(name))
        self.assertGreater(interrupted, 0)


if __name__ == "__main__":
    kit.main()
