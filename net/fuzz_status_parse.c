// Any bytes as an answer to /status: no crash, and what is claimed holds.
#include <assert.h>
#include <string.h>

#include "net/json_span.h"
#include "net/status_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct node_status s;
    struct slice value;
    char text[256] = "";
    int result = status_parse(slice_of(data, size), &s, text, sizeof text);
    assert((result == 0) == (text[0] == '\0'));
    assert(s.height >= -1 && s.earliest_height >= -1 && s.catching_up >= -1);
    assert((s.intent_state == STATUS_INTENT_INVALID) == (s.intent_error[0] != '\0'));
    assert(result == 0 || s.intent_state == STATUS_INTENT_ABSENT);
    node_status_deinit(&s);
    if (json_span_member(slice_of(data, size), "halt_intent", &value))
        assert(value.data >= data && value.data + value.len <= data + size);
    return 0;
}
