-- One row a tap, or a component of it, whose policy says compare =
-- "distribution": do both sides draw from the same one?
--
-- For stochastic taps, whose numbers need not agree one by one, nor be as
-- many. The verdict rests on the Kolmogorov-Smirnov distance, which is made of
-- counts: the largest difference between the two sides' fractions of numbers
-- up to any value. Two sets of n and m numbers of one distribution are allowed
--     sqrt(-log(significance / 2) / 2 * (n + m) / (n * m)),
-- which they pass in a fraction of about the significance of all cases. NaN
-- counts as larger than infinity, so that a side that has more of them is
-- farther away; one side alone must not have any, nor infinities.
--
-- Columns
-- tap, component  the tap and its component's name or place, or NULL
-- actual_numbers, expected_numbers      finite numbers
-- actual_not_finite, expected_not_finite  NaN and infinities
-- actual_mean, expected_mean      their means
-- actual_spread, expected_spread  their standard deviations
-- distance   the Kolmogorov-Smirnov distance
-- allowed    the distance that is allowed
-- close      whether they are close; units that don't convert never are
-- why        why they are not close, NULL where they are
-- vacuous    there are too few numbers for any distance to be too large
-- unit       of the numbers
-- significance, reason, origin  the rule, why, and where it stands
CREATE OR REPLACE VIEW _distribution AS
WITH unit AS (
    SELECT
        a.name AS tap, any_value(e.unit) AS unit,
        any_value(u.factor) AS factor, any_value(u.shift) AS shift,
        bool_or(a.unit <> e.unit AND u.factor IS NULL) AS unlike
    FROM trace_tap AS a
    JOIN trace_tap AS e ON e.name = a.name AND e.side = 'expected'
    LEFT JOIN unit_factor AS u
        ON u.actual_unit = a.unit AND u.expected_unit = e.unit
    WHERE a.side = 'actual'
    GROUP BY a.name
),
drawn AS (
    SELECT
        r.tap, coalesce(e.label, e.component::VARCHAR) AS component,
        e.component AS place, e.side, CASE e.side WHEN 'actual'
            THEN e.value * coalesce(u.factor, 1) + coalesce(u.shift, 0)
            ELSE e.value END AS value
    FROM element AS e
    JOIN rule AS r ON r.tap = e.tap AND r.compare = 'distribution'
        AND r.need IS DISTINCT FROM 'ignored'
    JOIN unit AS u ON u.tap = r.tap
    WHERE e.side IN ('actual', 'expected') AND e.value IS NOT NULL
),
described AS (
    SELECT
        tap, component, any_value(place) AS place,
        count(*) FILTER (side = 'actual' AND isfinite(value))
            AS actual_numbers,
        count(*) FILTER (side = 'expected' AND isfinite(value))
            AS expected_numbers,
        count(*) FILTER (side = 'actual' AND NOT isfinite(value))
            AS actual_not_finite,
        count(*) FILTER (side = 'expected' AND NOT isfinite(value))
            AS expected_not_finite,
        avg(value ORDER BY value)
            FILTER (side = 'actual' AND isfinite(value)) AS actual_mean,
        avg(value ORDER BY value)
            FILTER (side = 'expected' AND isfinite(value)) AS expected_mean,
        stddev_samp(value ORDER BY value)
            FILTER (side = 'actual' AND isfinite(value)) AS actual_spread,
        stddev_samp(value ORDER BY value)
            FILTER (side = 'expected' AND isfinite(value)) AS expected_spread
    FROM drawn
    GROUP BY tap, component
),
counted AS (
    SELECT
        tap, component,
        count(*) FILTER (side = 'actual') OVER below AS actual_below,
        count(*) FILTER (side = 'expected') OVER below AS expected_below
    FROM drawn
    WINDOW below AS (PARTITION BY tap, component ORDER BY value)
),
sized AS (
    SELECT
        *, actual_numbers + actual_not_finite AS actual_size,
        expected_numbers + expected_not_finite AS expected_size
    FROM described
),
apart AS (
    SELECT
        c.tap, c.component, max(abs(
            c.actual_below / d.actual_size - c.expected_below / d.expected_size
        )) AS distance
    FROM counted AS c
    JOIN sized AS d ON d.tap = c.tap
        AND d.component IS NOT DISTINCT FROM c.component
    WHERE d.actual_size > 0 AND d.expected_size > 0
    GROUP BY c.tap, c.component
),
bounded AS (
    SELECT
        d.*, a.distance, r.significance, r.reason, r.origin, u.unit, u.unlike,
        sqrt(-ln(r.significance / 2) / 2 * (1 / d.actual_size
            + 1 / d.expected_size)) AS allowed
    FROM sized AS d
    JOIN rule AS r ON r.tap = d.tap
    JOIN unit AS u ON u.tap = d.tap
    LEFT JOIN apart AS a ON a.tap = d.tap
        AND a.component IS NOT DISTINCT FROM d.component
),
explained AS (
    SELECT
        *, CASE
            WHEN unlike THEN 'the units don''t convert'
            WHEN actual_size = 0 THEN 'the actual side has no number'
            WHEN expected_size = 0 THEN 'the expected side has no number'
            WHEN actual_not_finite > 0 AND expected_not_finite = 0
                THEN format('{} NaN or infinite on the actual side only',
                    actual_not_finite)
            WHEN actual_not_finite = 0 AND expected_not_finite > 0
                THEN format('{} NaN or infinite on the expected side only',
                    expected_not_finite)
            WHEN NOT coalesce(distance <= allowed, FALSE)
                THEN 'another distribution'
        END AS why
    FROM bounded
)
SELECT
    b.tap, b.component, b.actual_numbers, b.expected_numbers,
    b.actual_not_finite, b.expected_not_finite, b.actual_mean,
    b.expected_mean, b.actual_spread, b.expected_spread, b.distance,
    b.allowed, b.why IS NULL AS close, b.why,
    coalesce(b.allowed >= 1, TRUE) AS vacuous, b.unit, b.significance,
    b.reason, b.origin
FROM explained AS b
JOIN tap_number AS n ON n.tap = b.tap
ORDER BY n.number, b.place;

CREATE OR REPLACE VIEW _distribution_rule AS
FROM rule WHERE compare = 'distribution';

-- what verdict reads where there is no such rule
CREATE OR REPLACE VIEW _no_distribution AS
SELECT NULL::BOOLEAN AS close, NULL::BOOLEAN AS vacuous WHERE FALSE;

CREATE OR REPLACE MACRO distributions() AS TABLE
FROM query_table(getvariable('drawn'));
