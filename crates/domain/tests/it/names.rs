use domain::names::{match_key, review, with_standard_dots};

use crate::shared;

fn same(one: &str, other: &str) {
    assert_eq!(match_key(one), match_key(other), "`{one}` and `{other}`");
}

fn check(cell: &str, expected: &str) {
    let problems: Vec<String> = review(cell)
        .iter()
        .map(|problem| format!("{problem:?}"))
        .collect();
    assert_eq!(problems.join(" "), expected, "the cell `{cell}`");
}

#[test]
fn one_name_has_one_key_however_its_dots_and_blanks_are_written() {
    for dot in [
        "\u{00B7}", "\u{2022}", "\u{30FB}", "\u{FF0E}", "\u{2027}", "\u{FF65}", ".", "", " ",
    ] {
        same("阿依古丽·买买提", &format!("阿依古丽{dot}买买提"));
    }
    same("朱  红", "朱红");
    same("ＺＨＡＮＧ三", "zhang三");
    same("葛\u{E0100}飞", "葛飞");
    same("\u{F900}飞", "\u{8C48}飞");
    same("\u{2F800}", "\u{4E3D}");
    same("\u{E863}飞", "䶮飞");
    same("张\u{E81E}", "张\u{9FB4}");
}

#[test]
fn different_names_stay_apart() {
    assert_ne!(match_key("陳明"), match_key("陈明"));
    assert_ne!(match_key("𬭚明"), match_key("明"));
    assert_eq!(match_key("\u{FA0E}"), "\u{FA0E}");
    assert_eq!(match_key("𠅤山"), "𠅤山");
}

#[test]
fn a_bank_is_given_the_one_dot_it_can_write() {
    assert_eq!(with_standard_dots("阿依古丽•买买提"), "阿依古丽·买买提");
    assert_eq!(with_standard_dots("䶮飞"), "䶮飞");
}

#[test]
fn a_cell_that_is_hardly_a_name_is_named_so() {
    for name in [
        "王一",
        "欧阳修平",
        "䶮飞",
        "㛃英",
        "𬭚明",
        "𠅤山",
        "𲎯山",
        "阿依古丽·买买提",
        "葛\u{E0100}飞",
    ] {
        check(name, "");
    }
    check("", "Missing");
    check("李", "Single");
    check("A", "Single");
    check("张三1", "NotOnlyName");
    check("张三(已故)", "NotOnlyName");
    check("张三、李四", "NotOnlyName");
    check("张三之妻", "NotOnlyName");
    check("曾用名:王小花", "NotOnlyName");
    check("朱  红", "InnerBlanks");
    check("ＺＨＡＮＧ三", "FullWidth");
    check("张😀", "Emoji");
    check("张\u{0}三", "Control");
    check("张\u{FFFE}", "Control");
    check("张\u{FFFD}\u{FFFD}", "Mojibake");
    check("锟斤拷", "Mojibake");
    check("å¼ ä¸‰", "Mojibake");
    check("寮犱笁", "Mojibake");
    check("NULL", "LooksMissing");
    check("#N/A", "LooksMissing NotOnlyName");
    check("О`Нил", "MixedScript");
    check("<img src=x onerror=…>", "NotOnlyName");
}

#[test]
fn the_shared_names_are_refused_nowhere() {
    let Some(table) = shared::table("names/name_edge_cases.csv") else {
        return;
    };
    for [name, kind, why] in shared::rows(&table) {
        assert!(
            review(name).iter().all(|problem| !problem.refuses()),
            "`{name}` {kind} {why}"
        );
    }
}
