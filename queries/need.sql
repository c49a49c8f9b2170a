-- One row a tap of one of the two sides: must the other side have it?
--
-- Columns
-- side       which side has the tap
-- tap        its name
-- tap_order  program order on that side
-- covered    the other side's recording was not limited to other taps; nor is
--            it a statistic, which no side has to make
-- declared   the other side can report it (any recording can; a log only
--            what its dialect declares)
-- need       required, optional or ignored: the policy's word, else the
--            weaker one of both sides. Where several kinds of line print the
--            name, the strongest of them speaks for its side.
CREATE OR REPLACE TABLE need AS
WITH stated AS (
    SELECT
        side, name AS tap, min("order") AS tap_order,
        bool_and(family = 'statistic') AS made,
        min(list_position(['required', 'optional', 'ignored'], need)) AS weak
    FROM trace_tap
    WHERE side IN ('actual', 'expected')
    GROUP BY side, name
),
declared AS (
    SELECT
        side, name AS tap,
        min(list_position(['required', 'optional', 'ignored'], need)) AS weak
    FROM trace_declared
    GROUP BY side, name
)
SELECT
    s.side, s.tap, s.tap_order,
    NOT s.made AND (len(o.selected_taps) = 0 OR len(list_filter(
        o.selected_taps, lambda x: s.tap = x OR s.tap GLOB x
    )) > 0) AS covered,
    NOT o.declares OR d.tap IS NOT NULL AS declared,
    coalesce(r.need, ['required', 'optional', 'ignored'][
        greatest(s.weak, coalesce(t.weak, 1), coalesce(d.weak, 1))
    ]) AS need
FROM stated AS s
JOIN trace_run AS o ON o.side <> s.side AND o.side IN ('actual', 'expected')
LEFT JOIN stated AS t ON t.side = o.side AND t.tap = s.tap
LEFT JOIN declared AS d ON d.side = o.side AND d.tap = s.tap
LEFT JOIN rule AS r ON r.tap = s.tap;
