#include "seivisor/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "seivisor/core/json.h"
#include "seivisor/core/memory.h"
#include "seivisor/shell/copy.h"
#include "seivisor/shell/home.h"
#include "seivisor/shell/server.h"
#include "seivisor/shell/store.h"

enum { VERSION_MAX = 1024 * 1024 };

int cmd_load(const struct cli *cli, struct cmd *cmd)
{
    if (config_load(cmd->config, cli_str(cli, "cosmovisor-config")) == 0)
        return 0;
    fprintf(stderr, "seivisor: the settings cannot be used:\n%s", buf_cstr(&cmd->config->problems));
    return 1;
}

static int fail(const struct err *e)
{
    fprintf(stderr, "seivisor: %s\n", e->text);
    return 1;
}

// ---- init, add-upgrade --------------------------------------------------------------------------

static int init_home(const struct home *h, const char *source, struct err *e)
{
    char current[LAYOUT_TARGET_MAX];
    CLEANUP_FREE char *upgrades = mem_printf("%s/upgrades", h->root);
    int result = home_install_binary(h, source, LAYOUT_GENESIS, false, e);
    if (result < 0)
        return result;
    if (result == HOME_EXISTS)
        printf("the binary is there already and stays: %s/genesis/bin/%s\n", h->root, h->name);
    result = home_check_binary(h, LAYOUT_GENESIS, e);
    if (result == 0)
        result = fs_mkdir_p(upgrades, e);
    if (result < 0)
        return result;
    result = home_current(h, current, e);
    if (result == HOME_NO_LINK)
        return home_set_current(h, LAYOUT_GENESIS, true, e);
    if (result == 0)
        printf("the link is there already and stays: current -> %s\n", current);
    return result;
}

int cmd_init(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct home home;
    struct err e = {0};
    if (cmd_load(cli, cmd) != 0)
        return 1;
    home_init(&home, &cmd->config->settings);
    int result = init_home(&home, cli->args[0], &e);
    if (result == 0)
        printf("initialised: %s/current -> genesis\n", home.root);
    home_deinit(&home);
    return result < 0 ? fail(&e) : 0;
}

// The stamp of a plan that a person wrote ahead of its time, so that the supervisor waits for its
// height instead of taking it for the daemon's word.
static int write_stamp(const struct home *h, const struct plan_stamp *stamp, struct err *e)
{
    CLEANUP_FREE char *path = mem_printf("%s/staged-plan", h->state);
    int result = fs_mkdir_p(h->state, e);
    if (result < 0)
        return result;
    json_t *object = json_pack("{s:I, s:I, s:I}", "inode", (json_int_t)stamp->inode, "size",
                               (json_int_t)stamp->size, "mtime_ns", (json_int_t)stamp->mtime_ns);
    CLEANUP_FREE char *text = json_text(object);
    json_decref(object);
    return fs_write_atomic(path, text, strlen(text), 0600, e);
}

static int schedule(const struct home *h, const char *plan, int64_t height, bool force,
                    struct err *e)
{
    struct plan_info check;
    json_t *object = json_pack("{s:s, s:I}", "name", plan, "height", (json_int_t)height);
    if (!object)
        return err_set(e, -EINVAL, "the plan's name is not UTF-8");
    CLEANUP_FREE char *text = json_text(object);
    json_decref(object);
    int result = plan_info_parse(text, strlen(text), &check, e);
    if (result < 0)
        return result;
    if (!force && fs_exists(h->plan_file))
        return err_set(e, -EEXIST, "%s exists; --force replaces it", h->plan_file);
    return home_write_plan(h, text, write_stamp, e);
}

// A supervisor that holds for this very binary need not wait for its next look.
static void tell_supervisor(const struct home *h)
{
    json_t *request = json_pack("{s:s}", "op", "look");
    json_decref(server_ask(h->state, request, NULL));
    json_decref(request);
}

static int add_upgrade(const struct cli *cli, const struct home *h, struct err *e)
{
    char target[LAYOUT_TARGET_MAX];
    bool force = cli_bool(cli, "force");
    int64_t height = cli_int64(cli, "upgrade-height");
    if (cli_is_set(cli, "upgrade-height") && height <= 0)
        return err_set(e, -EINVAL, "--upgrade-height must be greater than 0");
    int result = layout_plan_target(cli->args[0], h->recase, target, e);
    if (result == 0)
        result = home_install_binary(h, cli->args[1], target, force, e);
    if (result == HOME_EXISTS)
        return err_set(e, -EEXIST, "%s/%s/bin/%s exists; --force replaces it", h->root, target,
                       h->name);
    if (result < 0)
        return result;
    printf("staged: %s/%s/bin/%s\n", h->root, target, h->name);
    if (height > 0)
        result = schedule(h, cli->args[0], height, force, e);
    if (result == 0 && height > 0)
        printf("scheduled at height %lld: %s\n", (long long)height, h->plan_file);
    tell_supervisor(h);
    return result;
}

