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
CREATE OR REPLACE MACRO first_by_pixel() AS TABLE
SELECT
    slow, fast, arg_min(tap, number) AS tap,
    unnest(arg_min({
        'actual': actual, 'expected': expected, 'class': class,
        'abs_error': abs_error, 'rel_error': rel_error, 'ulps': ulps
    }, {'number': number, 'coordinate': coordinate})),
    count(DISTINCT number) AS taps
FROM divergence
GROUP BY slow, fast
ORDER BY slow NULLS FIRST, fast NULLS FIRST;
