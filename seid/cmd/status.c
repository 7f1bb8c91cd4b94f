#include "seid/cmd/cmd.h"
#include "seid/cmd/node.h"

// NodeInfo, SyncInfo and ValidatorInfo, as Cosmos programs print them; HaltIntent when there is
// one, as the node gave it.
static json_t *status_json(const json_t *status)
{
    static const char *const names[][2] = {
        {"NodeInfo", "node_info"},
        {"SyncInfo", "sync_info"},
        {"ValidatorInfo", "validator_info"},
        {"HaltIntent", "halt_intent"},
    };
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *value = json_object_get(status, names[i][1]);
        if (value)
            json_object_set(out, names[i][0], value);
    }
    return out;
}

int cmd_status(struct cli *cli, void *context)
{
    struct err e = {0};
    const char *home;
    struct node n CLEANUP_NODE = {0};
    json_t *status CLEANUP_JSON = NULL;
    int r = cmd_home(cli, &home, &e);
    if (r == 0)
        r = node_init(&n, cli_str(cli, "node"), cli->arena, &e);
    if (r == 0)
        r = node_call(&n, "status", NULL, &status, &e);
    // Sei prints JSON whatever --output says.
    return r < 0 ? cmd_fail(&e) : cmd_print_json(status_json(status));
}
