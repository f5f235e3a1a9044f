/* signals.c — signals as events of the loop. */
#include "signals.h"

#include "server.h"
#include "status.h"

#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"

#include <event2/event.h>
#include <signal.h>

static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
enum { HANDLED = sizeof handled / sizeof *handled };

struct signals {
        struct server *server;
        struct event *events[HANDLED];
};

static void signal_came(evutil_socket_t number, short what, void *arg)
{
        struct signals *signals = arg;
        struct server *s = signals->server;

        (void)what;
        switch ((int)number) {
        case SIGTERM:
        case SIGINT:
                server_stop(s, number == SIGTERM ? "SIGTERM" : "SIGINT");
                break;
        case SIGHUP:
                log_info("reload reason=SIGHUP");
                server_reload(s);
                break;
        case SIGUSR1:
                status_log(s);
                break;
        case SIGUSR2:
                task_hub_release(server_hub(s));
                break;
        default:
                break;
        }
}

struct signals *signals_new(struct server *s)
{
        struct signals *signals = NEW(struct signals);

        signals->server = s;
        signal(SIGPIPE, SIG_IGN);
        for (size_t i = 0; i < HANDLED; i++) {
                signals->events[i] =
                        evsignal_new(loop_base(server_loop(s)), handled[i], signal_came, signals);
                event_add(signals->events[i], NULL);
        }
        return signals;
}

void signals_free(struct signals *signals)
{
        sigset_t set;

        if (!signals)
                return;
        /* Without its event a signal would end the process, which ends well: no thread takes it. */
        sigemptyset(&set);
        for (size_t i = 0; i < HANDLED; i++)
                sigaddset(&set, handled[i]);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        for (size_t i = 0; i < HANDLED; i++)
                event_free(signals->events[i]);
        mem_free(signals);
}
