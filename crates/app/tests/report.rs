//! The report in a real browser: hostile text runs nothing, the search works, 500 findings open.
//!
//! Needs `chromium` (the gate installs it); says so and passes where there is none.

#![expect(clippy::unwrap_used, reason = "helpers of tests are no test functions, but fail like them")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Without a network, a first run, or anything that could outlive the test.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
/// Lets timers of the page run out before it is looked at; the page's clock is then not the real one.
const RUN_OUT: &str = "--virtual-time-budget=4000";
/// Seconds after which a browser that hangs is ended.
const PATIENCE_SECS: &str = "120";
/// Findings of the large page, each with 400 events.
const MANY: usize = 500;
/// Elements that one finding may add to a page, so that hundreds open at once. How long that takes, `bench/report-open`
/// says: time is measured there, not asserted here.
const ELEMENTS_MAX: usize = 400;
/// Bytes of markup that one finding may add, the page's own charts included.
const MARKUP_MAX_BYTES: usize = 48_000;

/// Text that would change the page's title if any of it ran.
const SCRIPTS: [&str; 20] = [
    "<script>document.title='owned'</script>",
    "\"><script>document.title='owned'</script>",
    "'><img src=x onerror=\"document.title='owned'\">",
    "</title><script>document.title='owned'</script>",
    "</style><script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "</desc></title></svg><script>document.title='owned'</script>",
    "<svg/onload=document.title='owned'>",
    "--><script>document.title='owned'</script>",
    "<![CDATA[<script>document.title='owned'</script>]]>",
    "javascript:document.title='owned'",
    "\" autofocus onfocus=\"document.title='owned'\" x=\"",
    "' onmouseover='document.title=`owned`",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "\\u003cscript\\u003edocument.title='owned'\\u003c/script\\u003e",
    "<a href=javascript:document.title='owned' id=q>",
    "<base href=//evil.example/><input id=count>",
    "<meta http-equiv=refresh content=\"0;url=data:text/html,owned\">",
    "%3Cscript%3Edocument.title='owned'%3C/script%3E",
    "<details open ontoggle=document.title='owned'><style>*{display:none}</style>",
];

fn has_browser() -> bool {
    let found =
        Command::new("chromium").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: no `chromium` on this system");
    }
    found
}

/// The page as the browser sees it once its scripts have run; `hash` is what stands behind `#`.
fn seen(folder: &Path, page: &Path, hash: &str) -> String {
    dumped(folder, page, hash, &[RUN_OUT])
}

fn dumped(folder: &Path, page: &Path, hash: &str, flags: &[&str]) -> String {
    let profile = tempfile::tempdir_in(folder).unwrap();
    let output = Command::new("timeout")
        .args([PATIENCE_SECS, "chromium"])
        .args(FLAGS)
        .args(flags)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}#{hash}", page.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8(output.stdout).unwrap();
    assert!(dom.contains("</html>"), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    dom
}

/// The committed alert, with every text that an attacker may choose replaced.
fn finding(number: usize, text: &str) -> Value {
    let mut row = template();
    row["id"] = json!(format!("{number:016x}"));
    for at in ["/device/id", "/app/id", "/app/role", "/destination/name", "/destination/domain", "/service"] {
        *row.pointer_mut(at).unwrap() = json!(text);
    }
    row["destination"]["group"] = json!(text);
    row["sessions"] = json!([text]);
    row["limits"] = json!([text]);
    row["evidence"][0]["text"] = json!(text);
    row["app_usual"]["destinations"][0]["name"] = json!(text);
    row
}

