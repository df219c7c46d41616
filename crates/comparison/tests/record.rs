//! The record's format is what `schema.json` says.

use std::{fs, path::Path};

use comparison::record::Record;

#[test]
fn the_schema_is_that_of_the_types() {
    let committed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json")).unwrap();
    assert!(
        committed == Record::schema(),
        "schema.json is stale: cargo run -p comparison -- schema > crates/comparison/schema.json"
    );
}

#[test]
fn a_record_that_was_kept_is_read_and_comes_out_the_same() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/record.json");
    let record = Record::read(&path).unwrap();
    assert!(record.complete && record.failures.is_empty() && !record.cases.is_empty());
    let again: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    assert!(again == record);
}

#[test]
fn a_record_of_another_format_is_refused() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/record.json");
    let other =
        fs::read_to_string(fixture).unwrap().replacen("crosstalk-comparison/1", "crosstalk-comparison/0", 1);
    let folder = std::env::temp_dir().join(format!("crosstalk-comparison-format-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("record.json"), other).unwrap();
    let refused = Record::read(&folder.join("record.json")).unwrap_err().to_string();
    fs::remove_dir_all(folder).unwrap();
    assert!(
        refused.contains("crosstalk-comparison/0") && refused.contains("crosstalk-comparison/1"),
        "{refused}"
    );
}
