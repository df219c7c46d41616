//! The record's format is what `schema.json` says.

use std::{fs, path::Path};

use comparison::record::Record;

#[test]
fn the_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json");
    assert!(
        fs::read_to_string(&path).unwrap() == Record::schema(),
        "schema.json is stale: cargo run -p comparison -- schema > crates/comparison/schema.json"
    );
}
