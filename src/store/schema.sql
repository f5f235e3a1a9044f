-- The store's tables, version 5. docs/store-format.md says what each column means.

CREATE TABLE counter (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
) WITHOUT ROWID;

-- Random octets made once in the life of the store: store/secret.h.
CREATE TABLE secret (
        name TEXT PRIMARY KEY,
        octets BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE domain (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created_us INTEGER NOT NULL
);

-- Ids of accounts and mailboxes are never used again: a session that outlives its account must
-- not find another's mail under the old number.
CREATE TABLE account (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain INTEGER NOT NULL REFERENCES domain(id),
        local TEXT NOT NULL,
        name TEXT NOT NULL UNIQUE,
        verifiers TEXT NOT NULL,
        disabled INTEGER NOT NULL DEFAULT 0,
        quota_octets INTEGER NOT NULL DEFAULT 0,
        quota_messages INTEGER NOT NULL DEFAULT 0,
        used_octets INTEGER NOT NULL DEFAULT 0,
        used_messages INTEGER NOT NULL DEFAULT 0,
        created_us INTEGER NOT NULL
);
CREATE INDEX account_by_local ON account(local);
CREATE INDEX account_by_domain ON account(domain);

CREATE TABLE alias (
        domain INTEGER NOT NULL REFERENCES domain(id),
        local TEXT NOT NULL,            -- '' is the catch-all
        target TEXT NOT NULL,           -- an address, normalised
        PRIMARY KEY (domain, local, target)
) WITHOUT ROWID;
CREATE INDEX alias_by_target ON alias(target);

CREATE TABLE mailbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account INTEGER NOT NULL REFERENCES account(id),
        name TEXT NOT NULL,
        uidvalidity INTEGER NOT NULL UNIQUE,
        uidnext INTEGER NOT NULL DEFAULT 1,
        highestmodseq INTEGER NOT NULL DEFAULT 1,
        changed_modseq INTEGER NOT NULL DEFAULT 0, -- of the last change to a message that was there
        expunged_floor INTEGER NOT NULL DEFAULT 0,
        recent_from INTEGER NOT NULL DEFAULT 1, -- the first UID no session was told of
        special_use INTEGER NOT NULL DEFAULT 0,
        messages INTEGER NOT NULL DEFAULT 0,
        unseen INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0,
        octets INTEGER NOT NULL DEFAULT 0,
        created_us INTEGER NOT NULL,
        UNIQUE (account, name)
);

-- Names need not be those of mailboxes: RFC 9051 6.3.7.
CREATE TABLE subscription (
        account INTEGER NOT NULL REFERENCES account(id),
        name TEXT NOT NULL,
        PRIMARY KEY (account, name)
) WITHOUT ROWID;

-- What the bits of message.flags from 8 on mean.
CREATE TABLE keyword (
        account INTEGER NOT NULL REFERENCES account(id),
        bit INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (account, bit)
) WITHOUT ROWID;

CREATE TABLE content (
        id INTEGER PRIMARY KEY,
        size INTEGER NOT NULL,
        header_size INTEGER NOT NULL,
        hash BLOB NOT NULL,             -- SHA-256 of header and body
        properties INTEGER NOT NULL,    -- bits: 8-bit, 8-bit header, attachment
        envelope TEXT NOT NULL,
        bodystructure TEXT NOT NULL,
        body TEXT NOT NULL,
        preview TEXT NOT NULL
);

-- Apart, for it is all of a content that changes: to copy a message is to write a few octets.
CREATE TABLE content_refs (
        content INTEGER PRIMARY KEY,
        refs INTEGER NOT NULL           -- rows of message, expunged and queue that need it
);

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

CREATE TABLE content_header (
        content INTEGER PRIMARY KEY,
        octets BLOB NOT NULL
);

CREATE TABLE content_body (
        content INTEGER PRIMARY KEY,
        parts BLOB NOT NULL,            -- where each MIME part stands: mime/parts.h
        blob TEXT,                      -- name of the file that holds the whole message; NULL: octets does
        octets BLOB
);
CREATE UNIQUE INDEX content_body_by_blob ON content_body(blob) WHERE blob IS NOT NULL;

