//! The programs of suite `preload`, with inputs that are written for them, the same every time.

use super::usage;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use stratal::{Error, ErrorKind, Result};

/// One program.
pub(super) struct Program {
    /// Name of the point.
    pub(super) name: &'static str,
    /// What must be installed.
    pub(super) needs: &'static [&'static str],
    /// Runs it under a library: CPU seconds and peak MiB.
    pub(super) run: fn(&Room, &Path) -> Result<Vec<f64>>,
}

pub(super) const PROGRAMS: &[Program] = &[
    Program { name: "gcc", needs: &["gcc"], run: gcc },
    Program { name: "python", needs: &["python3"], run: python },
    Program { name: "sqlite", needs: &["sqlite3"], run: sqlite },
    Program { name: "redis", needs: &["redis-server", "redis-benchmark", "redis-cli"], run: redis },
    Program { name: "z3", needs: &["z3"], run: z3 },
    Program { name: "ghostscript", needs: &["gs"], run: ghostscript },
    Program { name: "rocksdb", needs: &["db_bench"], run: rocksdb },
];

/// Whether a program is where the system keeps its own. Wrappers of users elsewhere are not what is measured.
pub(super) fn installed(program: &str) -> bool {
    system(program).exists()
}

fn system(program: &str) -> PathBuf {
    Path::new("/usr/bin").join(program)
}

/// A command that alone runs under the library.
fn under(program: &str, library: &Path) -> Command {
    let mut command = Command::new(system(program));
    command.env("LD_PRELOAD", library);
    command
}

/// Where the inputs lie, and how much there is to do.
pub(super) struct Room {
    folder: PathBuf,
    mimalloc: PathBuf,
    /// Divides every amount.
    share: usize,
}

impl Room {
    /// Writes the inputs.
    pub(super) fn make(folder: PathBuf, mimalloc: &Path, quick: bool) -> Result<Self> {
        let share = if quick { 10 } else { 1 };
        let room = Self { folder, mimalloc: mimalloc.to_owned(), share };
        std::fs::write(room.folder.join("trees.py"), TREES)?;
        std::fs::write(room.folder.join("table.sql"), TABLE.replace("ROWS", &room.of(500_000)))?;
        std::fs::write(
            room.folder.join("factors.smt2"),
            FACTORS.replace("BITS", if quick { "24" } else { "32" }),
        )?;
        std::fs::write(room.folder.join("pages.ps"), PAGES.replace("COUNT", &room.of(150)))?;
        Ok(room)
    }

    /// An amount for this run.
    fn of(&self, full: usize) -> String {
        (full / self.share).max(1).to_string()
    }
}

/// Compiles the allocator that stands beside.
fn gcc(room: &Room, library: &Path) -> Result<Vec<f64>> {
    let mut command = under("gcc", library);
    command.arg(if room.share == 1 { "-O1" } else { "-fsyntax-only" });
    command.args(["-c", "-w", "-DMI_DEBUG=0", "-o"]).arg(room.folder.join("compiled.o"));
    command.arg("-I").arg(room.mimalloc.join("include")).arg(room.mimalloc.join("src/static.c"));
    usage::of(&mut command)
}

/// Syntax trees of the standard library.
const TREES: &str = "\
import ast, collections, pathlib, sys, sysconfig
library = pathlib.Path(sysconfig.get_path('stdlib'))
names = collections.Counter()
for path in sorted(library.glob('*.py'))[: int(sys.argv[1])]:
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8', errors='replace'))):
        names[type(node).__name__] += 1
assert sum(names.values()) > 1000
";

/// Without the interpreter's own allocator before ours.
fn python(room: &Room, library: &Path) -> Result<Vec<f64>> {
    let mut command = under("python3", library);
    command.env("PYTHONMALLOC", "malloc").env("PYTHONHASHSEED", "0");
    command.arg(room.folder.join("trees.py")).arg(room.of(120));
    usage::of(&mut command)
}

