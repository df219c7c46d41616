//! Records are what `schema.json` says, by a validator that knows nothing of these types.

mod synthetic;

use std::{fs, path::Path};

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

/// The table that is woven into the README is the record's own.
#[test]
fn beside_each_kept_record_stands_its_table() {
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("records");
    let Ok(files) = fs::read_dir(&records) else { return };
    for path in
        files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "json"))
    {
        let record = comparison::record::Record::read(&path).unwrap();
        let beside = fs::read_to_string(path.with_extension("md")).unwrap_or_default();
        assert!(
            beside == comparison::report::markdown::table(&record),
            "stale: cargo run -p comparison -- report {} --into target/comparison, and keep its table.md beside it",
            path.display()
        );
    }
}
