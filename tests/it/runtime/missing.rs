//! Tools that are not installed, daemons that are not there, and daemons that do not answer.

use super::*;

#[tokio::test]
async fn each_tool_that_is_not_installed_is_named_with_a_way_on() {
    let place = Place::new(Home::new(), []);
    let mut setup = place.setup.clone();
    setup.environment =
        [("PATH", place.home.path().join("bin").display().to_string())].into_iter().collect();
    for driver in runtime::DRIVERS {
        let error =
            driver.open(&setup).await.err().unwrap_or_else(|| panic!("{} is there", driver.name()));
        assert!(error.to_string().contains("is not installed"), "{}: {error}", driver.name());
        assert!(
            error.advice().is_some_and(|advice| advice.contains("builtin")),
            "{}",
            driver.name()
        );
    }
    let names: Vec<&str> = runtime::DRIVERS.iter().map(|driver| driver.name()).collect();
    assert_eq!(
        names,
        [
            "nerdctl", "lima", "docker", "podman", "ctr", "crictl", "finch", "colima", "skopeo",
            "crane"
        ]
    );
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_told_within_seconds() {
    let mut place = Place::new(Home::new(), []);
    let socket = place.home.path().join("absent.sock").display().to_string();
    place.setup.address = Some(socket.clone());
    for name in ["nerdctl", "ctr", "crictl", "docker"] {
        let Some(_) = tools::require(name) else { return };
        let started = Instant::now();
        let error = runtime::by_name(name)
            .expect("a driver")
            .open(&place.setup)
            .await
            .err()
            .expect("no daemon");
        assert!(matches!(error, runtime::RuntimeError::NoDaemon { .. }), "{name}: {error}");
        assert!(error.to_string().contains("absent.sock"), "{name}: {error}");
        assert!(
            error.advice().is_some() && started.elapsed() < Duration::from_secs(10),
            "{name}: {:?}",
            started.elapsed()
        );
    }
    place.is_quiet();
}

#[tokio::test]
async fn an_older_docker_that_exits_0_without_its_daemon_is_not_believed() {
    let place = Place::new(Home::new(), []);
    let script = r#"#!/bin/sh
echo '{"ServerErrors":["Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"],"ClientInfo":{"Debug":false}}'
"#;
    place.home.script("docker", script);
    let error = runtime::by_name("docker")
        .expect("a driver")
        .open(&place.setup)
        .await
        .err()
        .expect("no daemon");
    assert!(error.to_string().contains("Is the docker daemon running?"), "{error}");
}

#[tokio::test]
async fn docker_that_is_podman_in_disguise_is_no_docker() {
    let place = Place::new(Home::new(), []);
    place.home.script(
        "docker",
        "#!/bin/sh\necho '{\"host\":{\"arch\":\"amd64\"},\"version\":{\"Version\":\"4.3.1\"}}'\n",
    );
    let error = runtime::by_name("docker")
        .expect("a driver")
        .open(&place.setup)
        .await
        .err()
        .expect("no docker");
    assert!(matches!(error, runtime::RuntimeError::NoDaemon { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_does_not_answer_is_not_waited_for() {
    // The clock stands still but for timers, so the 20 s that a question may take are over at once.
    let place = Place::new(Home::new(), []);
    for (tool, name) in [
        ("docker", "docker"),
        ("podman", "podman"),
        ("nerdctl", "nerdctl"),
        ("limactl", "lima"),
        ("crane", "crane"),
    ] {
        place.home.script(tool, "#!/bin/sh\nexec sleep 600\n");
        let error = runtime::by_name(name)
            .expect("a driver")
            .open(&place.setup)
            .await
            .err()
            .expect("no answer");
        assert!(matches!(error, runtime::RuntimeError::Silent { .. }), "{name}: {error}");
        assert!(error.advice().is_some(), "{name}");
    }
    place.is_quiet();
}
