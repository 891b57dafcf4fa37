//! dhlimit makes Docker Hub's pull rate limit visible, predictable and survivable.
//!
//! # The tour of the house
//! Data flows in five steps and never back: arguments ([`cli`]) → settings ([`settings`]) → work →
//! report value → renderer ([`render`]).
//!
//! * [`quota`] and [`image`] are the domain, pure: readings, header grammar, window laws, references.
//! * [`credentials`], [`registry`], [`diagnosis`], [`runtime`] and [`sandbox`] each do one kind of
//!   work on top of them and do not know each other, except that [`registry`] asks as somebody whom
//!   [`credentials`] found. The sandbox never imports the registry: two independent readings of the
//!   protocol keep each other honest.
//! * `process` finds programs and runs children, for [`runtime`], [`credentials`] and the commands.
//! * `hostconfig` reads what this machine's files say of registries; [`doctor`] judges that, the logins
//!   and the registries' answers.
//! * [`plan`] says whether a rollout fits: a simulation on [`quota`] alone, without clock and I/O; `--prove`
//!   replays it against a [`sandbox`].
//! * [`scan`] reads files for the images they name, one reader a kind of file.
//! * [`mirror`] puts caches and private copies in front of Docker Hub, and proves that they are used.
//! * [`stress`] pulls, reads and removes until the 429, and judges what refused; `polling` has the loop.
//! * `watch` reads in turns and tells of each reading; `history` says what happened between two.
//! * [`serve`] answers with the last readings whoever asks: Prometheus, a browser, a script.
//! * [`fleet`] puts together what the series of many nodes say.
//! * [`explain`] reads a log of any size; what its lines mean is [`diagnosis`]'s to say.
//! * [`gate`] decides whether a pipeline may pull, now or after a wait, and what its command used.
//! * [`command`] is the glue, one file a subcommand, and the only place where the rooms meet.
//! * [`session`] is what every asking command holds: trust, identities, clients and a sandbox of its own; its
//!   builtin runtime pulls by HTTP alone.
//! * Each room turns its arguments into its request (`arguments`) and says how its errors end a command.
//! * [`report`] sums recordings up; [`recording`] keeps samples on disk.
//! * [`context`] carries the effects in: clock, streams, environment, shutdown. [`exit`] is the one
//!   enum of exit codes; [`text`] makes foreign text fit to show.

pub mod check;
pub mod cli;
pub mod command;
pub mod context;
pub mod credentials;
pub mod diagnosis;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod fleet;
pub mod gate;
pub mod history;
mod hostconfig;
pub mod image;
pub mod mirror;
pub mod plan;
mod polling;
mod process;
pub mod quota;
pub mod recording;
pub mod registry;
pub mod render;
pub mod report;
pub mod runtime;
pub mod sandbox;
pub mod scan;
pub mod serve;
pub mod session;
pub mod settings;
pub mod stress;
pub mod text;
mod trace;
mod watch;

#[cfg(test)]
#[path = "../tests/fuzz/mod.rs"]
mod fuzz;

use std::ffi::OsString;
use std::io;

pub use context::Context;
pub use exit::{Exit, Failure};

/// Parses the arguments, runs the command, reports its error; the value is the process's exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, context: &Context) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let (outcome, plugin) = match settings::parse(&args, context) {
        Ok(settings) => {
            let plugin = settings.cli.command.is_plugin();
            (run_with(settings, context.clone()), plugin)
        }
        Err(stop) => {
            let plugin = settings::asks_for_plugin(&args, &context.environment);
            (stopped(stop, &args, context, plugin), plugin)
        }
    };
    match outcome {
        Ok(Exit::Usage) if plugin => Exit::Plugin(UNKNOWN),
        Ok(exit) => exit,
        Err(error) if plugin => {
            let _ = context.answer(&unknown(&format!("{error:#}")));
            report(context, &error);
            Exit::Plugin(UNKNOWN)
        }
        Err(error) => report(context, &error),
    }
}

