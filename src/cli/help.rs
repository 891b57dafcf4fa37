//! How help is laid out: `-h` fits a screen, `--help` has everything. The names of the variables and the
//! options that are rarely needed stand in `--help` alone; each command ends with examples, which a test
//! runs; the top screen groups the commands by what they are for.

use std::ffi::OsString;

use clap::Command;

/// Commands by what one wants to do.
const GROUPS: [(&str, &[&str]); 5] = [
    ("See", &["check", "watch", "serve", "fleet", "doctor", "explain", "report"]),
    ("Plan", &["scan", "plan", "mirror"]),
    ("Act", &["gate", "stress"]),
    ("Practise", &["sandbox"]),
    ("Shell", &["completions", "man"]),
];

/// Options that are hidden in `-h`: those of networks and files, and those of few users.
const RARE: [&str; 62] = [
    "address",
    "all-identities",
    "arg",
    "auth-file",
    "auth-url",
    "background",
    "blobs",
    "ca-cert",
    "call-timeout",
    "color",
    "config",
    "dotenv",
    "drop",
    "env-file",
    "family",
    "force-interval",
    "horizon",
    "hosts-dir",
    "instance",
    "jobs",
    "kubelet-burst",
    "kubelet-qps",
    "latency",
    "law",
    "log",
    "max-use",
    "namespace",
    "need-percent",
    "no-ignore",
    "on-unlimited",
    "parallel",
    "password-file",
    "password-stdin",
    "pause",
    "platform",
    "prefix",
    "print-setup",
    "pull-time",
    "puller",
    "quiet",
    "registry-url",
    "replace",
    "role-arn",
    "rotate-daily",
    "rotate-size",
    "runners",
    "runs-per-day",
    "secret",
    "timeout",
    "tls",
    "tls-cert",
    "tls-key",
    "token-life",
    "trust-proxy",
    "until-full",
    "until-recovered",
    "upstream",
    "upstream-prefix",
    "upstream-url",
    "verbose",
    "warm",
    "window",
];

/// The same, in one command alone.
const RARE_IN: [(&str, &[&str]); 3] = [
    ("plan", &["anonymous", "user", "sandbox", "cost", "kubelet-burst", "warm"]),
    ("rewrite", &["record", "as", "exclude"]),
    ("scan", &["context", "profile", "as", "allow"]),
];

/// Examples of each command, which run as they stand.
pub const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "check",
        &[
            ("dhlimit check", "what is left, for every identity known here"),
            ("dhlimit check nginx:1.27 --critical 20% -o nagios", "for monitoring"),
            ("dhlimit check --sandbox -o json", "what the JSON looks like, without network"),
        ],
    ),
    (
        "watch",
        &[
            ("dhlimit watch --sandbox --for 3s", "the live view, without network"),
            ("dhlimit watch nginx --for 2s --record pulls.jsonl", "record what happens"),
            ("dhlimit watch --sandbox --for 2s -o jsonl", "for scripts"),
        ],
    ),
    (
        "serve",
        &[
            ("dhlimit serve", "metrics and a page on 127.0.0.1:9767"),
            ("dhlimit serve nginx redis:7 --anonymous", "two images, without a login"),
            ("dhlimit serve --sandbox --listen 127.0.0.1:0", "look at it without network"),
        ],
    ),
    (
        "fleet",
        &[
            ("dhlimit fleet --prometheus http://127.0.0.1:9090", "all nodes, the worst first"),
            ("dhlimit fleet --prometheus http://127.0.0.1:9090 --need 50 -o json", "for scripts"),
            (
                "dhlimit fleet --prometheus http://127.0.0.1:9090 --by account",
                "one group per account",
            ),
        ],
    ),
    (
        "stress",
        &[
            ("dhlimit stress --sandbox", "see the count fall and the 429 come"),
            ("dhlimit stress --sandbox --count 20 --report run.json", "keep the result"),
            ("dhlimit stress nginx --floor 50 --yes", "for real, with an end"),
        ],
    ),
    (
        "gate",
        &[
            ("dhlimit gate --need 20", "open while 20 pulls are left"),
            ("dhlimit gate --need 20% --wait=30m --report gate.json", "wait for it"),
            ("dhlimit gate --need 5 -- echo pulling", "run a command behind it"),
        ],
    ),
    (
        "explain",
        &[
            ("dhlimit explain job.log", "what failed, and what to do"),
            ("dhlimit explain < job.log", "from a pipe"),
            ("dhlimit explain -o json job.log", "for scripts"),
        ],
    ),
    (
        "doctor",
        &[
            ("dhlimit doctor", "which login and which count a pull uses"),
            ("dhlimit doctor --strict", "exit with 1 on an error"),
            ("dhlimit doctor --explain login-key-unused", "explain a finding"),
        ],
    ),
    (
        "report",
        &[
            ("dhlimit report pulls.jsonl", "a summary and a chart"),
            ("dhlimit report pulls.jsonl -o html --out pulls.html", "one page to send"),
            ("dhlimit report pulls.jsonl -o json", "for scripts"),
        ],
    ),
    (
        "scan",
        &[
            ("dhlimit scan", "every image named below this folder"),
            ("dhlimit scan -o plain .", "one image per line"),
            ("dhlimit scan -o json .", "for scripts"),
        ],
    ),
    (
        "plan",
        &[
            ("dhlimit plan --nodes 20 --images 4", "which strategy fits"),
            ("dhlimit plan --nodes 100 --images 8 --arrival rolling:10/1m", "in batches"),
            ("dhlimit plan --nodes 20 --images 4 -o json", "for scripts"),
        ],
    ),
    (
        "sandbox",
        &[
            ("dhlimit sandbox --limit 5 -- dhlimit stress", "a limit of 5"),
            ("dhlimit sandbox --profile paid -- dhlimit check", "a paid account"),
            ("dhlimit sandbox -- sh -c 'echo $DHLIMIT_REGISTRY_URL'", "for any command"),
        ],
    ),
    ("completions", &[("dhlimit completions bash", "load it in ~/.bashrc")]),
    ("man", &[("dhlimit man", "read it with man -l")]),
];

