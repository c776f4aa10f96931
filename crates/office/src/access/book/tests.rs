//! The program's own access book holds, and every way to weaken it is told.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should stop where it failed"
)]

use super::*;
use rules::SourceText;

fn own() -> String {
    let book = crate::rulebook::read(None).unwrap();
    book.texts().get(PATH).unwrap().clone()
}

fn read(text: String) -> Result<AccessBook, Vec<String>> {
    let path = PATH.to_owned();
    AccessBook::read(&Rulebook::read(vec![SourceText { path, text }]), "demo")
}

/// One edit of the file, and the word its refusal must hold.
fn refused(from: &str, to: &str, word: &str) {
    let text = own();
    assert!(text.contains(from), "the file no longer says {from}");
    let wrong = read(text.replace(from, to)).expect_err(from);
    assert!(wrong.iter().any(|w| w.contains(word)), "{from}: {wrong:?}");
}

#[test]
fn the_access_rules_of_the_program_hold() {
    let book = read(own()).expect("no mistake");
    assert_eq!(book.rules().count(), Right::ALL.len());
    assert!(book.apart("security_admin", "system_admin").is_some());
    assert!(book.apart("case_officer", "verification_officer").is_none());
}

#[test]
fn an_access_book_that_weakens_a_separation_is_refused() {
    refused(
        "| 系统管理员 | 安全审计员 | 管系统的不审自己 |\n",
        "",
        "“系统管理员”和“安全审计员”应写进",
    );
    refused(
        "| 三员 | 业务 | 管系统的不办案",
        "| 三员 | 居民 | 管系统的不办案",
        "应写进",
    );
    refused(
        "| decision.sign | 签署审核确认决定 | 决定 | 辖区 | 遮盖 | 不填 | 县级审核、乡镇审核 |",
        "| decision.sign | 签署审核确认决定 | 决定 | 辖区 | 遮盖 | 不填 | 县级审核、乡镇审核、第三方调查员 |",
        "外部和第三方不作决定",
    );
    refused("| 明文 | 必填 |", "| 明文 | 不填 |", "用途应是必填");
    refused(
        "| 看家庭档案 | 看 | 辖区 | 遮盖 | 不填 | 网格员",
        "| 看家庭档案 | 看 | 辖区 | 遮盖 | 不填 | 系统管理员、网格员",
        "三员看不到困难群众的信息",
    );
    refused(
        "| 授权 | 不分 | 无 | 不填 | 安全保密管理员 |",
        "| 授权 | 不分 | 无 | 不填 | 系统管理员 |",
        "不能同时有“管账号”和“授权”",
    );
    refused(
        "| 报 | 辖区 | 遮盖 | 不填 | 网格员",
        "| 报 | 辖区 | 遮盖 | 不填 | 领导、网格员",
        "“报”和“决定”",
    );
}

#[test]
fn a_right_or_setting_that_is_missing_or_unknown_is_told() {
    refused(
        "| health.view |",
        "| health.vew |",
        "`health.vew` 不是认得的词",
    );
    refused("| 最长登录 | 8 |", "| 最长登录 | 80 |", "最长登录");
    refused("| 无操作退出 |", "| 没操作退出 |", "没操作退出");
    refused(
        "窗口经办、核对员、县级审核、乡镇审核、救助顾问、领导 |",
        "窗口 |",
        "`窗口` 不是",
    );
    let none = AccessBook::read(&Rulebook::read(vec![]), "demo").expect_err("no file");
    assert!(none.iter().any(|w| w.contains("谁也不能登录")));
}
