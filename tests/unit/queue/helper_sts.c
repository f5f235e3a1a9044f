/* helper_sts.c — see helper_sts.h. */
#include "helper_sts.h"

#include "helper_names.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/store/store.h"

#include <check.h>
#include <ftw.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the certificate is for: "stranger" and "common" are not there. */
static const char hosts[] =
        "mta-sts.good.example.org mta-sts.missing.example.org mta-sts.moved.example.org "
        "mta-sts.html.example.org mta-sts.untyped.example.org mta-sts.old.example.org "
        "mta-sts.empty.example.org mta-sts.endless.example.org mta-sts.stall.example.org "
        "mta-sts.short.example.org mta-sts.huge.example.org mta-sts.chunks.example.org "
        "mta-sts.gzip.example.org mta-sts.wrong.example.org mta-sts.nul.example.org\n";

struct sts_rig rig;

static char dir[64], ca_file[96], data_dir[96];
static struct task_hub *hub;
static struct store *store;
static struct {
        pid_t pid;
        int in, out; /* its standard input and output */
} peer;

/* ---- the web server ---- */

static void start_peer(void)
{
        int in[2], out[2];
        char port[16] = { 0 };

        ck_assert(pipe(in) == 0 && pipe(out) == 0);
        peer.pid = fork();
        ck_assert_int_ge(peer.pid, 0);
        if (peer.pid == 0) {
                dup2(in[0], STDIN_FILENO);
                dup2(out[1], STDOUT_FILENO);
                closefrom(STDERR_FILENO + 1);
                execl("/usr/bin/python3", "python3", "-B", "tests/unit/queue/https_peer.py", dir,
                      (char *)NULL);
                _exit(127);
        }
        close(in[0]);
        close(out[1]);
        peer.in = in[1];
        peer.out = out[0];
        ck_assert_int_eq(write(peer.in, hosts, sizeof hosts - 1), sizeof hosts - 1);
        ck_assert_int_gt(read(peer.out, port, sizeof port - 1), 0);
        rig.options.port = (uint16_t)atoi(port);
}

static void stop_peer(void)
{
        int status;

        close(peer.in);
        close(peer.out);
        ck_assert_int_eq(waitpid(peer.pid, &status, 0), peer.pid);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void write_file(const char *name, struct slice text)
{
        char path[160];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", dir, name);
        file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, file), text.len);
        fclose(file);
}

void sts_respond(const char *name, const char *response)
{
        write_file(name, slice_of(response));
}

void sts_publish(const char *name, const char *id, const char *policy)
{
        AUTO_BUF(response, 1 << 16);
        char domain[128], host[160], record[128];
        struct slice rest = slice_of(policy), before;

        snprintf(domain, sizeof domain, "%s.example.org", name);
        snprintf(host, sizeof host, "_mta-sts.%s", domain);
        snprintf(record, sizeof record, "v=STSv1; id=%s;", id);
        names_set(host, DNS_TXT, record);
        snprintf(host, sizeof host, "mta-sts.%s", domain);
        names_set(host, DNS_A, "127.0.0.1");
        buf_add(&response, SLICE("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"));
        if (slice_cut(&rest, '%', &before)) {
                buf_addf(&response, SLICE_FMT "%s", SLICE_ARG(before), domain);
                rest = slice_from(rest, 1);
        }
        buf_add(&response, rest);
        sts_respond(name, response.ptr);
}

void sts_go_on(void)
{
        write_file("go-on", SLICE(""));
}

unsigned sts_requests(const char *words)
{
        char path[160], text[65536];
        unsigned found = 0;
        size_t n;
        FILE *file;

        snprintf(path, sizeof path, "%s/requests", dir);
        file = fopen(path, "r");
        if (!file)
                return 0;
        n = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[n] = '\0';
        for (const char *at = text; (at = strstr(at, words)); at++)
                found++;
        return found;
}

/* ---- the store ---- */

static void open_store(void)
{
        static struct store_config config;
        const struct conf_section sections[] = {
                {&store_conf_table, &config },
                { 0               }
        };
        struct error error = { 0 };
        const struct store_params params = {
                .config = &config,
                .data_dir = data_dir,
                .hub = hub,
                .loop = rig.loop,
                .create = true,
        };

        conf_defaults(sections);
        ck_assert_msg(store_open(&params, &store, &error) == ERR_OK, "%s", error.text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)st;
        (void)type;
        (void)walk;
        return remove(path);
}

/* ---- its workers ---- */

static sem_t gate;
static size_t n_held;

static enum err hold_work(struct task *t, struct store_txn *tx)
{
        (void)t;
        (void)tx;
        sem_wait(&gate);
        return ERR_OK;
}

static void hold_done(struct task *t)
{
        (void)t;
}

static void hold_drop(struct task *t)
{
        mem_free(t);
}

static const struct task_class hold_class = { "hold", hold_work, hold_done, hold_drop };

void sts_rig_fill_workers(void)
{
        struct task *t = NULL;

        sem_init(&gate, 0, 0);
        for (n_held = 0;; n_held++) {
                t = NEW(struct task);
                t->class = &hold_class;
                if (store_submit(store, 0, STORE_WORK, t))
                        break;
        }
        mem_free(t);
}

void sts_rig_free_workers(void *unused)
{
        (void)unused;
        for (; n_held; n_held--)
                sem_post(&gate);
}

/* ---- the rig ---- */

void sts_rig_start(void)
{
        log_set_level(LOG_LEVEL_ERROR);
        strcpy(dir, "/tmp/mailserver-sts-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(ca_file, sizeof ca_file, "%s/cert.pem", dir);
        snprintf(data_dir, sizeof data_dir, "%s/data", dir);
        rig.options = (struct sts_options){ .timeout_ms = 60000,
                                            .retry_ms = 300000,
                                            .refresh_ms = 86400000,
                                            .max_fetches = 20,
                                            .max_size = 65536,
                                            .max_failed = 10000,
                                            .port = 443 };
        rig.options.ca_file = ca_file;
        rig.options.private_addresses = true;
        start_peer();
        rig.loop = loop_new();
        loop_allow_blocking(true);
        hub = task_hub_new(rig.loop);
        open_store();
        names_start(rig.loop);
        rig.sts = sts_new(rig.loop, store, names.resolver, &rig.options);
}

void sts_rig_restart(void)
{
        sts_free(rig.sts);
        rig.sts = sts_new(rig.loop, store, names.resolver, &rig.options);
}

void sts_rig_stop(void)
{
        sts_free(rig.sts);
        names_stop();
        store_close(store);
        task_hub_free(hub);
        loop_free(rig.loop);
        stop_peer();
        nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void sts_hear(void *owner, const struct mta_sts_policy *policy)
{
        struct sts_heard *h = owner;

        h->times++;
        h->policy = policy != NULL;
        h->mx[0] = '\0';
        if (!policy)
                return;
        h->mode = policy->mode;
        if (policy->n_mx)
                snprintf(h->mx, sizeof h->mx, SLICE_FMT, SLICE_ARG(policy->mx[0]));
}

struct sts_heard sts_rig_ask(const char *domain)
{
        struct sts_heard h = { 0 };

        ck_assert_ptr_nonnull(sts_ask(rig.sts, domain, &h, sts_hear));
        ck_assert_uint_eq(h.times, 0);
        while (!h.times)
                loop_turn(rig.loop, true);
        ck_assert_uint_eq(h.times, 1);
        return h;
}
