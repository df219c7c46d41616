//! Two records are compared honestly.

mod synthetic;

use comparison::{
    diff::{self, Error, Verdict, text},
    record::Record,
};

/// The record with a subject's figure so many times as high.
fn with(times: f64, subject: &str, name: &str) -> Record {
    let mut record = synthetic::record();
    for case in record.cases.iter_mut().filter(|case| case.parameters.subject == subject) {
        if let Some(figure) = case.figures.get_mut(name) {
            figure.median *= times;
            figure.low *= times;
            figure.high *= times;
        }
    }
    record
}

#[test]
fn a_record_does_not_differ_from_itself() {
    let record = synthetic::record();
    let diff = diff::of(&record, &record, false).unwrap();
    assert!(diff.figures.len() > 1_000);
    for verdict in [Verdict::Better, Verdict::Worse, Verdict::Differs] {
        assert_eq!(diff.count(verdict), 0);
    }
    assert!(diff.count(Verdict::Untold) > 0, "what was measured once is not said to be alike");
    let told = diff.figures.len() - diff.count(Verdict::Untold);
    assert_eq!(diff.within(), (told, told), "each interval holds its own median");
    assert!(text::table(&diff, false).replace('\n', " ").contains("(100 %)"));
}

#[test]
fn a_difference_has_its_ratio_with_an_interval() {
    let record = synthetic::record();
    let slower = with(1.5, "polling", "cpu_us_a_delivery");
    let diff = diff::of(&record, &slower, false).unwrap();
    assert_eq!(diff.count(Verdict::Worse), 9, "nine deliveries of polling");
    assert_eq!(diff.count(Verdict::Better), 0);
    let (within, told) = diff.within();
    assert_eq!(told - within, 9, "none of these intervals holds what is half as much again");
    let row = diff.figures.iter().find(|row| row.verdict == Verdict::Worse).unwrap();
    assert!((row.ratio.unwrap() - 1.5).abs() < 1e-9);
    let (low, high) = row.interval.unwrap();
    assert!(low < 1.5 && 1.5 < high, "{low} to {high}");
    assert_eq!(
        diff::of(&slower, &record, false).unwrap().count(Verdict::Better),
        9,
        "and the other way round"
    );
}

#[test]
fn more_clients_are_better() {
    let record = synthetic::record();
    let mut more = record.clone();
    for record in [&mut more] {
        for case in &mut record.cases {
            case.figures.entry("capacity_clients".into()).and_modify(|figure| {
                (figure.low, figure.median, figure.high) = (9e4, 9e4, 9e4);
                figure.repetitions = 5;
            });
        }
    }
    let mut before = record;
    before
        .cases
        .iter_mut()
        .filter_map(|case| case.figures.get_mut("capacity_clients"))
        .for_each(|it| it.repetitions = 5);
    let diff = diff::of(&before, &more, false).unwrap();
    assert!(diff.count(Verdict::Better) > 0);
    assert_eq!(diff.count(Verdict::Worse), 0);
}

#[test]
fn another_machine_or_setting_is_refused_and_named() {
    let record = synthetic::record();
    let mut other = record.clone();
    other.machine.cpu = "another".into();
    other.subjects[0].settings.insert("compression".into(), "permessage-deflate".into());
    other.cases[0].parameters.window_s = 1.0;
    let Err(Error::Unfair(what)) = diff::of(&record, &other, false) else { panic!("it was compared") };
    assert_eq!(what.len(), 3, "{what:?}");
    assert!(what[1].contains("compression of polling: none and permessage-deflate"));
    let diff = diff::of(&record, &other, true).unwrap();
    assert!(text::table(&diff, false).contains("not alike: processor"));
}

#[test]
fn versions_are_told_and_compared() {
    let record = synthetic::record();
    let mut other = record.clone();
    other.versions.insert("commit".into(), "abc".into());
    assert_eq!(diff::of(&record, &other, false).unwrap().differs, ["commit: none and abc"]);
}

#[test]
fn nothing_in_common_is_an_error() {
    let record = synthetic::record();
    let mut other = record.clone();
    other.cases.clear();
    assert_eq!(diff::of(&record, &other, false).unwrap_err(), Error::NothingInCommon);
}

#[test]
fn the_table_keeps_to_80_columns_and_ends_with_the_counts() {
    let diff = diff::of(&synthetic::record(), &with(1.5, "polling", "cpu_us_a_delivery"), false).unwrap();
    for all in [false, true] {
        let table = text::table(&diff, all);
        let widest = table.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80, "{widest}");
        assert!(table.contains("WORSE"));
        assert!(table.contains("9 worse"));
    }
    assert!(text::table(&diff, true).len() > 5 * text::table(&diff, false).len());
}

#[test]
fn the_exit_status_tells_worse_from_not_comparable() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("diff");
    let (one, other, foreign) =
        (folder.join("one.json"), folder.join("other.json"), folder.join("foreign.json"));
    synthetic::record().write(&one).unwrap();
    with(1.5, "polling", "cpu_us_a_delivery").write(&other).unwrap();
    let mut record = synthetic::record();
    record.machine.cpu = "another".into();
    record.write(&foreign).unwrap();
    let status = |arguments: &[&std::ffi::OsStr]| {
        let program = env!("CARGO_BIN_EXE_comparison");
        let output = std::process::Command::new(program).arg("diff").args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(status(&[one.as_ref(), one.as_ref()]).0, 0);
    assert_eq!(status(&[one.as_ref(), other.as_ref()]).0, 1);
    assert_eq!(status(&[one.as_ref(), foreign.as_ref()]).0, 2);
    assert_eq!(status(&[one.as_ref(), foreign.as_ref(), "--anyway".as_ref()]).0, 0);
    assert_eq!(status(&[one.as_ref(), folder.join("none").as_ref()]).0, 2);
    let (_, json) = status(&[one.as_ref(), other.as_ref(), "--json".as_ref()]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["figures"].as_array().unwrap().iter().filter(|row| row["verdict"] == "worse").count(), 9);
}
