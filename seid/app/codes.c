#include "seid/app/codes.h"

#define CODE(name, codespace, number, text)                                                        \
    const struct app_code CODE_##name = {codespace, number, text};
#include "seid/app/codes.def"
