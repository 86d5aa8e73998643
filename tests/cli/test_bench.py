"""spc bench: what the JSON and the table hold, and what is refused. No test looks at how long anything took."""
import json
import math
import os

import re
from html.parser import HTMLParser

import kit
import numpy as np

TIMES = {"p50", "p95", "p99", "min", "runs", "dropped", "steady"}
KERNEL = {"name", "op", "pattern", "density", "plan", "p50_ns", "dense_p50_ns", "gflops_nonzero", "roofline_fraction", "binds"}
KEYS = {"model", "layer", "cpu", "isa", "threads", "dims", "latency_ns", "dense_latency_ns", "speedup", "weights_bytes",
        "sparse_coverage", "fallbacks", "kernels"}


def refuse_constant(name):
    raise AssertionError(f"{name} is no JSON")


def parse(text):
    return [json.loads(line, parse_constant=refuse_constant) for line in text.splitlines()]


VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Well-formed, and complete in itself."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.refers, self.charts, self.text = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.refers += attributes.get("aria-labelledby", "").split()
        if tag == "svg":
            self.charts.append(attributes)
        for name in ("src", "href", "data", "action"):
            assert name not in attributes, (tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


class Bench(kit.Case):
    def bench(self, *arguments, status=0):
        self.spc("bench", "ffn.sdl", "-w", "ffn.safetensors", "--seconds=0.02", *arguments, status=status)
        return self.out

    def check_schema(self, o, native=True):
        self.assertEqual(set(o), KEYS)
        for key in ("latency_ns", "dense_latency_ns"):
            t = o[key]
            self.assertEqual(set(t), TIMES)
            self.assertTrue(0 < t["min"] <= t["p50"] <= t["p95"] <= t["p99"])
            self.assertGreaterEqual(t["runs"] + t["dropped"], 3)
            self.assertGreaterEqual(t["runs"], 1)
            self.assertIsInstance(t["steady"], bool)
        self.assertAlmostEqual(o["speedup"] / (o["dense_latency_ns"]["p50"] / o["latency_ns"]["p50"]), 1, delta=0.02)
        for k in o["kernels"]:
            self.assertEqual(set(k), KERNEL)
            if k["density"] is not None:
                self.assertTrue(0 <= k["density"] <= 1)
            if k["roofline_fraction"] is not None:
                self.assertTrue(0 <= k["roofline_fraction"] <= 1)
                self.assertIn(k["binds"], ("fma", "memory"))
            if native:
                self.assertGreater(k["p50_ns"], 0)
                self.assertGreater(k["dense_p50_ns"], 0)
        if o["sparse_coverage"] is not None:
            self.assertTrue(0 <= o["sparse_coverage"] <= 1)

    def test_facts(self):
        weights = self.ffn()
        (o,) = parse(self.bench("--dim=batch=64", "--json=-"))
        self.check_schema(o)
        self.assertEqual((o["model"], o["layer"], o["threads"], o["dims"]), ("ffn.sdl", "ffn", 1, {"batch": 64}))
        self.assertEqual([k["name"] for k in o["kernels"]], ["ffn.0", "ffn.1"])
        self.assertEqual([k["pattern"] for k in o["kernels"]], ["unstructured", "2:4"])
        for k, name in zip(o["kernels"], ("w1", "fc2.weight")):
            nonzeros = int((weights[name] != 0).sum())
            self.assertAlmostEqual(k["density"], nonzeros / weights[name].size, places=5)
            self.assertTrue(k["op"].startswith("linear + "))
            self.assertIn("store=", k["plan"])
            self.assertAlmostEqual(k["gflops_nonzero"] * k["p50_ns"] / (2 * nonzeros * 64), 1, delta=0.05)
        bytes_of = o["weights_bytes"]
        self.assertEqual(bytes_of["dense"], sum(w.nbytes for w in weights.values()))
        self.assertGreater(bytes_of["values"], 0)
        self.assertGreater(bytes_of["metadata"], 0)

    def test_plan_and_fallbacks(self):
        self.ffn()
        (o,) = parse(self.bench("--dim=batch=64", "--json=-", "--plan=@ffn.0 store=csr\n@ffn.1 store=dense:4"))
        self.assertTrue(o["kernels"][0]["plan"].startswith("store=csr"))
        self.assertEqual(o["fallbacks"], 1)
        self.assertTrue(0 < o["sparse_coverage"] < 1)
        (o,) = parse(self.bench("--dim=batch=64", "--json=-", "--plan=@*.* store=dense:4"))
        self.assertEqual((o["fallbacks"], o["sparse_coverage"], o["weights_bytes"]["metadata"]), (2, 0, 0))

    def test_several_dims_to_a_file_and_the_table(self):
        self.ffn()
        table = self.bench("--dim", "batch=1,3", "--dim=batch=0", "--json", "b.json")
        self.assertEqual(table.count("layer ffn at batch="), 3)
        for part in ("compiled", "dense", "speedup", "weights:", "ffn.0", "ffn.1", "GFLOP/s", "roofline"):
            self.assertIn(part, table)
        objects = parse(self.bytes_of("b.json").decode())
        self.assertEqual([o["dims"] for o in objects], [{"batch": 1}, {"batch": 3}, {"batch": 0}])
        for o in objects:
            self.check_schema(o, native=o["dims"]["batch"] > 0)
        self.assertEqual(objects[2]["kernels"][0]["gflops_nonzero"], None)
        self.assertEqual(self.files(), ["b.json", "ffn.safetensors", "ffn.sdl"])

    def check_page(self, text):
        page = Page(text)
        self.assertEqual(page.open, [])
        self.assertNotIn("script", page.tags)
        for word in ("http:", "https:", "url(", "@import"):
            self.assertNotIn(word, text.lower())
        self.assertNotRegex(text, r"(?i)\b(nan|inf)\b")
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertEqual(set(page.refers), set(page.ids))
        self.assertTrue(page.charts)
        for chart in page.charts:
            self.assertEqual(chart["role"], "img")
            self.assertEqual(len(chart["aria-labelledby"].split()), 2)
        for number in re.findall(r' d="([^"]*)"', text):
            self.assertRegex(number, r"^[-MLHVZhvaz0-9. ]*$")
        return page

    def test_page(self):
        self.ffn()
        self.bench("--dim=batch=1,16", "--html=b.html", "--json=b.json")
        text = self.bytes_of("b.html").decode()
        page = self.check_page(text)
        words = " ".join(page.text)
        for says in ("as fast as the same layer stored dense", "Roofline", "ffn.0", "ffn.1", "batch=1", "batch=16", "store=", "w1", "unstructured", "2:4", "non-zeros in a row", "non-zero in a tile", "multiply-adds from registers", "p95", "dropped"):
            self.assertIn(says, words)
        for o in parse(self.bytes_of("b.json").decode()):
            self.assertIn(f'{o["speedup"]:.2f}', words)
        self.assertEqual(self.files(), ["b.html", "b.json", "ffn.safetensors", "ffn.sdl"])

    def test_page_of_odd_layers(self):
        self.write("m.sdl", "dim a, b;\nlayer l(x: f32[a, b]) -> y: f32[a, b] { y = relu(x); }\n")
        self.spc("bench", "m.sdl", "--dim=a=2,0,b=4,5", "--seconds=0.01", "--html=-")
        self.assertIn("no weight matrix", " ".join(self.check_page(self.out).text))
        self.write("n.sdl", "weight w: f32[40, 3000] sparse block(8, 4); weight v: f32[3, 40];\n"
                            "layer l(x: f32[2, 3000]) -> y: f32[2, 3] { y = linear(linear(x, w), v); }\n")
        w = np.zeros((40, 3000), np.float32)
        w[8:16, 400:408] = 1
        np.save(self.path("w.npy"), w)
        np.save(self.path("v.npy"), np.ones((3, 40), np.float32))
        self.spc("bench", "n.sdl", "-w", "w=w.npy", "-w", "v=v.npy", "--seconds=0.01", "--html=-", "--backend=reference")
        self.assertIn("32 rows are empty", " ".join(self.check_page(self.out).text))

    def test_two_dims(self):
        self.write("m.sdl", "dim a, b;\nlayer l(x: f32[a, b]) -> y: f32[a, b] { y = relu(x); }\n")
        self.spc("bench", "m.sdl", "--dim=a=2,3,b=4,5", "--seconds=0.01", "--json=-")
        objects = parse(self.out)
        self.assertEqual([o["dims"] for o in objects], [{"a": a, "b": b} for a in (2, 3) for b in (4, 5)])
        for o in objects:
            self.check_schema(o)
            self.assertEqual((o["kernels"][0]["pattern"], o["kernels"][0]["density"]), (None, None))
            self.assertEqual(o["weights_bytes"], {"values": 0, "metadata": 0, "dense": 0})

    def test_threads_and_backends(self):
        self.ffn()
        (o,) = parse(self.bench("--dim=batch=8", "--threads=2", "--json=-"))
        self.check_schema(o)
        self.assertEqual(o["threads"], 2)
        (o,) = parse(self.bench("--dim=batch=2", "--backend=interp", "--json=-"))
        self.check_schema(o)
        (o,) = parse(self.bench("--dim=batch=2", "--backend=reference", "--json=-"))
        self.check_schema(o)
        self.assertEqual((o["kernels"], o["sparse_coverage"]), ([], None))

    def test_every_backend_tells_its_kernels(self):
        self.ffn()
        for word in kit.VERSION.split("backends:")[1].splitlines()[0].split(","):
            name = word.strip().split(" ")[0]
            if name and name != "reference":
                (o,) = parse(self.bench("--dim=batch=2", f"--backend={name}", "--json=-"))
                self.check_schema(o)
                self.assertEqual(len(o["kernels"]), 2, name)

    def test_odd_dtypes(self):
        self.write("m.sdl", "dim n;\nweight w: f64[8, 8] sparse unstructured;\n"
                            "layer l(x: f64[n, 8], k: i32[n, 8], c: bool[n, 8]) -> (y: f64[n, 8], z: i32[n, 8]) "
                            "{ y = where(c, linear(x, w), x); z = k + k; }\n")
        kit.write_safetensors(self.path("w.safetensors"), {"w": np.eye(8)})
        self.spc("bench", "m.sdl", "-w", "w.safetensors", "--dim=n=5", "--seconds=0.01", "--json=-")
        self.check_schema(parse(self.out)[0])

    def test_usage(self):
        self.ffn()
        for arguments, says in ((["--json=b.json"], "batch"), (["--dim=batch=1", "--layer=fnn"], "fnn"), (["--dim=bach=1"], "bach"),
                                (["--dim=batch"], "batch"), (["--dim=batch="], "batch="), (["--dim=batch=1,,2"], "gives no extent"),
                                (["--dim=batch=-1"], "-1"), (["--dim=batch=x"], "x"), (["--dim=batch=1", "--seconds=0"], "--seconds=0"),
                                (["--dim=batch=1", "--threads=two"], "two"), (["--dim=batch=1", "--seed=-1"], "-1")):
            self.bench(*arguments, status=2)
            self.assertSays("error:", says)
        self.assertEqual(self.files(), ["ffn.safetensors", "ffn.sdl"])

    def test_which_layer(self):
        self.write("m.sdl", "dim n;\nlayer a(x: f32[n]) -> y: f32[n] { y = relu(x); }\n"
                            "layer b(x: f32[n]) -> y: f32[n] { y = x + x; }\n")
        self.spc("bench", "m.sdl", "--dim=n=1", status=2)
        self.assertSays("a, b")
        self.spc("bench", "m.sdl", "--dim=n=1", "--layer=b", "--seconds=0.01", "--json=-")
        self.assertEqual(parse(self.out)[0]["kernels"][0]["op"], "add")

    def test_weights_that_are_missing(self):
        self.ffn()
        self.spc("bench", "ffn.sdl", "--dim=batch=1", status=1)
        self.assertSays("ffn.sdl:", "w1", "w2")

    def test_contract_and_memory(self):
        self.write("m.sdl", "dim n = 8..64 step 8;\nlayer a(x: f32[n]) -> y: f32[n] { y = relu(x); }\n")
        self.spc("bench", "m.sdl", "--dim=n=9", status=1)
        self.assertSays("dim n", "9")
        self.write("m.sdl", "dim n;\nlayer a(x: f32[n]) -> y: f32[n] { y = relu(x); }\n")
        env = dict(self.env, ASAN_OPTIONS="allocator_may_return_null=1", TSAN_OPTIONS="allocator_may_return_null=1") # where sanitizers are built in
        self.spc("bench", "m.sdl", "--dim=n=4000000000000000", status=3, env=env)
        self.assertSays("memory")

    def test_json_that_cannot_be_written(self):
        self.ffn()
        self.bench("--dim=batch=1", "--json=none/b.json", status=3)
        self.assertSays("none/b.json")
        self.bench("--dim=batch=1", "--json=b.json", "--html=none/b.html", status=3)
        self.bench("--dim=batch=1", "--json=-", "--html=-", status=2)
        self.assertNotIn("b.json", self.files())
        self.bench("--dim=batch=1", "--json=ffn.sdl", status=2)
        self.assertSays("ffn.sdl", "input")


if __name__ == "__main__":
    kit.main()
