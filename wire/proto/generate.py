#!/usr/bin/env python3
"""Generates the C codecs of our .proto files: generate.py PROTOC_C SOURCE_DIR OUT_DIR A/B.PROTO...

protoc-c writes a tree and meson wants one folder, so a/b.proto becomes a_b.pb-c.[ch]. Two files come
on top: all.pb-c.h includes every header, registry.c lists every message and service descriptor.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def flat(proto):
    return proto.removesuffix(".proto").replace("/", "_") + ".pb-c"


def flatten_includes(text):
    return re.sub(r'#include "([^"]+)\.pb-c\.h"',
                  lambda m: '#include "wire/proto/%s.h"' % flat(m.group(1) + ".proto"), text)


def rename_base(text):
    """protoc-c keeps the member name `base` for itself: a field of that name becomes base_ in C."""
    text = re.sub(r"^  (char \*|uint\w+_t |ProtobufCBinaryData )base;", r"  \1base_;", text, flags=re.M)
    return re.sub(r"offsetof\((\w+), base\)", r"offsetof(\1, base_)", text)


def quiet_casts(text):
    """The INIT macros expand in our code, where a cast that drops const is an error."""
    return text.replace("(char *)protobuf_c_empty_string", "(char *)(uintptr_t)protobuf_c_empty_string")


def c_name(full_name):
    """protoc-c's rule: cosmos.tx.v1beta1.TxRaw -> cosmos__tx__v1beta1__tx_raw."""
    parts = []
    for part in full_name.split("."):
        word = ""
        was_upper = True
        for ch in part:
            if ch.isupper():
                word += ("" if was_upper else "_") + ch.lower()
                was_upper = True
            else:
                word += ch
                was_upper = False
        parts.append(word)
    return "__".join(parts)


def declarations(source):
    """Yields (kind, full name) of every message and service of one file."""
    source = re.sub(r"//.*", "", source)
    package = re.search(r"^package ([\w.]+);", source, re.M).group(1)
    scope = []
    for token in re.finditer(r"\b(message|service|enum|oneof)\s+(\w+)\s*\{|\{|\}", source):
        if token.group(0) == "}":
            scope.pop()
            continue
        scope.append(token.group(2) or "")
        if token.group(1) in ("message", "service"):
            yield token.group(1), ".".join([package] + scope)


def registry(source_dir, protos):
    found = {"message": [], "service": []}
    for proto in protos:
        for kind, name in declarations((source_dir / proto).read_text()):
            found[kind].append(name)
    lines = ['#include "wire/proto/registry.h"', "", '#include "wire/proto/all.pb-c.h"', ""]
    for kind, ctype in (("message", "Message"), ("service", "Service")):
        lines.append("const ProtobufC%sDescriptor *const wire_proto_%ss[] = {" % (ctype, kind))
        # Byte order, so that the table can be searched by name.
        for name in sorted(found[kind]):
            lines.append("    &%s__descriptor," % c_name(name))
        lines += ["};", "const size_t wire_proto_%s_count = %d;" % (kind, len(found[kind])), ""]
    return "\n".join(lines)


def main():
    protoc, source_dir, out_dir = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    protos = sys.argv[4:]
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run([protoc, "--proto_path=%s" % source_dir, "--c_out=%s" % tmp, *protos], check=True)
        for proto in protos:
            made = Path(tmp) / proto
            for suffix in (".pb-c.c", ".pb-c.h"):
                text = quiet_casts(rename_base(flatten_includes(made.with_suffix(suffix).read_text())))
                (out_dir / (flat(proto) + suffix[-2:])).write_text(text)
    includes = ['#include "wire/proto/%s.h"' % flat(proto) for proto in protos]
    (out_dir / "all.pb-c.h").write_text("\n".join(["#pragma once", *includes, ""]))
    (out_dir / "registry.c").write_text(registry(source_dir, protos))


main()
