//! Flag > variable > configuration file > default: from arguments, environment and file to settings,
//! as tables, and the same through the program where its words and exit codes count.

use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use dhlimit::cli::{Asking, Check, Color, Command, Format};
use dhlimit::context::Environment;
use dhlimit::credentials::AccountPassword;
use dhlimit::settings::{self, Origin, Settings, Stop};
use dhlimit::{Context, Exit};

use crate::harness::{Home, dhlimit};

/// Environment variables, by name.
type Variables = &'static [(&'static str, &'static str)];

/// The settings of `dhlimit ARGS` with these variables and this text as configuration file.
fn settings(args: &str, variables: &[(&str, &str)], file: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dhlimit/config.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, file).unwrap();
    let home = folder.path().to_str().unwrap();
    let environment: Environment =
        variables.iter().copied().chain([("HOME", home), ("XDG_CONFIG_HOME", home)]).collect();
    let context = Context::new(environment, Box::new(Vec::new()), Box::new(Vec::new()));
    let args: Vec<OsString> =
        format!("dhlimit {args}").split_whitespace().map(OsString::from).collect();
    settings::parse(&args, &context).map_err(|stop| match stop {
        Stop::Clap(error) => format!("clap: {error}"),
        Stop::Wrong(failure) => {
            assert_eq!(failure.exit, Exit::Usage);
            failure.to_string()
        }
    })
}

#[track_caller]
fn check(args: &str, variables: &[(&str, &str)], file: &str) -> (Check, Settings) {
    let settings = settings(&format!("check {args}"), variables, file)
        .unwrap_or_else(|error| panic!("{args} {variables:?} {file}: {error}"));
    let Command::Check(check) = settings.cli.command.clone() else { panic!("another command") };
    (*check, settings)
}

#[test]
fn a_value_comes_from_the_flag_then_the_variable_then_the_file_then_the_default() {
    let rows: &[(&str, Variables, &str, u64, &str)] = &[
        ("", &[], "", 10, "the default"),
        ("", &[], "timeout = '5s'", 5, "~/dhlimit/config.toml:1: timeout"),
        // A bare number is seconds.
        ("", &[], "timeout = 7", 7, "~/dhlimit/config.toml:1: timeout"),
        ("", &[], "\n\ntimeout = '5s'", 5, "~/dhlimit/config.toml:3: timeout"),
        (
            "",
            &[],
            "timeout = '5s'\n[check]\ntimeout = '4s'",
            4,
            "~/dhlimit/config.toml:3: check.timeout",
        ),
        (
            "",
            &[("DHLIMIT_TIMEOUT", "3s")],
            "timeout = '5s'\n[check]\ntimeout = '4s'",
            3,
            "DHLIMIT_TIMEOUT",
        ),
        ("--timeout 2s", &[("DHLIMIT_TIMEOUT", "3s")], "timeout = '5s'", 2, "the command line"),
        ("--timeout=10s", &[("DHLIMIT_TIMEOUT", "3s")], "", 10, "the command line"),
        ("", &[("DHLIMIT_TIMEOUT", "")], "", 10, "the default"),
    ];
    for (args, variables, file, seconds, origin) in rows {
        let (check, settings) = check(args, variables, file);
        assert_eq!(
            check.asking.timeout,
            Duration::from_secs(*seconds),
            "{args} {variables:?} {file}"
        );
        assert_eq!(settings.origin("timeout").to_string(), *origin, "{args} {variables:?} {file}");
    }
}

