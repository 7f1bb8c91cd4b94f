// Any bytes as the saved state of a pager: refused, or taken as a state that saves and loads again.
#include <assert.h>
#include <string.h>

#include "net/pager.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pager_target targets[] = {{"a", 0}, {"am", 1000}};
    struct pager *p = pager_new(&PAGER_POLICY_DEFAULT, targets, 2);
    struct pager *q = pager_new(&PAGER_POLICY_DEFAULT, targets, 2);
    CLEANUP_BUF struct buf saved = {0}, again = {0};
    struct err e = {0};
    if (pager_load(p, slice_of(data, size), 0, &e) == 0) {
        pager_save(p, &saved);
        int result = pager_load(q, buf_slice(&saved), 0, &e);
        assert(result == 0);
        pager_save(q, &again);
        assert(slice_eq(buf_slice(&saved), buf_slice(&again)));
        struct pager_request r;
        while (pager_due(p, INT64_MAX, &r))
            pager_answer(p, r.id, PAGER_REFUSED, -1, 0, 0);
    } else {
        assert(e.code < 0 && e.text[0] && pager_counts(p).incidents == 0);
    }
    pager_free(p);
    pager_free(q);
    return 0;
}
