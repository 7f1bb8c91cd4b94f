#!/usr/bin/python3
"""Generates everything that repeats src/reasons.def: regions of seihalt.h, docs/contract.md and the
man page, the JSON Schema, and the conformance vectors.

Usage: contract/gen_contract.py          write what differs
       contract/gen_contract.py --check  write nothing, name what differs and fail
The expected bytes in the vectors come from the rules written down here, not from the C library, so
that the two check each other.
"""
import difflib
import json
import os
import re
import sys
from datetime import datetime, timedelta

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
HEADER = os.path.join(HERE, "include", "seihalt.h")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Table:
    """The rows of reasons.def, and the error numbers of the header."""

    def __init__(self):
        text = re.sub(r"//[^\n]*", "", read(os.path.join(HERE, "src", "reasons.def")))
        string = r'"([^"]*)"'
        self.reasons = [
            {"number": int(n), "name": name, "token": token, "sysexit": sysexit, "meaning": meaning}
            for n, name, token, sysexit, meaning in re.findall(
                rf"SEI_REASON\(\s*(\d+),\s*(\w+),\s*{string},\s*{string},\s*{string}\s*\)", text)]
        self.reserved = [
            {"first": int(first), "last": int(last), "meaning": meaning}
            for first, last, meaning in re.findall(
                rf"SEI_RESERVED\(\s*(\d+),\s*(\d+),\s*{string}\s*\)", text)]
        if text.count("SEI_") != len(self.reasons) + len(self.reserved):
            raise SystemExit("reasons.def: a row that this generator does not read")
        self.halts = [row for row in self.reasons if row["number"]]
        self.errors = {name: int(value) for name, value in re.findall(
            r"SEI_HALT_E_(\w+) = (-\d+)", read(HEADER))}

    def token(self, number):
        return next((r["token"] for r in self.reasons if r["number"] == number), "unknown")

    def exit_class(self, code):
        if code == 0:
            return "success"
        if any(r["number"] == code for r in self.halts):
            return "contract"
        if any(r["first"] <= code <= r["last"] for r in self.reserved):
            return "reserved"
        return "crash"


# ---- regions ------------------------------------------------------------------------------------

def aligned(rows):
    """(code, comment) pairs with the comments in one column."""
    width = max(len(code) for code, _ in rows)
    return [f"{code.ljust(width)} // {comment}" if comment else code for code, comment in rows]


def header_region(table):
    enum = aligned([(f"    SEI_HALT_{r['name']} = {r['number']},", r["meaning"])
                    for r in table.reasons])
    macros = aligned([(f"#define SEI_HALT_EXIT_{r['name']} {r['number']}", f"also {r['sysexit']}")
                      for r in table.halts])
    return "\n".join(
        ["enum sei_halt_reason {", *enum, "};", "",
         "// The same as process exit codes: for supervisors, which see codes and not the enum.",
         *macros,
         *(f"// {r['first']} to {r['last']}: reserved, {r['meaning']}" for r in table.reserved),
         f"#define SEI_HALT_EXIT_RESERVED_FIRST {min(r['first'] for r in table.reserved)}",
         f"#define SEI_HALT_EXIT_RESERVED_LAST {max(r['last'] for r in table.reserved)}", ""])


def markdown_region(table):
    rows = [f"| {r['number']} | `SEI_HALT_{r['name']}` | `{r['token']}` | "
            f"{r['sysexit'] and '`' + r['sysexit'] + '`' or '-'} | {r['meaning']} |"
            for r in table.reasons]
    rows += [f"| {r['first']}-{r['last']} | reserved | - | - | {r['meaning']} |"
             for r in table.reserved]
    return "\n".join(["| number | constant | token | same number in sysexits.h | meaning |",
                      "|---|---|---|---|---|", *rows, ""])


