// seihalt: the contract between a chain node that stops on purpose and whoever supervises it.
//
// A node that halts gracefully ends with one of the exit codes below and shows a HaltIntent, a
// small JSON object, on its /status while it still runs. This library is the single source of
// truth for both: the codes, their tokens, and the bytes of the object.
//
// Threads:    no state anywhere; every function may be called from any thread at any time.
// Memory:     nothing is allocated. What is written is written into the caller's memory; what is
//             returned as `const char *` is static. The two intent functions use less than 4 KiB
//             of stack, whatever the input.
// Failures:   no I/O, no abort, no errno. 0 is success, a value < 0 is an error (enum
//             sei_halt_error), a value > 0 is an outcome that the function names. On failure the
//             out-parameters are untouched unless the function says otherwise.
// Stability:  numbers and tokens are append-only; renumbering is a break of the major version.
//             Symbols are versioned, structs carry their size.
//
// The numbers 70, 71 and 72 are also EX_SOFTWARE, EX_OSERR and EX_OSFILE of <sysexits.h>, and
// 73 to 78 are its next ones. An exit code alone therefore proves nothing about a program that is
// not known to speak this contract: corroborate it (docs/contract.md).
#ifndef SEIHALT_H
#define SEIHALT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEI_HALT_VERSION_MAJOR 1
#define SEI_HALT_VERSION_MINOR 0
#define SEI_HALT_VERSION_PATCH 0

#if defined(__GNUC__)
#define SEI_HALT_API __attribute__((visibility("default")))
#else
#define SEI_HALT_API
#endif

// Why a node stopped: for code inside the process.
// BEGIN GENERATED reasons (contract/src/reasons.def)
enum sei_halt_reason {
    SEI_HALT_UNKNOWN = 0,             // not a graceful halt
    SEI_HALT_UPGRADE_REQUIRED = 70,   // at or past the plan's height, no handler in this binary
    SEI_HALT_BINARY_TOO_NEW = 71,     // handler present, height not reached, not a minor release
    SEI_HALT_DOWNGRADE_DETECTED = 72, // the last applied plan has no handler in this binary
};

// The same as process exit codes: for supervisors, which see codes and not the enum.
#define SEI_HALT_EXIT_UPGRADE_REQUIRED 70   // also EX_SOFTWARE
#define SEI_HALT_EXIT_BINARY_TOO_NEW 71     // also EX_OSERR
#define SEI_HALT_EXIT_DOWNGRADE_DETECTED 72 // also EX_OSFILE
// 73 to 79: reserved, future upgrade-related halts
// 80 to 89: reserved, future operator-action halts that are no upgrade (a halt height, say)
#define SEI_HALT_EXIT_RESERVED_FIRST 73
#define SEI_HALT_EXIT_RESERVED_LAST 89
// END GENERATED reasons

// Whether an exit code is one of the contract's. For 70, 71 and 72 sets the reason and returns
// true. For every other number, the reserved ones, 0, 2 and 128+n included, sets SEI_HALT_UNKNOWN
// and returns false. `ret_reason` may be null.
SEI_HALT_API bool sei_halt_parse_exit_code(int code, enum sei_halt_reason *ret_reason);

// The stable token of a reason ("upgrade_required"), for JSON and log lines; "unknown" for every
// number that is no reason of this version. Static, never null.
SEI_HALT_API const char *sei_halt_reason_string(int64_t reason);

// How a process ended.
enum sei_halt_class {
    SEI_HALT_CLASS_SUCCESS = 0,   // exited with 0
    SEI_HALT_CLASS_CONTRACT = 1,  // exited with a code of the contract
    SEI_HALT_CLASS_RESERVED = 2,  // exited with a reserved code: a halt that a newer version knows
    SEI_HALT_CLASS_CRASH = 3,     // exited with any other code
    SEI_HALT_CLASS_SIGNAL = 4,    // ended by a signal, core dump or not
    SEI_HALT_CLASS_NOT_ENDED = 5, // stopped or continued (WUNTRACED, WCONTINUED): it still lives
};

// Classifies any wait status, as wait(2) gives it: total over all ints. `ret_detail` (may be null)
// gets the exit code of one that exited, the signal number of one that was signalled or stopped,
// and 0 for one that was continued. Feed it the status of the direct child only: a shell or a
// wrapper in between turns signals into 128+n and can flatten codes.
SEI_HALT_API enum sei_halt_class sei_halt_classify_wait_status(int status, int *ret_detail);

// The same for a bare exit code, as Kubernetes reports one. There a death by signal n arrives as
// the number 128+n and is SEI_HALT_CLASS_CRASH: a bare code cannot tell the two apart.
SEI_HALT_API enum sei_halt_class sei_halt_classify_exit_code(int code);

// The stable lower-case name of a class ("contract"); "invalid" for a number that is none.
SEI_HALT_API const char *sei_halt_class_string(enum sei_halt_class classification);

// Bytes with a length: a plan's name may hold any byte. Borrowed, never freed by the library;
// `data` may be null when `len` is 0.
struct sei_halt_text {
    const char *data;
    size_t len;
};

