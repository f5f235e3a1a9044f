/* helper_powercut.c — what the steps of the workload do to a model of the store. */
#include "helper_powercut.h"

#include "mailserver/store/message.h"

#include <stdio.h>

const char *const names[ACCOUNTS] = { "alice@example.org", "bob@example.org", "carol@example.org",
                                      "dave@example.org" };
const char *const archive_names[2] = { "Archive", "Kept" };

const struct step workload[STEPS] = {
        {1,   DELIVER,    ALICE | BOB,                700  },
        { 2,  DELIVER,    BOB,                        9000 },
        { 2,  DELIVER,    ALICE | CAROL,              300  },
        { 2,  QUOTA,      BOB,                        50000},
        { 3,  ADD,        DAVE,                       0    },
        { 4,  DELETE,     ALICE,                      1    },
        { 4,  DELIVER,    ALICE | BOB | CAROL | DAVE, 20000},
        { 5,  CHECKPOINT, 0,                          0    },
        { 6,  PASSWORD,   ALICE,                      7    },
        { 6,  DELIVER,    DAVE,                       500  },
        { 6,  FLAG,       CAROL,                      1    },
        { 7,  DELETE,     BOB,                        2    },
        { 7,  DISABLE,    CAROL,                      1    },
        { 7,  COPY,       CAROL,                      9    },
        { 7,  MOVE,       ALICE,                      1    },
        { 8,  REMOVE,     DAVE,                       0    },
        { 8,  DELIVER,    ALICE,                      12000},
        { 8,  EXPUNGE,    CAROL,                      0    },
        { 9,  CHECKPOINT, 0,                          0    },
        { 10, RENAME,     CAROL,                      0    },
        { 10, MOVE,       CAROL,                      1    },
        { 10, DELIVER,    BOB | CAROL,                100  },
        { 11, QUEUE,      0,                          9000 },
        { 11, QUEUE,      ALICE,                      600  },
        { 12, DEFER,      0,                          0    },
        { 12, DELIVER,    BOB,                        200  },
        { 13, SENT,       0,                          0    },
        { 13, REPORT,     ALICE,                      5000 },
        { 14, DEFER,      0,                          0    },
        { 14, DEFER,      0,                          0    },
};

/* ---- folders ---- */

static void folder_add(struct model_folder *f, int step, int flags)
{
        f->messages[f->n++] = (struct model_message){ step, flags };
}

static void folder_drop(struct model_folder *f, int n)
{
        int gone = n < f->n ? n : f->n;

        f->n -= gone;
        memmove(f->messages, f->messages + gone, (size_t)f->n * sizeof *f->messages);
}

static void folder_flag(struct model_folder *f, int n)
{
        for (int i = 0; i < n && i < f->n; i++)
                f->messages[i].flags |= STORE_FLAG_DELETED;
}

static void folder_copy(const struct model_folder *from, struct model_folder *to, int n)
{
        for (int i = 0; i < n && i < from->n; i++)
                folder_add(to, from->messages[i].step, from->messages[i].flags);
}

static void folder_expunge(struct model_folder *f)
{
        int kept = 0;

        for (int i = 0; i < f->n; i++)
                if (!(f->messages[i].flags & STORE_FLAG_DELETED))
                        f->messages[kept++] = f->messages[i];
        f->n = kept;
}

/* ---- steps ---- */

struct model model_initial(void)
{
        struct model m = { 0 };

        for (int i = 0; i < 3; i++)
                m.accounts[i].exists = true;
        return m;
}

static void step_account(struct model_account *a, const struct step *step, int number)
{
        switch (step->kind) {
        case DELIVER:
        case QUEUE:
        case REPORT:
                folder_add(&a->folders[INBOX], number, 0);
                break;
        case DELETE:
                folder_drop(&a->folders[INBOX], step->value);
                break;
        case QUOTA:
                a->quota = step->value;
                break;
        case PASSWORD:
                a->password = step->value;
                break;
        case DISABLE:
                a->disabled = true;
                break;
        case ADD:
                *a = (struct model_account){ .exists = true };
                break;
        case REMOVE:
                *a = (struct model_account){ 0 };
                break;
        case FLAG:
                folder_flag(&a->folders[INBOX], step->value);
                break;
        case MOVE:
                folder_copy(&a->folders[INBOX], &a->folders[ARCHIVE], step->value);
                folder_drop(&a->folders[INBOX], step->value);
                break;
        case COPY:
                folder_copy(&a->folders[INBOX], &a->folders[ARCHIVE], step->value);
                break;
        case EXPUNGE:
                folder_expunge(&a->folders[INBOX]);
                break;
        case RENAME:
                a->renamed = true;
                break;
        case DEFER:
        case SENT:
        case CHECKPOINT:
                break;
        }
}

