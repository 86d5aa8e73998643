#!/usr/bin/env python3
"""Reads what bench_planner wrote: how near the chosen plans come to the best ones, and where they are slower than dense.

    planner_report.py FILE.jsonl...        tables
    planner_report.py --cells FILE.jsonl   and the twenty cells that lose most
"""
import json
import math
import sys
from collections import defaultdict

SLOWER = 0.97  # dense / chosen: a cell is slower where the upper end of the interval is below


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def read(paths):
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for cell in map(json.loads, lines):
                best = min(cell["candidates"], key=lambda c: c["measured"])
                first = min(cell["candidates"], key=lambda c: c["predicted"] * (0.95 if c["dense"] else 1))
                pattern, density, shape, form = cell["unit"].split("/")
                yield {"name": f"{cell['unit']} n={cell['n']}", "all": "", "columns": cell["n"], "form": form, "shape": shape,
                       "pattern": f"{pattern} {float(density):.2f}", "best": best, "first": first,
                       "chosen/best": cell["chosen"] / best["measured"],
                       "model/best": first["measured"] / best["measured"],
                       "slower": cell["dense_over_chosen"][2] < SLOWER}


def table(cells, key):
    groups = defaultdict(list)
    for cell in cells:
        groups[cell[key]].append(cell)
    print(f"{key:20} cells  chosen/best  model/best  slower than dense")
    for name, group in sorted(groups.items()):
        print(f"{str(name):20} {len(group):5}  {mean([c['chosen/best'] for c in group]):11.3f}"
              f"  {mean([c['model/best'] for c in group]):10.3f}  {sum(c['slower'] for c in group):6}")


def main(arguments):
    paths = [a for a in arguments if not a.startswith("--")]
    cells = list(read(paths))
    if not cells:
        sys.exit(__doc__)
    for key in ("all", "form", "shape", "columns", "pattern"):
        table(cells, key)
    if "--cells" in arguments:
        for cell in sorted(cells, key=lambda c: -c["chosen/best"])[:20]:
            print(f"{cell['chosen/best']:.2f} {cell['name']}\n    best  {cell['best']['plan']}\n    model {cell['first']['plan']}")


if __name__ == "__main__":
    main(sys.argv[1:])
