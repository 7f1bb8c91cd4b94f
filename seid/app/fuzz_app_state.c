// Any bytes as app_state. What is accepted can be exported, and the export is accepted and gives
// the same export again.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seid/app/test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int import(struct app *app, struct kv_mem *state, struct slice json, struct err *e)
{
    struct app_genesis genesis = {
        .chain_id = KIT_CHAIN, .initial_height = 1, .app_state_json = json};
    return app_init_chain(app, &state->kv, &genesis, e);
}

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kit k;
    static int ready;
    if (!ready) {
        kit_init(&k, NULL);
        ready = 1;
    }
    struct kv_mem first, second;
    struct err e = {0};
    char *json, *again;
    kv_mem_init(&first);
    kv_mem_init(&second);
    if (import(k.app, &first, slice_of(data, size), &e) == 0) {
        require(app_export(k.app, &first.kv, 0, &json, &e) == 0);
        require(import(k.app, &second, slice_str(json), &e) == 0);
        require(app_export(k.app, &second.kv, 0, &again, &e) == 0);
        require(strcmp(json, again) == 0);
        free(json);
        free(again);
    } else {
        require(strncmp(e.text, "app_state", 9) == 0);
    }
    kv_mem_deinit(&first);
    kv_mem_deinit(&second);
    return 0;
}
