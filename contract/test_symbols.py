#!/usr/bin/python3
"""What the shared library exports, and what it needs, against what is written down.

Usage: test_symbols.py LIBRARY STATIC_LIBRARY SYMBOLS.TXT [sanitized]
"""
import os
import subprocess
import sys

# All that the library may take from libc.
ALLOWED = {"memcpy", "memset", "memcmp", "strlen", "strchr", "memmove", "__memcpy_chk",
           "__memset_chk", "__stack_chk_fail"}
# Put in by the start-up files of the linker, weak.
STARTUP = {"__cxa_finalize", "__gmon_start__", "_ITM_deregisterTMCloneTable",
           "_ITM_registerTMCloneTable"}


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def main():
    library, static, listed = sys.argv[1:4]
    number, failed = 0, 0

    def check(name, problem):
        nonlocal number, failed
        number += 1
        failed += bool(problem)
        print(f"{'not ok' if problem else 'ok'} {number} - {name}" + (f" # {problem}" if problem else ""))

    exported = {line.split()[2] for line in run("nm", "-D", "--defined-only", library).splitlines()
                if line.split()[1] != "A"}
    with open(listed, encoding="utf-8") as file:
        wanted = set(file.read().split())
    check("exports what symbols.txt lists", exported ^ wanted)
    dynamic = run("readelf", "-d", library)
    check("soname is libseihalt.so.1", "" if "[libseihalt.so.1]" in dynamic else "another one")
    if "sanitized" not in sys.argv[4:]:
        needed = {line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line}
        check("needs libc only", needed - {"libc.so.6"})
        imports = {line.split()[1].split("@")[0]
                   for line in run("nm", "-D", "--undefined-only", library).splitlines()}
        check("imports no allocation, I/O or abort", imports - ALLOWED - STARTUP)
        state = [line for line in run("size", "-A", static).splitlines()
                 if line.split()[:1] in ([".data"], [".bss"]) and line.split()[1] != "0"]
        check("holds no writable state", state)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
