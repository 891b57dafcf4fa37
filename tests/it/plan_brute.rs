//! `plan` against a simulation that looks at every ask of every node: written from the model in the
//! interface contract, apart from the code and as plainly as it goes. Whole numbers only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dhlimit::image::Pods;
use dhlimit::plan::{Background, Beyond, Kubelet, Left, Request, Strategy, plan};
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
    fn accepts(&mut self, law: Law, cost: u128, now: u128, limit: u128, window: u128) -> bool {
        let allowed = match law {
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

/// One of the images that a node has under way: when it asks, for which, after how many refusals.
struct Way {
    asks: Option<u128>,
    image: u32,
    refusals: u32,
}

/// A node.
struct Node {
    arrived: u128,
    ways: Vec<Way>,
    /// What it did not ask for yet, in order.
    rest: Vec<u32>,
    missing: usize,
    /// How long its pulls take where none is refused, in pulls one after another.
    turns: u128,
    done: Option<u128>,
    /// When its kubelet let out asks.
    tokens: (u128, u128),
}

impl Node {
    /// Whether the kubelet's bucket has a token, which is taken then.
    fn is_let_out(&mut self, kubelet: Option<Kubelet>, now: u128) -> bool {
        let Some(kubelet) = kubelet else { return true };
        let (qps, burst) = (u128::from(kubelet.qps), u128::from(kubelet.burst) * SECOND);
        let (level, at) = self.tokens;
        let level = (level + (now - at) * qps).min(burst);
        let out = qps == 0 || level >= SECOND;
        self.tokens = (if out { level.saturating_sub(SECOND) } else { level }, now);
        out
    }
}

#[expect(clippy::cast_precision_loss, reason = "JSON's numbers are what they are")]
fn seconds(ticks: u128) -> Value {
    if ticks.is_multiple_of(SECOND) {
        json!(u64::try_from(ticks / SECOND).unwrap())
    } else {
        json!(ticks as f64 / 1e9)
    }
}

/// Pulls of others by the horizon: when and how many.
fn others(background: &[Background], is_account: bool, horizon: u128) -> Vec<(u128, u128)> {
    let mut all = Vec::new();
    let Some(one) = background.iter().find(|one| one.is_account == is_account) else { return all };
    for turn in 0.. {
        let start = turn * one.period.as_nanos();
        if start > horizon || one.pulls.is_empty() {
            break;
        }
        all.extend(one.pulls.iter().map(|(at, pulls)| (start + at.as_nanos(), u128::from(*pulls))));
    }
    all
}

/// The images of each node: all, or those of its pods, which go round all nodes one after another.
fn images_of(request: &Request) -> Vec<Vec<u32>> {
    let nodes = request.nodes as usize;
    let mut images = vec![BTreeSet::new(); nodes];
    let mut turn = 0;
    for pods in &request.beyond.pods {
        let on: Vec<usize> = match pods.replicas {
            Some(replicas) if replicas < nodes as u64 => (0..replicas)
                .map(|_| {
                    turn += 1;
                    (turn - 1) % nodes
                })
                .collect(),
            _ => (0..nodes).collect(),
        };
        for node in on {
            images[node].extend(pods.images.iter().map(|image| u32::try_from(*image).unwrap()));
        }
    }
    if request.beyond.pods.is_empty() {
        return vec![(0..request.images).collect(); nodes];
    }
    images.into_iter().map(|images| images.into_iter().collect()).collect()
}

/// The nodes that pull, before anything happens.
fn nodes_of(request: &Request) -> Vec<Node> {
    let beyond = &request.beyond;
    let ways = beyond.parallel.max(1) as usize;
    let images = images_of(request);
    let cold = request.nodes - beyond.warm;
    (0..cold)
        .map(|number| {
            let arrived = match request.arrival {
                Arrival::AtOnce => 0,
                Arrival::Rolling { nodes, every } => u128::from(number / nodes) * every.as_nanos(),
            };
            let way = |image: &u32| Way { asks: Some(arrived), image: *image, refusals: 0 };
            let own = &images[number as usize];
            let full = beyond.kubelet.map_or(0, |kubelet| u128::from(kubelet.burst) * SECOND);
            Node {
                arrived,
                ways: own.iter().take(ways).map(way).collect(),
                rest: own.iter().copied().skip(ways).collect(),
                missing: own.len(),
                turns: own.len().div_ceil(ways) as u128,
                done: own.is_empty().then_some(arrived),
                tokens: (full, 0),
            }
        })
        .collect()
}

/// Whether pulls are counted on accounts, if they are at all.
fn kind_of(strategy: Strategy) -> Option<bool> {
    match strategy {
        Strategy::Unlimited | Strategy::CacheWarm | Strategy::Preloaded => None,
        Strategy::AddressPerNode
        | Strategy::OneAddress
        | Strategy::Addresses(_)
        | Strategy::Peers => Some(false),
        _ => Some(true),
    }
}

/// Ten of the longest windows that are known, unless it was said.
fn horizon_of(request: &Request) -> u128 {
    let read = request.beyond.left.iter().filter_map(|left| left.count);
    let longest = read.map(|left| left.2.seconds()).chain([3600]).max().unwrap();
    let longest = request.window.map_or(longest, Window::seconds);
    request.horizon.map_or(10 * u128::from(longest) * SECOND, |horizon| horizon.as_nanos())
}

/// The strategy's object in the JSON, by looking at every ask.
fn brute(request: &Request, strategy: Strategy) -> Value {
    let beyond = &request.beyond;
    let on_account = kind_of(strategy);
    let left = beyond.left.iter().find(|left| Some(left.is_account) == on_account);
    let left = left.and_then(|left| left.count);
    let window = request.window.map_or(left.map_or(3600, |left| left.2.seconds()), Window::seconds);
    let wide = u128::from(window) * SECOND;
    let horizon = horizon_of(request);
    let usual = if on_account == Some(true) { 200 } else { 100 };
    let limit = request.limit.unwrap_or(left.map_or(usual, |left| left.0));
    let pull = if strategy == Strategy::Preloaded { 0 } else { request.pull_time.as_nanos() };
    let mut nodes = nodes_of(request);
    let mut identities: BTreeMap<usize, Identity> = BTreeMap::new();
    let own = strategy == Strategy::AddressPerNode;
    if let Some((read, now, _)) = left.filter(|_| !own) {
        for _ in 0..(read - now.min(read)).min(limit) {
            let first = identities.entry(0).or_default();
            assert!(first.accepts(request.law, 1, 0, limit.into(), wide));
        }
    }
    let mut others = match on_account.filter(|_| !own) {
        Some(is_account) => others(&beyond.background, is_account, horizon),
        None => Vec::new(),
    };
    let holds = matches!(strategy, Strategy::CacheWarm | Strategy::Preloaded);
    let shares = holds || matches!(strategy, Strategy::Cache | Strategy::Peers);
    let mut cached = vec![holds; request.images as usize];
    let mut used: BTreeMap<u128, u64> = BTreeMap::new();
    let (mut refused, mut first_refused, mut throttled) = (0_u64, None, 0_u64);
    loop {
        let asking = nodes.iter().enumerate().flat_map(|(number, node)| {
            let ways = node.ways.iter().enumerate();
            ways.filter_map(move |(way, at)| Some((at.asks?, number, way)))
        });
        let Some((now, number, way)) = asking.min().filter(|ask| ask.0 <= horizon) else { break };
        while let Some((at, pulls)) = others.first().copied().filter(|(at, _)| *at <= now) {
            others.remove(0);
            for _ in 0..pulls {
                let first = identities.entry(0).or_default();
                first.accepts(request.law, 1, at, limit.into(), wide);
            }
        }
        let image = nodes[number].ways[way].image as usize;
        let identity = match strategy {
            Strategy::AddressPerNode => number,
            Strategy::Accounts(count) | Strategy::Addresses(count) => number % count as usize,
            _ => 0,
        };
        let out = nodes[number].is_let_out(beyond.kubelet, now);
        let free = strategy == Strategy::Unlimited || shares && cached[image];
        let cost = u128::from(request.cost);
        let accepted = out
            && (free
                || identities.entry(identity).or_default().accepts(
                    request.law,
                    cost,
                    now,
                    limit.into(),
                    wide,
                ));
        let node = &mut nodes[number];
        if accepted {
            if !free || strategy == Strategy::Unlimited {
                *used.entry(now).or_default() += u64::from(request.cost);
            }
            cached[image] = true;
            node.missing -= 1;
            let next = (!node.rest.is_empty()).then(|| node.rest.remove(0));
            let asks = next.map(|_| now + pull);
            node.ways[way] = Way { asks, image: next.unwrap_or(0), refusals: 0 };
            node.done = (node.missing == 0).then_some(now + pull).filter(|done| *done <= horizon);
        } else {
            if out {
                refused += 1;
                first_refused = first_refused.or(Some(now));
            } else {
                throttled += 1;
            }
            let way = &mut node.ways[way];
            let wait = [10, 20, 40, 80, 160].get(way.refusals as usize).copied().unwrap_or(300);
            way.refusals += 1;
            way.asks = Some(now + wait * SECOND);
        }
    }
    let counted = on_account.map(|_| (limit, window));
    let mut outcome = sums(request, &nodes, (pull, horizon), &used, counted);
    outcome["name"] = json!(strategy.to_string());
    outcome["fits"] = json!(refused == 0);
    outcome["refused"] = json!(refused);
    outcome["first_refused_at_seconds"] = json!(first_refused.map(seconds));
    if beyond.kubelet.is_some() {
        outcome["throttled"] = throttled.into();
    }
    outcome
}

/// What is known of all nodes in the end.
fn sums(
    request: &Request,
    nodes: &[Node],
    (pull, horizon): (u128, u128),
    used: &BTreeMap<u128, u64>,
    counted: Option<(u32, u64)>,
) -> Value {
    let done: Vec<(u128, u128)> = nodes
        .iter()
        .filter_map(|node| {
            let done = node.done.filter(|done| *done <= horizon)?;
            Some((node.arrived + node.turns * pull, done))
        })
        .collect();
    let all = done.len() == nodes.len();
    let waits = || done.iter().map(|(earliest, done)| done - earliest);
    let in_time = nodes.iter().filter(|node| node.arrived + node.turns * pull <= horizon).count();
    let last = done.iter().map(|(_, done)| *done).max().unwrap_or(0);
    json!({
        "limit": counted.map(|counted| counted.0),
        "window_seconds": counted.map(|counted| counted.1),
        "pulls": used.values().sum::<u64>(),
        "done_at_seconds": all.then(|| seconds(last)),
        "nodes_done": done.len() + request.beyond.warm as usize,
        "waited_node_seconds": seconds(waits().sum()),
        "nodes_waited": in_time - waits().filter(|wait| *wait == 0).count(),
        "longest_wait_seconds": seconds(waits().max().unwrap_or(0)),
        "timeout_seconds": all.then(|| (last / (60 * SECOND) + 1) * 60),
        "used": used.iter().map(|(at, pulls)| json!([seconds(*at), pulls])).collect::<Vec<_>>(),
    })
}

/// Numbers that are the same in every run (splitmix64).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn of<T: Copy>(&mut self, rows: &[T]) -> T {
        rows[usize::try_from(self.next() % rows.len() as u64).unwrap()]
    }

    pub(crate) fn within(&mut self, from: u32, to: u32) -> u32 {
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
        beyond: Beyond::default(),
    }
}

