// Any bytes are read as one kind of subject or refused with a text, and what is said about a halt
// fits the contract's own reader.
#include <stdlib.h>
#include <string.h>

#include "seictl/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct subject s CLEANUP_SUBJECT;
    struct err e = {0};
    subject_init(&s);
    int result = subject_read(&s, slice_of(data, size), &e);
    if (result < 0) {
        if (e.text[0] == '\0')
            abort();
        return 0;
    }
    if (s.kind == SUBJECT_UPGRADE_INFO && (s.height <= 0 || !s.plan[0]))
        abort();
    if (s.kind == SUBJECT_INTENT) {
        struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
        char *text = malloc(size);
        if (!text || sei_halt_intent_decode((const char *)data, size, &intent, text, size, NULL))
            abort();
        free(text);
    }
    return 0;
}