#[test]
fn every_kind_of_option_can_come_from_a_variable_or_the_file() {
    let file = "output = 'json'\nverbose = 2\nquiet = true\ncolor = 'never'\nwarning = 20\nregistry-url = 'http://127.0.0.1:5000'\n\
                ca-cert = '/ca.pem'\n[check]\nfamily = 'both'\nsandbox = '2023'\nanonymous = true\n";
    let variables = [
        ("DHLIMIT_OUTPUT", "json"),
        ("DHLIMIT_VERBOSE", "2"),
        ("DHLIMIT_QUIET", "yes"),
        ("DHLIMIT_COLOR", "never"),
        ("DHLIMIT_WARNING", "20"),
        ("DHLIMIT_REGISTRY_URL", "http://127.0.0.1:5000"),
        ("DHLIMIT_CA_CERT", "/ca.pem"),
        ("DHLIMIT_FAMILY", "both"),
        ("DHLIMIT_SANDBOX", "2023"),
        ("DHLIMIT_ANONYMOUS", "1"),
    ];
    let flags = "-o json -vv -q --color never --warning 20 --registry-url http://127.0.0.1:5000 --ca-cert /ca.pem --family both --sandbox=2023 --anonymous";
    let [by_flag, by_variable, by_file] =
        [check(flags, &[], ""), check("", &variables, ""), check("", &[], file)];
    assert_eq!(by_flag.0.output, Some(Format::Json));
    assert!(by_flag.0.asking.anonymous && by_flag.1.cli.talk.quiet);
    assert_eq!((by_flag.1.cli.talk.verbose, by_flag.1.cli.talk.color), (2, Color::Never));
    for other in [by_variable, by_file] {
        assert_eq!(format!("{:?}", by_flag.0), format!("{:?}", other.0));
        assert_eq!(format!("{:?}", by_flag.1.cli.talk), format!("{:?}", other.1.cli.talk));
    }
}

#[test]
fn a_switch_understands_the_usual_words() {
    for (word, on) in [
        ("1", true),
        ("true", true),
        ("YES", true),
        ("on", true),
        ("0", false),
        ("false", false),
        ("No", false),
        ("off", false),
        ("", false),
    ] {
        assert_eq!(
            check("", &[("DHLIMIT_ALL_IDENTITIES", word)], "").0.asking.all_identities,
            on,
            "{word:?}"
        );
    }
    let error = settings("check", &[("DHLIMIT_ANONYMOUS", "perhaps")], "").unwrap_err();
    assert_eq!(error, "DHLIMIT_ANONYMOUS: must be true or false");
    // Off in a variable is off, whatever the file says.
    assert!(!check("", &[("DHLIMIT_ANONYMOUS", "0")], "anonymous = true").0.asking.anonymous);
    assert!(!check("", &[], "anonymous = true\n[check]\nanonymous = false").0.asking.anonymous);
    // The bare form of an option whose value may be left out.
    assert_eq!(check("", &[], "sandbox = true").0.asking.sandbox.as_deref(), Some("2026"));
    assert_eq!(
        check("", &[("DHLIMIT_SANDBOX", "true")], "").0.asking.sandbox.as_deref(),
        Some("2026")
    );
    assert_eq!(check("", &[], "sandbox = false").0.asking.sandbox, None);
    assert_eq!(check("", &[("DHLIMIT_SANDBOX", "off")], "sandbox = true").0.asking.sandbox, None);
}

/// As whom: a word for the options that decide it.
fn whom(asking: &Asking) -> String {
    let mut words = Vec::new();
    words.extend(asking.anonymous.then(|| "anonymous".to_owned()));
    words.extend(asking.all_identities.then(|| "all".to_owned()));
    words.extend(asking.user.clone());
    words.extend(asking.password_stdin.then(|| "stdin".to_owned()));
    words.extend(asking.password_file.as_ref().map(|file| file.display().to_string()));
    words.join(" ")
}

#[test]
fn a_value_behind_a_blank_is_its_options_and_no_image() {
    for (args, sandbox, images) in [
        ("--sandbox abuse", Some("abuse"), &[][..]),
        ("--sandbox paid nginx", Some("paid"), &["nginx"]),
        ("--sandbox nginx", Some("2026"), &["nginx"]),
        ("--timeout 10 --sandbox=odd abuse", Some("odd"), &["abuse"]),
    ] {
        let check = check(args, &[], "").0;
        assert_eq!(check.asking.sandbox.as_deref(), sandbox, "{args}");
        assert_eq!(check.images, images, "{args}");
    }
}

