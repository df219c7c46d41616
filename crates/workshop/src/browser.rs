//! A browser without a window, told what to do over the pipe of its DevTools protocol.
//!
//! One browser serves all checks of a run; each check has a tab for itself, at an origin that no other has. It is
//! started when the first check needs it, and ends with the last handle, or with this process, whose end closes the
//! pipe.

mod program;
mod tab;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::program::spawn;
pub use self::program::{INSTALL, VARIABLE, found};
use self::tab::Idle;
pub(crate) use self::tab::Tab;
use crate::{
    failure::Failure,
    process,
    said::{LISTENING, Said},
};

/// How long the browser may take for what needs no page. It is long, for a busy machine starts a browser slowly.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// How long the children of a browser that was ended may hold its folder.
const GOES_WITHIN: Duration = Duration::from_secs(10);

/// The longest message that is read.
const MAX_MESSAGE_BYTES: u64 = 16 << 20;

/// The folders of browsers that run, for [`forget_all`].
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what browsers keep on the disk: for who ends this process at once.
pub fn forget_all() {
    for folder in &*locked(&FOLDERS) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// A browser that is started when it is first asked for; all clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    program: Option<PathBuf>,
    running: Arc<Mutex<Option<Arc<Browser>>>>,
}

impl Shared {
    /// The browser at this path, instead of one that is looked for.
    pub fn at(program: PathBuf) -> Self {
        Self { program: Some(program), ..Self::default() }
    }

    /// The browser: the one that runs, or a new one.
    ///
    /// # Errors
    ///
    /// There is none, or it does not start: what needs it does not run.
    pub fn get(&self) -> Result<Arc<Browser>, Failure> {
        let mut slot = locked(&self.running);
        if let Some(browser) = slot.as_ref().filter(|browser| browser.runs()) {
            return Ok(Arc::clone(browser));
        }
        let browser = Arc::new(Browser::start(self.program.clone().or_else(found))?);
        *slot = Some(Arc::clone(&browser));
        Ok(browser)
    }
}

/// Is told what the browser says of a page, and nothing when the browser has ended.
type Listener = Box<dyn Fn(Option<Value>) + Send>;

/// Who is told what the browser says: of a page by its session, answers beyond pages by their number.
#[derive(Default)]
struct Listeners {
    sessions: BTreeMap<String, Listener>,
    answers: BTreeMap<u64, mpsc::Sender<Value>>,
    /// The pipe is closed: there will be nothing more.
    ended: bool,
}

/// A browser that runs.
pub struct Browser {
    child: Mutex<Child>,
    pipe: Mutex<ChildStdin>,
    /// Where it keeps what it has to keep.
    pub folder: PathBuf,
    listeners: Arc<Mutex<Listeners>>,
    number: AtomicU64,
    log: Said,
    idle: Idle,
}

