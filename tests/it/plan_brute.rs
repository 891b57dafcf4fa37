//! `plan` against a simulation that looks at every ask of every node: written from the model in the
//! interface contract, apart from the code and as plainly as it goes. Whole numbers only.

use std::collections::BTreeMap;
use std::time::Duration;

use dhlimit::plan::{Request, Strategy, plan};
use dhlimit::quota::{Arrival, Law, Policy, Window};
use serde_json::{Value, json};

const SECOND: u128 = 1_000_000_000;

/// An identity's count, as the contract's sentences say it.
#[derive(Default)]
struct Identity {
    accepted: Vec<(u128, u128)>,
    /// The fixed window's first accepted pull.
    opened: Option<u128>,
    /// Tokens times the window, and when that was so.
    tokens: Option<(u128, u128)>,
}

impl Identity {
    fn accepts(&mut self, request: &Request, now: u128, limit: u128, window: u128) -> bool {
        let cost = u128::from(request.cost);
        let allowed = match request.law {
            Law::Sliding => {
                let inside = self.accepted.iter().filter(|(at, _)| at + window > now);
                inside.map(|(_, cost)| cost).sum::<u128>() + cost <= limit
            }
            Law::Fixed => {
                let open = self.opened.filter(|opened| now < opened + window);
                let since = open.unwrap_or(now);
                let inside = self.accepted.iter().filter(|(at, _)| open.is_some() && *at >= since);
                inside.map(|(_, cost)| cost).sum::<u128>() + cost <= limit
            }
            Law::Bucket => {
                let (level, at) = self.tokens.unwrap_or((limit * window, 0));
                let level = (level + (now - at) * limit).min(limit * window);
                self.tokens = Some((level, now));
                level >= cost * window
            }
        };
        if allowed {
            if self.opened.is_none_or(|opened| now >= opened + window) {
                self.opened = Some(now);
            }
            if let Some((level, _)) = &mut self.tokens {
                *level -= cost * window;
            }
            self.accepted.push((now, cost));
        }
        allowed
    }
}

/// A node: when it asks next, for which image, after how many refusals.
struct Node {
    arrived: u128,
    asks: Option<u128>,
    image: u32,
    refusals: u32,
    done: Option<u128>,
}

#[expect(clippy::cast_precision_loss, reason = "JSON's numbers are what they are")]
fn seconds(ticks: u128) -> Value {
    if ticks.is_multiple_of(SECOND) {
        json!(u64::try_from(ticks / SECOND).unwrap())
    } else {
        json!(ticks as f64 / 1e9)
    }
}

/// The strategy's object in the JSON, by looking at every ask.
fn brute(request: &Request, strategy: Strategy) -> Value {
    let window = request.window.map_or(3600, Window::seconds);
    let wide = u128::from(window) * SECOND;
    let horizon = request.horizon.map_or(10 * wide, |horizon| horizon.as_nanos());
    let usual = match strategy {
        Strategy::AddressPerNode | Strategy::OneAddress => 100,
        _ => 200,
    };
    let limit = request.limit.unwrap_or(usual);
    let pull = request.pull_time.as_nanos();
    let mut nodes: Vec<Node> = (0..request.nodes)
        .map(|number| {
            let arrived = match request.arrival {
                Arrival::AtOnce => 0,
                Arrival::Rolling { nodes, every } => u128::from(number / nodes) * every.as_nanos(),
            };
            Node { arrived, asks: Some(arrived), image: 0, refusals: 0, done: None }
        })
        .collect();
    let mut identities: BTreeMap<usize, Identity> = BTreeMap::new();
    let mut cached = vec![false; request.images as usize];
    let mut used: BTreeMap<u128, u64> = BTreeMap::new();
    let (mut refused, mut first_refused) = (0_u64, None);
    loop {
        let asking =
            nodes.iter().enumerate().filter_map(|(number, node)| Some((node.asks?, number)));
        let Some((now, number)) = asking.min().filter(|(now, _)| *now <= horizon) else { break };
        let image = nodes[number].image as usize;
        let identity = match strategy {
            Strategy::AddressPerNode => number,
            Strategy::Accounts(count) => number % count as usize,
            _ => 0,
        };
        let free = strategy == Strategy::Unlimited || strategy == Strategy::Cache && cached[image];
        let accepted = free
            || identities.entry(identity).or_default().accepts(request, now, limit.into(), wide);
        let node = &mut nodes[number];
        if accepted {
            if !free || strategy == Strategy::Unlimited {
                *used.entry(now).or_default() += u64::from(request.cost);
            }
            cached[image] = true;
            node.image += 1;
            node.refusals = 0;
            let last = node.image == request.images;
            node.asks = (!last).then_some(now + pull);
            node.done = last.then_some(now + pull).filter(|done| *done <= horizon);
        } else {
            refused += 1;
            first_refused = first_refused.or(Some(now));
            let wait = [10, 20, 40, 80, 160].get(node.refusals as usize).copied().unwrap_or(300);
            node.refusals += 1;
            node.asks = Some(now + wait * SECOND);
        }
    }
    let done: Vec<(u128, u128)> =
        nodes.iter().filter_map(|node| Some((node.arrived, node.done?))).collect();
    let all = done.len() == nodes.len();
    let own = u128::from(request.images) * pull;
    let counted = strategy != Strategy::Unlimited;
    json!({
        "name": strategy.to_string(),
        "limit": counted.then_some(limit),
        "window_seconds": counted.then_some(window),
        "fits": refused == 0,
        "pulls": used.values().sum::<u64>(),
        "refused": refused,
        "first_refused_at_seconds": first_refused.map(seconds),
        "done_at_seconds": done.iter().map(|(_, done)| *done).max().filter(|_| all).map(seconds),
        "nodes_done": done.len(),
        "waited_node_seconds": seconds(done.iter().map(|(arrived, done)| done - arrived - own).sum()),
        "used": used.iter().map(|(at, pulls)| json!([seconds(*at), pulls])).collect::<Vec<_>>(),
    })
}

