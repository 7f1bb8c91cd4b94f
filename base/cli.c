#include "base/cli.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/cli_table.h"

struct parser {
    struct cli *cli;
    struct cli_given *given;
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
    p->given[p->given_count++] = (struct cli_given){flag, text};
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
    struct parser p = {.cli = ret, .args = args, .e = e};
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
    return r ? r : cli_build_values(ret, envp, p.given, p.given_count, e);
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
