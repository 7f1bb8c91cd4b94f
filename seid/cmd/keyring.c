#include "seid/cmd/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/fs.h"
#include "wire/addr.h"
#include "wire/crypto/secp.h"

enum { FILE_MAX_BYTES = 8192 };

static void json_cleanup(json_t **json)
{
    json_decref(*json);
}
#define CLEANUP_JSON CLEANUP(json_cleanup)

static void buf_wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->cap);
    buf_deinit(b);
}
#define CLEANUP_BUF_WIPE CLEANUP(buf_wipe)

static void closedir_cleanup(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

// ---- names and keys ----------------------------------------------------------------------------

static bool is_name(const char *name)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);
    return len >= 1 && len <= KEYRING_NAME_MAX && *name != '.' && *name != '-' &&
           strspn(name, chars) == len;
}

int keyring_check_name(const char *name, struct err *e)
{
    if (is_name(name))
        return 0;
    return err_set(e, -EINVAL,
                   "\"%.80s\" cannot be the name of a key: use up to %d letters, digits, '.', '_' "
                   "and '-'",
                   name, KEYRING_NAME_MAX);
}

int keyring_key_of(const char *name, const uint8_t secret[32], struct keyring_key *ret,
                   struct err *e)
{
    struct keyring_key key = {0};
    struct secp *s CLEANUP_SECP = secp_new(NULL);
    int r = keyring_check_name(name, e);
    if (r < 0)
        return r;
    if (secp_pubkey_of(s, secret, key.pubkey) != 0)
        return err_set(e, -EINVAL, "this is not a secp256k1 private key");
    memcpy(key.name, name, strlen(name) + 1);
    addr_of_secp_pubkey(key.pubkey, key.address);
    *ret = key;
    return 0;
}

int keyring_init(struct keyring *ret, const char *home, const char *backend, keyring_ask_fn *ask,
                 void *ask_context, struct arena *arena, struct err *e)
{
    bool encrypted = strcmp(backend, "file") == 0;
    if (!encrypted && strcmp(backend, "test") != 0)
        return err_set(e, -ENOTSUP, "keyring backend \"%s\" is not supported; use test or file",
                       backend);
    memset(ret, 0, sizeof *ret);
    ret->folder = arena_printf(arena, "%s/keyring-%s", home, backend);
    ret->encrypted = encrypted;
    ret->ask = ask;
    ret->ask_context = ask_context;
    return 0;
}

void keyring_deinit(struct keyring *k)
{
    explicit_bzero(k->passphrase, sizeof k->passphrase);
}

// ---- a file ------------------------------------------------------------------------------------

static const char *text_of(json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

static bool hex_of(json_t *json, const char *name, uint8_t *ret, size_t len)
{
    const char *text = text_of(json, name);
    return enc_hex_decode(text, strlen(text), ret, len) == (ssize_t)len;
}

static bool read_public(json_t *json, const char *name, struct keyring_key *ret)
{
    struct buf key CLEANUP_BUF = {0};
    const char *pubkey = text_of(json, "pubkey");
    char address[ADDR_TEXT_MAX];
    if (json_integer_value(json_object_get(json, "version")) != 1 ||
        strcmp(text_of(json, "name"), name) != 0 || strcmp(text_of(json, "algo"), "secp256k1") != 0)
        return false;
    if (enc_base64_decode(pubkey, strlen(pubkey), &key) != (ssize_t)sizeof ret->pubkey)
        return false;
    memcpy(ret->name, name, strlen(name) + 1);
    memcpy(ret->pubkey, key.data, sizeof ret->pubkey);
    addr_of_secp_pubkey(ret->pubkey, ret->address);
    addr_text(ADDR_HRP_ACC, slice_of(ret->address, sizeof ret->address), address);
    return strcmp(text_of(json, "address"), address) == 0;
}

static bool read_count(json_t *json, const char *name, uint32_t *ret)
{
    json_int_t value = json_integer_value(json_object_get(json, name));
    *ret = (uint32_t)value;
    return value > 0 && value <= UINT32_MAX;
}

static bool read_sealed(json_t *json, struct sealed *s)
{
    return strcmp(text_of(json, "kdf"), "scrypt") == 0 &&
           strcmp(text_of(json, "cipher"), "aes-256-gcm") == 0 && read_count(json, "n", &s->n) &&
           read_count(json, "r", &s->r) && read_count(json, "p", &s->p) &&
           hex_of(json, "salt", s->salt, sizeof s->salt) &&
           hex_of(json, "nonce", s->nonce, sizeof s->nonce) &&
           hex_of(json, "sealed", s->bytes, sizeof s->bytes);
}

bool keyring_parse(struct slice text, const char *name, bool encrypted, struct keyring_file *ret)
{
    json_t *json CLEANUP_JSON =
        json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json || !is_name(name) || !read_public(json, name, &ret->key))
        return false;
    if (encrypted)
        return read_sealed(json, &ret->sealed);
    bool good = hex_of(json, "secret", ret->secret, sizeof ret->secret);
    const char *plain = text_of(json, "secret");
    if (*plain)
        explicit_bzero((char *)(uintptr_t)plain, strlen(plain));
    return good;
}

