//! The view in frames of several sizes.

use chrono::TimeDelta;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::quota::State;
use crate::render::check::fixtures::{limited, with};

const SUBJECT: Subject = Subject { command: "watch", sandbox: false };

fn at(second: i64) -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

fn shown(second: i64, record: Record, forecast: Forecast, events: Vec<Event>) -> Observed {
    Observed { at: at(second), record, forecast, events }
}

/// A view after a quarter of an hour: one identity falls, the other fails.
fn view() -> View {
    let mut view = View::new(
        vec!["anonymous".into(), "tidewater-ci".into()],
        SUBJECT,
        Theme { colour: false },
    );
    for minute in 0..=15_i64 {
        let left = 100 - u64::try_from(minute).unwrap() * 4;
        let forecast = Forecast {
            burn_per_hour: Some(240.0),
            empty_at: Some(at(25 * 60)),
            empty_range: Some((at(22 * 60), Some(at(30 * 60)))),
            full_by: None,
        };
        let events = if minute == 3 {
            vec![Event::Drop { pulls: 12 }, Event::TokenRenewed]
        } else {
            Vec::new()
        };
        view.take(0, shown(60 * minute, with(State::Limited, Some(left)), forecast, events));
    }
    let mut lost = with(State::Failed, None);
    lost.identity.user = Some("tidewater-ci".into());
    lost.identity.kind = crate::quota::IdentityKind::Account;
    lost.effective = false;
    lost.source = None;
    let lost_event =
        Event::NetworkLost { message: "registry-1.docker.io was not reached: refused".into() };
    view.take(1, shown(905, lost, Forecast::default(), vec![lost_event]));
    view
}

fn frame(view: &View, width: u16, height: u16) -> String {
    let schedule = Schedule {
        next_in: Some(Duration::from_secs(42)),
        asking: None,
        interval: Duration::from_secs(60),
        paused: false,
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, view, Some(schedule), at(910))).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = (0..height).map(|y| {
        let row: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        row.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_usual_terminal_shows_everything() {
    let frame = frame(&view(), 80, 24);
    for words in [
        "▸ anonymous effective  counted as 192.0.2.10",
        "40 left  60 of 100 used  1h window",
        "240 pulls/h · empty",
        "tidewater-ci",
        "registry-1.docker.io was not reached",
        " pulls left: anonymous ",
        " events ",
        "12 pulls gone at once",
        "next in 42s · every 1m · q quit",
    ] {
        assert!(frame.contains(words), "{words:?} is missing in\n{frame}");
    }
    assert!(
        frame.contains('⠉')
            || frame.contains('⠤')
            || frame.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)),
        "no chart:\n{frame}"
    );
}

#[test]
fn a_small_terminal_keeps_the_number() {
    for (width, height) in [(40, 10), (30, 3), (24, 1)] {
        let frame = frame(&view(), width, height);
        assert!(frame.contains("40 left"), "{width}x{height}:\n{frame}");
    }
}

#[test]
fn a_gauge_shows_what_is_left_and_is_empty_at_zero() {
    for (left, filled) in [(100, 40), (50, 20), (34, 14), (1, 1), (0, 0)] {
        let mut view = View::new(vec!["anonymous".into()], SUBJECT, Theme { colour: false });
        let state = if left == 0 { State::Exhausted } else { State::Limited };
        view.take(0, shown(0, with(state, Some(left)), Forecast::default(), Vec::new()));
        let frame = frame(&view, 80, 24);
        let line = frame.lines().find(|line| line.contains(" left  ")).unwrap();
        assert_eq!(line.matches('█').count(), filled, "{left}: {frame}");
        assert_eq!(line.matches('░').count(), 40 - filled, "{left}: {frame}");
    }
}

#[test]
fn the_selected_name_is_reversed_and_only_the_effective_one_is_marked() {
    let mut view = view();
    for selected in ["anonymous", "tidewater-ci"] {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let schedule = Schedule {
            next_in: None,
            asking: None,
            interval: Duration::from_secs(60),
            paused: false,
        };
        terminal.draw(|frame| draw(frame, &view, Some(schedule), at(910))).unwrap();
        let cells = terminal.backend().buffer().content().iter();
        let reversed: String = cells
            .filter(|cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED))
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert_eq!(reversed, selected);
        view.select(false);
    }
}

#[test]
fn whom_pulls_count_on_is_shown_first_until_another_is_chosen() {
    let names = || vec!["anonymous".into(), "tidewater-ci".into()];
    let mut used = with(State::Limited, Some(40));
    used.identity.user = Some("tidewater-ci".into());
    let take = |view: &mut View| {
        view.take(1, shown(0, used.clone(), Forecast::default(), Vec::new()));
    };
    let mut view = View::new(names(), SUBJECT, Theme { colour: false });
    take(&mut view);
    assert_eq!(view.selected, 1);
    let mut view = View::new(names(), SUBJECT, Theme { colour: false });
    view.select(false);
    view.select(false);
    take(&mut view);
    assert_eq!(view.selected, 0);
}

