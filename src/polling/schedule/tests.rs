//! Tests of the schedule in virtual time.

use super::*;
use crate::quota::{FaultKind, Throttle};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn hub() -> RatePolicy {
    RatePolicy::of("docker.io", "a", true, false, false)
}

fn answered(outcome: Outcome, retry_after: Option<Duration>) -> Answered {
    Answered { outcome, window: Some(s(3_600)), retry_after, source: None }
}

/// Runs the schedule with readings that take no time; who was asked, and after how many seconds.
fn turns(
    policies: Vec<RatePolicy>,
    asked: Option<Duration>,
    outcome: impl Fn(usize) -> Outcome,
    count: usize,
) -> Vec<(usize, u64)> {
    let start = Instant::now();
    let mut schedule = Schedule::new(policies, asked, 4, start);
    let mut now = start;
    let mut turns = Vec::new();
    for number in 0..count {
        let (index, at) = schedule.next().unwrap();
        now = now.max(at);
        schedule.started(index, now);
        schedule.settle(index, answered(outcome(number), None), 1.0, now);
        turns.push((index, (now - start).as_secs()));
    }
    turns
}

#[test]
fn a_window_of_an_hour_is_asked_every_minute_and_more_rarely_while_nothing_moves() {
    let at: Vec<u64> =
        turns(vec![hub()], None, |_| Outcome::Moved, 4).into_iter().map(|(_, at)| at).collect();
    assert_eq!(at, [0, 60, 120, 180]);
    let at: Vec<u64> =
        turns(vec![hub()], None, |_| Outcome::Still, 12).into_iter().map(|(_, at)| at).collect();
    let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps, [60, 60, 120, 120, 120, 180, 180, 180, 240, 240, 240]);
}

#[test]
fn an_interval_asked_for_is_kept_but_docker_hub_keeps_its_distance() {
    let at = |asked, force| -> Vec<u64> {
        turns(
            vec![RatePolicy::of("docker.io", "a", true, false, force)],
            Some(s(asked)),
            |_| Outcome::Still,
            4,
        )
        .into_iter()
        .map(|(_, at)| at)
        .collect()
    };
    assert_eq!(at(15, false), [0, 15, 30, 45]);
    assert_eq!(at(1, false), [0, 10, 20, 30]);
    assert_eq!(at(1, true), [0, 1, 2, 3]);
    assert_eq!(at(0, true), [0, 1, 2, 3], "force has a floor, too");
}

#[test]
fn identities_are_read_at_once_and_then_spread_over_the_interval() {
    let two = turns(vec![hub(), hub()], Some(s(60)), |_| Outcome::Moved, 6);
    assert_eq!(two, [(0, 0), (1, 0), (0, 60), (1, 90), (0, 120), (1, 150)]);
    let many = turns(vec![hub(); 12], Some(s(60)), |_| Outcome::Moved, 48);
    for pair in many[12..].windows(2) {
        assert!(pair[1].1 - pair[0].1 >= 10, "{many:?}");
    }
    let mut asked = [0; 12];
    for (index, _) in &many {
        asked[*index] += 1;
    }
    assert!(asked.iter().all(|count| (3..=5).contains(count)), "{asked:?}");
}

/// Identity `number` of 500: half on Docker Hub as accounts of their own, some behind one address.
fn one_of_many(number: usize) -> RatePolicy {
    let host = if number.is_multiple_of(5) { "quay.io" } else { "docker.io" };
    let source = if number % 100 == 7 { "one address".to_owned() } else { number.to_string() };
    RatePolicy::of(host, &source, host == "docker.io", false, false)
}

#[test]
fn five_hundred_identities_share_a_day_without_haste_and_without_waiting_for_a_silent_one() {
    let (interval, window, at_once) = (s(300), s(3_600), 8);
    let start = Instant::now();
    let policies: Vec<RatePolicy> = (0..500).map(one_of_many).collect();
    let mut schedule = Schedule::new(policies.clone(), Some(interval), at_once, start);
    let mut asked: Vec<Vec<Instant>> = vec![Vec::new(); 500];
    let mut under_way: Vec<(Instant, usize)> = Vec::new();
    let mut now = start;
    while now < start + s(86_400) {
        let end = under_way.iter().copied().min();
        match (schedule.next(), end) {
            (Some((index, at)), end) if end.is_none_or(|(end, _)| at.max(now) <= end) => {
                assert_eq!(schedule.next(), Some((index, at)), "asking changes nothing");
                now = now.max(at);
                schedule.started(index, now);
                asked[index].push(now);
                // One never answers until its time is up, the others take a fifth of a second.
                let takes = if index == 3 { s(10) } else { Duration::from_millis(200) };
                under_way.push((now + takes, index));
                assert!(under_way.len() <= at_once);
            }
            (_, Some((end, index))) => {
                now = end;
                under_way.retain(|one| *one != (end, index));
                let outcome =
                    if index == 3 { Outcome::Failed(FaultKind::Timeout) } else { Outcome::Moved };
                let source = Some(policies[index].source.clone());
                let answered =
                    Answered { outcome, window: Some(window), retry_after: None, source };
                schedule.settle(index, answered, 0.5, now);
            }
            (Some(_) | None, None) => unreachable!("somebody is due or under way"),
        }
    }
    for (index, times) in asked.iter().enumerate().filter(|(index, _)| *index != 3) {
        assert!(times[0] - start <= interval, "{index} waits for its first turn");
        for pair in times.windows(2) {
            let gap = pair[1] - pair[0];
            assert!(gap <= interval.mul_f64(1.1), "{index} waited {gap:?}");
        }
        assert!(times.len() >= 2 * 24, "{index} is asked {} times a day", times.len());
    }
    let mut together: Vec<Instant> = (0..500)
        .filter(|number| number % 100 == 7)
        .flat_map(|number| asked[number].clone())
        .collect();
    together.sort_unstable();
    assert!(together.windows(2).all(|pair| pair[1] - pair[0] >= HUB_LEAST));
    let mut starts: Vec<Instant> = asked.iter().map(|times| times[0]).collect();
    starts.sort_unstable();
    let first_tenth = starts.iter().filter(|at| **at - start < interval / 10).count();
    assert!((40..70).contains(&first_tenth), "spread from the first round on: {first_tenth}");
}

