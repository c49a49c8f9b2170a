-- One row a number of a tap that both sides have, at a coordinate that only
-- one of them has.
--
-- Where several taps of the other side meet this one, the number has no
-- counterpart in any of them; it has then one row for each.
--
-- Columns
-- pair, tap, tap_order   the pair of taps
-- missing                the side that lacks it
-- side, tap_id, ordinal  where it is stored on the side that has it
-- partners               how many taps of the other side meet this one
CREATE OR REPLACE VIEW _unmatched_by_key AS
WITH comparable AS (
    SELECT
        *, count(*) OVER (PARTITION BY actual_tap) AS actual_partners,
        count(*) OVER (PARTITION BY expected_tap) AS expected_partners
    FROM pair
    WHERE problem IS NULL
),
actual AS (
    SELECT
        p.pair, p.tap, p.tap_order, 'expected' AS missing, e.side, e.tap_id,
        e.ordinal, p.actual_partners AS partners, element_key(
            e.ordinal, p.actual_same, p.actual_axes, p.actual_orders
        ) AS key
    FROM key_element AS e
    JOIN comparable AS p ON e.tap_id = p.actual_tap
    ANTI JOIN by_position AS b ON b.pair = p.pair
    WHERE e.side = 'actual'
),
expected AS (
    SELECT
        p.pair, p.tap, p.tap_order, 'actual' AS missing, e.side, e.tap_id,
        e.ordinal, p.expected_partners AS partners, element_key(
            e.ordinal, p.expected_same, p.expected_axes, p.expected_orders
        ) AS key
    FROM key_element AS e
    JOIN comparable AS p ON e.tap_id = p.expected_tap
    ANTI JOIN by_position AS b ON b.pair = p.pair
    WHERE e.side = 'expected'
),
alone AS (
    FROM actual AS a ANTI JOIN expected AS e ON e.pair = a.pair
        AND e.key = a.key
    UNION ALL
    FROM expected AS e ANTI JOIN actual AS a ON a.pair = e.pair
        AND a.key = e.key
)
SELECT * EXCLUDE (key) FROM alone WHERE partners = 1
UNION ALL
SELECT * EXCLUDE (key) FROM alone WHERE partners > 1
QUALIFY count(*) OVER (PARTITION BY side, tap_id, ordinal) = partners;

CREATE OR REPLACE VIEW unmatched AS
FROM _unmatched_by_key
UNION ALL
SELECT
    p.pair, p.tap, p.tap_order, b.few AS missing, e.side, e.tap_id,
    e.ordinal, 1 AS partners
FROM trace_element AS e
JOIN by_lookup AS b ON e.side = b.many AND e.tap_id = b.many_tap
JOIN pair AS p ON p.pair = b.pair
ANTI JOIN _looked_up AS l ON l.side = e.side AND l.tap_id = e.tap_id
    AND l.ordinal = e.ordinal;
