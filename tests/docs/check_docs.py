"""check_docs: are README.md and docs/ true? README.md in this folder says what is looked at.

    check_docs.py paths SOURCE             links and paths of every page
    check_docs.py examples SOURCE BUILD    programs compile, examples run and print what the page says
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOMS = ("api", "backends", "bench", "docs", "examples", "frontend", "include", "ir", "passes", "runtime", "scripts", "tests")
MADE = ("kernels.h", "host.c")  # what users have
ENDINGS = (".c", ".h", ".def", ".md", ".py", ".sh", ".t", ".ir", ".l", ".y", ".cmake", ".in")


def pages(source):
    """Every page of the project, relative to source; what git does not know (build folders) is left out."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=source, capture_output=True, text=True)
    found = listed.stdout.split()
    if listed.returncode:
        found = [os.path.relpath(os.path.join(folder, name), source) for folder, _, names in os.walk(source)
                 for name in names if name.endswith(".md") and "build" not in folder]
    return [page for page in found if os.path.exists(os.path.join(source, page))]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# ---- paths ----

def without_blocks(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(text):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", without_blocks(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(source, page, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(text)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        full = os.path.join(source, os.path.dirname(page), path) if path else os.path.join(source, page)
        if not os.path.exists(full):
            yield target
        elif anchor and full.endswith(".md") and anchor not in anchors(read(full)):
            yield target


def spans(text):
    """Words of code spans that may be paths: no patterns, no placeholders in capitals."""
    for span in re.findall(r"`([^`\n]+)`", without_blocks(text)):
        for word in span.split():
            word = word.strip(",;:()").split(":")[0]
            if re.fullmatch(r"[\w./-]+", word) and not re.search(r"(^|[/_])[A-Z]+([_.]|$)", word.replace("README", "readme")
                                                                   .replace("LICENSE", "license")):
                yield word


def exists_near(source, page, word):
    """Below the root, include/, the page's folder or one of those above it; a bare name anywhere."""
    folder = os.path.join(source, os.path.dirname(page))
    places = [source, os.path.join(source, "include"), folder]
    while folder != source and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
        places.append(folder)
    if any(os.path.exists(os.path.join(place, word)) for place in places):
        return True
    return "/" not in word and any(word in names for _, _, names in os.walk(source))


def missing_paths(source, page, text):
    readme = os.path.basename(page) == "README.md" and page not in ("README.md", "docs/README.md")
    for word in spans(text):
        of_ours = word.split("/")[0] in ROOMS and "/" in word
        if (of_ours or readme and word.endswith(ENDINGS) and word not in MADE + ENDINGS) and not exists_near(source, page, word):
            yield word


def check_paths(source):
    wrong = 0
    for page in pages(source):
        text = read(os.path.join(source, page))
        for what, found in (("link", broken_links), ("path", missing_paths)):
            for target in found(source, page, text):
                print(f"{page}: the {what} {target} leads nowhere")
                wrong += 1
    print(f"{len(pages(source))} pages, {wrong} wrong")
    return wrong


# ---- examples ----

def blocks(text):
    """(line, words of the opening, text) of every fenced block."""
    found, opening, start = [], None, 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("```") and opening is None:
            opening, start = line[3:].split(), number
        elif line.startswith("```"):
            found.append((start + 1, opening, "\n".join(lines[start + 1:number]) + "\n"))
            opening = None
    return found


def tools(folder, build):
    """An installed spc, and cc and python3 that are the tests' own; returns the environment."""
    prefix, wrappers = os.path.join(folder, "prefix"), os.path.join(folder, "wrappers")
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    os.mkdir(wrappers)
    compiler = shutil.which(os.environ.get("CC", "cc"))  # whole, or the wrapper would find itself
    for name, command in (("cc", f'"{compiler}" {os.environ.get("CFLAGS", "")}'), ("python3", f'"{sys.executable}"')):
        path = os.path.join(wrappers, name)
        with open(path, "w") as file:
            file.write(f'#!/bin/sh\nexec {command} "$@"\n')
        os.chmod(path, 0o755)
    libraries = [at for at, _, names in os.walk(prefix) if "spc.pc" in names][0]
    env = dict(os.environ, PKG_CONFIG_PATH=libraries, LD_LIBRARY_PATH=os.path.dirname(libraries), CMAKE_PREFIX_PATH=prefix,
               XDG_CACHE_HOME=os.path.join(folder, "cache"), LC_ALL="C",
               PATH=os.pathsep.join((wrappers, os.path.join(prefix, "bin"), os.environ["PATH"])))
    env.pop("CFLAGS", None)
    return env


def matches(wanted, printed):
    pattern = "".join(".*" if part == "..." else re.escape(part) for part in re.split(r"(\.\.\.)", wanted.strip()))
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


class Page:
    def __init__(self, name, folder, env):
        self.name, self.folder, self.env = name, folder, env
        self.wrong, self.count, self.printed = 0, 0, ""

    def complain(self, line, what, detail):
        print(f"{self.name}:{line}: {what}\n{detail}")
        self.wrong += 1

    def run(self, line, command, text=None):
        self.count += 1
        done = subprocess.run(command, cwd=self.folder, env=self.env, input=text or "", capture_output=True, text=True, timeout=100)
        self.printed = done.stdout
        if done.returncode:
            self.complain(line, f"exit status {done.returncode}", done.stdout + done.stderr)

    def block(self, line, opening, text):
        kind, mark = (opening + ["", ""])[:2]
        if mark == "part":
            return
        if kind == "sh" and mark == "run":
            self.run(line, ["sh", "-eu", "-c", text])
        elif kind == "text" and mark == "out":
            if not matches(text, self.printed):
                self.complain(line, "the example printed", self.printed)
        elif mark:
            with open(os.path.join(self.folder, mark), "w") as file:
                file.write(text)
        if kind == "sdl":
            self.run(line, ["spc", "-", "--emit=plan", "-o", "-"], text)


def check_examples(source, build):
    if not all(shutil.which(tool) for tool in ("cmake", "pkg-config", "ninja")):
        print("skipped: cmake, ninja and pkg-config are needed")
        sys.exit(77)
    wrong = count = 0
    with tempfile.TemporaryDirectory(prefix="spc-docs-") as scratch:
        env = tools(scratch, build)
        if "(" not in subprocess.run(["spc", "--version"], env=env, capture_output=True, text=True).stdout:
            print("skipped: no code generator is built in")
            sys.exit(77)
        for name in pages(source):
            folder = os.path.join(scratch, name.replace("/", "-"))
            os.mkdir(folder)
            page = Page(name, folder, env)
            for line, opening, text in blocks(read(os.path.join(source, name))):
                page.block(line, opening, text)
            wrong += page.wrong
            count += page.count
    print(f"{count} programs and examples, {wrong} wrong")
    return wrong or not count


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "paths":
        return 1 if check_paths(os.path.abspath(sys.argv[2])) else 0
    if len(sys.argv) == 4 and sys.argv[1] == "examples":
        try:
            import numpy  # noqa: F401
        except ImportError:
            print("skipped: the examples need NumPy")
            return 77
        return 1 if check_examples(os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3])) else 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
