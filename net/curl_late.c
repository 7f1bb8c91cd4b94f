// libcurl, loaded when its first function is called: see net/late.h.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <pthread.h>
#include <stdarg.h>

#include "net/late.h"

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

// The functions that take no varying arguments: result, name, parameters, arguments.
#define FUNCTIONS(X)                                                                               \
    X(CURLcode, curl_global_init, (long flags), (flags))                                           \
    X(CURL *, curl_easy_init, (void), ())                                                          \
    X(const char *, curl_easy_strerror, (CURLcode code), (code))                                   \
    X(CURLM *, curl_multi_init, (void), ())                                                        \
    X(CURLMcode, curl_multi_add_handle, (CURLM * m, CURL * e), (m, e))                             \
    X(CURLMcode, curl_multi_remove_handle, (CURLM * m, CURL * e), (m, e))                          \
    X(CURLMcode, curl_multi_perform, (CURLM * m, int *running), (m, running))                      \
    X(CURLMcode, curl_multi_poll,                                                                  \
      (CURLM * multi_handle, struct curl_waitfd * extra_fds, unsigned extra_nfds, int timeout_ms,  \
       int *ret),                                                                                  \
      (multi_handle, extra_fds, extra_nfds, timeout_ms, ret))                                      \
    X(CURLMsg *, curl_multi_info_read, (CURLM * multi_handle, int *msgs_in_queue),                 \
      (multi_handle, msgs_in_queue))                                                               \
    X(CURLMcode, curl_multi_cleanup, (CURLM * m), (m))                                             \
    X(CURLMcode, curl_multi_socket_action,                                                         \
      (CURLM * multi_handle, curl_socket_t s, int ev_bitmask, int *running_handles),               \
      (multi_handle, s, ev_bitmask, running_handles))                                              \
    X(CURLMcode, curl_multi_assign, (CURLM * multi_handle, curl_socket_t sockfd, void *sockp),     \
      (multi_handle, sockfd, sockp))                                                               \
    X(const char *, curl_multi_strerror, (CURLMcode code), (code))                                 \
    X(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *data),        \
      (list, data))                                                                                \
    X(CURLU *, curl_url, (void), ())                                                               \
    X(CURLUcode, curl_url_set, (CURLU * handle, CURLUPart what, const char *part, unsigned flags), \
      (handle, what, part, flags))                                                                 \
    X(CURLUcode, curl_url_get, (CURLU * handle, CURLUPart what, char **part, unsigned flags),      \
      (handle, what, part, flags))

#define PROCEDURES(X)                                                                              \
    X(curl_global_cleanup, (void), ())                                                             \
    X(curl_easy_cleanup, (CURL * curl), (curl))                                                    \
    X(curl_slist_free_all, (struct curl_slist * list), (list))                                     \
    X(curl_url_cleanup, (CURLU * handle), (handle))                                                \
    X(curl_free, (void *p), (p))

static struct {
    FUNCTIONS(LATE_MEMBER)
    PROCEDURES(LATE_VOID_MEMBER)
    CURLcode (*easy_setopt)(CURL *e, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *e, CURLINFO info, ...);
    CURLMcode (*multi_setopt)(CURLM *m, CURLMoption option, ...);
} real;

static void load_once(void)
{
    void *library = late_open("libcurl.so.4");
    FUNCTIONS(LATE_FIND)
    PROCEDURES(LATE_VOID_FIND)
    late_find(library, "curl_easy_setopt", &real.easy_setopt);
    late_find(library, "curl_easy_getinfo", &real.easy_getinfo);
    late_find(library, "curl_multi_setopt", &real.multi_setopt);
}

static void load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_once);
}

FUNCTIONS(LATE_DEFINE)
PROCEDURES(LATE_VOID_DEFINE)

// One argument follows: a pointer, a long or a curl_off_t. All are of one size and passed alike.
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *),
               "options are handed on as pointers");

#define DEFINE_VARYING(result_, name_, member_, handle_, handle_name_, option_, option_name_)      \
    result_ name_(handle_ handle_name_, option_ option_name_, ...)                                 \
    {                                                                                              \
        va_list args;                                                                              \
        load();                                                                                    \
        va_start(args, option_name_);                                                              \
        void *value = va_arg(args, void *);                                                        \
        va_end(args);                                                                              \
        return real.member_(handle_name_, option_name_, value);                                    \
    }
DEFINE_VARYING(CURLcode, curl_easy_setopt, easy_setopt, CURL *, curl, CURLoption, option)
DEFINE_VARYING(CURLcode, curl_easy_getinfo, easy_getinfo, CURL *, curl, CURLINFO, info)
DEFINE_VARYING(CURLMcode, curl_multi_setopt, multi_setopt, CURLM *, multi_handle, CURLMoption,
               option)
