//! What no edition of `access.md` may say, however it is edited: checked before anybody signs in.

use super::{AccessBook, Class, Masking, Nature, PATH, Reach, Role, Rule};
use crate::access::right::Right;

/// The mistakes of an access book that could be read.
pub(super) fn wrong(book: &AccessBook) -> Vec<String> {
    let mut out = Vec::new();
    let unsaid = |r: &&Right| book.rule(**r).is_none() && book.lack(**r).is_none();
    for right in Right::ALL.iter().filter(unsaid) {
        out.push(format!(
            "“权限”里没有 `{}`,程序用得到它;没有人可以用也要写上一行",
            right.code()
        ));
    }
    out.extend(guards(book));
    for rule in book.rules() {
        out.extend(of_rule(rule));
        for role in rule.roles.iter().filter_map(|code| book.role(code)) {
            out.extend(
                not_for(rule, role)
                    .map(|why| format!("角色“{}”不能有权限“{}”:{why}", role.title, rule.title)),
            );
        }
    }
    out.extend(one_hand(book));
    if book.purposes().is_empty() {
        out.push("“用途”里一项也没有,谁也看不了完整号码".to_owned());
    }
    out.into_iter()
        .map(|said| format!("{PATH}:{said}"))
        .collect()
}

/// Three administrators, each apart from the others and from all who see people's data.
fn guards(book: &AccessBook) -> Vec<String> {
    let of = |class: Class| book.roles().iter().filter(move |r| r.class == class);
    let mut out = Vec::new();
    if of(Class::Guard).count() != 3 {
        out.push("三员应正好是三个角色".to_owned());
    }
    for one in of(Class::Guard) {
        for other in book.roles() {
            let may_share = other.class == Class::Resident || other.code == one.code;
            if !may_share && book.apart(&one.code, &other.code).is_none() {
                out.push(format!(
                    "“{}”和“{}”应写进“不能由一个人兼任”",
                    one.title, other.title
                ));
            }
        }
    }
    out
}

fn of_rule(rule: &Rule) -> Option<String> {
    let clear = rule.masking == Masking::Clear;
    if clear && !rule.purpose_needed {
        return Some(format!("权限“{}”露出明文,用途应是必填", rule.title));
    }
    let undivided = rule.reach == Reach::Undivided;
    if undivided && rule.masking != Masking::None {
        return Some(format!("权限“{}”有个人信息,范围不能是不分", rule.title));
    }
    None
}

/// Why a role of its class cannot have a right.
fn not_for(rule: &Rule, role: &Role) -> Option<&'static str> {
    let people = matches!(rule.reach, Reach::Area)
        || matches!(rule.masking, Masking::Masked | Masking::Clear);
    match (role.class, rule.nature) {
        (Class::Guard, _) if people => Some("三员看不到困难群众的信息"),
        (Class::Oversight, Nature::Handle | Nature::Decide | Nature::Report) => {
            Some("监督的不办案")
        }
        (Class::Outside | Class::ThirdParty, Nature::Decide) => Some("外部和第三方不作决定"),
        (Class::Outside | Class::ThirdParty, _) if rule.masking == Masking::Clear => {
            Some("外部和第三方不看完整号码")
        }
        (Class::Resident, Nature::Own) => None,
        (Class::Resident, _) => Some("居民只见自己的"),
        (Class::Guard, Nature::Accounts | Nature::Grant) => None,
        (_, Nature::Accounts | Nature::Grant) => Some("管账号和授权归三员"),
        (Class::Guard | Class::Oversight, Nature::Audit) => None,
        (_, Nature::Audit) => Some("审计日志归监督和安全审计员"),
        _ => None,
    }
}

/// No role holds two of: accounts, roles, the chain; and none from outside the offices both reports and decides. In
/// an office the county goes to the door of its own staff's relatives: who may not decide there is told case by case
/// (不同人).
fn one_hand(book: &AccessBook) -> Vec<String> {
    let has = |role: &Role, nature: Nature| {
        book.rules()
            .any(|rule| rule.nature == nature && rule.roles.contains(&role.code))
    };
    let never_both = [
        (Nature::Accounts, Nature::Grant),
        (Nature::Accounts, Nature::Audit),
        (Nature::Grant, Nature::Audit),
        (Nature::Report, Nature::Decide),
    ];
    let mut out = Vec::new();
    for role in book.roles() {
        for (one, other) in never_both {
            let in_office = role.class == Class::Casework && one == Nature::Report;
            if !in_office && has(role, one) && has(role, other) {
                out.push(format!(
                    "角色“{}”不能同时有“{}”和“{}”的权限",
                    role.title,
                    one.word(),
                    other.word()
                ));
            }
        }
    }
    out
}
