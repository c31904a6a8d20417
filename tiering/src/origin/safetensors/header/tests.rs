//! Promise: a hostile header is an `Err` that says what is wrong and where; a sound one is read exactly.

use super::*;
use ErrorKind::{Format, Truncated};
use stratal_runtime::tensor::DType;

/// Judges `json` in front of `payload` bytes.
fn judge(json: &str, payload: u64) -> Result<Header> {
    parse(json.as_bytes(), PREFIX_BYTES + json.len() as u64 + payload)
}

/// A table of refusals: what is tried, header, payload bytes, kind, part of the message.
type Refusals = &'static [(&'static str, &'static str, u64, ErrorKind, &'static str)];

fn refuse_all(cases: Refusals) {
    for (what, json, payload, kind, says) in cases {
        let error = judge(json, *payload).expect_err(what);
        let text = error.to_string();
        assert_eq!(error.kind(), *kind, "{what}: {text}");
        assert!(text.contains(says), "{what}: `{text}` does not say `{says}`");
    }
}

/// Refusals of a header with one tensor: what is tried, dtype, dims, offsets, part of the message.
fn refuse_tensors(cases: &[(&str, &str, &str, &str, &str)]) {
    for (what, dtype, shape, offsets, says) in cases {
        let json = format!(r#"{{"a":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{offsets}]}}}}"#);
        let error = judge(&json, 1).expect_err(what);
        assert_eq!((error.kind(), error.fact("tensor")), (Format, Some("a")), "{what}: {error}");
        assert!(error.to_string().contains(says), "{what}: `{error}` does not say `{says}`");
    }
}

#[test]
fn broken_json_is_refused() {
    let cases: Refusals = &[
        ("nothing", "", 0, Format, "does not start with `{`"),
        ("only spaces", "    ", 0, Format, "does not start with `{`"),
        ("leading space", r#" {}"#, 0, Format, "does not start with `{`"),
        ("leading newline", "\n{}", 0, Format, "does not start with `{`"),
        ("leading byte order mark", "\u{feff}{}", 0, Format, "does not start with `{`"),
        ("a list", "[]", 0, Format, "does not start with `{`"),
        ("a string", r#""{}""#, 0, Format, "does not start with `{`"),
        ("null", "null", 0, Format, "does not start with `{`"),
        ("an open brace", "{", 0, Format, "does not end with `}`"),
        ("NUL padding", "{}\0\0", 0, Format, "does not end with `}`"),
        ("newline padding", "{}\n", 0, Format, "does not end with `}`"),
        ("tab padding", "{}\t", 0, Format, "does not end with `}`"),
        ("two objects", "{}{}", 0, Format, "not valid JSON"),
        ("text after the object", "{} x }", 0, Format, "not valid JSON"),
        (
            "a trailing comma",
            r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},}"#,
            1,
            Format,
            "not valid JSON",
        ),
        (
            "a comment",
            r#"{/**/"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "not valid JSON",
        ),
        ("single quotes", r#"{'a':{}}"#, 0, Format, "not valid JSON"),
        ("a bare key", r#"{a:{}}"#, 0, Format, "not valid JSON"),
        ("a number as key", r#"{1:{}}"#, 0, Format, "not valid JSON"),
        ("a lone surrogate", r#"{"\ud800":{}}"#, 0, Format, "not valid JSON"),
        ("an unknown escape", r#"{"\x41":{}}"#, 0, Format, "not valid JSON"),
        ("a raw newline in a name", "{\"a\nb\":{}}", 0, Format, "control character"),
    ];
    refuse_all(cases);
}

#[test]
fn bytes_that_are_not_unicode_are_refused() {
    let json = b"{\"\xff\xfe\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}";
    let error = parse(json, PREFIX_BYTES + json.len() as u64 + 1).unwrap_err();
    assert_eq!(error.kind(), Format);
    assert!(error.to_string().contains("unicode"), "{error}");
}

#[test]
fn surprising_names_are_refused() {
    let cases: Refusals = &[
        ("empty", r#"{"":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#, 1, Format, "empty name"),
        (
            "NUL",
            r#"{"a\u0000b":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "control character",
        ),
        (
            "escape sequence",
            r#"{"\u001b[2J":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "control",
        ),
        (
            "C1 control",
            r#"{"\u009b2J":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "control",
        ),
        ("climbing", r#"{"../a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#, 1, Format, "climbs"),
        (
            "climbing inside",
            r#"{"a/../../b":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "climbs",
        ),
        (
            "climbing back",
            r#"{"a\\..\\b":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "climbs",
        ),
        (
            "the same name twice",
            r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}"#,
            2,
            Format,
            "two tensors have one name (tensor `a`",
        ),
        (
            "the same name twice, once escaped",
            r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "two tensors have one name",
        ),
    ];
    refuse_all(cases);
    let long = format!(r#"{{"{}":{{"dtype":"U8","shape":[],"data_offsets":[0,1]}}}}"#, "n".repeat(4097));
    assert!(judge(&long, 1).unwrap_err().to_string().contains("a name of 4097 bytes"));
}

#[test]
fn wrong_fields_are_refused() {
    let cases: Refusals = &[
        ("a tensor is null", r#"{"a":null}"#, 0, Format, "invalid type: null"),
        ("a tensor is a list", r#"{"a":["U8",[],[0,1]]}"#, 1, Format, "invalid type: sequence"),
        ("a tensor is a number", r#"{"a":7}"#, 0, Format, "invalid type: integer"),
        ("no field", r#"{"a":{}}"#, 0, Format, "missing field `dtype` (tensor `a`"),
        ("no dtype", r#"{"a":{"shape":[],"data_offsets":[0,1]}}"#, 1, Format, "missing field `dtype`"),
        ("no shape", r#"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, 1, Format, "missing field `shape`"),
        ("no offsets", r#"{"a":{"dtype":"U8","shape":[]}}"#, 1, Format, "missing field `data_offsets`"),
        (
            "an unknown field",
            r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"strides":[1]}}"#,
            1,
            Format,
            "unknown field `strides`",
        ),
        (
            "dtype twice",
            r#"{"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "duplicate field `dtype`",
        ),
        (
            "shape twice",
            r#"{"a":{"dtype":"U8","shape":[],"shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "duplicate field `shape`",
        ),
        (
            "offsets twice",
            r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "duplicate field `data_offsets`",
        ),
        (
            "dtype is a number",
            r#"{"a":{"dtype":8,"shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "the name of a dtype",
        ),
        (
            "dtype is an object",
            r#"{"a":{"dtype":{"U8":null},"shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "invalid type: map",
        ),
        (
            "shape is a number",
            r#"{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}"#,
            1,
            Format,
            "a list of dims",
        ),
        (
            "shape is null",
            r#"{"a":{"dtype":"U8","shape":null,"data_offsets":[0,1]}}"#,
            1,
            Format,
            "invalid type: null",
        ),
        (
            "offsets are an object",
            r#"{"a":{"dtype":"U8","shape":[],"data_offsets":{"0":1}}}"#,
            1,
            Format,
            "invalid type: map",
        ),
    ];
    refuse_all(cases);
}

#[test]
fn wrong_numbers_are_refused() {
    refuse_tensors(&[
        ("a negative dim", "U8", "-1", "0,1", "integer `-1`"),
        ("minus zero", "U8", "-0", "0,0", "floating point `-0.0`"),
        ("a float dim", "U8", "1.0", "0,1", "floating point `1.0`"),
        ("an exponent", "U8", "1e0", "0,1", "floating point"),
        ("a dim of 2^64", "U8", "18446744073709551616", "0,1", "floating point"),
        ("a huge exponent", "U8", "1e999", "0,1", "number out of range"),
        ("a leading zero", "U8", "01", "0,1", "not valid JSON"),
        ("a hexadecimal", "U8", "0x1", "0,1", "not valid JSON"),
        ("not a number", "U8", "NaN", "0,1", "not valid JSON"),
        ("a number in quotes", "U8", "\"1\"", "0,1", "invalid type: string"),
        ("a nested dim", "U8", "[1]", "0,1", "invalid type: sequence"),
        ("33 dims", "U8", &["1"; 33].join(","), "0,1", "more than 32 dims"),
        ("a negative offset", "U8", "", "-1,0", "integer `-1`"),
        ("a float offset", "U8", "", "0,1.5", "floating point `1.5`"),
        ("an offset of 2^64", "U8", "", "0,18446744073709551616", "floating point"),
        ("no offset", "U8", "", "", "invalid length 0"),
        ("one offset", "U8", "", "0", "invalid length 1"),
        ("three offsets", "U8", "", "0,1,2", "trailing characters"),
    ]);
}

#[test]
fn sizes_that_lie_are_refused() {
    refuse_tensors(&[
        ("fewer bytes", "F32", "2", "0,4", "takes 8 bytes, data_offsets [0, 4] hold 4 (tensor `a`"),
        ("more bytes", "F16", "2", "0,8", "takes 4 bytes"),
        ("a scalar with no byte", "U8", "", "0,0", "takes 1 bytes"),
        ("an empty tensor with a byte", "U8", "0", "0,1", "takes 0 bytes"),
        ("half a byte", "F4", "3", "0,2", "no byte size"),
        ("three quarters of a byte", "F6_E2M3", "1", "0,1", "no byte size"),
        ("elements wrap to 0", "U8", "4294967296,4294967296", "0,0", "no byte size"),
        ("elements wrap to 1", "U8", "274177,67280421310721", "0,1", "no byte size"),
        ("bytes wrap to 0", "F64", "2305843009213693952", "0,0", "no byte size"),
        ("bits wrap to 0", "F64", "288230376151711744", "0,0", "takes 2305843009213693952 bytes"),
        ("above isize::MAX", "U8", "9223372036854775808", "0,9223372036854775808", "no byte size"),
        ("a zero that hides a product", "U8", "0,9223372036854775808,2", "0,0", "no byte size"),
        ("bits beyond 128", "U64", &[usize::MAX.to_string().as_str(); 3].join(","), "0,0", "no byte size"),
        ("inverted", "U8", "1", "1,0", "end before they begin"),
        ("inverted and huge", "U8", "1", "18446744073709551615,0", "end before they begin"),
        ("an unknown dtype", "Q4_K", "", "0,1", "unknown dtype \"Q4_K\""),
        ("a dtype in lower case", "f32", "", "0,4", "unknown dtype \"f32\""),
        ("an empty dtype", "", "", "0,1", "unknown dtype \"\""),
    ]);
}

#[test]
fn layouts_with_holes_overlaps_or_ends_elsewhere_are_refused() {
    let cases: Refusals = &[
        (
            "a hole in front",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
            2,
            Format,
            "bytes 0..1 of the payload",
        ),
        (
            "a hole between",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
            3,
            Format,
            "bytes 1..2 of the payload, after `a`, belong to no tensor (tensor `b`",
        ),
        (
            "an overlap of one byte",
            r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
            3,
            Format,
            "overlaps `a`, which ends at 2 (tensor `b`",
        ),
        (
            "two tensors in one place",
            r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#,
            2,
            Format,
            "overlaps `a`",
        ),
        (
            "an empty tensor inside another",
            r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#,
            2,
            Format,
            "overlaps `a`",
        ),
        (
            "an empty tensor far out",
            r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[9,9]}}"#,
            0,
            Format,
            "bytes 0..9",
        ),
        (
            "out of the file",
            r#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
            7,
            Truncated,
            "ends at byte 8 of the payload, which has 7 bytes (tensor `a`",
        ),
        (
            "far out of the file",
            r#"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#,
            7,
            Truncated,
            "which has 7 bytes",
        ),
        (
            "offset and length wrap",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615]}}"#,
            1,
            Format,
            "bytes 0..18446744073709551614",
        ),
        (
            "a byte too many",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
            2,
            Format,
            "1 bytes after the last tensor",
        ),
        ("bytes and no tensor", "{}", 3, Format, "3 bytes after the last tensor"),
    ];
    refuse_all(cases);
}

#[test]
fn wrong_metadata_is_refused() {
    let cases: Refusals = &[
        ("a list", r#"{"__metadata__":[]}"#, 0, Format, "an object of strings"),
        ("null", r#"{"__metadata__":null}"#, 0, Format, "an object of strings"),
        ("a string", r#"{"__metadata__":"pt"}"#, 0, Format, "an object of strings"),
        ("a number inside", r#"{"__metadata__":{"a":1}}"#, 0, Format, "invalid type: integer"),
        ("an object inside", r#"{"__metadata__":{"a":{}}}"#, 0, Format, "invalid type: map"),
        ("a key twice", r#"{"__metadata__":{"a":"","a":""}}"#, 0, Format, "duplicate metadata \"a\""),
        ("twice", r#"{"__metadata__":{},"__metadata__":{}}"#, 0, Format, "duplicate `__metadata__`"),
        (
            "a tensor in its place",
            r#"{"__metadata__":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
            Format,
            "expected a string",
        ),
    ];
    refuse_all(cases);
    let pairs: Vec<String> = (0..4097).map(|key| format!(r#""{key}":"""#)).collect();
    let flood = format!(r#"{{"__metadata__":{{{}}}}}"#, pairs.join(","));
    assert!(judge(&flood, 0).unwrap_err().to_string().contains("more than 4096 pairs"));
}

#[test]
fn nesting_is_refused_at_its_first_level_however_deep() {
    let deep = format!(r#"{{"a":{{"dtype":"U8","shape":{}{}}}}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert!(judge(&deep, 0).unwrap_err().to_string().contains("invalid type: sequence"));
    let deep = format!(r#"{{"a":{}{}}}"#, r#"{"dtype":"#.repeat(1 << 20), "}".repeat(1 << 20));
    assert!(judge(&deep, 0).unwrap_err().to_string().contains("invalid type: map"));
}

#[test]
fn errors_name_the_byte_of_the_file() {
    let json = r#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#;
    let error = judge(json, 1).unwrap_err();
    let byte: usize = error.fact("byte").unwrap().parse().unwrap();
    let culprit = json.find("-1").unwrap() + 8;
    assert!((culprit..=culprit + 2).contains(&byte), "byte {byte}, the number is at {culprit}");
    let json = "{\n\"a\":\n{\"dtype\":\"XX\"}}";
    let byte: usize = judge(json, 0).unwrap_err().fact("byte").unwrap().parse().unwrap();
    let culprit = json.find("XX").unwrap() + 8;
    assert!((culprit - 1..=culprit + 3).contains(&byte), "byte {byte}, the dtype is at {culprit}");
}

#[test]
fn the_length_of_the_header_is_checked_before_it_is_read() {
    let ask = |len: u64, file: u64| header_bytes(len.to_le_bytes(), file).map_err(|error| error.kind());
    assert_eq!(ask(0, 8), Err(Format));
    assert_eq!(ask(2, 10), Ok(2));
    assert_eq!(ask(3, 10), Err(Truncated));
    assert_eq!(ask(1, 8), Err(Truncated));
    assert_eq!(ask(MAX_HEADER_BYTES, u64::MAX), Ok(100 << 20));
    assert_eq!(ask(MAX_HEADER_BYTES + 1, u64::MAX), Err(Format));
    assert_eq!(ask(u64::MAX, 8), Err(Format));
    assert_eq!(ask(u64::from_le_bytes(*b"{\"a\":{\"d"), 1 << 40), Err(Format));
}

#[test]
fn a_file_shorter_than_its_header_is_truncated() {
    assert_eq!(parse(b"{}", 9).unwrap_err().kind(), Truncated);
}

#[test]
fn sound_headers_are_read_exactly() {
    let json = concat!(
        r#"{"__metadata__":{"format":"pt","\u00fc":""},"#,
        r#""late":{"data_offsets":[6,14],"shape":[2,2],"dtype":"BF16"},"#,
        r#""früh":{"dtype":"I8","shape":[],"data_offsets":[0,1]},"#,
        r#""none":{"dtype":"F32","shape":[3,0,5],"data_offsets":[1,1]},"#,
        r#""/a.b/c..d":{"dtype":"F4","shape":[2,5],"data_offsets":[1,6]}}   "#
    );
    let header = judge(json, 14).unwrap();
    let start = PREFIX_BYTES + json.len() as u64;
    let expected = [
        ("früh", DType::I8.into(), vec![], 0, 1),
        ("none", DType::F32.into(), vec![3, 0, 5], 1, 0),
        ("/a.b/c..d", StoredDtype::F4, vec![2, 5], 1, 5),
        ("late", DType::BF16.into(), vec![2, 2], 6, 8),
    ];
    for (entry, (name, dtype, shape, offset, bytes)) in header.tensors().iter().zip(expected) {
        let offset = start + offset;
        assert_eq!(*entry, TensorEntry { name: name.into(), dtype, shape, file: 0, offset, bytes });
    }
    assert_eq!(header.tensors().len(), 4);
    assert_eq!(header.tensors()[2].elements(), 10);
    assert_eq!(header.metadata(), [("format".into(), "pt".into()), ("ü".into(), String::new())]);
}

#[test]
fn empty_headers_and_empty_tensors_are_sound() {
    assert!(judge("{}", 0).unwrap().tensors().is_empty());
    let many = r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#;
    assert_eq!(judge(many, 0).unwrap().tensors().len(), 2);
    let largest = r#"{"a":{"dtype":"U8","shape":[0,9223372036854775807],"data_offsets":[0,0]}}"#;
    assert_eq!(judge(largest, 0).unwrap().tensors()[0].elements(), 0);
}
