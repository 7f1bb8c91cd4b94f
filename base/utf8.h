// utf8: is it text? No allocation, any thread.
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

// The length of the valid sequence at the start of `s`; 0 when there is none (overlong forms,
// surrogates and values above U+10FFFF are invalid).
size_t utf8_next(struct slice s);
bool utf8_valid(struct slice s);

#endif
