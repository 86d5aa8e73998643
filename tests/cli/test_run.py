"""spc run, explain and check: right results by every backend, arrays in and out."""
import kit
import numpy as np

BACKENDS = [[], ["--backend=interp"], ["--backend=reference"]]


class Run(kit.Case):
    def test_ffn_is_exact_by_every_backend(self):
        weights = self.ffn()
        for batch in (0, 1, 3, 17):
            x = np.random.default_rng(batch).integers(-4, 5, (batch, 24)).astype(np.float32)
            np.save(self.path("x.npy"), x)
            for backend in BACKENDS:
                self.spc("run", "ffn.sdl", "-w", "ffn.safetensors", "--layer", "ffn", "--in", "x=x.npy", "--out", "y=y.npy", *backend)
                y = np.load(self.path("y.npy"))
                np.testing.assert_array_equal(y, kit.ffn_expected(weights, x), err_msg=str(backend))

    def test_threads_give_the_same_bits(self):
        self.ffn()
        np.save(self.path("x.npy"), np.random.default_rng(0).standard_normal((50, 24)).astype(np.float32))
        given = ("run", "ffn.sdl", "-w", "ffn.safetensors", "--in", "x=x.npy")
        self.spc(*given, "--out", "y=1.npy")
        self.spc(*given, "--out", "y=3.npy", "--threads=3")
        with open(self.path("1.npy"), "rb") as one, open(self.path("3.npy"), "rb") as three:
            self.assertEqual(one.read(), three.read())

    def test_summary_without_out(self):
        self.write("r.sdl", "dim n;\nlayer f(x: f32[n]) -> y: f32[n] { y = relu(x); }\n")
        np.save(self.path("x.npy"), np.array([-2, 0, 3], np.float32))
        self.assertEqual(self.spc("run", "r.sdl", "--in", "x=x.npy").strip(), "y: f32[3] min 0 max 3")
        np.save(self.path("x.npy"), np.array([-2, np.nan, 3], np.float32))
        self.assertIn("1 NaN", self.spc("run", "r.sdl", "--in", "x=x.npy"))

    def test_model_from_standard_input(self):
        np.save(self.path("x.npy"), np.array([1, 2], np.float32))
        text = b"dim n;\nlayer f(x: f32[n]) -> y: f32[n] { y = x + x; }\n"
        self.assertIn("max 4", self.spc("run", "-", "--in", "x=x.npy", stdin=text))
        self.spc("-", "-o", "k.so", stdin=b"dim n; layer", status=1)
        self.assertSays("<stdin>:1:")

    def test_array_to_standard_output(self):
        self.write("r.sdl", "dim n;\nlayer f(x: f32[n]) -> y: f32[n] { y = x + x; }\n")
        np.save(self.path("x.npy"), np.array([1, 2], np.float32))
        self.spc("run", "r.sdl", "--in", "x=x.npy", "--out", "y=-")
        self.assertTrue(self.raw.startswith(b"\x93NUMPY"))
        self.assertEqual(self.raw[-8:], np.array([2, 4], "<f4").tobytes())

    def test_fortran_order_and_big_endian(self):
        weights = self.ffn()
        x = np.arange(48, dtype=np.float32).reshape(2, 24) - 20
        for array in (np.asfortranarray(x), x.astype(">f4")):
            np.save(self.path("x.npy"), array)
            self.spc("run", "ffn.sdl", "-w", "ffn.safetensors", "--in", "x=x.npy", "--out", "y=y.npy")
            np.testing.assert_array_equal(np.load(self.path("y.npy")), kit.ffn_expected(weights, x))

    def test_weight_from_a_single_tensor_file(self):
        weights = self.ffn()
        np.save(self.path("b.npy"), weights["b1"])
        kit.write_safetensors(self.path("w.safetensors"), {k: weights[k] for k in ("w1", "fc2.weight")})
        np.save(self.path("x.npy"), np.ones((1, 24), np.float32))
        self.spc("run", "ffn.sdl", "-w", "w.safetensors", "-w", "b1=b.npy", "--in", "x=x.npy", "--out", "y=y.npy")
        np.testing.assert_array_equal(np.load(self.path("y.npy")), kit.ffn_expected(weights, np.ones((1, 24))))

    def test_run_needs_only_the_weights_of_its_layer(self):
        self.write("two.sdl", "dim n;\nweight w: f32[4, 4];\nlayer a(x: f32[n, 4]) -> y: f32[n, 4] { y = linear(x, w); }\n"
                              "layer b(x: f32[n]) -> y: f32[n] { y = x + x; }\n")
        np.save(self.path("x.npy"), np.array([1, 2], np.float32))
        self.spc("run", "two.sdl", "--layer", "b", "--in", "x=x.npy")
        np.save(self.path("x.npy"), np.ones((1, 4), np.float32))
        self.spc("run", "two.sdl", "--layer", "a", "--in", "x=x.npy", status=1)
        self.assertSays("two.sdl:2:", "\"w\"")

    def test_explain(self):
        weights = self.ffn()
        text = self.spc("explain", "ffn.sdl", "-w", "ffn.safetensors")
        for part in ("layer ffn", "kernel ffn.0", "store=", "weight w1", f"{960 - np.count_nonzero(weights['w1'])} of 960 elements", "scratch", "summary: 2 kernels", "pays below", "bound by"):
            self.assertIn(part, text)
        self.assertEqual(text, self.spc("explain", "ffn.sdl", "-w", "ffn.safetensors", "--layer", "ffn"))
        self.spc("explain", "ffn.sdl")
        self.assertIn("at batch=8", self.spc("explain", "ffn.sdl", "--dim", "batch=8"))
        several = self.spc("explain", "ffn.sdl", "-w", "ffn.safetensors", "--dim", "batch=1,64")
        for part in ("batch=1 ", "batch=64 ", "gain", "not taken"):
            self.assertIn(part, several)
        self.assertGreater(len(self.spc("explain", "ffn.sdl", "-w", "ffn.safetensors", "--details")), 2 * len(text))
        for dims in ("batch", "batch=", "batch=x", "=3", "batch=1;2", "batch=99999999999999999999"):
            self.spc("explain", "ffn.sdl", "--dim", dims, status=2)
        self.spc("explain", "ffn.sdl", "--dim", "bach=8", status=2)
        self.spc("explain", "ffn.sdl", "--layer", "none", status=2)

    def test_check(self):
        self.ffn()
        self.assertIn("no difference", self.spc("check", "ffn.sdl", "-w", "ffn.safetensors"))
        self.assertIn("no difference", self.spc("check", "ffn.sdl", "-w", "ffn.safetensors", "--backend=interp", "--dim", "batch=5"))

    def test_check_finds_sizes_that_divide(self):
        self.write("d.sdl", "dim n, m;\nlayer f(x: f32[n, 4], z: f32[m / 6, 2]) -> (y: f32[n / 4, 16], v: f32[m / 6, 2]) {\n"
                            "    y = reshape(x, [n / 4, 16]);\n    v = slice(pad(z, [[1, 1], [0, 0]]), axis=0, to=m / 6) * m;\n}\n")
        self.assertIn("layer f: 16 runs, no difference", self.spc("check", "d.sdl"))
        self.write("none.sdl", "dim n, m;\nlayer f(x: f32[n, m]) -> y: f32[n - m - 1, m] { y = slice(x, axis=0, to=n - m - 1); }\n")
        self.spc("check", "none.sdl", status=1)
        self.assertSays("layer f takes none of the sizes that were tried; give --dim")
        self.assertIn("no difference", self.spc("check", "none.sdl", "--dim=n=9,m=3"))

    def test_dims_of_the_body_alone(self):
        self.write("k.sdl", "dim n, k;\nweight w: f32[16, 8] sparse unstructured;\n"
                            "layer f(x: f32[n, 8]) -> y: f32[n, 16] { y = relu(linear(x, w)) * k; }\n")
        np.save(self.path("w.npy"), np.eye(16, 8, dtype=np.float32))
        self.assertIn("no difference", self.spc("check", "k.sdl", "-w", "w=w.npy"))
        text = self.spc("bench", "k.sdl", "-w", "w=w.npy", "--dim=n=3,k=2", "--seconds=0.1")
        self.assertIn("layer f at n=3,k=2", text)

    def test_plan_is_obeyed_and_its_mistakes_are_named(self):
        weights = self.ffn()
        x = np.random.default_rng(9).integers(-4, 5, (9, 24)).astype(np.float32)
        np.save(self.path("x.npy"), x)
        given = ("ffn.sdl", "-w", "ffn.safetensors")
        for store in ("csr", "sell:4", "dense"):
            plan = f"@ffn.0 store={store}"
            self.assertIn(f"store={store}", self.spc("explain", *given, f"--plan={plan}"))
            self.spc("run", *given, f"--plan={plan}", "--in", "x=x.npy", "--out", "y=y.npy")
            np.testing.assert_array_equal(np.load(self.path("y.npy")), kit.ffn_expected(weights, x))
        self.spc(*given, "-o", "k.so", "--plan=@ffn.0 sotre=csr", status=1)
        self.assertSays("sotre")


if __name__ == "__main__":
    kit.main()
