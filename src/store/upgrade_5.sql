-- From version 4 to 5, first: what is compared gets a table of its own, and content loses it. Then
-- upgrade_5.c fills content_trace, upgrade_5_mail.sql follows, and the rows of content_key are made
-- from the headers: content_key.c. src/store/schema.sql has the same tables.

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

-- What stands before a content for one recipient, apart; copies of one message share it.
CREATE TABLE content_trace (
        content INTEGER NOT NULL,
        n INTEGER NOT NULL,             -- from 1
        octets BLOB NOT NULL,
        PRIMARY KEY (content, n)
) WITHOUT ROWID;
