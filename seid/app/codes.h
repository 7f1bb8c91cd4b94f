// codes: what a transaction can fail with (codes.def).
#ifndef SEID_APP_CODES_H
#define SEID_APP_CODES_H

#include <stdint.h>

struct app_code {
    const char *codespace;
    uint32_t number;
    const char *text;
};

#define CODE(name, codespace, number, text) extern const struct app_code CODE_##name;
#include "seid/app/codes.def"
#undef CODE

#endif