/* Alice is who sends. */
static void queue_add(struct model *m, int number)
{
        for (int i = 0; i < QUEUE_RECIPIENTS; i++)
                m->queue[m->n_queue++] = (struct model_row){ .step = number, .recipient = i };
        m->accounts[0].sent += QUEUE_RECIPIENTS;
}

static void queue_drop(struct model *m)
{
        m->n_queue--;
        memmove(m->queue, m->queue + 1, (size_t)m->n_queue * sizeof *m->queue);
}

static void step_queue(struct model *m, enum kind kind, int number)
{
        if (kind == QUEUE) {
                queue_add(m, number);
        } else if (kind == DEFER && m->n_queue) {
                m->queue[0].attempts++;
                m->queue[0].deferred_by = number;
        } else if ((kind == SENT || kind == REPORT) && m->n_queue) {
                queue_drop(m);
        }
}

void model_step(struct model *m, int number)
{
        step_queue(m, workload[number].kind, number);
        for (int i = 0; i < ACCOUNTS; i++)
                if (workload[number].who & 1 << i)
                        step_account(&m->accounts[i], &workload[number], number);
}

/* ---- comparing ---- */

static bool same_folder(const struct model_folder *a, const struct model_folder *b)
{
        return a->n == b->n &&
               memcmp(a->messages, b->messages, (size_t)a->n * sizeof *a->messages) == 0;
}

static bool same_account(const struct model_account *a, const struct model_account *b)
{
        return a->exists == b->exists && a->disabled == b->disabled && a->renamed == b->renamed &&
               a->quota == b->quota && a->password == b->password && a->sent == b->sent &&
               same_folder(&a->folders[INBOX], &b->folders[INBOX]) &&
               same_folder(&a->folders[ARCHIVE], &b->folders[ARCHIVE]);
}

bool model_same(const struct model *a, const struct model *b)
{
        for (int i = 0; i < ACCOUNTS; i++)
                if (!same_account(&a->accounts[i], &b->accounts[i]))
                        return false;
        return a->n_queue == b->n_queue &&
               memcmp(a->queue, b->queue, (size_t)a->n_queue * sizeof *a->queue) == 0;
}

static void print_folder(const struct model_folder *f)
{
        for (int i = 0; i < f->n; i++)
                fprintf(stderr, " %d/%x", f->messages[i].step, (unsigned)f->messages[i].flags);
}

void model_print(const char *title, const struct model *m)
{
        fprintf(stderr, "%s\n", title);
        for (int i = 0; i < ACCOUNTS; i++) {
                const struct model_account *a = &m->accounts[i];

                fprintf(stderr,
                        "  %s exists=%d disabled=%d renamed=%d quota=%d password=%d sent=%d:",
                        names[i], a->exists, a->disabled, a->renamed, a->quota, a->password,
                        a->sent);
                print_folder(&a->folders[INBOX]);
                fprintf(stderr, ";");
                print_folder(&a->folders[ARCHIVE]);
                fprintf(stderr, "\n");
        }
        for (int i = 0; i < m->n_queue; i++)
                fprintf(stderr, "  to %d-%d, attempts %d, the last by %d\n", m->queue[i].step,
                        m->queue[i].recipient, m->queue[i].attempts, m->queue[i].deferred_by);
}

/* ---- octets ---- */

bool carries_message(const struct step *step)
{
        return step->kind == DELIVER || step->kind == QUEUE || step->kind == REPORT;
}

void message_octets(int number, struct buf *out)
{
        buf_addf(out, "From: sender@example.net\r\nSubject: step %d\r\n\r\n", number);
        while (out->len < (size_t)workload[number].value)
                buf_addf(out, "step %d, octet %zu\r\n", number, out->len);
}

void prepend_octets(int number, struct buf *out)
{
        buf_addf(out, "X-Step: %d\r\n", number);
}

void trace_octets(int account, struct buf *out)
{
        buf_addf(out, "Return-Path: <sender@example.net>\r\nDelivered-To: %s\r\n", names[account]);
}

int message_recognise(int account, struct slice octets)
{
        for (int number = 0; number < STEPS; number++) {
                AUTO_BUF(wanted, BUF_MAX);
                AUTO_BUF(content, BUF_MAX);

                if (!carries_message(&workload[number]))
                        continue;
                trace_octets(account, &wanted);
                message_octets(number, &content);
                buf_add(&wanted, buf_slice(&content));
                if (slice_eq(octets, buf_slice(&wanted)))
                        return number;
        }
        return -1;
}
