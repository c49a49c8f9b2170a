-- Numbered tap 5.3: how a pixel's sum grows, sample by sample.
--
-- Parameters
-- slow, fast  the pixel
--
-- Columns
-- side              which trace
-- steps_total       what the sum is divided by
-- I_before_scaling  the whole sum
-- omega_last, capture_last, polar_last  the factors that were applied last
-- samples           each one: its loop indices, h, k, l, nearest indices,
--                   F_cell, F_latt, I_term = F_cell^2 F_latt^2, I_accum (the
--                   sum behind it), and the factors that it met
WITH here AS (
    SELECT side, tap, label, coordinate, value, ordinal
    FROM element
    WHERE slow IS NULL OR (slow = $slow::BIGINT AND fast = $fast::BIGINT)
),
pixel AS (
    SELECT
        side,
        any_value(value) FILTER (tap = 'steps')::BIGINT AS steps_total,
        any_value(value) FILTER (tap = 'I_before_scaling')
            AS I_before_scaling,
        any_value(value) FILTER (tap = 'omega_applied') AS omega_last,
        any_value(value) FILTER (tap = 'capture_fraction') AS capture_last,
        any_value(value) FILTER (tap = 'polar') AS polar_last
    FROM here
    GROUP BY side
),
sample AS (
    SELECT
        side, coordinate,
        any_value(value) FILTER (tap = 'hkl_frac' AND label = 'h') AS h_frac,
        any_value(value) FILTER (tap = 'hkl_frac' AND label = 'k') AS k_frac,
        any_value(value) FILTER (tap = 'hkl_frac' AND label = 'l') AS l_frac,
        any_value(value) FILTER (
            tap = 'hkl_rounded' AND label = 'h')::BIGINT AS h0,
        any_value(value) FILTER (
            tap = 'hkl_rounded' AND label = 'k')::BIGINT AS k0,
        any_value(value) FILTER (
            tap = 'hkl_rounded' AND label = 'l')::BIGINT AS l0,
        any_value(value) FILTER (tap = 'F_cell') AS F_cell,
        any_value(value) FILTER (tap = 'F_latt') AS F_latt,
        any_value(value) FILTER (tap = 'I_term') AS I_term,
        any_value(value) FILTER (tap = 'I_accum') AS I_accum,
        min(ordinal) FILTER (tap = 'F_latt') AS place
    FROM here
    WHERE tap IN (
        'hkl_frac', 'hkl_rounded', 'F_cell', 'F_latt', 'I_term', 'I_accum')
    GROUP BY side, coordinate
),
factor AS (
    SELECT
        s.side, s.coordinate,
        any_value(f.value) FILTER (tap = 'omega') AS omega,
        any_value(f.value) FILTER (tap = 'capture_subpixel') AS capture,
        any_value(f.value) FILTER (tap = 'polar_source') AS polar
    FROM sample AS s
    JOIN here AS f
        ON f.side = s.side
        AND f.tap IN ('omega', 'capture_subpixel', 'polar_source')
        AND list_bool_and(list_transform(
            map_entries(f.coordinate),
            lambda x: s.coordinate[x.key] = x.value)) IS DISTINCT FROM false
    GROUP BY s.side, s.coordinate
)
SELECT
    side, steps_total, I_before_scaling, omega_last, capture_last, polar_last,
    list({
        'loop_indices': coordinate, 'h_frac': h_frac, 'k_frac': k_frac,
        'l_frac': l_frac, 'h0': h0, 'k0': k0, 'l0': l0, 'F_cell': F_cell,
        'F_latt': F_latt, 'I_term': I_term, 'I_accum': I_accum,
        'omega': coalesce(omega, omega_last),
        'capture_fraction': coalesce(capture, capture_last),
        'polar': coalesce(polar, polar_last)
    } ORDER BY place) AS samples
FROM sample
JOIN pixel USING (side)
LEFT JOIN factor USING (side, coordinate)
GROUP BY ALL
ORDER BY side;