-- What of a content's octets stands before it for one recipient: docs/store-format.md. Apart from
-- message, whose rows are then a third as long; copies share it.
CREATE TABLE content_trace (
        content INTEGER NOT NULL,
        n INTEGER NOT NULL,             -- from 1
        octets BLOB NOT NULL,
        PRIMARY KEY (content, n)
) WITHOUT ROWID;

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

-- What was in message, by what expunged it.
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

-- Expunges whose grace is not over.
CREATE TABLE expunge (
        mailbox INTEGER NOT NULL,
        modseq INTEGER NOT NULL,
        expunged_us INTEGER NOT NULL,
        first_uid INTEGER NOT NULL,     -- of those below no content is kept any more
        PRIMARY KEY (mailbox, modseq)
) WITHOUT ROWID;
CREATE INDEX expunge_by_time ON expunge(expunged_us);

-- Whom auth lets log in no more, and until when: store/ban.h.
CREATE TABLE ban (
        network TEXT NOT NULL,          -- '' is everywhere
        name TEXT NOT NULL,             -- '' is everybody
        reason TEXT NOT NULL,
        manual INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        times INTEGER NOT NULL,
        since_us INTEGER NOT NULL,
        until_us INTEGER NOT NULL,
        forget_us INTEGER NOT NULL,
        PRIMARY KEY (network, name)
) WITHOUT ROWID;
CREATE INDEX ban_by_end ON ban(forget_us);

-- Mail for elsewhere: what all rows of one message share; a row a recipient; what was tried.
CREATE TABLE queue_message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        content INTEGER NOT NULL,
        account INTEGER NOT NULL,       -- of the submitter; 0: nobody's
        mail_id TEXT NOT NULL,
        prepend BLOB NOT NULL,
        sender TEXT NOT NULL,
        envid TEXT,
        flags INTEGER NOT NULL,
        received_us INTEGER NOT NULL
);
CREATE INDEX queue_message_by_account ON queue_message(account);

CREATE TABLE queue (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        message INTEGER NOT NULL REFERENCES queue_message(id),
        recipient TEXT NOT NULL,
        domain TEXT NOT NULL,
        orcpt TEXT,
        notify INTEGER NOT NULL,
        held INTEGER NOT NULL DEFAULT 0,
        delay_told INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_us INTEGER NOT NULL,
        expires_us INTEGER NOT NULL,
        last_status TEXT,
        last_reply TEXT
);
CREATE INDEX queue_by_due ON queue(next_attempt_us, id) WHERE held = 0;
CREATE INDEX queue_by_domain ON queue(domain, next_attempt_us);
CREATE INDEX queue_by_message ON queue(message);

CREATE TABLE queue_attempt (
        row INTEGER NOT NULL,           -- of queue
        at_us INTEGER NOT NULL,
        mx TEXT NOT NULL,
        ip TEXT NOT NULL,
        tls TEXT NOT NULL,
        status TEXT NOT NULL,
        reply TEXT NOT NULL,
        PRIMARY KEY (row, at_us)
) WITHOUT ROWID;

-- Recipients elsewhere that an account has written to, by the hour.
CREATE TABLE queue_sent (
        account INTEGER NOT NULL,
        hour INTEGER NOT NULL,          -- since 1970
        recipients INTEGER NOT NULL,
        PRIMARY KEY (account, hour)
) WITHOUT ROWID;

-- Keys that sign mail of our domains: store/dkim.h.
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

-- MTA-STS policies of other domains, as they were fetched: RFC 8461 3.3.
CREATE TABLE mta_sts (
        domain TEXT PRIMARY KEY,
        id TEXT NOT NULL,
        policy TEXT NOT NULL,
        fetched_us INTEGER NOT NULL,
        expires_us INTEGER NOT NULL
) WITHOUT ROWID;
