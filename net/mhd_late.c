// libmicrohttpd, loaded when its first function is called: see net/late.h.
#include <microhttpd.h>
#include <pthread.h>
#include <stdarg.h>

#include "net/late.h"

// Result, name, parameters, arguments.
#define FUNCTIONS(X)                                                                               \
    X(enum MHD_Result, MHD_add_response_header,                                                    \
      (struct MHD_Response * r, const char *name, const char *value), (r, name, value))            \
    X(struct MHD_Response *, MHD_create_response_from_buffer,                                      \
      (size_t size, void *data, enum MHD_ResponseMemoryMode mode), (size, data, mode))             \
    X(enum MHD_Result, MHD_get_timeout, (struct MHD_Daemon * d, MHD_UNSIGNED_LONG_LONG * ret),     \
      (d, ret))                                                                                    \
    X(const char *, MHD_lookup_connection_value,                                                   \
      (struct MHD_Connection * c, enum MHD_ValueKind kind, const char *name), (c, kind, name))     \
    X(enum MHD_Result, MHD_lookup_connection_value_n,                                              \
      (struct MHD_Connection * c, enum MHD_ValueKind kind, const char *name, size_t size,          \
       const char **ret, size_t *ret_size),                                                        \
      (c, kind, name, size, ret, ret_size))                                                        \
    X(enum MHD_Result, MHD_queue_response,                                                         \
      (struct MHD_Connection * c, unsigned status, struct MHD_Response *r), (c, status, r))        \
    X(MHD_socket, MHD_quiesce_daemon, (struct MHD_Daemon * d), (d))                                \
    X(enum MHD_Result, MHD_run, (struct MHD_Daemon * d), (d))

#define PROCEDURES(X)                                                                              \
    X(MHD_destroy_response, (struct MHD_Response * r), (r))                                        \
    X(MHD_resume_connection, (struct MHD_Connection * c), (c))                                     \
    X(MHD_stop_daemon, (struct MHD_Daemon * d), (d))                                               \
    X(MHD_suspend_connection, (struct MHD_Connection * c), (c))

static struct {
    FUNCTIONS(LATE_MEMBER)
    PROCEDURES(LATE_VOID_MEMBER)
    const union MHD_ConnectionInfo *(*get_connection_info)(struct MHD_Connection *c,
                                                           enum MHD_ConnectionInfoType type, ...);
    const union MHD_DaemonInfo *(*get_daemon_info)(struct MHD_Daemon *d,
                                                   enum MHD_DaemonInfoType type, ...);
    struct MHD_Daemon *(*start_daemon)(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback apc,
                                       void *apc_cls, MHD_AccessHandlerCallback dh, void *dh_cls,
                                       va_list options);
} real;

static void load_once(void)
{
    void *library = late_open("libmicrohttpd.so.12");
    FUNCTIONS(LATE_FIND)
    PROCEDURES(LATE_VOID_FIND)
    late_find(library, "MHD_get_connection_info", &real.get_connection_info);
    late_find(library, "MHD_get_daemon_info", &real.get_daemon_info);
    late_find(library, "MHD_start_daemon_va", &real.start_daemon);
}

static void load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_once);
}

FUNCTIONS(LATE_DEFINE)
PROCEDURES(LATE_VOID_DEFINE)

struct MHD_Daemon *MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback apc,
                                    void *apc_cls, MHD_AccessHandlerCallback dh, void *dh_cls, ...)
{
    va_list options;
    load();
    va_start(options, dh_cls);
    struct MHD_Daemon *daemon = real.start_daemon(flags, port, apc, apc_cls, dh, dh_cls, options);
    va_end(options);
    return daemon;
}

// No kind of information that takes a further argument is asked for.
const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *c,
                                                        enum MHD_ConnectionInfoType type, ...)
{
    load();
    return real.get_connection_info(c, type);
}

const union MHD_DaemonInfo *MHD_get_daemon_info(struct MHD_Daemon *d, enum MHD_DaemonInfoType type,
                                                ...)
{
    load();
    return real.get_daemon_info(d, type);
}