def man_region(table):
    lines = []
    for r in table.reasons:
        lines += [".TP", f".BR SEI_HALT_{r['name']} \" ({r['number']}, \\(dq{r['token']}\\(dq)\"",
                  r["meaning"].replace("'", "\\(aq")]
    for r in table.reserved:
        lines += [".TP", f"{r['first']} to {r['last']}", f"reserved: {r['meaning']}"]
    return "\n".join(lines) + "\n"


def replace_region(path, make, table):
    """The text of a file with what stands between its two marker lines made anew."""
    text = read(path)
    parts = re.split(r"(?m)(^.*BEGIN GENERATED reasons.*\n|^.*END GENERATED reasons.*$)", text)
    if len(parts) != 5:
        raise SystemExit(f"{path}: no region 'GENERATED reasons'")
    return parts[0] + parts[1] + make(table) + parts[3] + parts[4]


# ---- schema -------------------------------------------------------------------------------------

def schema(table):
    halts = ", ".join(f"{r['number']} {r['token']}" for r in table.halts)
    integer = {"type": "integer", "minimum": -2**63, "maximum": 2**63 - 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "HaltIntent",
        "description": "What a chain node that stopped on purpose says about itself: the member "
                       "halt_intent of /status. Absent and null both mean: no signal.",
        "type": ["object", "null"],
        "required": ["reason", "announced_at"],
        "additionalProperties": True,
        "properties": {
            "reason": {**integer, "description":
                       f"Exit code and reason, a JSON number: {halts}. Numbers that are not known "
                       "may appear and must survive."},
            "reason_string": {"type": "string", "description": "The token of the reason.",
                              "examples": [r["token"] for r in table.halts]},
            "plan_name": {"type": "string", "description": "Left out when empty."},
            "height": {**integer, "description":
                       "Of the block that was not executed, a JSON number. Left out when 0."},
            "info": {"type": "string", "description": "The plan's info. Left out when empty."},
            "announced_at": {
                "type": "string",
                "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
                           r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z$",
                "description": "RFC 3339, UTC, up to nanoseconds."},
        },
        "allOf": [{"if": {"properties": {"reason": {"const": r["number"]}}, "required": ["reason"]},
                   "then": {"properties": {"reason_string": {"const": r["token"]}}}}
                  for r in table.halts],
    }


# ---- vectors: codes -----------------------------------------------------------------------------

def exit_code_vectors(table):
    odd = [-2**31, -1, 256, 256 + 70, 2**31 - 1]
    return [{"code": code,
             "reason": code if table.exit_class(code) == "contract" else 0,
             "token": table.token(code),
             "contract": table.exit_class(code) == "contract",
             "class": table.exit_class(code)}
            for code in [*range(256), *odd]]


def wait_status_vectors(table):
    """Wait statuses as Linux and the BSDs encode them."""
    rows = [{"status": code << 8, "class": table.exit_class(code), "detail": code}
            for code in range(256)]
    for signal in (1, 2, 3, 6, 9, 11, 15, 64, 70 & 0x7f, 72 & 0x7f):
        rows += [{"status": signal | core, "class": "signal", "detail": signal}
                 for core in (0, 0x80)]
    rows += [{"status": signal << 8 | 0x7f, "class": "not_ended", "detail": signal}
             for signal in (5, 19, 20, 70)]
    return rows + [{"status": 0xffff, "class": "not_ended", "detail": 0}]


# ---- vectors: encoding --------------------------------------------------------------------------

def go_string(raw):
    """A JSON string as Go's encoding/json writes it; each byte that is not UTF-8 is \\ufffd."""
    out, i = "", 0
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
             "\t": "\\t"}
    while i < len(raw):
        for n in range(1, 5):
            try:
                char = raw[i:i + n].decode("utf-8")
                break
            except UnicodeDecodeError:
                continue
        else:
            out, i = out + "\\ufffd", i + 1
            continue
        if char in short:
            out += short[char]
        elif ord(char[0]) < 0x20 or char in "<>&\u2028\u2029":
            out += f"\\u{ord(char):04x}"
        else:
            out += char
        i += n
    return f'"{out}"'


