-- One row a kind of error that is a number in the wrong place, by tap: swapped,
-- reversed or rotated axes, a shifted or a fixed index, permuted components.
--
-- The actual number must be the expected one of another place, for all numbers
-- that were tried (see kind_sample) and that have such a place, at least half
-- of them, with two values that differ. Where one index of an axis explains
-- all of them, shifting or reversing it, which may do so too, is no kind.
--
-- Columns
-- pair      the pair of taps
-- kind      see error_kinds
-- evidence  what proves it
-- numbers   how many numbers show it
CREATE OR REPLACE MACRO _index(axis, ordinal) AS
    ordinal // axis.stride % axis.extent;

CREATE OR REPLACE MACRO _number(e) AS
    coalesce(e."float", e."integer"::DOUBLE, e."unsigned"::DOUBLE);

-- where a move takes the number of a place from: along each of two axes an
-- index that grows with it (times = 1), falls (-1) or is one for all (0)
CREATE OR REPLACE MACRO _place(m, ordinal) AS
    CASE
        WHEN m.times * _index(m.read, ordinal) + m.plus
                BETWEEN 0 AND m.axis.extent - 1
            AND m.other_times * _index(m.other_read, ordinal) + m.other_plus
                BETWEEN 0 AND m.other.extent - 1
        THEN ordinal
            + m.axis.stride * (m.times * _index(m.read, ordinal) + m.plus
                - _index(m.axis, ordinal))
            + m.other.stride * (m.other_times * _index(m.other_read, ordinal)
                + m.other_plus - _index(m.other, ordinal))
    END;

CREATE OR REPLACE MACRO _index_said(dim, times, shift) AS
    CASE times
        WHEN -1 THEN 'last - ' || dim
        WHEN 0 THEN CASE shift WHEN 0 THEN 'first ' ELSE 'last ' END || dim
        ELSE dim || CASE sign(shift) WHEN 0 THEN ''
            WHEN 1 THEN ' + ' || shift ELSE ' - ' || -shift END
    END;

