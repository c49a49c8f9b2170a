-- One row: are the two runs close?
--
-- Columns
-- verdict               "incomparable": no number lined up; "diverged": an
--                       element outside its tolerance, a required gap or a
--                       decisive configuration difference; "close": else
-- compared              numbers and texts that were compared
-- diverged              how many of them are not close
-- required_gaps         gaps that forbid the word close
-- decisive_differences  facts in which the runs solve different problems
-- uncovered             numbers that only one side covers: not compared
CREATE OR REPLACE MACRO verdict() AS TABLE
WITH counted AS (
    SELECT
        (SELECT coalesce(sum(compared), 0)::BIGINT FROM outcome) AS compared,
        (SELECT coalesce(sum(diverged), 0)::BIGINT FROM outcome) AS diverged,
        (SELECT count(*) FILTER (required) FROM gaps()) AS required_gaps,
        (
            SELECT count(*) FILTER (decisive AND kind = 'differs')
            FROM configuration_differences()
        ) AS decisive_differences,
        (SELECT coalesce(sum(unmatched - missing), 0)::BIGINT FROM hole)
            AS uncovered
)
SELECT
    CASE
        WHEN compared = 0 THEN 'incomparable'
        WHEN diverged + required_gaps + decisive_differences > 0
            THEN 'diverged'
        ELSE 'close'
    END AS verdict,
    *
FROM counted;