/// No command is run: shows why.
fn stopped(
    stop: settings::Stop,
    args: &[OsString],
    context: &Context,
    plugin: bool,
) -> anyhow::Result<Exit> {
    if let Some(complaint) = stop.complaint().filter(|_| plugin) {
        context.tell(&unknown(&complaint))?;
    }
    stop.show(context, args)
}

/// Workers. A connection that a server floods keeps one of them busy for a while at a time; another one must
/// be free to see that a deadline has come, with a few identities asked at once.
const WORKERS: usize = 4;
/// The threads that a run needs at once: the workers, and one for what may block.
const THREADS: usize = WORKERS + 1;
/// What a Monitoring Plugin answers where it cannot tell, usage errors included.
const UNKNOWN: u8 = 3;

/// The line of a Monitoring Plugin that cannot tell.
fn unknown(why: &str) -> String {
    format!("DHLIMIT UNKNOWN - {}\n", text::one_line(why, 500).replace('|', "/"))
}

fn run_with(settings: settings::Settings, context: Context) -> anyhow::Result<Exit> {
    let context = settings::apply(&settings.cli.talk, context);
    if settings.cli.talk.verbose > 0 {
        for (long, origin) in settings.origins() {
            context.say(&format!("· {long} from {origin}"));
        }
        trace::start(&context, settings.cli.talk.verbose);
    }
    threads_are_to_be_had()?;
    // Whoever asks looks at the time after every task, so that a server that floods us cannot outlast a
    // deadline; whoever serves has better things to do.
    let serves = matches!(settings.cli.command, cli::Command::Sandbox(_));
    let reloads = matches!(settings.cli.command, cli::Command::Serve(_));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .event_interval(if serves { 7 } else { 1 })
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        anyhow::Error::new(error).context("cannot start the asynchronous runtime")
    })?;
    let result = runtime.block_on(async {
        shutdown_on_signals(&context, reloads);
        command::run(&context, settings).await
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result
}

/// The asynchronous runtime panics where it gets no thread: tried before, as many as it takes.
fn threads_are_to_be_had() -> Result<(), Failure> {
    let mut waiting = Vec::new();
    for _ in 0..THREADS {
        let (open, closed) = std::sync::mpsc::channel::<()>();
        match std::thread::Builder::new().spawn(move || closed.recv()) {
            Ok(thread) => waiting.push((open, thread)),
            Err(error) => {
                let words = anyhow::Error::new(error).context("no thread is to be had");
                let advice =
                    "allow this user more processes (ulimit -u), or this container (pids.max)";
                return Err(Failure::new(Exit::Usage, words).advise(advice));
            }
        }
    }
    for (open, thread) in waiting {
        drop(open);
        let _ = thread.join();
    }
    Ok(())
}

/// Prints an error with its advice and decides the exit code; a broken pipe is quiet and fine.
fn report(context: &Context, error: &anyhow::Error) -> Exit {
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return Exit::Ok;
    }
    let failure = error.downcast_ref::<Failure>();
    context.complain(&format!("dhlimit: {}", text::one_line(&format!("{error:#}"), 2_000)));
    if let Some(advice) = failure.and_then(|failure| failure.advice.as_deref()) {
        context.complain(&format!("  → {}", text::one_line(advice, 2_000)));
    }
    // Where the answer was to go was the caller's choice; the registry has nothing to do with it.
    let full = error.chain().any(|cause| {
        let error = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error.and_then(|error| error.downcast_ref::<context::OutputError>()).is_some()
    });
    let exit = if full { Exit::Usage } else { Exit::Unreachable };
    failure.map_or(exit, |failure| failure.exit)
}

#[cfg(unix)]
fn shutdown_on_signals(context: &Context, reloads: bool) {
    use tokio::signal::unix::{SignalKind, signal};
    // SIGQUIT, too: ended by it, a terminal would stay as the live view had it. To a server SIGHUP says to
    // read its configuration again.
    let hangup = (!reloads).then(SignalKind::hangup);
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
    for kind in kinds.into_iter().chain(hangup) {
        let shutdown = context.shutdown.clone();
        if let Ok(mut signals) = signal(kind) {
            tokio::spawn(async move {
                signals.recv().await;
                shutdown.cancel();
            });
        }
    }
}
