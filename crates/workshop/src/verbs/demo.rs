//! `demo`: the learner's server among ours, in its panel of the side-by-side page; or alone, and ours alone beside it.

mod modules;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use super::{Setting, watch};
use crate::{
    building::{self, Built},
    learner::{Learner, Trouble},
    process::{Program, Running},
    terminal::{Style, print, wrap},
};
use modules::Modules;

/// How often is looked whether a server still runs.
const LOOK: Duration = Duration::from_millis(200);

/// How the main program's line begins that names its page.
const PAGE: &str = "open   ";

/// How long the main program may take until it says so.
const PAGE_WITHIN: Duration = Duration::from_secs(60);

/// Lines of what a server said last that are shown when it has ended.
const LAST_LINES: usize = 3;

/// Runs the learner's server until Ctrl-C: in its panel of the side-by-side page, built and started again whenever a
/// file is saved; with `compare`, alone and ours alone, until it ends.
///
/// # Errors
///
/// A server does not build, or ours does not run.
pub fn demo(setting: &Setting, compare: bool) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    if compare { beside(setting, &learner) } else { among(setting, &learner) }
}

/// What is built, or that it is not.
fn built(built: Built, whose: &str) -> Result<Program, Trouble> {
    match built {
        Built::Program(program) => Ok(program),
        Built::Errors(_) => Err(Trouble::Told(format!("{whose} server does not build"))),
    }
}

fn page_of(server: &Running) -> String {
    format!("http://localhost:{}/", server.address.port())
}

fn running(whose: &str, program: &Program, environment: &[(&str, String)]) -> Result<Running, Trouble> {
    Running::start(program, environment).map_err(|failure| {
        let cause = failure.likely.clone().unwrap_or_default();
        Trouble::Told(format!("{whose} does not run: {}; {cause}", failure.got))
    })
}

/// Why a server has ended, and what it said last.
fn ended(server: &Running) -> Option<String> {
    let status = server.ended()?;
    let said = server.said();
    let lines: Vec<_> = said.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
    Some(format!("your server has ended ({status})\n{}", last.join("\n")))
}

/// The learner's server in its panel.
struct Demo<'a> {
    setting: &'a Setting,
    learner: &'a Learner,
    modules: Modules,
    /// The variables that the server is told.
    environment: Vec<(&'static str, String)>,
}

fn among(setting: &Setting, learner: &Learner) -> Result<(), Trouble> {
    let (paint, name) = (setting.paint, &*learner.track.name);
    let root = &learner.repository.root;
    let program = built(building::build(&learner.track, &learner.folder, paint.0, true)?, "your")?;
    let mut ours = built(building::side_by_side(root, paint.0)?, "our")?;
    // Known before either runs, and the same after each start.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let modules = Modules::of(learner);
    let folder = modules.folder.to_string_lossy().into_owned();
    let arguments = ["--port", "0", "--panel", &format!("{name}={address}"), "--panel-web", &folder];
    ours.command.extend(arguments.map(str::to_owned));
    (ours.says, ours.ready_within) = (PAGE, PAGE_WITHIN);
    let side_by_side = running("the side-by-side page", &ours, &[])?;
    let origins = ["localhost", "127.0.0.1"]
        .map(|host| format!("http://{host}:{}", side_by_side.address.port()))
        .join(",");
    let environment = vec![("PORT", port.to_string()), ("FRAMED_BY", origins), ("WEB_FOLDER", folder)];
    let demo = Demo { setting, learner, modules, environment };
    let (sender, saved) = mpsc::channel();
    let _watcher = watch::watcher(learner, move || _ = sender.send(()))
        .map_err(|error| Trouble::Told(error.to_string()))?;
    let mut mine = demo.start(&program)?;
    print(format!("page   {}\n", paint.text(Style::Cyan, page_of(&side_by_side))));
    let about = format!(
        "Your server is behind the panel {}, with a log of its own: the cross there says that it is not there, the \
         disc that it is, and its octets are in the wire view like ours. Save a file, and it is built and started \
         again. Ctrl-C stops it.",
        learner.track.name
    );
    print(wrap(&about, ""));
    browse(&page_of(&side_by_side));
    loop {
        match saved.recv_timeout(LOOK) {
            Ok(()) => {
                let _ = watch::settle(&saved);
                mine = demo.again(mine)?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Trouble::Told("no file events arrive any more".into()));
            }
        }
        if let Some(why) = mine.as_ref().and_then(ended) {
            mine = None;
            demo.tell(Style::Red, &format!("{why}\nIt is started again when you save a file."));
        }
        if let Some(status) = side_by_side.ended() {
            return Err(Trouble::Told(format!("the side-by-side page has ended ({status})")));
        }
    }
}

impl Demo<'_> {
    fn tell(&self, style: Style, text: &str) {
        print(self.setting.paint.text(style, format!("{}\n", text.trim_end())));
    }

    /// Starts the learner's server; where it does not run, that is told.
    fn start(&self, program: &Program) -> Result<Option<Running>, Trouble> {
        let modules = self.modules.put(self.learner)?;
        if !modules.is_empty() {
            print(format!("page   with your {}\n", modules.join(", ")));
        }
        match running("your server", program, &self.environment) {
            Ok(running) => {
                self.tell(Style::Green, "your server runs");
                Ok(Some(running))
            }
            Err(trouble) => {
                self.tell(Style::Red, &trouble.to_string());
                Ok(None)
            }
        }
    }

    /// Builds anew; the server that runs goes when another can take its place.
    fn again(&self, mine: Option<Running>) -> Result<Option<Running>, Trouble> {
        let (learner, colour) = (self.learner, self.setting.paint.0);
        match building::build(&learner.track, &learner.folder, colour, true)? {
            Built::Program(program) => {
                drop(mine);
                self.start(&program)
            }
            Built::Errors(_) => {
                self.tell(Style::Red, "it does not compile; what ran runs on");
                Ok(mine)
            }
        }
    }
}

/// The learner's server alone, and ours.
fn beside(setting: &Setting, learner: &Learner) -> Result<(), Trouble> {
    let paint = setting.paint;
    let folder = learner.repository.root.join(&learner.track.from);
    let program = built(building::build(&learner.track, &learner.folder, paint.0, true)?, "your")?;
    let mine = running("your server", &program, &[])?;
    print(format!("yours  {}\n", paint.text(Style::Cyan, page_of(&mine))));
    let program = built(building::build(&learner.track, &folder, paint.0, true)?, "our")?;
    let ours = running("our server", &program, &[])?;
    print(format!("ours   {}\n", paint.text(Style::Cyan, page_of(&ours))));
    browse(&page_of(&mine));
    print("Ctrl-C stops it. Two windows on the page show that it is live.\n");
    loop {
        thread::sleep(LOOK);
        if let Some(why) = ended(&mine) {
            return Err(Trouble::Told(why));
        }
    }
}

/// Opens the walkthrough of the track in a browser.
///
/// # Errors
///
/// No track is under way.
pub fn open_page(setting: &Setting) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let page = learner.repository.root.join(&learner.track.from).join("README.md");
    print(format!("{}\n", learner.repository.told(&page)));
    browse(&page.to_string_lossy());
    Ok(())
}

/// Shows an address in the browser, where there is one; nobody waits for it.
fn browse(address: &str) {
    if std::env::var_os("WORKSHOP_NO_BROWSER").is_some() {
        return;
    }
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let _ = Command::new(opener)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
