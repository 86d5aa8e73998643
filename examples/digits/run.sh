#!/bin/sh
# Compiles the digits networks with spc, builds both hosts and runs them: accuracy, sizes, times.
#
#     run.sh [BUILD]      BUILD: where spc was built (default: build/ of this project); all output goes to
#                         BUILD/examples/digits. CC and CFLAGS are obeyed.
# Fails if a network's accuracy is not what accuracy.txt says.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd)
out=$build/examples/digits
spc=$build/bin/spc
mkdir -p "$out"

weights=
for net in dense unstructured nm block; do
    weights="$weights -w $here/$net.safetensors"
done

# Word splitting of $weights is meant; paths with blanks would break it, so they are refused.
case $here in *[[:space:]]*) echo "run.sh: the path $here holds blanks" >&2; exit 2 ;; esac

# shellcheck disable=SC2086
"$spc" "$here/digits.sdl" $weights -o "$out/kernels.so"

compile() {
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror ${CFLAGS:-} -I"$out" -I"$root/include" "$@" -lm
}
compile "$here/host_header.c" "$here/digits.c" -o "$out/host_header" "$out/kernels.so" -Wl,-rpath,"$out"
compile "$here/host_jit.c" "$here/digits.c" -o "$out/host_jit" -L"$build/lib" -lspc -Wl,-rpath,"$build/lib"

echo "weight matrices as stored, all variants of all kernels, from spc explain:"
# shellcheck disable=SC2086
"$spc" explain "$here/digits.sdl" $weights | awk '
    function bytes(number, unit) { return number * (unit ~ /^KB/ ? 1024 : unit ~ /^MB/ ? 1048576 : 1) }
    /^layer / { layer = $2; order[++count] = layer }
    $1 == "sparse" && / elements / {
        for (i = 1; i <= NF; i++)
            if ($i == "of" && $(i + 2) == "elements") { nonzero[layer] += $(i + 1) - $(i - 1); all[layer] += $(i + 1) }
        next
    }
    $1 == "weights:" {
        for (i = 4; i <= NF; i++) {
            if ($i ~ /^values/) values[layer] += bytes($(i - 3), $(i - 2))
            if ($i ~ /^metadata/) metadata[layer] += bytes($(i - 3), $(i - 2))
        }
    }
    END {
        for (i = 1; i <= count; i++) {
            layer = order[i]
            if (!nonzero[layer] || !values[layer]) { print "run.sh: spc explain says nothing of the weights of " layer; exit 1 }
            printf "%-17s %6d of %6d non-zero, %6.1f KB of values, %5.1f KB of metadata\n", layer, nonzero[layer],
                all[layer], values[layer] / 1024, metadata[layer] / 1024
        }
    }'
echo
echo "kernels.h and kernels.so, 1 thread"
"$out/host_header" "$here"
echo
"$out/host_jit" "$here"
