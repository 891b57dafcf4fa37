//! The monitoring examples, loaded by the programs they are for: a Nagios and an Icinga 2 with one
//! host each say whether they take the definitions, and how many checks come of them.

use std::fs;
use std::path::Path;

use crate::harness::{Home, Outcome, tools};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a Nagios has besides: a host in the group, and what the template of services asks for.
const NAGIOS_SITE: &str = "
define timeperiod {
    timeperiod_name  always
    alias            Always
    monday           00:00-24:00
}
define command {
    command_name  nothing
    command_line  /bin/true
}
define contact {
    contact_name                   nobody
    host_notification_period       always
    service_notification_period    always
    host_notification_options      n
    service_notification_options   n
    host_notification_commands     nothing
    service_notification_commands  nothing
}
define service {
    name                 generic-service
    check_period         always
    notification_period  always
    max_check_attempts   3
    contacts             nobody
    register             0
}
define host {
    host_name            build-1
    address              127.0.0.1
    max_check_attempts   3
    check_period         always
    notification_period  always
    contacts             nobody
}
define hostgroup {
    hostgroup_name  docker-hosts
    members         build-1
}
";

#[test]
fn nagios_takes_the_example_and_finds_its_mistakes() {
    let Some(nagios) = tools::require("nagios4") else { return };
    let run = |definitions: &str| -> Outcome {
        let home = Home::new();
        let folder = home.path().to_owned();
        let files =
            [home.write("site/site.cfg", NAGIOS_SITE), home.write("site/dhlimit.cfg", definitions)];
        fs::create_dir(folder.join("site/checks")).expect("a folder");
        // Started as root it would become another user, who may not write in this test's folder.
        let owner = if rustix::process::geteuid().is_root() {
            "nagios_user=root\nnagios_group=root\n"
        } else {
            ""
        };
        let site = folder.join("site");
        let site = site.display();
        let main = format!(
            "log_file={site}/log\ncfg_file={}\ncfg_file={}\ncheck_result_path={site}/checks\ntemp_path={site}\n\
             temp_file={site}/temp\nlock_file={site}/lock\nobject_cache_file={site}/objects\nstatus_file={site}/status\n\
             command_file={site}/command\nillegal_macro_output_chars=`~$&|'\"<>\n{owner}",
            files[0].display(),
            files[1].display()
        );
        let main = home.write("site/nagios.cfg", &main);
        home.program(&nagios, ["-v"]).arg(main).keep(home).run()
    };
    let page = example("nagios.cfg");
    let outcome = run(&page).expect_code(0);
    for words in ["Checked 1 services", "Total Warnings: 0", "Total Errors:   0"] {
        assert!(outcome.stdout.contains(words), "{words:?} is missing: {outcome:?}");
    }
    for (right, wrong) in [
        ("check_dhlimit!20%", "check_dhlimits!20%"),
        ("    check_interval ", "    check_every "),
        ("docker-hosts", "hosts"),
    ] {
        assert!(page.contains(right), "{right}");
        let outcome = run(&page.replacen(right, wrong, 1));
        assert!(
            outcome.code == Some(1) && outcome.stdout.contains("Error"),
            "{wrong}: {outcome:?}"
        );
    }
}

/// What an Icinga has besides: a host that it checks itself, one with an agent, one that pulls nothing.
const ICINGA_SITE: &str = r#"
include <itl>
object Endpoint "build-2" { }
object Zone "agents" { endpoints = [ "build-2" ] }
template Host "dummy" { check_command = "dummy" }
object Host "build-1" {
  import "dummy"
  vars.pulls_from_dockerhub = true
}
object Host "build-2" {
  import "dummy"
  zone = "agents"
  vars.pulls_from_dockerhub = true
  vars.agent_endpoint = "build-2"
}
object Host "mail" { import "dummy" }
"#;

#[test]
fn icinga_takes_the_example_for_hosts_with_and_without_an_agent() {
    let Some(icinga) = tools::require("icinga2") else { return };
    let run = |definitions: &str| -> Outcome {
        let home = Home::new();
        let folder = home.path().to_owned();
        let main = home.write("icinga/icinga2.conf", &format!("{ICINGA_SITE}\n{definitions}"));
        let mut program = home.program(&icinga, ["daemon", "--validate"]).arg("--config").arg(main);
        for place in ["DataDir", "CacheDir", "LogDir", "InitRunDir"] {
            program =
                program.arg("--define").arg(format!("{place}={}", folder.join("icinga").display()));
        }
        // It becomes this user at its start, who must be the one who runs the test.
        let own = |flag| home.program("id", [flag]).run().stdout.trim().to_owned();
        let (user, group) = (own("-un"), own("-gn"));
        program.env("ICINGA2_USER", user).env("ICINGA2_GROUP", group).keep(home).run()
    };
    let page = example("icinga2.conf");
    let outcome = run(&page).expect_code(0);
    let words = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(
        words.contains("Instantiated 2 Services") && !words.contains("warning/"),
        "{outcome:?}"
    );
    for (right, wrong) in [
        ("check_command = \"dhlimit\"", "check_command = \"dhlimits\""),
        ("retry_interval", "retry_every"),
    ] {
        assert!(page.contains(right), "{right}");
        let outcome = run(&page.replacen(right, wrong, 1));
        assert!(outcome.code == Some(1), "{wrong}: {outcome:?}");
    }
}
