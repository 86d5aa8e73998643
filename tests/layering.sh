#!/bin/sh
# layering.sh ROOT: checks the rules of the house that a tool can check, over the files that git knows:
#   - who may include whom: runtime <- ir <- { frontend | passes | backends } <- api; the command only include/spc/
#   - no function over 80 lines, no file over 600 lines (sources, headers, grammars)
#   - every C file opens with a comment that says what it is for
#   - every folder that holds sources has a README.md
# Prints every breach; exit status 1 where there is one.
cd "${1:-.}" || exit 2
list=$(mktemp) || exit 2
trap 'rm -f "$list"' EXIT
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -- '*.c' '*.h' '*.l' '*.y' >"$list"
else
    find . -name '*.[chly]' ! -path './build*' | sed 's|^\./||' >"$list"
fi

while read -r file; do
    [ -f "$file" ] && printf '%s\n' "$file"
done <"$list" | xargs awk '
function breach(line, text) { printf "%s:%d: %s\n", FILENAME, line, text; bad = 1 }
function room_of(path) { sub(/\/.*/, "", path); return path }
function may_include(from, to, path) {
    if (from == to || to == "spc") return 1
    if (path ~ /^include\//) return 0
    if (from == "runtime") return 0
    if (from == "ir") return to == "runtime"
    if (from == "frontend" || from == "passes" || from == "backends") return to == "ir" || to == "runtime"
    return 1
}
BEGIN {
    split("runtime ir frontend passes backends api include examples bench tests", names, " ")
    for (i in names) known[names[i]] = 1
    longest_file = 600; longest_function = 80
}
FNR == 1 {
    if (NR > 1 && previous_lines > longest_file) printf "%s:1: %d lines, at most %d\n", previous, previous_lines, longest_file
    if (NR > 1 && previous_lines > longest_file) bad = 1
    if ($0 !~ /^\/\*|^%|^\/\//) breach(1, "does not open with a comment on its purpose")
    start = 0; previous = FILENAME; room = room_of(FILENAME)
    folder = FILENAME; sub(/\/?[^\/]*$/, "", folder); folders[folder] = 1
}
{ previous_lines = FNR }
/^[ \t]*#[ \t]*include[ \t]*["<]/ {
    path = $0; sub(/^[^"<]*["<]/, "", path); sub(/[">].*/, "", path)
    target = path ~ /\// ? room_of(path) : room
    if (path !~ /\// && $0 ~ /</) next
    if ((target in known || target == "spc") && (room in known) && !may_include(room, target, FILENAME))
        breach(FNR, room " may not include " path)
    if (FILENAME ~ /^api\/main\// && path ~ /\// && (target in known) && path !~ /^api\/main\//)
        breach(FNR, "the command uses only include/spc/, not " path)
    if ((room == "examples") && target in known && target != "examples") breach(FNR, "examples use only include/spc/")
}
# A function body: an opening brace that ends a line that starts a definition at column 0, or stands there alone.
start == 0 && (/^[A-Za-z_].*\)[^;]*\{$/ || /^\{$/) { start = FNR }
start && /^}/ {
    if (FNR - start + 1 > longest_function) breach(start, "a function of " (FNR - start + 1) " lines, at most " longest_function)
    start = 0
}
END {
    if (previous_lines > longest_file) { printf "%s:1: %d lines, at most %d\n", previous, previous_lines, longest_file; bad = 1 }
    for (folder in folders) {
        readme = (folder == "" ? "." : folder) "/README.md"
        if (folder ~ /^include|^tests\/(unit|diff|fuzz|golden|tools)/) continue
        if ((getline line < readme) < 0) { printf "%s: a folder with sources has a README.md\n", readme; bad = 1 }
        close(readme)
    }
    exit bad
}'
