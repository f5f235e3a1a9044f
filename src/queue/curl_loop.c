/* curl_loop.c — see curl_loop.h. */
#include "curl_loop.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <event2/event.h>

struct curl_loop {
        struct loop *loop;
        CURLM *multi;
        struct timer timer;
        size_t running;
};

/* Which have ended? Their owners may start, stop and free transfers in between. */
static void collect(struct curl_loop *c)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(c->multi, &left))) {
                struct curl_transfer *t = NULL;
                CURLcode code = message->data.result;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
                curl_loop_stop(c, t); /* the message is gone with it */
                t->ended(t->owner, code);
        }
}

static void act(struct curl_loop *c, curl_socket_t fd, int what)
{
        int running;

        curl_multi_socket_action(c->multi, fd, what, &running);
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
        curl_multi_assign(c->multi, fd, event);
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

struct curl_loop *curl_loop_new(struct loop *l)
{
        struct curl_loop *c = NEW(struct curl_loop);

        curl_global_init(CURL_GLOBAL_DEFAULT);
        c->loop = l;
        c->multi = curl_multi_init();
        assert(c->multi);
        curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
        curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
        curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, watch_time);
        curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
        return c;
}

void curl_loop_free(struct curl_loop *c)
{
        if (!c)
                return;
        assert(c->running == 0);
        curl_multi_cleanup(c->multi);
        timer_done(&c->timer);
        mem_free(c);
        curl_global_cleanup();
}

void curl_loop_start(struct curl_loop *c, struct curl_transfer *t)
{
        assert(!t->running);
        t->running = true;
        c->running++;
        curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
        curl_multi_add_handle(c->multi, t->easy);
}

void curl_loop_stop(struct curl_loop *c, struct curl_transfer *t)
{
        if (!t->running)
                return;
        t->running = false;
        c->running--;
        curl_multi_remove_handle(c->multi, t->easy);
}
