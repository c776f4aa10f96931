//! The way back from the money, written under names that stay the same, beside the one that is kept.

use super::place::{Family, Place};
use super::{COUNTY, WARNED};
use office::trace::Step;
use std::collections::BTreeMap;

/// What a kept way back says of itself: whatever differs from one run to the next is named.
const LEGEND: &str = "〔摘要〕是内容的指纹,〔时刻〕是办理的时刻,〔序号〕是审计链里的第几条,#1、#2 是在这份记录里\
    先后出现的编号;每次运行都会变的只有这些,别的一字不变。\n\n";

/// The way back, as it is kept beside this file.
pub(super) fn told(place: &Place, family: &Family, steps: &[Step]) {
    let text = written(steps);
    let names = place.county.feed(WARNED, "register");
    for [name, number] in names.columns(["姓名", "身份证号"]) {
        assert!(
            number.is_empty() || !text.contains(number),
            "a number is told"
        );
        let _ = name;
    }
    for what in [
        "发放行",
        "发放批次",
        "待遇",
        "决定",
        "规则",
        "办件",
        "公示",
        "异议",
        "核对报告",
        "走访",
        "材料",
        "申请",
        "预警",
        "来文行",
        "批次",
    ] {
        assert!(
            steps.iter().any(|step| step.what == what),
            "no {what}\n{text}"
        );
    }
    assert!(
        steps
            .iter()
            .any(|step| step.record == format!("warning:{}", family.warning))
    );
    kept("trace.txt", &text);
}

/// The way back from a later decision, kept beside the other.
pub(super) fn told_later(steps: &[Step]) {
    kept("trace-exit.txt", &written(steps));
}

fn kept(file: &str, text: &str) {
    let text = format!("{LEGEND}{text}");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("it/door");
    let path = folder.join(file);
    if std::env::var_os("DOUDI_WRITE_TRACE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text, kept,
        "{file}: the way back is another; look at it, then run again with DOUDI_WRITE_TRACE=1"
    );
}

/// The steps under names that stay the same: digests are told as such, entries of the chain and moments by
/// what was done, numbers of the record by the order in which they come.
fn written(steps: &[Step]) -> String {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = String::new();
    for step in steps {
        out.push_str(step.what);
        out.push_str(&format!(
            " {}\n",
            stable(&step.record, &mut names, &mut counts)
        ));
        for (word, text) in [
            ("", &step.says),
            ("在:", &step.where_),
            ("来自:", &step.cause),
        ] {
            if !text.is_empty() {
                // How many are judged and warned of is every rule's business, not this family's.
                let text = match step.what {
                    "监测" if word.is_empty() => "〔这个月的判断〕",
                    _ => text.as_str(),
                };
                let text = stable(text, &mut names, &mut counts);
                out.push_str(&format!("    {word}{text}\n"));
            }
        }
    }
    out
}

fn stable(
    text: &str,
    names: &mut BTreeMap<String, String>,
    counts: &mut BTreeMap<String, usize>,
) -> String {
    let mut out: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let word = match out.last().map(String::as_str) {
            // Whatever else the program learns to write down moves this number.
            Some("审计第") => "〔序号〕".to_owned(),
            Some(before)
                if ["家庭", "收款人", "人员"]
                    .iter()
                    .any(|of| before.ends_with(of)) =>
            {
                let (number, tail) = word.split_at(
                    word.find(|c: char| !c.is_ascii_digit())
                        .unwrap_or(word.len()),
                );
                let kind = before.rsplit(',').next().unwrap_or(before);
                format!(
                    "{}{tail}",
                    stable_word(&format!("{kind}:{number}"), names, counts)
                )
            }
            _ => stable_word(word, names, counts),
        };
        out.push(word);
    }
    out.join(" ")
}

fn stable_word(
    word: &str,
    names: &mut BTreeMap<String, String>,
    counts: &mut BTreeMap<String, usize>,
) -> String {
    // An area of the county has as many digits as a shortened digest, and stays.
    let hex = |text: &str| {
        let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits && !text.starts_with(COUNTY)
    };
    let cut: Vec<String> = word
        .split_inclusive([',', ';', '、'])
        .map(|part| {
            let bare = part.trim_end_matches([',', ';', '、']);
            let tail = &part[bare.len()..];
            if hex(bare) {
                return format!("〔摘要〕{tail}");
            }
            if bare.contains('T') && bare.ends_with('Z') {
                return format!("〔时刻〕{tail}");
            }
            let Some((kind, number)) = bare.split_once(':') else {
                return part.to_owned();
            };
            let numbered = number.bytes().next().is_some_and(|b| b.is_ascii_digit())
                && !number.contains(':')
                && (kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                    || ["家庭", "收款人", "人员"].contains(&kind));
            if !numbered {
                return part.to_owned();
            }
            let count = counts.entry(kind.to_owned()).or_default();
            let known = names.entry(bare.to_owned()).or_insert_with(|| {
                *count += 1;
                format!("{kind}:#{count}")
            });
            format!("{known}{tail}")
        })
        .collect();
    cut.concat()
}
