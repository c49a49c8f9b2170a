-- One row a tap of one of the two sides: must the other side have it?
--
-- side         which side has the tap
-- tap          its name
-- tap_order    program order on that side
-- covered      the other side's recording was not limited to other taps
-- declared     the other side can report it (any recording can; a log only
--              what its dialect declares)
-- need         required, optional or ignored: the policy's word, else the
--              weaker one of both sides
CREATE OR REPLACE TABLE need AS
WITH tap AS (
    SELECT
        side, name AS tap, min("order") AS tap_order,
        max(CASE need WHEN 'ignored' THEN 2 WHEN 'optional' THEN 1 ELSE 0 END)
            AS weakness,
        CASE side WHEN 'actual' THEN 'expected' ELSE 'actual' END AS other
    FROM trace_tap
    WHERE side IN ('actual', 'expected')
    GROUP BY side, name
),
declared AS (
    SELECT
        side, name,
        max(CASE need WHEN 'ignored' THEN 2 WHEN 'optional' THEN 1 ELSE 0 END)
            AS weakness
    FROM trace_declared
    GROUP BY side, name
),
policy AS (
    SELECT t.side, t.tap, arg_max(r.need, r.position) AS need
    FROM tap AS t
    JOIN policy_rule AS r ON t.tap GLOB r.pattern AND r.need IS NOT NULL
    GROUP BY t.side, t.tap
)
SELECT
    t.side, t.tap, t.tap_order,
    len(r.selected_taps) = 0 OR len(list_filter(
        r.selected_taps, lambda x: t.tap GLOB x
    )) > 0 AS covered,
    NOT r.declares OR d.name IS NOT NULL AS declared,
    coalesce(p.need, CASE greatest(t.weakness, coalesce(d.weakness, 0))
        WHEN 2 THEN 'ignored' WHEN 1 THEN 'optional' ELSE 'required'
    END) AS need
FROM tap AS t
JOIN trace_run AS r ON r.side = t.other
LEFT JOIN declared AS d ON d.side = t.other AND d.name = t.tap
LEFT JOIN policy AS p ON p.side = t.side AND p.tap = t.tap;
