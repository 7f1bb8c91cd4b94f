"""libseihalt as others get it: installed into a folder of its own, then used from C, C++ and Go
programs that see nothing but what was installed."""
import glob
import json
import os
import random
import re
import shutil
import subprocess

import pytest

BUILD = os.environ.get("SEIHALT_BUILD", "build")
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "contract")


def run(*argv, **kw):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300, **kw)
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout}{done.stderr}"
    return done.stdout


def sanitizer():
    options = json.loads(run("meson", "introspect", "--buildoptions", BUILD))
    return next(o["value"] for o in options if o["name"] == "b_sanitize")


class Installed:
    """What `meson install` put in place, and how a program is built against it."""

    def __init__(self, root):
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", str(root))
        self.root = str(root)
        pc = self.one("**/seihalt.pc")
        self.libdir = os.path.dirname(os.path.dirname(pc))
        self.share = os.path.dirname(self.one("**/halt-intent.schema.json"))
        self.env = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(pc),
                    "PKG_CONFIG_SYSROOT_DIR": self.root, "LD_LIBRARY_PATH": self.libdir,
                    # The first library in the link is the sanitizer's when there is one.
                    "ASAN_OPTIONS": "detect_leaks=0"}

    def one(self, pattern):
        found = glob.glob(os.path.join(self.root, pattern), recursive=True)
        assert len(found) == 1, (pattern, found)
        return found[0]

    def flags(self, *what):
        return run("pkg-config", *what, "seihalt", env=self.env).split()

    def compile(self, compiler, source, out, *flags):
        extra = [] if sanitizer() == "none" else [f"-fsanitize={sanitizer()}"]
        run(compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags, *extra,
            *self.flags("--cflags"), "-o", out, source, *self.flags("--libs"))


@pytest.fixture(scope="module", name="installed")
def fixture_installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("dest"))


def compilers(kind):
    """The compiler that the libraries were built with, so that a sanitizer's runtime is the same."""
    clang = "clang" in os.path.basename(os.path.normpath(BUILD))
    return {"c": "clang" if clang else "gcc", "c++": "clang++" if clang else "g++"}[kind]


def test_what_is_installed(installed):
    for pattern in ("**/include/seihalt.h", "**/libseihalt.so", "**/libseihalt.so.1",
                    "**/libseihalt.so.1.*", "**/libseihalt.a", "**/man3/libseihalt.3",
                    "**/vectors/encode.json", "**/vectors/decode.json",
                    "**/vectors/exit_codes.json", "**/vectors/wait_statuses.json"):
        installed.one(pattern)
    assert os.readlink(installed.one("**/libseihalt.so")) == "libseihalt.so.1"
    assert installed.flags("--modversion") == ["1.0.0"]


@pytest.mark.parametrize("standard", ["c++11", "c++17", "c++20"])
def test_a_cpp_program_walks_the_vectors(installed, tmp_path, standard):
    program = str(tmp_path / "vectors")
    installed.compile(compilers("c++"), os.path.join(SOURCES, "vectors.cc"), program,
                      f"-std={standard}")
    out = run(program, os.path.join(installed.share, "vectors"), env=installed.env)
    assert out.endswith("libseihalt 1.0.0\n"), out
    assert "decode: " in out and "encode: " in out


@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_the_header_in_c(installed, tmp_path, standard):
    source = tmp_path / "use.c"
    source.write_text(
        "#include <seihalt.h>\n"
        "int main(void)\n"
        "{\n"
        "    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;\n"
        "    char out[256];\n"
        "    size_t len = 0;\n"
        "    intent.reason = SEI_HALT_EXIT_UPGRADE_REQUIRED;\n"
        "    if (sei_halt_intent_encode(&intent, out, sizeof out, &len) != 0)\n"
        "        return 1;\n"
        "    return sei_halt_parse_exit_code(71, 0) ? SEI_HALT_EXIT_BINARY_TOO_NEW : 1;\n"
        "}\n", encoding="utf-8")
    program = str(tmp_path / "use")
    installed.compile(compilers("c"), str(source), program, f"-std={standard}")
    assert subprocess.run([program], env=installed.env, check=False).returncode == 71
    if sanitizer() == "none":
        assert "libseihalt.so.1" in run("ldd", program, env=installed.env)
        # The static library serves as well.
        run(compilers("c"), f"-std={standard}", *installed.flags("--cflags"), "-o", program,
            str(source), installed.one("**/libseihalt.a"))
        assert subprocess.run([program], check=False).returncode == 71


