-- One row a tap of a side of which numbers have no counterpart.
--
-- Columns
-- tap, tap_order  the tap, program order on the expected side
-- lacking         the side that lacks numbers
-- side, tap_id    the tap that has them
-- unmatched       how many numbers have no counterpart
-- missing         how many of these the other side should have, as it
--                 reports their coordinates
-- first           the ordinal of the first of them, NULL if there are none
CREATE OR REPLACE VIEW _hole AS
WITH counted AS (
    SELECT
        tap, min(tap_order) AS tap_order, missing AS lacking, side, tap_id,
        count(*) FILTER (partners = 1)
        + count(DISTINCT ordinal) FILTER (partners > 1) AS unmatched
    FROM _unmatched_by_key
    GROUP BY tap, missing, side, tap_id
),
required AS (
    SELECT side, tap_id, count(*) AS missing, min(ordinal) AS first
    FROM _missing('_unmatched_by_key')
    GROUP BY side, tap_id
)
SELECT
    c.*, coalesce(r.missing, 0) AS missing, r.first
FROM counted AS c
LEFT JOIN required AS r ON r.side = c.side AND r.tap_id = c.tap_id
UNION ALL
FROM _looked_up_hole;

-- where each number has a counterpart
CREATE OR REPLACE VIEW _no_hole AS
SELECT
    NULL::VARCHAR AS tap, NULL::BIGINT AS tap_order, NULL::VARCHAR AS lacking,
    NULL::VARCHAR AS side, NULL::BIGINT AS tap_id, NULL::BIGINT AS unmatched,
    NULL::BIGINT AS missing, NULL::BIGINT AS first
WHERE FALSE;

CREATE OR REPLACE VIEW hole AS FROM query_table(getvariable('holes'));
