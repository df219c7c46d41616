//! Runs the checks of a track against a program, step by step.

use std::path::Path;

use crate::{
    browser::Shared,
    checks::{self, Check},
    failure::{Failure, Report},
    probe::Probe,
    process::Program,
    scripted::Site,
    track::Track,
};

/// How the checks are run.
#[derive(Clone, Debug)]
pub struct Judge<'a> {
    /// The track.
    pub track: &'a Track,
    /// The program.
    pub program: Program,
    /// The repository, whose `web` has what the program's folder has not.
    pub root: &'a Path,
    /// The browser for the steps in the page.
    pub browser: Shared,
    /// What names, texts, keys and sizes are drawn from.
    pub seed: u64,
    /// How much longer deadlines are on this machine.
    pub stretch: u32,
}

impl Judge<'_> {
    /// Runs one check.
    ///
    /// # Errors
    ///
    /// It fails.
    pub fn check(&self, check: &Check) -> Result<(), Failure> {
        let folders = vec![self.program.folder.clone(), self.root.to_owned()];
        let site = Site { folders, transport: self.track.name.clone() };
        (check.run)(&Probe::new(self.program.clone(), site, self.browser.clone(), self.seed, self.stretch))
    }

    /// Runs the checks of steps 1 to `last`, and stops at the first that fails; `told` is called before and after
    /// each.
    ///
    /// # Errors
    ///
    /// The check that failed.
    pub fn steps(
        &self,
        last: usize,
        mut told: impl FnMut(usize, &Check, Option<bool>),
    ) -> Result<(), Box<Report>> {
        for (number, step) in (1..=last).zip(&self.track.steps) {
            for check in step.checks.iter().filter_map(|id| checks::find(&self.track.name, id)) {
                told(number, check, None);
                let result = self.check(check);
                told(number, check, Some(result.is_ok()));
                if let Err(failure) = result {
                    return Err(Box::new(self.report(number, check, failure)));
                }
            }
        }
        Ok(())
    }

    fn report(&self, step: usize, check: &Check, failure: Failure) -> Report {
        Report {
            track: self.track.name.clone(),
            step,
            check: check.id.to_owned(),
            rule: check.rule.to_owned(),
            rfc: check.rfc.to_owned(),
            seed: self.seed,
            place: None,
            failure,
        }
    }
}
