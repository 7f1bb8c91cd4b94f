#include "seictl/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/jsonw.h"

const char *view_state_string(enum view_state state)
{
    switch (state) {
    case VIEW_UNREACHABLE:
        return "unreachable";
    case VIEW_NO_STATUS:
        return "no_status";
    case VIEW_HEALTHY:
        return "healthy";
    case VIEW_NO_SIGNAL:
        return "no_signal";
    case VIEW_HALTED:
        return "halted";
    }
    return "invalid";
}

enum view_state view_state_of(const struct probe_result *seen)
{
    switch (seen->outcome) {
    case PROBE_UNREACHABLE:
        return VIEW_UNREACHABLE;
    case PROBE_NO_STATUS:
        return VIEW_NO_STATUS;
    case PROBE_OK:
        break;
    }
    switch (seen->status.intent_state) {
    case STATUS_INTENT_ABSENT:
        return VIEW_HEALTHY;
    case STATUS_INTENT_NULL:
    case STATUS_INTENT_INVALID:
        return VIEW_NO_SIGNAL;
    case STATUS_INTENT_VALID:
        break;
    }
    return VIEW_HALTED;
}

static void halted_text(struct buf *out, const struct sei_halt_intent *intent)
{
    buf_printf(out, "halted: %lld %s", (long long)intent->reason,
               sei_halt_reason_string(intent->reason));
    if (intent->plan_name.len) {
        buf_append_str(out, ", plan ");
        struct jsonw w = jsonw_on(out); // quoted and escaped: the name may hold any byte
        jsonw_string(&w, slice_of(intent->plan_name.data, intent->plan_name.len));
    }
    if (intent->height)
        buf_printf(out, ", at height %lld", (long long)intent->height);
}

void view_text(struct buf *out, const struct probe_result *seen)
{
    enum view_state state = view_state_of(seen);
    if (seen->outcome == PROBE_OK && seen->status.height >= 0)
        buf_printf(out, "height %lld, ", (long long)seen->status.height);
    if (state == VIEW_HALTED)
        halted_text(out, &seen->status.intent);
    else
        buf_append_str(out, view_state_string(state));
    if (seen->outcome == PROBE_OK && seen->status.catching_up == 1)
        buf_append_str(out, ", catching up");
    if (seen->outcome != PROBE_OK && seen->detail[0])
        buf_printf(out, " (%s)", seen->detail);
    if (seen->outcome == PROBE_OK && seen->status.intent_state == STATUS_INTENT_INVALID)
        buf_printf(out, " (%s)", seen->status.intent_error);
}

static void intent_json(struct jsonw *w, const struct sei_halt_intent *intent)
{
    struct buf json CLEANUP_BUF = {0};
    size_t len = 0;
    sei_halt_intent_encode(intent, NULL, 0, &len);
    char *out = (char *)buf_reserve(&json, len + 1);
    if (sei_halt_intent_encode(intent, out, len + 1, &len) == 0)
        jsonw_raw(w, slice_of(out, len));
    else
        jsonw_null(w);
}

void view_json(struct buf *out, const struct probe_result *seen, const char *address,
               const char *at)
{
    struct jsonw w = jsonw_on(out);
    const struct node_status *status = &seen->status;
    jsonw_object(&w);
    jsonw_key(&w, "at");
    jsonw_cstr(&w, at);
    jsonw_key(&w, "address");
    jsonw_cstr(&w, address);
    jsonw_key(&w, "state");
    jsonw_cstr(&w, view_state_string(view_state_of(seen)));
    if (seen->outcome == PROBE_OK) {
        if (status->height >= 0) {
            jsonw_key(&w, "height");
            jsonw_int(&w, status->height);
        }
        if (status->catching_up >= 0) {
            jsonw_key(&w, "catching_up");
            jsonw_bool(&w, status->catching_up == 1);
        }
        jsonw_key(&w, "network");
        jsonw_cstr(&w, status->network);
        if (status->intent_state == STATUS_INTENT_VALID) {
            jsonw_key(&w, "halt_intent");
            intent_json(&w, &status->intent);
        }
    }
    const char *detail = seen->outcome != PROBE_OK                       ? seen->detail
                         : status->intent_state == STATUS_INTENT_INVALID ? status->intent_error
                                                                         : "";
    if (detail[0]) {
        jsonw_key(&w, "detail");
        jsonw_cstr(&w, detail);
    }
    jsonw_object_end(&w);
}

static int parse_number(const char *text, int64_t *ret_number)
{
    if (!*text || strspn(text, "0123456789") != strlen(text))
        return -EINVAL;
    errno = 0;
    *ret_number = strtoll(text, NULL, 10);
    return errno == 0 ? 0 : -EINVAL;
}

static int parse_reason(const char *text, int64_t *ret_reason)
{
    if (parse_number(text, ret_reason) == 0)
        return *ret_reason > 0 ? 0 : -EINVAL;
    for (int reason = SEI_HALT_UPGRADE_REQUIRED; reason <= SEI_HALT_EXIT_RESERVED_LAST; reason++) {
        if (sei_halt_parse_exit_code(reason, NULL) &&
            strcmp(sei_halt_reason_string(reason), text) == 0) {
            *ret_reason = reason;
            return 0;
        }
    }
    return -EINVAL;
}

int cond_parse(const char *text, struct cond *ret_cond, struct err *e)
{
    struct cond cond = {0};
    if (strcmp(text, "halt") == 0) {
        cond.kind = COND_HALT;
    } else if (strncmp(text, "halt=", 5) == 0) {
        cond.kind = COND_HALT;
        if (parse_reason(text + 5, &cond.number) < 0)
            return err_set(e, -EINVAL, "\"%s\" is no reason of a halt", text + 5);
    } else if (strncmp(text, "height=", 7) == 0) {
        cond.kind = COND_HEIGHT;
        if (parse_number(text + 7, &cond.number) < 0)
            return err_set(e, -EINVAL, "\"%s\" is no height", text + 7);
    } else if (strncmp(text, "version=", 8) == 0 && text[8]) {
        cond.kind = COND_VERSION;
        cond.text = text + 8;
    } else if (strcmp(text, "healthy") == 0) {
        cond.kind = COND_HEALTHY;
    } else {
        return err_set(e, -EINVAL,
                       "\"%s\" is no condition; there are halt, halt=REASON, height=N, "
                       "version=VERSION and healthy",
                       text);
    }
    *ret_cond = cond;
    return 0;
}

bool cond_met(const struct cond *cond, const struct probe_result *seen, const char *version)
{
    enum view_state state = view_state_of(seen);
    switch (cond->kind) {
    case COND_HALT:
        return state == VIEW_HALTED &&
               (cond->number == 0 || cond->number == seen->status.intent.reason);
    case COND_HEIGHT:
        return seen->outcome == PROBE_OK && seen->status.height >= cond->number;
    case COND_VERSION:
        return version && strcmp(version, cond->text) == 0;
    case COND_HEALTHY:
        // Absent is all that a healthy node says; one that still catches up is not there yet.
        return state == VIEW_HEALTHY && seen->status.catching_up == 0;
    }
    return false;
}
