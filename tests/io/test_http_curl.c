/* The real transport against the real server on loopback: what arrives, and what is made of everything that can go wrong. */
#include "bridge/base/str.h"
#include "bridge/io/http.h"
#include "bridge/io/server.h"
#include "tests/base/asserts.h"
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

static struct server *server;
static struct http_transport *curl;
static _Atomic int served;

static void echo(const struct http_request *r, struct http_answer *a)
{
    const char *seen = http_headers_get(&r->headers, "x-seen");
    a->body = mem_printf("%s %s %s %zu:", r->method, r->url, seen ? seen : "-", r->body_n);
    size_t head = strlen(a->body);
    a->body = mem_grow(a->body, head + r->body_n + 1, 1);
    if (r->body_n)
        memcpy(a->body + head, r->body, r->body_n);
    a->body_n = head + r->body_n;
}

static void fill(struct http_answer *a, char byte, size_t n)
{
    a->body = mem_alloc(n + 1);
    memset(a->body, byte, n);
    a->body_n = n;
}

static void handle(void *self, const struct http_request *r, struct http_answer *a)
{
    static const unsigned char zipped[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0};
    (void)self;
    served++;
    a->status = 200;
    http_headers_add(&a->headers, "X-Mixed-CASE", " spaced ");
    if (str_starts(r->url, "/drop")) {
        a->status = 0;
    } else if (str_starts(r->url, "/redirect")) {
        a->status = 302;
        http_headers_add(&a->headers, "Location", "/echo");
    } else if (str_starts(r->url, "/large")) {
        fill(a, 'x', 70000);
    } else if (str_starts(r->url, "/slow")) {
        usleep(400 * 1000);
    } else if (str_starts(r->url, "/zip")) {
        fill(a, 0, sizeof zipped);
        memcpy(a->body, zipped, sizeof zipped);
        http_headers_add(&a->headers, "Content-Encoding", "gzip");
    } else {
        echo(r, a);
    }
}

static int start(void **state)
{
    struct err err = {0};
    (void)state;
    server = server_start(&(struct server_options){.body_max = 100000}, handle, NULL, &err);
    curl = http_curl_new(&(struct http_curl_options){.user_agent = "test"});
    return server ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    server_stop(server);
    curl->free(curl);
    return 0;
}

static void ask(struct http_request *r, const char *method, const char *path)
{
    AUTO_FREE char *url = mem_printf("http://127.0.0.1:%u%s", server_port(server), path);
    *r = (struct http_request){0};
    http_request_init(r, method, url);
}

static struct http_answer send_one(struct http_request *r)
{
    struct http_answer a = {0};
    curl->perform(curl, r, &a, 1, 1);
    http_request_done(r);
    return a;
}

static void method_path_query_headers_and_body_arrive_as_they_were(void **state)
{
    struct http_request r;
    (void)state;
    ask(&r, "PATCH", "/echo/a%2Fb?q=%20x&after=1");
    http_headers_add(&r.headers, "X-Seen", "me");
    http_request_body(&r, memcpy(mem_alloc(6), "a\0b\nc", 5), 5, "application/octet-stream");
    struct http_answer a = send_one(&r);
    static const char wanted[] = "PATCH /echo/a%2Fb?q=%20x&after=1 me 5:a\0b\nc";
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body_n, sizeof wanted - 1);
    assert_memory_equal(a.body, wanted, sizeof wanted - 1);
    assert_string_equal(http_headers_get(&a.headers, "x-mixed-case"), "spaced");
    http_answer_done(&a);
}

static void writes_without_a_body_and_deletes_are_sent(void **state)
{
    static const char *const methods[] = {"POST", "DELETE", "PUT", "GET"};
    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct http_request r;
        ask(&r, methods[i], "/echo");
        struct http_answer a = send_one(&r);
        AUTO_FREE char *wanted = mem_printf("%s /echo - 0:", methods[i]);
        assert_string_equal(a.body, wanted);
        http_answer_done(&a);
    }
}

static void many_in_flight_each_get_their_own_answer(void **state)
{
    enum { MANY = 200 };
    struct http_request r[MANY];
    struct http_answer a[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        AUTO_FREE char *path = mem_printf("/echo/%d", i);
        ask(&r[i], i % 3 ? "GET" : "POST", path);
        if (i % 3 == 0)
            http_request_body(&r[i], mem_printf("body %d", i), strlen("body ") + (i > 99 ? 3u : i > 9 ? 2u : 1u), "text/plain");
    }
    curl->perform(curl, r, a, MANY, 16);
    for (int i = 0; i < MANY; i++) {
        AUTO_FREE char *wanted = mem_printf("/echo/%d ", i);
        assert_holds(a[i].body, wanted);
        http_request_done(&r[i]);
        http_answer_done(&a[i]);
    }
}