def rfc3339(seconds, ns):
    # datetime knows no year 0; the calendar repeats after 400 years.
    lift = 146097 * 86400 if seconds < -60000000000 else 0
    when = datetime(1970, 1, 1) + timedelta(seconds=seconds + lift)
    fraction = f".{ns:09d}".rstrip("0") if ns else ""
    return f"{when.year - (400 if lift else 0):04d}{when.strftime('-%m-%dT%H:%M:%S')}{fraction}Z"


def encode_case(table, name, reason=70, token=None, plan=b"v2", height=42, info=b"",
                at=(1700000000, 0), error=None):
    row = {"name": name, "reason": str(reason),
           "reason_string_hex": None if token is None else token.hex(),
           "plan_name_hex": plan.hex(), "height": str(height), "info_hex": info.hex(),
           "announced_s": str(at[0]), "announced_ns": at[1]}
    if error:
        return {**row, "result": table.errors[error], "error": error}
    text = table.token(reason).encode() if token is None else token
    members = [f'"reason":{reason}', f'"reason_string":{go_string(text)}']
    members += [f'"plan_name":{go_string(plan)}'] if plan else []
    members += [f'"height":{height}'] if height else []
    members += [f'"info":{go_string(info)}'] if info else []
    members += [f'"announced_at":"{rfc3339(*at)}"']
    return {**row, "result": 0, "json": "{" + ",".join(members) + "}"}


