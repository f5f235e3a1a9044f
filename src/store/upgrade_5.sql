-- From version 4 to 5: what is compared gets a table of its own, and content loses it. The rows of
-- content_key are then made from the headers: content_key.c. src/store/schema.sql has the same tables.

ALTER TABLE content RENAME TO content_before;
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

INSERT INTO content (id, size, header_size, hash, properties, envelope, bodystructure, body,
        preview)
        SELECT id, size, header_size, hash, properties, envelope, bodystructure, body,
        preview FROM content_before;
DROP TABLE content_before;

-- What went since a MODSEQ, however much went before.
CREATE INDEX expunged_by_modseq ON expunged(mailbox, modseq);

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
