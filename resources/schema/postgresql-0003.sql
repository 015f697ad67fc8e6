-- SPDX-License-Identifier: MIT
-- The totals of 0003.sql. Each machine makes those of its older history when it next records: one that still runs
-- an earlier version writes none.
ALTER TABLE host ADD COLUMN has_totals BOOLEAN NOT NULL DEFAULT false
--;
ALTER TABLE progress ADD COLUMN month_ceiling_utc_s BIGINT NOT NULL DEFAULT -4611686018427387904
--;
CREATE TABLE total_minute (
    host_id BIGINT NOT NULL,
    program_id BIGINT NOT NULL,
    start_utc_s BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    rx_payload_bytes BIGINT NOT NULL,
    tx_payload_bytes BIGINT NOT NULL,
    rx_network_bytes BIGINT,
    tx_network_bytes BIGINT,
    rx_packets BIGINT,
    tx_packets BIGINT,
    retransmitted_segments BIGINT,
    PRIMARY KEY (host_id, program_id, start_utc_s, channel_id)
)
--;
CREATE TABLE total_hour (LIKE total_minute INCLUDING INDEXES)
--;
CREATE TABLE total_day (LIKE total_minute INCLUDING INDEXES)
--;
CREATE TABLE total_month (LIKE total_minute INCLUDING INDEXES)
