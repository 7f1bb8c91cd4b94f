#!/usr/bin/python3
"""The laws of the sources, checked: who may include whom, which folders touch the world, which
functions nobody calls, whether each header stands on its own. Prints TAP, one line a check.

Usage: tools/check_sources.py TOP BUILD     check the tree, with the objects of a build folder
       tools/check_sources.py --self-test   prove that each check can fail
"""
import collections
import concurrent.futures
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

# A layer is the longest of these prefixes. It may include itself and what stands beside it.
LAYERS = {
    "contract": [],
    "base": [],
    "wire": ["base"],
    "policy": ["base", "contract"],
    "net": ["wire", "base", "contract"],
    "seictl": ["net", "policy", "wire", "base", "contract"],
    "seivisor/core": ["policy", "wire", "base", "contract"],
    # The supervisor links neither HTTP nor TLS: of net only the pure core of paging.
    "seivisor": ["seivisor/core", "net/page.h", "net/pager.h", "policy", "wire", "base",
                 "contract"],
    "seivisor/net_helper": ["seivisor/net_protocol.h", "net", "wire", "base", "contract"],
    "seid/app": ["seid/store/kv.h", "seid/store/kv_mem.h", "seid/store/kv_overlay.h", "wire",
                 "base", "contract"],
    "seid/store": ["wire", "base"],
    "seid": ["seid/app", "seid/store", "net", "policy", "wire", "base", "contract"],
    "controller/core": ["policy", "wire", "base", "contract"],
    "controller": ["controller/core", "net", "policy", "wire", "base", "contract"],
    "seiload/core": ["wire", "base"],
    "seiload": ["seiload/core", "net", "wire", "base", "contract"],
    "tests": ["seid", "seid/app", "seid/store", "net", "wire", "base", "contract"],
    "tools": ["wire", "base", "contract"],
}

# Folders that do no I/O, never sleep and read no clock: their input is their arguments.
PURE = ["contract", "wire", "policy", "seivisor/core", "controller/core", "seiload/core",
        "seid/app"]
PURE_SYSTEM = re.compile(
    r"^(assert|ctype|endian|errno|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|"
    r"string|strings|seihalt|jansson|secp256k1\w*|sys/types)\.h$|^openssl/|^protobuf-c/")
PURE_EXTRA = {"contract": {"sys/wait.h"},  # the macros of wait statuses
              # the lock of a cache; the levels of lines that others will write
              "seid/app": {"pthread.h", "base/log.h"}}
IMPURE_BASE = {"base/fs.h", "base/log.h", "base/clock.h"}

# What an object of a pure folder must not need. Fortified and 64-bit forms are reduced first.
IMPURE_SYMBOL = re.compile(
    r"^(f?open(at|dir)?|creat|f?close(dir)?|p?(read|write)v?|f(read|write|flush|get[cs]|put[cs]|"
    r"seeko?|tello?|scanf|printf|sync|datasync|truncate)|v?f?printf|vd?printf|dprintf|puts|putchar|"
    r"put[cs]|get[cs]|getchar|getline|perror|std(in|out|err)|unlink(at)?|rename(at2?)?|mkdir(at)?|"
    r"rmdir|l?f?stat(at)?|access|mmap|ioctl|fcntl|pipe2?|dup[23]?|socket(pair)?|connect|bind|"
    r"listen|accept4?|send(to|msg)?|recv(from|msg)?|shutdown|p?poll|p?select|epoll_\w+|inotify_\w+|"
    r"getaddrinfo|u?sleep|(clock_)?nanosleep|clock(_gettime)?|time|gettimeofday|alarm|setitimer|"
    r"timer_\w+|localtime(_r)?|mktime|tzset|fork|vfork|exec\w+|posix_spawnp?|wait(pid|id|[34])?|"
    r"kill|raise|signal|sigaction|getrandom|getentropy|rand(om)?(_r)?|arc4random\w*|[delmn]rand48|"
    r"getpid|gethostname|(secure_)?getenv|setenv|putenv|environ|exit|_exit|syscall|RAND_\w+|"
    r"json_(load_file|loadf|loadfd|dump_file|dumpf|dumpfd)|curl_\w+|uv_\w+|MHD_\w+|mdb_\w+|"
    r"log_write|fs_\w+|clock_\w+_ns)$")
