//! The holidays API: open to everyone, computed, true for whole countries (not for single states or regions).

use actix_web::HttpResponse;
use chrono::Datelike;
use chrono::Duration;
use chrono::NaiveDate;
use chrono::Weekday;
use serde_json::json;

use crate::sandbox::call::Call;
use crate::sandbox::refusal::ApiError;

const FIRST_YEAR: i32 = 2021;
const LAST_YEAR: i32 = 2099;

struct Country {
    code: &'static str,
    name: &'static str,
    holidays: &'static [(&'static str, Rule)],
}

#[derive(Clone, Copy)]
enum Rule {
    /// Month and day.
    On(u32, u32),
    /// Days after Easter Sunday.
    Easter(i64),
    /// The first, second … such weekday of a month.
    Nth(u32, Weekday, u8),
    /// The last such weekday of a month.
    Last(u32, Weekday),
}

const COUNTRIES: [Country; 7] = [
    Country {
        code: "AT",
        name: "Austria",
        holidays: &[
            ("New Year's Day", Rule::On(1, 1)),
            ("Epiphany", Rule::On(1, 6)),
            ("Easter Monday", Rule::Easter(1)),
            ("National Holiday (Labour Day)", Rule::On(5, 1)),
            ("Ascension Day", Rule::Easter(39)),
            ("Whit Monday", Rule::Easter(50)),
            ("Corpus Christi", Rule::Easter(60)),
            ("Assumption Day", Rule::On(8, 15)),
            ("National Day", Rule::On(10, 26)),
            ("All Saints' Day", Rule::On(11, 1)),
            ("Immaculate Conception", Rule::On(12, 8)),
            ("Christmas Day", Rule::On(12, 25)),
            ("St. Stephen's Day", Rule::On(12, 26)),
        ],
    },
    Country {
        code: "BE",
        name: "Belgium",
        holidays: &[
            ("New Year's Day", Rule::On(1, 1)),
            ("Easter Monday", Rule::Easter(1)),
            ("Labour Day", Rule::On(5, 1)),
            ("Ascension Day", Rule::Easter(39)),
            ("Whit Monday", Rule::Easter(50)),
            ("National Day", Rule::On(7, 21)),
            ("Assumption Day", Rule::On(8, 15)),
            ("All Saints' Day", Rule::On(11, 1)),
            ("Armistice Day", Rule::On(11, 11)),
            ("Christmas Day", Rule::On(12, 25)),
        ],
    },
    Country {
        code: "DE",
        name: "Germany",
        holidays: &[
            ("New Year's Day", Rule::On(1, 1)),
            ("Good Friday", Rule::Easter(-2)),
            ("Easter Monday", Rule::Easter(1)),
            ("Labour Day", Rule::On(5, 1)),
            ("Ascension Day", Rule::Easter(39)),
            ("Whit Monday", Rule::Easter(50)),
            ("German Unity Day", Rule::On(10, 3)),
            ("Christmas Day", Rule::On(12, 25)),
            ("Second Day of Christmas", Rule::On(12, 26)),
        ],
    },
    Country {
        code: "ES",
        name: "Spain",
        holidays: &[
            ("New Year's Day", Rule::On(1, 1)),
            ("Epiphany", Rule::On(1, 6)),
            ("Good Friday", Rule::Easter(-2)),
            ("Labour Day", Rule::On(5, 1)),
            ("Assumption Day", Rule::On(8, 15)),
            ("National Day", Rule::On(10, 12)),
            ("All Saints' Day", Rule::On(11, 1)),
            ("Constitution Day", Rule::On(12, 6)),
            ("Immaculate Conception", Rule::On(12, 8)),
            ("Christmas Day", Rule::On(12, 25)),
        ],
    },
    Country {
        code: "FR",
        name: "France",
        holidays: &[
            ("New Year's Day", Rule::On(1, 1)),
            ("Easter Monday", Rule::Easter(1)),
            ("Labour Day", Rule::On(5, 1)),
            ("Victory Day", Rule::On(5, 8)),
            ("Ascension Day", Rule::Easter(39)),
            ("Whit Monday", Rule::Easter(50)),
            ("Bastille Day", Rule::On(7, 14)),
            ("Assumption Day", Rule::On(8, 15)),
            ("All Saints' Day", Rule::On(11, 1)),
            ("Armistice Day", Rule::On(11, 11)),
            ("Christmas Day", Rule::On(12, 25)),
        ],
    },
    Country {
        code: "NO",
        name: "Norway",
        holidays: &[
            ("New Year's Day", Rule::On(1, 1)),
            ("Maundy Thursday", Rule::Easter(-3)),
            ("Good Friday", Rule::Easter(-2)),
            ("Easter Sunday", Rule::Easter(0)),
            ("Easter Monday", Rule::Easter(1)),
            ("Labour Day", Rule::On(5, 1)),
            ("Constitution Day", Rule::On(5, 17)),
            ("Ascension Day", Rule::Easter(39)),
            ("Whit Sunday", Rule::Easter(49)),
            ("Whit Monday", Rule::Easter(50)),
            ("Christmas Day", Rule::On(12, 25)),
            ("Second Day of Christmas", Rule::On(12, 26)),
        ],
    },
    Country {
        code: "US",
        name: "United States",
        holidays: &[
            ("New Year's Day", Rule::On(1, 1)),
            ("Martin Luther King Jr. Day", Rule::Nth(1, Weekday::Mon, 3)),
            ("Washington's Birthday", Rule::Nth(2, Weekday::Mon, 3)),
            ("Memorial Day", Rule::Last(5, Weekday::Mon)),
            ("Juneteenth", Rule::On(6, 19)),
            ("Independence Day", Rule::On(7, 4)),
            ("Labor Day", Rule::Nth(9, Weekday::Mon, 1)),
            ("Columbus Day", Rule::Nth(10, Weekday::Mon, 2)),
            ("Veterans Day", Rule::On(11, 11)),
            ("Thanksgiving Day", Rule::Nth(11, Weekday::Thu, 4)),
            ("Christmas Day", Rule::On(12, 25)),
        ],
    },
];

