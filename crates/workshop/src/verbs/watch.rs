//! `watch`: checks whenever a file is saved, and listens to keys.

mod keys;

use std::{
    fs,
    io::{self, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use super::{Setting, changes, check, hint, start};
use crate::{
    browser,
    learner::{Learner, Trouble},
    process,
    terminal::{COLUMNS, Style, print},
};
use keys::Keys;
pub use keys::restore;

/// After a file was saved, others may be for so long: an editor writes several.
const SETTLE: Duration = Duration::from_millis(80);

/// How often files are looked at where no events arrive.
const POLL: Duration = Duration::from_millis(500);

/// How long the test waits whether events arrive.
const EVENT_WITHIN: Duration = Duration::from_millis(1_000);

/// What the keys do.
const KEYS: &str = "h hint  d diff  t trace  s this step  n next step  o page  r reset  q quit\n";

enum News {
    /// A file was saved at this moment.
    Saved(Instant),
    Key(u8),
    /// Standard input has ended.
    Ended,
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

/// Has `told` called whenever a file that the learner writes is saved, as long as what it gives is kept: in `src`, in
/// `web`, in the crates that the track has with it.
///
/// # Errors
///
/// The files cannot be watched.
pub(super) fn watcher(
    learner: &Learner,
    told: impl Fn() + Send + 'static,
) -> notify::Result<Box<dyn Watcher>> {
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
    let source = learner.folder.join("src");
    let mut watcher: Box<dyn Watcher> = if events_arrive(&source) {
        Box::new(RecommendedWatcher::new(told, Config::default())?)
    } else {
        print("No file events arrive here; files are looked at twice a second instead.\n");
        let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
        Box::new(PollWatcher::new(told, config)?)
    };
    watcher.watch(&source, RecursiveMode::Recursive)?;
    let others = learner.track.with.iter().map(|shared| learner.folder.join(shared).join("src"));
    for folder in others.chain([learner.folder.join("web")]).filter(|folder| folder.is_dir()) {
        watcher.watch(&folder, RecursiveMode::Recursive)?;
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
    let _watcher = watcher(&learner, move || _ = saved.send(News::Saved(Instant::now())))
        .map_err(|error| Trouble::Told(error.to_string()))?;
    let is_busy = Arc::new(AtomicBool::new(false));
    let _keys = Keys::listen();
    let busy = Arc::clone(&is_busy);
    let clear = if setting.paint.0 { "\r\x1b[K" } else { "" };
    thread::spawn(move || hear_keys(&sender, &busy, clear));
    start::tell_step(setting, &learner)?;
    let mut watching = Watching { setting, is_busy, trace: false, ended: Instant::now() };
    watching.run();
    loop {
        let news = receiver.recv().unwrap_or(News::Ended);
        // A key that was pressed while files were still being saved is not lost.
        let behind = match news {
            News::Saved(at) => {
                let behind = settle(&receiver);
                watching.again(at);
                behind
            }
            news => vec![news],
        };
        for news in behind {
            match news {
                News::Saved(_) => {}
                News::Ended | News::Key(b'q') => return Ok(()),
                News::Key(key) => watching.press(key),
            }
        }
    }
}

/// Tells of each key. While something is built or checked, that it has to wait, in a line that
/// `clear` makes free; `q` does not.
fn hear_keys(sender: &Sender<News>, is_busy: &AtomicBool, clear: &str) {
    let mut octets = [0; 16];
    while let Ok(count @ 1..) = io::stdin().read(&mut octets) {
        let keys = octets.get(..count).unwrap_or_default();
        // An arrow, say, is several octets, and one key.
        let keys = if keys.starts_with(b"\x1b") { b"\x1b" } else { keys };
        for &key in keys {
            if is_busy.load(Ordering::Relaxed) {
                if key == b'q' {
                    stop();
                }
                let name =
                    if key.is_ascii_graphic() { char::from(key).to_string() } else { "that key".to_owned() };
                print(format!("{clear}  {name}: as soon as the checks have ended; q ends them\n"));
            }
            if sender.send(News::Key(key)).is_err() {
                return;
            }
        }
    }
    let _ = sender.send(News::Ended);
}

/// Ends this process, and all that it has started.
fn stop() {
    keys::restore();
    process::kill_all();
    browser::forget_all();
    std::process::exit(0);
}

/// Waits until nothing more is saved; gives what came meanwhile.
pub(super) fn settle<T>(receiver: &Receiver<T>) -> Vec<T> {
    let mut behind = Vec::new();
    while let Ok(news) = receiver.recv_timeout(SETTLE) {
        behind.push(news);
    }
    behind
}

struct Watching<'a> {
    setting: &'a Setting,
    /// Whether something is built or checked now.
    is_busy: Arc<AtomicBool>,
    /// Whether conversations are shown.
    trace: bool,
    /// When the last checks had ended.
    ended: Instant,
}

impl Watching<'_> {
    /// Checks, and says what the keys do.
    fn run(&mut self) {
        let options = check::Options { trace: self.trace, watched: true, ..check::Options::default() };
        self.is_busy.store(true, Ordering::Relaxed);
        let result = check::check(self.setting, &options);
        self.is_busy.store(false, Ordering::Relaxed);
        self.told(result.map(|_| ()));
        self.ended = Instant::now();
        self.tell_keys();
    }

    /// Checks again what was saved at this moment.
    fn again(&mut self, saved: Instant) {
        if saved < self.ended {
            // What the checks said was read by nobody yet.
            let line = format!("\n{:-^COLUMNS$}\n", " saved meanwhile: once more ");
            print(self.setting.paint.text(Style::Dim, line));
        } else if self.setting.paint.0 {
            print("\x1b[2J\x1b[H");
        }
        self.run();
    }

    fn tell_keys(&self) {
        print(self.setting.paint.text(Style::Dim, KEYS));
    }

    fn told(&self, result: Result<(), Trouble>) {
        if let Err(trouble) = result {
            print(self.setting.paint.text(Style::Red, format!("{trouble}\n")));
        }
    }

    fn press(&mut self, key: u8) {
        let setting = self.setting;
        let done = match key {
            b't' => {
                self.trace = !self.trace;
                self.run();
                Ok(())
            }
            b'h' => hint::hint(setting),
            b'd' => changes::diff(setting),
            b'r' => start::reset(setting, false),
            b's' => {
                Learner::active(&setting.repository).and_then(|learner| start::tell_step(setting, &learner))
            }
            b'n' => start::tell_next(setting),
            b'o' => super::demo::open_page(setting),
            _ => {
                self.tell_keys();
                Ok(())
            }
        };
        self.told(done);
    }
}
