// pre-upgrade: what a supervisor asks a new binary before it takes over: can you?
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "seid/app/handlers.h"
#include "seid/cmd/cmd.h"
#include "seid/config/config.h"

// The SDK's: the supervisor goes back to the old binary.
enum { PRE_UPGRADE_FAILED = 30, INFO_MAX_BYTES = 1 << 20 };

static bool has_handler(const char *plan)
{
    for (size_t i = 0; i < app_handlers.count; i++)
        if (strcmp(app_handlers.handlers[i].name, plan) == 0)
            return true;
    return false;
}

// The plan of data/upgrade-info.json; empty when there is no such file.
static int read_plan(const struct node_config *config, struct arena *arena, const char **ret,
                     struct err *e)
{
    CLEANUP_BUF struct buf file = {0};
    const char *path = arena_printf(arena, "%s/upgrade-info.json", config->path.data);
    *ret = "";
    int result = fs_read(path, INFO_MAX_BYTES, &file, e);
    if (result < 0)
        return result == -ENOENT ? 0 : result;
    json_error_t at;
    json_t *json = json_loadb((const char *)file.data, file.len, 0, &at);
    const char *name = json_string_value(json_object_get(json, "name"));
    if (name)
        *ret = arena_strndup(arena, name, strlen(name));
    json_decref(json);
    return name ? 0 : err_set(e, -EBADMSG, "%s: no plan's name in it", path);
}

static int check(const char *home, struct arena *arena, struct err *e)
{
    struct node_config config;
    const char *plan = "";
    int result = cmd_load_config(home, arena, &config, e);
    if (result == 0)
        result = read_plan(&config, arena, &plan, e);
    if (result < 0 || !*plan)
        return result;
    if (!has_handler(plan))
        return err_set(e, -ENOENT, "this binary has no handler for the plan \"%s\"", plan);
    (void)printf("ready for the plan \"%s\"\n", plan);
    return 0;
}

int cmd_pre_upgrade(struct cli *cli, void *context)
{
    struct err e = {0};
    // Supervisors pass no flags, but their own settings are in the environment.
    const char *daemon_home = getenv("DAEMON_HOME");
    int result = 0;
    if (daemon_home && *daemon_home)
        result = cli_offer(cli, "home", daemon_home, &e);
    const char *home;
    if (result == 0)
        result = cmd_home(cli, &home, &e);
    if (result == 0)
        result = check(home, cli->arena, &e);
    if (result == 0)
        return 0;
    (void)fprintf(stderr, "Error: %s\n", e.text);
    return PRE_UPGRADE_FAILED;
}