int cmd_add_upgrade(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct home home;
    struct err e = {0};
    if (cmd_load(cli, cmd) != 0)
        return 1;
    home_init(&home, &cmd->config->settings);
    int result = add_upgrade(cli, &home, &e);
    home_deinit(&home);
    return result < 0 ? fail(&e) : 0;
}

int cmd_show_upgrade_info(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct home home;
    struct err e = {0};
    CLEANUP_BUF struct buf text = {0};
    if (cmd_load(cli, cmd) != 0)
        return 1;
    home_init(&home, &cmd->config->settings);
    int result = fs_read(home.plan_file, PLAN_INFO_FILE_MAX, &text, &e);
    if (result == -ENOENT)
        printf("No upgrade info found at %s\n", home.plan_file);
    else if (result == 0)
        printf("%s\n", buf_cstr(&text));
    home_deinit(&home);
    return result < 0 && result != -ENOENT ? fail(&e) : 0;
}

// ---- config, version ----------------------------------------------------------------------------

int cmd_config(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct config *c = cmd->config;
    int problems = config_load(c, cli_str(cli, "cosmovisor-config"));
    for (size_t i = 0; i < settings_count; i++) {
        const struct settings_row *row = &settings_table[i];
        CLEANUP_BUF struct buf text = {0};
        settings_print(&c->settings, row, &text);
        printf("%s: %s (%s)\n    %s\n", row->env, buf_cstr(&text), config_source(c, row),
               row->help);
    }
    if (problems == 0)
        return 0;
    fflush(stdout);
    fprintf(stderr, "seivisor: the settings cannot be used:\n%s", buf_cstr(&c->problems));
    return 1;
}

// Runs the current binary and reads what it prints; null when that fails.
static char *run_and_read(const char *path, char *const *argv)
{
    int ends[2];
    CLEANUP_BUF struct buf out = {0};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execv(path, argv);
        _exit(127);
    }
    close(ends[1]);
    ssize_t n;
    while (out.len < VERSION_MAX && (n = read(ends[0], buf_reserve(&out, 4096), 4096)) > 0)
        out.len += (size_t)n;
    close(ends[0]);
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        return NULL;
    return buf_take_cstr(&out);
}

static int version_json(const char *path, bool only)
{
    char *const argv[] = {(char *)(uintptr_t)path,      (char *)(uintptr_t) "version",
                          (char *)(uintptr_t) "--long", (char *)(uintptr_t) "--output",
                          (char *)(uintptr_t) "json",   NULL};
    json_t *object = json_pack("{s:s}", "cosmovisor_version", "seivisor " SEI_VERSION);
    CLEANUP_FREE char *text = only ? NULL : run_and_read(path, argv);
    json_t *app = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    if (!only)
        json_object_set_new(object, "app_version",
                            app    ? app
                            : text ? json_safe_string(text)
                                   : json_null());
    CLEANUP_FREE char *line = json_text(object);
    json_decref(object);
    printf("%s\n", line);
    return only || text ? 0 : 1;
}

int cmd_version(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    bool only = cli_bool(cli, "cosmovisor-only");
    bool json = strcmp(cli_str(cli, "output"), "json") == 0;
    char current[LAYOUT_TARGET_MAX];
    struct home home;
    struct err e = {0};
    if (!json)
        printf("cosmovisor version: seivisor %s\n", SEI_VERSION);
    fflush(stdout);
    if (only && !json)
        return 0;
    if (only)
        return version_json("", true);
    if (cmd_load(cli, cmd) != 0)
        return 1;
    home_init(&home, &cmd->config->settings);
    int result = home_current(&home, current, &e);
    if (result == HOME_NO_LINK)
        snprintf(current, sizeof current, "%s", LAYOUT_GENESIS);
    CLEANUP_FREE char *path = home_binary(&home, current);
    home_deinit(&home);
    if (result < 0)
        return fail(&e);
    if (json)
        return version_json(path, false);
    execl(path, path, "version", (char *)NULL);
    err_errno(&e, errno, "cannot start %s", path);
    return fail(&e);
}

