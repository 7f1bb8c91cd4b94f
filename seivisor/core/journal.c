#include "seivisor/core/journal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seivisor/core/json.h"

static const char *const step_names[SWAP_STEPS] = {
    [SWAP_NONE] = "none",
    [SWAP_INTENT] = "intent",
    [SWAP_STOPPED] = "stopped",
    [SWAP_BACKED_UP] = "backed_up",
    [SWAP_PRE_UPGRADED] = "pre_upgraded",
    [SWAP_SWAPPED] = "swapped",
    [SWAP_STARTED] = "started",
    [SWAP_CONFIRMED] = "confirmed",
};
static const char *const kind_names[] = {[SWAP_UPGRADE] = "upgrade", [SWAP_ROLLBACK] = "rollback"};

const char *swap_step_name(enum swap_step step)
{
    return step_names[step];
}

const char *swap_kind_name(enum swap_kind kind)
{
    return kind_names[kind];
}

static uint32_t crc32(const char *data, size_t len)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320 : 0);
    }
    return ~crc;
}

static json_t *intent_object(const struct journal *j)
{
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:i}", "kind", swap_kind_name(j->kind), "plan",
                     j->plan, "height", (json_int_t)j->height, "from", j->from, "to", j->to,
                     "backup", j->backup, "exit_code", j->exit_code);
}

void journal_append(const struct journal *j, enum swap_step step, int64_t now_ns, struct buf *ret)
{
    json_t *object = step == SWAP_INTENT ? intent_object(j) : json_object();
    json_object_set_new(object, "step", json_string(swap_step_name(step)));
    json_object_set_new(object, "at_ns", json_integer(now_ns));
    char *text = json_text(object);
    buf_printf(ret, "%s\t%08x\n", text, crc32(text, strlen(text)));
    free(text);
    json_decref(object);
}

static enum swap_step step_of(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "step"));
    for (int i = SWAP_INTENT; name && i < SWAP_STEPS; i++)
        if (strcmp(name, step_names[i]) == 0)
            return (enum swap_step)i;
    return SWAP_NONE;
}

static bool target_is_valid(const char *target)
{
    char again[LAYOUT_TARGET_MAX];
    return layout_parse_target(target, "", again) && strcmp(target, again) == 0;
}

static bool decode_intent(const json_t *object, struct journal *ret)
{
    struct journal j = {0};
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (!kind || !json_copy_text(object, "plan", j.plan, sizeof j.plan) ||
        !json_copy_text(object, "from", j.from, sizeof j.from) ||
        !json_copy_text(object, "to", j.to, sizeof j.to) ||
        !json_copy_text(object, "backup", j.backup, sizeof j.backup))
        return false;
    j.kind = strcmp(kind, kind_names[SWAP_ROLLBACK]) == 0 ? SWAP_ROLLBACK : SWAP_UPGRADE;
    j.height = json_number(object, "height", 0);
    j.exit_code = (int)json_number(object, "exit_code", -1);
    j.at_ns = json_number(object, "at_ns", 0);
    j.step = SWAP_INTENT;
    if (!target_is_valid(j.to) || (j.from[0] && !target_is_valid(j.from)))
        return false;
    *ret = j;
    return true;
}

// One line without its newline. False when it is torn or makes no sense here.
static bool decode_line(const char *line, size_t len, struct journal *j)
{
    if (len < 10 || line[len - 9] != '\t')
        return false;
    char want[9];
    snprintf(want, sizeof want, "%08x", crc32(line, len - 9));
    if (memcmp(want, line + len - 8, 8) != 0)
        return false;
    json_t *object = json_loadb(line, len - 9, JSON_REJECT_DUPLICATES, NULL);
    enum swap_step step = object ? step_of(object) : SWAP_NONE;
    bool good = false;
    if (step == SWAP_INTENT) {
        good = decode_intent(object, j);
    } else if (step > j->step && j->step != SWAP_NONE) {
        j->step = step;
        good = true;
    }
    json_decref(object);
    return good;
}

void journal_decode(const void *data, size_t len, struct journal *ret, size_t *ret_ignored)
{
    const char *at = data;
    struct journal j = {0};
    while (len > 0) {
        const char *end = memchr(at, '\n', len);
        if (!end || !decode_line(at, (size_t)(end - at), &j))
            break;
        len -= (size_t)(end - at) + 1;
        at = end + 1;
    }
    *ret = j;
    if (ret_ignored)
        *ret_ignored = len;
}

enum swap_recovery swap_recover(enum swap_step step, enum swap_link link, bool target_runs)
{
    switch (step) {
    case SWAP_NONE:
        return SWAP_RECOVER_NOTHING;
    case SWAP_CONFIRMED:
        return SWAP_RECOVER_FORGET;
    case SWAP_INTENT:
    case SWAP_STOPPED:
    case SWAP_BACKED_UP:
    case SWAP_PRE_UPGRADED:
    case SWAP_SWAPPED:
    case SWAP_STARTED:
        break;
    }
    if (link == SWAP_LINK_OTHER)
        return SWAP_RECOVER_SUPERSEDED;
    if (link == SWAP_LINK_TO)
        return target_runs ? SWAP_RECOVER_START : SWAP_RECOVER_LOST;
    // The link is at the old target. Behind "swapped" a person has put it back.
    if (step >= SWAP_SWAPPED)
        return SWAP_RECOVER_SUPERSEDED;
    if (!target_runs)
        return SWAP_RECOVER_LOST;
    if (step == SWAP_INTENT)
        return SWAP_RECOVER_FROM_STOP;
    if (step == SWAP_STOPPED)
        return SWAP_RECOVER_BACKUP;
    return step == SWAP_BACKED_UP ? SWAP_RECOVER_HOOKS : SWAP_RECOVER_LINK;
}

const char *swap_recovery_text(enum swap_recovery recovery)
{
    static const char *const texts[SWAP_RECOVERIES] = {
        [SWAP_RECOVER_NOTHING] = "no swap was under way",
        [SWAP_RECOVER_FROM_STOP] = "it was decided and not begun: going on",
        [SWAP_RECOVER_BACKUP] = "the daemon had been stopped: going on with the backup",
        [SWAP_RECOVER_HOOKS] = "the data had been backed up: going on with the hooks",
        [SWAP_RECOVER_LINK] = "the hooks had agreed: going on with the link",
        [SWAP_RECOVER_START] = "the link is in place: starting the new binary",
        [SWAP_RECOVER_FORGET] = "it was complete",
        [SWAP_RECOVER_SUPERSEDED] = "`current` was changed by hand meanwhile: that choice holds",
        [SWAP_RECOVER_LOST] = "the target's binary has gone",
    };
    return texts[recovery];
}
