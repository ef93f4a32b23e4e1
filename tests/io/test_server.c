/* The server's bounds, seen by clients that do not keep them: raw sockets, because a good client would not misbehave. */
#include "bridge/base/str.h"
#include "bridge/io/server.h"
#include "tests/base/asserts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

#define BODY_MAX 1000

static struct server *server;

static void handle(void *self, const struct http_request *r, struct http_answer *a)
{
    (void)self;
    a->status = 200;
    a->body = mem_printf("%s %s %zu\n", r->method, r->url, r->body_n);
    a->body_n = strlen(a->body);
}

static int start(void **state)
{
    struct err err = {0};
    (void)state;
    server = server_start(&(struct server_options){.body_max = BODY_MAX, .request_seconds = 1, .idle_seconds = 1, .connections = 8}, handle, NULL, &err);
    return server ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    server_stop(server);
    return 0;
}

static int dial(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(server_port(server))};
    struct timeval limit = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Everything up to the end of the connection, or up to `until`. */
static char *hear(int fd, const char *until)
{
    char buf[4096] = "";
    size_t n = 0;
    for (ssize_t got; n < sizeof buf - 1 && (got = recv(fd, buf + n, sizeof buf - 1 - n, 0)) > 0;) {
        n += (size_t)got;
        buf[n] = '\0';
        if (until && strstr(buf, until))
            break;
    }
    return mem_dup(buf);
}

static void assert_says(const char *request, const char *wanted)
{
    int fd = dial();
    say(fd, request);
    AUTO_FREE char *heard = hear(fd, wanted);
    close(fd);
    assert_holds(heard, wanted);
}

static void a_request_in_pieces_is_put_together(void **state)
{
    int fd = dial();
    (void)state;
    say(fd, "POST /a%20b?c=1 HT");
    say(fd, "TP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    say(fd, "def");
    AUTO_FREE char *heard = hear(fd, "\n\r\n");
    AUTO_FREE char *rest = strstr(heard, "POST") ? mem_dup("") : hear(fd, "6\n");
    assert_true(strstr(heard, "POST /a%20b?c=1 6") || strstr(rest, "POST /a%20b?c=1 6"));
    close(fd);
}

static void a_connection_serves_several_requests(void **state)
{
    int fd = dial();
    (void)state;
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
        AUTO_FREE char *heard = hear(fd, "GET /again 0\n");
        assert_holds(heard, "GET /again 0\n");
    }
    close(fd);
}

static void a_body_announced_too_large_is_413_at_once(void **state)
{
    (void)state;
    assert_says("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", "413");
    assert_says("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999\r\n\r\n", "413");
}

static void a_body_that_grows_too_large_in_chunks_is_413_too(void **state)
{
    int fd = dial();
    char chunk[600];
    (void)state;
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "200\r\n", 5);
    memcpy(chunk + 5 + 512, "\r\n", 3);
    say(fd, "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    say(fd, chunk);
    say(fd, chunk);
    say(fd, "0\r\n\r\n");
    AUTO_FREE char *heard = hear(fd, "413");
    assert_holds(heard, "413");
    close(fd);
}

static void a_body_of_just_the_size_is_taken(void **state)
{
    char body[BODY_MAX + 1];
    (void)state;
    memset(body, 'y', BODY_MAX);
    body[BODY_MAX] = '\0';
    AUTO_FREE char *request = mem_printf("POST /fits HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", BODY_MAX, body);
    assert_says(request, "POST /fits 1000\n");
}

/* Refused in words or hung up on, never handled. */
static void assert_refused(const char *request)
{
    int fd = dial();
    ssize_t sent = send(fd, request, strlen(request), MSG_NOSIGNAL); /* it may hang up in the middle */
    (void)sent;
    AUTO_FREE char *heard = hear(fd, NULL);
    close(fd);
    assert_true(!*heard || strstr(heard, "HTTP/1.1 4"));
}