const TABLE: &str = "\
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, body TEXT, price REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ROWS)
INSERT INTO item SELECT i, 'name ' || (i * 7919 % 100003), hex(zeroblob(i % 60)), i * 0.37 FROM n;
CREATE INDEX by_name ON item(name);
SELECT count(*), sum(length(body)) FROM item WHERE name LIKE 'name 1%';
SELECT substr(name, 1, 8) AS k, count(*), length(group_concat(id)) FROM item GROUP BY k ORDER BY 2 DESC LIMIT 3;
";

fn sqlite(room: &Room, library: &Path) -> Result<Vec<f64>> {
    let input = std::fs::File::open(room.folder.join("table.sql"))?;
    usage::of(under("sqlite3", library).arg(":memory:").stdin(input))
}

/// A product to be taken apart.
const FACTORS: &str = "\
(set-logic QF_BV)
(declare-const a (_ BitVec BITS))
(declare-const b (_ BitVec BITS))
(assert (= (bvmul a b) (_ bv513612175 BITS)))
(assert (bvult (_ bv1 BITS) a))
(assert (bvult a (_ bv32768 BITS)))
(assert (bvult (_ bv1 BITS) b))
(assert (bvult b (_ bv32768 BITS)))
(check-sat)
";

fn z3(room: &Room, library: &Path) -> Result<Vec<f64>> {
    usage::of(under("z3", library).arg(room.folder.join("factors.smt2")))
}

const PAGES: &str = "\
%!PS
1 1 COUNT {
  /page exch def
  /Helvetica findfont 10 scalefont setfont
  0 1 60 { /row exch def 40 row 12 mul 40 add moveto
    page 1000 mul row add 20 string cvs show ( the quick brown fox jumps over the lazy dog) show } for
  0 1 200 { /i exch def newpath 300 400 moveto
    i 3 mul page add dup cos 200 mul 300 add exch sin 200 mul 400 add lineto stroke } for
  showpage
} for
";

fn ghostscript(room: &Room, library: &Path) -> Result<Vec<f64>> {
    let mut command = under("gs", library);
    command.args(["-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pdfwrite", "-sOutputFile=/dev/null"]);
    usage::of(command.arg(room.folder.join("pages.ps")))
}

fn rocksdb(room: &Room, library: &Path) -> Result<Vec<f64>> {
    let database = room.folder.join("rocksdb");
    let mut command = under("db_bench", library);
    command.args(["--benchmarks=fillrandom,readrandom", "--compression_type=none", "--seed=1"]);
    command.arg(format!("--num={}", room.of(150_000))).arg(format!("--db={}", database.display()));
    let used = usage::of(&mut command);
    let _ = std::fs::remove_dir_all(database);
    used
}

/// The server alone runs under the library and is measured; clients drive it through a socket.
fn redis(room: &Room, library: &Path) -> Result<Vec<f64>> {
    let socket = room.folder.join("redis.sock");
    let mut command = under("redis-server", library);
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
    let mut server = command.stdout(Stdio::null()).spawn()?;
    let driven = drive(room, &socket);
    if driven.is_err() {
        let _ = server.kill();
    }
    let used = usage::finish(server);
    driven?;
    used
}

/// Fills the server and asks it, then ends it.
fn drive(room: &Room, socket: &Path) -> Result<()> {
    let client = |program: &str| {
        let mut command = Command::new(system(program));
        command.arg("-s").arg(socket);
        command
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while !client("redis-cli").arg("ping").output()?.status.success() {
        if Instant::now() > deadline {
            return Err(Error::new(ErrorKind::Deadline, "redis-server does not answer"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut benchmark = client("redis-benchmark");
    benchmark.args(["-q", "-P", "16", "-d", "100", "-r", "100000", "-t", "set,get,lpush,hset,zadd", "-n"]);
    crate::child::output(benchmark.arg(room.of(200_000)))?;
    // The server ends without an answer.
    let _ = client("redis-cli").args(["shutdown", "nosave"]).output()?;
    Ok(())
}
