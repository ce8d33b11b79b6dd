//! Converts a date to Unix time. A library for dates would be larger than the rest of the component.

/// Midnight UTC of a date such as `2027-01-31`, in seconds since 1970-01-01.
pub(crate) fn midnight(date: &str) -> Option<f64> {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<u16>().ok().map(i64::from));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let first = month_begins(year * 12 + month);
    let next = month_begins(year * 12 + month + 1);
    (1..=next - first).contains(&day).then(|| ((first + day - 1) * 86_400) as f64)
}

/// Days from 1970-01-01 to the first day of a month, which is counted from month 0 of year 0. Internally, years begin in March:
/// the leap day is then a year's last day, and the lengths of the months follow a pattern of 153 days in five months.
fn month_begins(month: i64) -> i64 {
    let (year, month) = ((month - 3).div_euclid(12), (month - 3).rem_euclid(12));
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * month + 2) / 5 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_dates() {
        for (date, seconds) in [
            ("1970-01-01", 0.0),
            ("1969-12-31", -86_400.0),
            ("2000-02-29", 951_782_400.0),
            ("2024-02-29", 1_709_164_800.0),
            ("2024-03-01", 1_709_251_200.0),
            ("2027-01-31", 1_801_353_600.0),
            ("2027-1-31", 1_801_353_600.0),
            ("2038-01-19", 2_147_472_000.0),
            ("9999-12-31", 253_402_214_400.0),
        ] {
            assert_eq!(midnight(date), Some(seconds), "{date}");
        }
    }

    #[test]
    fn invalid_dates() {
        for date in [
            "",
            "-",
            "2027",
            "2027-01",
            "2027-01-",
            "2027-01-31 00:00:00",
            "2027-01-31-1",
            "31.01.2027",
            "0000-01-01",
            "2027-00-01",
            "2027-13-01",
            "2027-01-00",
            "2027-01-32",
            "2027-02-29",
            "2100-02-29",
            "-1-01-01",
            "99999-01-01",
        ] {
            assert_eq!(midnight(date), None, "{date}");
        }
    }

    #[test]
    fn each_day_is_one_day_after_the_day_before() {
        let mut last = midnight("1999-12-31").unwrap();
        for (year, month) in (2000..2110).flat_map(|year| (1..=12).map(move |month| (year, month))) {
            let days = (1..=31).filter_map(|day| midnight(&format!("{year}-{month:02}-{day:02}")));
            for day in days {
                assert_eq!(day, last + 86_400.0, "{year}-{month}");
                last = day;
            }
        }
    }
}