static const char *path_of(const struct keyring *k, const char *name, struct buf *room)
{
    buf_printf(room, "%s/%s.json", k->folder, name);
    return buf_cstr(room);
}

static int read_file(const struct keyring *k, const char *name, struct keyring_file *ret,
                     struct err *e)
{
    struct buf room CLEANUP_BUF = {0};
    struct buf text CLEANUP_BUF_WIPE = {0};
    const char *path = path_of(k, name, &room);
    buf_reserve(&text, FILE_MAX_BYTES + 1); // so that it never moves and leaves copies behind
    int r = fs_read(path, FILE_MAX_BYTES, &text, e);
    if (r < 0)
        return r;
    if (keyring_parse(buf_slice(&text), name, k->encrypted, ret))
        return 0;
    return err_set(e, -EINVAL, "%s: not a key of this keyring", path);
}

static void append_public(struct buf *text, const struct keyring_key *key)
{
    char address[ADDR_TEXT_MAX];
    addr_text(ADDR_HRP_ACC, slice_of(key->address, sizeof key->address), address);
    buf_printf(text, "{\"version\":1,\"name\":\"%s\",\"algo\":\"secp256k1\",\"pubkey\":\"",
               key->name);
    enc_base64_append(text, key->pubkey, sizeof key->pubkey);
    buf_printf(text, "\",\"address\":\"%s\",", address);
}

static void append_hex(struct buf *text, const char *name, const uint8_t *bytes, size_t len)
{
    char hex[2 * sizeof(struct sealed) + 1];
    enc_hex_lower(bytes, len, hex);
    buf_printf(text, "\"%s\":\"%s\"", name, hex);
    explicit_bzero(hex, sizeof hex);
}

static void append_sealed(struct buf *text, const struct sealed *s)
{
    buf_printf(text, "\"kdf\":\"scrypt\",\"n\":%u,\"r\":%u,\"p\":%u,", s->n, s->r, s->p);
    append_hex(text, "salt", s->salt, sizeof s->salt);
    buf_append_str(text, ",\"cipher\":\"aes-256-gcm\",");
    append_hex(text, "nonce", s->nonce, sizeof s->nonce);
    buf_append_str(text, ",");
    append_hex(text, "sealed", s->bytes, sizeof s->bytes);
}

static int write_file(const struct keyring *k, const struct keyring_file *file, struct err *e)
{
    struct buf room CLEANUP_BUF = {0};
    struct buf text CLEANUP_BUF_WIPE = {0};
    buf_reserve(&text, FILE_MAX_BYTES);
    append_public(&text, &file->key);
    if (k->encrypted)
        append_sealed(&text, &file->sealed);
    else
        append_hex(&text, "secret", file->secret, sizeof file->secret);
    buf_append_str(&text, "}\n");
    int r = fs_mkdir_p(k->folder, e);
    return r < 0 ? r
                 : fs_write_atomic(path_of(k, file->key.name, &room), text.data, text.len, 0600, e);
}

