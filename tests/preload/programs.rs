//! Promise: programs of a Debian system, written for another allocator, print the same under this one.
//!
//! Each command runs twice in a folder of its own, without and with the library; outputs and exit codes must agree.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use crate::library::{is_installed, library, said, temporary};

/// A program, and a command whose output does not depend on time, place or address.
type Case = (&'static str, &'static str);

/// Mostly one thread each. `$words` is a text of some 100 000 words, `$source` a C program.
const PLAIN: &[Case] = &[
    (
        "bash",
        r#"bash -c 'declare -A seen; while read -r -n 4000 line; do for w in $line; do seen[$w]=$((${seen[$w]}+1)); done; done < <(head -c 60000 $words); echo ${#seen[@]} ${seen[stratal]}'"#,
    ),
    (
        "python3",
        r#"python3 -c "
import json, re, sys, hashlib, collections
text = open(sys.argv[1]).read()
count = collections.Counter(re.findall('[a-z]+', text))
data = json.loads(json.dumps({w: [n, w * 3] for w, n in count.items()}))
print(len(data), hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest())" $words"#,
    ),
    (
        "perl",
        r#"perl -ne 'for (split) { $seen{$_}++ } END { print "$_ $seen{$_}\n" for sort keys %seen }' $words | cksum"#,
    ),
    ("gcc", "gcc -w -O2 -S -o - $source | cksum"),
    (
        "g++",
        r#"printf '%s\n' '#include <map>' '#include <string>' '#include <regex>' 'int f(const std::string &s) { std::map<std::string, int> m; m[s]++; return std::regex_match(s, std::regex("a+b")) + m.size(); }' > t.cpp && g++ -O1 -S -o - t.cpp | cksum"#,
    ),
    (
        "git",
        r#"export HOME=$PWD GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'; git init -q r && cd r && for i in 1 2 3 4 5; do head -c $((i * 30000)) $words > w; git add w; git commit -q -m "$i"; done; git gc -q && git fsck 2>&1 | head -3; git log -p --stat | cksum"#,
    ),
    (
        "sqlite3",
        r#"sqlite3 :memory: "create table t(a integer primary key, b text, c real); with recursive n(i) as (select 1 union all select i + 1 from n where i < 40000) insert into t select i, printf('row %d of many', i * 7919 % 40000), i * 0.5 from n; create index x on t(b); select count(*), sum(c), min(b), max(b), group_concat(a) from (select * from t order by b limit 500); select length(group_concat(b)) from t;""#,
    ),
    (
        "awk",
        r#"awk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print w, n[w] }' $words | sort | cksum"#,
    ),
    ("sed", r#"sed -E 's/([a-z]+) ([a-z]+)/\2 \1/g; /the/{h;G;}' $words | cksum"#),
    (
        "tar",
        "mkdir d && split -l 200 $words d/ && tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - d | cksum",
    ),
    ("gzip", "gzip -9 -n -c $words | cksum && gzip -c $words | gzip -dc | cksum"),
    ("bzip2", "bzip2 -c $words | cksum && bzip2 -c $words | bzip2 -dc | cksum"),
    (
        "openssl",
        "openssl dgst -sha256 -r < $words && openssl enc -aes-256-cbc -pbkdf2 -S 0102030405060708 -pass pass:x -in $words | openssl dgst -sha512 -r",
    ),
    ("grep", "grep -E -o -n '(st|al)[a-z]*' $words | cksum; grep -c the $words"),
    (
        "find",
        r#"mkdir -p d && split -l 50 $words d/ && find d -type f -name 'a*' -size +0 -printf '%f %s\n' | sort | cksum"#,
    ),
    ("diff", "sort $words > a; sort -r $words > b; { diff a b || test $? = 1; } | cksum"),
    ("bc", "echo 'scale=600; 4*a(1); 2^3000' | bc -l"),
    (
        "jq",
        r#"jq -Rn '[inputs | split(" ")[]] | group_by(.) | map({(.[0]): length}) | add | to_entries | sort_by(-.value, .key) | .[:50]' $words"#,
    ),
    (
        "tclsh",
        r#"printf '%s\n' 'set f [open [lindex $argv 0]]; foreach w [split [read $f]] { dict incr n $w }; puts [llength $n]; puts [lrange [lsort $n] 0 20]' > t.tcl && tclsh t.tcl $words"#,
    ),
    (
        "gs",
        r#"printf '%s\n' '%!' '/Helvetica findfont 24 scalefont setfont' '0 10 700 { dup 72 exch moveto (stratal) show dup 0 moveto 300 400 lineto stroke pop } for showpage' > t.ps && gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=ppmraw -r60 -sOutputFile=- t.ps | cksum"#,
    ),
    (
        "z3",
        r#"printf '%s\n' '(declare-const x Int)' '(declare-const y Int)' '(assert (and (> x 2) (< y 10) (= (+ (* 3 x) (* 2 y)) 29)))' '(check-sat)' '(get-model)' > t.smt2 && z3 t.smt2"#,
    ),
    (
        "vim",
        r#"vim -u NONE -es -c 'sort u' -c '%s/the/THE/ge' -c 'w! out' -c 'qa!' $words < /dev/null; cksum < out"#,
    ),
    (
        "gdb",
        r#"printf '%s\n' 'int twice(int x) { return 2 * x; }' 'int main(void) { return twice(4); }' > t.c && gcc -g -O0 -o t t.c && gdb -nx -batch -ex 'info line twice' -ex 'print twice' -ex 'ptype main' t 2>/dev/null | sed 's/0x[0-9a-f]*//g'"#,
    ),
    ("objdump", "gcc -w -O1 -c -o t.o $source && objdump -d t.o | cksum && nm t.o && readelf -a t.o | cksum"),
    ("gpg", "export GNUPGHOME=$PWD; gpg --batch --print-md sha512 < $words"),
    ("curl", "curl -s file://$words | cksum"),
];

/// Several threads each.
const THREADED: &[Case] = &[
    ("sort", "sort --parallel=4 -S 1M $words | cksum"),
    ("xz", "xz -T4 --block-size=65536 -c $words | cksum && xz -T4 -c $words | xz -dc | cksum"),
    ("zstd", "zstd -q -T4 -19 -c $words | zstd -q -dc | cksum"),
    (
        "make",
        r#"printf 'all: %s\n' "$(seq -s ' ' 1 20)" > Makefile && printf '%%:\n\t@cksum < $(words) > $@; gcc -w -c -o $@.o $(source)\n' >> Makefile && make -s -j4 words=$words source=$source && cat 1 20 && cksum < 7.o"#,
    ),
    (
        "python3",
        r#"python3 -c "
import sys, zlib, concurrent.futures as f
text = open(sys.argv[1], 'rb').read()
with f.ThreadPoolExecutor(6) as pool:
    print(sum(pool.map(lambda i: zlib.crc32(zlib.decompress(zlib.compress(text[i * 3000:]))), range(60))))" $words"#,
    ),
    (
        "git",
        "export HOME=$PWD; git init -q r && cd r && split -l 50 $words && git add . && git grep --threads 4 -c the && git -c pack.threads=4 gc -q",
    ),
    (
        "node",
        r#"node -e 'const n = new Map(); for (const w of require("fs").readFileSync(process.argv[1], "utf8").split(/\s+/)) n.set(w, (n.get(w) || 0) + 1); console.log(JSON.stringify([...n].sort()).length, require("crypto").createHash("sha256").update(JSON.stringify([...n].sort())).digest("hex"))' $words"#,
    ),
    (
        "java",
        r#"printf '%s\n' 'import java.nio.file.*; import java.util.*; import java.util.stream.*;' 'class T { public static void main(String[] a) throws Exception { System.out.println(new TreeMap<>(Arrays.stream(Files.readString(Path.of(a[0])).split("\\s+")).parallel().collect(Collectors.groupingBy(w -> w, Collectors.counting()))).toString().hashCode()); } }' > T.java && java -Xshare:auto T.java $words"#,
    ),
    (
        "rustc",
        r#"printf '%s\n' 'use std::collections::BTreeMap; fn main() { let mut n = BTreeMap::new(); for i in 0..1000u64 { *n.entry(i * 7919 % 101).or_insert(0) += i; } println!("{n:?}"); }' > t.rs && rustc -O -Ccodegen-units=4 t.rs && ./t | cksum"#,
    ),
    (
        "cargo",
        r#"mkdir -p src && printf '[package]\nname = "probe"\nedition = "2024"\n[workspace]\n' > Cargo.toml && printf 'pub fn f() -> u32 { 7 }\n#[test] fn t() { assert_eq!(f(), 7) }\n' > src/lib.rs && cargo test -q --offline 2>/dev/null | grep '^test result' | sed 's/;.*//'"#,
    ),
];

#[test]
fn ordinary_programs_print_the_same() {
    compare("plain", PLAIN);
}

#[test]
fn programs_with_threads_print_the_same() {
    compare("threaded", THREADED);
}

fn compare(kind: &str, cases: &[Case]) {
    let room = temporary().join("preload-programs").join(kind);
    // What an earlier run left.
    let _ = fs::remove_dir_all(&room);
    fs::create_dir_all(&room).expect("a folder in the target folder");
    let words = room.join("words");
    fs::write(&words, text()).expect("a text is written");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preload/c/contract.c");
    let (present, absent): (Vec<&Case>, Vec<_>) =
        cases.iter().partition(|(program, _)| is_installed(program));
    for (program, _) in absent {
        println!("SKIPPED: {program} is not installed");
    }
    for (program, command) in &present {
        let run = |side: &str, preload: Option<&Path>| {
            let folder = room.join(program).join(side);
            fs::create_dir_all(&folder).expect("a folder in the target folder");
            let mut shell = Command::new("bash");
            shell.args(["-o", "pipefail", "-c", command]).current_dir(folder).env_remove("LD_PRELOAD");
            shell.env("LC_ALL", "C").env("words", &words).env("source", &source);
            shell.env("CARGO_TARGET_DIR", "target");
            if let Some(library) = preload {
                shell.env("LD_PRELOAD", library);
            }
            shell.output().expect("bash runs")
        };
        agree(program, &run("without", None), &run("with", Some(library())));
    }
    println!("{} programs agree", present.len());
}

/// The program did its work without the library, and the same with it.
fn agree(program: &str, without: &Output, with: &Output) {
    assert!(without.status.success() && !without.stdout.is_empty(), "{program} alone: {}", said(without));
    assert_eq!(with.status, without.status, "{program} under the library: {}", said(with));
    assert!(
        with.stdout == without.stdout,
        "{program}:\n{}\nunder the library:\n{}",
        said(without),
        said(with)
    );
    let complaint = said(with).lines().find(|line| line.contains("stratal: ")).map(str::to_owned);
    assert_eq!(complaint, None, "{program}");
}

/// Some 100 000 words, the same on every machine: this repository's pages over and over, a little different each time.
fn text() -> String {
    let pages =
        [include_str!("../../README.md"), include_str!("../README.md"), include_str!("../../CHANGELOG.md")];
    let lines: Vec<&str> =
        pages.iter().flat_map(|page| page.lines()).filter(|line| line.len() > 20).collect();
    let mut text = String::new();
    for round in 0..30 {
        for (number, line) in lines.iter().enumerate() {
            let cut = line.char_indices().nth(number * (round + 1) % 17).map_or(0, |(at, _)| at);
            text.push_str(&line[cut..]);
            text.push('\n');
        }
    }
    text
}