CREATE OR REPLACE VIEW kind_by_place AS
WITH tried AS (
    SELECT DISTINCT pair, expected_tap FROM kind_sample
),
axis AS (
    SELECT t.pair, unnest(x.axes) AS axis
    FROM tried AS t
    JOIN tap_axes AS x ON x.side = 'expected' AND x.tap_id = t.expected_tap
),
coordinate AS (
    FROM axis WHERE axis.dim <> 'component' AND axis.extent > 1
),
along AS (
    SELECT
        pair, kind, axis, axis AS read, times, CASE
            WHEN times = 1 THEN shift WHEN kind = 'reversed axis'
                OR shift = 1 THEN axis.extent - 1 ELSE 0
        END AS plus,
        {'dim': '', 'stride': 1, 'extent': 1, 'origin': 0} AS other,
        other AS other_read, 0 AS other_times, 0 AS other_plus,
        format('actual[{}] = expected[{}]', axis.dim,
            _index_said(axis.dim, times, shift)) AS evidence
    FROM coordinate
    CROSS JOIN (VALUES
        ('shifted index', 1, -2), ('shifted index', 1, -1),
        ('shifted index', 1, 1), ('shifted index', 1, 2),
        ('reversed axis', -1, 0), ('fixed index', 0, 0), ('fixed index', 0, 1)
    ) AS k(kind, times, shift)
),
across AS (
    SELECT
        a.pair, kind, a.axis, CASE WHEN swap THEN b.axis ELSE a.axis END
            AS read, times,
        CASE WHEN times = -1 THEN a.axis.extent - 1 ELSE shift END
            + CASE WHEN swap THEN times * (b.axis.origin - a.axis.origin)
                ELSE 0 END AS plus,
        b.axis AS other, CASE WHEN swap THEN a.axis ELSE b.axis END
            AS other_read, other_times,
        CASE WHEN other_times = -1 THEN b.axis.extent - 1 ELSE other_shift END
            + CASE WHEN swap THEN other_times * (a.axis.origin
                - b.axis.origin) ELSE 0 END AS other_plus,
        format('actual[{}, {}] = expected[{}, {}]', a.axis.dim, b.axis.dim,
            _index_said(CASE WHEN swap THEN b.axis.dim ELSE a.axis.dim END,
                times, shift),
            _index_said(CASE WHEN swap THEN a.axis.dim ELSE b.axis.dim END,
                other_times, other_shift)) AS evidence
    FROM coordinate AS a
    JOIN coordinate AS b ON b.pair = a.pair AND a.axis.stride > b.axis.stride
    CROSS JOIN (VALUES
        ('swapped axes', TRUE, 1, 1, 0, 0),
        ('swapped axes', TRUE, -1, -1, 0, 0),
        ('rotated axes', TRUE, 1, -1, 0, 0),
        ('rotated axes', TRUE, -1, 1, 0, 0),
        ('reversed axes', FALSE, -1, -1, 0, 0),
        ('shifted index', FALSE, 1, 1, -1, -1),
        ('shifted index', FALSE, 1, 1, -1, 1),
        ('shifted index', FALSE, 1, 1, 1, -1),
        ('shifted index', FALSE, 1, 1, 1, 1)
    ) AS k(kind, swap, times, other_times, shift, other_shift)
),
-- component i of one side is component j of the other, or minus it
component AS (
    SELECT
        t.pair, 'component' AS kind,
        {'dim': '', 'stride': 1, 'extent': p.expected_size, 'origin': 0}
            AS axis, axis AS read, 0 AS times, j AS plus,
        {'dim': '', 'stride': 1, 'extent': 1, 'origin': 0} AS other,
        other AS other_read, 0 AS other_times, 0 AS other_plus,
        '' AS evidence, i, j, sign
    FROM tried AS t
    JOIN pair AS p ON p.pair = t.pair AND p.expected_size BETWEEN 2 AND 16
        AND p.actual_size = p.expected_size
    CROSS JOIN range(16) AS i(i)
    CROSS JOIN range(16) AS j(j)
    CROSS JOIN (VALUES (1), (-1)) AS sign(sign)
    WHERE i < p.expected_size AND j < p.expected_size
),
move AS MATERIALIZED (
    SELECT row_number() OVER () AS move, pair, kind, evidence, i, j,
        coalesce(sign, 1) AS sign, {
            'axis': axis, 'read': read, 'times': times, 'plus': plus,
            'other': other, 'other_read': other_read,
            'other_times': other_times, 'other_plus': other_plus
        } AS way
    FROM (
        FROM along
        UNION ALL BY NAME FROM across
        UNION ALL BY NAME FROM component
    )
),
-- a few numbers rule out nearly all of them
claim AS MATERIALIZED (
    SELECT s.*, m.move, m.sign, _place(m.way, s.expected_ordinal) AS place
    FROM kind_sample AS s
    JOIN move AS m USING (pair)
    WHERE s.few AND (m.i IS NULL OR _index(m.way.axis, s.expected_ordinal)
        = m.i)
),
refuted AS (
    SELECT DISTINCT c.move
    FROM trace_element AS e
    JOIN claim AS c ON e.side = 'expected' AND e.tap_id = c.expected_tap
        AND e.ordinal = c.place
    WHERE NOT _same(c.actual, c.sign * _number(e), c.half_place, c.rtol)
),
likely AS MATERIALIZED (
    SELECT
        s.*, m.* EXCLUDE (pair, way), _place(m.way, s.expected_ordinal)
            AS place
    FROM kind_sample AS s
    JOIN (FROM move ANTI JOIN refuted USING (move)) AS m USING (pair)
    WHERE m.i IS NULL OR _index(m.way.axis, s.expected_ordinal) = m.i
),
met AS (
    SELECT
        c.*, _same(c.actual, c.sign * _number(e), c.half_place, c.rtol)
            AS same
    FROM trace_element AS e
    JOIN likely AS c ON e.side = 'expected'
        AND e.tap_id = c.expected_tap AND e.ordinal = c.place
),
shown AS (
    SELECT pair, kind, evidence, count(*) AS numbers
    FROM met
    WHERE kind <> 'component'
    GROUP BY pair, kind, evidence
    HAVING bool_and(same) AND 2 * count(*) >= any_value(of)
        AND min(actual) <> max(actual)
    QUALIFY kind = 'fixed index' OR NOT bool_or(kind = 'fixed index')
        OVER (PARTITION BY pair)
),
exchange AS (
    SELECT
        pair, i, j, sign, any_value(of) AS of, count(*) AS numbers,
        any_value(expected_tap) AS expected_tap, min(actual) AS least,
        max(actual) AS largest
    FROM met
    WHERE kind = 'component'
    GROUP BY pair, i, j, sign
    HAVING bool_and(same)
),
chosen AS (
    SELECT * FROM exchange
    QUALIFY row_number() OVER (PARTITION BY pair, i ORDER BY sign DESC, j) = 1
),
permuted AS (
    SELECT
        pair, CASE WHEN bool_and(i = j) THEN 'sign of components'
            ELSE 'permuted components' END AS kind,
        string_agg(format(
            'actual {} = {}expected {}',
            coalesce(labels[i + 1], i::VARCHAR),
            CASE sign WHEN -1 THEN '-' ELSE '' END,
            coalesce(labels[j + 1], j::VARCHAR)
        ), ', ' ORDER BY i) AS evidence,
        sum(numbers)::BIGINT AS numbers
    FROM chosen AS c
    JOIN tap_axes AS x ON x.side = 'expected' AND x.tap_id = c.expected_tap
    GROUP BY pair
    HAVING sum(numbers) = any_value(of) AND count(DISTINCT j) = count(*)
        AND min(least) <> max(largest)
)
FROM shown
UNION ALL
FROM permuted;
