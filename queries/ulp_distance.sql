-- How many representable numbers lie between two floats, in the coarser of
-- their types: 0 for equal numbers (and for -0 beside 0), NULL where one is
-- NaN. Saturates at the largest BIGINT.
--
-- Doubles are read as ordered integers; a float32 lies every 2^29-th double,
-- so narrower types are compared through float32.
--
-- a, b       the numbers, as DOUBLE
-- precision  bits of the significand: 53, 24 (float32), 11 (float16) or
--            8 (bfloat16)
CREATE OR REPLACE MACRO _ordered_double(x) AS
    CASE WHEN (x::BIT::BIGINT) < 0
        THEN (-9223372036854775808)::HUGEINT - (x::BIT::BIGINT)::HUGEINT
        ELSE (x::BIT::BIGINT)::HUGEINT
    END;

CREATE OR REPLACE MACRO _ordered_float(x) AS
    CASE WHEN (x::FLOAT::BIT::INTEGER) < 0
        THEN (-2147483648)::BIGINT - (x::FLOAT::BIT::INTEGER)::BIGINT
        ELSE (x::FLOAT::BIT::INTEGER)::BIGINT
    END;

CREATE OR REPLACE MACRO ulp_distance(a, b, precision) AS
    CASE
        WHEN a IS NULL OR b IS NULL OR isnan(a) OR isnan(b) THEN NULL
        WHEN precision = 53 THEN least(
            abs(_ordered_double(a) - _ordered_double(b)),
            9223372036854775807::HUGEINT
        )::BIGINT
        WHEN precision = 24
            THEN abs(_ordered_float(a) - _ordered_float(b))
        WHEN precision = 11
            THEN abs(_ordered_float(a) - _ordered_float(b)) // 8192
        ELSE abs(_ordered_float(a) - _ordered_float(b)) // 65536
    END;
