-- How many representable numbers lie between two floats, in the coarser of
-- their types: 0 for equal numbers (and for -0 beside 0), NULL where one is
-- NaN. Saturates at the largest BIGINT.
--
-- The bits of a float, read as an integer, are in the order of the numbers.
-- What is wider than the coarser type is rounded to float32 first; a number
-- beyond its range counts as infinite. bfloat16 lies on every 2^16-th
-- float32, float16 on every 2^13-th, and below 2^-14 on multiples of 2^-24.
--
-- Parameters
-- a, b       the numbers, as DOUBLE
-- precision  bits of the significand: 53, 24 (float32), 11 (float16) or
--            8 (bfloat16)
CREATE OR REPLACE MACRO _ordered_double(x) AS
    CASE WHEN (x::BIT::BIGINT) < 0
        THEN (-9223372036854775808)::HUGEINT - (x::BIT::BIGINT)::HUGEINT
        ELSE (x::BIT::BIGINT)::HUGEINT
    END;

CREATE OR REPLACE MACRO _to_float(x) AS
    CASE
        WHEN abs(x) <= 3.4028234663852886e38::DOUBLE THEN TRY_CAST(x AS FLOAT)
        WHEN x > 0 THEN 'inf'::FLOAT
        ELSE '-inf'::FLOAT
    END;

CREATE OR REPLACE MACRO _ordered_float(x) AS
    CASE WHEN (_to_float(x)::BIT::INTEGER) < 0
        THEN (-2147483648)::BIGINT - (_to_float(x)::BIT::INTEGER)::BIGINT
        ELSE (_to_float(x)::BIT::INTEGER)::BIGINT
    END;

CREATE OR REPLACE MACRO _ordered_half(x) AS
    sign(x) * CASE WHEN abs(x) >= pow(2::DOUBLE, -14)
        THEN (_ordered_float(abs(x)) - 112 * 8388608) / 8192::DOUBLE
        ELSE abs(x) * pow(2::DOUBLE, 24)
    END;

CREATE OR REPLACE MACRO ulp_distance(a, b, precision) AS
    CASE
        WHEN a IS NULL OR b IS NULL OR isnan(a) OR isnan(b) THEN NULL
        -- of one sign, the bits alone are in order
        WHEN precision = 53 AND sign(a) * sign(b) > 0
            THEN abs((a::BIT::BIGINT) - (b::BIT::BIGINT))
        WHEN precision = 53 THEN least(
            abs(_ordered_double(a) - _ordered_double(b)),
            9223372036854775807::HUGEINT
        )::BIGINT
        WHEN precision = 11
            THEN floor(abs(_ordered_half(a) - _ordered_half(b)))::BIGINT
        ELSE abs(_ordered_float(a) - _ordered_float(b))
            // CASE precision WHEN 24 THEN 1 ELSE 65536 END
    END;