static void a_redirect_is_an_answer_and_never_followed(void **state)
{
    struct http_request r;
    (void)state;
    int before = served;
    ask(&r, "GET", "/redirect");
    struct http_answer a = send_one(&r);
    assert_int_equal(a.status, 302);
    assert_string_equal(http_headers_get(&a.headers, "location"), "/echo");
    assert_int_equal(served - before, 1);
    http_answer_done(&a);
}

static void packed_answers_are_unpacked(void **state)
{
    struct http_request r;
    (void)state;
    ask(&r, "GET", "/zip");
    struct http_answer a = send_one(&r);
    assert_string_equal(a.body, "hello");
    http_answer_done(&a);
}

static void an_answer_over_the_ceiling_is_refused_not_stored(void **state)
{
    struct http_request r;
    (void)state;
    ask(&r, "GET", "/large");
    r.answer_max = 65536;
    struct http_answer a = send_one(&r);
    assert_int_equal(a.fate, HTTP_LOST);
    assert_err(&a.err, ERR_LIMIT, "65536");
    assert_null(a.body);
    http_answer_done(&a);
    ask(&r, "GET", "/large");
    r.answer_max = 70000;
    a = send_one(&r);
    assert_int_equal(a.body_n, 70000);
    http_answer_done(&a);
}

static void a_connection_that_breaks_after_sending_is_lost_and_not_sent_again(void **state)
{
    static const char *const methods[] = {"POST", "PATCH", "DELETE"};
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(methods); i++) {
        struct http_request r;
        int before = served;
        ask(&r, methods[i / 2], "/drop");
        if (i % 2)
            http_request_body(&r, mem_dup("{}"), 2, "application/json");
        struct http_answer a = send_one(&r);
        assert_int_equal(a.fate, HTTP_LOST);
        assert_int_equal(a.err.kind, ERR_UNSURE);
        assert_int_equal(served - before, 1); /* a repeated write would be a duplicate */
        http_answer_done(&a);
    }
}

static void too_slow_is_lost(void **state)
{
    struct http_request r;
    (void)state;
    ask(&r, "POST", "/slow");
    r.timeout_ms = 100;
    struct http_answer a = send_one(&r);
    assert_int_equal(a.fate, HTTP_LOST);
    assert_int_equal(a.err.kind, ERR_UNSURE);
    http_answer_done(&a);
}

/* A port that was free a moment ago. */
static uint16_t closed_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(!bind(fd, (struct sockaddr *)&at, sizeof at) && !getsockname(fd, (struct sockaddr *)&at, &n));
    close(fd);
    return ntohs(at.sin_port);
}

static void where_nobody_listens_nothing_was_sent(void **state)
{
    struct http_request r = {0};
    (void)state;
    AUTO_FREE char *url = mem_printf("http://127.0.0.1:%u/", closed_port());
    http_request_init(&r, "POST", url);
    struct http_answer a = send_one(&r);
    assert_int_equal(a.fate, HTTP_NOT_SENT);
    assert_err(&a.err, ERR_TEMP, "connect");
    http_answer_done(&a);
}

static void a_token_never_leaves_in_plain_http_but_to_loopback(void **state)
{
    static const char *const urls[] = {"http://example.com/", "http://10.0.0.1/", "http://127.evil.example/", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/",
                                       "ftp://127.0.0.1/", "file:///etc/passwd", "nonsense"};
    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct http_request r = {0};
        http_request_init(&r, "GET", urls[i]);
        struct http_answer a = send_one(&r);
        assert_int_equal(a.fate, HTTP_NOT_SENT);
        assert_int_equal(a.err.kind, ERR_CONFIG);
        http_answer_done(&a);
    }
}

static void a_request_for_the_public_never_connects_at_home(void **state)
{
    struct http_transport *fresh = http_curl_new(&(struct http_curl_options){.user_agent = "test"});
    int before = served;
    (void)state;
    for (int closed = 1; closed >= 0; closed--) {
        struct http_request r;
        struct http_answer a = {0};
        ask(&r, "POST", "/echo");
        r.public_only = closed;
        fresh->perform(fresh, &r, &a, 1, 1);
        assert_int_equal(a.fate, closed ? HTTP_NOT_SENT : HTTP_ANSWERED);
        if (closed)
            assert_err(&a.err, ERR_CONFIG, "not public");
        http_request_done(&r);
        http_answer_done(&a);
    }
    assert_int_equal(served, before + 1);
    fresh->free(fresh);
}

