-- One row a number that one side lacks although it reports its coordinate.
--
-- A recording of two pixels reports these two, a log that prints source 0
-- alone that one: what lies beyond is not compared, and not missing.
--
-- Columns
-- tap, tap_order         the tap, program order on the expected side
-- missing                the side that lacks it
-- side, tap_id, ordinal  where it is stored on the side that has it
CREATE OR REPLACE MACRO _missing(lone) AS TABLE
SELECT u.tap, u.tap_order, u.missing, u.side, u.tap_id, u.ordinal
FROM query_table(lone) AS u
ANTI JOIN reach_limit AS l ON l.pair = u.pair AND l.missing = u.missing
WHERE u.partners = 1
UNION ALL
SELECT tap, min(tap_order), missing, side, tap_id, ordinal
FROM (
    SELECT
        u.tap, u.tap_order, u.missing, u.side, u.tap_id, u.ordinal, u.pair
    FROM query_table(lone) AS u
    JOIN reach_limit AS l ON l.pair = u.pair AND l.missing = u.missing
    JOIN reach_place AS p ON p.number = l.number
        AND p.place = partial_ordinal(u.ordinal, l.axes)
    GROUP BY ALL
    HAVING count(*) = any_value(l.limits)
    UNION ALL
    SELECT
        u.tap, u.tap_order, u.missing, u.side, u.tap_id, u.ordinal, u.pair
    FROM query_table(lone) AS u
    ANTI JOIN reach_limit AS l ON l.pair = u.pair AND l.missing = u.missing
    WHERE u.partners > 1
)
GROUP BY tap, missing, side, tap_id, ordinal;

CREATE OR REPLACE VIEW missing AS FROM _missing('unmatched');
