//! Promise: a hostile index is an `Err` with line and column, and can name no file outside its directory.

use super::*;

fn refused(text: &str, says: &str) {
    let error = parse(text.as_bytes()).expect_err(says);
    assert_eq!(error.kind(), ErrorKind::Format, "{error}");
    assert!(error.fact("line").is_some() && error.fact("column").is_some(), "{error}");
    assert!(error.to_string().contains(says), "`{error}` does not say `{says}`");
}

#[test]
fn malformed_indexes_are_refused() {
    refused("", "not valid JSON");
    refused("[]", "invalid type: sequence");
    refused("{}", "missing field `weight_map`");
    refused(r#"{"weight_map":[]}"#, "invalid type: sequence");
    refused(r#"{"weight_map":{"a":1}}"#, "invalid type: integer");
    refused(r#"{"weight_map":{},"weight_map":{}}"#, "duplicate field `weight_map`");
    refused(r#"{"metadata":{},"metadata":{},"weight_map":{}}"#, "duplicate field `metadata`");
    refused(r#"{"weight_map":{},"extra":1}"#, "unknown field `extra`");
    refused(r#"{"weight_map":{}} {}"#, "not valid JSON");
    refused(r#"{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}"#, "duplicate tensor \"a\"");
}

#[test]
fn shards_outside_the_directory_are_refused() {
    let names = [
        "../1.safetensors",
        "/etc/1.safetensors",
        "a/1.safetensors",
        "a\\\\1.safetensors",
        "passwd",
        "..",
        "",
    ];
    for name in names {
        refused(&format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#), "is not a plain");
    }
    refused(r#"{"weight_map":{"a":".safetensors"}}"#, "is not a plain");
    refused(r#"{"weight_map":{"a":"1\u0000.safetensors"}}"#, "is not a plain");
    refused(&format!(r#"{{"weight_map":{{"a":"{}.safetensors"}}}}"#, "n".repeat(250)), "is not a plain");
}

#[test]
fn a_flood_of_shards_is_refused() {
    let pairs: Vec<String> = (0..4097).map(|n| format!(r#""t{n}":"{n}.safetensors""#)).collect();
    refused(&format!(r#"{{"weight_map":{{{}}}}}"#, pairs.join(",")), "more than 4096 shards");
}

#[test]
fn nesting_in_ignored_metadata_costs_no_stack() {
    let deep = format!(r#"{{"metadata":{}{},"weight_map":{{}}}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert!(parse(deep.as_bytes()).unwrap().shards().is_empty());
}

#[test]
fn errors_name_line_and_column() {
    let error = parse(b"{\n  \"weight_map\": {\n    \"a\": 7\n  }\n}").unwrap_err();
    assert_eq!(error.fact("line"), Some("3"), "{error}");
}
