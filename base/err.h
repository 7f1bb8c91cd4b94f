// err: one fixed-size error value, a code and a text, that never allocates.
//
// The rule of the whole project: a function that can fail returns int. 0 is success, a value < 0
// (an errno, negated) is fatal to the operation and goes up with `struct err` filled in, a value
// > 0 is an outcome that the header names and the caller must handle. Each layer adds context at
// most once. Only main() turns an error into an exit status.
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
    int code; // negated errno; 0 when unset
    char text[508];
};

// Sets code and text; a null `e` is allowed when nobody wants the text. Returns `code`, which must
// be negative, so that callers write `return err_set(e, -EINVAL, "...")`.
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// As err_set, with ": " and the text of `errnum` (positive) behind it; returns -errnum.
int err_errno(struct err *e, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

// Puts "<context>: " in front of the text. Returns e->code (or -1 when `e` is null or unset).
int err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