def encode_vectors(table):
    def case(*args, **kw):
        return encode_case(table, *args, **kw)

    rows = [case(f"reason {r['number']}", reason=r["number"]) for r in table.reasons]
    rows += [case(f"unknown reason {n}", reason=n) for n in (73, 80, 89, 2**63 - 1, -2**63)]
    rows += [
        case("unknown reason with its own token", reason=75, token=b"quantum_halt"),
        case("empty token", token=b""),
        case("nothing optional", plan=b"", height=0),
        case("plan.info of a real upgrade",
             info=b'{"binaries":{"linux/amd64":"https://example.org/seid?checksum=sha256:00&x=1"}}'),
        case("height 1", height=1), case("height -1", height=-1),
        case("height above 2^53", height=2**53 + 1),
        case("height max", height=2**63 - 1), case("height min", height=-2**63),
        case("every ASCII byte", info=bytes(range(128))),
        case("line and paragraph separator and their neighbours",
             info="\u2027\u2028\u2029\u202a".encode()),
        case("two, three and four bytes", plan="é€😀".encode(), info="\u0080\ud7ff\ue000\uffff\U00010000\U0010ffff".encode()),
        case("a real U+FFFD stays itself", info="\ufffd".encode()),
        case("NUL", plan=b"a\0b"),
        case("DEL is not escaped", plan=b"\x7f"),
        case("lone continuation", info=b"a\x80b"), case("cut sequences", info=b"\xe2\x80|\xf0\x9f\x98"),
        case("overlong", info=b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf"),
        case("surrogates in UTF-8", info=b"\xed\xa0\x80\xed\xbf\xbf"),
        case("above U+10FFFF", info=b"\xf4\x90\x80\x80\xf5\xff\xfe"),
    ]
    rows += [case(f"{ns} ns", at=(1700000000, ns))
             for ns in (1, 10, 100, 999, 1000, 120000, 1000000, 123456789, 100000000, 999999999)]
    rows += [case(f"time {name}", at=(seconds, 0)) for name, seconds in (
        ("epoch", 0), ("before the epoch", -1), ("first", -62167219200), ("Go's zero", -62135596800),
        ("leap day", 951782400), ("no leap day", 4107456000), ("2038", 2**31), ("last", 253402300799))]
    rows += [case("before the year 0", at=(-62167219201, 0), error="RANGE"),
             case("after the year 9999", at=(253402300800, 0), error="RANGE"),
             case("ns too large", at=(0, 10**9), error="RANGE"),
             case("ns negative", at=(0, -1), error="RANGE")]
    return rows


# ---- vectors: decoding --------------------------------------------------------------------------

TIME = '"announced_at":"2026-11-21T12:34:56.789Z"'
MARK = "¶"  # stands where the first wrong byte is


def ok_case(name, text, **fields):
    want = {"reason": 70, "reason_string": None, "plan_name": b"", "height": 0, "info": b"",
            "announced_s": 1795264496, "announced_ns": 789000000, **fields}
    raw = text if isinstance(text, bytes) else text.encode()
    strings = {f"{key}_hex": None if want[key] is None else want[key].hex()
               for key in ("reason_string", "plan_name", "info")}
    return {"name": name, "json_hex": raw.hex(), "result": 0, "reason": str(want["reason"]),
            "height": str(want["height"]), **strings, "announced_s": str(want["announced_s"]),
            "announced_ns": want["announced_ns"]}


def spaced(text):
    """White space around every token."""
    tokens = re.findall(r'"[^"]*"|[0-9]+|[{}:,]', text)
    return " \t\r\n" + "\n \t".join(tokens) + "\r\n "


def decode_ok_vectors():
    full = ('{"reason":70,"reason_string":"upgrade_required","plan_name":"v2","height":42,'
            f'"info":"i",{TIME}}}')
    both = {"reason_string": b"upgrade_required", "plan_name": b"v2", "height": 42, "info": b"i"}
    a = f'{{"reason":70,{TIME}'
    return [
        ok_case("all members", full, **both),
        ok_case("white space everywhere", spaced(full), **both),
        ok_case("any order", f'{{{TIME},"height":-1,"reason":72}}', reason=72, height=-1),
        ok_case("unknown members", a + ',"x":null,"y":[1,{"z":[]},"]"],"w":{"reason":71,"reason":71},'
                '"v":-0.5e+7,"u":true,"t":false,"s":{},"r":""}'),
        ok_case("members are matched by case", a + ',"Reason":71,"PLAN_NAME":7}'),
        ok_case("escapes in names", f'{{"\\u0072eason":71,{TIME}}}', reason=71),
        ok_case("escapes in values", a + ',"info":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\u20AC\\ud83d\\ude00"}',
                info=b'"\\/\b\f\n\r\t\0' + "é€😀".encode()),
        ok_case("every hex digit", a + ',"info":"\\u0123\\u4567\\u89ab\\ucdef\\uABCD\\uEF01"}',
                info="\u0123\u4567\u89ab\ucdef\uabcd\uef01".encode()),
        ok_case("first and last surrogate pair, and around them",
                a + ',"info":"\\ud800\\udc00\\udbff\\udfff\\ud7ff\\ue000"}',
                info="\U00010000\U0010ffff\ud7ff\ue000".encode()),
        ok_case("raw characters that the encoder escapes", a + ',"info":"<>&\u2028\u2029\u007f"}',
                info="<>&\u2028\u2029\u007f".encode()),
        ok_case("empty strings and zero", a + ',"reason_string":"","plan_name":"","height":0,"info":""}',
                reason_string=b""),
        ok_case("unknown reason", f'{{"reason":75,"reason_string":"quantum_halt",{TIME}}}',
                reason=75, reason_string=b"quantum_halt"),
        ok_case("int64 extremes", f'{{"reason":-9223372036854775808,"height":9223372036854775807,{TIME}}}',
                reason=-2**63, height=2**63 - 1),
        ok_case("minus zero", a + ',"height":-0}'),
        ok_case("no fraction", '{"reason":70,"announced_at":"1970-01-01T00:00:00Z"}',
                announced_s=0, announced_ns=0),
        ok_case("nine decimals", '{"reason":70,"announced_at":"1969-12-31T23:59:59.000000001Z"}',
                announced_s=-1, announced_ns=1),
        ok_case("trailing zeros", '{"reason":70,"announced_at":"1970-01-01T00:00:00.100Z"}',
                announced_s=0, announced_ns=100000000),
        ok_case("first time", '{"reason":70,"announced_at":"0000-01-01T00:00:00Z"}',
                announced_s=-62167219200, announced_ns=0),
        ok_case("last time", '{"reason":70,"announced_at":"9999-12-31T23:59:59.999999999Z"}',
                announced_s=253402300799, announced_ns=999999999),
        ok_case("leap day", '{"reason":70,"announced_at":"2000-02-29T00:00:00Z"}',
                announced_s=951782400, announced_ns=0),
        ok_case("64 members", a + "".join(f',"m{i}":{i}' for i in range(62)) + "}"),
        ok_case("64 levels", a + ',"x":' + "[" * 64 + "]" * 64 + "}"),
        {"name": "null", "json_hex": b"null".hex(), "result": 1},
        {"name": "null in white space", "json_hex": b" \n null\t ".hex(), "result": 1},
    ]


def decode_error_cases():
    """(error, lenient, name, input with the mark). Lenient: a JSON reader that is not strict may
    take it; every reader must refuse the others."""
    a = f'{{"reason":70,{TIME}'

    def value(name, text):
        return f'{{"reason":70,{TIME},"{name}":{MARK}{text}}}'

    def time(text):
        return f'{{"reason":70,"announced_at":{MARK}"{text}"}}'

    rows = [("TRUNCATED", False, f"cut: {text!r}", text + MARK) for text in (
        "", "  ", "nul", "{", '{"reason', '{"reason"', '{"reason":', '{"reason":7', '{"reason":-',
        '{"reason":70,', '{"x":[1', '{"x":{"y"', '{"x":"\\', '{"x":"\\u00', '{"x":1.', '{"x":1e+',
        a)]
    rows += [("SYNTAX", False, name, text) for name, text in (
        ("no value", f"{MARK}xyz"), ("comma alone", f"{MARK},"), ("literal misspelled", f"nu{MARK}xl"),
        ("comma before the end", a + f",{MARK}}}"), ("no comma", f'{{"reason":70 {MARK}{TIME}}}'),
        ("no colon", f'{{"reason" {MARK}70}}'), ("name without quotes", f"{{{MARK}reason:70}}"),
        ("leading zero", f'{{"reason":0{MARK}70}}'), ("plus sign", a + f',"x":{MARK}+1}}'),
        ("point without digits", a + f',"x":1.{MARK}}}'), ("exponent without digits", a + f',"x":1e{MARK}}}'),
        ("single quotes", f"{{{MARK}'reason':70}}"), ("comment", f"{MARK}/* */ null"),
        ("NaN", a + f',"x":{MARK}NaN}}'), ("byte order mark", f"{MARK}\ufeffnull"),
        ("newline in a string", a + f',"info":"a{MARK}\nb"}}'), ("NUL in a string", a + f',"info":"{MARK}\0"}}'),
        ("NUL outside", f"{MARK}\0"), ("unknown escape", a + f',"info":"\\{MARK}x41"}}'),
        ("bad hex", a + f',"info":"\\u00{MARK}g0"}}'), ("wrong bracket", a + f',"x":[1{MARK}}}'),
        ("comma before a bracket", a + f',"x":[1,{MARK}]}}'), ("value for a name", a + f',"x":{{{MARK}1:2}}}}'),
        ("form feed is no white space", f"{MARK}\fnull"), ("no-break space", f"{MARK}\u00a0null"))]
    rows += [("UTF8", True, name, text) for name, text in (
        ("lone continuation", a.encode() + b',"info":"a' + MARK.encode() + b'\x80"}'),
        ("overlong slash", a.encode() + b',"info":"' + MARK.encode() + b'\xc0\xaf"}'),
        ("surrogate in UTF-8", a.encode() + b',"info":"' + MARK.encode() + b'\xed\xa0\x80"}'),
        ("above U+10FFFF", a.encode() + b',"info":"' + MARK.encode() + b'\xf4\x90\x80\x80"}'),
        ("cut by the quote", a.encode() + b',"info":"' + MARK.encode() + b'\xe2\x82"}'),
        ("in a name", b'{"' + MARK.encode() + b'\xff":1}'),
        ("in a skipped member", a.encode() + b',"x":["' + MARK.encode() + b'\xff"]}'),
        ("high surrogate alone", a + f',"info":"{MARK}\\ud800"}}'),
        ("high surrogate, then another escape", a + f',"info":"{MARK}\\ud800\\u0041"}}'),
        ("first low surrogate alone", a + f',"info":"{MARK}\\udc00\\udc00"}}'),
        ("last low surrogate alone", a + f',"info":"{MARK}\\udfff"}}'),
        ("high surrogate twice", a + f',"info":"{MARK}\\ud800\\udbff"}}'),
        ("high surrogate, then what comes after the low ones", a + f',"info":"{MARK}\\ud800\\ue000"}}'),
        ("low surrogate first", a + f',"info":"{MARK}\\ude00\\ud83d"}}'))]
    rows += [("TYPE", False, f"the whole: {text}", MARK + text)
             for text in ("70", '"upgrade_required"', "[]", "true")]
    rows += [("TYPE", False, name, text) for name, text in (
        ("reason quoted", f'{{"reason":{MARK}"70",{TIME}}}'), ("reason true", f'{{"reason":{MARK}true,{TIME}}}'),
        ("reason 70.0", f'{{"reason":{MARK}70.0,{TIME}}}'), ("reason 7e1", f'{{"reason":{MARK}7e1,{TIME}}}'),
        ("height quoted", value("height", '"42"')), ("height an object", value("height", "{}")),
        ("plan_name a number", value("plan_name", "2")), ("info an array", value("info", "[]")),
        ("reason_string a number", value("reason_string", "70")),
        ("announced_at a number", f'{{"reason":70,"announced_at":{MARK}1700000000}}'))]
    rows += [("TYPE", True, f"{name} null", value(name, "null"))
             for name in ("reason_string", "plan_name", "height", "info")]
    rows += [("TYPE", True, "reason null", f'{{"reason":{MARK}null,{TIME}}}')]
    rows += [("RANGE", False, name, value("height", text)) for name, text in (
        ("one above the largest", "9223372036854775808"), ("one below the smallest", "-9223372036854775809"),
        ("twenty digits", "18446744073709551616"), ("a thousand digits", "9" * 1000))]
    rows += [("TIME", lenient, f"time {text!r}", time(text)) for lenient, text in (
        (False, ""), (False, "now"), (False, "2026-11-21"), (False, "2026-11-21T12:34:56"),
        (True, "2026-11-21T12:34:56+00:00"), (True, "2026-11-21T14:34:56+02:00"),
        (True, "2026-11-21t12:34:56Z"), (True, "2026-11-21T12:34:56z"), (True, "2026-11-21 12:34:56Z"),
        (False, "2026-11-21T12:34:56.Z"), (True, "2026-11-21T12:34:56.1234567890Z"),
        (True, "2026-11-21T12:34:56,5Z"), (True, "2026-12-31T23:59:60Z"), (False, "2026-02-29T00:00:00Z"),
        (False, "2100-02-29T00:00:00Z"), (False, "2026-00-01T00:00:00Z"), (False, "2026-13-01T00:00:00Z"),
        (False, "2026-04-31T00:00:00Z"), (False, "2026-01-00T00:00:00Z"), (False, "2026-11-21T24:00:00Z"),
        (False, "2026-11-21T12:60:00Z"), (False, "20261121T123456Z"), (False, "10000-01-01T00:00:00Z"),
        (True, "2026-11-21T2:34:56Z"), (False, "2026-11-21T12:34:56Zjunk"), (False, " 2026-11-21T12:34:56Z"))]
    rows += [("DUPLICATE", True, name, text) for name, text in (
        ("reason twice", f'{{"reason":70,{TIME},{MARK}"reason":70}}'),
        ("by an escape", f'{{"reason":70,{TIME},{MARK}"re\\u0061son":71}}'),
        ("an unknown member", a + f',"x":1,"y":2, {MARK}"x":1}}'))]
    rows += [("MISSING", True, name, text) for name, text in (
        ("empty object", f"{{{MARK}}}"), ("no announced_at", f'{{"reason":70{MARK}}}'),
        ("no reason", f"{{{TIME}{MARK}}}"))]
    rows += [("MEMBERS", True, "65 members", a + "".join(f',"m{i}":{i}' for i in range(62)) + f',{MARK}"m62":62}}'),
             ("DEPTH", True, "65 levels", a + ',"x":' + "[" * 64 + MARK + "[" + "]" * 65 + "}")]
    rows += [("TRAILING", False, name, text) for name, text in (
        ("two objects", a + f"}}{MARK}" + a + "}"), ("a comma", a + f"}} {MARK},"), ("after null", f"null{MARK}x"),
        ("a NUL", a + f"}}{MARK}\0"))]
    return rows


def decode_vectors(table):
    rows = decode_ok_vectors()
    for error, lenient, name, text in decode_error_cases():
        raw = text if isinstance(text, bytes) else text.encode()
        at = raw.index(MARK.encode())
        rows.append({"name": name, "json_hex": raw.replace(MARK.encode(), b"").hex(),
                     "result": table.errors[error], "error": error, "at": at, "lenient": lenient})
    return rows


# ---- output -------------------------------------------------------------------------------------

def vector_file(about, rows):
    body = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"about": {json.dumps(about)},\n"vectors": [\n{body}\n]}}\n'


