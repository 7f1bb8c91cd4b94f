// Any bytes as a transaction, on a small chain: checked, simulated and delivered. What is refused
// by the ante chain leaves no trace, and all three agree on what decodes.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seid/app/test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static int undecodable(uint32_t code, const char *codespace)
{
    return code == 2 && strcmp(codespace, "sdk") == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kit k;
    static int ready;
    if (!ready) {
        kit_init(&k, NULL);
        ready = 1;
    }
    CLEANUP_ARENA struct arena arena = {0};
    CLEANUP_KV_OVERLAY struct kv_overlay check = {0}, block_state = {0};
    struct slice tx = slice_of(data, size);
    struct app_block block = {.height = 1, .time_ns = KIT_TIME, .txs = &tx, .tx_count = 1};
    struct app_check_result checked;
    struct app_simulate_result simulated;
    struct app_block_result delivered;
    struct err e = {0};

    kv_overlay_init(&check, &k.state.kv);
    kv_overlay_init(&block_state, &k.state.kv);
    const struct app_decoded *decoded = app_verify_tx(k.app, &k.state.kv, tx, &arena);
    app_check_tx(k.app, &check.kv, &block, tx, decoded, APP_CHECK_NEW, &arena, &checked);
    require(checked.log && checked.codespace);
    require(checked.code == 0 || kv_overlay_count(&check) == 0);
    app_simulate(k.app, &k.state.kv, &block, tx, &arena, &simulated);
    require(undecodable(checked.code, checked.codespace) ==
            undecodable(simulated.result->code, simulated.result->codespace));
    require(app_finalize_block(k.app, &block_state.kv, &block, false, &arena, &delivered, &e) == 0);
    // What the mempool takes pays in the block, whatever its messages do; what it refuses fails.
    require(checked.code == 0 || delivered.tx_results[0]->code != 0);
    require(checked.code != 0 || kv_overlay_count(&block_state) > 0);
    return 0;
}
