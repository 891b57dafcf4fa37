//! The options of the commands that pull, as far as it matters: which of them stand alone and which take
//! the word after them. From the help texts of docker 29, podman 5, nerdctl 2, ctr 2, crictl 1.34, skopeo
//! 1.20 and crane 0.20 (November 2026).

/// Which options of a command stand alone; all others take a value.
pub(super) struct Options {
    /// Long names without dashes.
    pub switches: &'static [&'static str],
    /// Letters.
    pub letters: &'static str,
}

impl Options {
    /// How many words an option takes, itself included, where the next word may be its value.
    pub(super) fn words(&self, option: &str) -> usize {
        if let Some(long) = option.strip_prefix("--") {
            let alone = long.contains('=') || self.switches.contains(&long);
            return if alone { 1 } else { 2 };
        }
        let letters = option.trim_start_matches('-');
        // A long option with one dash, as Go's own flags have it.
        if self.switches.contains(&letters) {
            return 1;
        }
        for (at, letter) in letters.char_indices() {
            if letter == '=' {
                return 1;
            }
            if !self.letters.contains(letter) {
                return if at + letter.len_utf8() == letters.len() { 2 } else { 1 };
            }
        }
        1
    }
}

/// Before the subcommand of docker, podman and nerdctl.
pub(super) const GLOBAL: Options = Options {
    switches: &[
        "debug",
        "tls",
        "tlsverify",
        "remote",
        "help",
        "version",
        "debug-full",
        "insecure-registry",
        "experimental",
        "syslog",
        "transient-store",
        "storage",
        "noout",
    ],
    letters: "Drvh",
};

/// `run` and `create`.
pub(super) const RUN: Options = Options {
    switches: &[
        "detach",
        "interactive",
        "tty",
        "rm",
        "init",
        "privileged",
        "publish-all",
        "read-only",
        "no-healthcheck",
        "oom-kill-disable",
        "sig-proxy",
        "disable-content-trust",
        "quiet",
        "help",
        "use-api-socket",
        "replace",
        "rmi",
        "no-hosts",
        "no-hostname",
        "tls-verify",
        "http-proxy",
        "env-host",
        "read-only-tmpfs",
        "unsetenv-all",
        "passwd",
        "insecure-registry",
        "no-resolve-image",
        "with-registry-auth",
        "all-platforms",
    ],
    letters: "ditPqh",
};

/// `pull` of docker, podman and nerdctl.
pub(super) const PULL: Options = Options {
    switches: &[
        "all-tags",
        "quiet",
        "disable-content-trust",
        "help",
        "tls-verify",
        "all-platforms",
        "plain-http",
        "insecure-registry",
        "soci-index-digest",
    ],
    letters: "aqh",
};

/// `ctr images pull`.
pub(super) const CTR: Options = Options {
    switches: &[
        "plain-http",
        "skip-verify",
        "all-platforms",
        "all-metadata",
        "print-chainid",
        "local",
        "http-dump",
        "http-trace",
        "skip-metadata",
        "debug",
        "sync-fs",
        "discard-unpacked-layers",
    ],
    letters: "kh",
};

/// `crictl pull`.
pub(super) const CRICTL: Options = Options { switches: &["debug", "help"], letters: "Dh" };

/// `skopeo copy` and `sync`.
pub(super) const SKOPEO: Options = Options {
    switches: &[
        "all",
        "quiet",
        "remove-signatures",
        "src-tls-verify",
        "dest-tls-verify",
        "preserve-digests",
        "src-no-creds",
        "dest-no-creds",
        "insecure-policy",
        "dest-compress",
        "dest-decompress",
        "dest-oci-accept-uncompressed-layers",
        "debug",
        "scoped",
        "keep-going",
        "dry-run",
        "append-suffix",
        "tls-verify",
        "dest-precompute-digests",
        "help",
    ],
    letters: "aqh",
};

/// `crane`, `gcrane` and `regctl image`.
pub(super) const CRANE: Options = Options {
    switches: &[
        "verbose",
        "insecure",
        "allow-nondistributable-artifacts",
        "all-tags",
        "no-clobber",
        "annotate-ref",
        "digest-tags",
        "referrers",
        "force-recursive",
        "include-external",
        "recursive",
        "help",
    ],
    letters: "vanrh",
};

/// `buildah from` and `pull`.
pub(super) const BUILDAH: Options = Options {
    switches: &[
        "pull-always",
        "pull-never",
        "quiet",
        "tls-verify",
        "all-tags",
        "remove-signatures",
        "http-proxy",
        "pull",
        "help",
        "storage",
    ],
    letters: "qah",
};

/// sudo and its kin.
pub(super) const SUDO: Options = Options {
    switches: &[
        "preserve-env",
        "non-interactive",
        "set-home",
        "login",
        "background",
        "ignore-environment",
        "foreground",
        "preserve-status",
        "null",
        "verbose",
        "wait",
        "no-run-if-empty",
        "interactive",
        "kill",
    ],
    letters: "EnHSibkKivr0tlmf",
};

/// Commands that run the command after them.
pub(super) const WRAPPERS: &[&str] = &[
    "sudo",
    "doas",
    "env",
    "exec",
    "nohup",
    "command",
    "nice",
    "ionice",
    "timeout",
    "gtimeout",
    "stdbuf",
    "setsid",
    "xargs",
    "time",
    "lima",
    "limactl",
    "wsl",
    "winpty",
    "k3s",
    "microk8s",
    "minikube",
    "colima",
    "chronic",
    "builtin",
    "travis_retry",
    "travis_wait",
    "retry",
    "gosu",
    "su-exec",
    "chroot",
    "unbuffer",
    "script",
    "rtk",
    "caffeinate",
    "then",
    "watch",
    "parallel",
    "trap",
    "run",
    "try",
    "run_cmd",
    "run_command",
    "execute",
    "exe",
    "assert_success",
    "must",
    "ssh-agent",
];

/// Commands whose words are text and no command.
pub(super) const TALK: &[&str] = &[
    "echo",
    "printf",
    "print",
    "log",
    "info",
    "warn",
    "warning",
    "error",
    "die",
    "fatal",
    "fail",
    "debug",
    "notice",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "ag",
    "sed",
    "awk",
    "which",
    "type",
    "whereis",
    "cat",
    "tee",
    "test",
    "[",
    "[[",
    "case",
    "alias",
    "apt",
    "apt-get",
    "yum",
    "dnf",
    "apk",
    "brew",
    "pacman",
    "zypper",
    "choco",
    "pip",
    "npm",
    "man",
    "help",
    "say",
    "success",
    "msg",
    "message",
    "usage",
    "header",
    "title",
    "hash",
    "systemctl",
    "service",
    "usermod",
    "pkill",
    "killall",
    "pgrep",
    "ls",
    "cd",
    "rm",
    "cp",
    "mv",
    "mkdir",
    "touch",
    "git",
    "curl",
    "wget",
    "describe",
    "it",
    "comment",
];