#[test]
fn those_who_turn_out_to_share_a_source_keep_their_distance_and_old_sources_are_forgotten() {
    let now = Instant::now();
    let policy = |source| RatePolicy::of("docker.io", source, true, false, false);
    let mut schedule = Schedule::new(vec![policy("a"), policy("b")], Some(s(10)), 4, now);
    for (index, at) in [(0, 0), (1, 3)] {
        schedule.started(index, now + s(at));
        let answered =
            Answered { source: Some("one address".to_owned()), ..answered(Outcome::Moved, None) };
        schedule.settle(index, answered, 0.0, now + s(at));
    }
    assert_eq!(schedule.next().map(|(index, at)| (index, at - now)), Some((0, s(13))));
    for number in 0..1_000 {
        let source = format!("2001:db8::{number}");
        schedule.started(0, now);
        let answered = Answered { source: Some(source), ..answered(Outcome::Moved, None) };
        schedule.settle(0, answered, 0.0, now);
    }
    assert!(schedule.counted.len() <= 6, "{}", schedule.counted.len());
    assert_eq!(schedule.counted.len(), schedule.last_starts.len());
}

#[test]
fn registries_do_not_wait_for_each_other() {
    // Half an interval apart, which is less than the distance that Docker Hub needs.
    let other = RatePolicy::of("quay.io", "a", false, false, false);
    assert_eq!(
        turns(vec![hub(), other], Some(s(10)), |_| Outcome::Moved, 4),
        [(0, 0), (1, 0), (0, 10), (1, 15)]
    );
}

#[test]
fn loopback_may_be_asked_without_a_pause() {
    let near = RatePolicy::of("localhost:5000", "a", false, true, false);
    assert!(
        turns(vec![near], Some(Duration::ZERO), |_| Outcome::Still, 100)
            .iter()
            .all(|(_, at)| *at == 0)
    );
}

#[test]
fn trouble_backs_off_and_is_forgotten_when_it_is_over() {
    let outcome =
        |number| if number < 6 { Outcome::Failed(FaultKind::Network) } else { Outcome::Moved };
    let at: Vec<u64> = turns(vec![hub()], None, outcome, 8).into_iter().map(|(_, at)| at).collect();
    let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps, [10, 10, 20, 40, 80, 160, 60]);
}

#[test]
fn retry_after_holds_even_whoever_presses_a_key() {
    let now = Instant::now();
    let mut schedule = Schedule::new(vec![hub(), hub()], None, 4, now);
    for index in [0, 1] {
        schedule.started(index, now);
        schedule.settle(index, answered(Outcome::Moved, None), 0.0, now);
    }
    schedule.settle(0, answered(Outcome::Throttled(Throttle::Overall), Some(s(90))), 0.0, now);
    schedule.hurry(now);
    assert_eq!(schedule.under_way(), None);
    schedule.started(1, now);
    assert_eq!(schedule.under_way(), Some(1));
    assert_eq!(
        schedule.next().map(|(_, at)| at - now),
        Some(s(90)),
        "the overall limit holds every identity"
    );
    let mut schedule = Schedule::new(vec![hub(), hub()], None, 4, now);
    schedule.started(0, now);
    schedule.settle(0, answered(Outcome::Refused, Some(s(90))), 0.0, now);
    assert_eq!(
        schedule.next().map(|(index, at)| (index, at - now)),
        Some((1, s(0))),
        "the pull limit only its own"
    );
}

#[test]
fn a_key_hurries_stretches_and_pauses() {
    let now = Instant::now();
    let mut schedule = Schedule::new(vec![hub()], None, 4, now);
    schedule.started(0, now);
    schedule.settle(0, answered(Outcome::Moved, None), 0.0, now);
    schedule.hurry(now + s(3));
    assert_eq!(schedule.next().map(|(_, at)| at - now), Some(s(10)), "the distance is kept");
    schedule.change(true, now);
    assert_eq!(
        (schedule.interval(), schedule.next().map(|(_, at)| at - now)),
        (s(120), Some(s(120)))
    );
    for _ in 0..20 {
        schedule.change(false, now);
    }
    assert_eq!(schedule.interval(), s(10));
    for (near, force, wanted) in [(false, true, s(1)), (false, false, s(10)), (true, false, s(0))] {
        let mut schedule =
            Schedule::new(vec![RatePolicy::of("docker.io", "a", true, near, force)], None, 4, now);
        (0..20).for_each(|_| schedule.change(false, now));
        assert_eq!(
            (schedule.interval(), schedule.asked),
            (wanted, Some(wanted)),
            "near {near}, force {force}"
        );
    }
    schedule.pause(true);
    assert_eq!(schedule.next(), None);
    assert!(schedule.is_paused());
}
