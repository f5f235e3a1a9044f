-- From version 4 to 5, after content_trace: upgrade_5.sql.

ALTER TABLE message RENAME TO message_before;
CREATE TABLE message (
        mailbox INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        content INTEGER NOT NULL,
        size INTEGER NOT NULL,          -- trace and content
        flags INTEGER NOT NULL,
        modseq INTEGER NOT NULL,
        internal_date_us INTEGER NOT NULL,
        save_date_us INTEGER NOT NULL,
        trace INTEGER,                  -- content_trace.n; NULL: none
        uidl TEXT,
        PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;
INSERT INTO message (mailbox, uid, content, size, flags, modseq, internal_date_us, save_date_us,
        trace, uidl)
        SELECT b.mailbox, b.uid, b.content, b.size, b.flags, b.modseq, b.internal_date_us,
        b.save_date_us, (SELECT t.n FROM content_trace t WHERE t.content = b.content
        AND t.octets = b.trace), b.uidl FROM message_before b;
DROP TABLE message_before;

-- By MODSEQ, to find what went since one; the time is that of all that went with it.
ALTER TABLE expunged RENAME TO expunged_before;
CREATE TABLE expunged (
        mailbox INTEGER NOT NULL,
        modseq INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        content INTEGER,                -- NULL: its grace is over
        size INTEGER NOT NULL,
        flags INTEGER NOT NULL,
        internal_date_us INTEGER NOT NULL,
        trace INTEGER,                  -- content_trace.n
        PRIMARY KEY (mailbox, modseq, uid)
) WITHOUT ROWID;
INSERT INTO expunged (mailbox, modseq, uid, content, size, flags, internal_date_us, trace)
        SELECT b.mailbox, b.modseq, b.uid, b.content, b.size, b.flags, b.internal_date_us,
        (SELECT t.n FROM content_trace t WHERE t.content = b.content AND t.octets = b.trace)
        FROM expunged_before b;
CREATE TABLE expunge (
        mailbox INTEGER NOT NULL,
        modseq INTEGER NOT NULL,
        expunged_us INTEGER NOT NULL,
        first_uid INTEGER NOT NULL,     -- of those below no content is kept any more
        PRIMARY KEY (mailbox, modseq)
) WITHOUT ROWID;
INSERT INTO expunge (mailbox, modseq, expunged_us, first_uid)
        SELECT mailbox, modseq, max(expunged_us), min(uid) FROM expunged_before
        WHERE content IS NOT NULL GROUP BY mailbox, modseq;
DROP TABLE expunged_before;
CREATE INDEX expunge_by_time ON expunge(expunged_us);

-- What SEARCH, SORT and THREAD compare, apart: a scan of it reads a tenth of what a scan of content
-- would.
CREATE TABLE content_key (
        content INTEGER PRIMARY KEY,
        sent_us INTEGER,                -- NULL: the mail does not say
        sent_day INTEGER,
        reply INTEGER NOT NULL,
        thread_id INTEGER NOT NULL,
        base_subject TEXT NOT NULL,
        sort_from TEXT NOT NULL,
        sort_to TEXT NOT NULL,
        sort_cc TEXT NOT NULL,
        display_from TEXT NOT NULL,
        display_to TEXT NOT NULL,
        message_id TEXT NOT NULL,
        reference_ids TEXT NOT NULL
);

-- A key waits, signs or is retired; made anew, so that a new store has the same text.
ALTER TABLE dkim_key RENAME TO dkim_key_before;
CREATE TABLE dkim_key (
        domain TEXT NOT NULL,
        selector TEXT NOT NULL,
        algorithm INTEGER NOT NULL,
        pem TEXT NOT NULL,
        state INTEGER NOT NULL,         -- 0: retired; 1: signs; 2: waits for its record
        created_us INTEGER NOT NULL,
        retired_us INTEGER NOT NULL,    -- 0: it is not, or nobody knows since when
        PRIMARY KEY (domain, selector)
) WITHOUT ROWID;
INSERT INTO dkim_key (domain, selector, algorithm, pem, state, created_us, retired_us)
        SELECT domain, selector, algorithm, pem, active, created_us, 0 FROM dkim_key_before;
DROP TABLE dkim_key_before;

-- Whose mail waits, however much of others' does.
CREATE INDEX queue_message_by_account ON queue_message(account);
