-- Numbered taps 2 and 3: a pixel's solid angle, sub-pixel by sub-pixel.
--
-- Without -oversample_omega both programs compute one value, that of the
-- first sub-pixel; no other one exists, and none is made up here.
--
-- Parameters
-- slow, fast  the pixel
--
-- Columns
-- side                which trace
-- omega_values        in the order of the loops, sr
-- omega_min           smallest
-- omega_max           largest
-- omega_mean          their mean
-- omega_last          the last one
-- omega_applied       the one that the pixel was multiplied with last
-- relative_asymmetry  |last - mean| / mean
-- last_over_mean      last / mean
WITH subpixel AS (
    SELECT
        side,
        list(value ORDER BY ordinal) FILTER (tap = 'omega') AS omega_values,
        any_value(value) FILTER (tap = 'omega_applied') AS omega_applied
    FROM element
    WHERE tap IN ('omega', 'omega_applied')
        AND slow = $slow::BIGINT AND fast = $fast::BIGINT
    GROUP BY side
),
summary AS (
    SELECT
        *, list_avg(omega_values) AS omega_mean,
        omega_values[-1] AS omega_last
    FROM subpixel
)
SELECT
    side, omega_values,
    list_min(omega_values) AS omega_min, list_max(omega_values) AS omega_max,
    omega_mean, omega_last, omega_applied,
    abs(omega_last - omega_mean) / omega_mean AS relative_asymmetry,
    omega_last / omega_mean AS last_over_mean
FROM summary
ORDER BY side;
