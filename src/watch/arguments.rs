//! What the arguments of `watch` stand for: its recording, and its sandbox in which somebody pulls.

use crate::cli::Watch;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::quota::{Law, Window};
use crate::recording::{Recorder, Rotation};
use crate::sandbox::{Settings, Traffic};

/// The sandbox of `watch --sandbox`: used up after a minute and a half, whole again every two minutes.
const TRAFFIC: &str = "steady:4000/h";
const WINDOW: Option<Window> = Window::from_seconds(120);

/// How the sandbox is other than its profile has it: neighbours pull in it.
///
/// # Errors
/// Traffic that is none.
pub(crate) fn lively(
    traffic: Option<&str>,
) -> Result<impl FnOnce(Settings) -> Settings + use<>, Failure> {
    let traffic = traffic.unwrap_or(TRAFFIC).parse::<Traffic>();
    let traffic = traffic.map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(move |settings| Settings {
        traffic: Some(traffic),
        window: WINDOW,
        law: Law::Fixed,
        ..settings
    })
}

/// The recording that the arguments name, opened before the first reading.
///
/// # Errors
/// It cannot be opened, or is another program's file.
pub(crate) fn recorder(context: &Context, args: &Watch) -> Result<Option<Recorder>, Failure> {
    let Some(path) = &args.record else { return Ok(None) };
    let rotation = match (args.rotate_size, args.rotate_daily) {
        (Some(size), _) => Rotation::Size(size),
        (None, true) => Rotation::Daily,
        (None, false) => Rotation::Never,
    };
    let recorder = Recorder::open(path, rotation).map_err(|error| error.refused(path))?;
    if recorder.mended() {
        context.say(&format!(
            "! the last line of {} was unfinished; what came before it is whole",
            path.display()
        ));
    }
    Ok(Some(recorder))
}