/// `help`, `help COMMAND` and `version` as the options that mean the same.
pub fn spelled_out(args: &[OsString]) -> Vec<OsString> {
    let mut spelled = args.to_vec();
    match args.get(1).and_then(|word| word.to_str()) {
        Some("help") => {
            spelled.remove(1);
            spelled.push("--help".into());
        }
        Some("version") if args.len() == 2 => {
            spelled.truncate(1);
            spelled.push("--version".into());
        }
        _ => {}
    }
    spelled
}

/// The command with its help laid out.
pub(super) fn laid_out(command: Command) -> Command {
    let top = top(&command);
    short(command).mut_subcommands(with_examples).help_template(top)
}

/// The top screen: the commands by groups, and where to start.
fn top(command: &Command) -> String {
    let mut text = "{about}\n\n{usage-heading} {usage}\n".to_owned();
    for (group, names) in GROUPS {
        text.push_str(&format!("\n{group}:\n"));
        for name in names {
            let about = command
                .find_subcommand(name)
                .and_then(Command::get_about)
                .map(ToString::to_string)
                .unwrap_or_default();
            text.push_str(&format!("  {name:<12} {about}\n"));
        }
    }
    text.push_str(
        "\n{options}\n\nMore: dhlimit help COMMAND\nStart here: dhlimit stress --sandbox",
    );
    text
}

/// `-h` without what is rarely needed; `--help` with the variables.
fn short(command: Command) -> Command {
    let here = RARE_IN.iter().find(|(name, _)| *name == command.get_name());
    let here = here.map_or(&[][..], |(_, rare)| *rare);
    command
        .mut_args(|arg| {
            let is_rare =
                arg.get_long().is_some_and(|long| RARE.contains(&long) || here.contains(&long));
            let arg = if is_rare { arg.hide_short_help(true) } else { arg };
            let Some(variable) = arg.get_env().map(|name| name.to_string_lossy().into_owned())
            else {
                return arg;
            };
            let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string);
            let help = help.unwrap_or_default();
            arg.hide_env(true).long_help(format!("{help} [env: {variable}]"))
        })
        .mut_subcommands(short)
}

/// The examples at the end; what stood there stands in `--help`.
fn with_examples(command: Command) -> Command {
    let Some((_, examples)) = EXAMPLES.iter().find(|(name, _)| *name == command.get_name()) else {
        return command;
    };
    let mut text = "Examples:".to_owned();
    for (line, what) in *examples {
        text.push_str(&format!("\n  {line}  # {what}"));
    }
    let more = "More options: --help. Every option has a DHLIMIT_… variable.";
    let long = command.get_after_help().map(|after| format!("{after}\n\n")).unwrap_or_default();
    command.after_help(format!("{text}\n\n{more}")).after_long_help(format!("{long}{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        crate::cli::command()
    }

    #[test]
    fn short_help_fits_a_screen_and_ends_with_examples() {
        fn all(command: &Command, path: &str, long: &mut Vec<String>) {
            let mut rendered = command.clone().term_width(80);
            let help = rendered.render_help().to_string();
            let lines = help.lines().count();
            if lines > 40 {
                long.push(format!("{path}: {lines} lines"));
            }
            if !command.has_subcommands() && !help.contains("\nExamples:\n  ") {
                long.push(format!("{path}: no examples"));
            }
            for sub in command.get_subcommands() {
                all(sub, &format!("{path} {}", sub.get_name()), long);
            }
        }
        let (mut command, mut long) = (command(), Vec::new());
        command.build();
        all(&command, "dhlimit", &mut long);
        assert!(long.is_empty(), "{long:#?}");
        for (name, examples) in EXAMPLES {
            let sub = command.find_subcommand(name).expect("a command");
            for help in [sub.clone().render_help(), sub.clone().render_long_help()] {
                let help = help.to_string();
                assert!(examples.iter().all(|(line, _)| help.contains(line)), "{name}: {help}");
            }
        }
    }

    #[test]
    fn every_command_is_in_one_group_of_the_top_screen() {
        let command = command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let mut all: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }

    #[test]
    fn variables_stand_in_the_long_help_alone() {
        let mut command = command();
        command.build();
        let check = command.find_subcommand("check").unwrap();
        let (short, long) =
            (check.clone().render_help().to_string(), check.clone().render_long_help().to_string());
        assert!(!short.contains("DHLIMIT_TIMEOUT") && !short.contains("--ca-cert"), "{short}");
        assert!(long.contains("[env: DHLIMIT_TIMEOUT]") && long.contains("--ca-cert"), "{long}");
    }

    #[test]
    fn help_and_version_are_commands_too() {
        let spelled = |words: &[&str]| {
            let args: Vec<OsString> = words.iter().map(OsString::from).collect();
            spelled_out(&args)
                .into_iter()
                .map(|word| word.into_string().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(spelled(&["dhlimit", "help"]), ["dhlimit", "--help"]);
        assert_eq!(spelled(&["dhlimit", "help", "check"]), ["dhlimit", "check", "--help"]);
        assert_eq!(spelled(&["dhlimit", "version"]), ["dhlimit", "--version"]);
        assert_eq!(spelled(&["dhlimit", "check", "help"]), ["dhlimit", "check", "help"]);
        assert_eq!(spelled(&["dhlimit"]), ["dhlimit"]);
    }
}