/// The same, with some of what there is beyond the exact model.
fn case_beyond(draw: &mut Draw) -> Request {
    let mut request = case(draw);
    let often = |draw: &mut Draw| draw.next().is_multiple_of(2);
    if often(draw) {
        request.beyond.parallel = draw.within(2, 4);
    }
    if often(draw) {
        request.beyond.kubelet = Some(Kubelet { qps: draw.within(0, 3), burst: draw.within(1, 4) });
    }
    if often(draw) {
        let pods = (0..draw.within(1, 4)).map(|_| Pods {
            replicas: draw.of(&[None, Some(0), Some(1), Some(2), Some(5), Some(20)]),
            images: (0..request.images as usize).filter(|_| often(draw)).collect(),
        });
        request.beyond.pods = pods.collect();
    }
    if often(draw) {
        request.beyond.warm = draw.within(0, request.nodes - 1);
    }
    for is_account in [false, true] {
        let window = Window::from_seconds(draw.of(&[30, 97, 3_600])).unwrap();
        if often(draw) {
            let limit = request.cost + draw.within(0, 14);
            let count = Some((limit, draw.within(0, limit), window));
            request.beyond.left.push(Left { is_account, count, source: String::new() });
        }
        if often(draw) {
            let mut at = 0;
            let pulls = (0..draw.within(1, 5)).map(|_| {
                at += u64::from(draw.within(0, 40_000));
                (Duration::from_millis(at), u64::from(draw.within(1, 6)))
            });
            let pulls: Vec<_> = pulls.collect();
            let period = Duration::from_millis(at + u64::from(draw.within(1_000, 90_000)));
            let source = String::new();
            request.beyond.background.push(Background { is_account, pulls, period, source });
        }
    }
    request
}

