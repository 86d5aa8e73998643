"""spc prune: what stays is what an oracle in NumPy keeps; everything else of the file is untouched."""
import json
import os
import struct

import kit
import numpy as np


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8:8 + size]), data[8 + size:]
    dtypes = {name: np.dtype(dtype) for dtype, name in kit.NAMES.items()}
    return {name: np.frombuffer(body[t["data_offsets"][0]:t["data_offsets"][1]], dtypes[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items() if name != "__metadata__"}


def values_of(array):
    """bf16 travels as uint16 bits."""
    if array.dtype == np.uint16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def keep_largest(sizes, count):
    """A mask of the count largest, ties to the lower index; NaN is the largest."""
    order = np.argsort(-np.where(np.isnan(sizes), np.inf, sizes).ravel(), kind="stable")
    nan_first = np.argsort(~np.isnan(sizes).ravel()[order], kind="stable")
    mask = np.zeros(sizes.size, bool)
    mask[order[nan_first][:count]] = True
    return mask.reshape(sizes.shape)


def share(density, units):
    """Halves go up."""
    return int(np.floor(density * units + 0.5))


def expected_mask(array, pattern, density):
    """First axis x last axis; the axes between are places."""
    v = np.abs(values_of(array).astype(np.longdouble)).reshape(array.shape[0], -1, array.shape[-1])
    r, m, c = v.shape
    if pattern == "unstructured":
        mask = keep_largest(v, share(density, v.size))
    elif ":" in pattern:
        n, group = (int(x) for x in pattern.split(":"))
        mask = np.array([keep_largest(g, n) for g in v.reshape(-1, group)]).reshape(v.shape)
    elif pattern == "rows":
        norm = np.sqrt((v * v).sum((1, 2)))
        mask = np.broadcast_to(keep_largest(norm, share(density, r))[:, None, None], v.shape)
    elif pattern == "columns":
        norm = np.sqrt((v * v).sum((0, 1)))
        mask = np.broadcast_to(keep_largest(norm, share(density, c))[None, None, :], v.shape)
    else:
        a, b = (int(x) for x in pattern[6:-1].split(","))
        blocks = v.reshape(r // a, a, m, c // b, b)
        norm = np.sqrt((blocks * blocks).sum((1, 4)))
        chosen = keep_largest(norm, share(density, norm.size))
        mask = np.broadcast_to(chosen[:, None, :, :, None], blocks.shape).reshape(v.shape)
    return mask.reshape(array.shape)


class Prune(kit.Case):
    def prune(self, *arguments, status=0):
        return self.spc("prune", "in.safetensors", "-o", "out.safetensors", *arguments, status=status)

    def save(self, **tensors):
        kit.write_safetensors(self.path("in.safetensors"), tensors)

    def check(self, tensors, pattern, density=None):
        self.save(**tensors)
        self.prune("--pattern", pattern, *([] if density is None else [f"--density={density}"]))
        out = read_safetensors(self.path("out.safetensors"))
        self.assertEqual(set(out), set(tensors))
        for name, before in tensors.items():
            wanted = before
            if before.ndim >= 2 and (before.dtype.kind == "f" or before.dtype == np.uint16):
                wanted = np.where(expected_mask(before, pattern, density), before, np.zeros((), before.dtype))
            self.assertEqual(wanted.tobytes(), out[name].tobytes(), f"{pattern} {density} {name} {before.shape}")

    def tensors(self, rng, rows, cols):
        """Whole numbers of few values, so that there are many ties, with zeros of either sign, infinities and NaN."""
        def matrix(*shape):
            x = rng.integers(-3, 4, shape).astype(np.float32)
            x[rng.random(shape) < 0.1] = -0.0
            return x
        odd = matrix(rows, cols)
        odd.ravel()[rng.integers(0, odd.size, 4)] = [np.nan, -np.inf, np.inf, -np.nan]
        return {"f32": matrix(rows, cols), "odd": odd, "f16": matrix(rows, cols).astype(np.float16),
                "bf16": (matrix(rows, cols).view(np.uint32) >> 16).astype(np.uint16),
                "f64": rng.standard_normal((rows, cols)), "conv": rng.standard_normal((rows, 3, 2, cols)).astype(np.float32),
                "bias": matrix(rows).ravel(), "whole": rng.integers(-9, 9, (rows, cols)).astype(np.int8)}

    def test_against_oracle(self):
        rng = np.random.default_rng(7)
        for rows, cols in ((8, 8), (16, 24), (24, 80)):
            tensors = self.tensors(rng, rows, cols)
            for pattern in ("2:4", "1:4", "3:8", "1:2"):
                self.check(tensors, pattern)
            for density in (0.07, 0.25, 0.5, 0.9, 1):
                for pattern in ("unstructured", "rows", "columns", "block(8,4)", "block(1, 8)", "block(4,1)"):
                    self.check(tensors, pattern, density)

    def test_long_groups(self):
        rng = np.random.default_rng(8)
        self.check({"w": rng.integers(-5, 6, (3, 200)).astype(np.float32)}, "30:100")

    def test_ties_keep_the_lower_index(self):
        self.save(w=np.ones((2, 8), np.float32))
        self.prune("--pattern=2:4")
        np.testing.assert_array_equal(read_safetensors(self.path("out.safetensors"))["w"], [[1, 1, 0, 0] * 2] * 2)
        self.prune("--pattern=unstructured", "--density=0.25")
        np.testing.assert_array_equal(read_safetensors(self.path("out.safetensors"))["w"], [[1] * 4 + [0] * 4, [0] * 8])

    def test_norms_of_huge_and_tiny_blocks(self):
        w = np.full((4, 4), 1e-200)
        w[2:, :2] = 2e-200
        w[0:2, 2:] = 1e200
        w[2:, 2:] = 3e200
        self.check({"w": w}, "block(2,2)", 0.25)
        self.check({"w": w}, "block(2,2)", 0.75)

    def test_satisfies_contracts(self):
        """What is pruned binds to a declaration of the pattern, and the layer agrees with the reference."""
        rng = np.random.default_rng(9)
        self.save(w=rng.standard_normal((32, 64)).astype(np.float32))
        for pattern, density in (("2:4", None), ("block(8, 4)", 0.25), ("unstructured", 0.2), ("rows", 0.5), ("columns", 0.5)):
            self.prune("--pattern", pattern, *([] if density is None else [f"--density={density}"]))
            self.write("m.sdl", f"dim n;\nweight w: f32[32, 64] sparse {pattern};\n"
                                "layer l(x: f32[n, 64]) -> y: f32[n, 32] { y = linear(x, w); }\n")
            self.spc("check", "m.sdl", "-w", "out.safetensors", "--dim", "n=3", "--backend=interp")
            self.assertEqual(self.err, "")

    def test_tensors_by_name(self):
        rng = np.random.default_rng(10)
        names = {"a.weight": rng.standard_normal((4, 4)), "b.weight": rng.standard_normal((4, 4)), "c": rng.standard_normal((4, 6))}
        self.save(**names)
        self.prune("--pattern=2:4", "--tensor=b.*")
        out = read_safetensors(self.path("out.safetensors"))
        self.assertEqual({n: int((out[n] != 0).sum()) for n in out}, {"a.weight": 16, "b.weight": 8, "c": 24})
        self.assertEqual(self.out, "b.weight: 8 of 16 (density 0.5)\n")
        self.prune("--pattern=1:4", "--tensor=a.weight", "--tensor=b.weight")
        out = read_safetensors(self.path("out.safetensors"))
        self.assertEqual([int((out[n] != 0).sum()) for n in sorted(out)], [4, 4, 24])

    def test_header_and_standard_output(self):
        """The header, with its metadata and order, is copied byte by byte."""
        data = np.arange(1, 9, dtype=np.float32).tobytes()
        header = b'{ "__metadata__" : {"format":"pt"}, "z":{"data_offsets":[0,16],"shape":[2,2],"dtype":"F32"},' \
                 b'"a":{"dtype":"F32","shape":[1,4],"data_offsets":[16,32]}}   '
        with open(self.path("in.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header + data)
        self.spc("prune", "in.safetensors", "-o", "-", "--pattern=unstructured", "--density=0.5")
        self.assertEqual(self.raw[:8 + len(header)], struct.pack("<Q", len(header)) + header)
        np.testing.assert_array_equal(np.frombuffer(self.raw[8 + len(header):], np.float32), [0, 0, 3, 4, 0, 0, 7, 8])

    def test_empty_tensors(self):
        self.save(w=np.zeros((0, 4), np.float32), v=np.zeros((3, 0), np.float32))
        self.prune("--pattern=2:4")
        self.assertEqual(self.bytes_of("out.safetensors"), self.bytes_of("in.safetensors"))

    def test_usage(self):
        self.save(w=np.ones((4, 6), np.float32), b=np.ones(4, np.float32))
        for arguments, says in ((["--pattern=unstructured"], "density"), (["--pattern=rows", "--density=0"], "--density=0"),
                                (["--pattern=rows", "--density=1.5"], "1.5"), (["--pattern=rows", "--density=nan"], "nan"),
                                (["--pattern=4:2"], "0 < N < M"), (["--pattern=dense", "--density=0.5"], "dense"),
                                (["--pattern=band(0, 1)", "--density=0.5"], "band"), (["--pattern=hexagon"], "block(r, c)"),
                                (["--pattern=2:4", "--density=0.25"], "0.25"), ([], "--pattern"),
                                (["--pattern=1:2", "--tensor=q*"], "q*"), (["--pattern=1:2", "--tensor=b"], "rank 2")):
            self.prune(*arguments, status=2)
            self.assertSays("error:", says)
            self.assertEqual(self.files(), ["in.safetensors"])
        self.spc("prune", "in.safetensors", "--pattern=1:2", status=2)
        self.spc("prune", "-o", "out", "--pattern=1:2", status=2)
        self.spc("prune", "in.safetensors", "-o", "in.safetensors", "--pattern=1:2", status=2)
        self.assertSays("in.safetensors", "input")

    def test_axes_that_do_not_fit(self):
        self.save(w=np.ones((4, 6), np.float32))
        self.prune("--pattern=2:4", status=1)
        self.assertSays("in.safetensors: w: error:", "multiple of 4", "it is 6")
        self.prune("--pattern=block(3, 2)", "--density=0.5", status=1)
        self.assertSays("in.safetensors: w: error:", "first axis", "it is 4")
        self.assertEqual(self.files(), ["in.safetensors"])

    def test_bad_files(self):
        self.spc("prune", "none.safetensors", "-o", "out.safetensors", "--pattern=2:4", status=3)
        self.assertSays("none.safetensors")
        for text in (b"", b"\x10\0\0\0\0\0\0\0{}", struct.pack("<Q", 2) + b"{}" + b"x", struct.pack("<Q", 1 << 40)):
            with open(self.path("in.safetensors"), "wb") as file:
                file.write(text)
            self.prune("--pattern=2:4", status=1)
            self.assertSays("in.safetensors: error:")
        self.assertEqual(self.files(), ["in.safetensors"])

    def test_output_that_cannot_be_written(self):
        self.save(w=np.ones((4, 8), np.float32))
        self.spc("prune", "in.safetensors", "-o", "none/out.safetensors", "--pattern=2:4", status=3)
        self.assertSays("none/out.safetensors")
        if os.path.exists("/dev/full"):
            self.spc("prune", "in.safetensors", "-o", "/dev/full", "--pattern=2:4", status=3)
        self.assertEqual(self.files(), ["in.safetensors"])


if __name__ == "__main__":
    kit.main()