/// `GET /holidays/v1/countries`
pub(crate) fn list_countries(_call: &Call) -> HttpResponse {
    let countries = COUNTRIES.iter().map(|country| json!({"code": country.code, "name": country.name}));
    HttpResponse::Ok().json(json!({"countries": countries.collect::<Vec<_>>()}))
}

/// `GET /holidays/v1/{country}/{year}`
pub(crate) fn list(call: &Call) -> Result<HttpResponse, ApiError> {
    let country = COUNTRIES
        .iter()
        .find(|country| country.code.eq_ignore_ascii_case(call.part("country")))
        .ok_or(ApiError::NotFound("country here"))?;
    let year = call
        .part("year")
        .parse()
        .ok()
        .filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year))
        .ok_or(ApiError::Invalid { field: "year", message: "must be from 2021 to 2099" })?;

    let mut days: Vec<(NaiveDate, &str)> =
        country.holidays.iter().filter_map(|(name, rule)| rule.in_year(year).map(|day| (day, *name))).collect();
    days.sort_unstable();
    let holidays =
        days.iter().map(|(day, name)| json!({"date": day, "weekday": day.format("%A").to_string(), "name": name}));
    Ok(HttpResponse::Ok().json(json!({
        "country": country.name,
        "year": year,
        "holidays": holidays.collect::<Vec<_>>(),
    })))
}

impl Rule {
    fn in_year(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::On(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Self::Easter(days) => Some(easter_sunday(year)? + Duration::days(days)),
            Self::Nth(month, weekday, nth) => NaiveDate::from_weekday_of_month_opt(year, month, weekday, nth),
            Self::Last(month, weekday) => NaiveDate::from_weekday_of_month_opt(year, month, weekday, 5)
                .or_else(|| NaiveDate::from_weekday_of_month_opt(year, month, weekday, 4)),
        }
    }
}

/// Easter Sunday by Gauss's rule, with the two exceptions that it needs in some years.
fn easter_sunday(year: i32) -> Option<NaiveDate> {
    let moon = (19 * (year % 19) + 24) % 30;
    let week = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7;
    let days = i64::from(moon + week);
    let day = NaiveDate::from_ymd_opt(year, 3, 22)? + Duration::days(days);

    let is_late = (day.month(), day.day()) == (4, 26);
    let is_rare = (day.month(), day.day()) == (4, 25) && moon == 28 && year % 19 > 10;
    let earlier = if is_late || is_rare { 7 } else { 0 };
    Some(day - Duration::days(earlier))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use crate::sandbox::holidays::easter_sunday;

    #[test]
    fn easter_falls_where_the_almanac_has_it() {
        for (year, month, day) in [
            (2021, 4, 4),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2038, 4, 25),
            (2049, 4, 18),
            (2076, 4, 19),
            (2096, 4, 15),
        ] {
            let expected = NaiveDate::from_ymd_opt(year, month, day);

            assert_eq!(easter_sunday(year), expected);
        }
    }
}
