//! What a plan costs as the nodes become ten times as many: all strategies, a rollout where nothing
//! fits and everybody asks again for ten windows, and ones where every node asks at a time of its own.
//! Not a test: it prints what it measures. `cargo bench --bench plan`.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it is there to print")]

use std::time::{Duration, Instant};

use dhlimit::plan::{Request, plan};
use dhlimit::quota::{Arrival, Law, Policy};

fn main() {
    let own = Arrival::Rolling { nodes: 1, every: Duration::from_millis(1) };
    let rows = [
        ("nothing fits", Arrival::AtOnce, 1, Duration::ZERO, Law::Sliding),
        ("each at its own time", own, 100, Duration::ZERO, Law::Sliding),
        ("and pulls take time", own, 50_000, Duration::from_secs(7), Law::Bucket),
    ];
    println!("{:<22} {:>9} {:>10} {:>14}", "rollout", "nodes", "time", "refused in all");
    for (name, arrival, limit, pull_time, law) in rows {
        for nodes in [1_000, 10_000, 100_000, 1_000_000] {
            let started = Instant::now();
            let plan = plan(&Request {
                nodes,
                images: 12,
                cost: 1,
                pull_time,
                arrival,
                strategies: Vec::new(),
                law,
                limit: Some(limit),
                window: None,
                policy: Policy::find("docker-hub").unwrap(),
                horizon: None,
                beyond: dhlimit::plan::Beyond::default(),
            });
            let refused: u64 = plan.unwrap().strategies.iter().map(|one| one.refused).sum();
            println!("{name:<22} {nodes:>9} {:>8} ms {refused:>14}", started.elapsed().as_millis());
        }
    }
}
