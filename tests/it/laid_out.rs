//! The author's commands on a folder of rules: `format` lays out what is not in the one layout and touches nothing
//! else; `check --watch` tells anew after each save.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const TIDY: &str =
    "# 甲\n\n```规则\n政策 a 每 家庭 每 月  2026-01-01 起施行\n计算 月额 : 元 = 100 元\n```\n";

#[test]
fn format_lists_then_lays_out_and_leaves_what_it_cannot_read() {
    let Some(program) = crate::kill::program() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let loose = TIDY.replace("计算 月额 : 元", "计算   月额:元");
    std::fs::write(path("loose.md"), &loose).unwrap();
    std::fs::write(path("broken.md"), "```规则\n政策 b 每\n```\n").unwrap();
    let run = |write: bool| {
        let mut command = Command::new(&program);
        command.arg("format").arg(folder.path());
        if write {
            command.arg("--write");
        }
        let done = command.output().unwrap();
        (
            done.status.success(),
            String::from_utf8(done.stdout).unwrap(),
        )
    };
    let (good, said) = run(false);
    assert!(
        !good && said.contains("loose.md") && said.contains("broken.md:有"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(path("loose.md")).unwrap(), loose);
    run(true);
    let laid_out = std::fs::read_to_string(path("loose.md")).unwrap();
    assert_ne!(laid_out, loose);
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(bare(&laid_out), bare(&loose), "only blanks change");
    std::fs::remove_file(path("broken.md")).unwrap();
    let (good, said) = run(false);
    assert!(good && said.contains("0 个文件"), "{said}");
}

#[test]
fn check_watch_tells_anew_after_a_save() {
    let Some(program) = crate::kill::program() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.md");
    std::fs::write(&file, TIDY).unwrap();
    let mut child = Command::new(&program)
        .args(["check", "--watch"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |word: &str| {
        let found = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains(word));
        assert!(found.is_some(), "{word} was never said");
    };
    until("────");
    until("个文件");
    std::fs::write(&file, TIDY.replace("100 元\n", "100 元\n待遇 月额\n")).unwrap();
    until("`待遇` 不是语句词");
    child.kill().unwrap();
    child.wait().unwrap();
}
