//! What the wall keeps: the last that each learner told, in a file, so that it is there again after a restart.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use server::Rate;

use super::report::{MAX_LEARNERS, Report, Row};

/// Reports a second from one learner, and twice as many at once.
pub const REPORTS_PER_SECOND: u32 = 2;

/// Why a report is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The name is somebody else's.
    #[error("the name {0:?} is taken in this class; join with another")]
    Taken(String),
    /// There is no room for one more.
    #[error("the class is full; a wall has room for {MAX_LEARNERS} learners")]
    Full,
    /// Too many reports.
    #[error("reports come too fast; at most {REPORTS_PER_SECOND} a second are taken")]
    TooFast,
}

/// A learner of the class, as the file has them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Seat {
    seat: String,
    row: Row,
    #[serde(skip, default = "rate")]
    rate: Counted,
}

/// A rate, which is not kept.
#[derive(Debug)]
struct Counted(Rate);

impl Clone for Counted {
    fn clone(&self) -> Self {
        rate()
    }
}

fn rate() -> Counted {
    Counted(Rate::new(REPORTS_PER_SECOND))
}

/// All learners of the class, by name.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    seats: BTreeMap<String, Seat>,
}

impl Kept {
    /// As the file has it; nobody where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let seats = match fs::read(path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| {
                let what = format!("{}: {error}; `cargo workshop class --anew` begins anew", path.display());
                io::Error::new(io::ErrorKind::InvalidData, what)
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), seats })
    }

    /// What each learner told last, oldest first.
    pub fn rows(&self) -> Vec<(&str, &Row)> {
        let mut rows: Vec<_> = self.seats.iter().map(|(name, seat)| (&**name, &seat.row)).collect();
        rows.sort_by_key(|(_, row)| row.at);
        rows
    }

    /// Takes a report, or says why not. Who leaves is forgotten.
    ///
    /// # Errors
    ///
    /// The report is not taken.
    pub fn take(&mut self, report: Report, at: u64) -> Result<Row, Refused> {
        let Report { name, seat, standing } = report;
        let row = Row { at, standing };
        let is_full = self.seats.len() >= MAX_LEARNERS;
        match self.seats.get_mut(&name) {
            Some(held) if held.seat != seat => return Err(Refused::Taken(name)),
            Some(held) => held.rate.0.take().map_err(|_| Refused::TooFast)?,
            None if row.standing.left => return Ok(row),
            None if is_full => return Err(Refused::Full),
            None => {}
        }
        if row.standing.left {
            self.seats.remove(&name);
        } else {
            let held =
                self.seats.entry(name).or_insert_with(|| Seat { seat, row: row.clone(), rate: rate() });
            held.row = row.clone();
        }
        Ok(row)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self) -> io::Result<()> {
        let new = self.path.with_extension("new");
        fs::write(&new, serde_json::to_vec(&self.seats).map_err(io::Error::other)?)?;
        fs::rename(new, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Standing, *};

    fn report(name: &str, seat: char) -> Report {
        let seat = seat.to_string().repeat(32);
        Report { name: name.to_owned(), seat, standing: Standing::default() }
    }

    fn nobody() -> Kept {
        Kept { path: PathBuf::new(), seats: BTreeMap::new() }
    }

    #[test]
    fn a_name_is_whose_seat_it_is_until_they_leave() {
        let mut kept = nobody();
        kept.take(report("Ada", 'a'), 1).unwrap();
        assert_eq!(kept.take(report("Ada", 'b'), 2), Err(Refused::Taken("Ada".into())));
        let left =
            |seat| Report { standing: Standing { left: true, ..Standing::default() }, ..report("Ada", seat) };
        assert_eq!(kept.take(left('b'), 3), Err(Refused::Taken("Ada".into())));
        kept.take(left('a'), 4).unwrap();
        assert!(kept.rows().is_empty());
        kept.take(left('a'), 5).unwrap();
        assert!(kept.rows().is_empty(), "who was not there leaves nothing");
        kept.take(report("Ada", 'b'), 6).unwrap();
    }

    #[test]
    fn a_class_has_its_limits() {
        let mut kept = nobody();
        for learner in 0..MAX_LEARNERS {
            kept.take(report(&format!("learner {learner}"), 'a'), 1).unwrap();
        }
        assert_eq!(kept.take(report("one more", 'a'), 2), Err(Refused::Full));
        kept.take(report("learner 0", 'a'), 3).unwrap();
        let taken = (0..100).map(|at| kept.take(report("learner 0", 'a'), at));
        let refused = taken.filter(|taken| *taken == Err(Refused::TooFast)).count();
        assert!(refused > 50, "{refused} of 100 were too fast");
    }

    #[test]
    fn what_was_told_is_there_after_a_restart() {
        let folder = std::env::temp_dir().join(format!("crosstalk-wall-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("wall.json");
        let mut kept = Kept::read(&path).unwrap();
        kept.take(report("Grace", 'a'), 2).unwrap();
        kept.take(report("Ada", 'b'), 1).unwrap();
        kept.write().unwrap();
        let mut again = Kept::read(&path).unwrap();
        assert_eq!(again.rows(), kept.rows());
        assert_eq!(again.rows().first().unwrap().0, "Ada", "oldest first");
        assert_eq!(again.take(report("Ada", 'a'), 3), Err(Refused::Taken("Ada".into())));
        fs::write(&path, "{").unwrap();
        assert!(Kept::read(&path).unwrap_err().to_string().contains("class --anew"));
        fs::remove_dir_all(folder).unwrap();
    }
}
