//! Shell scripts, by their names or their first lines.

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::shell::Shell;
use crate::scan::sink::Sink;
use crate::scan::text::Text;

/// Shell scripts.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Shell, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name;
    if matches!(file.extension().as_str(), "sh" | "bash" | "zsh" | "ksh" | "dash" | "bats") {
        return true;
    }
    if matches!(
        name,
        ".envrc" | ".bashrc" | ".bash_profile" | ".profile" | ".zshrc" | ".bash_aliases"
    ) {
        return true;
    }
    let Some(line) = file.head.strip_prefix("#!") else { return false };
    let line = line.lines().next().unwrap_or_default();
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    let program = match words.next() {
        Some("env") => words.find(|word| !word.starts_with('-') && !word.contains('=')),
        first => first,
    };
    matches!(
        program,
        Some("sh" | "bash" | "zsh" | "ksh" | "dash" | "ash" | "mksh" | "with-contenv" | "bats")
    )
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let mut shell = Shell::default();
    for (name, value) in &input.given.args {
        shell.scope.set(name, crate::scan::vars::Expanded::literal(value));
    }
    shell.read(input, &Text::at(input.text, 0), sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("a.sh", "", true)]
    #[case("bin/x", "#!/usr/bin/env -S bash -e\n", true)]
    #[case("bin/x", "#! /bin/sh\n", true)]
    #[case("bin/x", "#!/usr/bin/python3\n", false)]
    #[case("a.py", "docker run x", false)]
    fn scripts_are_known_by_name_or_first_line(
        #[case] path: &str,
        #[case] head: &str,
        #[case] is: bool,
    ) {
        assert_eq!(recognise(&Candidate::new(path, head)), is, "{path} {head}");
    }

    #[rstest]
    #[case("docker run -itd --name x -p80:80 -e A=b a:1 cmd b:2", "1:41 a:1")]
    #[case(
        "docker run -v /x:/y --rm=true --net host \\\n  'b:1' sh -c 'docker run c:1'",
        "2:4 b:1"
    )]
    #[case(
        "sudo -u root docker pull a; time docker pull b && ! docker image pull c",
        "1:26 a|1:46 b|1:71 c"
    )]
    #[case("V=1; docker pull a:$V; V=2\ndocker pull \"a:${V}\"", "1:18 a:1|2:14 a:2")]
    #[case("docker pull $1\ndocker pull ${2:-x:1}", "1:13 ?$1|2:13 x:1")]
    #[case("for i in a:1 'b:2'; do docker pull $i; done", "1:36 a:1|1:36 b:2")]
    #[case("L=(a b)\nfor i in \"${L[@]}\"; do docker pull \"$i:1\"; done", "2:37 a:1|2:37 b:1")]
    #[case(
        "x=$(docker run a) ; y=`docker run b`; z=\"$(docker run --rm c)\"",
        "1:16 a|1:35 b|1:60 c"
    )]
    #[case("bash -c \"docker run \\\"a:1\\\" x\"; sh -xc 'docker pull b'", "1:23 a:1|1:53 b")]
    #[case("ssh h docker pull a\nssh h <<E\ndocker pull b\nE", "1:19 a|3:13 b")]
    #[case("docker build -t x --build-context y=docker-image://a:1 .", "1:52 a:1")]
    #[case("docker run $OPTS a:1; docker run ${OPTS[@]} b; docker run \"$@\"", "1:18 a:1|1:45 b")]
    #[case("O='-v x:y --rm'; docker run $O a", "1:32 a")]
    #[case(
        "$DOCKER run a; ${CONTAINER_ENGINE:-docker} pull b; DK=podman; $DK pull c",
        "1:13 a|1:49 b|1:72 c"
    )]
    #[case(
        "skopeo copy docker://a:1 docker://x/b; skopeo copy docker-daemon:x docker://y/z",
        "1:22 a:1"
    )]
    #[case(
        "crane cp a b/c; crane digest d; crane --platform linux/arm64 pull e x.tar",
        "1:10 a|1:67 e"
    )]
    #[case(
        "ctr -n k8s.io i pull --plain-http a/b:1; k3s ctr images pull c/d:1; crictl --debug pull e",
        "1:35 a/b:1|1:62 c/d:1|1:89 e"
    )]
    #[case("kubectl run x --image=a:1 -- sh; kubectl create deploy x --image b", "1:23 a:1|1:66 b")]
    #[case(
        "echo docker run x; # docker run y\nif which docker; then :; fi; docker rm z; docker run",
        ""
    )]
    #[case("docker pull docker://a; podman pull dir:/x", "1:22 a")]
    #[case("retry 3 docker pull a; run_it docker pull b; log docker pull c", "1:21 a|1:43 b")]
    #[case("docker run --rm $(id) a:1; docker run $(docker build -q .)", "1:23 a:1")]
    #[case(
        "V=2\ncat <<E | kubectl apply -f -\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: \"a:$V\"}]}\nE\ncat <<'E' >x\nimage: ghost\nE\n",
        "5:30 a:2"
    )]
    #[case("cat <<E | docker pull a\ndocker pull x\nE\ndocker pull b", "1:23 a|4:13 b")]
    #[case(
        "docker run a > x; docker run b|c; (docker run d); { docker run e; }",
        "1:12 a|1:30 b|1:47 d|1:64 e"
    )]
    fn commands_name_what_they_pull(#[case] script: &str, #[case] expected: &str) {
        assert_eq!(rows("x.sh", script), expected, "{script}");
    }
}