def test_a_go_program_walks_the_vectors_and_agrees_with_encoding_json(installed, tmp_path):
    if not shutil.which("go"):
        pytest.skip("no `go` on this machine: a Go toolchain, 1.22 or newer, is wanted")
    version = re.match(r"go1\.(\d+)", run("go", "env", "GOVERSION"))
    if version and int(version.group(1)) < 22:
        pytest.skip("this Go is older than 1.22, whose encoding/json writes \\b and \\f differently")
    if sanitizer() != "none":
        pytest.skip("the library is built with a sanitizer, which cgo does not link")
    program = str(tmp_path / "vectors")
    env = {**installed.env, "CGO_ENABLED": "1", "GOPROXY": "off", "GOTOOLCHAIN": "local",
           "GOFLAGS": "", "CC": compilers("c"),
           "CGO_CFLAGS": " ".join(installed.flags("--cflags")),
           "CGO_LDFLAGS": " ".join(installed.flags("--libs"))}
    run("go", "build", "-o", program, os.path.join(SOURCES, "vectors.go"), env=env, cwd=SOURCES)
    seed = os.environ.get("SEIHALT_SEED", str(random.randrange(2**31)))
    out = run(program, os.path.join(installed.share, "vectors"), seed, "20000", env=env)
    assert "generated: 20000" in out, out


def test_the_schema_takes_what_the_encoder_writes(installed):
    """A small validator of the few keywords that the schema uses."""
    with open(os.path.join(installed.share, "halt-intent.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    valid = 0
    for row in vectors(installed, "encode"):
        if row["result"] == 0:
            problem = violates(schema, json.loads(row["json"]))
            wrong_token = row["reason_string_hex"] is not None and row["reason"] == "70"
            assert bool(problem) == wrong_token, (row["name"], problem)
            valid += not problem
    assert valid > 40
    refused = 0
    for row in vectors(installed, "decode"):
        if row["result"] == -7 and not row["lenient"]:
            problem = violates(schema, json.loads(bytes.fromhex(row["json_hex"])))
            # To JSON Schema 70.0 and 7e1 are integers.
            assert problem or "70.0" in row["name"] or "7e1" in row["name"], row["name"]
            refused += bool(problem)
    assert refused > 5
    assert violates(schema, {}) and not violates(schema, None)


def vectors(installed, name):
    with open(os.path.join(installed.share, "vectors", f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)["vectors"]


def violates(schema, value):
    """What is wrong with the value, or None."""
    known = {"$schema", "title", "description", "examples", "type", "required", "properties",
             "additionalProperties", "allOf", "if", "then", "const", "minimum", "maximum", "pattern"}
    assert set(schema) <= known, set(schema) - known
    types = {"object": dict, "string": str, "integer": int, "null": type(None)}
    wanted = schema.get("type", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if wanted and not any(isinstance(value, types[t]) and not isinstance(value, bool) for t in wanted):
        if not (isinstance(value, float) and value.is_integer() and "integer" in wanted):
            return f"{value!r} is no {wanted}"
    if "const" in schema and value != schema["const"]:
        return f"{value!r} is not {schema['const']!r}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        return f"{value!r} does not match"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{value} is out of range"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                return f"no {name}"
        for name, sub in schema.get("properties", {}).items():
            if name in value and violates(sub, value[name]):
                return f"{name}: {violates(sub, value[name])}"
    for sub in schema.get("allOf", []):
        if not violates(sub["if"], value) and violates(sub["then"], value):
            return violates(sub["then"], value)
    return None
