//! `plan --solve` and its CI: what is found is what trying each value finds, and the command says it.

use std::time::Duration;

use dhlimit::plan::{Beyond, Ci, Request, Solve, Strategy, plan};
use dhlimit::quota::{Arrival, Law, Policy, Window};
use serde_json::{Value, json};

use crate::plan::{planned, run};
use crate::plan_brute::Draw;

/// Whether nothing is refused and all run, for the strategy of a request.
fn fits(request: &Request) -> bool {
    let request =
        Request { beyond: Beyond { solve: None, ..request.beyond.clone() }, ..request.clone() };
    let outcome = plan(&request).unwrap().strategies.remove(0);
    outcome.fits && outcome.done_at_seconds.is_some()
}

/// Long enough for every value that is tried.
const LONG: Duration = Duration::from_secs(400_000);

fn case(draw: &mut Draw) -> Request {
    let strategies = [
        Strategy::OneAddress,
        Strategy::Accounts(2),
        Strategy::Cache,
        Strategy::AddressPerNode,
        Strategy::Addresses(3),
    ];
    let every = Duration::from_secs(draw.within(1, 200).into());
    Request {
        nodes: draw.within(1, 20),
        images: draw.within(1, 5),
        cost: draw.of(&[1, 1, 2]),
        pull_time: Duration::from_secs(draw.of(&[0, 0, 3, 20, 60])),
        arrival: Arrival::Rolling { nodes: draw.within(1, 6), every },
        strategies: vec![draw.of(&strategies)],
        law: draw.of(&[Law::Sliding, Law::Fixed, Law::Bucket]),
        limit: Some(draw.within(2, 40)),
        window: Window::from_seconds(draw.of(&[60, 97, 300])),
        policy: Policy::find("docker-hub").unwrap(),
        horizon: Some(LONG),
        beyond: Beyond::default(),
    }
}

/// The request with a value in its place.
fn with(request: &Request, solve: Solve, value: u32) -> Request {
    let mut request = request.clone();
    let Arrival::Rolling { nodes, every } = request.arrival else { panic!() };
    match solve {
        Solve::Nodes => request.nodes = value,
        Solve::Surge => request.arrival = Arrival::Rolling { nodes: value, every },
        Solve::Interval => {
            let every = Duration::from_secs(value.into());
            request.arrival = Arrival::Rolling { nodes, every };
        }
        _ => {
            let every = request.pull_time * request.images;
            request.arrival = Arrival::Rolling { nodes: value, every };
        }
    }
    request
}

#[test]
fn what_is_found_is_what_trying_each_value_finds() {
    let mut draw = Draw(5);
    let mut kinds = std::collections::BTreeMap::new();
    for _ in 0..400 {
        let mut request = case(&mut draw);
        let solve = draw.of(&[Solve::Nodes, Solve::Surge, Solve::Interval, Solve::Concurrency]);
        if solve == Solve::Concurrency && request.pull_time.is_zero() {
            continue;
        }
        request.beyond.solve = Some(solve);
        let plan = serde_json::to_value(plan(&request).unwrap()).unwrap();
        let solution = &plan["solved"][0]["strategies"][0];
        let value = solution["value"].as_u64().map(|value| u32::try_from(value).unwrap());
        let [from, to] =
            [0, 1].map(|end| u32::try_from(solution["searched"][end].as_u64().unwrap()).unwrap());
        let tries = |value: u32| fits(&with(&request, solve, value));
        let expected = if solve == Solve::Interval {
            // From the longest down to the first that fails.
            (from..=to).rev().take_while(|value| tries(*value)).last()
        } else {
            (from..=to.min(60)).take_while(|value| tries(*value)).last()
        };
        if value <= Some(60) || solve == Solve::Interval {
            assert_eq!(value, expected, "{solve:?} {request:?}\n{solution}");
        } else {
            assert_eq!(expected, Some(60), "{solve:?} {request:?}\n{solution}");
        }
        let place = (solve.name(), solution["method"].to_string(), value.is_some());
        *kinds.entry(place).or_insert(0) += 1;
    }
    assert!(kinds.len() >= 8, "{kinds:?}");
}

#[test]
fn a_ci_says_how_many_runs_and_jobs_fit() {
    let args = "--runs-per-day 288 --jobs 4 --images 3 --strategy one-address,account";
    let plan = planned(args);
    crate::schemas::valid("plan", &plan);
    assert_eq!(plan["ci"], json!({"runs_per_day": 288, "jobs": 4}));
    assert_eq!((&plan["nodes"], &plan["arrival"]), (&json!(1_152), &json!("rolling:4/5m")));
    // 144 pulls an hour: too much for an address, not for an account.
    assert_eq!(plan["strategies"][0]["fits"], false);
    assert_eq!(
        (&plan["strategies"][1]["fits"], &plan["strategies"][1]["nodes_done"]),
        (&json!(true), &json!(1_152))
    );
    let found = |what: &str| {
        let solved = plan["solved"].as_array().unwrap().iter().find(|one| one["what"] == what);
        let solutions = solved.unwrap()["strategies"].as_array().unwrap();
        solutions.iter().map(|one| one["value"].clone()).collect::<Vec<Value>>()
    };
    // Twelve runs in any hour: 2 jobs of 3 images are 72 pulls, 3 are 108.
    assert_eq!(found("concurrency"), [json!(2), json!(5)]);
    // 12 pulls a run: 8 runs in an hour, 16 on an account.
    for (value, runs) in found("runs").iter().zip([8 * 24, 16 * 24]) {
        let runs_per_day = u32::try_from(value.as_u64().unwrap()).unwrap();
        assert!(runs_per_day >= runs, "{value}");
        let (nodes, _) = Ci { runs_per_day, jobs: 4 }.rollout();
        assert_eq!(nodes, runs_per_day * 4);
    }
    let text = run(args).expect_code(0).stdout;
    for words in ["MOST RUNS A DAY", "MOST JOBS A RUN", "288 runs a day", "Does not fit"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn the_command_says_what_is_found_and_what_was_looked_at() {
    let text = run("--nodes 12 --images 34 --solve nodes").expect_code(0).stdout;
    let line =
        text.lines().find(|line| line.starts_with("one-address  ") && line.contains("halving"));
    assert!(line.is_some_and(|line| line.contains(" 2  1 to 1000000")), "{text}");
    // What is the most that is looked at may not be the most there is.
    assert!(text.contains("1000000 or more"), "{text}");
    let surge = planned("--nodes 12 --images 34 --arrival rolling:1/1m --solve surge --law all");
    assert_eq!(surge["solved"][0]["what"], "surge");
}