// HaltIntent: what a halted node says about itself. `size` is set by the caller before every
// call; a library that is newer or older than the caller reads and writes no more than both know.
struct sei_halt_intent {
    size_t size;    // sizeof(struct sei_halt_intent) of the caller's compilation
    int64_t reason; // enum sei_halt_reason, or a number that this version does not know
    // Null data stands for "the token of `reason`" when encoding, and for "absent" after decoding.
    struct sei_halt_text reason_string;
    struct sei_halt_text plan_name; // empty: left out
    int64_t height;                 // of the block that was not executed; 0: left out
    struct sei_halt_text info;      // the plan's info, empty: left out
    int64_t announced_s;            // seconds since 1970-01-01T00:00:00Z, years 0000 to 9999
    int32_t announced_ns;           // 0 to 999,999,999
    int32_t reserved;               // 0
};

// clang-format off
#define SEI_HALT_INTENT_INIT {sizeof(struct sei_halt_intent), 0, {0, 0}, {0, 0}, 0, {0, 0}, 0, 0, 0}
// clang-format on

enum {
    SEI_HALT_JSON_MAX = 1048576, // bytes of an encoded intent, both ways
    SEI_HALT_MEMBERS_MAX = 64,   // members of the object, known and unknown
    SEI_HALT_DEPTH_MAX = 64,     // nesting inside members that are skipped
};

enum sei_halt_error {
    SEI_HALT_E_STRUCT = -1,    // `size` is not set, or smaller than any version's
    SEI_HALT_E_RANGE = -2,     // a time that RFC 3339 cannot say; a number beyond 64 bits
    SEI_HALT_E_TOO_LONG = -3,  // more than SEI_HALT_JSON_MAX bytes
    SEI_HALT_E_TRUNCATED = -4, // the input ends inside the value
    SEI_HALT_E_SYNTAX = -5,    // not JSON
    SEI_HALT_E_UTF8 = -6,      // not UTF-8, or an escape that is half a surrogate pair
    SEI_HALT_E_TYPE = -7,      // a known member, or the whole, of another type
    SEI_HALT_E_TIME = -8,      // announced_at is no RFC 3339 time in UTC
    SEI_HALT_E_DUPLICATE = -9, // a member twice
    SEI_HALT_E_MISSING = -10,  // no `reason` or no `announced_at`
    SEI_HALT_E_MEMBERS = -11,  // more than SEI_HALT_MEMBERS_MAX members
    SEI_HALT_E_DEPTH = -12,    // nested deeper than SEI_HALT_DEPTH_MAX
    SEI_HALT_E_TRAILING = -13, // something behind the value
};

// What an error or outcome means, one line without a full stop. Static, never null.
SEI_HALT_API const char *sei_halt_error_string(int error);

enum {
    SEI_HALT_NONE = 1,     // decoded `null`: no signal. That is not the same as healthy.
    SEI_HALT_NO_SPACE = 2, // the caller's buffer is too small
};

// Writes the JSON of an intent and a NUL behind it. The bytes are those of Go's encoding/json for
// the same struct: members in the order reason, reason_string, plan_name, height, info,
// announced_at; `reason` and `height` bare numbers; <, >, &, U+2028, U+2029 and control characters
// escaped; each byte that is not UTF-8 becomes \ufffd; the time in UTC with a Z and up to nine
// decimals, trailing zeros trimmed.
// In:      `intent` with `size` set; `out` of `cap` bytes, may be null when `cap` is 0.
// Returns: 0, *ret_len the length without the NUL. SEI_HALT_NO_SPACE: *ret_len + 1 bytes are
//          needed; what `out` holds is of no use. Or SEI_HALT_E_STRUCT, _RANGE, _TOO_LONG.
SEI_HALT_API int sei_halt_intent_encode(const struct sei_halt_intent *intent, char *out, size_t cap,
                                        size_t *ret_len);

// Reads the JSON of an intent, strictly. White space around it is fine; unknown members are
// skipped; everything else that is not as encoded above is an error. Where the member is absent on
// /status there is nothing to decode: treat that as SEI_HALT_NONE.
// In:      `json` of `len` bytes, no NUL needed; `text` of `text_cap` bytes, which will hold the
//          three strings (not terminated) as long as the intent is used. `len` bytes always do.
// Out:     *ret_intent (`size` set by the caller); *ret_at (may be null), on errors only: the
//          position of the first byte that is wrong, from 0; `len` when it ends too early.
// Returns: 0; SEI_HALT_NONE for `null`; SEI_HALT_NO_SPACE when `text` is too small; or an error.
SEI_HALT_API int sei_halt_intent_decode(const char *json, size_t len,
                                        struct sei_halt_intent *ret_intent, char *text,
                                        size_t text_cap, size_t *ret_at);

// The version of the library that is linked, "1.0.0".
SEI_HALT_API const char *sei_halt_version(void);

#ifdef __cplusplus
}
#endif

#endif