/// Numbers that are the same in every run (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn of<T: Copy>(&mut self, rows: &[T]) -> T {
        rows[usize::try_from(self.next() % rows.len() as u64).unwrap()]
    }

    fn within(&mut self, from: u32, to: u32) -> u32 {
        from + u32::try_from(self.next() % u64::from(to - from + 1)).unwrap()
    }
}

fn case(draw: &mut Draw) -> Request {
    let time = |draw: &mut Draw| {
        Duration::from_millis(
            draw.of(&[1, 333, 500, 1_000, 1_500, 5_000, 7_001, 10_000, 30_000, 100_000, 300_000]),
        )
    };
    let cost = draw.of(&[1, 1, 1, 2, 3]);
    Request {
        nodes: draw.within(1, 14),
        images: draw.within(1, 6),
        cost,
        pull_time: if draw.next().is_multiple_of(2) { Duration::ZERO } else { time(draw) },
        arrival: if draw.next().is_multiple_of(2) {
            Arrival::AtOnce
        } else {
            Arrival::Rolling { nodes: draw.within(1, 5), every: time(draw) }
        },
        strategies: Vec::new(),
        law: draw.of(&[Law::Sliding, Law::Fixed, Law::Bucket]),
        limit: if draw.next().is_multiple_of(16) { None } else { Some(cost + draw.within(0, 14)) },
        window: Window::from_seconds(draw.of(&[1, 7, 10, 60, 97, 300, 601, 3_600, 21_600])),
        policy: Policy::find("docker-hub").unwrap(),
        horizon: draw
            .of(&[None, None, Some(1), Some(45), Some(310), Some(1_500), Some(10_000)])
            .map(Duration::from_secs),
    }
}

/// Every strategy of a rollout is as the plain simulation has it.
#[track_caller]
fn assert_equal(request: &Request, strategies: &[Strategy]) {
    let request = Request { strategies: strategies.to_vec(), ..request.clone() };
    let planned = serde_json::to_value(plan(&request).unwrap()).unwrap();
    for (at, strategy) in strategies.iter().enumerate() {
        assert_eq!(planned["strategies"][at], brute(&request, *strategy), "{request:#?}");
    }
}

#[test]
fn thousands_of_rollouts_go_as_they_do_ask_by_ask() {
    let mut draw = Draw(2026);
    let mut kinds = BTreeMap::new();
    for _ in 0..4_000 {
        let request = case(&mut draw);
        let accounts = Strategy::Accounts(draw.within(1, 16));
        let strategies = [
            Strategy::AddressPerNode,
            Strategy::OneAddress,
            Strategy::Account,
            accounts,
            Strategy::Unlimited,
            Strategy::Cache,
        ];
        assert_equal(&request, &strategies);
        let one = brute(&request, Strategy::OneAddress);
        let cache = brute(&request, Strategy::Cache);
        for (what, seen) in [
            ("fits", one["fits"] == true),
            ("refused and done", one["fits"] == false && !one["done_at_seconds"].is_null()),
            ("not done by the horizon", one["done_at_seconds"].is_null()),
            ("refused often", one["refused"].as_u64() > Some(100)),
            ("refused behind the cache", cache["refused"].as_u64() > Some(20)),
        ] {
            *kinds.entry(what).or_insert(0) += u32::from(seen);
        }
    }
    // The draw meets every kind often.
    assert!(kinds.len() == 5 && kinds.values().all(|count| *count > 150), "{kinds:?}");
}

#[test]
fn larger_rollouts_part_and_wait_as_they_do_ask_by_ask() {
    let mut draw = Draw(11);
    for _ in 0..60 {
        let mut request = case(&mut draw);
        request.nodes = draw.within(40, 120);
        request.images = draw.within(1, 12);
        request.limit = Some(request.cost + draw.within(0, 150));
        request.horizon = Some(Duration::from_secs(5_000));
        let accounts = Strategy::Accounts(draw.within(2, 9));
        assert_equal(&request, &[Strategy::OneAddress, accounts, Strategy::Cache]);
    }
}
