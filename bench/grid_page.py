"""grid_page: the results of bench/run as text and as one HTML page with plots that needs nothing else."""
import html
import math

from grid_marks import SLOWER, geomean, interval

SERIES = (("spc", "spc"), ("onednn_sgemm", "oneDNN sgemm"), ("onednn", "oneDNN matmul"), ("openblas", "OpenBLAS"), ("eigen", "Eigen"),
          ("xnnpack", "XNNPACK"), ("mlir", "MLIR"))
STYLE = """
:root{color-scheme:light dark;--paper:#fcfcfb;--card:#fff;--ink:#1c2128;--soft:#59636e;--rule:#d9dee3;--good:#1a7f37;--bad:#b3261e;
--s0:#0b6b94;--s1:#8a8f98;--s2:#b9bec6;--s3:#5b6470;--s4:#b0521a;--s5:#7a4fa3;--s6:#3d7d3a}
@media(prefers-color-scheme:dark){:root{--paper:#14181d;--card:#1b2027;--ink:#e4e8ec;--soft:#9aa5b1;--rule:#323a44;--good:#5fd07f;
--bad:#ff8b80;--s0:#5bbfe8;--s1:#8a93a0;--s2:#626b78;--s3:#b3bcc8;--s4:#f2a267;--s5:#c39be8;--s6:#86cf80}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:78rem;margin:0 auto;padding:2rem 1.25rem 4rem}h1{font-size:1.7rem;margin:0}h2{font-size:1.2rem;margin:2.5rem 0 .5rem;
border-top:1px solid var(--rule);padding-top:1rem}.soft,caption,figcaption{color:var(--soft);font-size:.875rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;margin:.5rem 0}caption{text-align:left}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}th[scope=row],.text{text-align:left}
.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}.row{display:flex;flex-wrap:wrap;gap:1.25rem}figure{flex:1 1 22rem;margin:.5rem 0;
min-width:0;max-width:28rem}svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--soft)}.grid{stroke:var(--rule);fill:none}
.line{fill:none;stroke-width:1.6}.thick{stroke-width:3}.even{stroke:var(--soft);stroke-dasharray:3 3;fill:none}
.key span{margin-right:1.1rem;white-space:nowrap}.key i{display:inline-block;width:1.5rem;border-top:3px solid;vertical-align:middle;margin-right:.35rem}
"""


# ---- what both have ----

def label(cell):
    if cell.source != "random":
        return f"DLMC {cell.density:.2f}"
    return cell.pattern if cell.pattern == "dense" or ":" in cell.pattern or "band" in cell.pattern else f"{cell.pattern} {cell.nominal:g}"


def grouped(cells, form):
    """label -> n -> cells, in the order of the grid."""
    out = {}
    for c in cells:
        if c.form == form and c.threads == 1 and c.best_dense:
            out.setdefault(label(c), {}).setdefault(c.n, []).append(c)
    return out


def slower(cells):
    """[(cell, whom it is slower than)]"""
    return [(c, other) for c in cells for other in dict.fromkeys((c.best_dense, "spc_dense")) if other and c.threads == 1 and c.pattern != "dense"
            and c.slower_than(other)]


def columns_of(cells):
    return sorted({c.n for c in cells if c.threads == 1})


def limit_rows(limits):
    names = (("fma_f32_gflops", "f32 multiply-adds from registers", "GFLOP/s"), ("l1_gbytes", "reading L1", "GB/s"),
             ("l2_gbytes", "reading L2", "GB/s"), ("l3_gbytes", "reading L3", "GB/s"), ("dram_gbytes", "reading memory", "GB/s"))
    for key, says, unit in names:
        yield says, unit, [one[key] for one in limits["limits"]]


