-- One row a pair of images that lie over each other: large, of one grid, each
-- number of its own pixel and judged alone.
--
-- Of the grids of a comparison it is the one that most such pairs have. What
-- goes wrong at a pixel of them is found without a search (see first_by_pixel).
--
-- Columns
-- pair        the pair of taps
-- number      place of the tap in program order (see tap_number)
-- tap         the tap
-- slow, fast  the dims of the pixel: stride, extent, origin (see pair_pixel)
CREATE OR REPLACE VIEW stacked AS
WITH image AS (
    SELECT b.pair, n.number, n.tap, x.slow, x.fast, e.key_hash
    FROM by_position AS b
    JOIN pair AS p ON p.pair = b.pair
    JOIN pair_pixel AS x ON x.pair = b.pair
    JOIN tap_number AS n ON n.expected_tap = p.expected_tap
    JOIN trace_tap AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
    SEMI JOIN image_pair AS i ON i.pair = b.pair
    WHERE b.quick AND x.slow.side = 'expected' AND x.fast.side = 'expected'
        AND p.tap IN (SELECT tap FROM pair GROUP BY tap HAVING count(*) = 1)
)
SELECT pair, number, tap, slow, fast
FROM image
WHERE key_hash = (
    SELECT key_hash FROM image
    GROUP BY key_hash ORDER BY count(*) DESC, key_hash LIMIT 1
)
ORDER BY number;

-- whether no tap has a pixel, but those of these pairs
CREATE OR REPLACE MACRO _only_stacked(pairs) AS (
    SELECT coalesce(bool_and(NOT n.pixel), TRUE)
    FROM pair AS p
    JOIN tap_number AS n ON n.expected_tap = p.expected_tap
    WHERE p.problem IS NULL AND NOT list_contains(pairs, p.pair)
);