/// With so many pulls left of each count, and all others used just before, nothing is refused.
#[track_caller]
fn assert_need(request: &Request, strategy: Strategy, need: u64) {
    let fits = brute(request, strategy);
    let Some(limit) = fits["limit"].as_u64().and_then(|limit| u32::try_from(limit).ok()) else {
        return;
    };
    let mut request = request.clone();
    request.window = Window::from_seconds(fits["window_seconds"].as_u64().unwrap());
    if !request.beyond.background.is_empty()
        || matches!(
            strategy,
            Strategy::AddressPerNode | Strategy::Accounts(2..) | Strategy::Addresses(2..)
        )
    {
        return;
    }
    let need = u32::try_from(need).unwrap();
    assert!(need <= limit, "{request:#?}");
    for (left, enough) in [(need, true), (need.saturating_sub(1), need == 0)] {
        request.beyond.left.clear();
        for is_account in [false, true] {
            let count = Some((limit, left, request.window.unwrap()));
            request.beyond.left.push(Left { is_account, count, source: String::new() });
        }
        let fits = brute(&request, strategy)["fits"] == true;
        // A bucket gives some back meanwhile: one less may do as well.
        let may_do = request.law == Law::Bucket;
        assert!(fits == enough || !enough && may_do, "{strategy} {need} {left}: {request:?}");
    }
}

