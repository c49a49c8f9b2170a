-- One row a pair of taps of which one side holds a few of the numbers that
-- the other has: the few are looked up, and the many are not all read.
--
-- So it is where the ordinals of the side that has many are the shared keys,
-- and both taps meet no other tap. The rows of all queries don't depend on it.
-- The variable by_position says from how many numbers on.
--
-- Columns
-- pair                the pair of taps
-- few, few_tap        the side that has a few, and its tap
-- many, many_tap      the side that has many, and its tap
-- elements            how many numbers that is
-- axes                the grid of that tap (see tap_axes)
-- vector              components in an expected vector, if rtol is relative to
--                     vectors; else 1
CREATE OR REPLACE TABLE by_lookup AS
WITH sized AS (
    SELECT
        p.pair, p.actual_tap, p.expected_tap, p.actual_same, p.expected_same,
        a.elements AS actual_elements, e.elements AS expected_elements,
        CASE p.relative_to WHEN 'vector' THEN p.expected_size ELSE 1 END
            AS vector,
        count(*) OVER (PARTITION BY p.actual_tap) AS actual_partners,
        count(*) OVER (PARTITION BY p.expected_tap) AS expected_partners
    FROM pair AS p
    JOIN trace_tap AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
    JOIN trace_tap AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
    WHERE p.problem IS NULL
),
sided AS (
    SELECT
        pair, 'actual' AS few, actual_tap AS few_tap,
        actual_elements AS few_elements, 'expected' AS many,
        expected_tap AS many_tap, expected_elements AS elements, vector
    FROM sized
    WHERE expected_same AND actual_partners = 1 AND expected_partners = 1
    UNION ALL
    SELECT
        pair, 'expected', expected_tap, expected_elements, 'actual',
        actual_tap, actual_elements, vector
    FROM sized
    WHERE actual_same AND actual_partners = 1 AND expected_partners = 1
)
SELECT
    s.pair, s.few, s.few_tap, s.many, s.many_tap, s.elements, x.axes, s.vector
FROM sided AS s
JOIN tap_axes AS x ON x.side = s.many AND x.tap_id = s.many_tap
WHERE s.elements >= getvariable('by_position')
    AND 4 * s.few_elements <= s.elements AND s.few_elements <= 100000
ORDER BY s.pair;

-- the elements of taps that are compared by key; of those that are looked up
-- only the ones that were asked for
CREATE OR REPLACE VIEW key_element AS FROM trace_element;

-- the expected elements of all vectors that rtol may be relative to
CREATE OR REPLACE VIEW vector_element AS FROM trace_element;

-- sides and taps: of the few; of which a pair at least is compared by key;
-- and whose vectors rtol is relative to
CREATE OR REPLACE VIEW _few_tap AS SELECT DISTINCT few, few_tap FROM by_lookup;

CREATE OR REPLACE VIEW _key_tap AS
(
    SELECT 'actual' AS side, actual_tap AS tap_id
    FROM pair ANTI JOIN by_position USING (pair)
    UNION
    SELECT 'expected', expected_tap
    FROM pair ANTI JOIN by_position USING (pair)
)
EXCEPT
SELECT many, many_tap FROM by_lookup;

CREATE OR REPLACE VIEW _vector_tap AS
SELECT 'expected' AS side, expected_tap AS tap_id FROM pair
WHERE expected_size > 1 AND relative_to = 'vector' AND problem IS NULL
EXCEPT
SELECT many, many_tap FROM by_lookup;

-- ordinals of the many that the few ask for
CREATE OR REPLACE TABLE _asked_key AS
SELECT NULL::BIGINT AS pair, NULL::BIGINT AS key WHERE FALSE;

CREATE OR REPLACE MACRO _asked(few) AS TABLE
SELECT DISTINCT
    b.pair, CASE b.few
        WHEN 'actual' THEN element_key(
            f.ordinal, p.actual_same, p.actual_axes, p.actual_orders
        )
        ELSE element_key(
            f.ordinal, p.expected_same, p.expected_axes, p.expected_orders
        )
    END AS key
FROM query_table(few) AS f
JOIN by_lookup AS b ON b.few = f.side AND b.few_tap = f.tap_id
JOIN pair AS p ON p.pair = b.pair;

CREATE OR REPLACE MACRO _look_up(number, many) AS TABLE
SELECT b.many AS side, b.many_tap AS tap_id, m.*
FROM query_table(many) AS m
JOIN (SELECT key FROM _asked_key WHERE pair = number::BIGINT) AS k
    ON k.key = m.ordinal
JOIN by_lookup AS b ON b.pair = number::BIGINT;

-- all components of the vectors that were asked for
CREATE OR REPLACE MACRO _look_up_vectors(number, many) AS TABLE
SELECT b.many AS side, b.many_tap AS tap_id, m.*
FROM query_table(many) AS m
JOIN (
    SELECT DISTINCT k.key // b.vector * b.vector + unnest(range(b.vector))
        AS ordinal
    FROM _asked_key AS k
    JOIN by_lookup AS b ON b.pair = k.pair
    WHERE k.pair = number::BIGINT
) AS k ON k.ordinal = m.ordinal
JOIN by_lookup AS b ON b.pair = number::BIGINT;

CREATE OR REPLACE TABLE _looked_up AS FROM trace_element LIMIT 0;

CREATE OR REPLACE TABLE _looked_up_vector AS FROM trace_element LIMIT 0;

-- ordinals of the many that nobody asked for
CREATE OR REPLACE MACRO _lone(number, many) AS TABLE
SELECT m.ordinal
FROM query_table(many) AS m
ANTI JOIN (SELECT key FROM _asked_key WHERE pair = number::BIGINT) AS k
    ON k.key = m.ordinal;

-- of what the side that has a few lacks, how many it should have: it reports
-- their coordinates; and the first of them
CREATE OR REPLACE TABLE _looked_up_missing AS
SELECT
    NULL::BIGINT AS pair, NULL::BIGINT AS missing, NULL::BIGINT AS first
WHERE FALSE;

-- see hole
CREATE OR REPLACE VIEW _looked_up_hole AS
SELECT
    p.tap, p.tap_order, b.few AS lacking, b.many AS side,
    b.many_tap AS tap_id, b.elements - coalesce(l.matched, 0) AS unmatched,
    coalesce(m.missing, 0) AS missing, m.first
FROM by_lookup AS b
JOIN pair AS p ON p.pair = b.pair
LEFT JOIN (
    SELECT side, tap_id, count(*) AS matched FROM _looked_up GROUP BY ALL
) AS l ON l.side = b.many AND l.tap_id = b.many_tap
LEFT JOIN _looked_up_missing AS m ON m.pair = b.pair
WHERE b.elements > coalesce(l.matched, 0);
