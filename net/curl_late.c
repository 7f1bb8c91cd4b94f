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
      (CURLM * m, struct curl_waitfd * fds, unsigned count, int timeout_ms, int *ready),           \
      (m, fds, count, timeout_ms, ready))                                                          \
    X(CURLMsg *, curl_multi_info_read, (CURLM * m, int *left), (m, left))                          \
    X(CURLMcode, curl_multi_cleanup, (CURLM * m), (m))                                             \
    X(CURLMcode, curl_multi_socket_action,                                                         \
      (CURLM * m, curl_socket_t socket, int events, int *running), (m, socket, events, running))   \
    X(CURLMcode, curl_multi_assign, (CURLM * m, curl_socket_t socket, void *data),                 \
      (m, socket, data))                                                                           \
    X(const char *, curl_multi_strerror, (CURLMcode code), (code))                                 \
    X(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text),        \
      (list, text))                                                                                \
    X(CURLU *, curl_url, (void), ())                                                               \
    X(CURLUcode, curl_url_set, (CURLU * u, CURLUPart part, const char *text, unsigned flags),      \
      (u, part, text, flags))                                                                      \
    X(CURLUcode, curl_url_get, (CURLU * u, CURLUPart part, char **text, unsigned flags),           \
      (u, part, text, flags))

#define PROCEDURES(X)                                                                              \
    X(curl_global_cleanup, (void), ())                                                             \
    X(curl_easy_cleanup, (CURL * e), (e))                                                          \
    X(curl_slist_free_all, (struct curl_slist * list), (list))                                     \
    X(curl_url_cleanup, (CURLU * u), (u))                                                          \
    X(curl_free, (void *memory), (memory))

static struct {
#define MEMBER(result_, name_, params_, args_) result_(*name_) params_;
    FUNCTIONS(MEMBER)
#define VOID_MEMBER(name_, params_, args_) void(*name_) params_;
    PROCEDURES(VOID_MEMBER)
    CURLcode (*easy_setopt)(CURL *e, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *e, CURLINFO info, ...);
    CURLMcode (*multi_setopt)(CURLM *m, CURLMoption option, ...);
} real;

static void load_once(void)
{
    void *library = late_open("libcurl.so.4");
#define FIND(result_, name_, params_, args_) late_find(library, #name_, &real.name_);
    FUNCTIONS(FIND)
#define VOID_FIND(name_, params_, args_) late_find(library, #name_, &real.name_);
    PROCEDURES(VOID_FIND)
    late_find(library, "curl_easy_setopt", &real.easy_setopt);
    late_find(library, "curl_easy_getinfo", &real.easy_getinfo);
    late_find(library, "curl_multi_setopt", &real.multi_setopt);
}

static void load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_once);
}

#define DEFINE(result_, name_, params_, args_)                                                     \
    result_ name_ params_                                                                          \
    {                                                                                              \
        load();                                                                                    \
        return real.name_ args_;                                                                   \
    }
FUNCTIONS(DEFINE)

#define VOID_DEFINE(name_, params_, args_)                                                         \
    void name_ params_                                                                             \
    {                                                                                              \
        load();                                                                                    \
        real.name_ args_;                                                                          \
    }
PROCEDURES(VOID_DEFINE)

// One argument follows: a pointer, a long or a curl_off_t. All are of one size and passed alike.
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *),
               "options are handed on as pointers");

#define DEFINE_VARYING(result_, name_, member_, handle_, option_)                                  \
    result_ name_(handle_ h, option_ option, ...)                                                  \
    {                                                                                              \
        va_list args;                                                                              \
        load();                                                                                    \
        va_start(args, option);                                                                    \
        void *value = va_arg(args, void *);                                                        \
        va_end(args);                                                                              \
        return real.member_(h, option, value);                                                     \
    }
DEFINE_VARYING(CURLcode, curl_easy_setopt, easy_setopt, CURL *, CURLoption)
DEFINE_VARYING(CURLcode, curl_easy_getinfo, easy_getinfo, CURL *, CURLINFO)
DEFINE_VARYING(CURLMcode, curl_multi_setopt, multi_setopt, CURLM *, CURLMoption)
