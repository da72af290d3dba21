"""The tables, and how a database of an earlier version becomes one of this version.

`MIGRATIONS[n]` leads from version n to n + 1. A published one is never changed: add another.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cwmp.acs.errors import StoreError

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE device (
            id TEXT PRIMARY KEY, manufacturer TEXT NOT NULL, oui TEXT NOT NULL, product_class TEXT NOT NULL,
            serial_number TEXT NOT NULL, root TEXT NOT NULL, cwmp_version TEXT NOT NULL,
            software_version TEXT NOT NULL, hardware_version TEXT NOT NULL,
            connection_request_url TEXT NOT NULL, udp_address TEXT NOT NULL, jabber_id TEXT NOT NULL,
            parameter_key TEXT NOT NULL, parameters TEXT NOT NULL, tags TEXT NOT NULL, flags TEXT NOT NULL,
            replaces TEXT NOT NULL, registered INTEGER NOT NULL, quarantined INTEGER NOT NULL,
            quarantine_reason TEXT NOT NULL, first_seen REAL NOT NULL, last_bootstrap REAL NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE seen (
            device TEXT PRIMARY KEY, last_inform REAL NOT NULL, address TEXT NOT NULL, events TEXT NOT NULL,
            session_seconds REAL NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE memory (
            device TEXT PRIMARY KEY, secret_hashes TEXT NOT NULL, accepted_forms TEXT NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE model (
            manufacturer TEXT NOT NULL, product_class TEXT NOT NULL, software_version TEXT NOT NULL,
            types TEXT NOT NULL, writable TEXT NOT NULL, response_timeout REAL NOT NULL,
            max_set INTEGER NOT NULL, used REAL NOT NULL,
            PRIMARY KEY (manufacturer, product_class, software_version)
        )""",
        """CREATE TABLE credential (
            scope TEXT NOT NULL, owner TEXT NOT NULL, username TEXT NOT NULL, state TEXT NOT NULL,
            realm TEXT NOT NULL, ha1_md5 TEXT NOT NULL, ha1_sha256 TEXT NOT NULL, sealed BLOB,
            created REAL NOT NULL, used REAL NOT NULL, PRIMARY KEY (scope, owner, username, state)
        ) WITHOUT ROWID""",
        "CREATE INDEX credential_username ON credential (username)",
        """CREATE TABLE device_type (
            name TEXT PRIMARY KEY, manufacturer TEXT NOT NULL, oui TEXT NOT NULL, product_class TEXT NOT NULL,
            serial_prefix TEXT NOT NULL, username TEXT NOT NULL, individual INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE device_secret (
            device TEXT NOT NULL, purpose TEXT NOT NULL, username TEXT NOT NULL, sealed BLOB NOT NULL,
            PRIMARY KEY (device, purpose)
        ) WITHOUT ROWID""",
        """CREATE TABLE tx (
            id TEXT PRIMARY KEY, device TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
            check_only INTEGER NOT NULL, queue INTEGER NOT NULL, held INTEGER NOT NULL, batch TEXT NOT NULL,
            client_key TEXT, request_digest TEXT NOT NULL, actor TEXT NOT NULL, wake TEXT NOT NULL,
            created REAL NOT NULL, expires REAL NOT NULL, ended REAL NOT NULL, attempts INTEGER NOT NULL,
            begun INTEGER NOT NULL, payload BLOB, memory BLOB, result TEXT, fault TEXT,
            connection_request TEXT
        )""",
        "CREATE UNIQUE INDEX tx_client_key ON tx (client_key) WHERE client_key IS NOT NULL",
        "CREATE INDEX tx_device ON tx (device, id)",
        "CREATE INDEX tx_batch ON tx (batch, state, held, id) WHERE batch <> ''",
        "CREATE INDEX tx_state ON tx (state, id)",
        """CREATE TABLE batch (
            id TEXT PRIMARY KEY, state TEXT NOT NULL, client_key TEXT, request_digest TEXT NOT NULL,
            actor TEXT NOT NULL, total INTEGER NOT NULL, concurrency INTEGER NOT NULL,
            max_fail_percentage REAL NOT NULL, expires_after REAL NOT NULL, created REAL NOT NULL,
            ended REAL NOT NULL, reason TEXT NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL,
            cancelled INTEGER NOT NULL
        )""",
        "CREATE UNIQUE INDEX batch_client_key ON batch (client_key) WHERE client_key IS NOT NULL",
    ),
    ("ALTER TABLE memory ADD COLUMN pending_reboot TEXT NOT NULL DEFAULT '{}'",),
)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the database to this version, each step all or nothing.

    Raises `StoreError` for a database of a newer version: it would be read wrongly.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The database {path} was made by a newer cwmp (schema {version}, this one knows "
            f"{len(MIGRATIONS)}); run that version, or put back the backup made before the upgrade."
        )
    for step in range(version, len(MIGRATIONS)):
        connection.execute("BEGIN EXCLUSIVE")
        try:
            for statement in MIGRATIONS[step]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {step + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
