-- One row a tap: do two runs of one program agree to the last bit?
--
-- For determinism, and for before and after a change. -0 beside 0 and two NaN
-- of different bits are changes here; tolerances play no part. The bits are
-- those of the numbers as DOUBLE, which holds every narrower type exactly.
--
-- Columns
-- tap       the tap
-- compared  numbers and texts that both runs have
-- changed   how many of them have other bits
-- max_ulps  most units in the last place between two of them
-- first_slow, first_fast  the first pixel at which one changed
CREATE OR REPLACE MACRO changed_bits() AS TABLE
WITH told AS (
    SELECT
        number, tap, slow, fast, ulps,
        {'coordinate': coordinate, 'pair': pair} AS place,
        CASE
            WHEN actual_exact IS NOT NULL OR expected_exact IS NOT NULL
                THEN actual_exact IS DISTINCT FROM expected_exact
            WHEN actual IS NULL OR expected IS NULL
                THEN actual_text IS DISTINCT FROM expected_text
            ELSE actual::BIT <> expected::BIT
        END AS changed
    FROM located
)
SELECT
    tap, count(*) AS compared, count(*) FILTER (changed) AS changed,
    max(ulps) AS max_ulps,
    arg_min(slow, place) FILTER (changed) AS first_slow,
    arg_min(fast, place) FILTER (changed) AS first_fast
FROM told
GROUP BY number, tap
ORDER BY number;