// ---- status, resume -----------------------------------------------------------------------------

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "-";
}

static void print_hold(const json_t *hold)
{
    if (!json_is_object(hold))
        return;
    printf("held:     %s since %s\n          %s\n", member(hold, "state"), member(hold, "since"),
           member(hold, "why"));
    printf("          release with: seivisor resume --key %s\n", member(hold, "key"));
}

static void print_swap(const json_t *swap)
{
    if (json_is_object(swap))
        printf("swap:     %s %s -> %s, last step: %s\n", member(swap, "kind"), member(swap, "from"),
               member(swap, "to"), member(swap, "step"));
}

static void print_staged(const json_t *staged)
{
    for (size_t i = 0; i < json_array_size(staged); i++) {
        const json_t *one = json_array_get(staged, i);
        bool runs = json_is_true(json_object_get(one, "runs"));
        printf("%s%s%s\n", i ? "          " : "staged:   ", member(one, "target"),
               runs ? "" : " (no binary that may be executed)");
    }
}

static void print_pages(const json_t *pages)
{
    for (size_t i = 0; i < json_array_size(pages); i++) {
        const json_t *page = json_array_get(pages, i);
        printf("page:     %s: %s\n", member(page, "severity"), member(page, "summary"));
        printf("          reached: %s; to reach: %s\n", member(page, "reached"),
               member(page, "to_reach"));
    }
}

static void print_status(const json_t *s)
{
    printf("state:    %s (%s)\n", member(s, "state"), member(s, "life"));
    printf("target:   %s\n", member(s, "target"));
    json_int_t pid = json_number(s, "pid", 0);
    if (pid)
        printf("daemon:   pid %lld, running since %s\n", (long long)pid,
               member(s, "running_since"));
    if (json_number(s, "height", 0))
        printf("height:   %lld\n", (long long)json_number(s, "height", 0));
    printf("restarts: %lld crashes in a row, %lld allowed\n",
           (long long)json_number(s, "crashes_in_a_row", 0),
           (long long)json_number(s, "restart_budget", 0));
    print_swap(json_object_get(s, "swap"));
    print_staged(json_object_get(s, "staged"));
    print_hold(json_object_get(s, "hold"));
    print_pages(json_object_get(s, "pages"));
}

// The answer of a running supervisor; null when none runs or it refuses, with what is to be said.
static json_t *ask(const struct home *h, json_t *request, struct err *e)
{
    json_t *answer = server_ask(h->state, request, e);
    json_decref(request);
    if (!answer || json_is_true(json_object_get(answer, "ok")))
        return answer;
    err_set(e, -EINVAL, "%s", member(answer, "error"));
    json_decref(answer);
    return NULL;
}

static void print_answer(const struct cli *cli, const json_t *answer)
{
    if (cli_bool(cli, "metrics")) {
        fputs(member(answer, "metrics"), stdout);
    } else if (cli_bool(cli, "json")) {
        CLEANUP_FREE char *text = json_text(json_object_get(answer, "status"));
        printf("%s\n", text);
    } else {
        print_status(json_object_get(answer, "status"));
    }
}

int cmd_status(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct home home;
    struct err e = {0};
    if (cmd_load(cli, cmd) != 0)
        return 1;
    home_init(&home, &cmd->config->settings);
    const char *op = cli_bool(cli, "metrics") ? "metrics" : "status";
    json_t *answer = ask(&home, json_pack("{s:s}", "op", op), &e);
    if (answer)
        print_answer(cli, answer);
    json_decref(answer);
    home_deinit(&home);
    return answer ? 0 : fail(&e);
}

// Without a supervisor the release is noted for the next one.
static int resume_offline(const struct home *h, const char *key, struct err *e)
{
    struct store store;
    pid_t other;
    int result = store_open(&store, h, &other, e);
    if (result == STORE_LOCKED)
        result = err_set(e, -EBUSY, "a supervisor runs (pid %d) and does not answer", (int)other);
    const struct memory_hold *hold = &store.memory.hold;
    if (result == 0 && !hold->active)
        result = err_set(e, -ENOENT, "nothing is held");
    if (result == 0 && key && strcmp(key, hold->key) != 0)
        result = err_set(e, -EINVAL, "another halt is held: %s", hold->key);
    if (result == 0) {
        snprintf(store.memory.resume, sizeof store.memory.resume, "%s", hold->key);
        result = store_save_memory(&store, e);
    }
    if (result == 0)
        printf("released, the next run goes on: %s\n", hold->key);
    store_close(&store);
    return result;
}

