//! The pages in a real browser: what helps those who see little or nothing of them (axe-core's rules, 2026), and
//! a page of `serve` that renews itself.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, Outcome, Sandbox, dhlimit, http, tools};

/// How long something may take to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a browser makes of a page.
fn dom(home: &Home, chromium: &Path, url: &str, more: &[&str]) -> Outcome {
    let profile = format!("--user-data-dir={}", home.path().join("chromium").display());
    let arguments = tools::BROWSER.iter().chain(more).copied().chain(["--dump-dom", &profile, url]);
    home.program(chromium, arguments).run()
}

/// The remarks of axe-core on a page, which is copied with axe in it and without the policy that forbids it.
fn remarks(home: &Home, chromium: &Path, axe: &str, html: &str, more: &[&str]) -> Vec<String> {
    let start = html.find("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let end = start + html[start..].find("/>").expect("its end") + 2;
    let run = "axe.run().then(found=>{document.body.dataset.axe=JSON.stringify(found.violations.map(one=>one.id+': '+one.nodes.map(node=>node.html).join(' ')))})";
    let page = format!(
        "{}{}",
        &html[..start],
        html[end..]
            .replace("</body>", &format!("<script>{axe}</script><script>{run}</script></body>"))
    );
    let page = home.write("axe.html", &page);
    let options: Vec<&str> = more.iter().copied().chain(["--virtual-time-budget=20000"]).collect();
    let seen = dom(home, chromium, &format!("file://{}", page.display()), &options);
    let (_, rest) = seen.stdout.split_once("data-axe=\"").expect("axe's remarks");
    let text = rest.split('"').next().unwrap().replace("&quot;", "\"").replace("&lt;", "<");
    serde_json::from_str(&text.replace("&gt;", ">").replace("&amp;", "&")).expect("axe's list")
}

#[test]
fn axe_has_no_remark_on_any_page() {
    let Some(chromium) = tools::require("chromium") else { return };
    let Some(axe) = tools::require("axe.min.js") else { return };
    let axe = fs::read_to_string(axe).expect("axe");
    let home = Home::new();
    let recording = home.path().join("hub.jsonl");
    let watch = [
        "watch",
        "--sandbox",
        "--traffic",
        "steady:20/s",
        "--interval",
        "100ms",
        "--for",
        "2s",
        "-q",
        "--record",
    ];
    home.dhlimit(watch).arg(&recording).run().expect_code(0);
    let report = home.dhlimit(["report", "-o", "html"]).arg(&recording).run().expect_code(0).stdout;
    let plan = dhlimit(["plan", "--nodes", "30", "--images", "9", "-o", "html"]).run().stdout;
    let sandbox = Sandbox::start(&["--limit", "9"]);
    let mut serve = home
        .dhlimit(["serve", "nginx", "redis", "--interval", "200ms", "--listen", "127.0.0.1:0"])
        .envs(sandbox.as_docker_hub())
        .start();
    let url = serve.wait_until(PATIENCE, |one| one.stdout().lines().next().map(str::to_owned));
    let served = serve.wait_until(PATIENCE, |_| {
        Some(http::get(&url).body).filter(|page| page.contains("class=\"narrow\""))
    });
    for (name, html) in [("report", report), ("plan", plan), ("serve", served)] {
        for look in [
            &["--window-size=1280,900"][..],
            &["--window-size=1280,900", "--blink-settings=preferredColorScheme=0"],
            &["--window-size=500,900"],
        ] {
            let found = remarks(&home, &chromium, &axe, &html, look);
            assert_eq!(found, [""; 0], "{name} {look:?}");
        }
    }
    // A page with a fault: axe would have said so.
    let faulty = "<!DOCTYPE html><html><head><meta http-equiv=\"Content-Security-Policy\" content=\"\"/></head><body><img src=\"data:,\"/></body></html>";
    assert!(!remarks(&home, &chromium, &axe, faulty, &[]).is_empty());
}

#[test]
fn the_page_of_a_server_renews_itself_as_things_happen() {
    let Some(chromium) = tools::require("chromium") else { return };
    let (home, sandbox) = (Home::new(), Sandbox::start(&["--traffic", "steady:5/s"]));
    let mut serve = home
        .dhlimit(["serve", "nginx", "--interval", "200ms", "--listen", "127.0.0.1:0"])
        .envs(sandbox.as_docker_hub())
        .start();
    let url = serve.wait_until(PATIENCE, |one| one.stdout().lines().next().map(str::to_owned));
    let log = home.path().join("net.json");
    let more = ["--remote-debugging-port=0".to_owned(), format!("--log-net-log={}", log.display())];
    let profile = format!("--user-data-dir={}", home.path().join("chromium").display());
    let arguments = tools::BROWSER
        .iter()
        .map(|one| (*one).to_owned())
        .chain(more)
        .chain([profile, url.clone()]);
    let browser = home.program(&chromium, arguments).start();
    std::thread::sleep(Duration::from_secs(6));
    browser.signal(Signal::TERM);
    browser.outcome().end_left_running();
    let log = fs::read_to_string(log).expect("the log of requests");
    let asked = |path: &str| log.matches(&format!("\"url\":\"{url}{path}\"")).count();
    // What happens is heard of, and each time the page is asked for again: far more often than every 15 s.
    assert!(
        asked("api/v1/events") > 0 && asked("") > 4,
        "{} {}",
        asked("api/v1/events"),
        asked("")
    );
    let page = http::get(&url);
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(
        policy.contains("script-src 'sha256-") && !policy.contains("script-src 'unsafe"),
        "{policy}"
    );
    assert!(page.header("refresh").is_none() && page.body.contains("<noscript><meta"), "{page:?}");
    let _: Value = http::get(&format!("{url}api/v1/readings")).json();
}