def factor(value):
    return "-" if not math.isfinite(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


# ---- text ----

def text(cells, marks, limits, peers):
    out = []
    if limits:
        out += [f'{limits["cpu"]}: what the machine itself can do', f'  {"":34s}' + "".join(f'{str(o["threads"]) + " thread" + "s" * (o["threads"] > 1):>12s}' for o in limits["limits"])]
        out += [f"  {says:34s}" + "".join(f"{v:12.1f}" for v in values) + f"  {unit}" for says, unit, values in limit_rows(limits)]
    out += ["", "peers: " + ", ".join(dict.fromkeys(p["library"] for p in peers if p["there"])) + "".join(f'; not here: {p["library"]}' for p in peers if not p["there"])]
    for form in ("matmul", "linear"):
        groups, ns = grouped(cells, form), columns_of(cells)
        if not groups:
            continue
        out += ["", f"{form}: times as fast as the best dense peer, geometric mean over shapes; ! a cell is slower than dense",
                f'  {"":20s}' + "".join(f"{'N=' + str(n):>10s}" for n in ns)]
        bad = {id(c) for c, _ in slower(cells)}
        for name, by_n in groups.items():
            out.append(f"  {name:20s}" + "".join(
                f"{factor(geomean([c.speedup for c in by_n[n]])) + ('!' if any(id(c) in bad for c in by_n[n]) else ' '):>10s}" if n in by_n else f'{"":10s}'
                for n in ns))
    return "\n".join(out + [""] + verdict(cells, marks)) + "\n"


def verdict(cells, marks):
    bad = slower(cells)
    judged = [c for c in cells if c.threads == 1 and c.pattern != "dense"]
    few = sum(1 for c in cells if c.rounds < 5)
    out = [f"{len(cells)} cells, {len({c.raw['key'] for c, _ in bad})} of {len(judged)} slower than dense (95 % interval of the median ratio below {SLOWER})"]
    out += [f"  {c.raw['key']}: {factor(c.ratio(other))} of {other} ({factor(interval(c.ratios(other))[0])} to {factor(interval(c.ratios(other))[1])})" for c, other in bad]
    if few:
        out.append(f"  {few} cells have under 5 rounds and were not judged")
    if wrong := [c for c in cells if c.raw["wrong"]]:
        out.append(f"  wrong results: " + "; ".join(f"{c.raw['key']}:{c.raw['wrong']}" for c in wrong))
    out += ["", "marks" + " " * 63 + "goal   reached"]
    out += [f"  {m.says:62s} {m.goal:8.2f} {factor(m.reached):>9s}  {m.verdict}" for m in marks]
    done = [m for m in marks if m.verdict != "not measured"]
    out.append(f"  {sum(m.verdict == 'met' for m in done)} of {len(done)} met, {len(marks) - len(done)} not measured")
    return out


# ---- plots ----

class Plot:
    WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 430, 300, 52, 42, 8, 10

    def __init__(self, x, y):
        self.x, self.y = x, y # (low, high), both logarithmic

    def at(self, x, y):
        def share(value, ends):
            return math.log(value / ends[0]) / math.log(ends[1] / ends[0])

        return (self.LEFT + share(x, self.x) * (self.WIDTH - self.LEFT - self.RIGHT),
                self.HEIGHT - self.BOTTOM - share(y, self.y) * (self.HEIGHT - self.BOTTOM - self.TOP))

    def line(self, points, css):
        return f'<path class="line {css}" style="stroke:var(--{css.split()[0]})" d="M' + "L".join(f"{a:.1f} {b:.1f}" for a, b in (self.at(*p) for p in points)) + '"/>'

    def grid(self, xs, ys):
        out, last = [], math.inf
        for x in xs: # from the right to the left; labels that would lie on one another are left out
            a, _ = self.at(x, self.y[0])
            out.append(f'<path class="grid" d="M{a:.1f} {self.TOP}V{self.HEIGHT - self.BOTTOM}"/>')
            if last - a >= 24:
                out.append(f'<text text-anchor="middle" x="{a:.1f}" y="{self.HEIGHT - self.BOTTOM + 16}">{100 * (1 - x):g}</text>')
                last = a
        for y in ys:
            _, b = self.at(self.x[0], y)
            out.append(f'<path class="{"even" if y == 1 else "grid"}" d="M{self.LEFT} {b:.1f}H{self.WIDTH - self.RIGHT}"/><text text-anchor="end" x="{self.LEFT - 6}" y="{b + 4:.1f}">{y:g}×</text>')
        return "".join(out)


def speedups(cells, n):
    """name -> [(density, times as fast as the best dense peer)], unstructured random weights, matmul."""
    out = {}
    for density in sorted({c.nominal for c in cells}):
        some = [c for c in cells if c.nominal == density and c.n == n]
        for name, _ in SERIES:
            ratios = [c.medians[c.best_dense] / c.medians[name] for c in some if name in c.medians]
            if ratios:
                out.setdefault(name, []).append((density, geomean(ratios)))
    return out


def speed_plot(cells, n, number):
    series = speedups(cells, n)
    values = [v for points in series.values() for _, v in points]
    if not values:
        return ""
    densities = sorted({c.nominal for c in cells})
    plot = Plot((densities[-1] * 1.1, densities[0] / 1.1), (min(values) / 1.15, max(max(values) * 1.15, 1.2)))
    ys = [y for y in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if plot.y[0] <= y <= plot.y[1]]
    about = "; ".join(f"{dict(SERIES)[name]} {points[-1][1]:.2f} to {points[0][1]:.2f}" for name, points in series.items())
    lines = "".join(plot.line(points, f"s{i}" + (" thick" if i == 0 else "")) for i, (name, _) in reversed(list(enumerate(SERIES)))
                    if len(points := series.get(name, [])) > 1)
    return (f'<figure><svg viewBox="0 0 {plot.WIDTH} {plot.HEIGHT}" role="img" aria-labelledby="t{number} d{number}"><title id="t{number}">Speed at N = {n}</title>'
            f'<desc id="d{number}">From the densest to the sparsest weight: {html.escape(about)}.</desc>{plot.grid(densities, ys)}{lines}'
            f'<text text-anchor="middle" x="{plot.WIDTH / 2}" y="{plot.HEIGHT - 6}">zeros in %, N = {n}</text></svg></figure>')


# ---- the page ----

def table(caption, head, rows):
    cells = "".join(f'<th scope="col"{" class=text" if i == 0 else ""}>{h}</th>' for i, h in enumerate(head))
    return f'<div class="scroll"><table><caption>{caption}</caption><thead><tr>{cells}</tr></thead><tbody>' + "".join(
        "<tr>" + f'<th scope="row">{row[0]}</th>' + "".join(row[1:]) + "</tr>" for row in rows) + "</tbody></table></div>"


def td(value, css=""):
    return f'<td class="{css}">{value}</td>'


def form_table(cells, form):
    groups, ns = grouped(cells, form), columns_of(cells)
    bad = {id(c) for c, _ in slower(cells)}
    rows = []
    for name, by_n in groups.items():
        row = [html.escape(name)]
        for n in ns:
            some = by_n.get(n, [])
            row.append(td(factor(geomean([c.speedup for c in some])), "bad" if any(id(c) in bad for c in some) else "") if some else td(""))
            row.append(td(factor(geomean([c.against_best for c in some])), "soft") if some else td(""))
        rows.append(row)
    head = ["pattern"] + [h for n in ns for h in (f"N={n}", "best")]
    return table(f"{form}: times as fast as the best dense peer (left) and the best of all peers (right, grey); geometric mean over shapes; "
                 "red where a cell is slower than dense", head, rows) if rows else ""


def all_cells(cells):
    rows = []
    for c in sorted(cells, key=lambda c: c.raw["key"]):
        if c.best_dense:
            low, high = interval(c.ratios(c.best_dense))
            rows.append([html.escape(c.raw["key"]), td(f"{c.medians['spc'] / 1e3:.1f}"), td(f"{c.gflops:.1f}"), td(html.escape(c.best_dense)),
                         td(f"{factor(c.speedup)}"), td(f"{factor(low)}&ndash;{factor(high)}"), td(factor(c.ratio("spc_dense"))),
                         td(html.escape(c.best_sparse or "-")), td(factor(c.ratio(c.best_sparse)) if c.best_sparse else "-"), td(c.rounds), td(c.raw["dropped"])])
    return table("Every cell", ["cell", "spc, &micro;s", "GFLOP/s", "best dense", "ratio", "95 %", "own dense", "best sparse", "ratio", "rounds", "dropped"], rows)


def page(cells, marks, limits, peers):
    plain = [c for c in cells if c.pattern == "unstructured" and c.source == "random" and c.form == "matmul" and c.threads == 1]
    bad = slower(cells)
    out = [f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>spc against its peers</title>'
           f"<style>{STYLE}</style></head><body><main><h1>spc against its peers</h1>"]
    if limits:
        out.append(f'<p class="soft">{html.escape(limits["cpu"])}; {len(cells)} cells; all peers of a cell take turns in one process</p>')
        out.append(table("What the machine itself can do", ["", *(f'{o["threads"]} thread{"s" * (o["threads"] > 1)}' for o in limits["limits"]), ""],
                         [[says, *(td(f"{v:.1f}") for v in values), td(unit, "text")] for says, unit, values in limit_rows(limits)]))
    out.append(table("Peers", ["library", "what of it", ""], [[p["library"], td(html.escape(p["what"]), "text"), td("" if p["there"] else "not installed", "text")] for p in peers]))
    out.append("<h2>Marks</h2>" + table("", ["mark", "goal", "reached", ""], [[html.escape(m.says), td(f"{m.goal:.2f}"), td(factor(m.reached)),
               td(m.verdict, "text " + ("good" if m.verdict == "met" else "soft" if m.verdict == "not measured" else "bad"))] for m in marks]))
    out.append(f"<h2>Slower than dense</h2><p>{len({c.raw['key'] for c, _ in bad})} cells: the 95&thinsp;% interval of the median ratio lies below {SLOWER}.</p>")
    if bad:
        out.append(table("", ["cell", "slower than", "ratio", "95 %"], [[html.escape(c.raw["key"]), td(html.escape(o), "text"), td(factor(c.ratio(o))),
                   td("&ndash;".join(map(factor, interval(c.ratios(o)))))] for c, o in bad]))
    out.append("<h2>Unstructured weights</h2><p class=soft>matmul(w, x), geometric mean over shapes, against the best dense peer of each cell (dotted line)</p><p class=key>"
               + "".join(f'<span><i style="border-color:var(--s{i})"></i>{says}</span>' for i, (_, says) in enumerate(SERIES)) + '</p><div class="row">')
    out += [speed_plot(plain, n, i) for i, n in enumerate(columns_of(plain))]
    out.append("</div><h2>All patterns</h2>" + form_table(cells, "matmul") + form_table(cells, "linear"))
    out.append(f"<h2>Cells</h2><details><summary>{len(cells)} cells</summary>{all_cells(cells)}</details></main></body></html>\n")
    return "".join(out)
