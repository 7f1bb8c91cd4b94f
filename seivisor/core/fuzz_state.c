// memory.json, and lines of the status socket: the first byte says which.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "seivisor/core/json.h"
#include "seivisor/core/memory.h"
#include "seivisor/core/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void memory_input(const char *data, size_t size)
{
    struct memory *m = calloc(1, sizeof *m), *again = calloc(1, sizeof *again);
    json_t *pages = NULL, *pages_again = NULL;
    if (!m || !again)
        abort();
    if (memory_decode(data, size, m, &pages, NULL) == 0) {
        json_t *object = memory_encode(m, pages);
        char *text = json_text(object);
        int result = memory_decode(text, strlen(text), again, &pages_again, NULL);
        assert(result == 0);
        json_t *object_again = memory_encode(again, pages_again);
        assert(json_equal(object, object_again));
        json_decref(object_again);
        free(text);
        json_decref(object);
    }
    json_decref(pages);
    json_decref(pages_again);
    free(m);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    if (size == 0)
        return 0;
    if (data[0] == 'm') {
        memory_input((const char *)data + 1, size - 1);
        return 0;
    }
    json_t *request = request_parse((const char *)data + 1, size - 1, &e);
    assert(request || e.text[0]);
    json_decref(request);
    return 0;
}
