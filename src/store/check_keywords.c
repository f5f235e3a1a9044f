/* check_keywords.c — flags of messages against the names of their bits. */
#include "check_run.h"

#include "mailserver/store/flags.h"

static enum err check_bits(struct check_run *c)
{
        struct db_stmt *q = db_prepare(c->tx->db, "SELECT account FROM keyword"
                                                  " WHERE bit < $1 OR bit >= $2");

        db_bind_int(q, 1, STORE_KEYWORD_FIRST_BIT);
        db_bind_int(q, 2, STORE_KEYWORD_BITS);
        return check_damaged_rows(c, q, "account", "has a keyword with an impossible number");
}

enum err check_keywords(struct check_run *c)
{
        struct db_stmt *q;
        enum err err = check_bits(c);

        if (err)
                return err;
        q = db_prepare(c->tx->db,
                       "SELECT DISTINCT x.mailbox FROM (SELECT b.id AS mailbox,"
                       " $1 + coalesce(sum(1 << k.bit), 0) AS named FROM mailbox b"
                       " LEFT JOIN keyword k ON k.account = b.account AND k.bit BETWEEN $2 AND $3"
                       " GROUP BY b.id) x JOIN message m ON m.mailbox = x.mailbox"
                       " WHERE m.flags & ~x.named <> 0");
        db_bind_int(q, 1, (1 << STORE_KEYWORD_FIRST_BIT) - 1);
        db_bind_int(q, 2, STORE_KEYWORD_FIRST_BIT);
        db_bind_int(q, 3, STORE_KEYWORD_BITS - 1);
        return check_damaged_rows(c, q, "mailbox", "has messages with a keyword without a name");
}