PURE_SYMBOLS_EXTRA = {"contract": re.compile(  # a leaf: no allocation, no abort either
    r"^(malloc|calloc|realloc\w*|free|strn?dup|v?asprintf|aligned_alloc|abort|__assert_fail|"
    r"__errno_location)$")}

BANNED = {
    "strcpy": "no bound", "strcat": "no bound", "sprintf": "no bound", "vsprintf": "no bound",
    "stpcpy": "no bound", "gets": "no bound", "strncpy": "may not terminate; memcpy or snprintf",
    "strncat": "its bound is not the buffer's", "strtok": "keeps state; strcspn",
    "atoi": "no error; strtol", "atol": "no error; strtol", "atoll": "no error; strtoll",
    "atof": "no error; strtod", "sscanf": "overflow is undefined; strtol",
    "scanf": "overflow is undefined", "system": "a shell", "popen": "a shell",
    "alloca": "no failure, only overflow", "rand": "predictable; getrandom or an argument",
    "srand": "predictable", "random": "predictable", "srandom": "predictable",
    "tmpnam": "race; mkostemp", "tempnam": "race; mkostemp", "mktemp": "race; mkostemp",
    "signal": "differs between systems; sigaction", "gmtime": "static result; gmtime_r",
    "localtime": "static result; localtime_r", "asctime": "static result",
    "ctime": "static result", "vfork": "shares memory; posix_spawn or fork",
    "strerror": "static result; strerror_r", "setjmp": "", "longjmp": "", "usleep": "obsolete",
    "bcopy": "obsolete; memmove", "bzero": "obsolete; memset", "sleep": "whole seconds",
}
# Tests may block a moment and set up a child plainly.
BANNED_FINE_IN_TESTS = {"signal", "usleep", "sleep", "setjmp", "longjmp", "strerror", "system",
                        "sscanf"}
# With these handlers signal() means the same everywhere.
SIGNAL_FINE = re.compile(r"signal\s*\(\s*\w+\s*,\s*SIG_(IGN|DFL)\s*\)")

# What a program must not load, whatever links it: start-up time and faults.
NOT_NEEDED = {"seivisor/seivisor": re.compile(r"^lib(curl|ssl|crypto|microhttpd|gnutls|nghttp2)\b"),
              "seid/cmd/seid": re.compile(r"^lib(curl|ssl|microhttpd|gnutls|nghttp2)\b")}


def is_test(path):
    name = os.path.basename(path)
    return name.startswith(("test_", "fuzz_", "bench_", "gen_")) or path.startswith("tests/")


def sources(top):
    """All C files of the tree, relative; generated and build folders left out."""
    found = []
    for folder, subfolders, names in os.walk(top):
        here = os.path.relpath(folder, top)
        subfolders[:] = sorted(s for s in subfolders if not s.startswith((".", "build"))
                               and not (here == "tests" and s in ("integration", "e2e", "peers")))
        found += [os.path.normpath(os.path.join(here, n)) for n in sorted(names)
                  if n.endswith((".c", ".h"))]
    return found


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as file:
        return file.read()


def layer_of(path, layers):
    fits = [layer for layer in layers if path.startswith(layer + "/") or path == layer]
    return max(fits, key=len) if fits else None


