#include "net/late.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

enum { LOADER_FAILED = 127 };

static void fail(void)
{
    dprintf(STDERR_FILENO, "cannot load a library: %s\n", dlerror());
    _exit(LOADER_FAILED);
}

void *late_open(const char *name)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail();
    return library;
}

void late_find(void *library, const char *name, void *ret)
{
    void *symbol = dlsym(library, name);
    if (!symbol)
        fail();
    // POSIX's own way from an object pointer to a function pointer.
    *(void **)ret = symbol;
}
