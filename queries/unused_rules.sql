-- One row an entry of the policy that speaks about no tap.
--
-- [[actual]] and [[expected]] come first, then [[tap]], each in the order of
-- the file, and [[derived]].
-- Such an entry changes nothing, so a misspelled name would go unseen.
--
-- Columns
-- entry    tap, actual, expected or derived: the table of the policy file
-- pattern  the name or the pattern
-- near     the tap that may be meant; NULL if no name is like the pattern
-- origin   file:line
CREATE OR REPLACE MACRO unused_rules() AS TABLE
WITH alike AS (
    SELECT
        u.position, t.name,
        row_number() OVER (
            PARTITION BY u.position
            ORDER BY levenshtein(t.name, u.pattern), t.name
        ) AS place
    FROM unused_entry AS u
    JOIN (SELECT DISTINCT side, name FROM trace_tap) AS t
        ON (t.side = u.entry
            OR u.entry IN ('tap', 'derived')
            AND t.side IN ('actual', 'expected'))
        AND jaro_winkler_similarity(lower(t.name), lower(u.pattern)) > 0.9
)
SELECT u.entry, u.pattern, a.name AS near, u.origin
FROM unused_entry AS u
LEFT JOIN alike AS a ON a.position = u.position AND a.place = 1
ORDER BY u.position;
