// upgrade-info.json as a daemon, or anything else, may have left it.
#include <assert.h>
#include <string.h>

#include "seivisor/core/layout.h"
#include "seivisor/core/plan_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan_info plan;
    struct err e = {0};
    char target[LAYOUT_TARGET_MAX], again[LAYOUT_TARGET_MAX];
    if (plan_info_parse(data, size, &plan, &e) < 0) {
        assert(e.text[0]);
        return 0;
    }
    assert(plan.name[0] && plan.height > 0);
    // Whatever the name, its folder is one component below upgrades/.
    if (layout_plan_target(plan.name, true, target, NULL) == 0)
        assert(layout_parse_target(target, "/r", again) && strcmp(target, again) == 0);
    return 0;
}