// ---- finding -----------------------------------------------------------------------------------

struct names {
    const char **items;
    size_t count, cap;
};

static void names_add(struct names *n, struct arena *arena, const char *name, size_t len)
{
    if (n->count == n->cap) {
        size_t cap = n->cap ? 2 * n->cap : 16;
        const char **grown = arena_alloc(arena, cap * sizeof *grown);
        if (n->count)
            memcpy(grown, n->items, n->count * sizeof *grown);
        n->items = grown;
        n->cap = cap;
    }
    n->items[n->count++] = arena_strndup(arena, name, len);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_names(const struct keyring *k, struct arena *arena, struct names *ret,
                      struct err *e)
{
    DIR *dir CLEANUP(closedir_cleanup) = opendir(k->folder);
    if (!dir && errno == ENOENT)
        return 0;
    if (!dir)
        return err_errno(e, errno, "cannot open %s", k->folder);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);
        if (len <= 5 || strcmp(entry->d_name + len - 5, ".json") != 0)
            continue;
        const char *name = arena_strndup(arena, entry->d_name, len - 5);
        if (is_name(name))
            names_add(ret, arena, name, len - 5);
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, by_name);
    return 0;
}

int keyring_list(const struct keyring *k, struct arena *arena, struct keyring_key **ret,
                 size_t *ret_count, struct err *e)
{
    struct names names = {0};
    int r = read_names(k, arena, &names, e);
    if (r < 0)
        return r;
    struct keyring_key *keys = arena_zalloc(arena, (names.count + 1) * sizeof *keys);
    for (size_t i = 0; i < names.count && r == 0; i++) {
        struct keyring_file file = {0};
        r = read_file(k, names.items[i], &file, e);
        keys[i] = file.key;
        explicit_bzero(&file, sizeof file);
    }
    if (r < 0)
        return r;
    *ret = keys;
    *ret_count = names.count;
    return 0;
}

static bool has_file(const struct keyring *k, const char *name)
{
    struct buf room CLEANUP_BUF = {0};
    return is_name(name) && fs_exists(path_of(k, name, &room));
}

int keyring_find(const struct keyring *k, const char *name_or_address, struct arena *arena,
                 struct keyring_key *ret, struct err *e)
{
    if (has_file(k, name_or_address)) {
        struct keyring_file file = {0};
        int r = read_file(k, name_or_address, &file, e);
        if (r == 0)
            *ret = file.key;
        explicit_bzero(&file, sizeof file);
        return r;
    }
    uint8_t address[20];
    bool is_address = addr_parse20(ADDR_HRP_ACC, slice_str(name_or_address), address, NULL) == 0 ||
                      addr_parse20(ADDR_HRP_VAL, slice_str(name_or_address), address, NULL) == 0;
    struct keyring_key *keys = NULL;
    size_t count = 0;
    int r = is_address ? keyring_list(k, arena, &keys, &count, e) : 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        if (memcmp(keys[i].address, address, sizeof address) == 0) {
            *ret = keys[i];
            return 0;
        }
    if (r < 0)
        return r;
    err_set(e, -ENOENT, "%s: key not found in %s", name_or_address, k->folder);
    return KEYRING_NOT_FOUND;
}

// ---- secrets -----------------------------------------------------------------------------------

static struct slice additional_of(const struct keyring_key *key, struct buf *room)
{
    char address[ADDR_TEXT_MAX];
    addr_text(ADDR_HRP_ACC, slice_of(key->address, sizeof key->address), address);
    buf_printf(room, "%s:%s", key->name, address);
    return buf_slice(room);
}

