#include "net/http_request.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "net/limits.h"

static bool is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"; // RFC 9110 5.6.2
    return *text && strspn(text, allowed) == strlen(text);
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

// Null, or what is wrong with anything but the URL's grammar.
static const char *fields_fault(const struct http_request *request)
{
    if (!request->url || !*request->url)
        return "no URL";
    if (strlen(request->url) > NET_URL_MAX)
        return "the URL is too long";
    if (has_control(request->url) || strpbrk(request->url, " \t"))
        return "the URL has a space or a control character";
    if (request->method && !is_token(request->method))
        return "the method is no token";
    if (request->header_count > NET_REQUEST_HEADERS_MAX)
        return "too many headers";
    if (request->content_type && has_control(request->content_type))
        return "the content type has a control character";
    if (request->connect_timeout_ms > NET_TIMEOUT_MS_MAX ||
        request->total_timeout_ms > NET_TIMEOUT_MS_MAX)
        return "the time-out is too long";
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (!is_token(header->name))
            return "a header's name is no token";
        if (has_control(header->value))
            return "a header's value has a control character";
        if (strlen(header->name) + strlen(header->value) > NET_REQUEST_HEADER_BYTES_MAX)
            return "a header is too long";
    }
    return NULL;
}

// Like Go's: a proxy has no business between two processes of one machine.
static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

// Null, or what is wrong with the URL.
static const char *url_fault(const char *url, bool *ret_loopback)
{
    CURLU *parsed = curl_url();
    char *host = NULL, *scheme = NULL;
    const char *fault = NULL;
    if (!parsed)
        abort();
    // An error text of libcurl can quote nothing here: the code alone is used.
    if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        fault = "the URL cannot be read";
    else if (curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
             (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        fault = "the URL is neither http:// nor https://";
    else if (curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host)
        fault = "the URL has no host";
    else
        *ret_loopback = is_loopback(host);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return fault;
}

const char *http_request_fault(const struct http_request *request, bool *ret_loopback)
{
    const char *fault = fields_fault(request);
    return fault ? fault : url_fault(request->url, ret_loopback);
}
