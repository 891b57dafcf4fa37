//! A file written whole or not at all: beside it, to the disk, and put in its place in one step, with its mode
//! and, where that may be, its owner. What a run that was killed left behind goes with the next one.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::Path;

/// What the files are called that are put in the place of others: scans pass over them.
const PREFIX: &str = ".dhlimit-rewrite-";
const SUFFIX: &str = ".tmp";

/// Puts new bytes in the place of a file's, if these are still what they were.
///
/// # Errors
/// Where it is read-only, has changed, or cannot be written; it is as it was then.
pub(super) fn replace(path: &Path, was: &[u8], is: &[u8]) -> io::Result<()> {
    // A link stays one: what it leads to is written.
    let path = fs::canonicalize(path)?;
    let metadata = fs::metadata(&path)?;
    writable(&path, &metadata)?;
    let new = beside(&path, is, Some(&metadata))?;
    if fs::read(&path)? != was {
        return Err(io::Error::other("the file has changed since it was read"));
    }
    put(new, &path)
}

/// Writes a file that may not be there yet.
///
/// # Errors
/// Where it cannot be written; what was there stays.
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let metadata = fs::metadata(path).ok();
    let path = if metadata.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    put(beside(&path, bytes, metadata.as_ref())?, &path)
}

fn beside(
    path: &Path,
    bytes: &[u8],
    like: Option<&Metadata>,
) -> io::Result<tempfile::NamedTempFile> {
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let mut named = tempfile::Builder::new();
    named.prefix(&prefix).suffix(SUFFIX);
    let mut file = named.tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    if let Some(like) = like {
        owned(file.as_file(), like)?;
        file.as_file().set_permissions(like.permissions())?;
    } else {
        readable(file.as_file())?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

fn put(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map_err(|error| error.error)?;
    // Where a folder cannot be flushed, its file system does without.
    let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
    Ok(())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether this user may write a file: that it could be replaced by another does not say so.
#[cfg(unix)]
fn writable(path: &Path, _metadata: &Metadata) -> io::Result<()> {
    Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?)
}

#[cfg(not(unix))]
fn writable(_path: &Path, metadata: &Metadata) -> io::Result<()> {
    let no = || io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only");
    if metadata.permissions().readonly() { Err(no()) } else { Ok(()) }
}

/// Gives a file another's owner and group, where that is allowed.
#[cfg(unix)]
fn owned(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let now = file.metadata()?;
    let wanted = |is: u32, was: u32| (is != was).then_some(was);
    let (user, group) = (wanted(now.uid(), like.uid()), wanted(now.gid(), like.gid()));
    if user.is_some() || group.is_some() {
        let _ = std::os::unix::fs::fchown(file, user, group);
    }
    Ok(())
}

#[cfg(not(unix))]
fn owned(_file: &File, _like: &Metadata) -> io::Result<()> {
    Ok(())
}

/// A temporary file is its owner's alone; a record is to be read like other files.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Removes what runs that are no more have left in the folder of a file.
pub(super) fn clean(path: &Path) {
    if let Ok(path) = fs::canonicalize(path) {
        clean_folder(folder(&path));
    }
}

/// Removes what runs that are no more have left in a folder.
pub(super) fn clean_folder(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let run = name.strip_prefix(PREFIX).filter(|_| name.ends_with(SUFFIX));
        let run = run.and_then(|rest| rest.split('-').next()?.parse::<i32>().ok());
        if run.is_some_and(|run| !runs(run)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a process is there. What cannot be told is left alone.
#[cfg(unix)]
fn runs(process: i32) -> bool {
    let Some(process) = rustix::process::Pid::from_raw(process) else { return false };
    rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH)
}

#[cfg(not(unix))]
fn runs(_process: i32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "a").unwrap();
        assert!(replace(&path, b"x", b"b").unwrap_err().to_string().contains("changed"));
        assert_eq!(fs::read(&path).unwrap(), b"a");
        replace(&path, b"a", b"b").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"b");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn mode_and_link_stay_and_a_file_that_may_not_be_written() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("f"), folder.path().join("l"));
        fs::write(&path, "a").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).unwrap();
        symlink("f", &link).unwrap();
        replace(&link, b"a", b"b").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o751);
        assert_eq!(fs::read(&path).unwrap(), b"b");
        // Root may write what is read-only for others.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let may = rustix::process::geteuid().is_root();
        assert_eq!(replace(&path, b"b", b"c").is_ok(), may);
    }

    #[cfg(unix)]
    #[test]
    fn leftovers_of_runs_that_are_no_more_go() {
        let folder = tempfile::tempdir().unwrap();
        let name = |run: &str| folder.path().join(format!("{PREFIX}{run}-x{SUFFIX}"));
        let own = std::process::id().to_string();
        for run in ["2147483646", &own] {
            fs::write(name(run), "").unwrap();
        }
        clean(&name(&own));
        assert!(!name("2147483646").exists() && name(&own).exists());
    }
}
