//! What a forecaster must never do, and what it makes of resets, cliffs, noise and silence.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const WINDOW: u64 = 21_600;

fn start() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// A count of so many, read every minute as listed.
fn read(
    limit: u64,
    counts: impl IntoIterator<Item = u64>,
) -> (Forecaster, Vec<Change>, DateTime<Utc>) {
    let mut forecaster = Forecaster::new(Some(limit), Window::from_seconds(WINDOW));
    let (mut changes, mut now) = (Vec::new(), start());
    for (minute, remaining) in counts.into_iter().enumerate() {
        now = start() + TimeDelta::minutes(minute.try_into().unwrap());
        changes.push(forecaster.push(Point { at: now, remaining }));
    }
    (forecaster, changes, now)
}

fn minutes_to_empty(forecaster: &Forecaster, now: DateTime<Utc>) -> f64 {
    (forecaster.clone().forecast(now).empty_at.unwrap() - now).as_seconds_f64() / 60.0
}

#[rstest]
#[case::nothing_was_read(vec![])]
#[case::once(vec![90])]
#[case::few(vec![100, 98, 96, 94])]
#[case::nothing_falls(vec![80; 30])]
#[case::it_rises((40..90).collect())]
#[case::full(vec![100; 30])]
#[case::empty_already((0..=100).rev().collect())]
fn nothing_is_foretold_where_nothing_is_known(#[case] counts: Vec<u64>) {
    let (mut forecaster, _, now) = read(100, counts);
    let forecast = forecaster.forecast(now);
    assert_eq!(
        (forecast.burn_per_hour, forecast.empty_at, forecast.empty_range),
        (None, None, None)
    );
}

#[rstest]
#[case::evenly(200, (0..40).map(|minute| 200 - 2 * minute).collect(), 61.0)]
#[case::seldom(60, (0..80).map(|minute| 60 - minute / 4).collect(), 161.0)]
#[case::less_and_less(200, (0..40).map(|minute| 200 - (5 * minute - minute * minute / 40)).collect(), 16.3)]
#[case::more_and_more(200, (0..40).map(|minute| 200 - minute * minute / 20).collect(), 24.2)]
fn the_time_to_empty_is_that_of_the_line(
    #[case] limit: u64,
    #[case] counts: Vec<u64>,
    #[case] minutes: f64,
) {
    let (forecaster, _, now) = read(limit, counts);
    let found = minutes_to_empty(&forecaster, now);
    assert!((found / minutes - 1.0).abs() < 0.05, "{found:.1} minutes, not {minutes}");
}

/// A pull or two tell how much was taken, not how often that happens.
#[rstest]
#[case::one_pull((0..30).map(|minute| if minute < 28 { 100 } else { 99 }).collect())]
#[case::one_large_pull((0..30).map(|minute| if minute < 28 { 100 } else { 60 }).collect())]
#[case::two((0..30).map(|minute| 100 - u64::from(minute > 20) - 5 * u64::from(minute > 27)).collect())]
fn single_pulls_give_no_time_and_no_pace(#[case] counts: Vec<u64>) {
    let (mut forecaster, _, now) = read(100, counts.clone());
    let forecast = forecaster.forecast(now);
    assert_eq!((forecast.burn_per_hour, forecast.empty_at), (None, None));
    assert!(
        forecast.empty_range.is_some_and(|(early, late)| early >= now && late.is_none()),
        "{forecast:?}"
    );
    let more = [10_u64, 20, 30].map(|taken| counts[counts.len() - 1] - taken);
    let (mut forecaster, _, now) = read(100, counts.into_iter().chain(more));
    let forecast = forecaster.forecast(now);
    assert!(forecast.burn_per_hour.is_some() && forecast.empty_at.is_some(), "{forecast:?}");
}

#[test]
fn a_full_reading_in_between_is_false_and_forgotten() {
    let counts = |minute: u64| if minute == 20 { 200 } else { 200 - 2 * minute };
    let (forecaster, changes, now) = read(200, (0..40).map(counts));
    assert_eq!((changes[20], changes[21]), (Change::Held, Change::FalseFull));
    let (undisturbed, ..) = read(200, (0..40).map(|minute| 200 - 2 * minute));
    let (one, other) = (minutes_to_empty(&forecaster, now), minutes_to_empty(&undisturbed, now));
    assert!((one / other - 1.0).abs() < 0.01, "{one:.1} and {other:.1}");
}

#[test]
fn a_reset_is_no_consumption_and_no_recovery() {
    let counts = |minute: u64| if minute < 30 { 200 - 5 * minute } else { 200 - 5 * (minute - 30) };
    let (forecaster, changes, now) = read(200, (0..50).map(counts));
    assert_eq!((changes[30], changes[31]), (Change::Held, Change::Reset));
    // 105 are left at five a minute.
    let found = minutes_to_empty(&forecaster, now);
    assert!((found / 21.0 - 1.0).abs() < 0.05, "{found:.1}");
}

#[test]
fn one_cliff_does_not_bend_the_line_but_widens_the_range() {
    let (even, _, now) = read(400, (0..60).map(|minute| 400 - minute));
    let (mut cliff, ..) =
        read(400, (0..60).map(|minute| 400 - minute - if minute > 25 { 60 } else { 0 }));
    let burn = |forecaster: &Forecaster| forecaster.clone().forecast(now).burn_per_hour.unwrap();
    // With the cliff taken for use, it would be twice as much.
    assert!((55.0..65.0).contains(&burn(&even)), "{}", burn(&even));
    assert!(burn(&cliff) < 84.0, "{}", burn(&cliff));
    let minutes = minutes_to_empty(&cliff, now);
    assert!((minutes / 281.0 - 1.0).abs() < 0.1, "{minutes}");
    let early = (cliff.forecast(now).empty_range.unwrap().0 - now).num_minutes();
    assert!(early < 250, "a second cliff may come: {early}");
}

