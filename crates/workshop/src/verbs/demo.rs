//! `demo`: the learner's server as people use it, in a browser, beside ours.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::Setting;
use crate::{
    building::{self, Built},
    learner::{Learner, Trouble},
    process::{Program, Running},
    terminal::{Style, print},
};

/// How often is looked whether a server still runs.
const LOOK: Duration = Duration::from_millis(200);

fn running(learner: &Learner, program: &Program) -> Result<Running, Trouble> {
    Running::start(program, &[]).map_err(|failure| {
        let cause = failure.likely.clone().unwrap_or_default();
        Trouble::Told(format!(
            "{} does not run: {}; {cause}",
            learner.repository.told(&learner.folder),
            failure.got
        ))
    })
}

/// Runs the learner's server until Ctrl-C, or until it ends; with `compare`, ours too.
///
/// # Errors
///
/// A server does not build or run.
pub fn demo(setting: &Setting, compare: bool) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let Built::Program(program) = building::build(&learner.track, &learner.folder, setting.paint.0, true)?
    else {
        return Err(Trouble::Told("your server does not build".into()));
    };
    let mine = running(&learner, &program)?;
    let page = |server: &Running| format!("http://localhost:{}/", server.address.port());
    print(format!("yours  {}\n", setting.paint.text(Style::Cyan, page(&mine))));
    let _ours = if compare {
        let folder = learner.repository.root.join(&learner.track.from);
        let Built::Program(program) = building::build(&learner.track, &folder, setting.paint.0, true)? else {
            return Err(Trouble::Told("our server does not build".into()));
        };
        let ours = running(&learner, &program)?;
        print(format!("ours   {}\n", setting.paint.text(Style::Cyan, page(&ours))));
        Some(ours)
    } else {
        None
    };
    browse(&page(&mine));
    print("Ctrl-C stops it. Two windows on the page show that it is live.\n");
    loop {
        thread::sleep(LOOK);
        if let Some(status) = mine.ended() {
            let said = mine.said();
            let last = said
                .lines()
                .rev()
                .take(3)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
                .join("\n");
            return Err(Trouble::Told(format!("your server has ended ({status})\n{last}")));
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
