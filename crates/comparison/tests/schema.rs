//! Records are what `schema.json` says, by a validator that knows nothing of these types.

mod synthetic;

use std::{
    fs,
    path::{Path, PathBuf},
};

use comparison::{
    figures,
    plan::star::Place,
    record::{Case, Kind, Record, Subject, Transport},
    report::{calculator, markdown, questions::View},
};
use serde_json::{Value, json};

fn validator() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json");
    let schema: Value = serde_json::from_slice(&fs::read(path).expect("it is there")).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("it is a schema")
}

#[test]
fn a_record_follows_the_schema() {
    let record = serde_json::to_value(synthetic::record()).unwrap();
    let errors: Vec<_> = validator().iter_errors(&record).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// Every record that the repository keeps, so that one that is sent in is checked by being there.
#[test]
fn kept_records_follow_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let validator = validator();
    for folder in ["records", "tests/fixtures"] {
        let Ok(files) = fs::read_dir(root.join(folder)) else { continue };
        for path in files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
        {
            let record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            if let Err(error) = validator.validate(&record) {
                panic!("{}: {} at {}", path.display(), error, error.instance_path());
            }
            let cpu = record["machine"]["cpu"].as_str().unwrap();
            assert!(
                folder != "records" || !cpu.contains("synthetic"),
                "{}: nobody measured it",
                path.display()
            );
        }
    }
}

#[test]
fn what_is_no_record_is_refused() {
    let good = serde_json::to_value(synthetic::record()).unwrap();
    let validator = validator();
    for (pointer, wrong) in [
        ("/seed", json!(-1)),
        ("/machine/cores", json!("two")),
        ("/cases/0/question", json!("speed")),
        ("/cases/0/runs/0/delivery/buckets/0", json!([1])),
        ("/subjects/0/kind", Value::Null),
    ] {
        let mut record = good.clone();
        *record.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&record), "{pointer}");
    }
}

/// The table that is woven into the README and the calculator that the walkthrough shows are the record's own, and its
/// figures are what its runs come to.
#[test]
fn beside_each_kept_record_stand_its_table_and_its_calculator() {
    for (path, record) in kept() {
        let beside = fs::read_to_string(path.with_extension("md")).unwrap_or_default();
        let again = "cargo run -p comparison -- report RECORD --into target/comparison, and keep its record.json, table.md and calculator.html";
        assert!(beside == markdown::table(&record), "{}: stale table: {again}", path.display());
        let beside = fs::read_to_string(path.with_extension("html")).unwrap_or_default();
        let controls =
            calculator::controls(&View::of(&record)).expect("there is something to read").into_string();
        assert!(beside == controls, "{}: stale calculator: {again}", path.display());
        let mut concluded = record.clone();
        figures::conclude(&mut concluded.cases, &concluded.subjects);
        let differing =
            concluded.cases.iter().zip(&record.cases).find(|(one, other)| one.figures != other.figures);
        if let Some((case, _)) = differing {
            panic!("{}: stale figures of {}: {again}", path.display(), case.id);
        }
    }
}

/// The mean delivery of the project's own streams and long polling, at each delay that was measured.
#[test]
fn kept_records_lie_on_the_line_of_theory() {
    for (path, record) in kept() {
        let is_ours = |case: &&Case| {
            let of_house =
                |subject: &Subject| subject.name == case.parameters.subject && subject.kind == Kind::House;
            let is_polling = case.parameters.transport == Transport::Polling;
            let of = &case.parameters;
            let is_arm =
                (of.rate, of.audience) == (Place::COMMON.rate, Place::COMMON.audience) && of.delay_ms > 0;
            record.subjects.iter().any(of_house) && !is_polling && is_arm
        };
        let mut held = 0;
        for case in record.cases.iter().filter(is_ours) {
            let Some(figure) = case.figures.get("delivery_mean_us") else { continue };
            let Some(expected) = &figure.expected else { continue };
            assert!(!expected.flagged, "{}: {}: {:+.3}", path.display(), case.id, expected.deviation);
            held += 1;
        }
        assert!(held > 0, "{}: theory speaks of nothing", path.display());
    }
}

/// The records that the repository keeps.
fn kept() -> Vec<(PathBuf, Record)> {
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("records");
    let files =
        fs::read_dir(&records).expect("records are kept").map(|file| file.expect("it is a file").path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let kept: Vec<_> =
        files.map(|path| (path.clone(), Record::read(&path).expect("it is a record"))).collect();
    assert!(!kept.is_empty(), "none is kept");
    kept
}