#[test]
fn a_changed_clock_begins_anew() {
    let (mut forecaster, ..) = read(200, (0..40).map(|minute| 200 - 2 * minute));
    let back = start() - TimeDelta::hours(1);
    assert_eq!(forecaster.push(Point { at: back, remaining: 100 }), Change::First);
    assert_eq!(forecaster.forecast(back).empty_at, None);
}

#[test]
fn what_recovers_first_leaves_the_range_open() {
    // A pull a minute empties 2,000 long after the first comes back.
    let (mut forecaster, _, now) = read(2_000, (0..60).map(|minute| 2_000 - minute));
    let forecast = forecaster.forecast(now);
    assert_eq!(forecast.empty_at, None);
    let (early, late) = forecast.empty_range.unwrap();
    assert!(early > now + TimeDelta::hours(6) && late.is_none());
}

#[test]
fn what_still_falls_after_a_window_has_its_recovery_in_the_burn() {
    // Seven hours of a window of six.
    let (forecaster, _, now) = read(2_000, (0..420).map(|minute| 2_000 - minute));
    let minutes = minutes_to_empty(&forecaster, now);
    assert!((minutes / 1_580.0 - 1.0).abs() < 0.02, "{minutes}");
}

fn points() -> impl Strategy<Value = Vec<(i64, u64)>> {
    let time =
        prop_oneof![8 => -5_000_i64..100_000, 1 => Just(0), 1 => -4_000_000_000_i64..4_000_000_000];
    let count = prop_oneof![8 => 0_u64..210, 1 => Just(u64::MAX), 1 => any::<u64>()];
    prop::collection::vec((time, count), 0..400)
}

fn limits() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), Just(Some(0)), Just(Some(1)), Just(Some(200)), Just(Some(u64::MAX))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_readings_are_survived_and_no_time_lies_before_now(
        limit in limits(),
        window in prop_oneof![Just(0), Just(1), Just(3_600), Just(u64::MAX)],
        points in points(),
        later in -10_000_i64..10_000,
    ) {
        let mut forecaster = Forecaster::new(limit, Window::from_seconds(window));
        let mut at = start();
        for (place, (pause, remaining)) in points.into_iter().enumerate() {
            at = at.checked_add_signed(TimeDelta::milliseconds(pause)).unwrap_or(at);
            forecaster.push(Point { at, remaining });
            prop_assert!(forecaster.series.steps().len() <= 256, "memory is bounded");
            if place % 16 == 15 {
                let now = at + TimeDelta::seconds(later);
                let forecast = forecaster.forecast(now);
                prop_assert!(forecast.burn_per_hour.is_none_or(|burn| burn.is_finite() && burn > 0.0));
                let early = forecast.empty_range.map(|(early, _)| early);
                let late = forecast.empty_range.and_then(|(_, late)| late);
                for time in [forecast.empty_at, early, late, forecast.full_by].into_iter().flatten() {
                    prop_assert!(time >= now);
                }
                prop_assert!(forecast.empty_at.is_none_or(|at| early.is_some_and(|early| early <= at) && late.is_none_or(|late| at <= late)));
                prop_assert!(late.is_none_or(|late| early.is_some_and(|early| early <= late)));
            }
        }
    }

    /// Pulls that come one to three at a time, no burst among them; the same slower is as much slower.
    #[test]
    fn time_that_runs_slower_makes_times_longer(drops in prop::collection::vec(1_u64..4, 20..60), times in 2_i64..5) {
        let foretold = |seconds: i64| {
            let (mut forecaster, mut remaining) = (Forecaster::new(Some(400), None), 400);
            let mut now = start();
            for drop in &drops {
                forecaster.push(Point { at: now, remaining });
                (now, remaining) = (now + TimeDelta::seconds(seconds), remaining - drop);
            }
            let now = now - TimeDelta::seconds(seconds);
            forecaster.forecast(now).empty_at.map(|at| (at - now).as_seconds_f64())
        };
        let (one, other) = (foretold(60), foretold(60 * times));
        prop_assert_eq!(one.is_some(), other.is_some());
        if let (Some(one), Some(other)) = (one, other) {
            #[expect(clippy::cast_precision_loss, reason = "2 to 4")]
            let times = times as f64;
            prop_assert!((other / one / times - 1.0).abs() < 0.001, "{one} and {other}");
        }
    }

    /// The same count in larger pulls is empty at the same time.
    #[test]
    fn larger_pulls_from_a_larger_limit_take_the_same_time(drop in 3_u64..8, bend in 0_u64..2, times in 2_u64..10) {
        let foretold = |times: u64| {
            let gone = |minute: u64| drop * minute + bend * minute * minute / 40;
            let (forecaster, _, now) = read(300 * times, (0..30).map(|minute| times * (300 - gone(minute))));
            minutes_to_empty(&forecaster, now)
        };
        let (one, other) = (foretold(1), foretold(times));
        prop_assert!((other / one - 1.0).abs() < 0.05, "{one} and {other}");
    }
}
