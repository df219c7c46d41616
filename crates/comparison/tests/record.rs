//! The record's format is what `schema.json` says.

use std::{fs, path::Path};

use comparison::record::Record;

fn beside(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_schema_is_that_of_the_types() {
    assert!(
        beside("schema.json") == Record::schema(),
        "schema.json is stale: cargo run -p comparison -- schema > crates/comparison/schema.json"
    );
}
