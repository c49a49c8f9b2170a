-- Numbered tap 6: a pixel in absolute units, before the last factors.
--
-- Parameters
-- slow, fast  the pixel
--
-- Columns
-- side                which trace
-- physical_intensity  the sum times r_e^2 fluence / steps, photon/sr
-- r_e_sqr             m^2
-- fluence             photon/m^2
-- water_background    what the water added to the sum
SELECT
    side,
    any_value(value) FILTER (tap = 'intensity_post_scale')
        AS physical_intensity,
    any_value(value) FILTER (tap = 'r_e_sqr') AS r_e_sqr,
    any_value(value) FILTER (tap = 'fluence') AS fluence,
    any_value(value) FILTER (tap = 'water_background') AS water_background
FROM element
WHERE slow IS NULL OR (slow = $slow::BIGINT AND fast = $fast::BIGINT)
GROUP BY side
ORDER BY side;