impl Browser {
    fn start(program: Option<PathBuf>) -> Result<Self, Failure> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = program.ok_or_else(|| not_run("there is no browser on this machine"))?;
        if !path.is_file() {
            return Err(not_run(format!("{} is no browser", path.display())));
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("workshop-{}-{number}.browser", std::process::id()));
        locked(&FOLDERS).insert(folder.clone());
        let fail = |error| not_run(format!("{} does not start: {error}", path.display()));
        let mut child = spawn(&path, &folder).map_err(fail)?;
        let (Some(pipe), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(not_run("the browser has no pipe"));
        };
        let log = Said::of(child.stderr.take(), LISTENING).0;
        let listeners = Arc::new(Mutex::new(Listeners::default()));
        let told = Arc::clone(&listeners);
        thread::spawn(move || listen(output, &told));
        let browser = Self {
            child: Mutex::new(child),
            pipe: Mutex::new(pipe),
            folder,
            listeners,
            number: AtomicU64::new(1),
            log,
            idle: Idle::default(),
        };
        browser.call("Browser.getVersion", &json!({}))?;
        Ok(browser)
    }

    fn runs(&self) -> bool {
        !locked(&self.listeners).ended
    }

    /// The number of a command that is yet to be sent.
    pub(crate) fn number(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a command, to the browser or to the page of a session. That the browser is gone is told by what is read
    /// next.
    pub(crate) fn send(&self, number: u64, session: Option<&str>, method: &str, parameters: &Value) {
        let mut message = json!({ "id": number, "method": method, "params": parameters });
        if let (Some(session), Some(message)) = (session, message.as_object_mut()) {
            message.insert("sessionId".to_owned(), session.into());
        }
        let mut octets = message.to_string().into_bytes();
        octets.push(0);
        let mut pipe = locked(&self.pipe);
        let _ = pipe.write_all(&octets).and_then(|()| pipe.flush());
    }

    /// What the browser answers to a command that is for no page.
    ///
    /// # Errors
    ///
    /// It is gone, does not answer, or refuses.
    pub(crate) fn call(&self, method: &str, parameters: &Value) -> Result<Value, Failure> {
        let (sender, receiver) = mpsc::channel();
        let number = self.number();
        {
            let mut listeners = locked(&self.listeners);
            if listeners.ended {
                return Err(self.gone());
            }
            listeners.answers.insert(number, sender);
        }
        self.send(number, None, method, parameters);
        let answer = receiver.recv_timeout(ANSWERS_WITHIN);
        locked(&self.listeners).answers.remove(&number);
        let mut answer = answer.map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => not_run(format!("the browser does not answer to {method}")),
            mpsc::RecvTimeoutError::Disconnected => self.gone(),
        })?;
        match answer.get_mut("result").map(Value::take) {
            Some(result) => Ok(result),
            None => Err(not_run(format!("the browser refuses {method}: {answer}"))),
        }
    }

    /// Tells `listener` all that is said in this session, and at last of the browser's end.
    pub(crate) fn listen(&self, session: &str, listener: impl Fn(Option<Value>) + Send + 'static) {
        let mut listeners = locked(&self.listeners);
        if listeners.ended {
            listener(None);
        } else {
            listeners.sessions.insert(session.to_owned(), Box::new(listener));
        }
    }

    /// Tells nobody any more of what is said in this session.
    pub(crate) fn forget(&self, session: &str) {
        locked(&self.listeners).sessions.remove(session);
    }

    /// Why nothing more is heard of the browser.
    pub(crate) fn gone(&self) -> Failure {
        let said = self.log.text();
        let last = said.lines().last().unwrap_or_default();
        not_run(format!("the browser has ended: {last}"))
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let mut child = locked(&self.child);
        process::kill_group(child.id());
        let _ = child.kill();
        let _ = child.wait();
        process::forget(child.id());
        // Its children go by themselves, a moment later, and may bring a file back.
        let begun = Instant::now();
        while fs::remove_dir_all(&self.folder).is_err()
            && self.folder.exists()
            && begun.elapsed() < GOES_WITHIN
        {
            thread::sleep(Duration::from_millis(10));
        }
        locked(&FOLDERS).remove(&self.folder);
    }
}

fn not_run(why: impl Into<String>) -> Failure {
    Failure::not_run(why, INSTALL)
}

/// Reads what the browser says, messages that end with a zero, and passes them on.
fn listen(output: ChildStdout, listeners: &Mutex<Listeners>) {
    let mut output = BufReader::new(output);
    let mut message = Vec::new();
    loop {
        message.clear();
        match output.by_ref().take(MAX_MESSAGE_BYTES).read_until(0, &mut message) {
            Ok(1..) => {}
            _ => break,
        }
        if message.pop() != Some(0) {
            break;
        }
        let Ok(value) = serde_json::from_slice::<Value>(&message) else { continue };
        let listeners = locked(listeners);
        if let Some(session) = value.get("sessionId").and_then(Value::as_str) {
            if let Some(listener) = listeners.sessions.get(session) {
                listener(Some(value));
            }
        } else if let Some(asked) = value.get("id").and_then(Value::as_u64)
            && let Some(asker) = listeners.answers.get(&asked)
        {
            // Who has given up listens no more.
            let _ = asker.send(value);
        }
    }
    let ended = std::mem::replace(&mut *locked(listeners), Listeners { ended: true, ..Listeners::default() });
    ended.sessions.values().for_each(|listener| listener(None));
}
