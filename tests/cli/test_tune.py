"""spc tune and spc wisdom: what is kept, who uses it, what may be wrong with it. No test looks at how long anything took;
where a plan matters it is put into the file by hand."""
import json
import os
import select
import signal
import sqlite3
import subprocess
import time
import unittest

import kit
import numpy as np

MODEL = """dim batch;
weight w: f32[48, 32] sparse unstructured;
weight v: f32[32, 48] sparse 2:4;
layer net(x: f32[batch, 32]) -> y: f32[batch, 32] { y = x + linear(relu(linear(x, w)), v); }
layer same(x: f32[batch, 32]) -> y: f32[batch, 48] { y = relu(linear(x, w)); }
layer add(x: f32[batch]) -> y: f32[batch] { y = x + x; }
"""
ODD = "store=csr tile=16xall rows=all unroll=1 lanes=batch par=none pack=yes"


@kit.needs_compiler
class Tune(kit.Case):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        self.weights = {"w": kit.sparse(rng, 48, 32, 0.2), "v": kit.two_in_four(rng, 32, 48)}
        self.write("m.sdl", MODEL)
        kit.write_safetensors(self.path("m.safetensors"), self.weights)
        self.base = ["m.sdl", "-w", "m.safetensors"]

    def command(self, *arguments, dims="batch=16", seconds=None, layer="same", wisdom="w.db"):
        given = ["--dim", dims] if dims else []
        given += ["--layer", layer] if layer else []
        given += ["--seconds", seconds] if seconds else []
        return ["tune", *self.base, *given, f"--wisdom={wisdom}", *arguments]

    def tune(self, *arguments, status=0, **more):
        return self.spc(*self.command(*arguments, **more), status=status)

    def rows(self, sql="SELECT dims, plan, kernel, complete FROM plans ORDER BY dims", file="w.db"):
        with sqlite3.connect(self.path(file)) as db:
            return db.execute(sql).fetchall()

    def change(self, sql, *values):
        db = sqlite3.connect(self.path("w.db"))
        db.execute(sql, values)
        db.commit()
        db.close()

    def plan(self, wisdom="w.db", layer="same", *arguments):
        """The plan line of the only kernel of a layer, as a fresh process compiles it."""
        self.spc("explain", *self.base, "--layer", layer, f"--wisdom={wisdom}", *arguments)
        warnings = self.err
        text = self.out
        self.spc(*self.base, "--emit=plan", f"--wisdom={wisdom}", *arguments)
        self.err = warnings
        return text, next(line for line in self.out.splitlines() if line.startswith(f"@{layer}.0"))

    # ---- kept and used ----

    def test_a_second_process_uses_it(self):
        self.tune()
        self.assertIn("same.0 at batch=16", self.out)
        ((dims, plan, kernel, _),) = self.rows()
        self.assertEqual((dims, kernel), ("batch=16", "same.0"))
        self.assertIn("store=", plan)
        text, _ = self.plan()
        self.assertIn("from wisdom", text)
        self.assertIn("measured at batch=16: ", text)
        self.change("UPDATE plans SET plan = ?", ODD)
        text, line = self.plan()
        self.assertIn("from wisdom", text)
        self.assertIn(ODD, line)
        self.assertEqual(self.err, "")
        text, line = self.plan(wisdom="none")
        self.assertIn("by the planner", text)
        self.assertNotIn(ODD, line)
        # Another layer with an equal kernel knows it too, whatever it is called; what the user says comes first.
        self.assertIn(ODD, self.plan(layer="net")[1])
        self.assertIn("store=dense:4", self.plan("w.db", "same", "--plan=@same.0 store=dense:4 lanes=batch")[1])

    def test_results_stay_the_same(self):
        self.tune(layer=None)
        self.change("UPDATE plans SET plan = ? WHERE facts LIKE 'density%' AND kernel = 'net.0'", ODD)
        x = np.arange(5 * 32, dtype=np.float32).reshape(5, 32) % 7 - 3
        np.save(self.path("x.npy"), x)
        self.spc("run", *self.base, "--layer=net", "--in=x=x.npy", "--out=y=y.npy", "--wisdom=w.db")
        expected = x + np.maximum(x @ self.weights["w"].T, 0) @ self.weights["v"].T
        self.assertTrue(np.array_equal(np.load(self.path("y.npy")), expected))
        self.spc("check", *self.base, "--wisdom=w.db")
        self.spc("bench", *self.base, "--layer=net", "--dim=batch=16", "--seconds=0.02", "--wisdom=w.db", "--json=-")
        self.assertEqual(json.loads(self.out)["kernels"][0]["plan"], ODD)

    def test_points_become_variants(self):
        self.tune(dims="batch=1,40,160,640")
        for value, unroll in ((1, 1), (40, 2), (160, 4), (640, 8)):
            self.change("UPDATE plans SET plan = ? WHERE dims = ?", ODD.replace("unroll=1", f"unroll={unroll}"), f"batch={value}")
        _, line = self.plan()
        # Whatever ranges the planner has, each size gets what was measured at it.
        parts = [part.strip() for part in line[len("@same.0"):].split(";")]
        limits = [int(part.split("<=")[1].split(":")[0]) if part.startswith("when") else 1 << 62 for part in parts]
        self.assertEqual(limits, sorted(set(limits)), line)
        for value, unroll in ((1, 1), (40, 2), (160, 4), (640, 8)):
            at = next(i for i, limit in enumerate(limits) if value <= limit)
            self.assertIn(f"unroll={unroll}", parts[at], line)

    def test_default_place(self):
        self.spc("tune", *self.base, "--layer=same", "--dim=batch=16")
        self.assertTrue(os.path.exists(self.path("cache", "spc", "wisdom.db")))
        self.spc("explain", *self.base, "--layer=same")
        self.assertIn("from wisdom", self.out)
        self.spc("wisdom", "list")
        self.assertIn("same.0 at batch=16", self.out)

    def test_same_bytes_without_wisdom(self):
        def build(name, wisdom):
            self.spc(*self.base, "-o", name, f"--wisdom={wisdom}", "--cache=none")
            return self.bytes_of(name)

        before = build("a.so", "none")
        self.tune()
        self.change("UPDATE plans SET plan = ?", ODD)
        self.assertEqual(build("b.so", "none"), before)
        self.assertNotEqual(build("c.so", "w.db"), before)

    def test_other_keys_are_ignored(self):
        self.tune()
        self.change("UPDATE plans SET plan = ?", ODD)
        for column, value in (("machine", "another CPU"), ("version", "0.0.1"), ("region", "0000000000000000"), ("facts", "density 0.9"),
                              ("threads", 3), ("backend", "other")):
            ((kept,),) = self.rows(f"SELECT {column} FROM plans")
            self.change(f"UPDATE plans SET {column} = ?", value)
            self.assertNotIn(ODD, self.plan()[1], column)
            self.change(f"UPDATE plans SET {column} = ?", kept)
        self.assertIn(ODD, self.plan()[1])
        self.assertNotIn(ODD, self.plan("w.db", "same", "--cpu=x86-64-v3")[1])
        self.assertNotIn(ODD, self.plan("w.db", "same", "--threads=2")[1])

    def test_late_weights(self):
        """A weight without data gets the plan of the nearest density that was measured, but none that lives on equal rows."""
        def late_plan():
            self.spc("m.sdl", "--emit=plan", "--wisdom=w.db")
            return self.out
        self.tune()
        self.change("UPDATE plans SET plan = ?, facts = 'density 0.5, cells 0.5, spread 0.1'", ODD)
        self.assertIn(ODD, late_plan())
        fields = [f for _, f, *_ in self.rows("PRAGMA table_info(plans)")]
        near = ODD.replace("unroll=1", "unroll=2")
        picked = ", ".join("'density 0.12, cells 0.12, spread 0.3'" if f == "facts" else f"'{near}'" if f == "plan" else f for f in fields)
        self.change(f"INSERT INTO plans SELECT {picked} FROM plans") # no hint: 0.1
        self.assertIn(near, late_plan())
        self.change("UPDATE plans SET facts = facts || ', rows alike 8'")
        self.assertNotIn("store=csr", late_plan())

    # ---- code generators ----

    def test_any_backend(self):
        built = [name for name in ("llvm", "gccjit") if f"{name} (" in kit.VERSION]
        self.tune("--backend=any")
        ((plan, others, backend),) = self.rows("SELECT plan, others, backend FROM plans")
        self.assertEqual(backend, "any")
        for name in built[1:]:
            self.assertIn(f"backend={name}", plan + others)
        x = np.arange(5 * 32, dtype=np.float32).reshape(5, 32) % 7 - 3
        np.save(self.path("x.npy"), x)
        for name in built: # each in turn wins, beside kernels of the other
            self.change("UPDATE plans SET plan = ?", f"{ODD} backend={name}")
            self.assertIn(f"backend={name}", self.plan("w.db", "same", "--backend=any")[1])
            self.spc("run", *self.base, "--layer=same", "--backend=any", "--in=x=x.npy", "--out=y=y.npy", "--wisdom=w.db")
            self.assertTrue(np.array_equal(np.load(self.path("y.npy")), np.maximum(x @ self.weights["w"].T, 0)))
            self.spc(*self.base, "--backend=any", "--wisdom=w.db", "-o", f"{name}.so", "--cache=none")
            self.spc("check", *self.base, "--backend=any", "--wisdom=w.db")
        self.assertNotIn("backend=", self.plan()[1]) # found for any generator, not for this one

    def test_plan_names_backend(self):
        self.spc("run", *self.base, "--layer=add", "--in=x=x.npy", "--plan=@*.* backend=no!", status=1)
        self.assertIn("'no!' is no value of backend=", self.err)
        self.spc(*self.base, "-o", "k.so", "--plan=@same.0 backend=tcc", status=3)
        self.assertIn('there is no backend "tcc"', self.err)
        for name in [name for name in ("llvm", "gccjit") if f"{name} (" in kit.VERSION]:
            self.spc(*self.base, "--emit=asm", f"--plan=@same.0 backend={name}")
            for symbol in ("spck_net_0", "spck_net_1", "net:", "same:"):
                self.assertIn(symbol, self.out)

    # ---- time and interruption ----

    def test_no_time(self):
        self.tune(seconds="0")
        self.assertIn("nothing to tune", self.out)
        self.assertEqual(self.rows(), [])
        self.tune(seconds="0.001")
        self.tune(seconds="1e-9", layer=None)

    def test_nothing_twice(self):
        self.tune(layer=None, seconds=None)
        kernels = self.out.count(" at batch=16")
        self.assertEqual(self.out.count("net.0 at"), 1)
        self.assertNotIn("same.0", self.out) # equal to net.0
        self.tune(layer=None, seconds=None)
        self.assertGreaterEqual(self.out.count(": known"), kernels - 1)
        self.tune("--again", layer=None)
        self.assertNotIn(": known", self.out)

    def test_interrupted_and_resumed(self):
        values = ",".join(str(16 * i) for i in range(1, 30))
        with subprocess.Popen([kit.SPC, *self.command(dims=f"batch={values}")], cwd=self.dir, env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tuner:
            first = tuner.stdout.readline().decode()
            tuner.send_signal(signal.SIGINT)
            _, said = tuner.communicate(timeout=60)
            self.assertEqual(tuner.returncode, -signal.SIGINT)
        self.assertIn(b"interrupted", said)
        self.assertIn("same.0 at batch=16:", first)
        self.assertNotEqual(self.rows(), [])
        self.change("UPDATE plans SET complete = 1")
        self.tune(dims="batch=16,32")
        self.assertIn("same.0 at batch=16: known", self.out)

    def test_killed(self):
        for i in range(6):
            with subprocess.Popen([kit.SPC, *self.command("--again", dims="batch=1,2,3,4")], cwd=self.dir, env=self.env,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tuner:
                select.select([tuner.stdout], [], [], 30)
                time.sleep(0.01 * i)
                tuner.kill()
        self.assertEqual(self.rows("PRAGMA integrity_check"), [("ok",)])
        self.assertNotEqual(self.rows(), [])
        self.tune()
        self.assertEqual(self.err, "")

    # ---- several at once, odd machines ----

    def at_once(self, commands):
        running = [subprocess.Popen([kit.SPC, *c], cwd=self.dir, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for c in commands]
        for process in running:
            _, said = process.communicate(timeout=120)
            self.assertEqual((process.returncode, said), (0, b""))

    def test_two_on_one_key(self):
        self.at_once([self.command()] * 2)
        self.assertEqual(len(self.rows()), 1)

    def test_eight_at_once(self):
        self.at_once([self.command(dims=f"batch={i + 1}") for i in range(8)])
        self.assertEqual(len(self.rows()), 8)

    def test_one_cpu(self):
        cpu = min(os.sched_getaffinity(0))
        done = subprocess.run([kit.SPC, *self.command("--threads=0")], cwd=self.dir, env=self.env, capture_output=True, timeout=120,
                              preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.rows("SELECT threads FROM plans"), [(1,)])

    def test_more_threads_than_cores(self):
        threads = (os.cpu_count() or 1) + 5
        self.tune(f"--threads={threads}", dims="batch=128")
        self.assertEqual(self.rows("SELECT threads FROM plans"), [(threads,)])
        self.assertIn("from wisdom", self.plan("w.db", "same", f"--threads={threads}")[0])

    # ---- files that are not right ----

    def test_unwritable(self):
        for wisdom, says in (("/proc/w.db", "/proc/w.db"), ("no/such/w.db", "No such file"), ("/proc/version", "/proc/version"), ("none", "no file")):
            self.tune(wisdom=wisdom)
            self.assertIn("same.0 at batch=16", self.out)
            self.assertSays("wisdom: warning: ", says, "lost")
        self.plan(wisdom="m.sdl")
        self.assertSays("warning: ", "m.sdl", "compiling without it")

    @unittest.skipIf(os.geteuid() == 0, "root may write read-only files")
    def test_read_only(self):
        self.tune()
        os.chmod(self.path("w.db"), 0o444)
        self.tune("--again")
        self.assertSays("warning: ", "readonly", "lost")
        self.assertIn("from wisdom", self.plan()[0])

    def test_garbage(self):
        self.write("w.db", "this is no wisdom\n" * 1000)
        self.assertIn("by the planner", self.plan()[0])
        self.assertSays("warning: ", "w.db", "compiling without it")
        self.tune()
        self.assertSays("warning: ", "w.db.broken")
        self.assertEqual(self.bytes_of("w.db.broken"), b"this is no wisdom\n" * 1000)
        self.assertIn("from wisdom", self.plan()[0])

    def test_from_the_future(self):
        self.tune()
        self.change("PRAGMA user_version = 99")
        self.assertIn("by the planner", self.plan()[0])
        self.assertSays("warning: ", "later version")
        self.tune()
        self.assertSays("warning: ", "w.db.newer")
        self.assertIn("from wisdom", self.plan()[0])

    def test_plans_by_hand(self):
        self.tune()
        for plan, says in (("store=heap", "'heap' is no value of store="), ("speed=9", "'speed' is no term"), ("store=nm:2:4:4", "store: nm:2:4:4 needs"),
                           ("unroll=4; else unroll=2", "'when' parts"), ("when batch<=4: unroll=4", "terms of one kernel"),
                           ("unroll=2\n@*.* store=csr", "terms of one kernel"), ("\x1b[31m", "is no term")):
            self.change("UPDATE plans SET plan = ?", plan)
            self.assertIn("by the planner", self.plan()[0], plan)
            self.assertSays("warning: ", "same.0 at batch=16", says)

    # ---- wisdom ----

    def test_to_another_machine(self):
        self.tune(dims="batch=1,16")
        self.change("UPDATE plans SET plan = ? WHERE dims = 'batch=16'", ODD)
        self.spc("wisdom", "export", "--wisdom=w.db", "-o", "w.json")
        self.spc("wisdom", "export", "--wisdom=w.db")
        self.assertEqual(self.raw, self.bytes_of("w.json"))
        self.assertEqual(len(json.loads(self.out)["plans"]), 2)
        self.spc("wisdom", "import", "w.json", "--wisdom=v.db")
        self.assertIn("2 plans imported", self.out)
        self.assertEqual(self.rows(file="v.db"), self.rows())
        self.assertIn(ODD, self.plan(wisdom="v.db")[1])
        self.spc("wisdom", "list", "--wisdom=v.db")
        self.assertIn("same.0 at batch=16", self.out)
        self.assertIn(ODD, self.out)
        self.spc("wisdom", "clear", "--wisdom=v.db")
        self.assertIn("2 plans cleared", self.out)
        self.spc("wisdom", "list", "--wisdom=v.db")
        self.assertEqual(self.out, "no plans\n")

    def test_wrong_imports(self):
        self.tune()
        self.spc("wisdom", "export", "--wisdom=w.db", "-o", "w.json")
        text = self.bytes_of("w.json").decode()
        good = json.loads(text)
        for change, says in (({"plan": "store=heap"}, "'heap' is no value of store="), ({"threads": -1}, "threads"), ({"machine": None}, "machine")):
            bad = json.loads(text)
            bad["plans"].append({**good["plans"][0], **change})
            self.write("bad.json", json.dumps(bad))
            self.spc("wisdom", "import", "bad.json", "--wisdom=new.db", status=1)
            self.assertSays("bad.json: error: plan 1", says)
            self.assertFalse(os.path.exists(self.path("new.db")))
        self.write("bad.json", text[:-9])
        self.spc("wisdom", "import", "bad.json", "--wisdom=new.db", status=1)
        self.assertSays("bad.json: error: it is no JSON")
        self.spc("wisdom", "import", "none.json", status=3)
        self.spc("wisdom", "import", "w.json", "--wisdom=/proc/w.db", status=3)

    # ---- usage ----

    def test_usage(self):
        for arguments, says in ((["wisdom"], "list, export"), (["wisdom", "burn"], "list, export"), (["wisdom", "import"], "FILE"),
                                (["wisdom", "list", "w.json"], "takes no file"), (["wisdom", "list", "--wisdom=none"], "no file"),
                                (["tune"], "which model"), (["tune", *self.base, "--seconds=-1", "--dim=batch=1"], "--seconds=-1"),
                                (["tune", *self.base, "--layer=nets", "--dim=batch=1"], "nets"), (["tune", *self.base], "batch"),
                                (["tune", *self.base, "--dim=bach=1"], "bach"), (["tune", *self.base, "--threads=2000"], "2000")):
            self.spc(*arguments, status=2)
            self.assertSays("error:", says)
        self.spc("tune", "m.sdl", "--dim=batch=1", status=1)
        self.assertSays("w", "v")
        self.tune("--backend=interp", status=3)
        self.assertSays("interp")

    def test_dims_of_all_layers_come_before_the_first_race(self):
        self.write("two.sdl", "dim batch, n; weight w: f32[64, 64] sparse unstructured;"
                   "layer f(x: f32[batch, 64]) -> y: f32[batch, 64] { y = linear(x, w); }"
                   "layer g(x: f32[n, 64]) -> y: f32[n, 64] { y = linear(x, w); }")
        np.save(self.path("w.npy"), np.eye(64, dtype=np.float32))
        self.spc("tune", "two.sdl", "-w", "w=w.npy", "--dim=batch=1", "--wisdom=two.db", status=2)
        self.assertSays('"g"', "n")
        self.assertNotIn("f.0", self.out)

    def test_plans_of_the_user_are_left_alone(self):
        self.tune("--plan=@same.0 store=csr")
        self.assertIn("nothing to tune", self.out)
        self.tune(layer="add")
        self.assertIn("nothing to tune", self.out)


if __name__ == "__main__":
    kit.main()
