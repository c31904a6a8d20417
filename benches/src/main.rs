//! The bench harness: each suite interleaves stratal and its rivals in one run.
//!
//! `stratal-bench SUITE.. [--quick] [--json FILE]` prints tables and writes the rows; `--list` names the suites. With
//! `--keep FILE --minutes M` a long run goes in pieces: the same command goes on where the last one stopped. The program
//! uses the allocator it measures, and starts itself again for measurements that need their own process.

mod child;
mod contest;
mod kept;
mod row;
mod stats;
mod suite;

use clap::Parser;
use contest::{Contest, Part};
use indicatif::{ProgressBar, ProgressStyle};
use kept::{Kept, Scope};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use stratal::{Error, ErrorKind, Result};
use suite::{Chosen, SUITES, Scale, Suite};

#[global_allocator]
static GLOBAL: stratal::Stratal = stratal::Stratal::new();

/// Pairs of a quick run: shows that everything runs, decides nothing.
const QUICK_ROUNDS: usize = 2;

/// What a quick run does of a full one's work.
const QUICK_EFFORT: f64 = 0.02;

/// Compares stratal with its rivals, interleaved in one run.
#[derive(Debug, Parser)]
#[command(name = "stratal-bench")]
struct Options {
    /// The suites to run, one after the other.
    #[arg(required_unless_present = "list", value_name = "SUITE")]
    suites: Vec<String>,
    /// Small inputs and two rounds: shows that the suite runs, decides nothing.
    #[arg(long)]
    quick: bool,
    /// Rounds, instead of six or nine by suite; below six no interval can be given, hence no verdict.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// How much of the full work suites `alloc`, `io`, `stream` and `adam` do in each round, 1 being all of it: 1 for
    /// `alloc` and a quarter for those of the disk unless given, 0.02 in a quick run.
    #[arg(long, value_name = "SHARE")]
    effort: Option<f64>,
    /// Only these points: `fast64`, `fast64/2` for two threads, `tensor*` for a beginning.
    #[arg(long, value_name = "POINT,..", value_delimiter = ',')]
    points: Vec<String>,
    /// Only these rivals.
    #[arg(long, value_name = "RIVAL,..", value_delimiter = ',')]
    rivals: Vec<String>,
    /// The folder of the public traces that suite `kv` replays.
    #[arg(long, value_name = "DIR")]
    traces: Option<PathBuf>,
    /// Keeps what is measured in this file, and measures no point again that it holds already.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Begins no further point after so many minutes; the same command goes on with those that are left.
    #[arg(long, value_name = "MINUTES", requires = "keep")]
    minutes: Option<f64>,
    /// Writes the rows to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the rows to this file, as comma-separated values.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draws what suite `alloc` or `stream` found to this SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Names the suites.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [flag, suite, task @ ..] if flag == child::CHILD => run_child(suite, task),
        _ => run(&Options::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stratal-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn find(name: &str) -> Result<&'static Suite> {
    let suite = SUITES.iter().find(|suite| suite.name == name);
    suite.ok_or_else(|| Error::new(ErrorKind::Missing, "--list names the suites").with("suite", name))
}

fn run_child(suite: &str, task: &[String]) -> Result<()> {
    let numbers = (find(suite)?.child)(task)?;
    println!("{}", serde_json::json!(numbers));
    Ok(())
}

fn run(options: &Options) -> Result<()> {
    if options.list {
        SUITES.iter().for_each(|suite| println!("{:<8} {}", suite.name, suite.about));
        return Ok(());
    }
    // A name that is none is said before hours of work, not after.
    let suites: Vec<&Suite> = options.suites.iter().map(|name| find(name)).collect::<Result<_>>()?;
    let mut hall = Hall::open(options)?;
    let mut all = Vec::new();
    for suite in suites {
        let mut rows = hold(suite, options, &mut hall)?;
        rows.extend(suite::derive(suite.name, &rows));
        println!("{}", suite::report(suite.name, &rows));
        all.extend(rows);
        publish(options, &all)?;
    }
    if hall.left > 0 {
        eprintln!("{} points are left: the same command goes on with them", hall.left);
    }
    options.plot.as_deref().map_or(Ok(()), |path| suite::plot(&all, path))
}

/// Where contests are held: until when, and what is known already.
struct Hall {
    kept: Kept,
    deadline: Option<Instant>,
    /// Points that were due after the deadline.
    left: usize,
}

impl Hall {
    fn open(options: &Options) -> Result<Self> {
        let deadline = options.minutes.and_then(|minutes| Duration::try_from_secs_f64(60.0 * minutes).ok());
        let deadline = deadline.and_then(|time| Instant::now().checked_add(time));
        Ok(Self { kept: Kept::open(options.keep.as_deref())?, deadline, left: 0 })
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// Writes the rows so far to the files that were asked for.
fn publish(options: &Options, rows: &[row::Row]) -> Result<()> {
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(rows)
            .map_err(|error| Error::new(ErrorKind::Format, "rows are not JSON").caused_by(error))?;
        write(path, &(text + "\n"))?;
    }
    options.csv.as_deref().map_or(Ok(()), |path| write(path, &row::csv(rows)))
}

fn hold(suite: &Suite, options: &Options, hall: &mut Hall) -> Result<Vec<row::Row>> {
    let rounds = options
        .rounds
        .map_or(if options.quick { QUICK_ROUNDS } else { suite::rounds(suite.name) }, usize::from);
    let scope = Scope { rounds, effort: effort(suite, options) };
    let contests = contests(suite, options)?;
    let runs: usize = contests.iter().map(|contest| contest.contenders.len() * rounds).sum();
    let bar = ProgressBar::new(runs as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}") {
        bar.set_style(style);
    }
    let mut rows = Vec::new();
    for mut contest in contests {
        if let Some(values) = hall.kept.find(&contest, scope) {
            bar.inc((contest.contenders.len() * rounds) as u64);
            rows.extend(contest.rows(values));
            continue;
        }
        if hall.is_over() {
            hall.left += 1;
            continue;
        }
        let point = contest.point.clone();
        let measured = contest.measure(rounds, |contender| {
            bar.set_message(format!("{point} {contender}"));
            bar.inc(1);
        });
        let values = measured.map_err(|error| error.with("point", &point))?;
        rows.extend(contest.rows(&values));
        hall.kept.add(&contest, scope, values)?;
    }
    bar.finish_and_clear();
    Ok(rows)
}

fn effort(suite: &Suite, options: &Options) -> f64 {
    options.effort.unwrap_or(if options.quick { QUICK_EFFORT } else { suite::effort(suite.name) })
}

/// The suite's contests, without the points and rivals that were not asked for.
fn contests(suite: &Suite, options: &Options) -> Result<Vec<Contest>> {
    let chosen = Chosen {
        points: options.points.clone(),
        rivals: options.rivals.clone(),
        traces: options.traces.clone(),
    };
    let effort = effort(suite, options);
    // The options live as long as the program, and so may what suites keep of them.
    let chosen: &'static Chosen = Box::leak(Box::new(chosen));
    let mut contests = (suite.contests)(Scale { quick: options.quick, effort, chosen })?;
    contests.retain(|contest| chosen.point(&contest.point));
    for contest in &mut contests {
        contest.contenders.retain(|contender| contender.part != Part::Rival || chosen.rival(contender.name));
    }
    Ok(contests)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::from(error).with("file", path.display()))
}
