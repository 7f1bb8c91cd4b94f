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

#endif
