#include <stdio.h>

#include <openssl/crypto.h>

#include "seid/app/handlers.h"
#include "seid/cmd/cmd.h"

const struct cli_flag cmd_version_flags[] = {
    {.name = "long", .type = CLI_BOOL, .help = "everything about the build"}, {0}};

static json_t *upgrade_names(void)
{
    json_t *names = json_array();
    for (size_t i = 0; i < app_handlers.count; i++)
        json_array_append_new(names, json_string(app_handlers.handlers[i].name));
    return names;
}

int cmd_version(struct cli *cli, void *context)
{
    if (!cli_bool(cli, "long")) {
        (void)printf("%s\n", SEI_VERSION);
        return 0;
    }
    // The SDK's members, and what this binary can upgrade to.
    return cmd_print(cli, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "name", "sei",
                                    "server_name", "seid", "version", SEI_VERSION, "commit",
                                    cmd_commit, "build_tags", app_handlers.version, "compiler",
                                    __VERSION__, "libcrypto", OpenSSL_version(OPENSSL_VERSION),
                                    "upgrade_handlers", upgrade_names()));
}
