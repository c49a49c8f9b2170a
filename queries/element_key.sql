-- A number that is the same for two elements of a pair of taps where they
-- sit at the same coordinate of the dims that the two taps share.
--
-- Parameters
-- ordinal  the element's number in the grid of its tap
-- same     the ordinal is the key already
-- axes     dims that meet by index: stride, extent, shift, key_stride
-- orders   groups of dims that meet by order: axes (stride, extent), the
--          ordinals of their places, key_stride
CREATE OR REPLACE MACRO element_key(ordinal, same, axes, orders) AS
    CASE
        WHEN same THEN ordinal
        ELSE coalesce(list_sum(list_transform(axes, lambda x:
            (ordinal // x.stride % x.extent + x.shift) * x.key_stride
        )), 0)::BIGINT
        + CASE WHEN len(orders) = 0 THEN 0
            ELSE list_sum(list_transform(orders, lambda g:
                (list_position(
                    g.places, partial_ordinal(ordinal, g.axes)
                ) - 1) * g.key_stride
            ))
        END::BIGINT
    END;
