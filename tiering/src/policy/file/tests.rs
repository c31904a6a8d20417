//! Promise: every complaint about a policy file names the key, its line, and what would be right.

use super::*;
use proptest::prelude::*;

/// What is refused: text, key, line, part of the message.
type Refusals = &'static [(&'static str, &'static str, &'static str, &'static str)];

fn refuse_all(cases: Refusals) {
    for (text, key, line, says) in cases {
        let error = Policy::parse(text, "stratal.toml").expect_err(text);
        let facts = (error.fact("key").unwrap_or("-"), error.fact("line").unwrap_or("-"), error.fact("file"));
        assert_eq!(error.kind(), ErrorKind::Policy, "{text}: {error}");
        assert_eq!(facts, (*key, *line, Some("stratal.toml")), "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: `{error}` does not say `{says}`");
    }
}

#[test]
fn unknown_keys_are_answered_with_the_nearest() {
    refuse_all(&[
        (
            "evicton = \"min\"",
            "evicton",
            "1",
            "unknown key `evicton`, the nearest is `eviction`; allowed here: tier, link, ",
        ),
        ("\n\ndedline = \"1 s\"", "dedline", "3", "the nearest is `deadline`"),
        (
            "[[tier]]\nkind = \"dram\"\nbugdet = \"1 MiB\"",
            "tier[0].bugdet",
            "3",
            "the nearest is `budget`; allowed here: name, kind, budget",
        ),
        (
            "[[tier]]\nkind = \"dram\"\n[[tier]]\nkind = \"nvme\"\nsize = 1",
            "tier[1].size",
            "5",
            "unknown key `size`",
        ),
        (
            "[[link]]\nfrom = \"nvme\"",
            "link[0].from",
            "2",
            "allowed here: source, target, bandwidth, latency",
        ),
        ("[spill]\ndir = \"/tmp\"", "spill.dir", "2", "unknown key `dir`, the nearest is"),
        ("[watermarks]\nhigh = 0.9\nlo = 0.5", "watermarks.lo", "3", "the nearest is `low`"),
        ("[teir]\n", "teir", "1", "the nearest is `tier`"),
        ("spill.directry = \"/tmp\"", "spill.directry", "1", "the nearest is `directory`"),
        ("b = 1\na = 1", "b", "1", "unknown key `b`"),
    ]);
}

#[test]
fn unknown_words_are_answered_with_the_nearest() {
    refuse_all(&[
        (
            "eviction = \"mim\"",
            "eviction",
            "1",
            "unknown word `mim`, the nearest is `min`; allowed here: min, adaptive, lru, s3-fifo, lfu, sieve, slru, arc",
        ),
        ("eviction = \"LRU\"", "eviction", "1", "the nearest is `lru`"),
        ("io = \"uring\"", "io", "1", "the nearest is `io_uring`; allowed here: auto, io_uring, threads"),
        (
            "[[tier]]\nkind = \"ram\"",
            "tier[0].kind",
            "2",
            "the nearest is `dram`; allowed here: hbm, dram, nvme",
        ),
        (
            "[[tier]]\nkind = \"dram\"\n\n[[link]]\nsource = \"disk\"\ntarget = \"dram\"",
            "link[0].source",
            "5",
            "unknown tier `disk`",
        ),
    ]);
}

