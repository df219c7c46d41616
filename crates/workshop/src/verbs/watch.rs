//! `watch`: checks whenever a file is saved, and listens to keys.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use super::{Setting, changes, check, hint, start};
use crate::{
    learner::{Learner, Trouble},
    terminal::{Style, print},
};

/// After a file was saved, others may be for so long: an editor writes several.
const SETTLE: Duration = Duration::from_millis(80);

/// How often files are looked at where no events arrive.
const POLL: Duration = Duration::from_millis(500);

/// How long the test waits whether events arrive.
const EVENT_WITHIN: Duration = Duration::from_millis(1_000);

enum News {
    Saved,
    Key(u8),
}

/// Puts the terminal back as it was when it is dropped.
struct Keys(#[cfg(unix)] Option<rustix::termios::Termios>);

impl Keys {
    /// Each key is told at once and not shown, where standard input is a terminal.
    #[cfg(unix)]
    fn listen() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = if io::stdin().is_terminal() { tcgetattr(io::stdin()).ok() } else { None };
        if let Some(mut modes) = before.clone() {
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        }
        Self(before)
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Self()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.0 {
            let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, before);
        }
    }
}

/// Whether a file that is written in `folder` is told of, as an editor's would be.
pub fn events_arrive(folder: &Path) -> bool {
    let (sender, receiver) = mpsc::channel();
    let Ok(mut watcher) = RecommendedWatcher::new(sender, Config::default()) else { return false };
    let probe = folder.join(".workshop-probe");
    let watched = watcher.watch(folder, RecursiveMode::Recursive).is_ok();
    let told = watched && fs::write(&probe, "?").is_ok() && receiver.recv_timeout(EVENT_WITHIN).is_ok();
    let _ = fs::remove_file(&probe);
    told
}

/// Has `told` called whenever a file is saved in `src` or `web`, as long as what it gives is kept.
///
/// # Errors
///
/// The files cannot be watched.
pub(super) fn watcher(folder: &Path, told: impl Fn() + Send + 'static) -> notify::Result<Box<dyn Watcher>> {
    let told = move |event: notify::Result<notify::Event>| {
        let concerns = |event: notify::Event| {
            let kind = event.kind;
            (kind.is_modify() || kind.is_create() || kind.is_remove())
                && event.paths.iter().any(|path| !path.ends_with(".workshop-probe"))
        };
        if event.is_ok_and(concerns) {
            told();
        }
    };
    let (source, web) = (folder.join("src"), folder.join("web"));
    let mut watcher: Box<dyn Watcher> = if events_arrive(&source) {
        Box::new(RecommendedWatcher::new(told, Config::default())?)
    } else {
        print("No file events arrive here; files are looked at twice a second instead.\n");
        let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
        Box::new(PollWatcher::new(told, config)?)
    };
    watcher.watch(&source, RecursiveMode::Recursive)?;
    if web.is_dir() {
        watcher.watch(&web, RecursiveMode::Recursive)?;
    }
    Ok(watcher)
}

/// Checks on save until `q`, or until standard input ends.
///
/// # Errors
///
/// No track is under way, or files cannot be watched.
pub fn watch(setting: &Setting) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let (sender, receiver) = mpsc::channel();
    let saved = sender.clone();
    let _watcher = watcher(&learner.folder, move || _ = saved.send(News::Saved))
        .map_err(|error| Trouble::Told(error.to_string()))?;
    thread::spawn(move || {
        let mut key = [0];
        while let Ok(1) = io::stdin().read(&mut key) {
            let [octet] = key;
            if sender.send(News::Key(octet)).is_err() {
                return;
            }
        }
        let _ = sender.send(News::Key(b'q'));
    });
    let _keys = Keys::listen();
    start::tell_step(setting, &learner)?;
    let mut trace = false;
    run(setting, trace);
    loop {
        match receiver.recv() {
            Ok(News::Saved) => {
                settle(&receiver);
                if setting.paint.0 {
                    print("\x1b[2J\x1b[H");
                }
                run(setting, trace);
            }
            Ok(News::Key(b'q')) | Err(_) => return Ok(()),
            Ok(News::Key(b't')) => {
                trace = !trace;
                run(setting, trace);
            }
            Ok(News::Key(key)) => told(setting, press(setting, key)),
        }
    }
}

/// Waits until nothing more is saved.
pub(super) fn settle<T>(receiver: &Receiver<T>) {
    while !matches!(
        receiver.recv_timeout(SETTLE),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)
    ) {}
}

fn run(setting: &Setting, trace: bool) {
    let options = check::Options { trace, ..check::Options::default() };
    told(setting, check::check(setting, &options).map(|_| ()));
    let keys = "h hint  d diff  t trace  o page  r reset  n next step's text  q quit\n";
    print(setting.paint.text(Style::Dim, keys));
}

fn told(setting: &Setting, result: Result<(), Trouble>) {
    if let Err(trouble) = result {
        print(setting.paint.text(Style::Red, format!("{trouble}\n")));
    }
}

fn press(setting: &Setting, key: u8) -> Result<(), Trouble> {
    match key {
        b'h' => hint::hint(setting),
        b'd' => changes::diff(setting),
        b'r' => start::reset(setting, false),
        b'n' => start::tell_step(setting, &Learner::active(&setting.repository)?),
        b'o' => super::demo::open_page(setting),
        _ => Ok(()),
    }
}
