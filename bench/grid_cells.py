"""grid_cells: what bench/run measures. A unit is one weight in one form; it is measured at several numbers of columns, each
of which is a cell. The grid is complete in the sense of the marks (grid_marks.py): every mark finds its cells in it."""
from dataclasses import dataclass
from pathlib import Path

SHAPES = ((1024, 1024), (2048, 512), (512, 2048))
COLUMNS = (1, 8, 32, 128, 512)
DLMC_COLUMNS = (32, 128, 512)
UNSTRUCTURED = (0.65, 0.6, 0.55, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02)
PATTERNS = (("2:4", None), ("1:4", None), ("4:8", None), ("2:8", None), ("block(4,4)", 0.1), ("block(8,4)", 0.3), ("block(16,1)", 0.1),
            ("block(16,16)", 0.1), ("block(32,32)", 0.1), ("rows", 0.3), ("columns", 0.3), ("band(-16,16)", None), ("dense", None))
FORMS = ("matmul", "linear")


@dataclass(frozen=True)
class Unit:
    spec: str       # as bench_grid takes it
    form: str
    columns: tuple
    threads: int = 1

    def key(self, n):
        """Of a cell, the same in every run."""
        return f"{Path(self.spec).name} {self.form} n={n}" + (f" threads={self.threads}" if self.threads > 1 else "")


def key_of(cell):
    name = cell["source"] if cell["source"] != "random" else f'{cell["rows"]}x{cell["cols"]}:{cell["spec"]}'
    return f'{name} {cell["form"]} n={cell["n"]}' + (f' threads={cell["threads"]}' if cell["threads"] > 1 else "")


def random_unit(shape, pattern, density, form, columns, threads=1):
    spec = f"{shape[0]}x{shape[1]}:{pattern}" + ("" if density is None else f"@{density}")
    return Unit(spec, form, tuple(columns), threads)


def full(dlmc):
    units = []
    for form in FORMS:
        for shape in SHAPES:
            units += [random_unit(shape, "unstructured", d, form, COLUMNS) for d in UNSTRUCTURED]
            units += [random_unit(shape, p, d, form, COLUMNS) for p, d in PATTERNS]
        units += [Unit(str(path), form, DLMC_COLUMNS) for path in dlmc]
    units += [random_unit(shape, "unstructured", 0.1, "matmul", (128, 512), 2) for shape in SHAPES]
    return units


def quick(dlmc):
    """About forty cells, in two minutes: to see whether anything is badly wrong."""
    shape = SHAPES[0]
    units = [random_unit(shape, "unstructured", d, "matmul", (1, 32, 512)) for d in (0.5, 0.1)]
    units += [random_unit(shape, p, d, "matmul", (1, 128)) for p, d in PATTERNS]
    units += [Unit(str(path), "matmul", (128,)) for path in list(dlmc)[::4]]
    return units
