// net_protocol: what seivisor and its network helper, seivisor-net, say to each other.
//
// seivisor links no HTTP and no TLS. It starts seivisor-net when something needs the network
// (a page, a /status probe, metrics over HTTP) and talks to it over the helper's stdin and stdout;
// the helper's stderr is seivisor's own and carries log lines. A fault of the helper never harms
// the supervisor: it is started again with back-off, and what had no answer is sent again.
//
// Framing: one JSON object a line, UTF-8, ended by '\n', at most NET_PROTOCOL_LINE_MAX bytes with
// it. Unknown members are skipped by both sides. Each request has an "id" (a number > 0) and gets
// exactly one answer with that id, in any order; up to NET_PROTOCOL_IN_FLIGHT requests are open at
// a time. An end of stdin is the order to end: the helper drops what is open and exits 0 within
// NET_PROTOCOL_EXIT_MS. A line that is no such object, or an answer that matches no request, makes
// seivisor end the helper and start another.
//
// Every answer: {"id":n,"ok":true,…} or {"id":n,"ok":false,"code":C,"error":"text for people"}
// with C one of NET_CODE_*. A line whose id cannot be read is answered with "id":0.
//
// configure  always the first request, once a helper life. The settings come in here so that no
//            secret stands in an argument list or an environment.
//   -> {"id":1,"op":"configure","version":1,"source":"seivisor@host",
//       "targets":[
//         {"name":"webhook-0","kind":"webhook","url":"https://…","headers":{"Authorization":"…"}},
//         {"name":"alertmanager-0","kind":"alertmanager","url":"http://127.0.0.1:9093"},
//         {"name":"pagerduty-0","kind":"pagerduty","routing_key":"…","url":"https://…
//         (optional)"}],
//       "ca_file":"/path (optional)","timeout_ms":5000}
//   <- {"id":1,"ok":true,"version":1}
//   "timeout_ms" is the limit for one delivery. TLS certificates are always verified.
//   The alertmanager URL is the server's; the helper appends /api/v2/alerts. Without "url",
//   pagerduty is the public Events v2 endpoint.
//
// probe      one GET of a node's /status. The intent is the contract's object, taken as strictly
//            as the contract's decoder takes it.
//   -> {"id":2,"op":"probe","url":"http://127.0.0.1:26657/status","timeout_ms":500}
//   <- {"id":2,"ok":true,"reachable":true,"height":120,"catching_up":false,
//       "network":"chain-1","intent":{"reason":70,…}}
//      "intent" is absent when the node's answer has no halt_intent, null when the node sent null.
//   <- {"id":2,"ok":true,"reachable":false,"detail":"connect: Connection refused"}
//      also for a time-out, a body that is no status, or an intent that does not decode (then
//      "detail" says so): none of these is a halt.
//   Bare results and those wrapped in {"result":…} are accepted, "height" is latest_block_height.
//
// page       one attempt at each target that is named; the caller keeps the queue, retries and
//            decides. Targets are tried side by side.
//   -> {"id":3,"op":"page","action":"trigger"|"resolve","dedup_key":"…","targets":["webhook-0"],
//       "severity":"critical"|"error"|"warning"|"info","summary":"…","component":"seid",
//       "group":"…","class":"downgrade_detected","at":"2026-01-02T03:04:05Z","ttl_s":604800,
//       "details":{"plan":"v2","height":"120"}}
//   <- {"id":3,"ok":true,"results":{"webhook-0":"ok","pagerduty-0":"retry: HTTP 503",
//       "alertmanager-0":"refused: HTTP 400 …"}}
//      "retry: …" may work later (network, time-out, 5xx, 429); "refused: …" never will. Targets
//      that said when (Retry-After) stand in "retry_after_ms":{"pagerduty-0":2000} beside.
//   All of a key's triggers are one incident: PagerDuty dedup_key, Alertmanager label set
//   (alertname, dedup_key, severity, component, class), webhook body. "at" is when the halt was
//   seen: startsAt; endsAt is now + ttl_s for a trigger, which sending it again extends, and now
//   for a resolve. A webhook gets the
//   request's members without id, op, targets and ttl_s, with "source" added.
//
// serve      opens the metrics server. Asked again with the same address it changes nothing.
//   -> {"id":4,"op":"serve","listen":"127.0.0.1:9101"}
//   <- {"id":4,"ok":true,"port":9101}
//   GET /metrics, /status, /healthz answer with what was published last (503 before the first).
//
// publish    new contents for the server. The supervisor sends it when something changed, so a
//            scrape wakes only the helper.
//   -> {"id":5,"op":"publish","metrics":"<Prometheus text>","status":{…},"healthy":true}
//   <- {"id":5,"ok":true}
//   /healthz is 200 when healthy, else 503; /status is the object as it came.
#ifndef SEIVISOR_NET_PROTOCOL_H
#define SEIVISOR_NET_PROTOCOL_H

enum {
    NET_PROTOCOL_VERSION = 1,
    NET_PROTOCOL_LINE_MAX = 256 * 1024,
    NET_PROTOCOL_IN_FLIGHT = 32,
    NET_PROTOCOL_EXIT_MS = 1000,
    NET_PROTOCOL_TARGETS_MAX = 16,
};

// "code" of a refused request.
#define NET_CODE_BAD_REQUEST "bad_request" // malformed, or a member missing or of a wrong type
#define NET_CODE_UNKNOWN_OP "unknown_op"
#define NET_CODE_BUSY "busy"     // too many open requests; ask again after an answer
#define NET_CODE_FAILED "failed" // the operation itself failed, "error" says why

// The helper's program name; seivisor looks for it beside its own executable.
#define NET_PROGRAM "seivisor-net"

#endif
