"""An installed spc: pkg-config, the CMake package, and a rebuild when a weights file changes."""
import os
import shutil
import subprocess
import sys

import kit

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(host C)
find_package(spc REQUIRED)
spc_add_kernels(net ffn.sdl WEIGHTS ffn.safetensors)
spc_add_kernels(net_static STATIC ffn.sdl WEIGHTS ffn.safetensors OPTIONS --prefix=s_)
add_executable(host host.c)
target_link_libraries(host PRIVATE net net_static spc::spc_rt)
"""
HOST = """#include <net.h>
#include <net_static.h>
#include <spc/spc_rt.h>
#include <stdio.h>
int main(void)
{
    float x[24] = {1, 2, 3}, y[24], z[24];
    if (ffn(1, x, y, NULL) || s_ffn(1, x, z, NULL)) return 1;
    for (int i = 0; i < 24; i++) if (y[i] != z[i]) return 2;
    printf("%g %s\\n", (double)y[0], spc_status_text(SPC_OK));
    return 0;
}
"""
COMPILER = "#include <spc/spc.h>\nint main(void) { spc_session *s; int r = spc_session_new(&s); spc_session_free(s); return r; }\n"


class Install(kit.Case):
    def run_in(self, folder, *command, **env):
        done = subprocess.run(command, cwd=folder, env=dict(self.env, **env), capture_output=True, text=True, timeout=250)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    @kit.needs_compiler
    @kit.needs_plain_libraries
    def test_installed(self):
        root = self.path("root")
        self.run_in(self.dir, "cmake", "--install", os.environ["SPC_BUILD"], "--prefix", root)
        libraries = [folder for folder, _, files in os.walk(root) if "spc.pc" in files][0]
        self.assertTrue(os.path.exists(os.path.join(root, "share/man/man1/spc.1")))
        self.assertTrue(os.path.exists(os.path.join(root, "share/doc/spc/LICENSE")))
        self.write("c.c", COMPILER)
        flags = self.run_in(self.dir, "pkg-config", "--cflags", "--libs", "spc", PKG_CONFIG_PATH=libraries).split()
        lib = os.path.dirname(libraries)
        self.run_in(self.dir, "cc", "c.c", *flags, f"-Wl,-rpath,{lib}", "-o", "c")
        self.run_in(self.dir, "./c")
        self.ffn()
        self.write("CMakeLists.txt", PROJECT)
        self.write("host.c", HOST)
        self.run_in(self.dir, "cmake", "-G", "Ninja", "-S", ".", "-B", "b", f"-DCMAKE_PREFIX_PATH={root}")
        self.run_in(self.dir, "cmake", "--build", "b")
        first = self.run_in(self.dir, "b/host")
        self.assertIn("no work to do", self.run_in(self.dir, "cmake", "--build", "b"))
        weights = kit.ffn_weights(2)
        weights["b1"] += 5
        kit.write_safetensors(self.path("ffn.safetensors"), weights)
        self.run_in(self.dir, "cmake", "--build", "b")
        self.assertNotEqual(self.run_in(self.dir, "b/host"), first)


if __name__ == "__main__":
    if not all(shutil.which(tool) for tool in ("cmake", "ninja", "pkg-config", "cc")):
        print("skipped: cmake, ninja, pkg-config and cc are needed")
        sys.exit(77)
    kit.main()
