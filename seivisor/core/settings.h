// settings: what seivisor is told by its environment and by an optional file. Pure: the texts come
// in through a function. One table has every setting; parsing, `seivisor config`, the help and the
// manual's list are read from it.
#ifndef SEIVISOR_CORE_SETTINGS_H
#define SEIVISOR_CORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum settings_hold { SETTINGS_HOLD_EXIT, SETTINGS_HOLD_WAIT };
enum settings_contract { SETTINGS_CONTRACT_AUTO, SETTINGS_CONTRACT_YES, SETTINGS_CONTRACT_NO };
enum settings_restart { SETTINGS_RESTART_START, SETTINGS_RESTART_ALWAYS, SETTINGS_RESTART_NEVER };
enum settings_log { SETTINGS_LOG_PLAIN, SETTINGS_LOG_JSON };

// Texts are owned by the struct and never null: "" when empty.
struct settings {
    char *home; // DAEMON_HOME, absolute
    char *name; // DAEMON_NAME
    bool allow_download;
    bool must_have_checksum;
    bool restart_after_upgrade;
    int64_t restart_delay_ms;
    int64_t shutdown_grace_ms;
    int64_t poll_interval_ms;
    bool skip_backup;
    char *backup_dir;
    int64_t preupgrade_retries;
    char *grpc_address;
    char *custom_preupgrade;
    bool disable_recase;
    bool disable_logs;
    bool color_logs;
    int timeformat_logs;
    // seivisor's own
    int hold;     // enum settings_hold
    int contract; // enum settings_contract
    int restart;  // enum settings_restart
    int64_t restart_budget;
    int64_t restart_window_ms;
    int64_t backoff_ms;
    int64_t backoff_max_ms;
    int64_t confirm_after_ms;
    int64_t halt_grace_ms;
    char *status_url;
    int64_t status_poll_ms;
    char *webhooks; // comma-separated
    char *webhook_token_file;
    char *alertmanagers; // comma-separated
    char *pagerduty_key_file;
    char *pagerduty_url;
    char *ca_file;
    int64_t page_wait_ms;
    int64_t page_refresh_ms;
    char *metrics_listen;
    int log_level;  // enum log_level
    int log_format; // enum settings_log
    char *net_program;
};

enum settings_type {
    SETTINGS_BOOL,     // true, false or empty, in any case of letters
    SETTINGS_DURATION, // as Go: 300ms, 1h30m; milliseconds in the struct
    SETTINGS_UINT,
    SETTINGS_TEXT,
    SETTINGS_PATH, // absolute when given
    SETTINGS_CHOICE,
};

struct settings_row {
    const char *env;      // the file's key is the same in lower case
    const char *fallback; // as text
    enum settings_type type;
    size_t offset;             // into struct settings
    const char *const *choice; // SETTINGS_CHOICE: its names by number, ended by null
    const char *help;          // one line
};

extern const struct settings_row settings_table[];
extern const size_t settings_count;

// The text that was given for a row, or null. `ret_source` gets where it is from, static or as long
// lived as the text ("environment", the file's name).
typedef const char *settings_lookup(void *context, const struct settings_row *row,
                                    const char **ret_source);

// Fills `ret`, which settings_deinit releases in every case. Each problem is one line appended to
// `ret_problems`. Returns the number of problems; with none the settings can be used.
int settings_load(settings_lookup *lookup, void *context, struct settings *ret,
                  struct buf *ret_problems);
void settings_deinit(struct settings *s); // idempotent

// The value in force as text, for `config`. `ret` is appended to.
void settings_print(const struct settings *s, const struct settings_row *row, struct buf *ret);

#endif