#[test]
fn the_higher_of_two_contradicting_settings_wins() {
    let rows: &[(&str, Variables, &str, &str)] = &[
        ("--anonymous", &[("DHLIMIT_USER", "bob")], "", "anonymous"),
        (
            "--anonymous",
            &[("DHLIMIT_USER", "bob"), ("DHLIMIT_PASSWORD_FILE", "/pw")],
            "",
            "anonymous",
        ),
        (
            "--all-identities",
            &[("DHLIMIT_USER", "bob"), ("DHLIMIT_PASSWORD_FILE", "/pw")],
            "",
            "all",
        ),
        ("--user bob", &[("DHLIMIT_ANONYMOUS", "1")], "", "bob"),
        ("--user bob", &[("DHLIMIT_ALL_IDENTITIES", "1")], "", "bob"),
        ("", &[("DHLIMIT_ANONYMOUS", "1")], "user = 'bob'\npassword-file = '/pw'", "anonymous"),
        ("", &[("DHLIMIT_USER", "bob")], "anonymous = true", "bob"),
        ("", &[], "anonymous = true\n[check]\nuser = 'bob'", "bob"),
        ("", &[], "user = 'bob'\n[check]\nanonymous = true", "anonymous"),
        ("", &[], "user = 'bob'\npassword-file = '/pw'", "bob /pw"),
        ("--user bob --password-stdin", &[("DHLIMIT_PASSWORD_FILE", "/pw")], "", "bob stdin"),
        // Off contradicts nothing.
        ("", &[("DHLIMIT_ANONYMOUS", "0"), ("DHLIMIT_USER", "bob")], "", "bob"),
        // A password belongs to the user it was written beside.
        ("--user amy", &[("DHLIMIT_USER", "bob"), ("DHLIMIT_PASSWORD_FILE", "/bobs")], "", "amy"),
        (
            "--user bob",
            &[("DHLIMIT_USER", "bob"), ("DHLIMIT_PASSWORD_FILE", "/bobs")],
            "",
            "bob /bobs",
        ),
        ("--user amy", &[("DHLIMIT_PASSWORD_FILE", "/whose")], "", "amy /whose"),
        ("--user amy", &[], "user = 'bob'\npassword-file = '/bobs'", "amy"),
        ("", &[("DHLIMIT_USER", "amy")], "user = 'bob'\npassword-file = '/bobs'", "amy"),
        (
            "--password-file /new",
            &[("DHLIMIT_USER", "bob"), ("DHLIMIT_PASSWORD_FILE", "/old")],
            "",
            "bob /new",
        ),
    ];
    for (args, variables, file, wanted) in rows {
        assert_eq!(
            whom(&check(args, variables, file).0.asking),
            *wanted,
            "{args} {variables:?} {file}"
        );
    }
    let format = check("--format {limit}", &[("DHLIMIT_OUTPUT", "json")], "").0;
    assert_eq!((format.format.as_deref(), format.output), (Some("{limit}"), None));
}

#[test]
fn two_of_one_rank_that_contradict_each_other_are_an_error() {
    let rows: &[(&str, Variables, &str, &str)] = &[
        ("--anonymous --user bob", &[], "", "cannot be used with"),
        ("--anonymous --all-identities", &[], "", "cannot be used with"),
        ("--user bob --all-identities", &[], "", "cannot be used with"),
        ("--user bob --password-stdin --password-file /pw", &[], "", "cannot be used with"),
        ("--anonymous --password-file /pw", &[], "", "cannot be used with"),
        (
            "",
            &[("DHLIMIT_USER", "bob"), ("DHLIMIT_ANONYMOUS", "1")],
            "",
            "DHLIMIT_ANONYMOUS and DHLIMIT_USER contradict",
        ),
        (
            "",
            &[],
            "user = 'bob'\nanonymous = true",
            "config.toml:2: anonymous and ~/dhlimit/config.toml:1: user contradict",
        ),
    ];
    for (args, variables, file, wanted) in rows {
        let error = settings(&format!("check {args}"), variables, file).unwrap_err();
        assert!(error.contains(wanted), "{args} {variables:?} {file}: {error}");
    }
}

