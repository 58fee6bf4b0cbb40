-- The common subset of SQLite and PostgreSQL: TEXT and BIGINT only. Identifiers are hyphenated UUIDs, times are
-- seconds since 1970, states are the protocol's words.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE images (
    name TEXT NOT NULL PRIMARY KEY,
    directory TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- epoch counts the starts; fault is why the last start failed or the last run broke.
CREATE TABLE vms (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    image TEXT NOT NULL REFERENCES images (name),
    memory_mib BIGINT NOT NULL,
    cpus BIGINT NOT NULL,
    home_mib BIGINT NOT NULL,
    state TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    node TEXT,
    fault_code TEXT,
    fault TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (user_id, name)
);

-- One row for each machine: who holds its session. epoch counts the connects.
CREATE TABLE sessions (
    vm_id TEXT NOT NULL PRIMARY KEY REFERENCES vms (id),
    epoch BIGINT NOT NULL,
    user_state TEXT NOT NULL,
    holder_user TEXT,
    holder_host TEXT,
    holder_address TEXT
);

-- hash is the SHA-256 of the token in hex; the token itself is known to its bearer only.
CREATE TABLE tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    client_host TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