/// Every strategy of a rollout is as the plain simulation has it.
#[track_caller]
fn assert_equal(request: &Request, strategies: &[Strategy]) {
    let request = Request { strategies: strategies.to_vec(), ..request.clone() };
    let planned = serde_json::to_value(plan(&request).unwrap()).unwrap();
    for (at, strategy) in strategies.iter().enumerate() {
        let mut planned = planned["strategies"][at].clone();
        planned.as_object_mut().unwrap().remove("busiest_minute_requests").unwrap();
        let need = planned.as_object_mut().unwrap().remove("gate_need").unwrap();
        let expected = brute(&request, *strategy);
        assert_eq!(planned, expected, "{request:#?}");
        if !need.is_null() {
            assert_need(&request, *strategy, need.as_u64().unwrap());
        }
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
fn rollouts_beyond_the_exact_model_go_as_they_do_ask_by_ask() {
    let mut draw = Draw(17);
    let (mut throttled, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut request = case_beyond(&mut draw);
        // Nothing may cost more than what is read as the limit.
        let limits = request.beyond.left.iter().filter_map(|left| left.count).map(|left| left.0);
        request.cost = limits.chain(request.limit).chain([request.cost]).min().unwrap();
        let horizon = draw.of(&[45, 310, 1_500, 4_000]);
        request.horizon = Some(Duration::from_secs(horizon));
        let strategies = [
            Strategy::AddressPerNode,
            Strategy::OneAddress,
            Strategy::Addresses(draw.within(1, 5)),
            Strategy::Account,
            Strategy::Accounts(draw.within(1, 16)),
            Strategy::Unlimited,
            Strategy::Cache,
            Strategy::CacheWarm,
            Strategy::Peers,
            Strategy::Preloaded,
        ];
        assert_equal(&request, &strategies);
        let one = brute(&request, Strategy::OneAddress);
        throttled += u32::from(one["throttled"].as_u64() > Some(0));
        refused += u32::from(one["fits"] == false);
    }
    assert!(throttled > 100 && refused > 1_000, "{throttled} {refused}");
}

/// A crowd that starts with something used, some nodes of which need not pull: no ask is looked at alone.
#[test]
fn crowds_start_from_what_is_left() {
    let mut draw = Draw(23);
    for _ in 0..2_000 {
        let mut request = case_beyond(&mut draw);
        request.beyond =
            Beyond { left: request.beyond.left, warm: request.beyond.warm, ..Beyond::default() };
        let limits = request.beyond.left.iter().filter_map(|left| left.count).map(|left| left.0);
        request.cost = limits.chain(request.limit).chain([request.cost]).min().unwrap();
        let accounts = Strategy::Accounts(draw.within(1, 16));
        let addresses = Strategy::Addresses(draw.within(1, 5));
        let strategies =
            [Strategy::OneAddress, accounts, addresses, Strategy::Cache, Strategy::Peers];
        assert_equal(&request, &strategies);
    }
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