#[test]
fn a_flag_without_the_option_it_needs_is_refused_and_a_standing_wish_is_not() {
    for (args, wanted) in [
        ("watch --rotate-daily", "--rotate-daily does nothing without --record"),
        ("watch --rotate-size 1MB", "--rotate-size does nothing without --record"),
        ("watch --traffic steady:1/s", "--traffic does nothing without --sandbox"),
        // What clap sees is said first, wherever it stands.
        ("watch --rotate-size soon --record x", "invalid value 'soon'"),
        ("watch --record x --rotate-size soon", "invalid value 'soon'"),
        ("watch --rotate-daily --no-such --record x", "unexpected argument '--no-such'"),
    ] {
        assert!(settings(args, &[], "").is_err_and(|error| error.contains(wanted)), "{args}");
    }
    for args in [
        "watch --rotate-size 1.5MB --record x",
        "watch --record x --rotate-daily",
        "watch --traffic steady:1/s --sandbox",
        "sandbox --traffic steady:1/s",
    ] {
        assert_eq!(settings(args, &[], "").map(drop), Ok(()), "{args}");
    }
    assert_eq!(settings("watch --rotate-daily", &[("DHLIMIT_RECORD", "x")], "").map(drop), Ok(()));
    assert_eq!(
        settings("watch --rotate-daily", &[], "[watch]\nrecord = \"x\"\n").map(drop),
        Ok(())
    );
    assert_eq!(
        settings("watch", &[("DHLIMIT_ROTATE_DAILY", "1")], "[watch]\ntraffic = \"steady:1/s\"\n")
            .map(drop),
        Ok(())
    );
}

#[test]
fn a_password_in_a_url_that_cannot_be_used_is_not_shown() {
    for url in [
        "http://bob:s3cr3t@h:99999/x",
        "http://bob:s3cr3t@h/",
        "https://s3cr3t@[::",
        "bob:s3cr3t@h",
        "http://bob:s3cr3t@ h",
    ] {
        let flag =
            Home::new().dhlimit(["check", "-vvv", "--registry-url", url]).run().expect_code(2);
        let variable = Home::new()
            .dhlimit(["check", "-vvv"])
            .env("DHLIMIT_AUTH_URL", url)
            .run()
            .expect_code(2);
        for outcome in [flag, variable] {
            assert!(!outcome.everything().contains("s3cr3t"), "{url}: {outcome:?}");
            assert!(outcome.stderr.lines().count() <= 5, "{outcome:?}");
        }
    }
}

#[test]
fn a_variable_means_one_thing() {
    // The same name with another meaning in two commands would make one variable break one of them.
    let mut known: std::collections::BTreeMap<String, (String, Vec<String>)> =
        std::collections::BTreeMap::new();
    for command in dhlimit::cli::command().get_subcommands() {
        for arg in command.get_arguments() {
            let Some(variable) = arg.get_env() else { continue };
            let takes = arg
                .get_value_names()
                .unwrap_or_default()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>();
            let first = known
                .entry(variable.to_string_lossy().into_owned())
                .or_insert_with(|| (command.get_name().to_owned(), takes.clone()));
            assert_eq!(
                first.1,
                takes,
                "{} of {} and of {}",
                variable.to_string_lossy(),
                first.0,
                command.get_name()
            );
        }
    }
    assert!(known.contains_key("DHLIMIT_COUNT") && known.contains_key("DHLIMIT_SANDBOX_COUNT"));
    let sandbox =
        settings("sandbox", &[("DHLIMIT_COUNT", "5"), ("DHLIMIT_SANDBOX_COUNT", "get")], "")
            .unwrap();
    assert_eq!(sandbox.origin("count"), &Origin::Variable("DHLIMIT_SANDBOX_COUNT".into()));
}

