//! Process groups: whatever is started ends with this process, or with the run of checks that it is for, with all its
//! children.

use std::{
    collections::BTreeSet,
    io,
    process::{Child, Command},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// All that run, for [`kill_all`].
static ALL: Run = Run(Mutex::new(Members { groups: BTreeSet::new(), is_over: false }));

/// What was started for one purpose, and ends when that is over.
#[derive(Debug, Default)]
pub struct Run(Mutex<Members>);

#[derive(Debug, Default)]
struct Members {
    groups: BTreeSet<u32>,
    /// Nothing that is started now may outlive it.
    is_over: bool,
}

impl Run {
    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process in a group of its own, which [`end`](Self::end) ends too, at whatever moment it is called.
    ///
    /// # Errors
    ///
    /// It does not start, or this is over.
    pub(crate) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        self.add(|| spawn_group(command))
    }

    fn add(&self, start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        // Locked until it is known: between the two, nobody could end it.
        let mut members = self.members();
        if members.is_over {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = start()?;
        members.groups.insert(child.id());
        Ok(child)
    }

    /// What [`spawn`](Self::spawn) started is over.
    pub(crate) fn forget(&self, group: u32) {
        self.members().groups.remove(&group);
        forget(group);
    }

    /// Ends all programs that run, with their children, and all that are started from now on.
    pub fn end(&self) {
        let mut members = self.members();
        members.is_over = true;
        members.groups.iter().for_each(|&group| kill_group(group));
    }
}

/// Ends all programs of this process, as [`Run::end`] does.
pub fn kill_all() {
    ALL.end();
}

/// Starts a process in a group of its own, which [`kill_all`] ends too, at whatever moment it is called.
///
/// # Errors
///
/// It does not start, or this process is about to end.
pub(crate) fn spawn_group(command: &mut Command) -> io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    ALL.add(|| command.spawn())
}

/// What [`spawn_group`] started is over.
pub(crate) fn forget(group: u32) {
    ALL.members().groups.remove(&group);
}

#[cfg(unix)]
pub(crate) fn kill_group(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // It fails only for a group that is gone.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
pub(crate) fn kill_group(_: u32) {}