static void a_server_without_tls_gets_nothing(void **state)
{
    struct http_request r = {0};
    int before = served;
    (void)state;
    AUTO_FREE char *url = mem_printf("https://127.0.0.1:%u/echo", server_port(server));
    http_request_init(&r, "POST", url);
    struct http_answer a = send_one(&r);
    assert_int_equal(a.fate, HTTP_NOT_SENT);
    assert_int_equal(served, before);
    http_answer_done(&a);
}

/* ---- queries ---- */

static void assert_query(const char *url, const char *name, const char *wanted)
{
    AUTO_FREE char *got = http_query(url, name);
    if (wanted)
        assert_string_equal(got ? got : "(none)", wanted);
    else
        assert_null(got);
}

static void a_value_of_a_query_is_found_and_decoded(void **state)
{
    (void)state;
    assert_query("/api/history?who=%40ada", "who", "@ada");
    assert_query("/api/history?at=2026-03-02&who=x%3A1+2", "who", "x:1 2");
    assert_query("/a?nowho=1&who=", "who", "");
    assert_query("/a?who=%C3%BC%", "who", "ü%");
    assert_query("/a?who=%4", "who", "%4");
    assert_query("/a?whom=1", "who", NULL);
    assert_query("/a", "who", NULL);
    assert_query("/a?who=%00x", "who", NULL);
    assert_query("/a?who=%FF", "who", NULL);
}

/* ---- a socket in the file system ---- */

static int asked_at(const char *path, const char *method, char *body)
{
    struct http_request r = {0};
    struct http_answer a = {0};
    http_request_init(&r, method, "http://localhost/echo");
    r.socket = mem_dup(path);
    if (body)
        http_request_body(&r, body, strlen(body), "text/plain");
    curl->perform(curl, &r, &a, 1, 1);
    int status = a.fate == HTTP_ANSWERED ? a.status : a.fate == HTTP_NOT_SENT ? 0 : -1;
    if (status == 200 && body)
        assert_holds(a.body, body);
    http_request_done(&r);
    http_answer_done(&a);
    return status;
}

static void a_socket_serves_its_owner_alone_and_is_gone_afterwards(void **state)
{
    AUTO_FREE char *path = mem_printf("/tmp/inbox-bridge-socket.%d", (int)getpid());
    struct server_options o = {.socket = path};
    struct err err = {0};
    struct stat s;
    (void)state;
    FILE *left = fopen(path, "w"); /* what a killed process left behind */
    assert_non_null(left);
    fclose(left);
    struct server *there = server_start(&o, handle, NULL, &err);
    assert_non_null(there);
    assert_int_equal(stat(path, &s), 0);
    assert_true(S_ISSOCK(s.st_mode));
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(asked_at(path, "GET", NULL), 200);
    assert_int_equal(asked_at(path, "POST", mem_dup("said")), 200);
    server_stop(there);
    assert_int_equal(stat(path, &s), -1);
    assert_int_equal(asked_at(path, "POST", mem_dup("said")), 0);
}

static void a_socket_that_cannot_be_is_named(void **state)
{
    char path[200];
    struct err err = {0};
    (void)state;
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_null(server_start(&(struct server_options){.socket = path}, handle, NULL, &err));
    assert_err(&err, ERR_CONFIG, "107 characters");
    assert_null(server_start(&(struct server_options){.socket = "/no/such/folder/socket"}, handle, NULL, &err));
    assert_err(&err, ERR_CONFIG, "No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_path_query_headers_and_body_arrive_as_they_were),
        cmocka_unit_test(writes_without_a_body_and_deletes_are_sent),
        cmocka_unit_test(many_in_flight_each_get_their_own_answer),
        cmocka_unit_test(a_redirect_is_an_answer_and_never_followed),
        cmocka_unit_test(packed_answers_are_unpacked),
        cmocka_unit_test(an_answer_over_the_ceiling_is_refused_not_stored),
        cmocka_unit_test(a_connection_that_breaks_after_sending_is_lost_and_not_sent_again),
        cmocka_unit_test(too_slow_is_lost),
        cmocka_unit_test(where_nobody_listens_nothing_was_sent),
        cmocka_unit_test(a_token_never_leaves_in_plain_http_but_to_loopback),
        cmocka_unit_test(a_request_for_the_public_never_connects_at_home),
        cmocka_unit_test(a_server_without_tls_gets_nothing),
        cmocka_unit_test(a_value_of_a_query_is_found_and_decoded),
        cmocka_unit_test(a_socket_serves_its_owner_alone_and_is_gone_afterwards),
        cmocka_unit_test(a_socket_that_cannot_be_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
