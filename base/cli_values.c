// What the flags of a command were given: by default, environment, command line or a file.
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/cli_table.h"

static const char *bool_text(const char *text)
{
    static const char *const words[][2] = {
        {"true", "false"}, {"1", "0"}, {"t", "f"}, {"TRUE", "FALSE"}, {"True", "False"}, {"T", "F"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int no = 0; no < 2; no++)
            if (strcmp(words[i][no], text) == 0)
                return words[0][no];
    return NULL;
}

static bool is_integer(const char *text, bool is_signed)
{
    const char *digits = text + (is_signed && (*text == '-' || *text == '+'));
    if (*digits < '0' || *digits > '9')
        return false;
    char *end = NULL;
    errno = 0;
    if (is_signed)
        (void)strtoll(text, &end, 10);
    else
        (void)strtoull(text, &end, 10);
    return errno == 0 && *end == 0;
}

static const char *type_problem(const struct cli_flag *flag, const char *text)
{
    switch (flag->type) {
    case CLI_BOOL:
        return bool_text(text) ? NULL : "expected true or false";
    case CLI_INT64:
        return is_integer(text, true) ? NULL : "expected a 64-bit integer";
    case CLI_UINT64:
        return is_integer(text, false) ? NULL : "expected an unsigned 64-bit integer";
    case CLI_STRING:
    case CLI_DURATION:
    case CLI_LIST:
        return NULL;
    }
    return NULL;
}

static bool is_word(const struct cli_flag *flag, const char *text)
{
    for (size_t i = 0; flag->words[i]; i++)
        if (strcmp(flag->words[i], text) == 0)
            return true;
    return false;
}

static char *join_words(const struct cli_flag *flag, struct arena *arena)
{
    char *all = arena_strndup(arena, "", 0);
    for (size_t i = 0; flag->words[i]; i++)
        all = arena_printf(arena, "%s%s%s", all, i ? ", " : "", flag->words[i]);
    return all;
}

// `origin` names where the text came from: "--fees", "SEID_FEES".
static int check_value(const struct cli_flag *flag, const char *text, const char *origin,
                       struct arena *arena, struct err *e)
{
    const char *problem = type_problem(flag, text);
    if (!problem && flag->words && !is_word(flag, text))
        problem = arena_printf(arena, "expected one of %s", join_words(flag, arena));
    struct err why = {0};
    if (!problem && flag->check && flag->check(text, &why) < 0)
        problem = why.text;
    if (!problem)
        return 0;
    return err_set(e, -EINVAL, "invalid argument \"%s\" for %s: %s", text, origin, problem);
}

static const char *trim(struct arena *arena, const char *text, size_t len)
{
    while (len && *text == ' ') {
        text++;
        len--;
    }
    while (len && text[len - 1] == ' ')
        len--;
    return arena_strndup(arena, text, len);
}

// Adds the comma-separated parts of `text` behind what the list holds.
static void list_add(struct cli_value *v, const char *text, struct arena *arena)
{
    size_t more = 1;
    for (const char *p = text; *p; p++)
        more += *p == ',';
    const char **items = arena_zalloc(arena, (v->item_count + more + 1) * sizeof *items);
    for (size_t i = 0; i < v->item_count; i++)
        items[i] = v->items[i];
    for (const char *p = text;;) {
        size_t n = strcspn(p, ",");
        const char *item = trim(arena, p, n);
        if (*item)
            items[v->item_count++] = item;
        if (!p[n])
            break;
        p += n + 1;
    }
    v->items = items;
}

static int value_put(struct cli_value *v, const char *text, enum cli_source source,
                     const char *origin, struct arena *arena, struct err *e)
{
    const struct cli_flag *flag = v->flag;
    if (flag->type != CLI_LIST) {
        int r = check_value(flag, text, origin, arena, e);
        if (r < 0)
            return r;
        v->text = flag->type == CLI_BOOL ? bool_text(text) : text;
        v->source = source;
        return 0;
    }
    struct cli_value grown = *v;
    if (source != v->source)
        grown.item_count = 0;
    size_t first = grown.item_count;
    list_add(&grown, text, arena);
    for (size_t i = first; i < grown.item_count; i++) {
        int r = check_value(flag, grown.items[i], origin, arena, e);
        if (r < 0)
            return r;
    }
    grown.text = text;
    grown.source = source;
    *v = grown;
    return 0;
}

const char *cli_env_name(const struct cli_program *program, const struct cli_flag *flag,
                         struct arena *arena)
{
    if (flag->env)
        return *flag->env ? flag->env : NULL;
    if (!program->env_prefix)
        return NULL;
    char *name = arena_printf(arena, "%s_%s", program->env_prefix, flag->name);
    for (char *c = name; *c; c++) {
        if (*c == '-' || *c == '.')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
    return name;
}

static const char *env_get(const char *const *envp, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; envp && envp[i]; i++)
        if (strncmp(envp[i], name, len) == 0 && envp[i][len] == '=')
            return envp[i] + len + 1;
    return NULL;
}

struct value_builder {
    struct cli *cli;
    size_t cap;
};

static bool add_value(const struct cli_flag *flag, void *context)
{
    struct value_builder *b = (struct value_builder *)context;
    struct cli *cli = b->cli;
    for (size_t i = 0; i < cli->value_count; i++)
        if (strcmp(cli->values[i].flag->name, flag->name) == 0)
            return false; // a deeper command defines it anew
    if (cli->value_count == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 32;
        struct cli_value *grown = arena_zalloc(cli->arena, cap * sizeof *grown);
        if (cli->value_count)
            memcpy(grown, cli->values, cli->value_count * sizeof *grown);
        cli->values = grown;
        b->cap = cap;
    }
    cli->values[cli->value_count++] = (struct cli_value){.flag = flag};
    return false;
}

// What the process was started with.
struct origins {
    const char *const *envp;
    const struct cli_given *given;
    size_t given_count;
};

static int value_resolve(const struct cli *cli, const struct origins *o, struct cli_value *v,
                         struct err *e)
{
    struct arena *arena = cli->arena;
    const struct cli_flag *flag = v->flag;
    if (flag->fallback) {
        int r = value_put(v, flag->fallback, CLI_FROM_DEFAULT, flag->name, arena, e);
        if (r < 0)
            return r;
    }
    const char *env = cli_env_name(cli->program, flag, arena);
    const char *text = env ? env_get(o->envp, env) : NULL;
    if (text && *text) { // viper takes an empty variable for an unset one
        int r = value_put(v, text, CLI_FROM_ENV, env, arena, e);
        if (r < 0)
            return r;
    }
    const char *origin = arena_printf(arena, "--%s", flag->name);
    for (size_t i = 0; i < o->given_count; i++) {
        if (strcmp(o->given[i].flag->name, flag->name) != 0)
            continue;
        int r = value_put(v, o->given[i].text, CLI_FROM_FLAG, origin, arena, e);
        if (r < 0)
            return r;
        v->source = CLI_FROM_FLAG; // an empty list counts as given
    }
    return 0;
}

int cli_build_values(struct cli *cli, const char *const *envp, const struct cli_given *given,
                     size_t given_count, struct err *e)
{
    struct origins o = {envp, given, given_count};
    struct value_builder b = {.cli = cli};
    for (size_t i = cli->depth; i > 0; i--)
        cli_command_flags(cli->path[i - 1], add_value, &b);
    for (size_t i = 0; i < cli->value_count; i++) {
        int r = value_resolve(cli, &o, &cli->values[i], e);
        if (r < 0)
            return CLI_USAGE;
    }
    return 0;
}

// ---- reading the result ------------------------------------------------------------------------

const char *cli_path(const struct cli *cli)
{
    char *text = arena_strndup(cli->arena, cli->program->name, strlen(cli->program->name));
    for (size_t i = 1; i < cli->depth; i++)
        text = arena_printf(cli->arena, "%s %s", text, cli->path[i]->name);
    return text;
}

static struct cli_value *find_value(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->value_count; i++)
        if (strcmp(cli->values[i].flag->name, name) == 0)
            return &cli->values[i];
    return NULL;
}

