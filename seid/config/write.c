// Writing config.toml, app.toml and client.toml.
#include <string.h>

#include "seid/config/rows.h"
#include "wire/toml.h"

static const char *chosen(const struct config_row *row, const struct config_setting *settings,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].name, row->name) == 0)
            return settings[i].text;
    return row->fallback;
}

static void write_list(struct buf *ret, const char *text)
{
    buf_append_str(ret, "[");
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        struct buf item CLEANUP_BUF = {0};
        buf_append(&item, p, n);
        if (p != text)
            buf_append_str(ret, ", ");
        toml_string_append(ret, buf_cstr(&item));
        p += n + (p[n] == ',');
    }
    buf_append_str(ret, "]");
}

static void write_value(struct buf *ret, enum config_kind kind, const char *text)
{
    switch (kind) {
    case KIND_BOOL:
    case KIND_UINT:
        buf_append_str(ret, text);
        return;
    case KIND_LIST:
        write_list(ret, text);
        return;
    case KIND_STRING:
    case KIND_DURATION:
    case KIND_PRICES:
        toml_string_append(ret, text);
        return;
    }
}

static void write_words(struct buf *ret, const char *name)
{
    for (const struct cli_flag *f = config_flags; f->name; f++)
        if (strcmp(f->name, name) == 0 && f->words)
            for (size_t i = 0; f->words[i]; i++)
                buf_printf(ret, "%s%s", i ? ", " : " (", f->words[i]);
}

void config_write(enum config_file file, const struct config_setting *settings, size_t count,
                  struct buf *ret)
{
    buf_printf(ret,
               "# Settings of seid. Every one can be given as a flag of `seid start` or in the "
               "environment\n# too: %s\n# What is not understood here is refused when the node "
               "starts.\n",
               file == CONFIG_FILE_CONFIG
                   ? "rpc.laddr as --rpc.laddr or SEID_RPC_LADDR; those win over this file."
                   : "halt-height as --halt-height or SEID_HALT_HEIGHT; those win over this file.");
    size_t prefix = 0;
    for (const struct config_row *row = config_rows; row->what != ROW_END; row++) {
        if (row->file != file)
            continue;
        if (row->what == ROW_SECTION) {
            prefix = *row->name ? strlen(row->name) + 1 : 0;
            buf_printf(ret, "\n# ---- %s\n", row->text);
            if (prefix)
                buf_printf(ret, "[%s]\n", row->name);
        } else if (row->what == ROW_KEY) {
            buf_printf(ret, "\n# %s", row->text);
            struct buf words CLEANUP_BUF = {0};
            write_words(&words, row->name);
            buf_printf(ret, "%s%s\n%s = ", buf_cstr(&words), words.len ? ")" : "",
                       row->name + prefix);
            write_value(ret, row->kind, chosen(row, settings, count));
            buf_append_str(ret, "\n");
        }
    }
}

void client_config_write(const struct client_config *config, struct buf *ret)
{
    const struct {
        const char *comment, *key, *value;
    } rows[] = {
        {"Chain that transactions are signed for", "chain-id", config->chain_id},
        {"Where keys are kept: test (plain files) or file (encrypted)", "keyring-backend",
         config->keyring_backend},
        {"Form of answers: text or json", "output", config->output},
        {"Tendermint RPC of the node to talk to", "node", config->node},
        {"What a transaction waits for: sync (its check) or async (nothing)", "broadcast-mode",
         config->broadcast_mode},
    };
    buf_append_str(ret, "# Settings of seid's client commands; flags and SEID_* variables win.\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_printf(ret, "\n# %s\n%s = ", rows[i].comment, rows[i].key);
        toml_string_append(ret, rows[i].value);
        buf_append_str(ret, "\n");
    }
}
