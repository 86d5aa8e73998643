"""mlir_kernels: libraries of MLIR's sparse kernels, one for each shape of the weight, which its `assemble` needs to know.

MLIR's own pipeline with its options for speed (vectors of 16, indices of 32 bits, sums in any order, no parallel loops), then
LLVM's -O3 for this CPU. Each shape has a product with a matrix and one with a vector."""
import shutil
import subprocess
from pathlib import Path

SOURCE = """
#CSR = #sparse_tensor.encoding<{ map = (d0, d1) -> (d0 : dense, d1 : compressed), posWidth = 32, crdWidth = 32 }>
#many = { indexing_maps = [affine_map<(i,j,k) -> (i,k)>, affine_map<(i,j,k) -> (k,j)>, affine_map<(i,j,k) -> (i,j)>],
          iterator_types = ["parallel", "parallel", "reduction"] }
#one = { indexing_maps = [affine_map<(i,k) -> (i,k)>, affine_map<(i,k) -> (k)>, affine_map<(i,k) -> (i)>],
         iterator_types = ["parallel", "reduction"] }
"""
FUNCTION = """
func.func @bench_mlir_NAME(%pos: tensor<?xi32>, %crd: tensor<?xi32>, %val: tensor<?xf32>, %x: X,
                           %y: Y {bufferization.writable = true}) -> Y attributes { llvm.emit_c_interface } {
  %w = sparse_tensor.assemble (%pos, %crd), %val
       : (tensor<?xi32>, tensor<?xi32>), tensor<?xf32> to tensor<ROWSxCOLSxf32, #CSR>
  %r = linalg.generic #NAME ins(%w, %x : tensor<ROWSxCOLSxf32, #CSR>, X) outs(%y : Y) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %c, %m : f32
      linalg.yield %s : f32
  } -> Y
  return %r : Y
}
"""
OPTIONS = ("enable-runtime-library=false vl=16 enable-index-optimizations=true reassociate-fp-reductions=true "
           "parallelization-strategy=none")


def tool(name):
    for candidate in (f"{name}-22", f"/usr/lib/llvm-22/bin/{name}"):
        if path := shutil.which(candidate):
            return path
    return None


def missing():
    return [name for name in ("mlir-opt", "mlir-translate", "opt", "llc") if not tool(name)]


def source(rows, cols):
    text = SOURCE
    for name, x, y in (("many", "tensor<COLSx?xf32>", "tensor<ROWSx?xf32>"), ("one", "tensor<COLSxf32>", "tensor<ROWSxf32>")):
        text += FUNCTION.replace("NAME", name).replace(": X", f": {x}").replace(", X)", f", {x})").replace(": Y", f": {y}").replace(
            "-> Y", f"-> {y}")
    return text.replace("ROWS", str(rows)).replace("COLS", str(cols))


def library(folder, rows, cols):
    """The path of the library for weights of this shape, made unless it is there; None where a tool fails."""
    folder = Path(folder)
    out = folder / f"mlir_{rows}x{cols}.so"
    if out.exists():
        return out
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"mlir_{rows}x{cols}"
    stem.with_suffix(".mlir").write_text(source(rows, cols))
    for command in ([tool("mlir-opt"), f"--sparsifier={OPTIONS}", f"{stem}.mlir", "-o", f"{stem}.llvm.mlir"],
                    [tool("mlir-translate"), "--mlir-to-llvmir", f"{stem}.llvm.mlir", "-o", f"{stem}.ll"],
                    [tool("opt"), "-O3", "-mcpu=native", f"{stem}.ll", "-o", f"{stem}.bc"],
                    [tool("llc"), "-O3", "-mcpu=native", "--fp-contract=fast", "-relocation-model=pic", "-filetype=obj",
                     f"{stem}.bc", "-o", f"{stem}.o"],
                    ["cc", "-shared", f"{stem}.o", "-o", str(out)]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"MLIR's kernel for {rows} x {cols} failed: {done.stderr.strip().splitlines()[:1]}")
            return None
    return out
