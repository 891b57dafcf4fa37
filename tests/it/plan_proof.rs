//! `plan --prove`: rollouts replayed by real pulls over HTTP against the sandbox, whose count is its own
//! reading of the protocol, come to the numbers of the plan.

use serde_json::Value;

use crate::plan::{planned, run};

/// Numbers that look random and are the same every time (xorshift64*).
struct Draw(u64);

impl Draw {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        low + (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % (high - low + 1)
    }
}

const STRATEGIES: &str = "address-per-node,one-address,addresses:2,account,accounts:3,unlimited,cache,cache-warm,p2p,preloaded";

#[test]
fn twenty_random_rollouts_are_replayed_as_planned() {
    let mut draw = Draw(0x00D1_1417);
    let mut refused = 0;
    for number in 0..20 {
        let law = ["sliding", "fixed", "bucket"][number % 3];
        let arrival = match draw.between(0, 2) {
            0 => "at-once".to_owned(),
            _ => format!("rolling:{}/{}s", draw.between(1, 3), draw.between(1, 40)),
        };
        let args = format!(
            "--nodes {} --images {} --limit {} --window {}s --law {law} --pull-time {}s --arrival {arrival} --strategy {STRATEGIES} --prove",
            draw.between(1, 8),
            draw.between(1, 6),
            draw.between(1, 20),
            draw.between(20, 400),
            draw.between(0, 4),
        );
        let plan = planned(&args);
        let proofs = plan["proof"].as_array().expect("a proof");
        assert_eq!(proofs.len(), 10, "{args}: {plan}");
        for (proof, planned) in proofs.iter().zip(plan["strategies"].as_array().expect("outcomes"))
        {
            assert_eq!(proof["same"], true, "{args}: {proof}");
            assert_eq!(proof["name"], planned["name"], "{args}");
            // What a cache or a neighbour hands on is no ask.
            let asks = planned["pulls"].as_u64().zip(planned["refused"].as_u64());
            let asks = asks.map(|(pulls, refused)| pulls + refused);
            assert_eq!(proof["asks"].as_u64(), asks, "{args}: {proof}");
            refused += planned["refused"].as_u64().unwrap_or_default();
        }
    }
    assert!(refused > 500, "too few refusals to prove much: {refused}");
}

#[test]
fn a_replay_takes_the_options_beyond_the_model_and_two_manifests_a_pull() {
    for args in [
        "--nodes 4 --images 6 --limit 9 --window 60s --parallel 3",
        "--nodes 4 --images 6 --limit 9 --window 60s --kubelet-qps 1 --kubelet-burst 2",
        "--nodes 5 --images 3 --limit 4 --window 60s --warm 2",
        "--nodes 4 --images 3 --limit 8 --window 60s --cost 2",
        "--runs-per-day 24 --jobs 3 --images 4 --limit 10",
    ] {
        let plan = planned(&format!("{args} --strategy account,cache --prove"));
        let same = |proof: &Value| proof["same"] == true;
        assert!(plan["proof"].as_array().is_some_and(|proofs| proofs.iter().all(same)), "{plan}");
    }
}

#[test]
fn a_table_says_how_the_replay_went() {
    let outcome = run("--nodes 3 --images 4 --limit 30 --window 60s --prove");
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(
        outcome.stdout.contains("6 of 6 strategies went exactly as planned"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    for (args, said) in [
        ("--nodes 5000 --images 40 --prove", "pulls to replay, at most 20000"),
        ("--nodes 2 --images 2 --cost 3 --prove", "counts 1 or 2 for a pull, not 3"),
        ("--nodes 2 --images 2 --law all --prove", "a registry has one law"),
    ] {
        let outcome = run(args);
        assert_eq!(outcome.code, Some(2), "{args}: {outcome:?}");
        assert!(outcome.stderr.contains(said) && outcome.stdout.is_empty(), "{args}: {outcome:?}");
    }
}
