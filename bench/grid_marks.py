"""grid_marks: from rounds to verdicts: ratios with their intervals, cells that are slower than dense, and the marks that the
project set itself. Everything is a ratio of one round of one process; absolute times are never compared across cells."""
import math
from dataclasses import dataclass, field

SLOWER = 0.97


def median(values):
    s = sorted(values)
    return (s[(len(s) - 1) // 2] + s[len(s) // 2]) / 2 if s else math.nan


def interval(values):
    """95 % interval of the median by order statistics, which supposes nothing of how the values are spread."""
    s, n = sorted(values), len(values)
    if not n:
        return math.nan, math.nan
    outside, rank = 0, -1 # the chance that the median lies below the value of that rank
    while rank < n // 2 and outside + math.comb(n, rank + 1) / 2**n <= 0.025:
        rank += 1
        outside += math.comb(n, rank) / 2**n
    rank = max(rank, 0)
    return s[rank], s[n - 1 - rank]


def geomean(values):
    values = [v for v in values if v > 0 and math.isfinite(v)]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


class Cell:
    """One line of results with what follows from it."""

    def __init__(self, raw, dense_names):
        self.raw = raw
        self.n, self.form, self.pattern, self.threads = raw["n"], raw["form"], raw["pattern"], raw["threads"]
        self.rows, self.cols, self.source = raw["rows"], raw["cols"], raw["source"]
        self.density = raw["nonzeros"] / (raw["rows"] * raw["cols"])
        self.nominal = float(raw["spec"].split("@")[1]) if "@" in raw["spec"] else self.density
        self.ns = {name: times for name, times in raw["ns"].items() if times}
        self.medians = {name: median(times) for name, times in self.ns.items()}
        self.rounds = len(self.ns.get("spc", ()))
        dense = [name for name in self.medians if name in dense_names]
        self.best_dense = min(dense, key=self.medians.get) if dense else None
        sparse = [name for name in self.medians if name not in dense_names and not name.startswith("spc")]
        self.best_sparse = min(sparse, key=self.medians.get) if sparse else None

    def ratios(self, other):
        return [o / s for o, s in zip(self.ns[other], self.ns["spc"])] if other in self.ns and "spc" in self.ns else []

    def ratio(self, other):
        return median(self.ratios(other))

    @property
    def speedup(self):
        return self.ratio(self.best_dense)

    @property
    def against_best(self):
        """Against the fastest of all peers."""
        return min(self.speedup, self.ratio(self.best_sparse)) if self.best_sparse else self.speedup

    def slower_than(self, other):
        ratios = self.ratios(other)
        return len(ratios) >= 5 and interval(ratios)[1] < SLOWER

    @property
    def gflops(self):
        return 2 * self.raw["nonzeros"] * self.n / self.medians["spc"]


@dataclass
class Mark:
    says: str
    goal: float
    reached: float
    cells: list = field(default_factory=list)
    unit: str = "x"

    @property
    def verdict(self):
        if not math.isfinite(self.reached):
            return "not measured"
        return "met" if self.reached >= self.goal else f"{100 * (1 - self.reached / self.goal):.0f} % short"


def pick(cells, form="matmul", **wanted):
    out = [c for c in cells if c.form == form and c.threads == wanted.get("threads", 1)]
    for name, value in wanted.items():
        if name == "density":
            out = [c for c in out if abs(c.nominal - value) < 1e-9]
        elif name == "n":
            out = [c for c in out if c.n in value]
        elif name == "source":
            out = [c for c in out if (c.source != "random") == (value == "dlmc")]
        elif name == "pattern":
            out = [c for c in out if c.pattern == value]
    return out


def of(says, goal, cells, value):
    return Mark(says, goal, geomean([value(c) for c in cells]), cells)


def unstructured_marks(cells):
    def at(n, density):
        return pick(cells, pattern="unstructured", source="random", n=n, density=density)

    def speedup(c):
        return c.speedup

    marks = []
    for n, paying, zeros in (((1,), 0.65, 35), ((8,), 0.55, 45)):
        few = [c for c in pick(cells, pattern="unstructured", source="random", n=n) if c.nominal <= 0.5]
        marks.append(of(f"N = {n[0]}, 50 to 98 % zeros: against the fastest peer of all", 2, few, lambda c: c.against_best))
        marks.append(of(f"N = {n[0]}, {zeros} % zeros: pays", 1, at(n, paying), speedup))
    for density, goal in ((0.5, 1.17), (0.3, 1.9), (0.2, 3.0), (0.1, 6.4), (0.05, 12.6)):
        marks.append(of(f"N = 32, {100 * (1 - density):.0f} % zeros", goal, at((32,), density), speedup))
    marks.append(of("N = 128 and 512, 40 % zeros: pays", 1, at((128, 512), 0.6), speedup))
    for density, goal in ((0.5, 1.3), (0.3, 2.2), (0.2, 3.2), (0.1, 5.4), (0.05, 8.4), (0.02, 19)):
        marks.append(of(f"N = 128 and 512, {100 * (1 - density):.0f} % zeros", goal, at((128, 512), density), speedup))
    return marks


def structured_marks(cells):
    marks = []
    wide = (32, 128, 512)
    blocks = [c for c in pick(cells, source="random", n=wide) if c.pattern.startswith("block")]
    for pattern in sorted({c.pattern for c in blocks}):
        some = [c for c in blocks if c.pattern == pattern]
        marks.append(of(f"{pattern}, N from 32: speedup x density", 0.9, some, lambda c: c.speedup * c.density))
    for pattern, goal in (("2:4", 1.6), ("1:4", 3.0)):
        marks.append(of(f"{pattern}, N from 32", goal, pick(cells, pattern=pattern, n=wide), lambda c: c.speedup))
    marks.append(of("spc's own dense kernels, all N, matmul", 0.97, pick(cells, pattern="dense"), lambda c: c.speedup))
    marks.append(of("spc's own dense kernels, all N, linear", 0.97, pick(cells, "linear", pattern="dense"), lambda c: c.speedup))
    return marks


def linear_mark(cells):
    """Both forms have the same work; each is compared with the dense product of its own run, which hides the phase of the
    machine."""
    matmul = {(c.rows, c.cols, c.nominal, c.n): c for c in pick(cells, pattern="unstructured", source="random", n=(32, 128, 512))}
    pairs = [(matmul[k], c) for c in pick(cells, "linear", pattern="unstructured", source="random", n=(32, 128, 512))
             if (k := (c.rows, c.cols, c.nominal, c.n)) in matmul and 0.05 <= c.nominal <= 0.3]
    return Mark("linear against matmul, 70 to 95 % zeros, N from 32 (GFLOP/s)", 0.85, geomean([l.gflops / m.gflops for m, l in pairs]))


def thread_mark(cells, limits):
    name = "two threads: gain, as a share of the gain of multiply-adds"
    both = [c for c in cells if c.threads == 2]
    gain = geomean([c.ratio("spc_threads") ** -1 for c in both])
    rates = {one["threads"]: one["fma_f32_gflops"] for one in limits.get("limits", [])} if limits else {}
    fma = rates[2] / rates[1] if 1 in rates and 2 in rates else math.nan
    if fma < 1.2:  # one core for both
        return Mark(name, 0.9, math.nan, [])
    return Mark(name, 0.9, gain / fma, both)


def marks(cells, limits):
    dlmc = pick(cells, source="dlmc")
    return (unstructured_marks(cells) + [of("DLMC, N = 32 to 512", 5.4, dlmc, lambda c: c.speedup)] + structured_marks(cells)
            + [linear_mark(cells), thread_mark(cells, limits)])
