//! What is shipped: archives, the Debian package, the formula, the image and the workflow that makes
//! them, each made here of a stand-in for the program, and judged by the programs they are for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::harness::real::podman;
use crate::harness::{Home, Outcome, program::Program, tools};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A script of a release, with what it is given.
fn release(home: &Home, script: &str, args: &[&str]) -> Program {
    let path = root().join(".github/release").join(script);
    home.program(&path, args)
}

/// Something that can be run, small.
fn stand_in(home: &Home) -> String {
    let path = home.write("made/dhlimit", "#!/bin/sh\necho dhlimit \"$@\"\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    path.display().to_string()
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[test]
fn the_scripts_of_a_release_pass_shellcheck_and_its_workflow_actionlint() {
    let home = Home::new();
    if let Some(shellcheck) = tools::require("shellcheck") {
        let scripts = fs::read_dir(root().join(".github/release")).expect("scripts");
        let paths: Vec<PathBuf> = scripts.map(|entry| entry.expect("an entry").path()).collect();
        assert!(paths.len() >= 4, "{paths:?}");
        home.program(&shellcheck, paths).run().expect_code(0);
    }
    if let Some(actionlint) = tools::require("actionlint") {
        let workflow = root().join(".github/workflows/release.yml");
        home.program(&actionlint, ["-no-color".as_ref(), workflow.as_os_str()])
            .run()
            .expect_code(0);
    }
}

#[test]
fn an_archive_holds_what_it_should_is_the_same_twice_and_has_its_checksum() {
    let home = Home::new();
    let program = stand_in(&home);
    let make = |folder: &str| {
        let folder = home.path().join(folder).display().to_string();
        let target = "x86_64-unknown-linux-musl";
        let made = release(&home, "archive.sh", &[&program, version(), target, &folder]);
        PathBuf::from(made.run().expect_code(0).stdout.trim())
    };
    let (one, other) = (make("one"), make("other"));
    assert_eq!(fs::read(&one).expect("an archive"), fs::read(&other).expect("an archive"));
    let folder = one.parent().expect("a folder");
    let sum = format!("{}.sha256", one.file_name().expect("a name").to_string_lossy());
    home.program("sha256sum", ["--check", &sum]).directory(folder).run().expect_code(0);
    let listed = home.program("tar", ["-tzf".as_ref(), one.as_os_str()]).run().stdout;
    let name = format!("dhlimit-{}-x86_64-unknown-linux-musl", version());
    for file in ["dhlimit", "README.md", "LICENSE", "completions/dhlimit.1", "completions/_dhlimit"]
    {
        assert!(listed.lines().any(|line| line == format!("{name}/{file}")), "{file}: {listed}");
    }
    // What cargo-binstall is told is where it lies.
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    for words in [
        "bin-dir = \"dhlimit-{ version }-{ target }/dhlimit\"",
        "/releases/download/v{ version }/dhlimit-{ version }-{ target }.tar.gz\"",
    ] {
        assert!(manifest.contains(words), "{words}");
    }
}

#[test]
fn the_formula_names_every_archive_with_its_checksum() {
    let home = Home::new();
    let targets = [
        "aarch64-apple-darwin",
        "x86_64-apple-darwin",
        "aarch64-unknown-linux-musl",
        "x86_64-unknown-linux-musl",
    ];
    for (number, target) in targets.iter().enumerate() {
        let name = format!("dhlimit-{}-{target}.tar.gz", version());
        home.write(&format!("out/{name}.sha256"), &format!("{:064x}  {name}\n", number + 1));
    }
    let folder = home.path().join("out").display().to_string();
    let formula = release(&home, "formula.sh", &[version(), &folder]).run().expect_code(0).stdout;
    for (number, target) in targets.iter().enumerate() {
        let pair = format!(
            "dhlimit-{}-{target}.tar.gz\"\n      sha256 \"{:064x}\"",
            version(),
            number + 1
        );
        assert!(formula.contains(&pair), "{target}: {formula}");
    }
    // A missing archive is no release.
    fs::remove_file(format!("{folder}/dhlimit-{}-x86_64-apple-darwin.tar.gz.sha256", version()))
        .expect("a checksum");
    assert_ne!(release(&home, "formula.sh", &[version(), &folder]).run().code, Some(0));
}

#[test]
fn a_release_has_its_notes() {
    let home = Home::new();
    let notes = release(&home, "notes.sh", &[version()]).run().expect_code(0).stdout;
    assert!(notes.contains("\n- ") && !notes.contains("\n## "), "{notes}");
    let none = release(&home, "notes.sh", &["99.0.0"]).run();
    assert_eq!(none.code, Some(1), "{none:?}");
}

/// dpkg with a machine of its own below the home.
fn dpkg(home: &Home, args: &[&str]) -> Outcome {
    let machine = format!("--root={}", home.path().join("machine").display());
    // No dependency is there, and no root is needed for files of one's own.
    let usual = [machine.as_str(), "--force-not-root", "--force-depends"];
    home.program("dpkg", usual.into_iter().chain(args.iter().copied())).run()
}

#[test]
fn the_debian_package_is_installed_and_leaves_nothing() {
    if tools::require("dpkg-deb").is_none() || tools::require("python3").is_none() {
        return;
    }
    let home = Home::new();
    let (program, folder) = (stand_in(&home), home.path().join("out").display().to_string());
    let made = release(&home, "deb.sh", &[&program, "amd64", &folder]).run().expect_code(0);
    let package = made.stdout.trim();
    let field = |name: &str| {
        home.program("dpkg-deb", ["--field", package, name]).run().expect_code(0).stdout
    };
    assert_eq!(field("Version").trim(), format!("{}-1", version()));
    assert_eq!(field("Package").trim(), "dhlimit");
    home.write("machine/var/lib/dpkg/status", "");
    let installed = dpkg(&home, &["--install", package]);
    assert_eq!(installed.code, Some(0), "{installed:?}");
    let machine = home.path().join("machine");
    for (path, mode) in [
        ("usr/bin/dhlimit", 0o755),
        ("usr/share/man/man1/dhlimit.1.gz", 0o644),
        ("usr/share/bash-completion/completions/dhlimit", 0o644),
        ("usr/share/zsh/vendor-completions/_dhlimit", 0o644),
        ("usr/share/fish/vendor_completions.d/dhlimit.fish", 0o644),
        ("usr/lib/systemd/system/dhlimit.service", 0o644),
        ("usr/share/doc/dhlimit/copyright", 0o644),
    ] {
        let found = fs::metadata(machine.join(path)).unwrap_or_else(|_| panic!("no {path}"));
        assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
    }
    let unit = fs::read_to_string(machine.join("usr/lib/systemd/system/dhlimit.service"));
    assert!(unit.expect("the unit").contains("ExecStart=/usr/bin/dhlimit "));
    let removed = dpkg(&home, &["--purge", "dhlimit"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    let left = home.program("find", [machine.join("usr")]).run().stdout;
    assert!(!left.contains("dhlimit"), "{left}");
}

/// The static binary, where it was built.
fn static_binary() -> Option<PathBuf> {
    std::env::var_os("DHLIMIT_STATIC_BINARY").map(PathBuf::from)
}

#[test]
fn the_static_binary_needs_nothing_but_a_kernel() {
    let Some(binary) = static_binary() else {
        return tools::leave_out("the static binary, which DHLIMIT_STATIC=1 tests/run builds");
    };
    if !tools::require_root() {
        return;
    }
    let home = Home::new();
    let dynamic = home.program("readelf", ["-d".as_ref(), binary.as_os_str()]).run();
    assert!(!dynamic.stdout.contains("NEEDED"), "{dynamic:?}");
    // A machine with this one file on it, and nobody's user.
    let alone = home.path().join("alone/usr/bin");
    fs::create_dir_all(&alone).expect("a folder");
    fs::copy(&binary, alone.join("dhlimit")).expect("the binary");
    let alone = home.path().join("alone");
    let stress = ["/usr/bin/dhlimit", "stress", "--sandbox", "--count", "2", "-q", "-o", "json"];
    let args = ["--userspec=65532:65532".as_ref(), alone.as_os_str()];
    let run = home.program("chroot", args.into_iter().chain(stress.iter().map(AsRef::as_ref)));
    let report = run.run().expect_code(0).json();
    assert_eq!((&report["stopped_by"], &report["pulls"]), (&"count".into(), &2.into()));
}

#[test]
fn an_image_of_nothing_else_is_built_without_a_network() {
    let home = Home::new();
    let Some(environment) = podman(&home) else { return };
    let program = stand_in(&home);
    if let Some(binary) = static_binary() {
        fs::copy(binary, &program).expect("the binary");
    }
    let folder = Path::new(&program).parent().expect("a folder").display().to_string();
    let file = root().join("examples/container/Containerfile").display().to_string();
    let run = |args: &[&str]| home.program("podman", args).envs(environment.clone()).run();
    let built =
        run(&["build", "--isolation", "chroot", "-q", "-f", &file, "-t", "dhlimit-it", &folder]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let image = &run(&["image", "inspect", "dhlimit-it"]).json()[0];
    let config = &image["Config"];
    assert_eq!(config["User"], "65532:65532", "{image}");
    assert_eq!(config["Entrypoint"], serde_json::json!(["/usr/bin/dhlimit"]), "{image}");
    assert!(config["ExposedPorts"]["9767/tcp"].is_object(), "{image}");
    // One layer, and in it one program.
    assert_eq!(image["RootFS"]["Layers"].as_array().map(Vec::len), Some(1), "{image}");
    let mounted = run(&["image", "mount", "dhlimit-it"]).expect_code(0).stdout;
    let files = home.program("find", [mounted.trim(), "-type", "f"]).run().stdout;
    assert_eq!(files.trim(), format!("{}/usr/bin/dhlimit", mounted.trim()));
}
