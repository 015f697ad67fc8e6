-- SPDX-License-Identifier: MIT
-- Roll-ups, flows in full, and where the journal was read to. Each usage row is the sum over one flow and one
-- bucket; buckets are those of BucketCalendar, named by their first second since 1970 UTC. Columns of network
-- figures are NULL together: not known for all of the row. The rows of the first form are moved by the program.
ALTER TABLE usage_minute RENAME TO usage_minute_1
--;
ALTER TABLE program RENAME TO program_1
--;
ALTER TABLE remote RENAME TO remote_1
--;
CREATE TABLE program (
    program_id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    executable TEXT NOT NULL, -- path; empty: not known
    uid INTEGER NOT NULL,
    cgroup_path TEXT NOT NULL, -- without numbers that differ from launch to launch; empty: not known
    kind INTEGER NOT NULL, -- 0 program, 1 kernel thread, 2 all programs the user may not see, 3 overflow
    UNIQUE (name, executable, uid, cgroup_path, kind)
) STRICT
--;
CREATE TABLE remote (
    remote_id INTEGER NOT NULL PRIMARY KEY,
    -- network order, IPv4 v4-mapped; empty: not known; one byte: the many small ones of a time long past, as one
    address BLOB NOT NULL UNIQUE CHECK (length(address) IN (0, 1, 16))
) STRICT
--;
INSERT INTO remote (remote_id, address) VALUES (0, x'00')
--;
CREATE TABLE interface (
    interface_id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE -- empty: not known
) STRICT
--;
CREATE TABLE channel (
    channel_id INTEGER NOT NULL PRIMARY KEY,
    protocol INTEGER NOT NULL, -- IPPROTO_*
    service_port INTEGER NOT NULL, -- 0: none, or no longer told apart
    direction INTEGER NOT NULL, -- 0 unknown, 1 outgoing, 2 incoming
    interface_id INTEGER NOT NULL REFERENCES interface,
    UNIQUE (protocol, service_port, direction, interface_id)
) STRICT
--;
-- In the order of the commonest question, one program over a time, which is so read from neighbouring pages.
CREATE TABLE usage_minute (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    remote_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, remote_id, channel_id)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE usage_hour (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    remote_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, remote_id, channel_id)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE usage_day (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    remote_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, remote_id, channel_id)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE usage_month (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    remote_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, remote_id, channel_id)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE interface_minute (
    interface_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    rx_counter_bytes INTEGER NOT NULL,
    tx_counter_bytes INTEGER NOT NULL,
    rx_remainder_bytes INTEGER NOT NULL, -- the counter less the sum over flows
    tx_remainder_bytes INTEGER NOT NULL,
    PRIMARY KEY (interface_id, start_utc_s)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE not_measured (
    begin_utc_s INTEGER NOT NULL,
    reason INTEGER NOT NULL, -- 0 helper off, 1 suspended, 2 clock step
    end_utc_s INTEGER NOT NULL,
    PRIMARY KEY (begin_utc_s, reason)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE journal_cursor (
    journal_id BLOB NOT NULL PRIMARY KEY CHECK (length(journal_id) = 16),
    number INTEGER NOT NULL, -- of the last record that is stored
    sequence INTEGER NOT NULL UNIQUE -- the journal last read has the highest
) WITHOUT ROWID, STRICT
--;
-- Exports that were read in, which are not read twice.
CREATE TABLE imported (
    export_id BLOB NOT NULL PRIMARY KEY CHECK (length(export_id) = 16)
) WITHOUT ROWID, STRICT
--;
-- Days are told by this zone from that moment on.
CREATE TABLE zone_change (
    since_utc_s INTEGER NOT NULL PRIMARY KEY,
    zone TEXT NOT NULL -- name of the IANA database
) STRICT
--;
-- How far history was received, thinned out and folded.
CREATE TABLE progress (
    newest_minute_utc_s INTEGER, -- NULL: nothing is stored
    minute_floor_utc_s INTEGER NOT NULL, -- older minutes are gone
    hour_floor_utc_s INTEGER NOT NULL,
    hour_fold_utc_s INTEGER NOT NULL, -- in older hours the small remotes are one
    day_fold_utc_s INTEGER NOT NULL,
    month_fold_utc_s INTEGER NOT NULL,
    salvaged_utc_s INTEGER NOT NULL, -- what is older may miss rows: it was saved from a damaged file
    swept_utc_s INTEGER NOT NULL -- when remotes that no row names were last dropped
) STRICT
--;
INSERT INTO progress VALUES (NULL, -4611686018427387904, -4611686018427387904, -4611686018427387904,
    -4611686018427387904, -4611686018427387904, -4611686018427387904, -4611686018427387904)