#[test]
fn what_does_not_fit_is_left_out_and_nothing_is_cut_in_the_middle() {
    let mut view = View::new(vec!["anonymous".into()], SUBJECT, Theme { colour: false });
    let mut record = limited();
    record.full_by = Some(at(3_600));
    let forecast = Forecast {
        burn_per_hour: Some(240.0),
        empty_at: Some(at(1_500)),
        empty_range: Some((at(1_400), Some(at(1_700)))),
        ..Forecast::default()
    };
    view.take(0, shown(900, record, forecast, Vec::new()));
    let wide = frame(&view, 140, 24);
    assert!(
        wide.contains("(in 9m 50s), between 8m 10s and 13m 10s · full again by ")
            && wide.contains("(in 44m 50s)"),
        "{wide}"
    );
    assert!(
        wide.contains("anonymous effective  counted as 192.0.2.10  docker.io/library/nginx:latest"),
        "{wide}"
    );
    let usual = frame(&view, 80, 24);
    assert!(
        usual.contains("between 8m 10s and 13m 10s") || usual.contains("(in 9m 50s) · full by "),
        "{usual}"
    );
    let less = frame(&view, 64, 24);
    assert!(less.contains("anonymous effective  counted as 192.0.2.10  nginx:latest\n"), "{less}");
    let narrow = frame(&view, 42, 12);
    assert!(
        narrow.contains("anonymous  counted as 192.0.2.10\n") && narrow.contains("76 left"),
        "{narrow}"
    );
    assert!(
        narrow.lines().all(|line| !line.ends_with(['(', ',', '·']))
            && narrow.contains("q quit  ? help"),
        "{narrow}"
    );
    // Too small for a chart: all the lines of the series instead of empty ones.
    let small = frame(&view, 20, 5);
    let lines: Vec<&str> = small.lines().collect();
    assert!(
        lines[0].contains("anonymous")
            && lines[1].contains("76 left")
            && lines[2].contains("240 pulls/h"),
        "{small}"
    );
    assert_eq!(lines[4], "next in 42s");
}

#[test]
fn two_images_of_one_identity_are_told_apart() {
    let mut view = View::new(vec!["a".into(), "b".into()], SUBJECT, Theme { colour: false });
    for (number, image) in
        ["docker.io/library/nginx:latest", "docker.io/bitnami/redis:7"].into_iter().enumerate()
    {
        let record = Record { image: image.into(), ..limited() };
        view.take(number, shown(0, record, Forecast::default(), vec![Event::Drop { pulls: 12 }]));
    }
    let seen = frame(&view, 100, 30);
    for words in [
        " pulls left: anonymous nginx ",
        "  anonymous nginx  12 pulls",
        "  anonymous bitnami/redis:7  12 pulls",
    ] {
        assert!(seen.contains(words), "{words:?} is missing in\n{seen}");
    }
}