#[test]
fn a_wrong_value_names_its_place() {
    let rows: &[(Variables, &str, &[&str])] = &[
        (
            &[("DHLIMIT_TIMEOUT", "soon")],
            "",
            &["DHLIMIT_TIMEOUT: invalid value 'soon' for '--timeout"],
        ),
        (&[("DHLIMIT_TIMEOUT", "0s")], "", &["DHLIMIT_TIMEOUT: ", "a duration above zero"]),
        (
            &[("DHLIMIT_FAMILY", "ipv5")],
            "",
            &["DHLIMIT_FAMILY: ", "possible values: auto, ipv4, ipv6, both"],
        ),
        (
            &[("DHLIMIT_REGISTRY_URL", "not a url")],
            "",
            &["DHLIMIT_REGISTRY_URL: invalid value 'not a url'"],
        ),
        (&[("DHLIMIT_VERBOSE", "very")], "", &["DHLIMIT_VERBOSE: must be a number"]),
        (&[("DHLIMIT_VERBOSE", "300")], "", &["DHLIMIT_VERBOSE: must be a number from 0 to 255"]),
        (&[("DHLIMIT_COLOR", "blue")], "", &["DHLIMIT_COLOR: invalid value 'blue'"]),
        (&[], "timeout = 'soon'", &["~/dhlimit/config.toml:1: timeout: invalid value 'soon'"]),
        (&[], "timeout = 0", &["config.toml:1: timeout: invalid value '0'", "above zero"]),
        (&[], "timeout = -7", &["config.toml:1: timeout: invalid value '-7'", "30s, 10m"]),
        (
            &[],
            "\n[check]\noutput = 'xml'",
            &["config.toml:3: check.output: invalid value 'xml'", "json"],
        ),
        (&[], "timeout = true", &["config.toml:1: timeout: takes a value, not true or false"]),
        (&[], "timeout = ['1s', '2s']", &["config.toml:1: timeout: takes one value, not a list"]),
        (&[], "anonymous = 'maybe'", &["config.toml:1: anonymous: must be true or false"]),
    ];
    for (variables, file, wanted) in rows {
        let error = settings("check", variables, file).unwrap_err();
        for wanted in *wanted {
            assert!(error.contains(wanted), "{variables:?} {file}: {error}");
        }
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_wrong_file_names_line_and_key() {
    let rows = [
        ("timeout = ", "config.toml:1: "),
        ("\n\n= 3", "config.toml:3: "),
        (
            "timeuot = '5s'",
            "config.toml:1: unknown key timeuot: no command has option --timeuot; did you mean timeout?",
        ),
        ("registry_url = 'http://x'", "did you mean registry-url?"),
        ("zzz = 1", "unknown key zzz: no command has option --zzz"),
        (
            "[check]\n\ntimeuot = '5s'",
            "config.toml:3: unknown key check.timeuot: check has no option --timeuot; did you mean timeout?",
        ),
        (
            "[chek]\ntimeout = '5s'",
            "config.toml:1: unknown key chek: no command has option --chek; did you mean check?",
        ),
        ("help = true", "help cannot be set in a file"),
        ("config = '/x'", "config cannot be set in a file"),
        (
            "[check]\npassword-stdin = true",
            "config.toml:2: check.password-stdin cannot be set in a file",
        ),
        ("timeout = 2026-11-22", "config.toml:1: timeout must be a text"),
        ("[timeout]\nx = 1", "timeout must be a text"),
        ("gate = 3", "unknown key gate"),
        ("check = true", "check cannot be set in a file"),
        ("[mirror.ecr]\napply = true", "mirror.ecr.apply cannot be set in a file"),
        ("timeout = '1s'\ntimeout = '2s'", "config.toml:2: duplicate key"),
        ("account = 3", "config.toml:1: account must be written as [[account]] entries"),
        (
            "[[account]]\nname = 'ci'\nuser = 'bob'\n",
            "config.toml:1: account ci needs exactly one of",
        ),
        (
            "[[account]]\nname = 'ci'\nuser = 'bob'\npassword = 'hunter2'\n",
            "config.toml:4: account ci: unknown field `password`",
        ),
        (
            "[[account]]\nname = 'ci'\nuser = 7\npassword_env = 'X'\n",
            "config.toml:3: account ci: invalid type",
        ),
        (
            "[[account]]\nname='ci'\nhelper='a'\n[[account]]\nname='ci'\nhelper='b'",
            "config.toml:4: there are two accounts named ci",
        ),
    ];
    for (file, wanted) in rows {
        let error = settings("check", &[], file).unwrap_err();
        assert!(error.contains(wanted), "{file}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn global_options_may_stand_in_a_commands_table() {
    let (_, settings) = check("", &[], "color = 'always'\n[check]\ncolor = 'never'");
    assert_eq!(settings.cli.talk.color, Color::Never);
    let (_, settings) =
        check("--color always", &[("DHLIMIT_COLOR", "never")], "[check]\ncolor = 'never'");
    assert_eq!((settings.cli.talk.color, settings.origin("color")), (Color::Always, &Origin::Flag));
}

#[test]
fn accounts_come_with_the_settings() {
    let file = "[[account]]\nname = 'ci'\nuser = 'bob'\npassword_file = 'secrets/hub'\n\n[[account]]\nname = 'spare'\nregistry = 'ghcr.io'\nhelper = 'pass'\n";
    let (_, settings) = check("", &[], file);
    assert_eq!(settings.accounts.len(), 2);
    let [first, second] = settings.accounts.as_slice() else { panic!() };
    assert_eq!(
        (first.name.as_str(), first.registry.as_str(), first.user.as_deref()),
        ("ci", "docker.io", Some("bob"))
    );
    assert!(
        matches!(&first.password, AccountPassword::File(file) if file.is_absolute() && file.ends_with("dhlimit/secrets/hub")),
        "{first:?}"
    );
    assert_eq!(
        (second.registry.as_str(), &second.password),
        ("ghcr.io", &AccountPassword::Helper("pass".into()))
    );
}

#[test]
fn the_file_is_the_one_that_was_named() {
    let home = Home::new();
    let named = home.write("named.toml", "timeout = 'from the named one'");
    home.write("config/dhlimit/config.toml", "timeout = 'from the usual one'");
    let said = |args: &[&str], variable: Option<&str>| {
        let program = home.dhlimit(args);
        let program =
            if let Some(file) = variable { program.env("DHLIMIT_CONFIG", file) } else { program };
        program.run().stderr
    };
    let named = named.to_str().unwrap();
    assert!(said(&["check"], None).contains("from the usual one"));
    assert!(said(&["check", "--config", named], None).contains("from the named one"));
    assert!(said(&["--config", named, "check"], None).contains("from the named one"));
    assert!(said(&["check"], Some(named)).contains("from the named one"));
    assert!(
        said(&["check", "--config", "/none.toml"], Some(named))
            .contains("no such file: /none.toml")
    );
}

#[test]
fn help_needs_no_sound_configuration_and_names_the_variables() {
    let home = Home::new();
    home.write("config/dhlimit/config.toml", "= broken");
    let outcome = home.dhlimit(["check", "--help"]).env("DHLIMIT_TIMEOUT", "also broken").run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(
        outcome.stdout.contains("[env: DHLIMIT_TIMEOUT]")
            && !outcome.stdout.contains("also broken"),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains('\u{1b}'));
    let coloured = home.dhlimit(["check", "--help", "--color", "always"]).run();
    assert!(coloured.stdout.contains('\u{1b}'));
    assert_eq!(home.dhlimit(["--version"]).run().code, Some(0));
    let broken = home.dhlimit(["check"]).run();
    assert_eq!((broken.code, broken.stdout.as_str()), (Some(2), ""), "{broken:?}");
    assert!(broken.stderr.starts_with("dhlimit: "), "{broken:?}");
}

#[test]
fn verbose_says_where_settings_come_from_and_never_their_values() {
    let outcome = dhlimit([
        "check",
        "nginx",
        "-v",
        "--registry-url",
        "http://127.0.0.1:9",
        "--auth-url",
        "http://127.0.0.1:9",
    ])
    .env("DHLIMIT_TIMEOUT", "3s")
    .env("DHLIMIT_USER", "planted-user")
    .run();
    assert!(outcome.stderr.contains("timeout from DHLIMIT_TIMEOUT"), "{outcome:?}");
    assert!(outcome.stderr.contains("registry-url from the command line"), "{outcome:?}");
    assert!(outcome.stderr.contains("user from DHLIMIT_USER"), "{outcome:?}");
    assert!(!outcome.stderr.contains("images from"), "{outcome:?}");
}
