-- One row a pixel at which something diverged: what diverged there first.
--
-- What has no pixel stands in a row of its own, with slow and fast NULL.
--
-- Columns
-- slow, fast        the pixel
-- tap               the first tap in program order that diverged there
-- actual, expected  its first numbers that differ, NULL for texts
-- class             what kind of pair they are (see judged)
-- abs_error, rel_error, ulps  how far apart
-- taps              how many taps diverged at this pixel
CREATE OR REPLACE VIEW _met_unstacked AS
FROM _met_by_key UNION ALL BY NAME FROM _met_beside;

CREATE OR REPLACE VIEW _aligned_beside AS FROM _aligned('_met_unstacked');

CREATE OR REPLACE VIEW _judged_beside AS FROM _judged('_aligned_beside');

CREATE OR REPLACE VIEW _beside AS
FROM query_table(getvariable('beside'));

CREATE OR REPLACE MACRO first_by_pixel() AS TABLE
WITH first AS (
    SELECT
        slow, fast, arg_min({
            'number': number, 'tap': tap, 'actual': actual,
            'expected': expected, 'class': class, 'abs_error': abs_error,
            'rel_error': rel_error, 'ulps': ulps
        }, {'number': number, 'coordinate': coordinate}) AS first,
        count(DISTINCT number) AS taps
    FROM _located('_beside')
    WHERE NOT close
    GROUP BY slow, fast
),
beside AS (SELECT slow, fast, unnest(first), taps FROM first),
-- images that lie over each other have their first already
stacked AS (
    SELECT
        slow, fast, number, tap::VARCHAR AS tap, actual, expected,
        CASE WHEN isnan(actual) OR isnan(expected) THEN 'nan mismatch'
            ELSE 'number' END AS class,
        CASE class WHEN 'number' THEN abs(actual - expected) END AS abs_error,
        CASE WHEN isinf(abs_error) THEN abs_error
            ELSE abs_error / abs(expected) END AS rel_error,
        ulp_distance(actual, expected, precision) AS ulps, taps
    FROM _stacked_first
),
met AS (
    SELECT
        coalesce(s.slow, b.slow) AS slow, coalesce(s.fast, b.fast) AS fast,
        unnest(CASE WHEN s.number < b.number OR b.number IS NULL
            THEN struct_pack(s.number, s.tap, s.actual, s.expected, s.class,
                s.abs_error, s.rel_error, s.ulps)
            ELSE struct_pack(b.number, b.tap, b.actual, b.expected, b.class,
                b.abs_error, b.rel_error, b.ulps)
        END),
        coalesce(s.taps, 0) + coalesce(b.taps, 0) AS taps
    FROM stacked AS s
    FULL JOIN beside AS b ON b.slow = s.slow AND b.fast = s.fast
)
SELECT * EXCLUDE (number)
FROM (
    -- without other taps that have pixels these are in order already
    FROM (
        FROM beside
        WHERE getvariable('only_stacked')
        ORDER BY slow NULLS FIRST, fast NULLS FIRST
    )
    UNION ALL
    FROM stacked WHERE getvariable('only_stacked')
    UNION ALL
    FROM (
        FROM met
        WHERE NOT getvariable('only_stacked')
        ORDER BY slow NULLS FIRST, fast NULLS FIRST
    )
);
