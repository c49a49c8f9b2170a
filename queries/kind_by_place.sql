-- One row a kind of error that is a number in the wrong place, by tap: swapped
-- or reversed axes, a shifted index, permuted components.
--
-- The actual number must be the expected one of another place, for all numbers
-- that were tried (see kind_sample) and that have such a place, at least half
-- of them, with two values that differ.
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

CREATE OR REPLACE VIEW kind_by_place AS
WITH axis AS (
    SELECT DISTINCT s.pair, unnest(x.axes) AS axis
    FROM (SELECT DISTINCT pair, expected_tap FROM kind_sample) AS s
    JOIN tap_axes AS x ON x.side = 'expected' AND x.tap_id = s.expected_tap
),
move AS (
    SELECT
        a.pair, 'shifted index' AS kind,
        format('actual[{0}] = expected[{0} {1} {2}]', a.axis.dim,
            CASE WHEN k.k < 0 THEN '-' ELSE '+' END, abs(k.k)) AS evidence,
        a.axis AS one, a.axis AS other, k.k
    FROM axis AS a
    CROSS JOIN (VALUES (-2), (-1), (1), (2)) AS k(k)
    WHERE a.axis.dim <> 'component' AND a.axis.extent > 1
    UNION ALL
    SELECT
        pair, 'reversed axis',
        format('actual[{0}] = expected[last - {0}]', axis.dim), axis, axis, 0
    FROM axis
    WHERE axis.dim <> 'component' AND axis.extent > 1
    UNION ALL
    SELECT
        a.pair, 'swapped axes',
        format('actual[{0}, {1}] = expected[{1}, {0}]', a.axis.dim,
            b.axis.dim), a.axis, b.axis, 0
    FROM axis AS a
    JOIN axis AS b ON b.pair = a.pair AND a.axis.stride > b.axis.stride
    WHERE a.axis.dim <> 'component' AND b.axis.dim <> 'component'
        AND a.axis.extent > 1 AND b.axis.extent > 1
),
-- what each number should be: the expected one at this place, times a sign
claim AS MATERIALIZED (
    SELECT
        s.pair, s.expected_tap, s.few, s.of, s.actual, s.half_place,
        s.rtol, m.kind, m.evidence, 1 AS sign,
        NULL::BIGINT AS i, NULL::BIGINT AS j,
        CASE m.kind
            WHEN 'shifted index' THEN CASE
                WHEN _index(m.one, s.expected_ordinal) + m.k
                    BETWEEN 0 AND m.one.extent - 1
                THEN s.expected_ordinal + m.k * m.one.stride END
            WHEN 'reversed axis' THEN s.expected_ordinal + m.one.stride * (
                m.one.extent - 1 - 2 * _index(m.one, s.expected_ordinal)
            )
            ELSE CASE
                WHEN _index(m.other, s.expected_ordinal) + m.other.origin
                    - m.one.origin BETWEEN 0 AND m.one.extent - 1
                AND _index(m.one, s.expected_ordinal) + m.one.origin
                    - m.other.origin BETWEEN 0 AND m.other.extent - 1
                THEN s.expected_ordinal + (m.one.stride - m.other.stride) * (
                    _index(m.other, s.expected_ordinal) + m.other.origin
                    - _index(m.one, s.expected_ordinal) - m.one.origin
                ) END
        END AS place
    FROM kind_sample AS s
    JOIN move AS m USING (pair)
    UNION ALL
    -- component i of one side is component j of the other, or minus it
    SELECT
        s.pair, s.expected_tap, s.few, s.of, s.actual, s.half_place,
        s.rtol, 'component', '', sign.sign,
        s.expected_ordinal % p.expected_size, j.j,
        s.expected_ordinal // p.expected_size * p.expected_size + j.j
    FROM kind_sample AS s
    JOIN pair AS p ON p.pair = s.pair AND p.expected_size BETWEEN 2 AND 16
        AND p.actual_size = p.expected_size
    CROSS JOIN range(16) AS j(j)
    CROSS JOIN (VALUES (1), (-1)) AS sign(sign)
    WHERE j.j < p.expected_size
),
-- a few numbers rule out nearly all of them
refuted AS MATERIALIZED (
    SELECT DISTINCT c.pair, c.kind, c.evidence, c.sign, c.i, c.j
    FROM trace_element AS e
    JOIN (FROM claim WHERE few) AS c ON e.side = 'expected'
        AND e.tap_id = c.expected_tap AND e.ordinal = c.place
    WHERE NOT _same(c.actual, c.sign * _number(e), c.half_place, c.rtol)
),
likely AS MATERIALIZED (
    SELECT c.*
    FROM claim AS c
    ANTI JOIN refuted AS r ON r.pair = c.pair AND r.kind = c.kind
        AND r.evidence = c.evidence AND r.sign = c.sign
        AND r.i IS NOT DISTINCT FROM c.i AND r.j IS NOT DISTINCT FROM c.j
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
