// late: libraries that are loaded when their first function is called. curl_late.c and mhd_late.c
// define functions with the libraries' own names; programs link those and not the libraries.
//
// libcurl and libmicrohttpd need forty others (TLS, Kerberos, LDAP...), and a program's start waits
// for the loader. A node that starts after an upgrade should not, nor the check before it.
#ifndef NET_LATE_H
#define NET_LATE_H

// Ends the program as the loader would (status 127) when there is no such library.
void *late_open(const char *name);

// Puts the address of a function into *ret, which is a pointer to it; ends the program without one.
void late_find(void *library, const char *name, void *ret);

// What both files make of their lists of functions, X(result, name, parameters, arguments), and of
// procedures, X(name, parameters, arguments). They stand where `real` is the struct of the
// pointers, `library` the open library, and load() fills the struct once.
// NOLINTBEGIN(bugprone-macro-parentheses): types and parameter lists stand bare.
#define LATE_MEMBER(result_, name_, params_, args_) result_(*name_) params_;
#define LATE_VOID_MEMBER(name_, params_, args_) void(*name_) params_;
// NOLINTEND(bugprone-macro-parentheses)
#define LATE_FIND(result_, name_, params_, args_) late_find(library, #name_, &real.name_);
#define LATE_VOID_FIND(name_, params_, args_) late_find(library, #name_, &real.name_);
#define LATE_DEFINE(result_, name_, params_, args_)                                                \
    result_ name_ params_                                                                          \
    {                                                                                              \
        load();                                                                                    \
        return real.name_ args_;                                                                   \
    }
#define LATE_VOID_DEFINE(name_, params_, args_)                                                    \
    void name_ params_                                                                             \
    {                                                                                              \
        load();                                                                                    \
        real.name_ args_;                                                                          \
    }

#endif
