//! Neighbours: simulated pulls on every limited identity that asks, so that a count falls by
//! itself. Nothing runs for it: what would have been pulled since an identity was last seen is
//! worked out when it is seen again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const HOUR: u64 = 3_600_000;
/// Bursts in a period.
const BURSTS: u64 = 6;
/// A burst takes this part of the time until the next.
const BURST_PART: u64 = 20;
const RATE_DEFAULT: u64 = 120;
const RATE_MAX: u64 = 1_000_000;

/// A pattern of simulated pulls, such as `steady:120/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    shape: Shape,
    per_hour: u64,
    /// Milliseconds after which the shape begins again.
    period: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Evenly.
    Steady,
    /// Six bursts in a period, each of a twentieth of the time to the next.
    Bursty,
    /// Twice the rate at first, none at the end of a period; then again.
    Falling,
    /// None at first, twice the rate at the end of a period; then again.
    Rising,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// The name is not known.
    #[error(
        "{0:?} is no traffic pattern; there are steady, bursty, falling, rising, each with a rate such as steady:120/h"
    )]
    Shape(String),
    /// The rate is no number a second, minute or hour.
    #[error("{0:?} is no rate such as 120/h, 2/m or 1/s, up to {RATE_MAX} an hour")]
    Rate(String),
}

impl Traffic {
    /// The same, with a shape that is seen within a window: its period is an hour, or the window where
    /// that is shorter.
    #[must_use]
    pub(super) fn within(self, window: Duration) -> Self {
        let window = u64::try_from(window.as_millis()).unwrap_or(HOUR);
        Self { period: window.clamp(BURSTS, HOUR), ..self }
    }

    /// Pulls made in the time from the sandbox's start until `elapsed` after it.
    fn until(self, elapsed: u64) -> u64 {
        let (rate, t) = (u128::from(self.per_hour), u128::from(elapsed));
        let (hour, period) = (u128::from(HOUR), u128::from(self.period));
        let (periods, phase) = (t / period, t % period);
        let pulls = match self.shape {
            Shape::Steady => rate * t / hour,
            Shape::Bursty => {
                let every = period / u128::from(BURSTS);
                let moved = t / every * every + (t % every * u128::from(BURST_PART)).min(every);
                rate * moved / hour
            }
            Shape::Falling => {
                rate * (periods * period * period + 2 * phase * period - phase * phase)
                    / (period * hour)
            }
            Shape::Rising => rate * (periods * period * period + phase * phase) / (period * hour),
        };
        u64::try_from(pulls).unwrap_or(u64::MAX)
    }

    /// The pulls made after `from` and up to `to` (both since the sandbox's start): at most 64
    /// moments in order, each with a number of pulls.
    pub(super) fn between(
        self,
        from: Duration,
        to: Duration,
    ) -> impl Iterator<Item = (Duration, u32)> {
        const STEPS: u64 = 64;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2);
        let (from, to) = (millis(from), millis(to));
        let span = to.saturating_sub(from);
        let steps = STEPS.min(self.until(to).saturating_sub(self.until(from)));
        let moment = move |step: u64| {
            from + u64::try_from(u128::from(span) * u128::from(step) / u128::from(steps.max(1)))
                .unwrap_or(span)
        };
        (0..steps).filter_map(move |step| {
            let (start, end) = (moment(step), moment(step + 1));
            let pulls = self.until(end).saturating_sub(self.until(start));
            (pulls > 0)
                .then(|| (Duration::from_millis(end), u32::try_from(pulls).unwrap_or(u32::MAX)))
        })
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.shape {
            Shape::Steady => "steady",
            Shape::Bursty => "bursty",
            Shape::Falling => "falling",
            Shape::Rising => "rising",
        };
        write!(f, "{name}:{}/h", self.per_hour)
    }
}

impl FromStr for Traffic {
    type Err = TrafficError;

    fn from_str(text: &str) -> Result<Self, TrafficError> {
        let (name, rate) =
            text.split_once(':').map_or((text, None), |(name, rate)| (name, Some(rate)));
        let shape = match name {
            "steady" => Shape::Steady,
            "bursty" => Shape::Bursty,
            "falling" => Shape::Falling,
            "rising" => Shape::Rising,
            _ => return Err(TrafficError::Shape(text.to_owned())),
        };
        let per_hour = rate
            .map_or(Some(RATE_DEFAULT), parse_rate)
            .ok_or_else(|| TrafficError::Rate(rate.unwrap_or("").to_owned()))?;
        Ok(Self { shape, per_hour, period: HOUR })
    }
}

fn parse_rate(rate: &str) -> Option<u64> {
    let (number, unit) = rate.split_once('/')?;
    let times = match unit {
        "s" => 3600,
        "m" | "min" => 60,
        "h" => 1,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(times).filter(|rate| (1..=RATE_MAX).contains(rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("steady", "steady:120/h")]
    #[case("bursty:2/m", "bursty:120/h")]
    #[case("falling:1/s", "falling:3600/h")]
    #[case("rising:7/h", "rising:7/h")]
    fn patterns_are_read(#[case] typed: &str, #[case] meant: &str) {
        assert_eq!(typed.parse::<Traffic>().unwrap().to_string(), meant);
    }

    #[rstest]
    #[case("")]
    #[case("heavy")]
    #[case("steady:")]
    #[case("steady:0/h")]
    #[case("steady:-1/h")]
    #[case("steady:10")]
    #[case("steady:10/d")]
    #[case("steady:1000001/h")]
    #[case("steady:99999999999999999999/s")]
    fn nonsense_is_refused(#[case] typed: &str) {
        assert!(typed.parse::<Traffic>().is_err());
    }

    proptest! {
        #[test]
        fn an_hour_has_its_rate_however_often_one_looks(name in "steady|bursty|falling|rising", rate in 1_u64..5_000, looks in prop::collection::vec(1_u64..600_000, 1..100)) {
            let traffic: Traffic = format!("{name}:{rate}/h").parse().unwrap();
            let (mut now, mut pulls) = (0, 0);
            for pause in looks {
                let then = (now + pause).min(HOUR);
                let mut last = Duration::ZERO;
                for (at, number) in traffic.between(Duration::from_millis(now), Duration::from_millis(then)) {
                    prop_assert!(at >= last && at <= Duration::from_millis(then));
                    last = at;
                    pulls += u64::from(number);
                }
                now = then;
            }
            pulls += traffic.between(Duration::from_millis(now), Duration::from_millis(HOUR)).map(|(_, number)| u64::from(number)).sum::<u64>();
            prop_assert_eq!(pulls, rate);
        }

        #[test]
        fn a_short_window_has_the_same_rate_and_its_whole_shape(name in "steady|bursty|falling|rising", minutes in 1_u64..60) {
            let period = Duration::from_secs(60 * minutes);
            let traffic = format!("{name}:6000/h").parse::<Traffic>().unwrap().within(period);
            let millis = u64::try_from(period.as_millis()).unwrap();
            let (half, whole) = (traffic.until(millis / 2), traffic.until(millis));
            prop_assert_eq!(whole, 100 * minutes);
            let percent = half * 100 / whole;
            let expected = match name.as_str() { "falling" => 75, "rising" => 25, _ => 50_u64 };
            prop_assert!(percent.abs_diff(expected) <= 2, "{name} {minutes}: {percent} %");
        }

        #[test]
        fn any_pattern_is_survived(text in "\\PC{0,30}") {
            let _ = text.parse::<Traffic>();
        }
    }
}
