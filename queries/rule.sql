-- One row a pair: the tolerance that applies, and where it was set.
--
-- Of several rules whose pattern fits the tap's name the last one counts.
--
-- pair         the pair
-- rtol, atol   relative and absolute tolerance
-- max_ulps     units in the last place that are close too, NULL for none
-- relative_to  "vector": rtol is of the vector's largest component;
--              "element": of the element itself
-- need         required, optional or ignored by the policy; NULL if it
--              doesn't say
-- reason       why this bound
-- origin       file:line of the rule, or "default"
CREATE OR REPLACE TABLE rule AS
WITH fitting AS (
    SELECT p.pair, p.precision, max(r.position) AS position
    FROM pair AS p
    JOIN policy_rule AS r ON p.tap GLOB r.pattern
    GROUP BY p.pair, p.precision
)
SELECT
    f.pair,
    coalesce(r.rtol, CASE f.precision
        WHEN 53 THEN 1e-9 WHEN 24 THEN 1e-5 WHEN 11 THEN 1e-3 ELSE 1e-2
    END)::DOUBLE AS rtol,
    r.atol::DOUBLE AS atol, r.max_ulps::BIGINT AS max_ulps, r.relative_to,
    r.need, r.reason, r.origin
FROM fitting AS f
JOIN policy_rule AS r USING (position);
