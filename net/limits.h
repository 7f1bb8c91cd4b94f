// limits: every bound of the code that talks to the world, in one place. Each has a test that
// reaches it, and what is refused says which limit it met.
#ifndef NET_LIMITS_H
#define NET_LIMITS_H

enum {
    // HTTP client
    NET_URL_MAX = 4096,                    // bytes of a URL
    NET_REQUEST_HEADERS_MAX = 32,          // headers of a request
    NET_REQUEST_HEADER_BYTES_MAX = 8192,   // of one header, name and value
    NET_RESPONSE_HEADER_BYTES_MAX = 65536, // of all headers of an answer, interim answers included
    NET_RESPONSE_MAX = 1048576,    // bytes of an answer's body, unless the request says more
    NET_CONNECT_TIMEOUT_MS = 5000, // unless the request says otherwise
    NET_TOTAL_TIMEOUT_MS = 10000,  // from the start to the last byte, likewise
    NET_TIMEOUT_MS_MAX = 3600000,  // a longer one is taken for a mistake
    NET_CONNECTIONS_MAX = 64,      // open at a time, of one client
    NET_CONNECTIONS_IDLE_MAX = 8,  // kept for reuse

    // /status: an intent may have a MiB (seihalt.h), the rest is small
    NET_STATUS_MAX = 1310720,          // bytes of an answer
    NET_STATUS_DEPTH_MAX = 256,        // nesting of an answer
    NET_STATUS_PROBE_TIMEOUT_MS = 500, // of a probe, unless the caller says otherwise
    NET_STATUS_TEXT_MAX = 256,         // bytes kept of a text; longer ones are cut

    // Paging
    NET_PAGE_TARGETS_MAX = 16,   // receivers
    NET_PAGE_INCIDENTS_MAX = 64, // open at a time
    NET_PAGE_KEY_MAX = 255,      // bytes of a de-duplication key: PagerDuty's limit
    NET_PAGE_SUMMARY_MAX = 1024, // bytes of a summary: PagerDuty's limit; longer ones are cut
    NET_PAGE_TEXT_MAX = 4096,    // bytes of any other text of a page; longer ones are cut
    NET_PAGE_DETAILS_MAX = 32,   // details of a page
    NET_PAGE_BACKOFF_MS_MAX = 86400000, // the longest back-off that can be configured
    NET_PAGE_STATE_MAX = 1048576,       // bytes of the saved state
    NET_PAGE_ANSWER_MAX = 65536,        // bytes of a receiver's answer
    NET_PAGE_SECRET_MAX = 4096,         // bytes of a file that holds a secret

    // Metrics and health server
    NET_SERVER_CONNECTIONS_MAX = 64,       // at a time
    NET_SERVER_CONNECTION_BYTES = 16384,   // memory of one: request line, headers
    NET_SERVER_IDLE_TIMEOUT_S = 10,        // without any byte
    NET_SERVER_REQUEST_TIMEOUT_MS = 10000, // for a whole request and its answer
    NET_SERVER_PAGE_MAX = 16777216,        // bytes of an answer
};

#endif
