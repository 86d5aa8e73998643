"""bench/run's judgement: intervals, cells slower than dense, marks, the page. On made-up results: nothing is measured."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(os.environ["SPC_SOURCE"])
sys.path.insert(0, str(ROOT / "bench"))
import grid_cells
import grid_marks
import grid_page
import mlir_kernels

DENSE = {"onednn", "openblas"}
PEERS = [{"library": "oneDNN", "what": "a < b", "there": True, "dense": True}, {"library": "Eigen", "what": "", "there": False, "dense": False}]
LIMITS = {"cpu": "a CPU", "limits": [{"threads": t, "fma_f32_gflops": 100.0 * t, "l1_gbytes": 1, "l2_gbytes": 1, "l3_gbytes": 1, "dram_gbytes": 1} for t in (1, 2)]}


def cell(speedup, n=32, density=0.1, pattern="unstructured", form="matmul", shape=(1024, 1024), rounds=9, threads=1):
    """spc takes 100, the best dense peer 100 * speedup with a little noise, its own dense kernel as long, Eigen half as long."""
    noise = [1 + 0.01 * (i % 3 - 1) for i in range(rounds)]
    unit = grid_cells.random_unit(shape, pattern, density, form, (n,), threads)
    ns = {"spc": [100.0] * rounds, "spc_dense": [100 * speedup * x for x in noise], "onednn": [100 * speedup * x for x in noise],
          "openblas": [300 * speedup * x for x in noise], "eigen": [50 * speedup * x for x in noise]}
    if threads > 1:
        ns = {"spc": [100.0] * rounds, "spc_threads": [100 / speedup] * rounds}
    raw = {"source": "random", "pattern": pattern, "rows": shape[0], "cols": shape[1], "nonzeros": int(density * shape[0] * shape[1]), "n": n,
           "form": form, "threads": threads, "compile_ms": 1.0, "dropped": 0, "steady": True, "wrong": "", "ns": ns,
           "spec": unit.spec.partition(":")[2], "key": unit.key(n)}
    return raw


def read(*raws):
    return [grid_marks.Cell(raw, DENSE) for raw in raws]


class Closed(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        assert not {"src", "href"} & {name for name, _ in attributes} and tag != "script"
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


class Grid(unittest.TestCase):
    def test_the_grid(self):
        units = grid_cells.full([Path(f"m{i}.smtx") for i in range(16)])
        keys = [u.key(n) for u in units for n in u.columns]
        self.assertGreaterEqual(len(keys), 600)
        self.assertEqual(len(keys), len(set(keys)))
        self.assertTrue({u.key(n) for u in grid_cells.quick([]) for n in u.columns} <= {u.key(n) for u in units for n in u.columns})
        for raw in (cell(2), cell(2, form="linear"), cell(2, threads=2)):
            self.assertEqual(grid_cells.key_of(raw), raw["key"])

    def test_intervals(self):
        self.assertEqual(grid_marks.interval([3, 1, 2, 5, 4]), (1, 5))
        self.assertEqual(grid_marks.interval(range(1, 10)), (2, 8))   # ranks 2 and 8 of 9 hold 96.1 %
        self.assertEqual(grid_marks.interval(range(1, 21)), (6, 15))  # and 6 and 15 of 20 hold 95.9 %
        self.assertEqual(grid_marks.median([4, 1, 3, 2]), 2.5)

    def test_slower_than_dense(self):
        slow, even, fast, few = read(cell(0.9), cell(0.97), cell(2), cell(0.5, rounds=4))
        self.assertEqual([o for _, o in grid_page.slower([slow])], ["onednn", "spc_dense"])
        self.assertEqual(grid_page.slower([even, fast, few]), [])
        self.assertEqual(slow.best_dense, "onednn")
        self.assertAlmostEqual(fast.speedup, 2)
        self.assertAlmostEqual(fast.against_best, 1)

    def test_marks(self):
        cells = read(*(cell(8, n, 0.1) for n in (128, 512)), cell(1.5, 128, 0.5, "2:4"), cell(4, 512, 0.25, "1:4"), cell(1.9, 128, 0.1, threads=2))
        marks = {m.says: m for m in grid_marks.marks(cells, LIMITS)}
        self.assertEqual(marks["N = 128 and 512, 90 % zeros"].verdict, "met")
        self.assertEqual(marks["2:4, N from 32"].verdict, "6 % short")
        self.assertEqual(marks["1:4, N from 32"].verdict, "met")
        self.assertEqual(marks["N = 32, 90 % zeros"].verdict, "not measured")
        self.assertAlmostEqual(marks["two threads: gain, as a share of the gain of multiply-adds"].reached, 0.95)

    def test_every_mark_finds_cells(self):
        raws = []
        for unit in grid_cells.full([]):
            name, _, density = unit.spec.partition(":")[2].partition("@")
            shape = tuple(map(int, unit.spec.partition(":")[0].split("x")))
            raws += [cell(2, n, float(density or 0.5), name, unit.form, shape, threads=unit.threads) for n in unit.columns]
        dlmc = cell(6, 32)
        dlmc["source"] = "a.smtx"
        marks = grid_marks.marks(read(*raws, dlmc), LIMITS)
        self.assertEqual([m.says for m in marks if m.verdict == "not measured"], [])

    def test_text_and_page(self):
        cells = read(*(cell(d * 10, n, d) for n in (1, 128) for d in (0.5, 0.1, 0.05)), cell(0.5, 32, 0.3, form="linear"))
        marks = grid_marks.marks(cells, LIMITS)
        for limits in (LIMITS, None):
            text = grid_page.text(cells, marks, limits, PEERS)
            self.assertIn("1024x1024:unstructured@0.3 linear n=32: 0.50 of onednn", text)
            self.assertIn("not here: Eigen", text)
            page = grid_page.page(cells, marks, limits, PEERS)
            Closed(page)
            self.assertIn("a &lt; b", page)
            self.assertNotIn("nan", page.split("</style>")[1])

    def test_report_only_and_broken_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            tools = Path(folder) / "bench"
            tools.mkdir()
            listing = "".join(json.dumps({"name": n, "library": n, "what": "", "dense": True, "there": True}) + "\n" for n in DENSE)
            (tools / "bench_grid").write_text(f"#!/bin/sh\ncat <<'.'\n{listing}.\n")
            (tools / "bench_grid").chmod(0o755)
            out = Path(folder) / "out"
            out.mkdir()
            lines = [json.dumps(cell(0.5)), json.dumps(cell(2)), json.dumps(cell(3, n=8)), json.dumps(cell(2))[:50]]
            (out / "grid.jsonl").write_text("\n".join(lines))
            command = [sys.executable, str(ROOT / "bench/run"), "--report", "--no-build", f"--build={folder}", f"--out={out}"]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)  # the later line of a cell counts
            self.assertIn("2 cells, 0 of 2 slower", done.stdout)
            self.assertIn("cut short", done.stderr)
            self.assertTrue((out / "grid.html").exists())

    def test_kernels_of_mlir_name_the_shape(self):
        text = mlir_kernels.source(12, 34)
        for part in ("tensor<12x34xf32, #CSR>", "%x: tensor<34x?xf32>", "%x: tensor<34xf32>", "-> tensor<12xf32>"):
            self.assertIn(part, text)
        self.assertNotIn("ROWS", text)


if __name__ == "__main__":
    unittest.main()
