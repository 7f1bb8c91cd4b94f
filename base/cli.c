#include "base/cli.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli_table.h"

struct given { // a flag as it stood on the command line
    const struct cli_flag *flag;
    const char *text;
};

struct parser {
    struct cli *cli;
    const char *const *envp;
    struct given *given;
    size_t given_count;
    const char **args;
    bool wants_help;
    struct err *e;
};

// ---- tables ------------------------------------------------------------------------------------

const struct cli_flag *cli_command_flags(const struct cli_command *command,
                                         bool (*visit)(const struct cli_flag *, void *),
                                         void *context)
{
    for (const struct cli_flag *f = command->flags; f && f->name; f++)
        if (visit(f, context))
            return f;
    for (size_t i = 0; command->shared && command->shared[i]; i++)
        for (const struct cli_flag *f = command->shared[i]; f->name; f++)
            if (visit(f, context))
                return f;
    return NULL;
}

struct wanted {
    const char *name;
    size_t len;
    char letter;
};

static bool same_name(const char *name, const char *text, size_t len)
{
    if (strlen(name) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] != text[i] && !(name[i] == '-' && text[i] == '_') &&
            !(name[i] == '_' && text[i] == '-'))
            return false;
    return true;
}

static bool is_wanted(const struct cli_flag *flag, void *context)
{
    const struct wanted *w = (const struct wanted *)context;
    return w->name ? same_name(flag->name, w->name, w->len) : flag->letter == w->letter;
}

const struct cli_flag *cli_find_flag(const struct cli_command *const *path, size_t depth,
                                     const char *name, size_t name_len, char letter)
{
    struct wanted w = {name, name_len, letter};
    const struct cli_flag *found = NULL;
    for (size_t i = depth; i > 0 && !found; i--)
        found = cli_command_flags(path[i - 1], is_wanted, &w);
    return found;
}

static bool has_alias(const char *aliases, const char *name)
{
    size_t len = strlen(name);
    for (const char *a = aliases; a && *a;) {
        size_t n = strcspn(a, ",");
        if (n == len && memcmp(a, name, n) == 0)
            return true;
        a += n + (a[n] == ',');
    }
    return false;
}

const struct cli_command *cli_find_child(const struct cli_command *command, const char *name)
{
    for (const struct cli_command *c = command->children; c && c->name; c++)
        if (strcmp(c->name, name) == 0 || has_alias(c->aliases, name))
            return c;
    return NULL;
}

// ---- values ------------------------------------------------------------------------------------

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

static int value_resolve(struct parser *p, struct cli_value *v)
{
    struct arena *arena = p->cli->arena;
    const struct cli_flag *flag = v->flag;
    if (flag->fallback) {
        int r = value_put(v, flag->fallback, CLI_FROM_DEFAULT, flag->name, arena, p->e);
        if (r < 0)
            return r;
    }
    const char *env = cli_env_name(p->cli->program, flag, arena);
    const char *text = env ? env_get(p->envp, env) : NULL;
    if (text && *text) { // viper takes an empty variable for an unset one
        int r = value_put(v, text, CLI_FROM_ENV, env, arena, p->e);
        if (r < 0)
            return r;
    }
    const char *origin = arena_printf(arena, "--%s", flag->name);
    for (size_t i = 0; i < p->given_count; i++) {
        if (strcmp(p->given[i].flag->name, flag->name) != 0)
            continue;
        int r = value_put(v, p->given[i].text, CLI_FROM_FLAG, origin, arena, p->e);
        if (r < 0)
            return r;
        v->source = CLI_FROM_FLAG; // an empty list counts as given
    }
    return 0;
}

static int build_values(struct parser *p)
{
    struct value_builder b = {.cli = p->cli};
    for (size_t i = p->cli->depth; i > 0; i--)
        cli_command_flags(p->cli->path[i - 1], add_value, &b);
    for (size_t i = 0; i < p->cli->value_count; i++) {
        int r = value_resolve(p, &p->cli->values[i]);
        if (r < 0)
            return CLI_USAGE;
    }
    return 0;
}

// ---- suggestions -------------------------------------------------------------------------------

enum { NEAREST_MAX_WORD = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

// Edits (insert, delete, change, swap of neighbours) between two words of at most NEAREST_MAX_WORD
// characters.
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_MAX_WORD + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

const char *cli_nearest(const char *word, const char *const *words, size_t count)
{
    size_t len = strlen(word);
    const char *best = NULL;
    size_t best_cost = len < 5 ? 2 : 3; // exclusive: a slip or two, never another word
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(words[i]);
        if (len == 0 || len > NEAREST_MAX_WORD || n > NEAREST_MAX_WORD)
            continue;
        size_t cost = distance(word, len, words[i], n);
        if (len >= 3 && n > len && strncmp(words[i], word, len) == 0)
            cost = 1;
        if (cost < best_cost && cost < n) {
            best = words[i];
            best_cost = cost;
        }
    }
    return best;
}

enum { WORDS_MAX = 512 };
struct words {
    const char *items[WORDS_MAX];
    size_t count;
};