fn template() -> Value {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/tests/findings/golden/findings.jsonl");
    let text = std::fs::read_to_string(golden).unwrap();
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

/// A report of findings, made by the binary; `name` is what the findings' file is called.
fn report(folder: &Path, name: &str, findings: &[Value]) -> PathBuf {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let input = folder.join(name);
    std::fs::write(&input, lines.join("\n")).unwrap();
    let page = folder.join("report.html");
    let status = Command::new(env!("CARGO_BIN_EXE_undertone"))
        .args(["convert", "--all", "--in"])
        .arg(&input)
        .arg("-o")
        .arg(&page)
        .status()
        .unwrap();
    assert!(status.success());
    page
}

/// SHA-256 in hex.
fn hashed(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[test]
fn the_report_says_what_it_was_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("conn <b>.log");
    let row = |n: u32| {
        format!(
            "{{\"ts\":{}.5,\"uid\":\"C{n}\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":{},\"id.resp_h\":\"203.0.113.9\",\
             \"id.resp_p\":443,\"proto\":\"tcp\",\"conn_state\":\"SF\",\"duration\":1.0,\"orig_bytes\":9,\"resp_bytes\":9}}\n",
            1_777_852_800 + n * 60,
            40_000 + n
        )
    };
    let log: String = (0..200).map(row).collect();
    std::fs::write(&input, &log).unwrap();
    let made = |name: &str| {
        let page = folder.path().join(name);
        let findings = folder.path().join("findings.jsonl");
        let status = Command::new(env!("CARGO_BIN_EXE_undertone"))
            .args(["scan", "--quiet", "--all"])
            .arg(&input)
            .arg("-o")
            .arg(&page)
            .arg("-o")
            .arg(&findings)
            .status()
            .unwrap();
        assert!(status.success());
        std::fs::read_to_string(page).unwrap()
    };
    let page = made("a.html");
    for said in [
        hashed(log.as_bytes()).as_str(),
        "conn &lt;b&gt;.log",
        "undertone scan --quiet --all ",
        "beacon_interval_variance_threshold",
        "200 rows accepted",
        "What could not be seen",
    ] {
        assert!(page.contains(said), "{said}");
    }
    // Nothing of the clock: a second run writes the same, but for the name of its output.
    assert_eq!(made("b.html").replace("b.html", "a.html"), page);

    let findings = std::fs::read(folder.path().join("findings.jsonl")).unwrap();
    let rows: Vec<Value> =
        std::str::from_utf8(&findings).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let converted = std::fs::read_to_string(report(folder.path(), "again.jsonl", &rows)).unwrap();
    let again = std::fs::read(folder.path().join("again.jsonl")).unwrap();
    assert!(converted.contains(&hashed(&again)) && converted.contains("undertone convert --all --in "));
}

#[test]
fn hostile_text_runs_nothing() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The same text on a page of no care is seen to run: otherwise the test would prove nothing.
    let careless = folder.path().join("careless.html");
    std::fs::write(&careless, format!("<!DOCTYPE html><title>undertone report</title><p>{}", SCRIPTS[0]))
        .unwrap();
    assert!(seen(folder.path(), &careless, "").contains("<title>owned</title>"));

    let findings: Vec<Value> =
        SCRIPTS.iter().enumerate().map(|(number, text)| finding(number, text)).collect();
    let page = report(folder.path(), "<img src=x onerror=document.title='owned'>.jsonl", &findings);
    let dom = seen(folder.path(), &page, "");
    assert!(dom.contains("<title>undertone report</title>") && !dom.contains("<title>owned"));
    // Our own script ran, under the policy.
    assert!(dom.contains("class=\"js\"") && dom.contains(&format!(">{} findings<", SCRIPTS.len())));
    for tag in ["<script", "<style", "<meta http-equiv"] {
        assert_eq!(dom.matches(tag).count(), 1, "{tag}");
    }
    for tag in ["<img", "<iframe", "<base", "<object", "<embed", "<link", "<form"] {
        assert_eq!(dom.matches(tag).count(), 0, "{tag}");
    }
    assert_eq!(dom.matches("id=\"q\"").count(), 1);
    // What was written is what is read: the text stands on the page as text.
    assert!(dom.contains("&lt;svg/onload=document.title='owned'&gt;"));
    // Chosen text in the search, too, is text.
    let hash = "q=%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D'owned'%3E";
    assert!(seen(folder.path(), &page, hash).contains("<title>undertone report</title>"));
}

