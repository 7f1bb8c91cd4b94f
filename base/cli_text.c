// The texts that come from the tables: help, bash completion, man page sections.
#include <string.h>

#include "base/cli.h"
#include "base/cli_table.h"

static const char *type_name(const struct cli_flag *flag)
{
    if (flag->value)
        return flag->value;
    switch (flag->type) {
    case CLI_BOOL:
        return "";
    case CLI_STRING:
        return "string";
    case CLI_INT64:
        return "int";
    case CLI_UINT64:
        return "uint";
    case CLI_DURATION:
        return "duration";
    case CLI_LIST:
        return "list";
    }
    return "";
}

static bool has_default(const struct cli_flag *flag)
{
    return flag->fallback && *flag->fallback &&
           !(flag->type == CLI_BOOL && strcmp(flag->fallback, "false") == 0);
}

static void append_words(const struct cli_flag *flag, struct buf *ret)
{
    for (size_t i = 0; flag->words && flag->words[i]; i++)
        buf_printf(ret, "%s%s", i ? "|" : " (", flag->words[i]);
    if (flag->words)
        buf_append_str(ret, ")");
}

// ---- help --------------------------------------------------------------------------------------

struct flag_list {
    struct buf *ret;
    size_t width; // of the left column
    size_t count;
};

static size_t left_width(const struct cli_flag *flag)
{
    const char *type = type_name(flag);
    return strlen(flag->name) + (*type ? strlen(type) + 1 : 0);
}

static bool measure_flag(const struct cli_flag *flag, void *context)
{
    struct flag_list *list = (struct flag_list *)context;
    if (flag->hidden)
        return false;
    size_t width = left_width(flag);
    list->width = width > list->width ? width : list->width;
    list->count++;
    return false;
}

static bool print_flag(const struct cli_flag *flag, void *context)
{
    const struct flag_list *list = (const struct flag_list *)context;
    if (flag->hidden)
        return false;
    if (flag->letter)
        buf_printf(list->ret, "  -%c, --%s", flag->letter, flag->name);
    else
        buf_printf(list->ret, "      --%s", flag->name);
    const char *type = type_name(flag);
    buf_printf(list->ret, "%s%s%*s   %s", *type ? " " : "", type,
               (int)(list->width - left_width(flag)), "", flag->help);
    append_words(flag, list->ret);
    if (has_default(flag))
        buf_printf(list->ret, flag->type == CLI_STRING ? " (default \"%s\")" : " (default %s)",
                   flag->fallback);
    buf_append_str(list->ret, "\n");
    return false;
}

static void help_flags(const char *title, const struct cli_command *const *path, size_t from,
                       size_t to, struct buf *ret)
{
    struct flag_list list = {.ret = ret};
    for (size_t i = from; i < to; i++)
        cli_command_flags(path[i], measure_flag, &list);
    if (!list.count)
        return;
    buf_printf(ret, "\n%s:\n", title);
    for (size_t i = to; i > from; i--)
        cli_command_flags(path[i - 1], print_flag, &list);
}

static void help_children(const struct cli_command *command, bool is_root, struct buf *ret)
{
    size_t width = is_root ? strlen("completion") : 0;
    for (const struct cli_command *c = command->children; c->name; c++)
        if (!c->hidden && strlen(c->name) > width)
            width = strlen(c->name);
    buf_append_str(ret, "\nCommands:\n");
    for (const struct cli_command *c = command->children; c->name; c++)
        if (!c->hidden)
            buf_printf(ret, "  %-*s   %s\n", (int)width, c->name, c->help ? c->help : "");
    if (is_root && !cli_find_child(command, "completion"))
        buf_printf(ret, "  %-*s   Print the completion script for a shell: completion bash\n",
                   (int)width, "completion");
    if (is_root && !cli_find_child(command, "help"))
        buf_printf(ret, "  %-*s   Print the help text of a command\n", (int)width, "help");
}

static void append_path(const struct cli_program *program, const struct cli_command *const *path,
                        size_t depth, struct buf *ret)
{
    buf_append_str(ret, program->name);
    for (size_t i = 1; i < depth; i++)
        buf_printf(ret, " %s", path[i]->name);
}

static bool any_flag(const struct cli_flag *flag, void *context)
{
    return !flag->hidden;
}

