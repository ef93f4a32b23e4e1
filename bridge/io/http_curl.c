/* The real transport over libcurl: one multi handle a caller at a time, connections kept between calls, many requests in
 * flight. It proves where it can that a request was never sent; everything else that went wrong is lost, not failed.
 *
 * libcurl sends a request again on another connection when a kept-alive one turns out dead before any answer. For
 * writes that would be a second send nobody knows of. So writes have a body reader that cannot rewind: then the send
 * fails and the caller's probe decides. Writes without a body, which need no rewinding, get a connection of their own. */
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/io/address.h"
#include "bridge/io/http.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#define POOL_MOST 32
#define TIMEOUT_MS 30000
#define CONNECT_MS 10000

struct exchange {
    CURL *easy;
    const struct http_request *request;
    struct http_answer *answer;
    struct buf body;
    struct curl_slist *headers;
    size_t sent;
    bool closed; /* the host leads to an address that is not public */
    char error[CURL_ERROR_SIZE];
};

struct curl_transport {
    struct http_transport base;
    pthread_mutex_t lock; /* one perform at a time: the multi handle is not shared between threads */
    CURLM *multi;
    CURL *idle[POOL_MOST];
    size_t n_idle;
    bool allow_plain;
    char *agent, *ca_file;
};

/* ---- what may be called ---- */

/* By number or by the one reserved name: "127.evil.example" is a name like any other. */
static bool loopback(const char *host)
{
    struct in_addr at;
    bool number = inet_pton(AF_INET, host, &at) == 1;
    return str_eq_nocase(host, "localhost") || str_eq(host, "[::1]") || (number && ntohl(at.s_addr) >> 24 == 127);
}

static bool allowed(const struct curl_transport *t, const char *url, struct err *err)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL;
    bool ok = !curl_url_set(u, CURLUPART_URL, url, 0) && !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
              !curl_url_get(u, CURLUPART_HOST, &host, 0);
    if (!ok)
        err_set(err, ERR_CONFIG, "\"%s\" is no URL", url);
    else if (str_eq(scheme, "http") && !loopback(host) && !t->allow_plain)
        ok = err_set(err, ERR_CONFIG, "%s: plain http would show the token to anyone on the way; use https (or allow_plain_http)", host);
    else if (!str_eq(scheme, "http") && !str_eq(scheme, "https"))
        ok = err_set(err, ERR_CONFIG, "%s: only http and https are spoken here", url);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(u);
    return ok;
}

/* ---- one exchange ---- */

static size_t on_body(char *data, size_t size, size_t n, void *self)
{
    struct exchange *x = self;
    return buf_add(&x->body, data, size * n) ? size * n : 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *self)
{
    struct exchange *x = self;
    size_t len = size * n;
    char *colon = memchr(line, ':', len);
    if (len > 5 && !strncmp(line, "HTTP/", 5))
        http_headers_done(&x->answer->headers); /* an interim answer's headers do not count */
    if (!colon)
        return len;
    AUTO_FREE char *name = mem_dup_n(line, (size_t)(colon - line));
    const char *from = colon + 1, *end = line + len;
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    AUTO_FREE char *value = mem_dup_n(from, (size_t)(end - from));
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 32;
    http_headers_add(&x->answer->headers, name, value);
    return len;
}

static size_t on_read(char *into, size_t size, size_t n, void *self)
{
    struct exchange *x = self;
    size_t left = x->request->body_n - x->sent, take = size * n < left ? size * n : left;
    if (take)
        memcpy(into, x->request->body + x->sent, take);
    x->sent += take;
    return take;
}

static bool writes(const struct http_request *r)
{
    return !str_eq(r->method, "GET") && !str_eq(r->method, "HEAD");
}

static void set_body(struct exchange *x)
{
    const struct http_request *r = x->request;
    if (!writes(r))
        return;
    curl_easy_setopt(x->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->body_n);
    curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, r->body_n ? 0L : 1L);
    x->headers = curl_slist_append(x->headers, "Expect:");
}

static void set_headers(struct exchange *x)
{
    const struct http_headers *h = &x->request->headers;
    for (size_t i = 0; i < h->n; i++) {
        AUTO_FREE char *line = mem_printf("%s: %s", h->items[i].name, h->items[i].value);
        x->headers = curl_slist_append(x->headers, line);
        mem_wipe(line, strlen(line));
    }
    curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
}

static void set_wire(struct curl_transport *t, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    if (t->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file);
    if (t->agent)
        curl_easy_setopt(easy, CURLOPT_USERAGENT, t->agent);
}