static void nonsense_and_giant_headers_are_refused(void **state)
{
    AUTO_FREE char *giant = mem_alloc(200001);
    (void)state;
    memset(giant, 'h', 200000);
    AUTO_FREE char *header = mem_printf("GET / HTTP/1.1\r\nX-A: %s\r\n\r\n", giant), *path = mem_printf("GET /%s HTTP/1.1\r\n\r\n", giant);
    assert_refused("HELLO\r\n\r\n");
    assert_refused("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    assert_refused("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n");
    assert_refused(header);
    assert_refused(path);
    assert_says("GET /good HTTP/1.1\r\nHost: x\r\n\r\n", "GET /good 0\n");
}

static void who_says_nothing_is_hung_up_on_and_others_are_served(void **state)
{
    int idle[6];
    (void)state;
    for (size_t i = 0; i < COUNT(idle); i++) {
        idle[i] = dial();
        say(idle[i], "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na");
    }
    assert_says("GET /good HTTP/1.1\r\nHost: x\r\n\r\n", "GET /good 0\n");
    for (size_t i = 0; i < COUNT(idle); i++) {
        AUTO_FREE char *heard = hear(idle[i], NULL); /* ends when the server hangs up */
        assert_null(strstr(heard, "200"));
        close(idle[i]);
    }
    assert_says("GET /good HTTP/1.1\r\nHost: x\r\n\r\n", "GET /good 0\n");
}

/* Bytes go on coming, and so no timeout of silence ends it. */
static void assert_drip_ends(const char *head)
{
    struct timeval often = {.tv_usec = 100000};
    int fd = dial(), bytes = 0;
    char buf[512];
    ssize_t got = -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &often, sizeof often);
    say(fd, head);
    while (got < 0 && bytes < 100 && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
        bytes++;
        got = recv(fd, buf, sizeof buf, 0);
        if (got < 0 && errno != EAGAIN)
            break;
    }
    close(fd);
    assert_in_range(bytes, 5, 60); /* of the ten it takes a second to send; a loaded machine is slow to look */
}

static void a_drip_ends_however_steadily_it_drips(void **state)
{
    (void)state;
    assert_drip_ends("");
    assert_drip_ends("POST /drip HTTP/1.1\r\nHost: x\r\nX-Long: ");
    assert_drip_ends("POST /drip HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n");
}

static void who_holds_every_connection_makes_room(void **state)
{
    int held[40];
    (void)state;
    for (size_t i = 0; i < COUNT(held); i++) {
        ssize_t sent;
        held[i] = dial();
        sent = send(held[i], "POST /held HTTP/1.1\r\n", 21, MSG_NOSIGNAL);
        (void)sent;
        if (i % 4 == 0)
            assert_says("GET /good HTTP/1.1\r\nHost: x\r\n\r\n", "GET /good 0\n");
    }
    for (size_t i = 0; i < COUNT(held); i++)
        close(held[i]);
}

static void an_address_that_cannot_be_had_is_named(void **state)
{
    struct err err = {0};
    (void)state;
    assert_null(server_start(&(struct server_options){.address = "localhorst"}, handle, NULL, &err));
    assert_err(&err, ERR_CONFIG, "localhorst");
    assert_null(server_start(&(struct server_options){.port = server_port(server)}, handle, NULL, &err));
    assert_err(&err, ERR_CONFIG, "cannot listen on 127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_in_pieces_is_put_together),
        cmocka_unit_test(a_connection_serves_several_requests),
        cmocka_unit_test(a_body_announced_too_large_is_413_at_once),
        cmocka_unit_test(a_body_that_grows_too_large_in_chunks_is_413_too),
        cmocka_unit_test(a_body_of_just_the_size_is_taken),
        cmocka_unit_test(nonsense_and_giant_headers_are_refused),
        cmocka_unit_test(who_says_nothing_is_hung_up_on_and_others_are_served),
        cmocka_unit_test(a_drip_ends_however_steadily_it_drips),
        cmocka_unit_test(who_holds_every_connection_makes_room),
        cmocka_unit_test(an_address_that_cannot_be_had_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