static void help_usage(const struct cli_program *program, const struct cli_command *const *path,
                       size_t depth, struct buf *ret)
{
    const struct cli_command *c = path[depth - 1];
    buf_append_str(ret, "\nUsage:\n");
    if (c->run) {
        buf_append_str(ret, "  ");
        append_path(program, path, depth, ret);
        buf_printf(ret, "%s%s", c->args ? " " : "", c->args ? c->args : "");
        bool flags = false;
        for (size_t i = 0; i < depth && !flags; i++)
            flags = cli_command_flags(path[i], any_flag, NULL) != NULL;
        buf_append_str(ret, flags && !c->passthrough ? " [flags]\n" : "\n");
    }
    if (c->children) {
        buf_append_str(ret, "  ");
        append_path(program, path, depth, ret);
        buf_append_str(ret, " COMMAND\n");
    }
    if (c->aliases)
        buf_printf(ret, "\nAliases:\n  %s,%s\n", c->name, c->aliases);
}

void cli_help_append(const struct cli_program *program, const struct cli_command *const *path,
                     size_t depth, struct buf *ret)
{
    const struct cli_command *c = path[depth - 1];
    if (c->help)
        buf_printf(ret, "%s\n", c->help);
    if (c->details)
        buf_printf(ret, "\n%s\n", c->details);
    help_usage(program, path, depth, ret);
    if (c->children)
        help_children(c, depth == 1, ret);
    help_flags("Flags", path, depth - 1, depth, ret);
    help_flags("Global flags", path, 0, depth - 1, ret);
    if (program->env_prefix)
        buf_printf(ret,
                   "\nEach flag can be given in the environment too: --some.flag is "
                   "%s_SOME_FLAG.\n",
                   program->env_prefix);
    if (c->children) {
        buf_append_str(ret, "\nMore about a command: ");
        append_path(program, path, depth, ret);
        buf_append_str(ret, " COMMAND --help\n");
    }
}

// ---- completion --------------------------------------------------------------------------------

static void offer(const char *word, const char *typed, struct buf *ret)
{
    if (strncmp(word, typed, strlen(typed)) == 0)
        buf_printf(ret, "%s\n", word);
}

struct offered_flags {
    const char *typed;
    struct buf *ret;
};

static bool offer_flag(const struct cli_flag *flag, void *context)
{
    const struct offered_flags *o = (const struct offered_flags *)context;
    size_t len = strlen(o->typed);
    if (flag->hidden || (len > 2 && strncmp(flag->name, o->typed + 2, len - 2) != 0))
        return false;
    buf_printf(o->ret, "--%s\n", flag->name);
    return false;
}

struct typed {
    const struct cli_command *path[CLI_MAX_DEPTH];
    size_t depth;
    const struct cli_flag *open; // the flag whose value is being typed, or null
    bool positional;             // past the commands
};

static void typed_flag(struct typed *t, const char *word)
{
    if (word[1] != '-') {
        size_t len = strlen(word);
        const struct cli_flag *f = cli_find_flag(t->path, t->depth, NULL, 0, word[len - 1]);
        t->open = f && f->type != CLI_BOOL && len == 2 ? f : NULL;
        return;
    }
    size_t len = strcspn(word + 2, "=");
    const struct cli_flag *f = cli_find_flag(t->path, t->depth, word + 2, len, 0);
    t->open = f && f->type != CLI_BOOL && !word[2 + len] ? f : NULL;
}

static void typed_word(struct typed *t, const char *word)
{
    if (strcmp(word, "=") == 0) // bash cuts --flag=value into three words
        return;
    if (t->open) {
        t->open = NULL;
        return;
    }
    if (word[0] == '-' && word[1]) {
        typed_flag(t, word);
        return;
    }
    const struct cli_command *child = cli_find_child(t->path[t->depth - 1], word);
    if (child && !t->positional && t->depth < CLI_MAX_DEPTH)
        t->path[t->depth++] = child;
    else
        t->positional = true;
}

void cli_complete_append(const struct cli_program *program, const char *const *words, size_t count,
                         struct buf *ret)
{
    struct typed t = {.path = {&program->root}, .depth = 1};
    for (size_t i = 0; i + 1 < count; i++)
        typed_word(&t, words[i]);
    const char *last = count ? words[count - 1] : "";
    if (strcmp(last, "=") == 0)
        last = "";
    const struct cli_command *command = t.path[t.depth - 1];
    if (t.open) {
        for (size_t i = 0; t.open->words && t.open->words[i]; i++)
            offer(t.open->words[i], last, ret);
        return;
    }
    if (command->passthrough)
        return;
    if (last[0] == '-') {
        struct offered_flags o = {last[1] ? last : "--", ret};
        for (size_t i = t.depth; i > 0; i--)
            cli_command_flags(t.path[i - 1], offer_flag, &o);
        return;
    }
    for (const struct cli_command *c = command->children; c && c->name && !t.positional; c++)
        if (!c->hidden)
            offer(c->name, last, ret);
}