static bool collect_flag(const struct cli_flag *flag, void *context)
{
    struct words *w = (struct words *)context;
    if (!flag->hidden && w->count < WORDS_MAX)
        w->items[w->count++] = flag->name;
    return false;
}

static int unknown_flag(const struct parser *p, const char *name, size_t len)
{
    struct words w = {.count = 0};
    for (size_t i = 0; i < p->cli->depth; i++)
        cli_command_flags(p->cli->path[i], collect_flag, &w);
    const char *word = arena_strndup(p->cli->arena, name, len);
    const char *near = cli_nearest(word, w.items, w.count);
    const char *hint = near ? arena_printf(p->cli->arena, "; did you mean --%s?", near) : "";
    err_set(p->e, -EINVAL, "unknown flag: --%s%s", word, hint);
    return CLI_USAGE;
}

static int unknown_command(const struct parser *p, const char *name)
{
    struct words w = {.count = 0};
    for (const struct cli_command *c = cli_command(p->cli)->children; c && c->name; c++)
        if (!c->hidden && w.count < WORDS_MAX)
            w.items[w.count++] = c->name;
    const char *near = cli_nearest(name, w.items, w.count);
    const char *hint = near ? arena_printf(p->cli->arena, "; did you mean \"%s\"?", near) : "";
    err_set(p->e, -EINVAL, "unknown command \"%s\" for \"%s\"%s", name, cli_path(p->cli), hint);
    return CLI_USAGE;
}

// ---- the command line --------------------------------------------------------------------------

static int text_out(struct cli *cli, struct buf *text)
{
    cli->out = arena_strndup(cli->arena, buf_cstr(text), text->len);
    return CLI_TEXT;
}

static int help_out(struct cli *cli)
{
    struct buf text CLEANUP_BUF = {0};
    cli_help_append(cli->program, cli->path, cli->depth, &text);
    return text_out(cli, &text);
}

static void give(struct parser *p, const struct cli_flag *flag, const char *text)
{
    p->given[p->given_count++] = (struct given){flag, text};
}

static int parse_long(struct parser *p, const char *const *argv, int argc, int *i)
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    const char *text = name[len] == '=' ? name + len + 1 : NULL;
    const struct cli *cli = p->cli;
    const struct cli_flag *flag = cli_find_flag(cli->path, cli->depth, name, len, 0);
    if (!flag && same_name("help", name, len)) {
        p->wants_help = true;
        return 0;
    }
    if (!flag)
        return unknown_flag(p, name, len);
    if (!text && flag->type == CLI_BOOL)
        text = "true";
    if (!text) {
        if (*i + 1 >= argc) {
            err_set(p->e, -EINVAL, "flag needs an argument: --%s", flag->name);
            return CLI_USAGE;
        }
        text = argv[++*i];
    }
    give(p, flag, text);
    return 0;
}

// -y, -ay, -b sync, -bsync, -b=sync
static int parse_short(struct parser *p, const char *const *argv, int argc, int *i)
{
    const char *word = argv[*i];
    for (const char *c = word + 1; *c; c++) {
        const struct cli_flag *flag = cli_find_flag(p->cli->path, p->cli->depth, NULL, 0, *c);
        if (!flag && *c == 'h') {
            p->wants_help = true;
            continue;
        }
        if (!flag) {
            err_set(p->e, -EINVAL, "unknown shorthand flag: '%c' in %s", *c, word);
            return CLI_USAGE;
        }
        if (flag->type == CLI_BOOL && c[1] != '=') {
            give(p, flag, "true");
            continue;
        }
        const char *text = c[1] == '=' ? c + 2 : c + 1;
        if (!*text && c[1] != '=') {
            if (*i + 1 >= argc) {
                err_set(p->e, -EINVAL, "flag needs an argument: '%c' in %s", *c, word);
                return CLI_USAGE;
            }
            text = argv[++*i];
        }
        give(p, flag, text);
        return 0;
    }
    return 0;
}

static int descend(struct parser *p, const char *name)
{
    struct cli *cli = p->cli;
    const struct cli_command *child = cli_find_child(cli_command(cli), name);
    if (!child)
        return unknown_command(p, name);
    assert(cli->depth < CLI_MAX_DEPTH);
    cli->path[cli->depth++] = child;
    return 0;
}

static int builtin_help(struct parser *p, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = descend(p, words[i]);
        if (r)
            return r;
    }
    return help_out(p->cli);
}

static int builtin_completion(struct parser *p, const char *const *words, size_t count)
{
    if (count != 1 || strcmp(words[0], "bash") != 0) {
        err_set(p->e, -EINVAL, "completion knows one shell: %s completion bash",
                p->cli->program->name);
        return CLI_USAGE;
    }
    struct buf text CLEANUP_BUF = {0};
    cli_bash_append(p->cli->program, &text);
    return text_out(p->cli, &text);
}

