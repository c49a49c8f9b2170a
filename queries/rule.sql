-- One row a tap's name: the rule of the policy that applies to it.
--
-- Of several rules that fit the name, as it stands or as a pattern, the last
-- one counts. What fits a tap fits the statistics of it, NAME.max and the like,
-- as far as they are compared element by element.
--
-- Columns
-- tap          the tap
-- rtol         relative tolerance; NULL takes the one of the tap's type
-- atol         absolute tolerance
-- max_ulps     units in the last place that are close too, NULL for none
-- relative_to  "vector": rtol is of the vector's largest component;
--              "element": of the element itself
-- need         required, optional or ignored; NULL if it doesn't say
-- compare      "element", or "distribution" (see distributions)
-- significance  of the comparison of distributions
-- reason       why this bound
-- origin       file:line of the rule, or "default"
CREATE OR REPLACE TABLE rule AS
WITH fitting AS (
    SELECT t.name AS tap, max(r.position) AS position
    FROM (
        SELECT DISTINCT
            name, CASE WHEN family = 'statistic'
                THEN regexp_replace(name, '\.\w+$', '') END AS of_tap
        FROM trace_tap
        WHERE side IN ('actual', 'expected')
    ) AS t
    JOIN policy_rule AS r ON t.name = r.pattern OR t.name GLOB r.pattern
        OR (r.compare = 'element'
            AND (t.of_tap = r.pattern OR t.of_tap GLOB r.pattern))
    GROUP BY t.name
)
SELECT
    f.tap, r.rtol, r.atol, r.max_ulps, r.relative_to, r.need, r.compare,
    r.significance, r.reason, r.origin
FROM fitting AS f
JOIN policy_rule AS r USING (position);