const struct cli_value *cli_value(const struct cli *cli, const char *name)
{
    const struct cli_value *v = find_value(cli, name);
    assert(v && "this command has no flag of that name");
    if (!v)
        abort();
    return v;
}

bool cli_has(const struct cli *cli, const char *name)
{
    return find_value(cli, name) != NULL;
}

const char *cli_str(const struct cli *cli, const char *name)
{
    return cli_value(cli, name)->text;
}

bool cli_bool(const struct cli *cli, const char *name)
{
    const char *text = cli_str(cli, name);
    return text && *text == 't';
}

int64_t cli_int64(const struct cli *cli, const char *name)
{
    const char *text = cli_str(cli, name);
    return text ? (int64_t)strtoll(text, NULL, 10) : 0;
}

uint64_t cli_uint64(const struct cli *cli, const char *name)
{
    const char *text = cli_str(cli, name);
    return text ? (uint64_t)strtoull(text, NULL, 10) : 0;
}

const char *const *cli_list(const struct cli *cli, const char *name, size_t *ret_count)
{
    const struct cli_value *v = cli_value(cli, name);
    *ret_count = v->item_count;
    return v->items;
}

bool cli_is_set(const struct cli *cli, const char *name)
{
    return cli_value(cli, name)->source != CLI_FROM_DEFAULT;
}

int cli_offer(struct cli *cli, const char *name, const char *text, struct err *e)
{
    struct cli_value *v = find_value(cli, name);
    assert(v && "this command has no flag of that name");
    if (!v || v->source > CLI_FROM_FILE)
        return 0;
    const char *copy = arena_strndup(cli->arena, text, strlen(text));
    return value_put(v, copy, CLI_FROM_FILE, v->flag->name, cli->arena, e);
}
