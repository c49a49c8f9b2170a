-- One row: are the two runs close?
--
-- Columns
-- verdict               "incomparable": no number lined up; "diverged": an
--                       element outside its tolerance, a required gap or a
--                       decisive configuration difference; "close": else
-- compared              numbers and texts that were compared
-- diverged              how many of them are not close
-- distributions         taps, or components, compared as distributions
-- unlike_distributions  how many of them are not close
-- required_gaps         gaps that forbid the word close
-- optional_gaps         gaps that don't: of taps that are optional, or that a
--                       log's dialect doesn't declare
-- not_compared          taps that both sides have and that could not be
--                       compared: another unit, shape or number of iterations
-- vacuous               taps whose tolerance is larger than their signal
-- decisive_differences  facts in which the runs solve different problems
-- restated              facts that a side states twice, unequally
-- uncovered             numbers that only one side covers: not compared
CREATE OR REPLACE MACRO verdict() AS TABLE
WITH counted AS (
    SELECT
        (SELECT coalesce(sum(compared), 0)::BIGINT FROM outcome) AS compared,
        (SELECT coalesce(sum(diverged), 0)::BIGINT FROM outcome) AS diverged,
        d.distributions, d.unlike_distributions,
        g.required_gaps, g.optional_gaps, t.not_compared,
        t.vacuous + d.vacuous AS vacuous,
        f.decisive_differences, f.restated,
        (SELECT coalesce(sum(unmatched - missing), 0)::BIGINT FROM hole)
            AS uncovered
    FROM (
        SELECT
            count(*) FILTER (required) AS required_gaps,
            count(*) FILTER (NOT required) AS optional_gaps
        FROM _gap
    ) AS g
    CROSS JOIN (
        SELECT
            count(*) AS distributions,
            count(*) FILTER (NOT close) AS unlike_distributions,
            count(*) FILTER (vacuous) AS vacuous
        FROM query_table(getvariable('drawn'))
    ) AS d
    CROSS JOIN (
        SELECT
            count(*) FILTER (problem) AS not_compared,
            count(*) FILTER (vacuous) AS vacuous
        FROM (
            SELECT
                bool_or(p.problem IS NOT NULL) AS problem,
                bool_and(o.vacuous) AS vacuous
            FROM pair AS p
            LEFT JOIN outcome AS o USING (pair)
            GROUP BY p.tap
        )
    ) AS t
    CROSS JOIN (
        SELECT
            count(*) FILTER (decisive AND kind = 'differs')
                AS decisive_differences,
            count(*) FILTER (kind = 'restated') AS restated
        FROM _difference
    ) AS f
)
SELECT
    CASE
        WHEN compared + distributions = 0 THEN 'incomparable'
        WHEN diverged + unlike_distributions + required_gaps
            + decisive_differences > 0 THEN 'diverged'
        ELSE 'close'
    END AS verdict,
    *
FROM counted;
