-- Numbered tap 7: a pixel of the image, and whether it was computed.
--
-- Neither program computes a pixel outside the region of interest or the
-- mask, so such a pixel has no intensity before the mask.
--
-- Parameters
-- slow, fast  the pixel
--
-- Columns
-- side                   which trace
-- intensity_before_mask  photons; NULL where it wasn't computed
-- roi_mask_value         1: computed; 0: left out
-- intensity_after_mask   photons, as in the image
WITH pixel AS (
    SELECT
        side,
        any_value(value) FILTER (tap = 'intensity') AS intensity,
        any_value(value) FILTER (tap = 'image') AS image
    FROM element
    WHERE tap IN ('intensity', 'image')
        AND slow = $slow::BIGINT AND fast = $fast::BIGINT
    GROUP BY side
)
SELECT
    side, intensity AS intensity_before_mask,
    (intensity IS NOT NULL)::INTEGER AS roi_mask_value,
    image AS intensity_after_mask
FROM pixel
ORDER BY side;
