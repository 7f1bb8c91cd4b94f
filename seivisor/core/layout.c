#include "seivisor/core/layout.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// What Go's url.PathEscape leaves as it is.
static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-_.~$&+=:@", c));
}

int layout_plan_folder(const char *plan, bool recase, char *ret, struct err *e)
{
    static const char hex[] = "0123456789ABCDEF";
    char folder[LAYOUT_FOLDER_MAX + 4];
    size_t len = 0;
    for (const char *at = plan; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (recase && c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        if (is_plain(c)) {
            folder[len++] = (char)c;
        } else {
            folder[len++] = '%';
            folder[len++] = hex[c >> 4];
            folder[len++] = hex[c & 15];
        }
        if (len > LAYOUT_FOLDER_MAX)
            return err_set(e, -EINVAL, "plan name is too long for a folder: %.64s…", plan);
    }
    folder[len] = '\0';
    if (len == 0)
        return err_set(e, -EINVAL, "plan name is empty");
    if (strcmp(folder, ".") == 0 || strcmp(folder, "..") == 0)
        return err_set(e, -EINVAL, "plan name \"%s\" cannot name a folder", plan);
    memcpy(ret, folder, len + 1);
    return 0;
}

int layout_plan_target(const char *plan, bool recase, char *ret, struct err *e)
{
    char folder[LAYOUT_FOLDER_MAX + 1];
    int result = layout_plan_folder(plan, recase, folder, e);
    if (result < 0)
        return result;
    snprintf(ret, LAYOUT_TARGET_MAX, "upgrades/%s", folder);
    return 0;
}

static bool is_target(const char *text, size_t len)
{
    static const char prefix[] = "upgrades/";
    size_t skip = sizeof prefix - 1;
    if (len == strlen(LAYOUT_GENESIS) && memcmp(text, LAYOUT_GENESIS, len) == 0)
        return true;
    if (len <= skip || len >= LAYOUT_TARGET_MAX || memcmp(text, prefix, skip) != 0)
        return false;
    const char *folder = text + skip;
    size_t rest = len - skip;
    if (memchr(folder, '/', rest))
        return false;
    return !(rest <= 2 && memcmp(folder, "..", rest) == 0);
}

bool layout_parse_target(const char *link, const char *root, char *ret)
{
    size_t root_len = strlen(root);
    if (link[0] == '/') {
        if (strncmp(link, root, root_len) != 0 || link[root_len] != '/')
            return false;
        link += root_len + 1;
    } else if (strncmp(link, "./", 2) == 0) {
        link += 2;
    }
    size_t len = strlen(link);
    if (len > 0 && link[len - 1] == '/')
        len--;
    if (!is_target(link, len))
        return false;
    memcpy(ret, link, len);
    ret[len] = '\0';
    return true;
}
