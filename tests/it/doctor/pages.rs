//! `--explain`: a page for each id, without network.

use super::bare_path;
use crate::harness::Home;

#[test]
fn every_id_that_is_listed_has_a_page() {
    let home = Home::new();
    let unknown = home.dhlimit(["doctor", "--explain", "no-such-id"]).run().expect_code(2);
    let ids: Vec<&str> = unknown
        .stderr
        .split("one of ")
        .nth(1)
        .expect("a list")
        .split([',', '\n'])
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .collect();
    assert!(ids.len() > 40, "{unknown:?}");
    for id in [
        "login-key-unused",
        "helper-hangs",
        "counted-as-address",
        "clock-skew",
        "mirror-spends-limit",
        "runtime-stopped",
        "token-expired",
    ] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    for id in ids {
        let page = home
            .dhlimit(["doctor", "--explain", id])
            .env("PATH", bare_path(&home))
            .run()
            .expect_code(0);
        assert!(
            page.stdout.starts_with(&format!("{id}\n\n"))
                && page.stdout.lines().count() > 3
                && page.stderr.is_empty(),
            "{page:?}"
        );
    }
}
