-- From version 3 to 4: mail for elsewhere. src/store/schema.sql has the same tables.

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
        active INTEGER NOT NULL,
        created_us INTEGER NOT NULL,
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