/* Called with the address that is about to be connected to, after the name was looked up: nothing can change it later. */
static curl_socket_t on_connect(void *self, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct exchange *x = self;
    (void)purpose;
    if (!address_public(&a->addr)) {
        x->closed = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void start(struct curl_transport *t, struct exchange *x)
{
    const struct http_request *r = x->request;
    x->easy = t->n_idle ? t->idle[--t->n_idle] : curl_easy_init();
    x->body.max = r->answer_max ? r->answer_max : HTTP_BODY_MAX;
    set_wire(t, x->easy);
    curl_easy_setopt(x->easy, CURLOPT_URL, r->url);
    curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->error);
    curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)(r->timeout_ms ? r->timeout_ms : TIMEOUT_MS));
    curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETFUNCTION, r->public_only ? on_connect : NULL);
    curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_UNIX_SOCKET_PATH, r->socket);
    if (r->socket) /* no proxy stands between us and a file */
        curl_easy_setopt(x->easy, CURLOPT_PROXY, "");
    set_body(x);
    curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, r->method);
    set_headers(x);
    curl_multi_add_handle(t->multi, x->easy);
}

/* ---- what became of it ---- */

static bool never_sent(const struct exchange *x, CURLcode code)
{
    curl_off_t up = 0;
    long request_bytes = 0;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return true;
    default:
        curl_easy_getinfo(x->easy, CURLINFO_SIZE_UPLOAD_T, &up);
        curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
        return !up && !request_bytes && code == CURLE_OPERATION_TIMEDOUT;
    }
}

static void failed(struct exchange *x, CURLcode code)
{
    struct http_answer *a = x->answer;
    const char *why = *x->error ? x->error : curl_easy_strerror(code);
    bool tls = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE;
    a->fate = never_sent(x, code) ? HTTP_NOT_SENT : HTTP_LOST;
    a->status = 0;
    if (x->body.over)
        err_set(&a->err, ERR_LIMIT, "the answer is larger than %zu bytes", x->body.max);
    else if (x->closed && a->fate == HTTP_NOT_SENT)
        err_set(&a->err, ERR_CONFIG, "the host leads to an address that is not public");
    else
        err_set(&a->err, tls ? ERR_CONFIG : a->fate == HTTP_LOST ? ERR_UNSURE : ERR_TEMP, "%s", why);
}

static void finish(struct curl_transport *t, struct exchange *x, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status >= 100) {
        x->answer->fate = HTTP_ANSWERED;
        x->answer->status = (int)status;
        x->answer->body_n = x->body.n;
        x->answer->body = x->body.n ? buf_take(&x->body) : NULL;
    } else {
        failed(x, code == CURLE_OK ? CURLE_GOT_NOTHING : code);
    }
    buf_done(&x->body);
    curl_multi_remove_handle(t->multi, x->easy);
    curl_slist_free_all(x->headers);
    curl_easy_reset(x->easy);
    if (t->n_idle < POOL_MOST)
        t->idle[t->n_idle++] = x->easy;
    else
        curl_easy_cleanup(x->easy);
    x->easy = NULL;
}

static size_t collect(struct curl_transport *t)
{
    size_t done = 0;
    int left = 0;
    for (CURLMsg *m; (m = curl_multi_info_read(t->multi, &left));) {
        struct exchange *x = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        finish(t, x, code);
        done++;
    }
    return done;
}

static void perform(struct http_transport *self, const struct http_request *requests, struct http_answer *answers, size_t n,
                    unsigned in_flight)
{
    struct curl_transport *t = (struct curl_transport *)self;
    AUTO_FREE struct exchange *xs = mem_alloc(n * sizeof *xs + 1);
    size_t next = 0, flying = 0;
    pthread_mutex_lock(&t->lock);
    while (next < n || flying) {
        for (; next < n && flying < (in_flight ? in_flight : 1); next++) {
            answers[next] = (struct http_answer){.fate = HTTP_NOT_SENT};
            xs[next].request = &requests[next];
            xs[next].answer = &answers[next];
            if (!allowed(t, requests[next].url, &answers[next].err))
                continue;
            start(t, &xs[next]);
            flying++;
        }
        int running = 0;
        curl_multi_perform(t->multi, &running);
        size_t done = collect(t);
        flying -= done;
        if (flying && !done)
            curl_multi_poll(t->multi, NULL, 0, 1000, NULL);
    }
    pthread_mutex_unlock(&t->lock);
}

static void free_transport(struct http_transport *self)
{
    struct curl_transport *t = (struct curl_transport *)self;
    for (size_t i = 0; i < t->n_idle; i++)
        curl_easy_cleanup(t->idle[i]);
    curl_multi_cleanup(t->multi);
    pthread_mutex_destroy(&t->lock);
    free(t->agent);
    free(t->ca_file);
    free(t);
    curl_global_cleanup();
}

struct http_transport *http_curl_new(const struct http_curl_options *o)
{
    struct curl_transport *t = mem_alloc(sizeof *t);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    t->base = (struct http_transport){.perform = perform, .free = free_transport};
    t->multi = curl_multi_init();
    curl_multi_setopt(t->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)POOL_MOST);
    pthread_mutex_init(&t->lock, NULL);
    t->allow_plain = o->allow_plain_http;
    t->agent = mem_dup(o->user_agent);
    t->ca_file = mem_dup(o->ca_file);
    return &t->base;
}
