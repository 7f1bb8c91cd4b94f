// promtext: writes metrics in Prometheus' text exposition format 0.0.4. Pure; appends to a buffer.
// Family and label names are the program's own literals and are not checked; values are escaped.
#ifndef WIRE_PROMTEXT_H
#define WIRE_PROMTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PROMTEXT_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum promtext_type { PROMTEXT_COUNTER, PROMTEXT_GAUGE, PROMTEXT_HISTOGRAM, PROMTEXT_UNTYPED };

struct promtext_label {
    const char *name;
    const char *value; // each byte that is not UTF-8 becomes U+FFFD
};

// The HELP and TYPE lines; the samples of the family follow, all of them together.
void promtext_family(struct buf *out, const char *name, enum promtext_type type, const char *help);

// One sample. `labels` may be null when `count` is 0.
void promtext_int(struct buf *out, const char *name, const struct promtext_label *labels,
                  size_t count, int64_t value);
// The shortest decimal that reads back as the same double; +Inf, -Inf, NaN.
void promtext_double(struct buf *out, const char *name, const struct promtext_label *labels,
                     size_t count, double value);

struct promtext_histogram {
    const double *bounds;   // upper, ascending, without +Inf
    const uint64_t *counts; // one a bucket, not cumulative; bound_count + 1 of them
    size_t bound_count;
    double sum;
};
// name_bucket{…,le=…} for each bound and +Inf, name_sum, name_count.
void promtext_histogram(struct buf *out, const char *name, const struct promtext_label *labels,
                        size_t count, const struct promtext_histogram *h);

#endif
