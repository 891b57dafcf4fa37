//! IPv4 and IPv6 are counted apart: a registry under one name with an address of each family, in a
//! network namespace of its own, so that neither this machine's addresses nor its name service matter.

use serde_json::{Value, json};

use crate::harness::{Home, Outcome, tools};

/// The registry's name, and its addresses of both families.
const NAME: &str = "hub.test";
const IPV4: &str = "192.0.2.1";
const IPV6: &str = "2001:db8:0:1::1";

/// Runs `script` beside a sandbox that listens on both families; `$HUB` is its URL by name, and the
/// names are those of `hosts`. `None` where this machine gives no namespace.
fn beside_a_sandbox(hosts: &[&str], script: &str) -> Option<Outcome> {
    for tool in ["unshare", "ip", "mount"] {
        tools::require(tool)?;
    }
    if !tools::require_root() {
        return None;
    }
    let home = Home::new();
    let hosts: String = hosts.iter().map(|address| format!("{address} {NAME}\n")).collect();
    let hosts = home.write("hosts", &hosts);
    let around = format!(
        "set -e\n\
         ip link set lo up\n\
         ip address add {IPV4}/32 dev lo\n\
         ip -6 address add {IPV6}/64 dev lo nodad\n\
         mount --bind '{}' /etc/hosts\n\
         export HUB=http://{NAME}:5000 DHLIMIT_REGISTRY_URL=http://{NAME}:5000 DHLIMIT_AUTH_URL=http://{NAME}:5000\n\
         exec \"$DHLIMIT\" sandbox -q --listen '[::]:5000' --limit 50 -- \\\n\
         env DHLIMIT_REGISTRY_URL=\"$HUB\" DHLIMIT_AUTH_URL=\"$HUB\" sh -ec \"$SCRIPT\" 2>&1\n",
        hosts.display()
    );
    let program = home.program("unshare", ["--net", "--mount", "sh", "-c", &around]);
    Some(program.env("DHLIMIT", env!("CARGO_BIN_EXE_dhlimit")).env("SCRIPT", script).run())
}

/// The check report among what was printed.
fn report(outcome: &Outcome) -> Vec<Value> {
    let start = outcome.stdout.find("{\n").unwrap_or_else(|| panic!("no report in {outcome:?}"));
    let report: Value = serde_json::Deserializer::from_str(&outcome.stdout[start..])
        .into_iter()
        .next()
        .unwrap()
        .unwrap();
    report["readings"].as_array().unwrap().clone()
}

fn facts(reading: &Value) -> [&Value; 5] {
    ["family", "source", "source_kind", "remaining", "effective"].map(|key| &reading[key])
}

#[test]
fn both_families_are_read_each_from_its_own_source_and_count_apart() {
    let script = "\"$DHLIMIT\" stress --runtime builtin --family ipv4 --count 3 --interval 1s --yes -q > /dev/null\n\
                  \"$DHLIMIT\" check --family both -o json";
    let Some(outcome) = beside_a_sandbox(&[IPV4, IPV6], script) else { return };
    let readings = report(&outcome);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(readings.len(), 2, "{outcome:?}");
    assert_eq!(
        facts(&readings[0]),
        [&json!("ipv4"), &json!(IPV4), &json!("ipv4"), &json!(47), &json!(true)]
    );
    assert_eq!(
        facts(&readings[1]),
        [&json!("ipv6"), &json!("2001:db8:0:1::"), &json!("ipv6_prefix"), &json!(50), &json!(true)]
    );
}

#[test]
fn the_worse_of_two_families_decides_and_people_see_the_length_of_the_network() {
    let script = "\"$DHLIMIT\" stress --runtime builtin --family ipv6 --interval 1s --floor 0 --parallel 8 --yes -q > /dev/null\n\
                  \"$DHLIMIT\" check --family both -o plain || echo exit $?\n\
                  \"$DHLIMIT\" check --family ipv4 > /dev/null; echo exit $?";
    let Some(outcome) = beside_a_sandbox(&[IPV4, IPV6], script) else { return };
    assert!(outcome.stdout.contains("counted as 192.0.2.1: limited  50 of 50"), "{outcome:?}");
    assert!(outcome.stdout.contains("counted as 2001:db8:0:1::/64: exhausted"), "{outcome:?}");
    assert!(outcome.stdout.ends_with("exit 1\nexit 0\n"), "{outcome:?}");
}

#[test]
fn a_family_that_is_not_there_decides_nothing_and_says_why() {
    let Some(outcome) = beside_a_sandbox(&[IPV4], "\"$DHLIMIT\" check --family both -o json")
    else {
        return;
    };
    let readings = report(&outcome);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(
        facts(&readings[0]),
        [&json!("ipv4"), &json!(IPV4), &json!("ipv4"), &json!(50), &json!(true)]
    );
    assert_eq!(
        (&readings[1]["state"], &readings[1]["effective"]),
        (&json!("failed"), &json!(false))
    );
    let message = readings[1]["error"]["message"].as_str().unwrap();
    assert_eq!(
        message,
        format!("{NAME}:5000 was not reached: it has no address of the family asked for")
    );
}

#[test]
fn whichever_connects_is_told() {
    for (address, family) in [(IPV4, "ipv4"), (IPV6, "ipv6")] {
        let Some(outcome) = beside_a_sandbox(&[address], "\"$DHLIMIT\" check -o json") else {
            return;
        };
        assert_eq!(report(&outcome)[0]["family"], family, "{outcome:?}");
    }
}

#[test]
fn past_a_proxy_that_is_not_used_the_family_is_told() {
    let check = |list: &str| {
        format!("HTTP_PROXY=http://127.0.0.1:9 NO_PROXY='{list}' \"$DHLIMIT\" check -o json")
    };
    for list in ["hub.test", "*.test", "hub.test:5000", "x , *", "192.0.2.0/24,.test:5000"] {
        let Some(outcome) = beside_a_sandbox(&[IPV4], &check(list)) else { return };
        assert_eq!(report(&outcome)[0]["family"], "ipv4", "{list}: {outcome:?}");
    }
    let Some(outcome) = beside_a_sandbox(&[IPV4], &check("hub.test:5001 hub.test")) else { return };
    assert_eq!(report(&outcome)[0]["error"]["kind"], "network", "{outcome:?}");
}

#[test]
fn a_runtime_pulls_from_the_very_registry_that_is_read_however_far_away_it_is() {
    for runtime in ["crane", "skopeo"] {
        if tools::require(runtime).is_none() {
            continue;
        }
        let script = format!(
            "\"$DHLIMIT\" stress nginx --runtime {runtime} --count 2 --yes -q > /dev/null\n\
             \"$DHLIMIT\" check nginx -o json"
        );
        let Some(outcome) = beside_a_sandbox(&[IPV4], &script) else { return };
        assert_eq!(outcome.code, Some(0), "{runtime}: {outcome:?}");
        assert_eq!(report(&outcome)[0]["remaining"], 48, "{runtime}: {outcome:?}");
    }
}