#[test]
fn a_fast_watch_has_no_countdown_that_flickers() {
    let view = view();
    let footer = |interval, next_in| {
        let schedule = Schedule { next_in, asking: None, interval, paused: false };
        let mut terminal = Terminal::new(TestBackend::new(60, 10)).unwrap();
        terminal.draw(|frame| draw(frame, &view, Some(schedule), at(910))).unwrap();
        (0..60)
            .map(|x| terminal.backend().buffer()[(x, 9)].symbol().to_owned())
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    assert_eq!(footer(ms(200), Some(ms(134))), "every 200ms · q quit  p pause  space now  ? help");
    assert_eq!(footer(s(1), None), "every 1s · q quit  p pause  space now  ? help");
    assert_eq!(
        footer(s(1), Some(ms(7_100))),
        "next in 8s · every 1s · q quit  p pause  space now  ? help"
    );
    assert_eq!(
        footer(s(60), Some(ms(300))),
        "next in 1s · every 1m · q quit  p pause  space now  ? help"
    );
    assert!(footer(s(60), None).starts_with("asking… · every 1m"));
}

#[test]
fn keys_change_what_is_shown() {
    let mut view = view();
    view.select(false);
    let chosen = frame(&view, 80, 24);
    assert!(chosen.contains(" pulls left: tidewater-ci "), "{chosen}");
    assert!(chosen.contains("▸ anonymous") && !chosen.contains("▸ tidewater-ci"), "{chosen}");
    view.select(false);
    view.select(true);
    assert!(frame(&view, 80, 24).contains(" pulls left: tidewater-ci "));
    view.select(true);
    view.zoom();
    let zoomed = frame(&view, 80, 24);
    assert!(!zoomed.contains("tidewater-ci") && !zoomed.contains(" events "), "{zoomed}");
    view.help();
    assert!(frame(&view, 80, 24).contains("the next identity"));
    assert!(view.close() && !view.close());
}

#[test]
fn what_has_no_count_is_said_once() {
    let mut throttled = with(State::Throttled, None);
    throttled.error = Some(crate::quota::ErrorRecord {
        kind: crate::quota::FaultKind::OverallLimit,
        message: "too many requests".into(),
        advice: "wait a minute".into(),
    });
    let mut odd = with(State::Unknown, None);
    (odd.error, odd.warnings) = (None, vec!["the limit reads x".into()]);
    let mut paid = with(State::Unlimited, None);
    (paid.error, paid.limit, paid.full_by) = (None, None, None);
    for (record, once, beside) in [
        (throttled, "too many requests", "wait a minute"),
        (odd, "the limit reads x", ""),
        (paid, "no pull limit", ""),
    ] {
        let mut view = View::new(vec!["a".into()], SUBJECT, Theme { colour: false });
        view.take(0, shown(0, record, Forecast::default(), Vec::new()));
        let frame = frame(&view, 80, 24);
        assert!(frame.matches(once).count() == 1 && frame.contains(beside), "{frame}");
    }
}

#[test]
fn who_is_asked_is_told_from_who_waits() {
    let view = View::new(
        vec!["anonymous".into(), "tidewater-ci".into()],
        SUBJECT,
        Theme { colour: false },
    );
    let mut terminal = Terminal::new(TestBackend::new(60, 24)).unwrap();
    let schedule =
        Schedule { asking: Some(1), interval: Duration::from_secs(1), ..Schedule::default() };
    terminal.draw(|frame| draw(frame, &view, Some(schedule), at(0))).unwrap();
    let row = |y: u16| {
        (0..60).map(|x| terminal.backend().buffer()[(x, y)].symbol().to_owned()).collect::<String>()
    };
    let rows: String = (0..24).map(|y| row(y).trim_end().to_owned() + "\n").collect();
    assert!(
        rows.contains("anonymous\n  waits\n") && rows.contains("tidewater-ci\n  asking…\n"),
        "{rows}"
    );
}

#[test]
fn foreign_text_cannot_steer_the_terminal() {
    let mut record = limited();
    record.source = Some("a\u{1b}[2Jb".into());
    record.identity.user = Some("x\u{7}\r\ny".into());
    record.identity.kind = crate::quota::IdentityKind::Account;
    record.warnings = vec!["w\u{9b}31m".into()];
    let mut view = View::new(vec![String::new()], SUBJECT, Theme { colour: true });
    view.take(
        0,
        shown(
            0,
            record,
            Forecast::default(),
            vec![Event::FaultBegan {
                kind: crate::quota::FaultKind::Server,
                message: "\u{1b}c".into(),
            }],
        ),
    );
    view.note(at(0), "note\u{1b}[1m");
    let frame = frame(&view, 100, 30);
    assert!(!frame.chars().any(|c| c.is_control() && c != '\n'), "{frame:?}");
}

#[test]
fn nothing_is_painted_behind_the_text_and_no_colour_means_none() {
    use ratatui::style::Color;
    for colour in [true, false] {
        let mut view = view();
        view.theme = Theme { colour };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &view, Some(Schedule::default()), at(910))).unwrap();
        let cells = &terminal.backend().buffer().content;
        assert!(cells.iter().all(|cell| cell.bg == Color::Reset));
        assert_eq!(cells.iter().any(|cell| cell.fg != Color::Reset), colour);
    }
}

#[test]
fn events_are_bounded() {
    let mut view = View::new(vec!["a".into()], SUBJECT, Theme { colour: false });
    for second in 0..1_000 {
        view.take(0, shown(second, limited(), Forecast::default(), vec![Event::TokenRenewed]));
        view.note(at(second), "note");
    }
    assert_eq!((view.events.len(), view.notes.len()), (EVENTS, EVENTS));
}

proptest! {
    #[test]
    fn no_size_is_too_small_or_too_odd(width in 0_u16..200, height in 0_u16..60, series in 0_usize..40, zoom in any::<bool>(), help in any::<bool>()) {
        let mut view = View::new((0..series).map(|number| format!("identity {number}")).collect(), SUBJECT, Theme { colour: true });
        for number in 0..series {
            view.take(number, shown(0, limited(), Forecast { empty_at: Some(at(-100)), ..Forecast::default() }, vec![Event::TokenRenewed]));
            view.take(number, shown(60, with(State::Exhausted, Some(0)), Forecast::default(), Vec::new()));
            view.select(false);
        }
        if zoom { view.zoom(); }
        if help { view.help(); }
        frame(&view, width, height);
    }
}

#[test]
fn a_run_shows_its_command_the_sandbox_and_no_keys_of_a_schedule() {
    for (width, height) in [(80, 24), (120, 40), (40, 12)] {
        let subject = Subject { command: "stress", sandbox: true };
        let mut view = View::new(vec!["anonymous".into()], subject, Theme { colour: false });
        view.note(at(900), "pull 1: pulled in 1 ms, 100 → 99 left");
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, &view, None, at(910))).unwrap();
        let screen = terminal.backend().to_string();
        for words in ["dhlimit stress", "SANDBOX", "q stop"] {
            assert!(screen.contains(words), "{words} at {width}x{height}:\n{screen}");
        }
        assert!(!screen.contains("pause") && !screen.contains("interval"), "{screen}");
        view.help();
        terminal.draw(|frame| draw(frame, &view, None, at(910))).unwrap();
        assert!(terminal.backend().to_string().contains("stop and clean up"));
    }
}
