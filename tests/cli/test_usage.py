"""Wrong usage: exit status 2 and a sentence that helps; help and version."""
import os
import re

import kit


class Usage(kit.Case):
    def test_no_arguments(self):
        self.spc(status=2)
        self.assertSays("error:", "usage")

    def test_help_of_every_command(self):
        self.assertIn("--emit", self.spc("--help"))
        for command in ("run", "explain", "check", "bench", "tune", "prune", "wisdom"):
            self.assertIn(f"usage: spc {command}", self.spc(command, "--help"))

    def test_version(self):
        text = self.spc("--version")
        self.assertTrue(text.startswith("spc "))
        self.assertIn("interp", text)
        self.assertIn("LICENSE", text)

    def test_unknown_command(self):
        self.spc("explian", "m.sdl", status=2)
        self.assertSays("no command", "explian", "explain")
        self.spc("a.sdl", "b.sdl", status=2)
        self.assertSays("one model at a time")

    def test_unknown_option(self):
        self.spc("m.sdl", "--emmit=so", status=2)
        self.assertSays("--emmit")

    def test_option_of_another_command(self):
        self.spc("run", "m.sdl", "--emit=so", status=2)
        self.assertSays("--emit")

    def test_value_missing(self):
        self.spc("m.sdl", "-o", status=2)
        self.assertSays("-o needs a value")

    def test_two_models(self):
        self.spc("a.sdl", "b.sdl", "-o", "k.so", status=2)

    def test_unknown_cpu_lists_known(self):
        self.ffn()
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "k.so", "--cpu=pentium", status=2)
        self.assertSays("pentium", "x86-64-v3")

    def test_unknown_backend(self):
        self.ffn()
        self.spc("ffn.sdl", "-o", "k.so", "--backend=tcc", status=2)
        self.assertSays("tcc", "interp")

    def test_unknown_emit_and_dump(self):
        self.ffn()
        self.spc("ffn.sdl", "--emit=exe", "-o", "k", status=2)
        self.assertSays("exe", "kernel")
        self.spc("ffn.sdl", "--dump=inline", status=2)
        self.assertSays("inline", "fuse")

    def test_binary_needs_output(self):
        self.ffn()
        for kind in ("so", "obj"):
            self.spc("ffn.sdl", "-w", "ffn.safetensors", f"--emit={kind}", status=2)
            self.assertSays("-o")

    def test_bad_prefix_and_memory(self):
        self.ffn()
        self.spc("ffn.sdl", "-o", "k.so", "--prefix=a-b", status=2)
        self.spc("ffn.sdl", "-o", "k.so", "--memory=lots", status=2)

    def test_unknown_names(self):
        self.ffn()
        given = ("run", "ffn.sdl", "-w", "ffn.safetensors")
        self.spc(*given, "--layer", "fn", "--in", "x=x.npy", status=2)
        self.assertSays("fn", "ffn")
        self.spc(*given, "--in", "z=x.npy", status=2)
        self.spc(*given, "--in", "x=x.npy", "--out", "z=y.npy", status=2)
        self.spc("ffn.sdl", "-w", "w9=ffn.safetensors", "-o", "k.so", status=2)
        self.assertSays("w9")

    def test_missing_input_is_named(self):
        self.ffn()
        self.spc("run", "ffn.sdl", "-w", "ffn.safetensors", status=2)
        self.assertSays("x: f32[batch, 24]")

    def test_numbers(self):
        self.ffn()
        given = ("run", "ffn.sdl", "-w", "ffn.safetensors", "--in", "x=x.npy")
        for number in ("abc", "", "-1", "1x", "99999999999999999999", "5000"):
            self.spc(*given, f"--threads={number}", status=2)
            self.assertSays("--threads")
        self.spc("check", "ffn.sdl", "--seed=x", status=2)
        for dim in ("batch", "batch=", "batch=x", "batch=-1", "bach=1"):
            self.spc("check", "ffn.sdl", "-w", "ffn.safetensors", f"--dim={dim}", status=2)

    def test_dims_are_asked_for(self):
        self.ffn()
        for command in ("bench", "tune"):
            self.spc(command, "ffn.sdl", "-w", "ffn.safetensors", status=2)
            self.assertSays('layer "ffn" needs --dim for batch, as in --dim batch=1,32')
        for command in ("bench", "tune", "check", "explain"):
            self.spc(command, "ffn.sdl", "-w", "ffn.safetensors", "--dim", "bach=1", status=2)
            self.assertSays('has no dim "bach"; its dims are batch')
        self.spc("check", "ffn.sdl", "-w", "ffn.safetensors", "--dim", "batch=1,2", status=2)
        self.assertSays("each dim has one value here")

    def test_manual_has_every_option(self):
        with open(os.path.join(os.path.dirname(__file__), "../../docs/spc.1")) as file:
            manual = file.read().replace("\\-", "-")
        for command in ("", "run", "explain", "check", "bench", "tune", "prune", "wisdom"):
            for option in re.findall(r"^  (?:-\w, )?(-[\w-]+)", self.spc(*command.split(), "--help"), re.M):
                self.assertRegex(manual, rf"\n\.B[RI]? .*(?<![\w-]){option}\b")

    def test_which_layer(self):
        self.write("two.sdl", "dim n;\nlayer a(x: f32[n]) -> y: f32[n] { y = relu(x); }\n"
                              "layer b(x: f32[n]) -> y: f32[n] { y = x + x; }\n")
        self.spc("run", "two.sdl", "--in", "x=x.npy", status=2)
        self.assertSays("--layer", "a, b")


if __name__ == "__main__":
    kit.main()
