//! lima, finch and colima. None of them runs here: the scripts below are pass-throughs that take the
//! same arguments and run the real nerdctl or docker, or behave as a stopped machine does.

use super::containerd::containerd;
use super::*;
use crate::harness::real::Dockerd;

/// `limactl` with one machine `default`, whose guest is this machine.
const LIMACTL: &str = r#"#!/bin/sh
if [ "$1" = list ]; then
    echo '{"name":"other","status":"Stopped","dir":"/x"}'
    echo '{"name":"default","status":"Running","dir":"/x"}'
    exit
fi
[ "$*" != "${*#--tty=false shell --workdir / default nerdctl }" ] || { echo "not what limactl takes: $*" >&2; exit 64; }
shift 6
exec nerdctl "$@"
"#;

/// `finch`, which knows few commands, no list of namespaces, and options after the command only.
const FINCH: &str = r#"#!/bin/sh
case "$1" in
    --version) echo "finch version v1.11.0" ;;
    info | pull | rmi | images | image) exec nerdctl "$@" ;;
    *) echo "unknown command \"$1\" for \"finch\"" >&2; exit 1 ;;
esac
"#;

/// `colima` with one profile on containerd and one on Docker Engine.
const COLIMA: &str = r#"#!/bin/sh
if [ "$1" = list ]; then
    echo '{"name":"default","status":"Running","arch":"x86_64","runtime":"containerd"}'
    echo '{"name":"dock","status":"Running","arch":"x86_64","runtime":"docker"}'
    echo '{"name":"off","status":"Stopped","arch":"x86_64"}'
    exit
fi
[ "$1 $2 $3 $4" = "nerdctl --profile default --" ] || { echo "not what colima takes: $*" >&2; exit 64; }
shift 4
exec nerdctl "$@"
"#;

async fn passes_through(tool: &str, script: &str, name: &str) {
    let Some((containerd, place)) = containerd("nerdctl") else { return };
    place.home.script(tool, script);
    let runtime = place.open(name).await;
    assert_eq!(runtime.login(), runtime::Login::Elsewhere);
    a_missing_tag(&*runtime, &place).await;
    by_digest(&*runtime, &place).await;
    to_the_429(&*runtime, &place).await;
    assert_eq!(containerd.images(), [""; 0], "{name}");
}

#[tokio::test]
async fn lima_by_a_pass_through_pulls_to_the_429() {
    passes_through("limactl", LIMACTL, "lima").await;
}

#[tokio::test]
async fn finch_by_a_pass_through_pulls_to_the_429() {
    passes_through("finch", FINCH, "finch").await;
}

#[tokio::test]
async fn colima_on_containerd_by_a_pass_through_pulls_to_the_429() {
    passes_through("colima", COLIMA, "colima").await;
}

#[tokio::test]
async fn colima_on_docker_uses_its_context() {
    let Some(dockerd) = Dockerd::start() else { return };
    let mut place = Place::new(Home::new(), []);
    place.home.script("colima", COLIMA);
    let [(_, host)] = dockerd.environment();
    let context = format!("host={}", host.to_string_lossy());
    place
        .home
        .program("docker", ["context", "create", "colima-dock", "--docker", &context])
        .run()
        .expect_code(0);
    place.setup.instance = Some("dock".to_owned());
    let runtime = place.open("colima").await;
    let sandbox = sandbox(5, Duration::ZERO).await;
    let image = image(&sandbox, "library/nginx:1.27");
    assert_eq!(pull(&*runtime, &image).await.outcome, Outcome::Pulled);
    assert!(runtime.holds(&image).await.expect("a look"));
    assert_eq!(runtime.clear(&image, &Outcome::Pulled).await.expect("a removal"), Removal::Removed);
    assert_eq!(dockerd.images(), [""; 0]);
}

#[tokio::test]
async fn a_machine_that_does_not_run_is_named_with_what_starts_it() {
    let mut place = Place::new(Home::new(), []);
    place.home.script("limactl", LIMACTL);
    place.home.script("colima", COLIMA);
    for (name, instance, expected) in [
        ("lima", "other", "limactl instance \"other\" is stopped"),
        ("lima", "absent", "limactl instance \"absent\" is not there"),
        ("colima", "off", "colima instance \"off\" is not running"),
    ] {
        place.setup.instance = Some(instance.to_owned());
        let error = runtime::by_name(name)
            .expect("a driver")
            .open(&place.setup)
            .await
            .err()
            .expect("no machine");
        assert_eq!(error.to_string(), expected);
        assert!(error.advice().is_some_and(|advice| advice.contains("start")), "{error}");
    }
}

#[tokio::test]
async fn a_machine_that_stops_in_between_and_says_nothing_is_not_believed() {
    // Lima 1.1 to 2.0.3 on a stopped machine, without a terminal: exit code 0, no output.
    let stops = "#!/bin/sh\nif [ \"$1\" = list ]; then echo '{\"name\":\"default\",\"status\":\"Running\"}'; exit; fi\n\
                 case \"$*\" in *' version '*) echo '{\"Client\":{\"Version\":\"v2.1.2\"},\"Server\":null}' ;; esac\n";
    let place = Place::new(Home::new(), []);
    place.home.script("limactl", stops);
    let runtime = place.open("lima").await;
    let image: Reference = "127.0.0.1:9/library/nginx:1.27".parse().expect("a reference");
    let Outcome::Failed { exit: Some(0), text } = pull(&*runtime, &image).await.outcome else {
        panic!("believed")
    };
    assert!(text.contains("did not arrive"), "{text}");
    assert_eq!(runtime.remove(&image).await.expect("a removal"), Removal::Absent);
}
