"""What compiling makes: the library, its header, C and C++ hosts, the depfile, the other kinds of output."""
import ctypes
import os
import subprocess

import kit
import numpy as np

HOST = r"""
#include "k.h"
%s
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    float x[3 * 24], y[3 * 24];
    for (int i = 0; i < 3 * 24; i++) x[i] = (float)(i %% 7 - 3);
    spc_exec e; /* from zeros: it may grow */
    memset(&e, 0, sizeof e);
    e.size = sizeof e;
    e.threads = 2;
    e.scratch_bytes = ffn_scratch(3, 2);
    e.scratch = aligned_alloc(64, (e.scratch_bytes + 127) / 64 * 64);
    if (ffn(3, x, y, NULL) != 0) return 1;
    if (ffn(3, x, y, &e) != 0) return 2;
    if (ffn(0, x, y, NULL) != 0) return 3;
    for (int i = 0; i < 3 * 24; i++) printf("%%g\n", (double)y[i]);
    return 0;
}
"""


class Compile(kit.Case):
    def build(self, *more):
        weights = self.ffn()
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "k.so", *more)
        return weights

    def host(self, compiler, flags, source):
        self.write(source, HOST % ("#include <spc/spc_rt.h>" if "rt" in source else ""))
        include = os.path.join(os.environ["SPC_SOURCE"], "include")
        subprocess.run([*compiler, *flags, "-Wall", "-Wextra", "-Werror", f"-I{include}", source, "./k.so", "-o", "host"],
                       cwd=self.dir, check=True)
        return subprocess.run(["./host"], cwd=self.dir, check=True, capture_output=True, text=True).stdout

    @kit.needs_compiler
    def test_hosts_in_c_and_cxx(self):
        weights = self.build()
        x = np.array([i % 7 - 3 for i in range(72)], np.float32).reshape(3, 24)
        expected = kit.ffn_expected(weights, x).ravel()
        for compiler, flags, source in ((["cc"], ["-std=c11", "-pedantic"], "host.c"), (["cc"], ["-std=c11"], "host_rt.c"),
                                        (["c++"], ["-std=c++17"], "host.cc"), (["c++"], ["-std=c++17"], "host_rt.cc")):
            text = self.host(compiler, flags, source)
            np.testing.assert_array_equal(np.array(text.split(), np.float64), expected, err_msg=source)

    @kit.needs_compiler
    def test_symbols_and_libraries(self):
        self.build()
        names = subprocess.run(["nm", "-D", "--defined-only", "k.so"], cwd=self.dir, capture_output=True, text=True, check=True).stdout
        self.assertEqual(sorted(line.split()[-1] for line in names.splitlines()), ["ffn", "spc_manifest"])
        needed = subprocess.run(["readelf", "-d", "k.so"], cwd=self.dir, capture_output=True, text=True, check=True).stdout
        libraries = {line.split("[")[1].rstrip("]") for line in needed.splitlines() if "(NEEDED)" in line}
        self.assertLessEqual(libraries, {"libc.so.6", "libm.so.6"})

    @kit.needs_plain_libraries
    def test_shared_libraries_show_public_names_only(self):
        for variable in ("SPC_LIB", "SPC_RT_LIB"):
            path = os.environ[variable]
            names = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
            symbols = [line.split()[-1].split("@")[0] for line in names.splitlines()]
            self.assertTrue(symbols)
            linkers = ("__bss_start", "_edata", "_end")  # where ld puts them because a library asks: LLVM 19's does
            self.assertEqual([s for s in symbols if not s.startswith("spc_") and s not in linkers], [])
        needed = subprocess.run(["ldd", os.environ["SPC_RT_LIB"]], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("LLVM", needed)

    @kit.needs_compiler
    def test_same_bytes_twice(self):
        self.build("--cache=none")
        first = [self.bytes_of(name) for name in ("k.so", "k.h")]
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "k.so", "--cache=none")
        self.assertEqual(first, [self.bytes_of(name) for name in ("k.so", "k.h")])
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "k.so", "--cache=c")
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "k.so", "--cache=c")
        self.assertEqual(first[0], self.bytes_of("k.so"))

    @kit.needs_compiler
    def test_nothing_else_is_left(self):
        self.build()
        self.assertEqual(self.files(), ["ffn.safetensors", "ffn.sdl", "k.h", "k.so"])

    @kit.needs_compiler
    def test_depfile(self):
        self.build("-MD", "-MF", "k.d")
        text = self.bytes_of("k.d").decode()
        self.assertEqual(text.replace("\\\n", "").split(), ["k.so", "k.h:", "ffn.sdl", "ffn.safetensors"])
        self.build("-MD")
        self.assertEqual(self.bytes_of("k.d").decode(), text)

    @kit.needs_compiler
    def test_to_standard_output(self):
        self.build()
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "-")
        self.assertEqual(self.raw, self.bytes_of("k.so"))

    def test_text_kinds(self):
        self.ffn()
        given = ("ffn.sdl", "-w", "ffn.safetensors")
        for kind, part in (("graph", "graph @ffn"), ("kernel", "kernel @"), ("kernel", "entry @ffn"), ("header", "int ffn(int64_t batch, const float *x, float *y, const spc_exec *e);"),
                           ("manifest", '"layers"'), ("plan", "@ffn.0 ")):
            self.assertIn(part, self.spc(*given, f"--emit={kind}"))
        if "llvm (" in kit.VERSION:
            self.assertIn("define ", self.spc(*given, "--emit=llvm"))
            self.assertIn(".text", self.spc(*given, "--emit=asm"))
        self.assertIn("fused", self.spc(*given, "--dump=fuse"))
        self.assertEqual(self.files(), ["ffn.safetensors", "ffn.sdl"])

    @kit.needs_compiler
    def test_object(self):
        weights = self.ffn()
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "--emit=obj", "-o", "k.o")
        self.assertEqual(self.files(), ["ffn.safetensors", "ffn.sdl", "k.h", "k.o"])
        self.write("host.c", HOST % "")
        subprocess.run(["cc", "-Wall", "-Werror", "host.c", "k.o", "-lm", "-o", "host"], cwd=self.dir, check=True)
        text = subprocess.run(["./host"], cwd=self.dir, check=True, capture_output=True, text=True).stdout
        x = np.array([i % 7 - 3 for i in range(72)], np.float32).reshape(3, 24)
        np.testing.assert_array_equal(np.array(text.split(), np.float64), kit.ffn_expected(weights, x).ravel())

    @kit.needs_compiler
    def test_parameters_that_are_keywords(self):
        self.write("k.sdl", "dim int;\nlayer f(class: f32[int], e: f32[int]) -> (while: f32[int]) { while = class + e; }\n")
        self.spc("k.sdl", "-o", "k.so")
        self.write("a.c", '#include "k.h"\n')
        for compiler in (["cc", "-std=c11"], ["c++", "-x", "c++", "-std=c++17"]):
            subprocess.run([*compiler, "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only", "a.c"], cwd=self.dir, check=True)
        function = ctypes.CDLL(self.path("k.so")).f
        a, b, c = (np.array(v, np.float32) for v in ([1, 2, 3], [4, 5, 6], [0, 0, 0]))
        status = function(ctypes.c_int64(3), *(v.ctypes.data_as(ctypes.c_void_p) for v in (a, b, c)), None)
        self.assertEqual((status, c.tolist()), (0, [5, 7, 9]))

    @kit.needs_compiler
    def test_header_name_of_a_path(self):
        self.ffn()
        os.mkdir(self.path("out.d"))
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "out.d/kernels")
        self.assertEqual(sorted(os.listdir(self.path("out.d"))), ["kernels", "kernels.h"])

    @kit.needs_compiler
    def test_output_through_a_link(self):
        self.ffn()
        os.mkdir(self.path("real"))
        os.symlink("real/k.so", self.path("k.so"))
        open(self.path("real", "k.so"), "w").close()
        self.spc("ffn.sdl", "-w", "ffn.safetensors", "-o", "k.so")
        self.assertTrue(os.path.islink(self.path("k.so")))
        self.assertGreater(os.path.getsize(self.path("real", "k.so")), 1000)

    @kit.needs_compiler
    def test_depfile_of_odd_names(self):
        self.ffn()
        os.rename(self.path("ffn.sdl"), self.path("a b$c.sdl"))
        self.spc("a b$c.sdl", "-w", "ffn.safetensors", "-o", "k.so", "-MD")
        self.assertIn("a\\ b$$c.sdl", self.bytes_of("k.d").decode())


if __name__ == "__main__":
    kit.main()
