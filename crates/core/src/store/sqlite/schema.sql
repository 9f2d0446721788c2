-- Botsmith's store, schema version 1.
-- Every version of every record is one number above the last, over the whole store, so that a
-- partition that was deleted and made anew never gives a version twice.
CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;
INSERT INTO meta VALUES (1, 0);

CREATE TABLE part (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    part INTEGER NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (part, key)
) STRICT;

CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    part INTEGER NOT NULL,
    name TEXT NOT NULL,
    length INTEGER NOT NULL,
    UNIQUE (part, name)
) STRICT;
CREATE TABLE entry (
    log INTEGER NOT NULL,
    number INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (log, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE due (
    part INTEGER NOT NULL,
    name TEXT NOT NULL,
    member TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (part, name, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_in_order ON due (part, name, at, member);

-- The content stands apart, so that touching a blob does not write it again.
CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    put_at INTEGER NOT NULL
) STRICT;
CREATE TABLE content (blob INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