def outputs(table):
    """(path, text) of everything that is generated."""
    yield HEADER, replace_region(HEADER, header_region, table)
    for path, make in (("docs/contract.md", markdown_region), ("docs/man/libseihalt.3", man_region)):
        path = os.path.join(TOP, path)
        yield path, replace_region(path, make, table)
    yield (os.path.join(HERE, "schema", "halt-intent.schema.json"),
           json.dumps(schema(table), indent=2) + "\n")
    for name, about, rows in (
            ("exit_codes", "parse_exit_code and classification of every exit code.",
             exit_code_vectors(table)),
            ("wait_statuses", "Classification of wait statuses as Linux encodes them; detail is the "
             "exit code or the signal.", wait_status_vectors(table)),
            ("encode", "Intents and the exact bytes of their JSON. *_hex: the bytes of the string; "
             "null: not given, the token of the reason. 64-bit numbers are decimal strings. "
             "result 0: json is the output; negative: refused.", encode_vectors(table)),
            ("decode", "JSON texts (json_hex) and what a strict reader makes of them. result 0: the "
             "members; 1: null, no signal; negative: refused, at is the position of the first wrong "
             "byte; lenient: a reader that is not strict may take it.", decode_vectors(table))):
        yield os.path.join(HERE, "vectors", f"{name}.json"), vector_file(about, rows)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        raise SystemExit(__doc__)
    stale = 0
    for path, text in outputs(Table()):
        old = read(path) if os.path.exists(path) else ""
        if old == text:
            continue
        stale += 1
        name = os.path.relpath(path, TOP)
        print(f"{name}: {'differs from what is generated' if check else 'written'}")
        if check:
            diff = difflib.unified_diff(old.splitlines(), text.splitlines(), name, "generated", "", "", 0)
            sys.stdout.writelines(line + "\n" for line in list(diff)[:20])
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
