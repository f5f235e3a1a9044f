/* curl_loop.c — see curl_loop.h. */
#include "curl_loop.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <event2/event.h>

struct curl_loop {
        struct loop *loop;
        struct curl_library library;
        CURLM *multi;
        struct timer timer;
        size_t running;
};

/* Which have ended? Their owners may start, stop and free transfers in between. */
static void collect(struct curl_loop *c)
{
        CURLMsg *message;
        int left;

        while ((message = c->library.multi_info_read(c->multi, &left))) {
                struct curl_transfer *t = NULL;
                CURLcode code = message->data.result;

                if (message->msg != CURLMSG_DONE)
                        continue;
                c->library.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
                curl_loop_stop(c, t); /* the message is gone with it */
                t->ended(t->owner, code);
        }
}

static void act(struct curl_loop *c, curl_socket_t fd, int what)
{
        int running;

        c->library.multi_socket_action(c->multi, fd, what, &running);
        collect(c);
}

static void ready(evutil_socket_t fd, short what, void *arg)
{
        act(arg, fd,
            (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void time_is_up(void *arg)
{
        act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* curl wants to hear of a socket, or no longer: `arg` is the loop, `assigned` its event. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
        struct curl_loop *c = arg;
        struct event *event = assigned;
        short wanted = EV_PERSIST;

        (void)easy;
        if (event)
                event_free(event);
        event = NULL;
        if (what != CURL_POLL_REMOVE) {
                if (what & CURL_POLL_IN)
                        wanted |= EV_READ;
                if (what & CURL_POLL_OUT)
                        wanted |= EV_WRITE;
                event = event_new(loop_base(c->loop), fd, wanted, ready, c);
                event_add(event, NULL);
        }
        c->library.multi_assign(c->multi, fd, event);
        return 0;
}

/* curl calls this inside its own work: it is never called back here, but in a next turn. */
static int watch_time(CURLM *multi, long ms, void *arg)
{
        struct curl_loop *c = arg;

        (void)multi;
        if (ms < 0)
                timer_clear(&c->timer);
        else
                timer_set(&c->timer, c->loop, ms, time_is_up, c);
        return 0;
}

struct curl_loop *curl_loop_new(struct loop *l, const struct curl_library *library)
{
        struct curl_loop *c = NEW(struct curl_loop);

        c->loop = l;
        c->library = *library;
        library->global_init(CURL_GLOBAL_DEFAULT);
        c->multi = c->library.multi_init();
        assert(c->multi);
        c->library.multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
        c->library.multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
        c->library.multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, watch_time);
        c->library.multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
        return c;
}

const struct curl_library *curl_loop_library(const struct curl_loop *c)
{
        return &c->library;
}

void curl_loop_free(struct curl_loop *c)
{
        if (!c)
                return;
        assert(c->running == 0);
        c->library.multi_cleanup(c->multi);
        timer_done(&c->timer);
        c->library.global_cleanup();
        mem_free(c);
}

void curl_loop_start(struct curl_loop *c, struct curl_transfer *t)
{
        assert(!t->running);
        t->running = true;
        c->running++;
        c->library.easy_setopt(t->easy, CURLOPT_PRIVATE, t);
        c->library.multi_add_handle(c->multi, t->easy);
}

void curl_loop_stop(struct curl_loop *c, struct curl_transfer *t)
{
        if (!t->running)
                return;
        t->running = false;
        c->running--;
        c->library.multi_remove_handle(c->multi, t->easy);
}