#[test]
fn impossible_values_get_the_line_of_their_key() {
    refuse_all(&[
        ("[[tier]]\nkind = \"dram\"\nbudget = 0", "tier[0].budget", "3", "0 bytes"),
        ("[[tier]]\nkind = \"dram\"\nbudget = -1", "tier[0].budget", "3", "-1 is not a whole number"),
        (
            "[[tier]]\nkind = \"dram\"\nbudget = \"many\"",
            "tier[0].budget",
            "3",
            "is not a size: write a number and one of",
        ),
        (
            "[[tier]]\nkind = \"dram\"\nbudget = 99999999999999999999",
            "tier[0].budget",
            "3",
            "not a whole number",
        ),
        ("[[tier]]\nkind = \"dram\"\nbudget = 1.5", "tier[0].budget", "3", "found a TOML float"),
        ("[[tier]]\nkind = \"dram\"\nbudget = true", "tier[0].budget", "3", "found a TOML boolean"),
        ("[[tier]]\nkind = \"hbm\"\n\n[[tier]]\nkind = \"dram\"", "tier[0].budget", "1", "needs a budget"),
        (
            "[[tier]]\nkind = \"dram\"\ndevice = \"cuda:0\"",
            "tier[0].device",
            "3",
            "a tier of kind \"dram\" is on no device",
        ),
        (
            "[[tier]]\nkind = \"hbm\"\ndevice = \"gpu0\"\nbudget = 1\n[[tier]]\nkind = \"dram\"",
            "tier[0].device",
            "3",
            "names no device: write `cuda:0` or `sim:0`",
        ),
        ("[[tier]]\nname = \"dram\"", "tier[0].kind", "1", "`kind` is missing"),
        ("[[tier]]\nkind = \"nvme\"", "tier", "1", "no tier is of kind \"dram\""),
        (
            "[[tier]]\nkind = \"dram\"\n[[tier]]\nkind = \"dram\"",
            "tier[1].name",
            "3",
            "two tiers have one name",
        ),
        ("[tier]\nkind = \"dram\"", "tier", "1", "write it as `[[tier]]`"),
        ("tier = [1]", "tier[0]", "1", "expected a table, found a TOML integer"),
        ("spill = \"/tmp\"", "spill", "1", "expected a table"),
        ("[[link]]\nsource = \"dram\"", "link[0].target", "1", "`target` is missing"),
        (
            "[[link]]\nsource = \"nvme\"\ntarget = \"dram\"\nbandwidth = 5",
            "link[0].bandwidth",
            "4",
            "text in quotes",
        ),
        (
            "[[link]]\nsource = \"nvme\"\ntarget = \"dram\"\nlatency = \"1 h\"",
            "link[0].latency",
            "4",
            "ns, us, ms, s, min",
        ),
        ("prefetch_window = \"1000 TiB\"", "prefetch_window", "1", "leave nothing of the dram budget"),
        ("deadline = \"0 s\"", "deadline", "1", "a deadline of 0"),
        ("\ndeadline = 30", "deadline", "2", "`30` has no unit"),
        ("deadline = 1979-05-27", "deadline", "1", "found a TOML datetime"),
        ("queue_depth = 0", "queue_depth", "1", "not in 1..=4096"),
        ("queue_depth = 99999999999", "queue_depth", "1", "not in 1..=4096"),
        ("queue_depth = \"deep\"", "queue_depth", "1", "a whole number or \"auto\""),
        ("[spill]\ncapacity = 0", "spill.capacity", "2", "0 bytes"),
        ("[spill]\ndirectory = \"\"", "spill.directory", "2", "an empty path"),
        ("[[spill.disk]]\ncapacity = \"1 GiB\"", "spill.disk[0].directory", "1", "is missing"),
        ("[[spill.disk]]\ndirectory = \"/a\"\ncapacity = 0", "spill.disk[0].capacity", "3", "0 bytes"),
        ("[[spill.disk]]\ndirectory = \"/a\"\nsize = 0", "spill.disk[0].size", "3", "unknown key"),
        (
            "[spill]\ndirectory = \"/a\"\n[[spill.disk]]\ndirectory = \"/b\"",
            "spill.directory",
            "2",
            "not both",
        ),
        ("[spill]\ncodec = \"int8\"", "spill.codec", "2", "tensor by tensor"),
        ("[spill]\ncodec = \"lz4\"", "spill.codec", "2", "raw, lossless"),
        ("[spill]\nencrypt = \"yes\"", "spill.encrypt", "2", "true or false"),
        ("[spill]\nstore = \"a/b\"", "spill.store", "2", "no path"),
        ("[spill]\nstore = \"\"", "spill.store", "2", "letters"),
        ("[spill]\nencrypt = true\nstore = \"a\"", "spill.store", "3", "cannot have a name"),
        ("spill.disk = 7", "spill.disk", "1", "[[spill.disk]]"),
        ("[spill]\ndirectory = 7", "spill.directory", "2", "found a TOML integer"),
        ("[watermarks]\nhigh = 0.5\nlow = 0.6", "watermarks.low", "3", "above the high watermark"),
        ("[watermarks]\nhigh = nan", "watermarks.high", "2", "NaN is not a part"),
        ("[watermarks]\nhigh = inf", "watermarks.high", "2", "inf is not a part"),
        ("[watermarks]\nhigh = \"90 %\"", "watermarks.high", "2", "a number from 0.0 to 1.0"),
    ]);
}