def code_only(text):
    """The text with comments, strings and character constants blanked; newlines stay."""
    pattern = re.compile(r"//(?:\\\n|[^\n])*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
                         re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def includes(text):
    """(line, name, quoted) of each #include."""
    comment_free = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
    for number, line in enumerate(comment_free.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', line)
        if match:
            yield number, match[1] or match[2], match[2] is not None


def check_layers(top, files):
    """Arrows point down only."""
    for path in files:
        layer = layer_of(path, LAYERS)
        if layer is None:
            yield f"{path}: in no layer; add its folder to LAYERS"
            continue
        allowed = [layer, *LAYERS[layer]]
        # A public header is included as others see it; tools/ holds what drives every fuzz target.
        for line, name, quoted in includes(read(top, path)):
            if not quoted and name == "seihalt.h":
                name = "contract/include/seihalt.h"
            elif not quoted:
                continue
            beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if "/" not in name and os.path.exists(os.path.join(top, beside)):
                name = beside
            target = layer_of(name, LAYERS)
            if target is None:
                if "/" in name:
                    yield f"{path}:{line}: {name} is in no layer"
            elif target not in allowed and name not in allowed:
                yield f"{path}:{line}: {layer} may not include {name}"


def pure_layer(path):
    return layer_of(path, PURE) if not is_test(path) else None


def check_pure_includes(top, files):
    """Pure folders include no header that can do I/O, sleep or read a clock."""
    for path in files:
        layer = pure_layer(path)
        if layer is None:
            continue
        for line, name, quoted in includes(read(top, path)):
            fine = (name not in IMPURE_BASE and not name.startswith("net/") if quoted
                    else PURE_SYSTEM.match(name))
            if not fine and name not in PURE_EXTRA.get(layer, ()):
                yield f"{path}:{line}: {name} in {layer}, which touches nothing outside"


def check_banned(top, files):
    """Functions that nobody calls."""
    call = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for path in files:
        for number, line in enumerate(code_only(read(top, path)).splitlines(), 1):
            if re.match(r"\s*#\s*include", line):
                continue
            for match in call.finditer(line):
                name = match[1]
                if is_test(path) and name in BANNED_FINE_IN_TESTS:
                    continue
                if SIGNAL_FINE.match(line, match.start()):
                    continue
                yield f"{path}:{number}: {name}() is banned: {BANNED[name] or 'no jumps'}"


def check_guards(top, files):
    """Each header has one include guard around it, its own."""
    seen = {}
    for path in files:
        if not path.endswith(".h") or is_test(path):
            continue
        match = re.search(r"^#ifndef (\w+)\n#define \1$", read(top, path), re.M)
        if not match:
            yield f"{path}: no include guard"
        elif match[1] in seen:
            yield f"{path}: the include guard {match[1]} is also {seen[match[1]]}'s"
        else:
            seen[match[1]] = path


# --- with a build folder

class Build:
    def __init__(self, top, folder):
        self.top, self.folder = os.path.abspath(top), os.path.abspath(folder)
        with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
            self.commands = json.load(file)

    def objects(self):
        """(source, object) of our own sources that are built."""
        for command in self.commands:
            source = os.path.relpath(os.path.join(command["directory"], command["file"]), self.top)
            target = os.path.join(command["directory"], command["output"])
            if not source.startswith("..") and os.path.exists(target):
                yield source, target

    def include_flags(self):
        """Every -I and -isystem of the build, absolute."""
        found = {}
        for command in self.commands:
            for word in shlex.split(command["command"]):
                if word.startswith("-I"):
                    folder = os.path.join(command["directory"], word[2:])
                    found["-I" + os.path.normpath(folder)] = None
        return list(found)


ISO_C = {name + ".h" for name in (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath "
    "threads time uchar wchar wctype").split()}


def check_include_folders(folders):
    """No header of ours stands in for one of C's: -I puts its folder before the system's."""
    for folder in folders:
        if os.path.isdir(folder):
            for name in sorted(ISO_C.intersection(os.listdir(folder))):
                yield (f"{folder}/{name} hides <{name}>: implicit_include_directories: false "
                       f"in its meson.build")


def undefined_symbols(objects):
    """The names an object needs, reduced: __fprintf_chk is fprintf, open64 is open."""
    out = subprocess.run(["nm", "-u", "-P", *objects], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        if line and not line.endswith(":"):
            name = line.split()[0].split("@")[0]
            name = re.sub(r"^__(isoc99_|isoc23_)?(\w+?)(_chk)?$",
                          lambda m: m[2] if m[3] or m[1] else m[0], name)
            yield re.sub(r"(?<=[a-z])(64)?(_2)?$", "", name) if name not in ("open64",) else "open"


def check_pure_symbols(pairs):
    """Objects of pure folders need no function that touches the world."""
    for source, target in pairs:
        layer = pure_layer(source)
        if layer is None:
            continue
        extra = PURE_SYMBOLS_EXTRA.get(layer)
        for name in sorted(set(undefined_symbols([target]))):
            if IMPURE_SYMBOL.match(name) or (extra and extra.match(name)):
                yield f"{source}: {name} in {layer}"


def check_no_state(pairs):
    """The contract keeps nothing between calls."""
    for source, target in pairs:
        if layer_of(source, LAYERS) != "contract" or is_test(source):
            continue
        out = subprocess.run(["nm", "-P", target], capture_output=True, text=True, check=True)
        for line in out.stdout.splitlines():
            name, kind = line.split()[:2]
            if re.match(r"__unnamed_|__odr_asan|\.LASAN|__asan", name):
                continue  # a sanitizer's own
            # Tables of pointers are relocated once at start and constant after.
            if kind in "dDbBC" and ".rel.ro" not in line and not relocated(target, name):
                yield f"{source}: {name} can be written"


# Of these one is linked, so that a program becomes what it is.
ALTERNATIVES = {"app_handlers", "fault_point", "main"}
SHARED = ("base", "wire", "policy", "net", "contract")


def program_of(source):
    """What is linked together; None for what every program may link."""
    top = source.split("/")[0]
    if top in SHARED:
        return None
    return "seivisor-net" if source.startswith("seivisor/net_helper/") else top


def check_names(pairs):
    """Within a program a function has a name of its own: with static libraries the linker takes
    the first one silently, whatever its arguments."""
    defined = collections.defaultdict(dict)
    for source, target in pairs:
        if is_test(source) or source.startswith(("tests/", "tools/")):
            continue
        out = subprocess.run(["nm", "-P", "-g", "--defined-only", target], capture_output=True,
                             text=True, check=True)
        for line in out.stdout.splitlines():
            name, kind = line.split()[:2]
            if kind in "TDBRV" and not name.startswith("__") and name not in ALTERNATIVES:
                defined[name][source] = program_of(source)
    for name, where in sorted(defined.items()):
        for one, other in itertools.combinations(sorted(where), 2):
            if where[one] == where[other] or None in (where[one], where[other]):
                yield f"{name}() is in {one} and in {other}"


def relocated(target, name):
    out = subprocess.run(["objdump", "-t", target], capture_output=True, text=True, check=True)
    return any(line.endswith(name) and ".data.rel.ro" in line for line in out.stdout.splitlines())


def compile_alone(job):
    compiler, header, flags = job
    done = subprocess.run([*compiler, "-fsyntax-only", "-include", header, *flags, "-"],
                          input="", capture_output=True, text=True, check=False)
    first = next((l for l in done.stderr.splitlines() if "error" in l), done.stderr[:200])
    return None if done.returncode == 0 else f"{header}: {' '.join(compiler[:3])}: {first}"


def check_headers(top, files, flags):
    """Each header compiles alone; the public one also as C++ and as plain C."""
    c = ["gcc", "-x", "c", "-std=gnu11", "-D_GNU_SOURCE", '-DSEI_VERSION="0"', "-Wall", "-Wextra",
         "-Wno-unused-parameter", "-Werror"]
    jobs = [(c, os.path.join(os.path.abspath(top), path), flags) for path in files
            if path.endswith(".h") and not is_test(path)]
    for path in files:
        if path.startswith("contract/include/"):
            for compiler in (["g++", "-x", "c++", "-std=c++11", "-Wpedantic", "-Werror"],
                             ["gcc", "-x", "c", "-std=c99", "-Wpedantic", "-Werror"]):
                jobs.append((compiler, os.path.join(os.path.abspath(top), path), []))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(compile_alone, jobs))


def check_needed(bin_folder, programs=None):
    """Programs that are to start quickly load no more than they need."""
    for name, pattern in (programs or NOT_NEEDED).items():
        path = os.path.join(bin_folder, name)
        if not os.path.exists(path):
            continue  # a layer that is not built yet
        out = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True)
        for library in re.findall(r"\(NEEDED\).*\[(.*)\]", out.stdout):
            if pattern.match(library):
                yield f"{name} loads {library}"


# --- results

class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def case(self, text, findings):
        findings = list(findings)
        self.number += 1
        self.failed += bool(findings)
        print(f"{'not ok' if findings else 'ok'} {self.number} - {text}")
        for finding in findings:
            print(f"# {finding}")

    def end(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


def check_tree(top, build_folder):
    tap, files, build = Tap(), sources(top), Build(top, build_folder)
    pairs = list(build.objects())
    tap.case("sources and objects are there", [] if files and pairs else ["nothing to check"])
    tap.case("includes follow the layers", check_layers(top, files))
    tap.case("pure folders include no I/O", check_pure_includes(top, files))
    tap.case("pure folders call no I/O", check_pure_symbols(pairs))
    tap.case("the contract keeps no state", check_no_state(pairs))
    tap.case("a program has one function a name", check_names(pairs))
    tap.case("no banned function", check_banned(top, files))
    tap.case("include guards", check_guards(top, files))
    tap.case("no header hides one of C's",
             check_include_folders(flag[2:] for flag in build.include_flags()))
    tap.case("headers stand on their own", check_headers(top, files, build.include_flags()))
    tap.case("programs load what they need", check_needed(build.folder))
    return tap.end()


# --- each check proves that it can fail

def expect(tap, text, findings, *wanted):
    """One finding for each wanted text, holding it, and no other."""
    findings = list(findings)
    wrong = [f"missing: {w}" for w in wanted if not any(w in f for f in findings)]
    wrong += [f"not wanted: {f}" for f in findings if not any(w in f for w in wanted)]
    tap.case(text, wrong)


def write_tree(top, tree):
    for path, text in tree.items():
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        with open(os.path.join(top, path), "w", encoding="utf-8") as file:
            file.write(text)


def self_test_texts(tap, top):
    write_tree(top, {
        "base/a.h": '#include "wire/x.h"\n',
        "wire/x.c": '#include "base/a.h"\n#include <time.h>\n#include "base/clock.h"\n',
        "wire/test_x.c": "#include <time.h>\n",
        "policy/p.c": '#include "net/http_client.h"\n/*\n#include "seid/x.h"\n*/\n',
        "seivisor/shell/s.c": '#include "net/pager.h"\n#include "net/http_client.h"\n'
                              '#include "seid/engine/e.h"\n',
        "seivisor/net_helper/h.c": '#include "net/http_client.h"\n#include "seivisor/cmd.h"\n',
        "seid/app/a.c": '#include "seid/engine/e.h"\n#include "seid/store/kv.h"\n',
        "contract/src/c.c": '#include <seihalt.h>\n#include "base/a.h"\n#include <sys/wait.h>\n',
        "stray/s.c": "",
    })
    files = sources(top)
    expect(tap, "layers", check_layers(top, files), "base/a.h:1: base may not include wire/x.h",
           "policy/p.c:1: policy may not include net/http_client.h",
           "seivisor/shell/s.c:2: seivisor may not include net/http_client.h",
           "seivisor/shell/s.c:3: seivisor may not include seid/engine/e.h",
           "seivisor/net_helper/h.c:2: seivisor/net_helper may not include seivisor/cmd.h",
           "seid/app/a.c:1: seid/app may not include seid/engine/e.h",
           "contract/src/c.c:2: contract may not include base/a.h", "stray/s.c: in no layer")
    expect(tap, "pure includes", check_pure_includes(top, files), "wire/x.c:2: time.h",
           "wire/x.c:3: base/clock.h", "policy/p.c:1: net/http_client.h")


def self_test_banned(tap, top):
    write_tree(top, {
        "base/b.c": "// strcpy(a)\n/* atoi(x)\n gets(y) */\nconst char *s = \"sprintf(\\\"\";\n"
                    "char c = '\"'; int x = atoi (s);\nx = my_atoi(s) + o->rand() + strtol(s);\n"
                    "signal(2, h);\nint strcpy_count(int);\nsigaction(1, 2, 3);\n"
                    "signal(SIGPIPE, SIG_IGN);\n",
        "base/test_b.c": "signal(2, h);\nstrcpy(a, b);\n",
    })
    expect(tap, "banned functions", check_banned(top, sources(top)), "base/b.c:5: atoi()",
           "base/b.c:7: signal()", "base/test_b.c:2: strcpy()")


def self_test_headers(tap, top):
    write_tree(top, {
        "base/fine.h": "#ifndef F\n#define F\n#include <stddef.h>\nsize_t f(void);\n#endif\n",
        "base/needs.h": "#ifndef N\n#define N\nsize_t f(void);\n#endif\n",
        "base/same.h": "#ifndef F\n#define F\n#endif\n",
        "base/open.h": "int g(void);\n",
        "contract/include/seihalt.h": "#ifndef S\n#define S\nint class;\n#endif\n",
    })
    files = sources(top)
    expect(tap, "include guards", check_guards(top, files), "base/open.h: no include guard",
           "base/same.h: the include guard F is also base/fine.h's")
    os.makedirs(os.path.join(top, "net"))
    write_tree(top, {"net/limits.h": "", "net/page.h": ""})
    expect(tap, "hidden headers", check_include_folders([os.path.join(top, "base"),
           os.path.join(top, "net"), os.path.join(top, "none")]), "net/limits.h hides <limits.h>")
    expect(tap, "headers alone", check_headers(top, files, []), "base/needs.h",
           "contract/include/seihalt.h: g++")


def compiled(top, path, text, *flags):
    write_tree(top, {path: text})
    target = os.path.join(top, path + ".o")
    subprocess.run(["gcc", "-O2", "-c", "-fPIC", "-Wno-all", *flags, "-o", target,
                    os.path.join(top, path)], check=True, capture_output=True)
    return path, target


def self_test_objects(tap, top):
    pairs = [
        compiled(top, "wire/clock.c", "#include <time.h>\nlong f(void) { return time(0); }"),
        compiled(top, "wire/files.c", "#include <fcntl.h>\nint f(char *p) { return open(p, 0); }",
                 "-D_FILE_OFFSET_BITS=64"),
        compiled(top, "wire/print.c", "#include <stdio.h>\nvoid f(int n, char *s)"
                 " { fprintf(stderr, s, n); }", "-D_FORTIFY_SOURCE=2"),
        compiled(top, "wire/fine.c", "#include <stdio.h>\n#include <stdlib.h>\nint f(char *s, int n)"
                 " { snprintf(s, 9, \"%d\", n); return strtol(s, 0, 10); }", "-D_FORTIFY_SOURCE=2"),
        compiled(top, "wire/test_t.c", "#include <time.h>\nlong f(void) { return time(0); }"),
        compiled(top, "net/n.c", "#include <time.h>\nlong f(void) { return time(0); }"),
        compiled(top, "contract/src/alloc.c", "#include <stdlib.h>\nvoid *f(void)"
                 " { return malloc(9); }"),
        compiled(top, "contract/src/state.c", "int calls; int f(void) { return ++calls; }"),
        compiled(top, "contract/src/table.c",
                 "static const char *const t[] = {\"a\", \"b\"};\n"
                 "const char *f(int i) { return t[i]; }"),
    ]
    expect(tap, "pure symbols", check_pure_symbols(pairs), "wire/clock.c: time",
           "wire/files.c: open", "wire/print.c: fprintf", "wire/print.c: stderr",
           "contract/src/alloc.c: malloc")
    expect(tap, "no state", check_no_state(pairs), "contract/src/state.c: calls")
    expect(tap, "names", check_names([
        compiled(top, "net/a.c", "int taken(void) { return 1; }"),
        compiled(top, "seid/rpc/a.c", "int taken(int i) { return i; } int own(void) { return 1; }"),
        compiled(top, "seid/app/b.c", "int twice(void) { return 1; } int main(void) { return 0; }"),
        compiled(top, "seid/cmd/b.c", "int twice(void) { return 1; } int main(void) { return 0; }"),
        compiled(top, "seivisor/shell/a.c", "int own(void) { return 1; }"),
        compiled(top, "seivisor/net_helper/a.c", "int own(void) { return 1; }"),
        compiled(top, "net/test_a.c", "int own(void) { return 1; }"),
    ]), "taken() is in net/a.c and in seid/rpc/a.c", "twice() is in seid/app/b.c and in seid/cmd/b.c")
    os.makedirs(os.path.join(top, "prog"))
    subprocess.run(["gcc", "-x", "c", "-", "-o", os.path.join(top, "prog", "prog"),
                    "-Wl,--no-as-needed", "-lm"],
                   input="int main(void){return 0;}", text=True, check=True)
    expect(tap, "loaded libraries", check_needed(top, {"prog/prog": re.compile("^libm")}),
           "prog/prog loads libm.so")


def self_test():
    tap = Tap()
    for part in (self_test_texts, self_test_banned, self_test_headers, self_test_objects):
        with tempfile.TemporaryDirectory() as top:
            part(tap, top)
    return tap.end()


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    sys.exit(check_tree(sys.argv[1], sys.argv[2]))