// Words that every program understands in the place of a first command, unless its table has them.
// < 0: not one of them.
static int builtin(struct parser *p, const char *name, const char *const *words, size_t count)
{
    struct cli *cli = p->cli;
    if (strcmp(name, "help") == 0)
        return builtin_help(p, words, count);
    if (strcmp(name, "completion") == 0)
        return builtin_completion(p, words, count);
    struct buf text CLEANUP_BUF = {0};
    if (strcmp(name, "__complete") == 0)
        cli_complete_append(cli->program, words, count, &text);
    else if (strcmp(name, "__man") == 0)
        cli_man_append(cli->program, &text);
    else
        return -ENOENT;
    return text_out(cli, &text);
}

static void take_rest(struct parser *p, const char *const *argv, int argc, int from)
{
    for (int i = from; i < argc; i++)
        p->args[p->cli->arg_count++] = argv[i];
}

static int parse_flag(struct parser *p, const char *const *argv, int argc, int *i)
{
    if (argv[*i][1] == '-')
        return parse_long(p, argv, argc, i);
    return parse_short(p, argv, argc, i);
}

static int parse_words(struct parser *p, const char *const *argv, int argc)
{
    struct cli *cli = p->cli;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            take_rest(p, argv, argc, i + 1);
            return 0;
        }
        int r = 0;
        if (word[0] == '-' && word[1]) {
            r = parse_flag(p, argv, argc, &i);
        } else if (cli->arg_count == 0 && cli_command(cli)->children) {
            const struct cli_command *parent = cli_command(cli);
            bool known = cli_find_child(parent, word);
            if (!known && cli->depth == 1) {
                r = builtin(p, word, argv + i + 1, (size_t)(argc - i - 1));
                if (r > 0)
                    return r;
            }
            if (!known && parent->max_args != 0 && parent->run)
                p->args[cli->arg_count++] = word;
            else
                r = descend(p, word);
            if (!r && cli_command(cli)->passthrough) {
                take_rest(p, argv, argc, i + 1);
                return 0;
            }
        } else {
            p->args[cli->arg_count++] = word;
        }
        if (r)
            return r;
    }
    return 0;
}

static int check_count(const struct parser *p)
{
    const struct cli *cli = p->cli;
    const struct cli_command *c = cli_command(cli);
    int count = (int)cli->arg_count;
    if (count >= c->min_args && (c->max_args < 0 || count <= c->max_args))
        return 0;
    const char *usage = arena_printf(cli->arena, "%s%s%s", cli_path(cli), c->args ? " " : "",
                                     c->args ? c->args : "");
    if (c->max_args < 0)
        err_set(p->e, -EINVAL, "requires at least %d argument%s, received %d: %s", c->min_args,
                c->min_args == 1 ? "" : "s", count, usage);
    else if (c->min_args == c->max_args)
        err_set(p->e, -EINVAL, "accepts %d argument%s, received %d: %s", c->max_args,
                c->max_args == 1 ? "" : "s", count, usage);
    else
        err_set(p->e, -EINVAL, "accepts between %d and %d arguments, received %d: %s", c->min_args,
                c->max_args, count, usage);
    return CLI_USAGE;
}

static bool asks_version(const struct cli_program *program, int argc, const char *const *argv)
{
    return program->version && argc == 2 && strcmp(argv[1], "--version") == 0;
}

int cli_parse(const struct cli_program *program, int argc, const char *const *argv,
              const char *const *envp, struct arena *arena, struct cli *ret, struct err *e)
{
    size_t room = argc > 0 ? (size_t)argc : 1;
    // Every word gives at most one argument, and a short word one flag a letter.
    size_t flag_room = room;
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-')
            flag_room += strlen(argv[i]);
    *ret = (struct cli){.program = program, .arena = arena, .depth = 1};
    ret->path[0] = &program->root;
    const char **args = arena_zalloc(arena, (room + 1) * sizeof *args);
    ret->args = args;
    struct parser p = {.cli = ret, .envp = envp, .args = args, .e = e};
    p.given = arena_alloc(arena, flag_room * sizeof *p.given);

    if (asks_version(program, argc, argv)) {
        ret->out = arena_printf(arena, "%s %s\n", program->name, program->version);
        return CLI_TEXT;
    }
    int r = parse_words(&p, argv, argc);
    if (r == CLI_TEXT)
        return r;
    if (p.wants_help)
        return help_out(ret);
    if (r)
        return r;
    if (!cli_command(ret)->run)
        return help_out(ret);
    r = check_count(&p);
    return r ? r : build_values(&p);
}

int cli_main(const struct cli_program *program, int argc, const char *const *argv,
             const char *const *envp, void *context, void (*print)(int fd, const char *text))
{
    struct arena arena CLEANUP_ARENA = {0};
    struct cli cli;
    struct err e = {0};
    int r = cli_parse(program, argc, argv, envp, &arena, &cli, &e);
    if (r == CLI_TEXT) {
        print(1, cli.out);
        return 0;
    }
    if (r == CLI_USAGE) {
        print(2, arena_printf(&arena, "Error: %s\nRun '%s --help' for usage.\n", e.text,
                              cli_path(&cli)));
        return CLI_EXIT_USAGE;
    }
    return cli_command(&cli)->run(&cli, context);
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
