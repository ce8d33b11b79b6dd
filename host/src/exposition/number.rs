//! Sample values as text that Go's ParseFloat, and so every Prometheus, reads back to the same float.

/// Below this, a float without a fraction is printed as an integer: shorter, and much faster to print and parse.
const INTEGERS_BELOW: f64 = 1e15;

/// Appends `value`: `5`, `0.25`, `1e300`, `NaN`, `+Inf`, `-Inf`.
pub(super) fn push_value(out: &mut Vec<u8>, value: f64) {
    if value.fract() == 0.0 && value.abs() < INTEGERS_BELOW {
        #[expect(clippy::cast_possible_truncation, reason = "no fraction and below 1e15: exact")]
        let integer = value as i64;
        out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
    } else if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value > 0.0 {
        out.extend_from_slice(b"+Inf");
    } else {
        out.extend_from_slice(b"-Inf");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        push_value(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_values() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-5.0, "-5"),
            (0.0046, "0.0046"),
            (999_999_999_999_999.0, "999999999999999"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_finite_float_comes_back(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
            proptest::prop_assert_eq!(text(value).parse::<f64>().unwrap(), value);
        }
    }
}