#[test]
fn the_search_finds_what_it_is_asked_for() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let named = |number: usize, device: &str, app: &str, name: &str, severity: &str, kind: &str| {
        let mut row = finding(number, "plain");
        row["device"]["id"] = json!(device);
        row["app"]["id"] = json!(app);
        row["destination"]["name"] = json!(name);
        row["severity"] = json!(severity);
        row["evidence"] = json!([row["evidence"][0]]);
        row["evidence"][0]["kind"] = json!(kind);
        row
    };
    let page = report(
        folder.path(),
        "findings.jsonl",
        &[
            named(1, "d-0001", "com.example.torch", "cdn.example.net", "critical", "timing"),
            named(2, "d-0002", "com.example.torch", "api.other.example", "high", "dns"),
            named(3, "d-0003", "org.game", "api.other.example", "medium", "dns"),
        ],
    );
    for (query, shown) in [
        ("device:d-0001", "1 of 3"),
        ("app:torch", "2 of 3"),
        ("dest:other", "2 of 3"),
        ("severity:high", "1 of 3"),
        ("severity:%3E%3Dhigh", "2 of 3"),
        ("kind:dns", "2 of 3"),
        ("kind:dns%20app:torch", "1 of 3"),
        ("-kind:dns", "1 of 3"),
        ("app:%22com.example.torch%22%20dest:cdn", "1 of 3"),
        ("ORG.GAME", "1 of 3"),
        ("nothing%20like%20this", "0 of 3"),
        ("%25", "0 of 3"),
    ] {
        let dom = seen(folder.path(), &page, &format!("q={query}"));
        assert!(dom.contains(&format!(">{shown} findings<")), "{query}");
        let hidden = dom.matches("<tr data-section").count()
            - dom
                .split("<tr data-section")
                .skip(1)
                .filter(|row| !row.split('>').next().unwrap().contains("hidden"))
                .count();
        assert_eq!(hidden, 3 - shown[..1].parse::<usize>().unwrap(), "{query}");
    }
}

#[test]
fn hundreds_of_findings_open() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut row = template();
    let count = 400;
    row["trace"]["steps_ms"] =
        json!((0..count).map(|n| if n == 0 { 0 } else { 300_000 + n * 7919 % 20_000 }).collect::<Vec<_>>());
    row["trace"]["orig_bytes"] = json!((0..count).map(|n| 400 + n % 9).collect::<Vec<_>>());
    row["trace"]["resp_bytes"] = json!((0..count).map(|n| 1200 + n * 37 % 900).collect::<Vec<_>>());
    row["trace"]["lock"] = json!("LLU-".repeat(100));
    row["trace"]["app"] = json!("BBS-".repeat(100));
    row["trace"].as_object_mut().unwrap().remove("push");
    let opened = |many: usize| {
        let findings: Vec<Value> = (0..many)
            .map(|number| {
                let mut row = row.clone();
                row["id"] = json!(format!("{number:016x}"));
                row
            })
            .collect();
        let page = report(folder.path(), &format!("{many}.jsonl"), &findings);
        let dom = dumped(folder.path(), &page, "", &[]);
        // Every finding has its section, and the page's script came to its end.
        assert_eq!(dom.matches("<section class=\"finding\"").count(), many);
        assert!(dom.contains(&format!(">{many} findings<")) && dom.contains("data-ready-ms=\""));
        dom
    };
    let (one, all) = (opened(1), opened(MANY));
    let elements = (all.matches("</").count() - one.matches("</").count()) / (MANY - 1);
    let markup = (all.len() - one.len()) / (MANY - 1);
    assert!((1..=ELEMENTS_MAX).contains(&elements), "{elements} elements a finding");
    assert!((1..=MARKUP_MAX_BYTES).contains(&markup), "{markup} bytes a finding");
}
