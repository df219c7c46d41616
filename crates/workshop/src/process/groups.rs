//! Process groups: whatever is started ends with this process, with all its children.

use std::{
    collections::BTreeSet,
    process::{Child, Command},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Process groups that are running, for [`kill_all`].
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn groups() -> MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process is about to end: nothing that is started now may outlive it.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Ends all programs that run, with their children, and all that are started from now on.
pub fn kill_all() {
    ENDING.store(true, Ordering::SeqCst);
    groups().iter().for_each(|&group| kill_group(group));
}

/// Starts a process in a group of its own, which [`kill_all`] ends too, at whatever moment it is called.
///
/// # Errors
///
/// It does not start, or this process is about to end.
pub(crate) fn spawn_group(command: &mut Command) -> std::io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    // Locked until it is known: between the two, nobody could end it.
    let mut groups = groups();
    if ENDING.load(Ordering::SeqCst) {
        return Err(std::io::ErrorKind::Interrupted.into());
    }
    let child = command.spawn()?;
    groups.insert(child.id());
    Ok(child)
}

/// What [`spawn_group`] started is over.
pub(crate) fn forget(group: u32) {
    groups().remove(&group);
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
