-- One row a kind of error that is a number in the wrong place, by tap: swapped,
-- reversed or rotated axes, a shifted or a fixed index, permuted components.
--
-- The actual number must be the expected one of another place, for all numbers
-- that were tried (see kind_sample) and that have such a place, at least half
-- of them, with two values that differ; of a side that has more numbers, as a
-- dense image beside a few pixels, other places are looked for there. Where
-- one index of an axis explains all of them, shifting or reversing it, which
-- may do so too, is no kind.
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

-- a number of the side that is looked at, in the unit of the comparison
CREATE OR REPLACE MACRO _there(c, number) AS
    CASE WHEN c.side = 'actual' AND c.factor IS NOT NULL
        THEN number * c.factor + c.shift ELSE number END;

CREATE OR REPLACE MACRO _index_said(dim, times, shift) AS
    CASE times
        WHEN -1 THEN 'last - ' || dim
        WHEN 0 THEN CASE shift WHEN 0 THEN 'first ' ELSE 'last ' END || dim
        ELSE dim || CASE sign(shift) WHEN 0 THEN ''
            WHEN 1 THEN ' + ' || shift ELSE ' - ' || -shift END
    END;

CREATE OR REPLACE VIEW kind_by_place AS
WITH tried AS (
    SELECT
        p.pair, p.expected_size, p.actual_size, p.factor, p.shift,
        a.elements > e.elements AS turned,
        CASE WHEN turned THEN 'actual' ELSE 'expected' END AS side,
        CASE WHEN turned THEN 'expected' ELSE 'actual' END AS found,
        CASE WHEN turned THEN p.actual_tap ELSE p.expected_tap END AS tap_id
    FROM (SELECT DISTINCT pair FROM kind_sample)
    JOIN pair AS p USING (pair)
    JOIN trace_tap AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
    JOIN trace_tap AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
),
number AS MATERIALIZED (
    SELECT
        s.pair, s.few, s.of, s.half_place, s.rtol, t.side, t.tap_id, t.factor,
        t.shift, CASE WHEN t.turned THEN s.expected ELSE s.actual END
            AS value,
        CASE WHEN t.turned THEN s.actual_ordinal ELSE s.expected_ordinal END
            AS ordinal
    FROM kind_sample AS s
    JOIN tried AS t USING (pair)
),
axis AS (
    SELECT t.pair, t.found, t.side, unnest(x.axes) AS axis
    FROM tried AS t
    JOIN tap_axes AS x ON x.side = t.side AND x.tap_id = t.tap_id
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
        format('{}[{}] = {}[{}]', found, axis.dim, side,
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
        format('{}[{}, {}] = {}[{}, {}]', a.found, a.axis.dim,
            b.axis.dim, a.side,
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
        {'dim': '', 'stride': 1, 'extent': t.expected_size, 'origin': 0}
            AS axis, axis AS read, 0 AS times, j AS plus,
        {'dim': '', 'stride': 1, 'extent': 1, 'origin': 0} AS other,
        other AS other_read, 0 AS other_times, 0 AS other_plus,
        '' AS evidence, i, j, sign
    FROM tried AS t
    CROSS JOIN range(16) AS i(i)
    CROSS JOIN range(16) AS j(j)
    CROSS JOIN (VALUES (1), (-1)) AS sign(sign)
    WHERE t.expected_size BETWEEN 2 AND 16
        AND t.actual_size = t.expected_size
        AND i < t.expected_size AND j < t.expected_size
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
    SELECT n.*, m.move, m.sign, _place(m.way, n.ordinal) AS place
    FROM number AS n
    JOIN move AS m USING (pair)
    WHERE n.few AND (m.i IS NULL OR _index(m.way.axis, n.ordinal) = m.i)
),
refuted AS (
    SELECT DISTINCT c.move
    FROM trace_element AS e
    JOIN claim AS c ON e.side = c.side AND e.tap_id = c.tap_id
        AND e.ordinal = c.place
    WHERE NOT _same(c.value, c.sign * _there(c, _number(e)), c.half_place,
        c.rtol)
),
likely AS MATERIALIZED (
    SELECT
        n.*, m.* EXCLUDE (pair, way), _place(m.way, n.ordinal) AS place
    FROM number AS n
    JOIN (FROM move ANTI JOIN refuted USING (move)) AS m USING (pair)
    WHERE m.i IS NULL OR _index(m.way.axis, n.ordinal) = m.i
),
met AS (
    SELECT
        c.*, _same(c.value, c.sign * _there(c, _number(e)), c.half_place,
            c.rtol) AS same
    FROM trace_element AS e
    JOIN likely AS c ON e.side = c.side AND e.tap_id = c.tap_id
        AND e.ordinal = c.place
),
shown AS (
    SELECT pair, kind, evidence, count(*) AS numbers
    FROM met
    WHERE kind <> 'component'
    GROUP BY pair, kind, evidence
    HAVING bool_and(same) AND 2 * count(*) >= any_value(of)
        AND min(value) <> max(value)
    QUALIFY kind = 'fixed index' OR NOT bool_or(kind = 'fixed index')
        OVER (PARTITION BY pair)
),
exchange AS (
    SELECT
        pair, i, j, sign, any_value(of) AS of, count(*) AS numbers,
        min(value) AS least, max(value) AS largest
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
            '{} {} = {}{} {}', found,
            coalesce(labels[i + 1], i::VARCHAR),
            CASE sign WHEN -1 THEN '-' ELSE '' END, t.side,
            coalesce(labels[j + 1], j::VARCHAR)
        ), ', ' ORDER BY i) AS evidence,
        sum(numbers)::BIGINT AS numbers
    FROM chosen AS c
    JOIN tried AS t USING (pair)
    JOIN tap_axes AS x ON x.side = t.side AND x.tap_id = t.tap_id
    GROUP BY pair
    HAVING sum(numbers) = any_value(of) AND count(DISTINCT j) = count(*)
        AND min(least) <> max(largest)
        -- where all have changed their sign, kind_by_value says so
        AND NOT (bool_and(i = j AND sign = -1)
            AND count(*) = any_value(t.expected_size))
)
FROM shown
UNION ALL
FROM permuted;
