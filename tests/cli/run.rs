//! `stratal run`: right, within its budget, near the fewest bytes, and said in the promised fields.

use super::{cache, json, number, stratal};

/// Arguments of a run of the tiny model.
fn tiny<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["run", "--model", "tiny", "--cache-dir", cache()], more].concat()
}

/// Promise: under a budget of less than half the weights the outputs equal those with everything in memory, nothing
/// is written, bytes stay nearer to the fewest possible than to all, and memory within what is printed. Every promised field is there.
#[test]
fn a_model_larger_than_its_budget_runs() {
    let report = json(&tiny(&["--budget", "18MiB", "--passes", "5", "--verify", "--json"]));
    assert_eq!(report["outputs_equal"], true);
    assert_eq!(report["tokens"].as_array().unwrap().len(), 5);
    assert_eq!(number(&report, "budget_bytes"), f64::from(18 << 20));
    let allowed = number(&report, "budget_bytes") + number(&report, "fixed_bytes") + f64::from(64 << 20);
    assert!(number(&report, "peak_rss_bytes") <= allowed, "{report}");
    assert!(number(&report, "fixed_bytes") <= f64::from(96 << 20));
    assert!(number(&report, "window_bytes") < number(&report, "budget_bytes"));
    assert!(number(&report, "disk_limit_bytes_per_s") > 0.0);
    let passes = report["passes"].as_array().unwrap();
    assert_eq!(passes.len(), 5);
    for pass in passes {
        for key in ["wall_ns", "compute_ns", "bytes_read", "bytes_min", "bytes_min_full_budget", "bound_ns"] {
            assert!(number(pass, key) > 0.0, "{key}: {pass}");
        }
        assert!(number(pass, "disk_bytes_per_s") > 0.0);
        assert_eq!(number(pass, "bytes_written"), 0.0, "a checkpoint is never copied");
    }
    // Tensors of this model are smaller than a chunk and its window is one chunk: a third above MIN is near here.
    // Reading everything again, as least-recently-used would, is twice MIN.
    let sum = |key| passes[2..].iter().map(|pass| number(pass, key)).sum::<f64>();
    assert!(sum("bytes_read") <= 1.33 * sum("bytes_min"), "{report}");
    assert!(sum("bytes_min_full_budget") <= sum("bytes_min"));
}

/// Promise: the tokens depend neither on the budget nor on the number of threads.
#[test]
fn tokens_do_not_depend_on_budget_or_threads() {
    let run = |more: &[&str]| {
        let report = json(&tiny(&[&["--passes", "3", "--prompt", "7,8,9", "--json"], more].concat()));
        (report["tokens"].clone(), report["logits_hash"].clone())
    };
    let roomy = run(&["--budget", "64MiB", "--threads", "2"]);
    assert_eq!(run(&["--budget", "16MiB", "--threads", "1"]), roomy);
}

/// Promise: for people, a line per pass and the memory beside what is allowed; progress goes to standard error, in
/// plain lines where that is no terminal.
#[test]
fn people_get_a_table() {
    let ran = stratal(&tiny(&["--budget", "18MiB", "--passes", "2"]));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for text in ["wall/bound", "read/MIN", "disk limit", "peak memory", "fixed", "--verify"] {
        assert!(ran.out.contains(text), "{text}: {}", ran.out);
    }
    assert!(ran.err.contains("generating") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    for text in ["generating ... 100 %", "GB/s read", "% hits", "% waiting", "flights"] {
        assert!(ran.err.contains(text), "{text}: {}", ran.err);
    }
}

/// Promise: with `--quiet` standard error is left alone, and the results are the same.
#[test]
fn quiet_is_quiet() {
    let ran = stratal(&tiny(&["--budget", "18MiB", "--passes", "2", "--quiet"]));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.contains("wall/bound"), "{}", ran.out);
}

/// Promise: on a terminal a bar tells of the run while it runs, and leaves nothing of itself behind.
#[test]
fn a_terminal_shows_the_run_live() {
    let command =
        [&[env!("CARGO_BIN_EXE_stratal")][..], &tiny(&["--budget", "18MiB", "--passes", "12"])].concat();
    let quoted: Vec<_> = command.iter().map(|word| format!("'{word}'")).collect();
    // Standard error is the terminal that `script` makes, standard output a file of its own.
    let run = format!("{} > /dev/null", quoted.join(" "));
    let Ok(shown) = std::process::Command::new("script").args(["-qec", &run, "/dev/null"]).output() else {
        return eprintln!("SKIPPED: no `script` here to make a terminal");
    };
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.status.success() && text.contains('\u{1b}'), "{text}");
    for part in ["generating", "/12", "GB/s read", "% waiting"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
