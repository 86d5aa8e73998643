#!/bin/sh
# Compiles the convolutional networks with spc, builds the host and runs it: accuracy and times.
#
#     run.sh [BUILD]      BUILD: where spc was built (default: build/ of this project); all output goes to
#                         BUILD/examples/convnet. CC and CFLAGS are obeyed.
# Fails if a network's accuracy is not what accuracy.txt says. The test set is that of ../digits.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd)
out=$build/examples/convnet
mkdir -p "$out"

"$build/bin/spc" "$here/convnet.sdl" -w "$here/weights.safetensors" -o "$out/kernels.so"
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror ${CFLAGS:-} -I"$out" "$here/host.c" -o "$out/host" \
    "$out/kernels.so" -Wl,-rpath,"$out" -lm

# Arrays of bytes behind a header of 128 bytes, as NumPy writes them.
for name in images labels; do
    tail -c +129 "$root/examples/digits/$name.npy" >"$out/$name.bin"
done
echo "a convolutional network, as trained and with 80 % zeros; kernels.h and kernels.so, 1 thread"
"$out/host" "$out/images.bin" "$out/labels.bin" "$here/accuracy.txt"
