#include "seivisor/shell/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

enum { KEY_MAX = 64 };

static void file_key(const struct settings_row *row, char ret[KEY_MAX])
{
    size_t i = 0;
    for (; row->env[i] && i < KEY_MAX - 1; i++)
        ret[i] = (char)tolower((unsigned char)row->env[i]);
    ret[i] = '\0';
}

static const char *from_file(const struct config *c, const struct settings_row *row)
{
    char key[KEY_MAX];
    file_key(row, key);
    const struct toml_entry *entry = c->file_name ? toml_find(&c->file, key) : NULL;
    return entry ? entry->value.text : NULL;
}

// An empty variable is as good as none, as it is to cosmovisor.
static const char *from_environment(const struct settings_row *row)
{
    const char *text = getenv(row->env);
    return text && *text ? text : NULL;
}

static const char *lookup(void *context, const struct settings_row *row, const char **ret_source)
{
    const struct config *c = context;
    const char *text = from_environment(row);
    *ret_source = text ? "the environment" : c->file_name;
    return text ? text : from_file(c, row);
}

const char *config_source(const struct config *c, const struct settings_row *row)
{
    if (from_environment(row))
        return "environment";
    return from_file(c, row) ? c->file_name : "default";
}

static bool key_is_known(const char *key)
{
    char known[KEY_MAX];
    for (size_t i = 0; i < settings_count; i++) {
        file_key(&settings_table[i], known);
        if (strcmp(known, key) == 0)
            return true;
    }
    return false;
}

static int check_keys(struct config *c)
{
    int problems = 0;
    for (size_t i = 0; i < c->file.count; i++) {
        const struct toml_entry *entry = &c->file.entries[i];
        bool known = key_is_known(entry->key);
        if (known && entry->value.text)
            continue;
        problems++;
        buf_printf(&c->problems, "%s:%u:%u: %s: %s\n", c->file_name, entry->line, entry->column,
                   entry->key, known ? "a list is not a value for it" : "no such setting");
    }
    return problems;
}

static int load_file(struct config *c)
{
    CLEANUP_BUF struct buf text = {0};
    struct err e = {0};
    int result = fs_read(c->file_name, TOML_MAX_BYTES, &text, &e);
    if (result == 0)
        result = toml_parse(c->file_name, buf_slice(&text), &c->arena, &c->file, &e);
    if (result == 0)
        return check_keys(c);
    buf_printf(&c->problems, "%s\n", e.text);
    c->file_name = NULL;
    return 1;
}

int config_load(struct config *c, const char *file_name)
{
    *c = (struct config){.file_name = file_name};
    int problems = file_name ? load_file(c) : 0;
    return problems + settings_load(lookup, c, &c->settings, &c->problems);
}

void config_deinit(struct config *c)
{
    settings_deinit(&c->settings);
    arena_deinit(&c->arena);
    buf_deinit(&c->problems);
}