void cli_bash_append(const struct cli_program *program, struct buf *ret)
{
    struct buf function CLEANUP_BUF = {0};
    buf_append_str(&function, "_");
    for (const char *c = program->name; *c; c++)
        buf_append_byte(&function, *c == '-' || *c == '.' ? '_' : (uint8_t)*c);
    const char *f = buf_cstr(&function);
    buf_printf(ret,
               "# bash completion for %s: asks the program itself, so it never falls behind.\n"
               "%s() {\n"
               "    local IFS=$'\\n'\n"
               "    COMPREPLY=($(\"${COMP_WORDS[0]}\" __complete "
               "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
               "}\n"
               "complete -o default -F %s %s\n",
               program->name, f, f, program->name);
}

// ---- man page ----------------------------------------------------------------------------------

static void roff(const char *text, struct buf *ret)
{
    bool line_start = true;
    for (const char *c = text; *c; c++) {
        if (line_start && (*c == '.' || *c == '\''))
            buf_append_str(ret, "\\&");
        if (*c == '\\')
            buf_append_str(ret, "\\e");
        else if (*c == '-')
            buf_append_str(ret, "\\-");
        else if (*c == '\n')
            buf_append_str(ret, "\n.br\n"); // lines stay lines: a list of words, say
        else
            buf_append_byte(ret, (uint8_t)*c);
        line_start = *c == '\n';
    }
}

static bool man_flag(const struct cli_flag *flag, void *context)
{
    struct buf *ret = (struct buf *)context;
    if (flag->hidden)
        return false;
    buf_append_str(ret, ".TP\n");
    if (flag->letter)
        buf_printf(ret, "\\fB\\-%c\\fR, ", flag->letter);
    buf_append_str(ret, "\\fB\\-\\-");
    roff(flag->name, ret);
    buf_append_str(ret, "\\fR");
    if (*type_name(flag)) {
        buf_append_str(ret, " \\fI");
        roff(type_name(flag), ret);
        buf_append_str(ret, "\\fR");
    }
    buf_append_str(ret, "\n");
    roff(flag->help, ret);
    append_words(flag, ret);
    if (has_default(flag)) {
        buf_append_str(ret, " (default ");
        roff(flag->fallback, ret);
        buf_append_str(ret, ")");
    }
    buf_append_str(ret, ".\n");
    return false;
}

static void man_command(const struct cli_program *program, const struct cli_command **path,
                        size_t depth, struct buf *ret)
{
    const struct cli_command *c = path[depth - 1];
    if (c->hidden)
        return;
    bool flags = cli_command_flags(c, any_flag, NULL) != NULL;
    if (depth > 1 && (c->run || flags)) {
        struct buf title CLEANUP_BUF = {0};
        append_path(program, path, depth, &title);
        buf_printf(&title, "%s%s", c->args ? " " : "", c->args ? c->args : c->run ? "" : " ...");
        buf_append_str(ret, ".SS \"");
        roff(buf_cstr(&title), ret);
        buf_append_str(ret, "\"\n");
        if (c->help) {
            roff(c->help, ret);
            buf_append_str(ret, ".\n");
        }
        if (c->details) {
            buf_append_str(ret, ".PP\n");
            roff(c->details, ret);
            buf_append_str(ret, "\n");
        }
        cli_command_flags(c, man_flag, ret);
    }
    for (const struct cli_command *child = c->children; child && child->name; child++) {
        if (depth == CLI_MAX_DEPTH)
            return;
        path[depth] = child;
        man_command(program, path, depth + 1, ret);
    }
}

void cli_man_append(const struct cli_program *program, struct buf *ret)
{
    const struct cli_command *path[CLI_MAX_DEPTH] = {&program->root};
    if (program->root.children) {
        buf_append_str(ret, ".SH COMMANDS\n");
        man_command(program, path, 1, ret);
    }
    if (cli_command_flags(&program->root, any_flag, NULL)) {
        buf_printf(ret, ".SH %s\n", program->root.children ? "\"GLOBAL OPTIONS\"" : "OPTIONS");
        cli_command_flags(&program->root, man_flag, ret);
    }
    if (program->env_prefix) {
        buf_append_str(ret, ".SH ENVIRONMENT\nEach option can be given in the environment too. The "
                            "name of the variable is ");
        roff(program->env_prefix, ret);
        buf_append_str(ret, "_ and the option's name in upper case, with dots and dashes as "
                            "underscores. The command line wins over the environment, and the "
                            "environment over configuration files.\n");
    }
}
