-- SPDX-License-Identifier: MIT
-- The history's first form. One statement a block; a line of only "--;" ends a block.
-- Byte figures are payload bytes, times are UTC.
CREATE TABLE migration (
    version INTEGER NOT NULL PRIMARY KEY,
    applied_utc_s INTEGER NOT NULL,
    program_version TEXT NOT NULL
) STRICT
--;
-- Processes that share all four are one program here: history outlives every pid.
CREATE TABLE program (
    program_id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    executable TEXT NOT NULL, -- path; empty: not known
    uid INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- 0 program, 1 kernel thread, 2 all programs the user may not see, 3 overflow
    UNIQUE (name, executable, uid, kind)
) STRICT
--;
CREATE TABLE remote (
    remote_id INTEGER NOT NULL PRIMARY KEY,
    address BLOB NOT NULL UNIQUE CHECK (length(address) IN (0, 16)) -- network order, IPv4 v4-mapped; empty: not known
) STRICT
--;
-- In the order of the commonest question, one program over a time, which is so read from neighbouring pages.
CREATE TABLE usage_minute (
    program_id INTEGER NOT NULL REFERENCES program,
    minute_utc INTEGER NOT NULL, -- minutes since 1970
    remote_id INTEGER NOT NULL REFERENCES remote,
    protocol INTEGER NOT NULL, -- IPPROTO_*
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    PRIMARY KEY (program_id, minute_utc, remote_id, protocol)
) WITHOUT ROWID, STRICT