#[test]
fn broken_toml_is_refused_by_line() {
    refuse_all(&[
        ("eviction = ", "-", "1", "not valid TOML"),
        ("\n[[tier]\n", "-", "2", "not valid TOML"),
        ("io = \"auto\"\nio = \"auto\"", "-", "2", "not valid TOML: duplicate key"),
        ("eviction = min", "-", "1", "not valid TOML"),
    ]);
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(Policy::parse("", "empty").unwrap(), Policy::default());
    assert_eq!(Policy::parse("# nothing\n", "empty").unwrap(), Policy::default());
}

#[test]
fn short_forms_mean_what_the_long_ones_do() {
    let short =
        Policy::parse("[[tier]]\nkind = \"dram\"\nbudget = 0x1000_0000\n[watermarks]\nhigh = 1", "short")
            .unwrap();
    let long = Policy::builder().tier("dram", TierKind::Dram, "256 MiB").high_watermark(1.0).build().unwrap();
    assert_eq!(short, long);
}

#[test]
fn the_example_says_its_own_defaults() {
    let example =
        Policy::parse(include_str!("../../../../examples/stratal.toml"), "examples/stratal.toml").unwrap();
    let same = Policy::builder()
        .tier("dram", TierKind::Dram, "256 MiB")
        .spill_directory("/var/tmp")
        .spill_capacity("8 GiB")
        .build()
        .unwrap();
    assert_eq!(example, same);
}

#[test]
fn files_are_read_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stratal.toml");
    let missing = Policy::from_file(&path).unwrap_err();
    assert_eq!((missing.kind(), missing.fact("file")), (ErrorKind::Missing, path.to_str()));
    std::fs::write(&path, "io = \"threads\"").unwrap();
    assert_eq!(Policy::from_file(&path).unwrap().io(), IoChoice::Threads);
    std::fs::write(&path, "io = 1").unwrap();
    assert_eq!(Policy::from_file(&path).unwrap_err().fact("file"), path.to_str());
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(Policy::from_file(&path).unwrap_err().fact("file"), path.to_str());
    std::fs::write(&path, vec![b'#'; 1 << 21]).unwrap();
    assert!(Policy::from_file(&path).unwrap_err().to_string().contains("at most 1048576"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text is a policy or an error that names the file; never a panic.
    #[test]
    fn any_text_is_answered(
        parts in proptest::collection::vec(
            "\\[\\[(tier|link)\\]\\]|\\[(spill|watermarks)\\]|(kind|name|budget|io|high|deadline|source|capacity) = (\"[a-z0-9 %]{0,8}\"|-?[0-9.]{1,22}|true|\\[\\]|\\{\\})|\\PC{0,12}",
            0..10,
        ),
    ) {
        if let Err(error) = Policy::parse(&parts.join("\n"), "any") {
            prop_assert_eq!(error.fact("file"), Some("any"));
        }
    }
}