int cmd_resume(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct home home;
    struct err e = {0};
    if (cmd_load(cli, cmd) != 0)
        return 1;
    home_init(&home, &cmd->config->settings);
    const char *key = cli_str(cli, "key");
    json_t *request = json_pack("{s:s}", "op", "resume");
    if (key)
        json_object_set_new(request, "key", json_string(key));
    json_t *answer = ask(&home, request, &e);
    int result = answer ? 0 : e.code;
    if (answer)
        printf("released: %s\n", member(answer, "released"));
    else if (result == -ENOENT || result == -ECONNREFUSED)
        result = resume_offline(&home, key, &e);
    json_decref(answer);
    home_deinit(&home);
    return result < 0 ? fail(&e) : 0;
}

// ---- history ------------------------------------------------------------------------------------

// A line that a kill has torn is left out.
static void print_entry(const char *line, bool raw)
{
    json_t *entry = json_loads(line, 0, NULL);
    if (!entry)
        return;
    if (raw) {
        printf("%s\n", line);
        json_decref(entry);
        return;
    }
    const char *text = json_string_value(json_object_get(entry, "line"));
    printf("%s  %-10s", member(entry, "at"), member(entry, "event"));
    if (text) {
        printf("%s  [%s, by %s]\n", text, member(entry, "row"), member(entry, "source"));
        json_decref(entry);
        return;
    }
    const char *key;
    json_t *value;
    json_object_foreach(entry, key, value)
    {
        if (strcmp(key, "at") == 0 || strcmp(key, "event") == 0)
            continue;
        CLEANUP_FREE char *shown = json_text(value);
        printf(" %s=%s", key, shown);
    }
    printf("\n");
    json_decref(entry);
}

static void read_history(const struct home *h, struct buf *ret)
{
    for (int i = HISTORY_FILES - 1; i >= 0; i--) {
        CLEANUP_FREE char *path = i ? mem_printf("%s/history.%d.jsonl", h->state, i)
                                    : mem_printf("%s/history.jsonl", h->state);
        fs_read(path, (size_t)2 * HISTORY_FILE_MAX, ret, NULL);
    }
}

// Moves back over `count` lines from the end.
static const char *last_lines(const char *text, size_t len, int64_t count)
{
    const char *at = text + len;
    while (at > text) {
        if (at[-1] == '\n' && at != text + len && --count <= 0)
            break;
        at--;
    }
    return at;
}

int cmd_history(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct home home;
    CLEANUP_BUF struct buf text = {0};
    if (cmd_load(cli, cmd) != 0)
        return 1;
    home_init(&home, &cmd->config->settings);
    read_history(&home, &text);
    home_deinit(&home);
    char *all = buf_cstr(&text);
    char *at = all + (last_lines(all, text.len, cli_int64(cli, "limit")) - all);
    for (char *end; *at; at = end + 1) {
        end = at + strcspn(at, "\n");
        bool last = *end == '\0';
        *end = '\0';
        print_entry(at, cli_bool(cli, "json"));
        if (last)
            break;
    }
    return 0;
}

// ---- the copying process ------------------------------------------------------------------------

struct told {
    const struct log *log;
    int64_t next_ns;
};

static void on_progress(uint64_t done, uint64_t total, void *context)
{
    struct told *told = context;
    int64_t now = clock_monotonic_ns();
    if (now < told->next_ns)
        return;
    told->next_ns = now + 2000000000;
    log_info(told->log, "backup", LOG_UINT("mib", done >> 20), LOG_UINT("of_mib", total >> 20),
             LOG_UINT("percent", total ? done * 100 / total : 0));
}

int cmd_backup(struct cli *cli, void *context)
{
    const struct cmd *cmd = context;
    struct told told = {.log = cmd->log, .next_ns = clock_monotonic_ns() + 1000000000};
    struct copy_result result;
    struct err e = {0};
    int64_t begun = clock_monotonic_ns();
    if (copy_tree(cli->args[0], cli->args[1], on_progress, &told, &result, &e) < 0) {
        log_error(cmd->log, e.text);
        return 1;
    }
    log_info(cmd->log, "backup is complete", LOG_STR("at", cli->args[1]),
             LOG_UINT("files", result.files), LOG_UINT("bytes", result.bytes),
             LOG_FLAG("shared", result.shared),
             LOG_INT("ms", (clock_monotonic_ns() - begun) / 1000000));
    return 0;
}
