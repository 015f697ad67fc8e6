-- SPDX-License-Identifier: MIT
-- What a program moved in a bucket over any remote and port: the sums of its usage rows by channels of port 0.
-- Few rows, which answer whatever is not asked of remotes. The program makes those of older history.
--
-- Usage is added up by month when the month is over, for its rows lie too far apart to write some every minute;
-- month_ceiling_utc_s is the first month that is not.
ALTER TABLE progress ADD COLUMN month_ceiling_utc_s INTEGER NOT NULL DEFAULT -4611686018427387904
--;
CREATE TABLE total_minute (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, channel_id)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE total_hour (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, channel_id)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE total_day (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, channel_id)
) WITHOUT ROWID, STRICT
--;
CREATE TABLE total_month (
    program_id INTEGER NOT NULL,
    start_utc_s INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rx_payload_bytes INTEGER NOT NULL,
    tx_payload_bytes INTEGER NOT NULL,
    rx_network_bytes INTEGER,
    tx_network_bytes INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    retransmitted_segments INTEGER,
    PRIMARY KEY (program_id, start_utc_s, channel_id)
) WITHOUT ROWID, STRICT
