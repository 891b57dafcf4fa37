//! `fleet --spenders`: who spends the pulls, as a real Prometheus has it of series that people already have,
//! and as Docker's own usage file has it.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Running, tools};

pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
const STEP: u64 = 30;

/// A series over the last so many seconds, at a value that may grow.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) seconds: u64,
    pub(crate) value: fn(u64) -> f64,
    /// How many seconds ago it ended.
    pub(crate) ended: u64,
}

pub(crate) fn series(name: &str, seconds: u64, value: fn(u64) -> f64) -> Series {
    Series { name: name.to_owned(), seconds, value, ended: 0 }
}

/// What three nodes tell: two behind one address, one on another.
fn samples() -> Vec<Series> {
    let mut all = Vec::new();
    for (node, source, left) in
        [("n1", "192.0.2.1", "a"), ("n2", "192.0.2.1", "a"), ("n3", "192.0.2.9", "b")]
    {
        let labels = format!(
            "node=\"{node}\",registry=\"docker.io\",image=\"docker.io/library/nginx:latest\",identity=\"anonymous\",effective=\"true\",family=\"ipv4\",source=\"{source}\""
        );
        let gauge = |name: &str, value| series(&format!("{name}{{{labels}}}"), 120, value);
        all.push(gauge("dhlimit_pulls_limit", |_| 100.0));
        all.push(gauge("dhlimit_pulls_remaining", if left == "a" { |_| 40.0 } else { |_| 90.0 }));
        all.push(gauge("dhlimit_pulls_used_per_hour", |_| 60.0));
        let state = format!("dhlimit_state{{{labels},state=\"limited\"}}");
        all.push(series(&state, 120, |_| 1.0));
    }
    let container = |kind: &str, namespace: &str, pod: &str, image: &str, seconds| {
        let name = format!(
            "kube_pod_{kind}info{{namespace=\"{namespace}\",pod=\"{pod}\",container=\"c\",image=\"{image}\"}}"
        );
        series(&name, seconds, |_| 1.0)
    };
    let pod = |namespace: &str, pod: &str, node: &str| {
        let name =
            format!("kube_pod_info{{namespace=\"{namespace}\",pod=\"{pod}\",node=\"{node}\"}}");
        series(&name, 600, |_| 1.0)
    };
    all.extend([
        // There for two hours: nobody pulled it in the last one.
        container("container_", "shop", "old-0", "docker.io/library/postgres:16", 7_200),
        container("container_", "shop", "web-1", "docker.io/library/nginx:1.27", 600),
        container("container_", "shop", "web-2", "nginx:1.27", 600),
        container("init_container_", "shop", "web-3", "busybox:1", 600),
        container("container_", "ci", "job-1", "quay.io/a/b:1", 600),
        pod("shop", "old-0", "n1"),
        pod("shop", "web-1", "n1"),
        pod("shop", "web-2", "n2"),
        pod("shop", "web-3", "n3"),
        pod("ci", "job-1", "n1"),
        // A pull a minute.
        series("kubelet_image_pull_duration_seconds_count{instance=\"n1:10250\",image_size_in_bytes=\"a\"}", 3_600, |second| f64::from(u32::try_from(second / 60).unwrap())),
        series("spegel_mirror_requests_total{instance=\"n2:9090\",registry=\"docker.io\",cache=\"miss\"}", 3_600, |second| f64::from(u32::try_from(second / 600).unwrap())),
        series("dhlimit_observed_pulls_total{instance=\"n1:9767\",registry=\"docker.io\",certain=\"true\"}", 3_600, |second| f64::from(u32::try_from(second / 90).unwrap())),
        series("dhlimit_observed_pulls_total{instance=\"n1:9767\",registry=\"quay.io\",certain=\"true\"}", 3_600, |second| f64::from(u32::try_from(second).unwrap())),
        series("spegel_mirror_requests_total{instance=\"n2:9090\",registry=\"docker.io\",cache=\"hit\"}", 3_600, |second| f64::from(u32::try_from(second).unwrap())),
    ]);
    all
}

