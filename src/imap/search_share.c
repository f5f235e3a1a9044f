/* search_share.c — what searching commands under way keep, together. */
#include "search_share.h"

#include "mailserver/core/mem.h"

struct imap_shares_account {
        struct list link; /* imap_shares.accounts */
        int64_t id;
        size_t refs;
        _Atomic size_t taken;
};

void imap_shares_init(struct imap_shares *all)
{
        list_init(&all->accounts);
        all->taken = 0;
}

/* Few accounts search at a time. */
static struct imap_shares_account *find_account(struct imap_shares *all, int64_t id)
{
        struct imap_shares_account *account;

        list_each (link, &all->accounts) {
                account = container_of(link, struct imap_shares_account, link);
                if (account->id == id)
                        return account;
        }
        account = NEW(struct imap_shares_account);
        account->id = id;
        list_append(&all->accounts, &account->link);
        return account;
}

void imap_share_open(struct imap_share *s, struct imap_shares *all, int64_t account,
                     size_t max_account, size_t max_all)
{
        *s = (struct imap_share){
                .all = all,
                .account = find_account(all, account),
                .max_all = max_all,
                .max_account = max_account,
        };
        s->account->refs++;
}

void imap_share_close(struct imap_share *s)
{
        if (!s->all)
                return;
        atomic_fetch_sub(&s->all->taken, s->taken);
        atomic_fetch_sub(&s->account->taken, s->taken);
        if (!--s->account->refs) {
                list_remove(&s->account->link);
                mem_free(s->account);
        }
        *s = (struct imap_share){ 0 };
}

static bool take(_Atomic size_t *taken, size_t more, size_t max)
{
        if (atomic_fetch_add(taken, more) + more <= max)
                return true;
        atomic_fetch_sub(taken, more);
        return false;
}

enum err imap_share_set(struct imap_share *s, size_t octets)
{
        size_t more, less;

        if (!s->all)
                return ERR_OK;
        if (octets < s->taken) {
                less = (s->taken - octets) / IMAP_SHARE_STEP * IMAP_SHARE_STEP;
                atomic_fetch_sub(&s->all->taken, less);
                atomic_fetch_sub(&s->account->taken, less);
                s->taken -= less;
                return ERR_OK;
        }
        more = (octets - s->taken) / IMAP_SHARE_STEP * IMAP_SHARE_STEP;
        if (!take(&s->account->taken, more, s->max_account))
                return ERR_LIMIT;
        if (!take(&s->all->taken, more, s->max_all)) {
                atomic_fetch_sub(&s->account->taken, more);
                return ERR_LIMIT;
        }
        s->taken += more;
        return ERR_OK;
}
