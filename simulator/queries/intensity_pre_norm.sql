-- Numbered tap 5: a pixel's sum, and what makes photons of it.
--
-- The factors are the ones that were multiplied last: without -oversample_*
-- that is the first sub-pixel's solid angle and polarization, and the capture
-- fraction of the last layer.
--
-- Parameters
-- slow, fast  the pixel
--
-- Columns
-- side                   which trace
-- accumulated_intensity  the sum over all samples
-- steps                  what it is divided by
-- last_omega_applied     solid angle, sr
-- last_capture_fraction  absorbed fraction
-- last_polar             polarization factor
-- normalized_intensity   photons: the sum times r_e^2 fluence / steps and
--                        the factors
SELECT
    side,
    any_value(value) FILTER (tap = 'I_before_scaling')
        AS accumulated_intensity,
    any_value(value) FILTER (tap = 'steps')::BIGINT AS steps,
    any_value(value) FILTER (tap = 'omega_applied') AS last_omega_applied,
    any_value(value) FILTER (tap = 'capture_fraction')
        AS last_capture_fraction,
    any_value(value) FILTER (tap = 'polar') AS last_polar,
    any_value(value) FILTER (tap = 'intensity') AS normalized_intensity
FROM element
WHERE slow IS NULL OR (slow = $slow::BIGINT AND fast = $fast::BIGINT)
GROUP BY side
ORDER BY side;