/// A real Prometheus that has these series already.
pub(crate) fn prometheus(home: &Home, program: &Path, all: &[Series]) -> Option<(Running, String)> {
    let promtool = tools::require("promtool")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut text = String::new();
    for one in all {
        for second in (0..=one.seconds).step_by(usize::try_from(STEP).unwrap()) {
            let at = now - one.ended - one.seconds + second;
            let _ = writeln!(text, "{} {} {at}", one.name, (one.value)(second));
        }
    }
    text.push_str("# EOF\n");
    let (file, data) = (home.write("samples.txt", &text), home.path().join("data"));
    let args = ["tsdb".as_ref(), "create-blocks-from".as_ref(), "openmetrics".as_ref()];
    let made =
        home.program(&promtool, args.into_iter().chain([file.as_os_str(), data.as_os_str()]));
    made.limit(Duration::from_secs(60)).run().expect_code(0);
    let config = home.write("prometheus.yml", "global: {scrape_interval: 1m}\n");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let args = [
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", data.display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    let running = home.program(program, args).limit(Duration::from_secs(120)).start();
    Some((running, format!("http://127.0.0.1:{port}")))
}

/// Names and pulls of a kind, as a witness has them.
fn told(spenders: &Value, kind: &str, from: &str) -> Vec<(String, f64)> {
    let all = spenders.as_array().cloned().unwrap_or_default();
    let ours = all.iter().filter(|one| one["kind"] == kind && one["from"] == from);
    ours.map(|one| {
        let name = one["name"].as_str().unwrap_or_default().to_owned();
        (name, one["pulls_per_hour"].as_f64().unwrap_or_default())
    })
    .collect()
}

#[test]
fn spenders_come_from_series_that_are_there_already() {
    let Some(program) = tools::require("prometheus") else { return };
    let home = Home::new();
    let Some((running, url)) = prometheus(&home, &program, &samples()) else { return };
    let usage = home.write(
        "usage.csv",
        "datehour,user_name,repository,access_token_name,ips,repository_privacy,tag,digest,version_checks,pulls\n\
         2026-11-26T10,acme,library/nginx,ci-token,192.0.2.9,public,latest,sha256:a,3,30\n\
         2026-11-26T11,acme,library/redis,ci-token,203.0.113.7,public,7,sha256:b,0,10\n",
    );
    let ask = |args: &[&str]| {
        let usage = usage.display().to_string();
        let usual = ["fleet", "--prometheus", &url, "--spenders", "--hub-csv", &usage];
        home.dhlimit(usual.iter().chain(args)).run()
    };
    let fleet = crate::harness::wait_for(PATIENCE, || {
        std::thread::sleep(Duration::from_millis(300));
        let outcome = ask(&["-o", "json"]);
        let document: Option<Value> = serde_json::from_str(&outcome.stdout).ok();
        document.filter(|fleet| fleet["groups"].as_array().is_some_and(|groups| groups.len() == 2))
    });
    let fleet = fleet.unwrap_or_else(|| panic!("{:?}", ask(&["-o", "json"])));
    let group = |source: &str| {
        let groups = fleet["groups"].as_array().expect("groups");
        groups.iter().find(|group| group["source"] == source).expect("a group").clone()
    };
    let (shared, own) = (group("192.0.2.1"), group("192.0.2.9"));
    let started = "kube_pod_container_info";
    assert_eq!(
        told(&shared["spenders"], "image", started),
        [("docker.io/library/nginx:1.27".to_owned(), 2.0)],
        "{shared}"
    );
    assert_eq!(told(&shared["spenders"], "namespace", started), [("shop".to_owned(), 2.0)]);
    assert_eq!(
        told(&own["spenders"], "image", started),
        [("docker.io/library/busybox:1".to_owned(), 1.0)],
        "{own}"
    );
    let kubelet = told(&shared["spenders"], "node", "kubelet_image_pull_duration_seconds_count");
    assert!(
        matches!(kubelet.as_slice(), [(name, pulls)] if name == "n1:10250" && (55.0..=62.0).contains(pulls)),
        "{kubelet:?}"
    );
    let observed = told(&shared["spenders"], "node", "dhlimit_observed_pulls_total");
    assert!(
        matches!(observed.as_slice(), [(name, pulls)] if name == "n1:9767" && (36.0..=42.0).contains(pulls)),
        "{observed:?}"
    );
    let mirror = told(&shared["spenders"], "node", "spegel_mirror_requests_total");
    assert!(matches!(mirror.as_slice(), [(_, pulls)] if (5.0..=7.0).contains(pulls)), "{mirror:?}");
    // The kubelet explains nearly all of the one count, the file a quarter of the other.
    let unexplained = |group: &Value| group["unexplained_per_hour"].as_f64().expect("a number");
    assert!(unexplained(&shared) < 6.0, "{shared}");
    assert!((unexplained(&own) - 45.0).abs() < 0.01, "{own}");
    assert_eq!(
        told(&own["spenders"], "repository", "hub-csv"),
        [("library/nginx".to_owned(), 15.0)]
    );
    // Whose address is none of the fleet's is told, too.
    let aside = told(&fleet["spenders"], "repository", "hub-csv");
    assert_eq!(aside, [("library/redis".to_owned(), 5.0)], "{fleet}");
    let table = ask(&[]).stdout;
    for words in ["docker.io/library/nginx:1.27", "hub-csv", "45 of them unexplained (75 %)"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    // Without being asked for, spenders cost no query and no key of their own.
    let plain = home.dhlimit(["fleet", "--prometheus", &url, "-o", "json"]).run().json();
    assert_eq!(plain["groups"][0]["spenders"], json!([]), "{plain}");
    assert!(plain["groups"][0].get("unexplained_per_hour").is_none(), "{plain}");
    let wrong = home.write("wrong.csv", "a,b\n1,2\n").display().to_string();
    let args = ["fleet", "--prometheus", &url, "--spenders", "--hub-csv", &wrong];
    let outcome = home.dhlimit(args).run().expect_code(2);
    assert!(outcome.stderr.contains("no column `datehour`"), "{outcome:?}");
    running.signal(Signal::TERM);
    running.outcome();
}