static int ask(struct keyring *k, bool is_new, struct err *e)
{
    if (k->passphrase[0])
        return 0;
    if (!k->ask)
        return err_set(e, -EINVAL, "the keyring needs a passphrase");
    int r = k->ask(k->ask_context, is_new, k->passphrase, e);
    if (r == 0 && strlen(k->passphrase) < KEYRING_PASSPHRASE_MIN) {
        explicit_bzero(k->passphrase, sizeof k->passphrase);
        return err_set(e, -EINVAL, "the passphrase must have at least %d characters",
                       KEYRING_PASSPHRASE_MIN);
    }
    return r;
}

static int unseal(struct keyring *k, const struct keyring_file *file, uint8_t ret[32],
                  struct err *e)
{
    struct buf room CLEANUP_BUF = {0};
    int r = ask(k, false, e);
    if (r == 0)
        r = sealed_open(&file->sealed, k->passphrase, additional_of(&file->key, &room), ret, e);
    if (r == SEALED_WRONG) {
        explicit_bzero(k->passphrase, sizeof k->passphrase);
        r = err_set(e, -EACCES, "wrong keyring passphrase");
    }
    return r;
}

int keyring_secret(struct keyring *k, const struct keyring_key *key, uint8_t ret[32], struct err *e)
{
    struct keyring_file file = {0};
    uint8_t secret[32];
    struct keyring_key derived;
    int r = read_file(k, key->name, &file, e);
    if (r == 0 && k->encrypted)
        r = unseal(k, &file, secret, e);
    else if (r == 0)
        memcpy(secret, file.secret, sizeof secret);
    if (r == 0)
        r = keyring_key_of(key->name, secret, &derived, e);
    if (r == 0 && memcmp(derived.pubkey, key->pubkey, sizeof key->pubkey) != 0)
        r = err_set(e, -EINVAL, "%s/%s.json: secret and public key do not belong together",
                    k->folder, key->name);
    if (r == 0)
        memcpy(ret, secret, sizeof secret);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(&file, sizeof file);
    return r;
}

// All keys of a ring have one passphrase: the first key chooses it, later ones must open the first.
static int settle_passphrase(struct keyring *k, struct err *e)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct names names = {0};
    int r = read_names(k, &arena, &names, e);
    if (r < 0 || names.count == 0)
        return r < 0 ? r : ask(k, true, e);
    struct keyring_file file = {0};
    uint8_t secret[32];
    r = read_file(k, names.items[0], &file, e);
    if (r == 0)
        r = unseal(k, &file, secret, e);
    explicit_bzero(secret, sizeof secret);
    return r;
}

int keyring_add(struct keyring *k, const char *name, const uint8_t secret[32],
                struct keyring_key *ret, struct err *e)
{
    struct keyring_file file = {0};
    struct buf room CLEANUP_BUF = {0};
    int r = keyring_key_of(name, secret, &file.key, e);
    if (r < 0)
        return r;
    if (has_file(k, name)) {
        err_set(e, -EEXIST, "%s: a key of that name exists in %s", name, k->folder);
        return KEYRING_EXISTS;
    }
    memcpy(file.secret, secret, sizeof file.secret);
    if (k->encrypted)
        r = settle_passphrase(k, e);
    if (r == 0 && k->encrypted)
        r = sealed_make(k->passphrase, additional_of(&file.key, &room), secret, &file.sealed, e);
    if (r == 0)
        r = write_file(k, &file, e);
    if (r == 0)
        *ret = file.key;
    explicit_bzero(&file, sizeof file);
    return r;
}

int keyring_delete(const struct keyring *k, const struct keyring_key *key, struct err *e)
{
    struct buf room CLEANUP_BUF = {0};
    const char *path = path_of(k, key->name, &room);
    if (unlink(path) != 0)
        return err_errno(e, errno, "cannot remove %s", path);
    return fs_fsync_dir(k->folder, e);
}
